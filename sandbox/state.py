# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one GitLab instance, as plain data."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

from . import credentials as known
from .catalog import Catalog
from .processes import Look, Past, looking
from .versions import Release

#: What 19.2 moved to the application settings, of which each process keeps a copy.
MOVED = (
    "ai_gateway_url",
    "ai_gateway_timeout_seconds",
    "duo_agent_platform_service_url",
    "self_hosted_duo_agent_platform_service_secure",
)
ALLOWLIST = "outbound_local_requests_allowlist_raw"


def now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class User:
    id: int
    username: str
    password: str
    admin: bool = False
    name: str = ""
    email: str = ""
    #: active, blocked, blocked_pending_approval, unconfirmed, internal, deactivated or locked
    state: str = "active"
    two_factor: bool = False
    two_factor_due: bool = False
    email_verification: bool = False
    password_expired: bool = False

    def __post_init__(self) -> None:
        self.name = self.name or self.username.capitalize()
        self.email = self.email or f"{self.username}@example.com"


@dataclass
class Token:
    token: str
    username: str
    id: int = 0
    scopes: list[str] = field(default_factory=lambda: ["api"])
    expired: bool = False
    revoked: bool = False
    expires_at: date | None = field(default_factory=lambda: now().date() + timedelta(days=300))


@dataclass
class License:
    plan: str = "ultimate"
    #: online_cloud, offline_cloud or legacy_license
    type: str = "online_cloud"
    starts_at: date = field(default_factory=lambda: now().date() - timedelta(days=30))
    expires_at: date | None = field(default_factory=lambda: now().date() + timedelta(days=335))
    last_sync: datetime | None = field(default_factory=lambda: now() - timedelta(hours=6))
    created_at: datetime = field(default_factory=now)
    id: int = 1
    seats: int = 100

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at < now().date()


@dataclass
class AddOn:
    name: str
    id: int = 0
    purchased: int = 10
    #: Seats of users that no list shows, such as blocked ones.
    assigned: int = 1
    active: bool = True
    #: Who else has one.
    users: list[str] = field(default_factory=list)


@dataclass
class Gateway:
    """The rows behind `duoSettings`; names are GitLab's columns."""

    ai_gateway_url: str | None = None
    #: Null can be stored from 19.2 on.
    ai_gateway_timeout_seconds: int | None = 60
    duo_agent_platform_service_url: str | None = None
    duo_core_features_enabled: bool = False
    self_hosted_duo_agent_platform_service_secure: bool = True
    minimum_access_level_execute: str | None = None
    minimum_access_level_execute_async: str | None = None
    minimum_access_level_manage: str | None = None
    minimum_access_level_enable_on_projects: str | None = None
    duo_cli_enabled: bool = True
    include_recommended_allowed: bool = False
    allow_all_unix_sockets: bool = False
    allow_project_extension: bool = True
    updated_at: datetime = field(default_factory=now)


@dataclass
class SelfHostedModel:
    id: int
    name: str
    model: str
    #: Null from 19.0 on, for a provider that needs none.
    endpoint: str | None
    identifier: str | None = None
    api_token: str | None = None
    #: The column of 18.11; before, nothing shows it. Null is what a client sent, never stored.
    provider: str | None = "api"
    #: The column of 19.5.
    iam_role: str | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


@dataclass
class FeatureRow:
    """A stored feature setting; a feature without a row has the release's default provider."""

    id: int
    feature: str
    provider: str
    model_id: int | None = None
    offered_model_ref: str | None = None


@dataclass
class Acceptance:
    """A row of `ai_testing_terms_acceptances`: no foreign key, so it outlives its user."""

    user_id: int
    email: str


@dataclass
class Options:
    """Circumstances around GitLab rather than its data; README.md says what each one does."""

    enterprise: bool = True
    admin_mode: bool = False
    read_only: bool = False
    maintenance: bool = False
    terms: bool = False
    sso_only: bool = False
    ldap: bool = False
    captcha: bool = False
    amazon_q: bool = False
    cloud_reachable: bool = True
    gateway_reachable: bool = True
    service_reachable: bool = True
    service_tls: bool = True
    runner: bool = False
    catalogue_synchronised: bool = True
    seat: bool = True
    proxy_configured: bool = False
    resolvable_hosts: list[str] = field(default_factory=list)
    unresolvable_hosts: list[str] = field(default_factory=list)
    own_addresses: list[str] = field(default_factory=list)
    connection_checks: dict[str, Any] = field(default_factory=dict)
    real_connection_checks: bool = False
    #: DUO_AGENT_PLATFORM_SERVICE_SECURE of the node that migrates to 18.10; None is unset.
    duo_agent_platform_service_secure: bool | None = None
    sync_delay_seconds: float = 0.0
    sync_succeeds: bool = True
    sync_add_ons: list[dict[str, Any]] = field(default_factory=list)
    activation_codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: int = 2
    cache_seconds: float = 60.0
    latency_ms: float = 0.0
    lag_seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Instance:
    """One GitLab: its release, what it offers, and what it holds."""

    release: Release
    catalog: Catalog
    external_url: str
    relative_url_root: str = ""
    users: list[User] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    add_ons: list[AddOn] = field(default_factory=list)
    flags: dict[str, bool] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    #: The Agent Platform's own user, once an administrator has connected it.
    workflow_user: User | None = None
    audit_events: list[str] = field(default_factory=list)
    sync_due: datetime | None = None
    last_id: dict[str, int] = field(default_factory=dict)
    #: What the upgrade to 19.2.0 lost, until 19.2.1 looks for it.
    lost_settings: dict[str, Any] | None = None
    #: As stored; the properties of these names show what the present request sees.
    _license: License | None = field(default_factory=License)
    _gateway: Gateway = field(default_factory=Gateway)
    _models: list[SelfHostedModel] = field(default_factory=list)
    _features: list[FeatureRow] = field(default_factory=list)
    _acceptances: list[Acceptance] = field(default_factory=list)
    _settings: dict[str, Any] = field(default_factory=dict)
    past: Past = field(default_factory=Past)

    @property
    def version(self) -> str:
        return self.release.reported(self.options.enterprise)

    @property
    def duo_on(self) -> bool:
        """Whether GitLab Duo is on for the instance (`duo_availability` is not off)."""
        return bool(self._settings.get("duo_features_enabled", True))

    @property
    def workflow_on(self) -> bool:
        """`Ai::DuoWorkflow.available?`: the Agent Platform's user is there and not blocked."""
        user = self.workflow_user
        return self.duo_on and user is not None and user.state == "active"

    # --- what the present request sees -----------------------------------------------------
    @property
    def license(self) -> License | None:
        """`License.current`, which each process caches in every release."""
        return self._seen("license", self._license, cache=lambda _name: self._cache)

    @license.setter
    def license(self, value: License | None) -> None:
        self.past.wrote("license", {"": self._license}, {"": value})
        self._license = value

    @property
    def gateway(self) -> Gateway:
        """The gateway settings; from 19.2 each process caches those that moved."""
        cached = MOVED if self.release.at_least(19, 2) else ()
        found = self.past.seen(
            "gateway",
            lag=self.options.lag_seconds.get("gateway", 0.0),
            cache=lambda name: self._cache if name in cached else 0.0,
        )
        return self._gateway if found is None else Gateway(**found)

    @gateway.setter
    def gateway(self, value: Gateway) -> None:
        before = asdict(self._gateway)
        changed = {name: new for name, new in asdict(value).items() if new != before[name]}
        self.past.wrote("gateway", before, changed)
        self._gateway = value

    def write_gateway(self, given: dict[str, Any]) -> set[str]:
        """Store columns and return those that changed.

        The process has those that were given at once, also unchanged ones.
        """
        before = self._gateway
        after = replace(before, **given)
        # From 19.2 the others lie in another table, which does not touch this row.
        elsewhere = MOVED if self.release.at_least(19, 2) else ()
        own = [name for name in given if name not in elsewhere]
        if any(getattr(before, name) != getattr(after, name) for name in own):
            after = replace(after, updated_at=now())
        values = {**given, "updated_at": after.updated_at}
        self.past.wrote("gateway", asdict(before), values)
        self._gateway = after
        return {name for name in given if getattr(before, name) != getattr(after, name)}

    @property
    def models(self) -> list[SelfHostedModel]:
        return self._seen("models", self._models)

    @models.setter
    def models(self, value: list[SelfHostedModel]) -> None:
        self._models = value

    @property
    def features(self) -> list[FeatureRow]:
        return self._seen("features", self._features)

    @features.setter
    def features(self, value: list[FeatureRow]) -> None:
        self._features = value

    @property
    def acceptances(self) -> list[Acceptance]:
        return self._seen("beta", self._acceptances)

    @acceptances.setter
    def acceptances(self, value: list[Acceptance]) -> None:
        self._acceptances = value

    @property
    def settings(self) -> dict[str, Any]:
        found: str | None = self._seen("allowlist", self._settings.get(ALLOWLIST))
        if found == self._settings.get(ALLOWLIST):
            return self._settings
        return {**self._settings, ALLOWLIST: found or ""}

    @settings.setter
    def settings(self, value: dict[str, Any]) -> None:
        self._settings = value

    @property
    def allowlist_in_force(self) -> str:
        """The allowlist that applies when GitLab checks a URL; it may be late too."""
        stored = self._settings.get(ALLOWLIST)
        return str(self._seen("allowlist", stored, in_force=True) or "")

    def _seen(self, kind: str, stored: Any, **how: Any) -> Any:
        found = self.past.seen(kind, lag=self.options.lag_seconds.get(kind, 0.0), **how)
        return stored if found is None else found[""]

    @property
    def _cache(self) -> float:
        return self.options.cache_seconds if self.options.processes > 1 else 0.0

    def late_kinds(self) -> dict[str, Any]:
        """Return what is stored of the kinds that change in place and that lag."""
        stored = {
            "models": self._models,
            "features": self._features,
            "beta": self._acceptances,
            "allowlist": self._settings.get(ALLOWLIST),
        }
        return {kind: it for kind, it in stored.items() if self.options.lag_seconds.get(kind)}

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Note what a write changes of it, for readings that are late."""
        before = copy.deepcopy(self.late_kinds())
        yield
        after = self.late_kinds()
        for kind, value in before.items():
            if after[kind] != value:
                self.past.wrote(kind, {"": value}, {"": after[kind]})

    @property
    def beta_on(self) -> bool:
        """Any row of any user, deleted ones too (Ai::TestingTermsAcceptance.has_accepted?)."""
        return bool(self.acceptances)

    @property
    def catalogue_known(self) -> bool:
        """Whether GitLab knows what an add-on includes; an offline licence brings that along."""
        licence = self.license
        if licence is None:
            return False
        if licence.type == "offline_cloud":
            return True
        return licence.last_sync is not None and self.options.catalogue_synchronised

    def next_id(self, kind: str) -> int:
        """Ids are never used twice, as with a database sequence."""
        self.last_id[kind] = self.last_id.get(kind, 0) + 1
        return self.last_id[kind]

    def user(self, username: str) -> User | None:
        return next((one for one in self.users if one.username == username), None)

    def model(self, model_id: int | None) -> SelfHostedModel | None:
        return next((one for one in self.models if one.id == model_id), None)

    def feature_row(self, feature: str) -> FeatureRow | None:
        return next((one for one in self.features if one.feature == feature), None)

    def flag(self, name: str) -> bool:
        return self.flags.get(name, False)

    def add_on_active(self, *names: str) -> bool:
        return any(one.active and one.name in names for one in self.add_ons)

    def has_seat(self, username: str) -> bool:
        """Whether a user may use the classic features; the option `seat` gives all users a seat."""
        return self.options.seat or any(
            one.active and username in one.users for one in self.add_ons
        )

    def audit(self, event: str) -> None:
        self.audit_events.append(event)

    def settle(self) -> None:
        """Finish a background sync whose time has come; called before anything is read."""
        if self.sync_due is None or now() < self.sync_due:
            return
        self.sync_due = None
        if self.license is not None and self.options.sync_succeeds:
            # In a background job, of which no process that answers requests knows.
            with looking(Look()):
                self.license = replace(self.license, last_sync=now())
            for raw in self.options.sync_add_ons:
                self.add_ons = [one for one in self.add_ons if one.name != raw["name"]]
                self.add_ons.append(AddOn(id=self.next_id("add_on"), **raw))


def fill_pristine(instance: Instance) -> None:
    """Two administrators, one user, an Ultimate licence with Duo Enterprise, nothing set up."""
    people = (
        (known.ADMIN, known.ADMIN_PASSWORD, True),
        (known.SECOND_ADMIN, known.SECOND_PASSWORD, True),
        (known.USER, known.USER_PASSWORD, False),
    )
    for username, password, admin in people:
        name = "Administrator" if username == known.ADMIN else ""
        instance.users.append(
            User(instance.next_id("user"), username, password, admin=admin, name=name)
        )
    tokens = (
        Token(known.ADMIN_TOKEN, known.ADMIN),
        Token(known.SECOND_TOKEN, known.SECOND_ADMIN),
        Token(known.USER_TOKEN, known.USER),
        Token(known.READONLY_TOKEN, known.ADMIN, scopes=["read_api"]),
        Token(known.EXPIRED_TOKEN, known.ADMIN, expired=True),
        Token(known.REVOKED_TOKEN, known.ADMIN, revoked=True),
        Token(known.ADMIN_MODE_TOKEN, known.ADMIN, scopes=["api", "admin_mode"]),
    )
    for token in tokens:
        token.id = instance.next_id("token")
        instance.tokens.append(token)
    instance.add_ons.append(AddOn("DUO_ENTERPRISE", id=instance.next_id("add_on")))
    instance.flags.update(instance.catalog.flags)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What one GitLab instance holds: plain data and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from . import credentials as known
from .catalog import Catalog
from .versions import Release


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
    assigned: int = 1
    active: bool = True


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


@dataclass
class Instance:
    """One GitLab: its release, what it offers, and what it holds."""

    release: Release
    catalog: Catalog
    external_url: str
    relative_url_root: str = ""
    users: list[User] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    license: License | None = field(default_factory=License)
    add_ons: list[AddOn] = field(default_factory=list)
    gateway: Gateway = field(default_factory=Gateway)
    models: list[SelfHostedModel] = field(default_factory=list)
    features: list[FeatureRow] = field(default_factory=list)
    acceptances: list[Acceptance] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    #: The Agent Platform's own user, once an administrator has connected it.
    workflow_user: User | None = None
    audit_events: list[str] = field(default_factory=list)
    sync_due: datetime | None = None
    last_id: dict[str, int] = field(default_factory=dict)
    #: What the upgrade to 19.2.0 lost, until 19.2.1 looks for it.
    lost_settings: dict[str, Any] | None = None

    @property
    def version(self) -> str:
        return self.release.reported(self.options.enterprise)

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

    def audit(self, event: str) -> None:
        self.audit_events.append(event)

    def settle(self) -> None:
        """Finish a background sync whose time has come; called before anything is read."""
        if self.sync_due is None or now() < self.sync_due:
            return
        self.sync_due = None
        if self.license is not None and self.options.sync_succeeds:
            self.license.last_sync = now()
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

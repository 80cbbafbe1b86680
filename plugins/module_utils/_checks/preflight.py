# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find everything that would prevent the declared state, before the first write."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.invalid import names_of
from .._base.messages import Failure, Unclear
from .._base.options import check
from .._base.urls import instance_name
from .._duo import application_urls
from .._duo.outbound_rules import ALLOWLIST, APPLICATION_SETTINGS, entries
from .._engine import plan_file
from .._engine.access import token_facts
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments, required
from .._engine.finding import errors
from .._engine.objects import about
from .._engine.plan import Change, Plan, Step
from .._engine.plan_file import SavedPlan, digest_of
from .._engine.settle import LOOKS
from .._engine.subject import Subject
from .._gitlab.sign_in import SIGN_IN_SPEC, sign_in_of
from .._subjects import agent_platform
from .._subjects import gateway as _gateway
from .._subjects import seats as _seats
from .._subjects.agent_platform import AGENT_PLATFORM_SPEC
from .._subjects.feature_model import FeaturesOptions
from .._subjects.gateway import GATEWAY_SPEC, GatewayOptions
from .._subjects.one_model import MODEL_SPEC
from .._subjects.one_setting import SETTING_SPEC
from .._subjects.seats import SEATS_SPEC, SeatsOptions
from .._subjects.self_hosted_model import ModelsOptions, compares_keys, reads_roles
from .._subjects.settings_options import SETTINGS_SPEC, SettingsOptions
from . import info as _info
from .composition import compose
from .outbound import missing_hosts
from .preflight_findings import findings, models
from .preflight_options import PreflightOptions
from .preflight_state import PreflightState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.finding import Finding
    from .._gitlab.client import GitLab

ABOUT = about("outbound_allowlist")
# Failures about the token's user, the licence or add-ons. They become findings beside others.
ACCESS = {
    message.code
    for message in (
        messages.NOT_ADMINISTRATOR,
        messages.NO_LICENSE,
        messages.PLAN_TOO_LOW,
        messages.NO_ADD_ON,
        messages.NOT_PERMITTED,
    )
}


@dataclass(frozen=True)
class Allow:
    """Adds hosts to the outbound allowlist, which GitLab replaces as a whole."""

    entries: tuple[str, ...]

    def perform(self, gitlab: GitLab) -> None:
        """Write the list.

        :raises Failure: GitLab refused it.
        """
        try:
            gitlab.rest_put(APPLICATION_SETTINGS, {ALLOWLIST: "\n".join(self.entries)})
        except Failure as refusal:
            names = application_urls.named_in(refusal.what.partition("GitLab refused it: ")[2])
            raise application_urls.failure(names, f"the {ABOUT}") if names else refusal from None


def options(params: dict[str, Any]) -> PreflightOptions:
    """Check the options of a task, including all that they declare."""
    params = dict(params)
    common = {"when_unsupported": params.pop("when_unsupported", "fail")}
    gateway, models, settings, duo_settings = (
        params.pop(name, None) for name in ("gateway", "models", "settings", "duo_settings")
    )
    flows, held = params.pop("agent_platform", None), _given(params.pop("seats", None))
    checked = PreflightOptions.of(
        {
            **params,
            "gateway": check(
                GatewayOptions, {**common, **_given(gateway)}, names_of(params, "gateway")
            ),
            "duo_settings": check(
                SettingsOptions,
                {**common, **_given(duo_settings)},
                names_of(params, "duo_settings"),
            ),
            "models": check(
                ModelsOptions,
                {**common, "models": models or []},
                names_of(params),
            ),
            "settings": check(
                FeaturesOptions,
                {**common, "settings": settings or []},
                names_of(params),
            ),
            "seats": _declared_seats(params, held),
        }
    )
    if not (flows or {}).get("state"):
        return checked
    given = _given(flows)
    sign_in = {**sign_in_of(checked), **common}
    return replace(checked, agent_platform=agent_platform.options({**sign_in, **given}))


def _given(options: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (options or {}).items() if value is not None}


def _declared_seats(params: dict[str, Any], given: dict[str, Any]) -> SeatsOptions | None:
    """Check what is declared of seats; of options with a default alone, nothing is."""
    if all(value == SEATS_SPEC[name].get("default") for name, value in given.items()):
        return None
    dry_run = bool(params.get("dry_run"))
    return check(SeatsOptions, {"dry_run": dry_run, **given}, names_of(params, "seats"))


def observe(gitlab: GitLab, wanted: PreflightOptions) -> PreflightState:
    """Read state and application settings at once, and the token's facts if they may matter.

    :raises Failure: GitLab cannot be reached, or cannot have Duo Self-Hosted.
    """
    if wanted.plan_file and wanted.dry_run:
        plan_file.prepare(wanted.plan_file)
    # A dry run that makes a new plan does not have to keep to the old one.
    held = wanted.approved_plan and not (wanted.plan_file and wanted.dry_run)
    approved = plan_file.read(str(wanted.approved_plan)) if held else None
    info, refused = None, None
    # Isolation then depends on a stored URL that one of GitLab's processes may not know yet.
    stored = wanted.isolated and wanted.gateway.ai_gateway_url is None
    # Before GitLab 18.1 only an administrator's session shows whether beta features are on.
    given = {} if wanted.beta_features is None else sign_in_of(wanted)
    asked = _info.InfoOptions(
        **given,
        isolated=stored,
        keys=compares_keys(wanted.models),
        roles=reads_roles(wanted.models),
        settings=bool(wanted.duo_settings.declared),
    )
    settings_of = gitlab.rest_ahead(APPLICATION_SETTINGS)
    try:
        info = _read_when_ready(gitlab, asked, wanted.ready_timeout)
    except Failure as failure:
        if failure.code not in ACCESS:
            raise
        refused = failure
    settings = settings_of()
    if approved and info:
        info = _settled(gitlab, wanted, info)
    settings = settings if isinstance(settings, dict) else None
    flows = None
    if wanted.agent_platform and info:
        flows = agent_platform.look(gitlab, wanted.agent_platform, info.release)
        flows = agent_platform.with_settings(flows, settings)
    seats = _seats.observe(gitlab, wanted.seats) if wanted.seats and info else None
    composition = compose(wanted, info, flows, seats, settings) if info else None
    to_do = bool(composition and composition.changes) or bool(_to_allow(wanted, info, settings))
    # A dry run says of what it shows whether this token could do it.
    unsure = (wanted.dry_run and to_do) or (info and _is_first_run(wanted, info))
    return PreflightState(
        info=info,
        settings=settings,
        token=token_facts(gitlab) if wanted.check_token or refused or unsure else None,
        refused=refused,
        composition=composition,
        approved=approved,
        to_do=to_do,
    )


def _to_allow(
    wanted: PreflightOptions,
    info: _info.ObservedInstance | None,
    settings: dict[str, Any] | None,
) -> list[str]:
    """Return the hosts that the run adds to the outbound allowlist."""
    if not wanted.manage_outbound_allowlist or settings is None:
        return []
    return missing_hosts(wanted, info, settings)


def _settled(
    gitlab: GitLab, wanted: PreflightOptions, info: _info.ObservedInstance
) -> _info.ObservedInstance:
    """Return the state with the gateway as declared if one of GitLab's processes shows it so.

    Others may still have an old copy of the settings that this plan has just written. Then a
    repeated run would be refused, because the remaining changes are not the approved ones.
    """
    found = _gateway.ObservedGateway(info.release, info.gateway, info.providers)
    try:
        # One more, because the request for the application settings reached a process too.
        found = _gateway.look_again(gitlab, wanted.gateway, found, LOOKS + 1)
    except Failure:
        return info  # a refusal is a finding; anything else fails the next reading too
    if not _gateway.is_done_elsewhere(wanted.gateway, found):
        return info
    return replace(info, gateway={**info.gateway, **found.otherwise})


def _read_when_ready(
    gitlab: GitLab, asked: _info.InfoOptions, seconds: int
) -> _info.ObservedInstance:
    """Read the state, waiting while GitLab starts: no connection at first, then 502 and 503.

    :param seconds: for all tries together, timeouts included; with 0 it does not wait.
    """
    if not seconds:
        return _info.observe(gitlab, asked)
    end = time.monotonic() + seconds
    with gitlab.until(end):
        while True:
            try:
                return _info.observe(gitlab, asked)
            except Unclear as starting:
                rest = end - time.monotonic()
                if not starting.retry or rest <= 0:
                    raise
                time.sleep(min(rest, max(5.0, starting.wait or 0)))


def _is_first_run(wanted: PreflightOptions, info: _info.ObservedInstance) -> bool:
    declared = {it.new_name or it.name for it in models(wanted)}
    return bool(declared - set(info.state.models)) or bool(
        wanted.gateway.ai_gateway_url and not info.gateway.get("ai_gateway_url")
    )


# --- plan and results --------------------------------------------------------------------------
def plan(wanted: PreflightOptions, found: PreflightState) -> Plan[PreflightState]:
    """Return the plan: hosts to add to the outbound allowlist, if that is wanted."""
    # The warnings of steps without changes, whose tasks do not run.
    warnings = found.composition.warnings if found.composition else ()
    missing = _to_allow(wanted, found.info, found.settings)
    if not missing:
        return Plan((), found, warnings)
    before = entries(found.settings or {})
    after = [*before, *missing]
    change = Change("outbound_allowlist", "", {"hosts": before}, {"hosts": after})
    step = Step((change,), Allow(tuple(after)), recheck=True, repeatable=True)
    return Plan((step,), found, warnings)


def show(wanted: PreflightOptions, found: PreflightState) -> dict[str, Any]:
    """Return the declaration and the state, without the parts that only an export needs."""
    info = _info.show_state(found.info) if found.info else {}
    if found.composition:
        info["plan"] = found.composition.as_data(approved=found.approved is not None)
    if found.token:
        info["token"] = {"expires_at": found.token.expires_at}
    return {"check_mode": wanted.dry_run, "declared": _declared(wanted), **info}


def admit(wanted: PreflightOptions, made: Plan[PreflightState]) -> None:
    """Save the plan of a dry run as a file, or refuse changes that were not approved.

    :raises Failure: the changes are not the approved ones, or the file can't be written.
    """
    found = made.predicted
    if not (found.info and found.composition) or not (wanted.plan_file or found.approved):
        return
    now = SavedPlan(
        instance=instance_name(found.info.url),
        release=found.info.release.text,
        created_at=datetime.now(timezone.utc),
        declared=digest_of(_digested(wanted)),
        changes=(*made.entries(), *found.composition.changes),
    )
    if found.approved:
        plan_file.refuse_unapproved(
            found.approved,
            now,
            max_age_hours=wanted.plan_max_age or None,
            path=str(wanted.approved_plan),
        )
    elif wanted.dry_run:
        plan_file.write(str(wanted.plan_file), now)


def _digested(wanted: PreflightOptions) -> dict[str, Any]:
    """Return the declaration for the digest, which leaves secrets out."""
    return {
        "gateway": wanted.gateway.model_dump(),
        "models": wanted.models.model_dump(),
        "settings": wanted.settings.model_dump(),
        "duo_settings": wanted.duo_settings.model_dump(),
        "beta_features": wanted.beta_features,
        "agent_platform": wanted.agent_platform and wanted.agent_platform.state,
        "seats": wanted.seats and wanted.seats.model_dump(exclude={"dry_run"}),
        "models_exclusive": wanted.models_exclusive,
        "manage_outbound_allowlist": wanted.manage_outbound_allowlist,
        "isolated": wanted.isolated,
    }


def with_findings(shown: dict[str, Any], every: Sequence[Finding]) -> dict[str, Any]:
    """Return findings and return values. A failure is printed, so it does not get the state."""
    if errors(every):
        shown = {name: shown[name] for name in ("check_mode", "declared")}
    return {**shown, "findings": [vars(it) for it in every]}


def _declared(wanted: PreflightOptions) -> dict[str, bool | None]:
    """Return which subjects are declared, and the declared state of beta features."""
    return {
        "gateway": any(getattr(wanted.gateway, name) is not None for name in GATEWAY_SPEC),
        "models": bool(wanted.models.models) or wanted.models_exclusive,
        "beta_features": wanted.beta_features,
        "features": bool(wanted.settings.settings),
        "agent_platform": wanted.agent_platform is not None,
        "settings": bool(wanted.duo_settings.declared),
        "seats": wanted.seats is not None,
    }


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "gateway": {"type": "dict", "options": GATEWAY_SPEC, "default": {}},
            "duo_settings": {"type": "dict", "options": SETTINGS_SPEC, "default": {}},
            **WHEN_UNSUPPORTED,
            "variables": {"type": "dict", "default": {}},
            "unknown_variables": {"type": "list", "elements": "str", "default": []},
            "known_variables": {"type": "list", "elements": "str", "default": []},
            "models": {
                "type": "list",
                "elements": "dict",
                "options": required(MODEL_SPEC, "name"),
                "default": [],
            },
            "settings": {
                "type": "list",
                "elements": "dict",
                "options": required(SETTING_SPEC, "features"),
                "default": [],
            },
            "beta_features": {"type": "bool"},
            "accept_testing_agreement": {"type": "bool", "default": False},
            "agent_platform": {"type": "dict", "options": AGENT_PLATFORM_SPEC, "default": {}},
            "seats": {"type": "dict", "options": SEATS_SPEC, "default": {}},
            "models_exclusive": {"type": "bool", "default": False},
            "manage_outbound_allowlist": {"type": "bool", "default": False},
            "isolated": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ready_timeout": {"type": "int", "default": 0},
            "expiry_days": {"type": "int", "default": 14},
            "check_token": {"type": "bool", "default": False},
            "plan_file": {"type": "path"},
            "approved_plan": {"type": "path"},
            "plan_max_age": {"type": "int", "default": 0},
            **SIGN_IN_SPEC,
        }
    ),
    options=options,
    observe=observe,
    plan=plan,
    admit=admit,
    show=show,
    findings=findings,
    with_findings=with_findings,
)

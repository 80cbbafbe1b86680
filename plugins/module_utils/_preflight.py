# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way of a declared state, all at once and before the first write."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import _errors, _info
from ._arguments import MODEL_SPEC, SETTING_SPEC, SIGN_IN, Arguments, required
from ._errors import Failure, Unclear
from ._plan import Change, Plan, Step
from ._releases import is_beta_family, is_beta_feature
from ._run import Subject
from ._sign_in import SignIn
from ._validators import PlannedModel, PlannedSetting, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._client import GitLab

ABOUT = "outbound allowlist"
ALLOWLIST = "outbound_local_requests_allowlist_raw"
SETTINGS = "/application/settings"
# What a token's user, licence or add-on may lack: one finding of several, not the end.
ACCESS = {
    message.code
    for message in (
        _errors.NOT_ADMINISTRATOR,
        _errors.NO_LICENSE,
        _errors.PLAN_TOO_LOW,
        _errors.NO_ADD_ON,
        _errors.NOT_PERMITTED,
    )
}


@dataclass(frozen=True)
class PreflightOptions(SignIn):
    """Options of ``duo_preflight``."""

    ai_gateway_url: str | None = None
    models: list[PlannedModel] = field(default_factory=list)
    settings: list[PlannedSetting] = field(default_factory=list)
    beta_features: bool | None = None
    accept_testing_agreement: bool = False
    manage_outbound_allowlist: bool = False
    ready_timeout: int = 0


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way (``error``), or that should be known (``warning``)."""

    severity: str
    subject: str
    what: str
    action: str


@dataclass(frozen=True)
class Found:
    """What was read; ``info`` is None where the token may not see it."""

    info: _info.Found | None
    settings: dict[str, Any] | None
    scopes: list[str] | None = None
    refused: Failure | None = None
    today: date = field(default_factory=date.today)


@dataclass(frozen=True)
class Allow:
    """Adds hosts to the outbound allowlist; GitLab replaces the whole list when it is written."""

    entries: tuple[str, ...]

    def perform(self, gitlab: GitLab) -> None:
        """Write the list.

        :raises Failure: GitLab refused it.
        """
        gitlab.rest_put(SETTINGS, {ALLOWLIST: "\n".join(self.entries)})


def options(params: dict[str, Any]) -> PreflightOptions:
    """Check the options of a task."""
    checked = {
        "models": [check(PlannedModel, it) for it in params.get("models", [])],
        "settings": [check(PlannedSetting, it) for it in params.get("settings", [])],
    }
    return PreflightOptions.of({**params, **checked})


def observe(gitlab: GitLab, wanted: PreflightOptions) -> Found:
    """Read state and application settings: two requests, and the token's scopes at a first run.

    :raises Failure: GitLab cannot be reached, or is none that can have Duo Self-Hosted.
    """
    info, refused = None, None
    try:
        info = _read_when_ready(gitlab, wanted.ready_timeout)
    except Failure as failure:
        if failure.code not in ACCESS:
            raise
        refused = failure
    settings = gitlab.rest(SETTINGS)
    token = None
    if refused or (info and _is_first_run(wanted, info)):
        token = gitlab.rest("/personal_access_tokens/self")
    return Found(
        info=info,
        settings=settings if isinstance(settings, dict) else None,
        scopes=token.get("scopes") if isinstance(token, dict) else None,
        refused=refused,
    )


def _read_when_ready(gitlab: GitLab, seconds: int) -> _info.Found:
    """Read the state; wait while GitLab starts: no connection at first, then 502 and 503."""
    end = time.monotonic() + seconds
    while True:
        try:
            return _info.observe(gitlab, SignIn())
        except Unclear as starting:
            if not starting.retry or time.monotonic() >= end:
                raise
            time.sleep(min(5.0, max(0.1, end - time.monotonic())))


def _is_first_run(wanted: PreflightOptions, info: _info.Found) -> bool:
    declared = {model.new_name or model.name for model in wanted.models if model.state == "present"}
    return bool(declared - set(info.state.models)) or bool(
        wanted.ai_gateway_url and not info.gateway.get("ai_gateway_url")
    )


# --- findings ----------------------------------------------------------------------------------
def findings(wanted: PreflightOptions, found: Found) -> list[Finding]:
    """Return everything that stands in the way, errors first."""
    every = [
        *_access(found),
        *_instance(found),
        *_outbound(wanted, found),
        *_beta(wanted, found),
    ]
    return sorted(every, key=lambda finding: finding.severity != "error")


def _access(found: Found) -> Iterator[Finding]:
    if found.scopes is not None and "api" not in found.scopes:
        problem = Failure(_errors.TOKEN_SCOPE, scopes=", ".join(found.scopes))
        yield Finding("error", "token", problem.what, problem.next_step)
    if found.refused:
        yield Finding("error", "license", found.refused.what, found.refused.next_step)
    if not found.info:
        return
    facts = found.info.license
    # Days as GitLab writes them, 2026-11-23, sort as text.
    if facts["expires_at"] and str(facts["expires_at"]) < found.today.isoformat():
        yield Finding(
            "error",
            "license",
            f"The licence expired on {facts['expires_at']}.",
            "Renew it, and synchronise the subscription (duo_subscription).",
        )
    names = {add_on["name"] for add_on in facts["add_ons"]}
    if "DUO_ENTERPRISE" not in names:
        yield Finding(
            "warning",
            "license",
            "There is no active GitLab Duo Enterprise add-on: models can be configured, but the "
            "classic features (code suggestions, chat) have no seats.",
            "If they are wanted, buy the add-on and synchronise the subscription "
            "(duo_subscription).",
        )


def _instance(found: Found) -> Iterator[Finding]:
    settings = found.settings
    if settings is None:
        if not found.refused:
            yield Finding(
                "warning",
                "token",
                "The application settings cannot be read, so silent mode, maintenance mode and the "
                "outbound rules were not checked.",
                "Where Admin Mode is on, give the token the scope admin_mode as well.",
            )
        return
    if settings.get("maintenance_mode"):
        yield Finding(
            "error",
            "instance",
            "Maintenance mode is on: GitLab is read-only.",
            "End the maintenance mode, or run against the primary node.",
        )
    if settings.get("silent_mode_enabled"):
        yield Finding(
            "warning",
            "instance",
            "Silent mode is on: GitLab sends no requests to the gateway, so features fail.",
            "Turn silent mode off when the instance is to be used.",
        )
    if settings.get("duo_availability") == "never_on":
        yield Finding(
            "warning",
            "instance",
            "GitLab Duo is always off on this instance (duo_availability is never_on), so no "
            "feature works.",
            "Turn it on under Admin > GitLab Duo > Change configuration.",
        )


def _outbound(wanted: PreflightOptions, found: Found) -> Iterator[Finding]:
    if wanted.manage_outbound_allowlist or found.settings is None:
        return
    missing = _missing_hosts(wanted, found.settings)
    if missing and found.settings.get("deny_all_requests_except_allowed"):
        yield Finding(
            "error",
            "instance",
            "GitLab denies all outbound requests except to allowed hosts, and these are not in its "
            f"allowlist: {', '.join(missing)}.",
            "Add them under Admin > Settings > Network > Outbound requests, or set "
            "manage_outbound_allowlist: true.",
        )
    elif any(map(_is_private, missing)):
        yield Finding(
            "warning",
            "instance",
            "The health check of GitLab refuses local addresses that are not in the outbound "
            f"allowlist ({', '.join(filter(_is_private, missing))}); the features work.",
            "Add them to the allowlist for a green health check, or set manage_outbound_allowlist: "
            "true.",
        )


def _hosts(wanted: PreflightOptions) -> list[str]:
    """Return the hosts that GitLab itself sends requests to."""
    hosts = [urlsplit(wanted.ai_gateway_url or "").hostname]
    hosts += [urlsplit(it.endpoint or "").hostname for it in wanted.models if it.state == "present"]
    return list(dict.fromkeys(host for host in hosts if host))


def _entries(settings: dict[str, Any]) -> list[str]:
    """Return the entries of the allowlist, which are separated by line breaks, commas or spaces."""
    text = str(settings.get(ALLOWLIST) or "")
    return text.replace(",", " ").replace(";", " ").split()


def _missing_hosts(wanted: PreflightOptions, settings: dict[str, Any]) -> list[str]:
    entries = _entries(settings)
    return [host for host in _hosts(wanted) if not any(_covers(it, host) for it in entries)]


def _covers(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _colon, port = entry.rpartition(":")
        return host.lower() in (entry.lower(), name.lower() if port.isdigit() else entry.lower())


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _beta(wanted: PreflightOptions, found: Found) -> Iterator[Finding]:
    if not found.info or found.info.beta:
        return
    needing = [
        f"model {it.name}"
        for it in wanted.models
        if it.state == "present" and is_beta_family((it.model_family or "").lower())
    ]
    state = "are off" if found.info.beta is False else "may be off"
    if needing and not wanted.beta_features and found.info.beta is False:
        yield Finding(
            "error",
            "beta features",
            f"Beta features {state}, and {', '.join(needing)} need(s) them.",
            "Declare beta features as enabled, or leave out what is beta.",
        )
    hidden = sorted(
        {name for it in wanted.settings for name in it.features if is_beta_feature(name)}
    )
    if hidden and wanted.beta_features is None and found.info.beta is False:
        yield Finding(
            "warning",
            "beta features",
            f"Beta features are off, so GitLab does not show the state of {', '.join(hidden)}.",
            "Declare beta features as enabled, or leave these features out.",
        )
    if not wanted.beta_features:
        return
    if wanted.door is None:
        problem = Failure(_errors.BETA_NEEDS_SIGN_IN, reason=f"Beta features {state}")
        yield Finding("error", "beta features", problem.what, problem.next_step)
    if not wanted.accept_testing_agreement:
        problem = Failure(_errors.AGREEMENT_NOT_ACCEPTED)
        yield Finding("error", "beta features", problem.what, problem.next_step)


# --- plan and results --------------------------------------------------------------------------
def plan(wanted: PreflightOptions, found: Found) -> Plan[Found]:
    """Return what would be added to the outbound allowlist, where that is wanted."""
    settings = found.settings
    warnings = tuple(
        f"{it.what} {it.action}" for it in findings(wanted, found) if it.severity == "warning"
    )
    if not wanted.manage_outbound_allowlist or settings is None or judge(wanted, found):
        return Plan((), found, warnings)
    missing = _missing_hosts(wanted, settings)
    if not missing:
        return Plan((), found, warnings)
    entries = (*_entries(settings), *missing)
    change = Change(ABOUT, {"hosts": _entries(settings)}, {"hosts": list(entries)})
    return Plan((Step((change,), Allow(entries), recheck=True),), found, warnings)


def show(wanted: PreflightOptions, found: Found) -> dict[str, Any]:
    """Return the findings, and what duo_info returns."""
    shown = [vars(finding) for finding in findings(wanted, found)]
    info = _info.show(wanted, found.info) if found.info else {}
    return {"findings": shown, **info}


def judge(wanted: PreflightOptions, found: Found) -> Failure | None:
    """Return the failure that the findings mean, if any is an error."""
    errors = [it for it in findings(wanted, found) if it.severity == "error"]
    if not errors:
        return None
    text = " ".join(f"({n}) {it.what} {it.action}" for n, it in enumerate(errors, start=1))
    return Failure(_errors.PREFLIGHT_FINDINGS, count=len(errors), findings=text)


SUBJECT = Subject(
    name="preflight",
    arguments=Arguments(
        spec={
            "ai_gateway_url": {"type": "str"},
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
            "manage_outbound_allowlist": {"type": "bool", "default": False},
            "ready_timeout": {"type": "int", "default": 0},
            **SIGN_IN,
        }
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
    judge=judge,
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the findings of the preflight, with one function for each kind of obstacle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base import messages
from .._base.messages import Failure
from .._duo.licences import ENTERPRISE_ADD_ON
from .._duo.offers import is_beta_family
from .._duo.permissions import refusals
from .._engine.finding import Finding
from .._subjects import feature_model, one_model, one_setting
from .._subjects.endpoints import loopback
from .consequences import unserved
from .expiry import ending
from .isolated import isolation
from .misspelt import misspelt
from .outbound import hosts
from .preflight_outbound import outbound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._subjects.one_model import ModelOptions
    from . import info as _info
    from .preflight_options import PreflightOptions
    from .preflight_state import PreflightState


def findings(wanted: PreflightOptions, found: PreflightState) -> list[Finding]:
    """Return all findings, errors first."""
    every = [
        *_access(wanted, found),
        *ending(wanted, found),
        *_instance(wanted, found),
        *outbound(wanted, found),
        *_premium(wanted, found),
        *_beta(wanted, found),
        *_doubts(wanted, found),
        *_declared(wanted, found),
        *isolation(wanted, found),
        *misspelt(wanted.unknown_variables, wanted.known_variables),
        *unserved(wanted, found),
        *_loopback(wanted),
    ]
    return sorted(every, key=lambda finding: finding.severity != "error")


def _access(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    scopes = found.token.scopes if found.token else None
    if scopes is None or "api" in scopes:
        pass
    elif wanted.dry_run and "read_api" in scopes:
        # All that a dry run needs, and all that an audit will ever need.
        if found.to_do:
            yield Finding(
                "warning",
                "token",
                f"This token can read, but not write (scopes: {', '.join(scopes)}).",
                "That is enough for a dry run; for the real run, use a token of an administrator "
                "with the scope api.",
            )
    else:
        problem = Failure(messages.TOKEN_SCOPE, scopes=", ".join(scopes))
        yield Finding("error", "token", problem.what, problem.next_step)
    if found.refused:
        yield Finding(
            "error", "license", found.refused.what, found.refused.next_step, kind="subscription"
        )
    if not found.info:
        return
    facts = found.info.license
    # GitLab's dates, such as 2026-11-23, sort as text.
    if facts["expires_at"] and str(facts["expires_at"]) < found.today.isoformat():
        yield Finding(
            "error",
            "license",
            f"The licence expired on {facts['expires_at']}.",
            "Renew it, and synchronise the subscription (duo_subscription).",
            kind="subscription",
        )
    names = {add_on["name"] for add_on in facts["add_ons"]}
    if ENTERPRISE_ADD_ON not in names:
        yield Finding(
            "warning",
            "license",
            "There is no active GitLab Duo Enterprise add-on: models can be configured, but the "
            "classic features (code suggestions, chat) have no seats.",
            "If you want these features, buy the add-on and synchronise the subscription "
            "(duo_subscription).",
            kind="subscription",
        )


def _instance(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    settings = found.settings
    if settings is None:
        every = hosts(wanted, found.info, None) if wanted.manage_outbound_allowlist else ()
        if every and not found.refused:
            yield Finding(
                "error",
                "token",
                "The application settings cannot be read, so these hosts cannot be added to the "
                f"outbound allowlist: {', '.join(every)}.",
                "If Admin Mode is on, give the token the scope admin_mode as well, or leave out "
                "manage_outbound_allowlist.",
            )
        elif not found.refused:
            yield Finding(
                "warning",
                "token",
                "The application settings cannot be read, so silent mode, maintenance mode and the "
                "outbound rules were not checked.",
                "If Admin Mode is on, give the token the scope admin_mode as well.",
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
    planned = found.composition.settings if found.composition else {}
    never = planned.get("availability", settings.get("duo_availability")) == "never_on"
    if never and not wanted.duo_settings.availability:
        yield Finding(
            "warning",
            "instance",
            "GitLab Duo is always off on this instance (duo_availability is never_on), so no "
            "feature works.",
            "Declare another availability in duo_self_hosted_settings, or choose one under Admin > "
            "GitLab Duo > Change configuration.",
        )


def _premium(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    if not found.info:
        return
    # A feature that a self-hosted model serves is shown by that model.
    hidden = found.info.hidden_by_plan & wanted.features - set(found.info.state.settings)
    if hidden:
        yield Finding(
            "warning",
            "license",
            "With a Premium licence GitLab does not show the state of "
            f"{', '.join(sorted(hidden))}, whether beta features are on or off.",
            "Leave these features out; otherwise they are set in every run.",
            kind="subscription",
        )


def _beta(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    if not found.info or found.info.beta:
        return
    seen = wanted.features - found.info.hidden_by_plan
    hidden = sorted(filter(found.info.release.is_beta_feature, seen))
    if hidden and wanted.beta_features is None and found.info.beta is False:
        yield Finding(
            "warning",
            "beta features",
            f"Beta features are off, so GitLab does not show the state of {', '.join(hidden)}.",
            "Declare beta features as enabled, or leave these features out.",
            kind="beta_features",
        )


def _doubts(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield refusals that the sources leave open; certain ones are found by the plan."""
    if not found.info:
        return
    info = found.info
    state = info.state.model_copy(update={"turned_on": bool(wanted.beta_features)})
    here = feature_model.circumstances(
        feature_model.ObservedFeatures(info.release, state, info.license)
    )
    settings = {
        name: (it.resolved_provider, it.gitlab_model)
        for it in wanted.settings.settings
        if it.resolved_provider
        for name in it.features
    }
    for refusal, features in refusals(settings, here):
        failure = refusal.failure
        if not refusal.certain:
            names = ", ".join(map(one_setting.about, features))
            yield Finding(
                "warning",
                names,
                f"Not certain: {failure.what}",
                failure.next_step,
                kind=one_setting.NAME,
            )


def _declared(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield the refusals of the run's plan, object by object."""
    if not found.info or not found.composition:
        return
    for kind, it in found.composition.refusals:
        yield Finding("error", it.about or it.code, it.what, it.next_step, kind)
    # While beta features are off, the plan of the models refuses these models itself.
    if wanted.beta_features is False and found.info.beta is not False:
        yield from _contradictions(wanted, found.info)


def _contradictions(wanted: PreflightOptions, info: _info.ObservedInstance) -> Iterator[Finding]:
    """Yield declared models, and those of declared features, that turning beta off would hide."""
    # A hidden model proves that beta features are off already, even if GitLab does not say so.
    families = {name: it.family for name, it in info.state.models.items() if not it.hidden}
    kept = {it.model for it in wanted.settings.settings if it.model in families}
    for model in models(wanted):
        if one_model.not_offered(model, info.release, info.state):
            continue
        name = model.new_name or model.name
        families[name] = model.model_family or families.get(model.name, families.get(name, ""))
        kept.add(name)
    for name in sorted(kept):
        if is_beta_family(families[name]):
            about = one_model.about(name)
            refusal = Failure(messages.MODEL_WOULD_HIDE, about=about, family=families[name])
            yield Finding("error", about, refusal.what, refusal.next_step, kind=one_model.NAME)


def _loopback(wanted: PreflightOptions) -> Iterator[Finding]:
    if told := loopback(models(wanted)):
        yield Finding("warning", "self-hosted models", *told, kind=one_model.NAME)


def models(wanted: PreflightOptions) -> list[ModelOptions]:
    """Return the models declared as present."""
    return [model for model in wanted.models.models if model.state == "present"]

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check health: GitLab's own probes, the connection of each model, the gateway, the settings.

GraphQL ``cloudConnectorStatus`` (17.3). Each check is judged on its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.libraries import pydantic
from .._base.messages import Failure
from .._base.options import Name, Options, check
from .._duo.releases import Release
from .._engine.access import ADD_ONS, LICENSE, explain, license_facts
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments, required
from .._engine.finding import Finding, failure_of
from .._engine.subject import Subject
from .._gitlab.graphql import Part
from .._gitlab.http import status_of
from .._subjects import feature_model
from .._subjects.feature_model import FeaturesOptions
from .._subjects.gateway import (
    DECLARED_GATEWAY,
    PARTS,
    GatewayOptions,
    Look,
    agrees,
    declared_gateway,
    until_agreed,
)
from .._subjects.gateway import values as gateway_values
from .._subjects.one_model import MODEL_SPEC, DeclaredModel, not_offered_of
from .._subjects.one_setting import SETTING_SPEC
from .._subjects.stored import read_state
from .health_advice import is_doubtful
from .health_check import Check, line, of_failure, verdict
from .health_connections import connections
from .health_notes import CHECK_NOTES, FEATURE_SETTING, FROM_CONTROLLER, PROBES, note_of
from .health_probes import PRESENCE_PROBE, Facts, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._gitlab.client import GitLab
    from .._gitlab.graphql import Reading
    from .._subjects.stored import State

IN_USE = ("self_hosted", "vendored")
# In a request of its own, because each probe waits for an answer.
STATUS = Part("Status", "cloudConnectorStatus { probeResults { name success message } }")


class HealthOptions(Options):
    """Options of ``duo_health``."""

    checks: list[str] = pydantic.Field(default_factory=list)
    models: list[Name] | None = None
    attempts: int = pydantic.Field(default=3, ge=1, le=20)
    delay: int = pydantic.Field(default=5, ge=0, le=300)
    settings: FeaturesOptions
    declared_models: list[DeclaredModel] = pydantic.Field(default_factory=list)
    declared_gateway: GatewayOptions = pydantic.Field(default_factory=GatewayOptions)
    fail_on: str = "any"


@dataclass(frozen=True)
class ObservedHealth:
    """All checks of one instance."""

    url: str
    release: Release
    checks: tuple[Check, ...]


@dataclass
class Passed:
    """The checks that passed in earlier looks of the same task, and are not repeated."""

    reading: tuple[Reading, State] | None = None
    probes: list[Check] = field(default_factory=list)
    connections: dict[str, Check] = field(default_factory=dict)
    # Whether GitLab's processes were seen to disagree about the gateway.
    disagree: bool = False

    @property
    def count(self) -> int:
        """How many of them passed."""
        return bool(self.reading) + bool(self.probes) + len(self.connections)


def options(params: dict[str, Any]) -> HealthOptions:
    """Check the options of a task."""
    params = dict(params)
    settings = {
        "settings": params.pop("settings", []),
        "when_unsupported": params.pop("when_unsupported", "fail"),
    }
    planned = declared_gateway(params)
    checked = {"settings": check(FeaturesOptions, settings), "declared_gateway": planned}
    return check(HealthOptions, {**params, **checked})


def observe(gitlab: GitLab, wanted: HealthOptions) -> ObservedHealth:
    """Carry out the checks; again while one fails because of an old copy of the gateway settings.

    :raises Failure: GitLab cannot be reached, or does not show the models.
    """
    passed = Passed()
    return until_agreed(gitlab, lambda: _check(gitlab, wanted, passed), wanted.declared_gateway)


def _check(gitlab: GitLab, wanted: HealthOptions, passed: Passed) -> Look[ObservedHealth]:
    """Read models and settings in one request, then carry out the checks one by one.

    Checks that passed are not repeated, because each request may reach another of GitLab's
    processes, and rarely do all reach one that knows the new gateway. While some do not know it,
    the models are checked in one request.
    """
    before, planned = passed.count, wanted.declared_gateway
    reading, state = passed.reading or read_state(
        gitlab,
        *(LICENSE, ADD_ONS, *PARTS),
        # GitLab's check needs all fields of a model, its key too.
        keys="connections" in wanted.checks,
        roles="connections" in wanted.checks,
        gitlab_models=any(it.gitlab_model is not None for it in wanted.settings.settings),
    )
    facts, settings = _facts(wanted, reading, state), gateway_values(reading)
    release = Release.of(reading.version)
    unsupported = not_offered_of(wanted.declared_models, release, state)
    features = feature_model.ObservedFeatures(release, state, unsupported=unsupported)
    checks = list(_settings(wanted.settings, features))
    passed.disagree |= not agrees(planned, settings)
    # The probes themselves say with which URL they ran.
    by_probes = {"ai_gateway_url": None} if "probes" in wanted.checks else {}
    rests = agrees(planned.model_copy(update=by_probes), settings)
    if planned.ai_gateway_url and rests and all(it.success for it in checks):
        passed.reading = reading, state
    seen: dict[str, Any] | None = settings
    if "probes" in wanted.checks:
        probes = passed.probes or _probes(gitlab, facts)
        if not _rest_on(probes, facts.gateway_url):
            seen, rests, passed.disagree = None, False, True
        elif planned.ai_gateway_url and not any(it.fails for it in probes):
            passed.probes = probes
        checks += probes
    if "connections" in wanted.checks:
        made = connections(
            gitlab,
            list(dict.fromkeys(sorted(state.models) if wanted.models is None else wanted.models)),
            state,
            facts,
            attempts=wanted.attempts,
            delay=wanted.delay,
            passed=passed.connections,
            together=passed.disagree and release.gateway_is_application_setting,
        )
        passed.connections |= {name: it for name, it in made.items() if it.success}
        checks += made.values()
    if "gateway" in wanted.checks:
        checks.append(_gateway(gitlab, facts))
    found = ObservedHealth(gitlab.url, release, tuple(checks))
    done = rests and not any(it.fails for it in checks)
    return Look(found, done, seen, progress=passed.count > before)


def _rest_on(checks: list[Check], url: str) -> bool:
    """Return whether GitLab's probes ran with this gateway; a process may still know another."""
    told = [it.message for it in checks if it.name == PRESENCE_PROBE]
    return any(url in message for message in told) if url else not told


def _facts(wanted: HealthOptions, reading: Reading, state: State) -> Facts:
    """Return the facts for verdicts and advice: licence, gateway and the features in use."""
    held, gateway = license_facts(reading.data), gateway_values(reading)
    declared = wanted.settings.settings
    if declared:
        said = {name: it.resolved_provider for it in declared for name in it.features}
    else:
        said = {name: it.provider for name, it in state.settings.items()}
    used = {name: provider for name, provider in said.items() if provider in IN_USE}
    return Facts(
        release=Release.of(reading.version),
        license_type=held["type"],
        last_sync=held["last_sync"],
        seats=sum(it["assigned"] or 0 for it in held["add_ons"]),
        gateway_url=wanted.declared_gateway.ai_gateway_url or gateway.get("ai_gateway_url") or "",
        service_url=gateway.get("duo_agent_platform_service_url") or "",
        used=used if used or declared else None,
    )


# --- the checks --------------------------------------------------------------------------------
def _settings(wanted: FeaturesOptions, found: feature_model.ObservedFeatures) -> Iterator[Check]:
    """Yield a failed check for each feature that is not as declared, or one that all passed."""
    if not wanted.settings:
        return
    try:
        changes = feature_model.plan(wanted, found).changes
    except Failure as failure:
        yield of_failure(FEATURE_SETTING, failure.about, failure)
        return
    for change in (it for it in changes if it.visible):
        problem = Failure(messages.NOT_AS_DECLARED, change=str(change))
        yield of_failure(FEATURE_SETTING, change.about, problem)
    if not any(it.visible for it in changes):
        yield Check(
            FEATURE_SETTING,
            "features",
            True,
            "All features are as declared.",
            "",
            note_of(FEATURE_SETTING).proves,
        )


def _probes(gitlab: GitLab, facts: Facts) -> list[Check]:
    try:
        status = gitlab.read(STATUS).data.get("cloudConnectorStatus")
        if not isinstance(status, dict):
            raise explain(gitlab, facts.release)
    except Failure as failure:
        return [of_failure(PROBES, note_of(PROBES).subject, failure)]
    return [_probe(it, facts) for it in _dicts(status.get("probeResults"))]


def _probe(answer: dict[str, Any], facts: Facts) -> Check:
    name, message = str(answer.get("name")), line(answer.get("message"))
    probe = Probe.of(name, answer.get("success") is True, message, facts)
    subject = note_of(name).subject if name in CHECK_NOTES else f"{name} of GitLab"
    made = verdict(name, f"{subject} {probe.host}".rstrip(), probe.success, message, facts)
    doubtful = facts.release.probes_are_doubtful or is_doubtful(message)
    return replace(made, doubtful=not made.success and doubtful, concerns=probe.counts(facts))


def _gateway(gitlab: GitLab, facts: Facts) -> Check:
    """Ask the gateway itself, from this host, without credentials."""
    subject = note_of(FROM_CONTROLLER).subject
    if not facts.gateway_url:
        return verdict(FROM_CONTROLLER, subject, False, "GitLab has no gateway URL.", facts)
    try:
        url = facts.gateway_url.rstrip("/") + "/monitoring/healthz"
        status = status_of(url, gitlab.connection)
    except Failure as failure:
        return of_failure(FROM_CONTROLLER, subject, failure)
    said = f"/monitoring/healthz answered {status} to the controller."
    return verdict(FROM_CONTROLLER, subject, status == 200, said, facts)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []


# --- results -----------------------------------------------------------------------------------
def findings(wanted: HealthOptions, found: ObservedHealth) -> Iterator[Finding]:
    """Yield the failed checks, with those that concern no feature in use as one warning."""
    aside = []
    for it in found.checks:
        if it.success:
            continue
        what = f"{it.subject}: {it.message}"
        # An unknown probe may matter, so it gets a finding of its own, with its next step.
        if not it.concerns and it.name in CHECK_NOTES:
            aside.append(what)
            continue
        fatal = it.fails and wanted.fail_on == "any"
        yield Finding("error" if fatal else "warning", it.subject, what, it.action)
    if aside:
        yield Finding(
            "warning",
            note_of(PROBES).subject,
            "These failed probes of GitLab do not count, because no feature in use depends on "
            f"them: {'; '.join(aside)}",
        )


def show(_wanted: HealthOptions, found: ObservedHealth) -> dict[str, Any]:
    """Return all checks."""
    return {
        "instance": {"url": found.url, "version": found.release.text},
        "checks": [asdict(it) for it in found.checks],
    }


def failure(errors: Sequence[Finding], _wanted: HealthOptions, found: ObservedHealth) -> Failure:
    """Return the failure for failed checks."""
    return failure_of(
        errors,
        messages.HEALTH_FINDING,
        messages.HEALTH_FINDINGS,
        failed=len(errors),
        count=len(found.checks),
    )


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "checks": {
                "type": "list",
                "elements": "str",
                "choices": ["probes", "connections", "gateway"],
                "default": ["probes", "connections"],
            },
            "models": {"type": "list", "elements": "str"},
            "attempts": {"type": "int", "default": 3},
            "delay": {"type": "int", "default": 5},
            "settings": {
                "type": "list",
                "elements": "dict",
                "options": required(SETTING_SPEC, "features"),
                "default": [],
            },
            **WHEN_UNSUPPORTED,
            **DECLARED_GATEWAY,
            "declared_models": {
                "type": "list",
                "elements": "dict",
                "options": required(MODEL_SPEC, "name"),
            },
            "fail_on": {"type": "str", "choices": ["any", "never"], "default": "any"},
        }
    ),
    options=options,
    observe=observe,
    show=show,
    findings=findings,
    failure=failure,
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read all of an instance's Duo Self-Hosted state at once, also as the role's variables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._base import isolated_messages
from .._base.messages import Failure
from .._base.urls import has_credentials, masked
from .._duo.destinations import WayOut, destinations, ways_out
from .._duo.identifiers import method_for_export
from .._duo.licences import SEAT_ADD_ONS
from .._duo.offers import FEATURES, needs_ultimate
from .._duo.outbound_rules import APPLICATION_SETTINGS
from .._duo.releases import Release
from .._engine.access import ADD_ONS, LICENSE, license_facts
from .._engine.arguments import Arguments
from .._engine.finding import Finding
from .._engine.subject import Subject
from .._gitlab.sign_in import SIGN_IN_SPEC, SignIn, sign_in_of
from .._subjects import agent_platform
from .._subjects.beta_features import beta_state
from .._subjects.gateway import ABOUT as ABOUT_GATEWAY
from .._subjects.gateway import (
    DECLARED_GATEWAY,
    GatewayOptions,
    Look,
    agrees,
    declared_gateway,
    until_agreed,
)
from .._subjects.gateway import PARTS as GATEWAY
from .._subjects.gateway import values as gateway_values
from .._subjects.one_model import about as about_model
from .._subjects.one_model import shown as shown_model
from .._subjects.one_setting import shown as shown_setting
from .._subjects.settings import ACCESS_LEVELS, DUO_CORE, ObservedSettings, observed
from .._subjects.settings_options import can_be_declared
from .._subjects.stored import Model, State, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._gitlab.client import GitLab


@dataclass(frozen=True)
class ObservedInstance:
    """Everything that was read."""

    url: str
    release: Release
    enterprise: bool
    license: dict[str, Any]
    gateway: dict[str, Any]
    state: State
    beta: bool | None
    duo_core: bool | None = None  # None if GitLab does not show it (before 18.0, offline licence)
    # None where it was not asked for, or GitLab does not show it.
    flows: bool | None = None
    # What GraphQL shows of the instance-wide settings, as it is.
    duo_settings: dict[str, Any] = field(default_factory=dict)
    # All of them; None where they were not asked for, or may not be read.
    settings: ObservedSettings | None = None

    @property
    def unseen_features(self) -> list[str]:
        """Features of this release whose state GitLab does not show."""
        known = (name for name, offer in FEATURES.items() if self.release.has(offer))
        return sorted(set(known) - set(self.state.settings))

    @property
    def hidden_by_plan(self) -> set[str]:
        """Features that a Premium licence hides, whether beta features are on or off."""
        premium = str(self.license["plan"]).lower() == "premium"
        return set(filter(needs_ultimate, FEATURES)) if premium else set()

    @property
    def providers(self) -> dict[str, str]:
        """Feature -> provider, for the features that GitLab shows."""
        return {name: it.provider for name, it in self.state.settings.items()}

    @property
    def leaving(self) -> list[WayOut]:
        """Features whose requests leave the site, or may."""
        return ways_out(self.providers, self.gateway, self.license["type"], self.state.endpoints)

    @property
    def exported(self) -> list[Model]:
        """Models that can be declared, sorted by name."""
        models = (self.state.models[name] for name in sorted(self.state.models))
        return [model for model in models if not model.hidden]

    @property
    def left_out(self) -> list[str]:
        """URLs that cannot be exported, because they contain credentials."""
        settings = [name for name, value in self.gateway.items() if has_credentials(value)]
        models = [model for model in self.exported if has_credentials(model.endpoint)]
        return [
            *(f"{ABOUT_GATEWAY}: {name}" for name in settings),
            *(f"{about_model(model.name)}: endpoint" for model in models),
        ]


@dataclass(frozen=True)
class InfoOptions(SignIn):
    """Options of ``duo_info``."""

    isolated: bool = False
    agent_platform: bool = False
    # Whether to read the instance-wide settings as well.
    settings: bool = False
    # Whether to read the stored API keys of models as well, to compare them.
    keys: bool = False
    # Whether to read the IAM roles of models.
    roles: bool = False
    declared_gateway: GatewayOptions = field(default_factory=GatewayOptions)


def options(params: dict[str, Any]) -> InfoOptions:
    """Check the options of a task."""
    return InfoOptions.of({**params, "roles": True, "declared_gateway": declared_gateway(params)})


def observe(gitlab: GitLab, wanted: InfoOptions) -> ObservedInstance:
    """Read everything; again while an old copy of the gateway URL lets features seem to leave.

    :raises Failure: GitLab cannot be reached, or does not show the state.
    """

    def look() -> Look[ObservedInstance]:
        found = read(gitlab, wanted)
        well = not (wanted.isolated and found.leaving)
        done = well and agrees(wanted.declared_gateway, found.gateway)
        return Look(found, done, found.gateway)

    return until_agreed(gitlab, look, wanted.declared_gateway)


def read(gitlab: GitLab, wanted: InfoOptions) -> ObservedInstance:
    """Read everything in one request, and the beta state on a page if only that shows it."""
    levels = (ACCESS_LEVELS,) if wanted.settings else ()
    parts = (LICENSE, ADD_ONS, *GATEWAY, DUO_CORE, *levels)
    reading, state = read_state(
        gitlab, *parts, keys=wanted.keys, roles=wanted.roles, gitlab_models=True
    )
    beta = beta_state(gitlab, wanted, state.beta)
    duo = reading.data.get("duoSettings") or {}
    return ObservedInstance(
        url=gitlab.url,
        release=Release.of(reading.version),
        enterprise=reading.enterprise,
        license=license_facts(reading.data),
        gateway=gateway_values(reading),
        # A state read from the page also matters to models and features.
        state=state.model_copy(update={"beta": beta}),
        beta=beta,
        duo_core=duo.get("duoCoreFeaturesEnabled"),
        duo_settings=duo,
    )


def _observe(gitlab: GitLab, wanted: InfoOptions) -> ObservedInstance:
    """Read everything, and what takes further requests, if it is wanted."""
    application_settings = gitlab.rest_ahead(APPLICATION_SETTINGS) if wanted.settings else None
    found = observe(gitlab, wanted)
    if wanted.agent_platform:
        account = agent_platform.AgentPlatformOptions(**sign_in_of(wanted))
        connected = agent_platform.look(gitlab, account, found.release).connected
        found = replace(found, flows=connected)
    shown = application_settings() if application_settings else None
    if not isinstance(shown, dict):
        return found
    duo = {"duoSettings": found.duo_settings}
    return replace(found, settings=observed(found.release, shown, duo))


def findings(wanted: InfoOptions, found: ObservedInstance) -> Iterator[Finding]:
    """Yield what leaves an isolated site, and warnings about what is unknown or left out."""
    if wanted.isolated:
        for way in found.leaving:
            leaves = "leave" if way.certain else "may leave"
            yield Finding("error", way.feature, f"Its requests {leaves} the site ({way.reason}).")
    if wanted.isolated and found.unseen_features:
        names = ", ".join(found.unseen_features)
        unknown = (
            f"It is not known whether {names} leave the site, because GitLab does not show "
            "their state."
        )
        yield Finding("warning", "features", unknown)
    state = found.state
    vendored = any(it.provider == "vendored" for it in state.settings.values())
    if vendored and state.has_gitlab_models and not state.knows_gitlab_models:
        yield Finding(
            "warning",
            "features",
            "GitLab does not show which GitLab-managed models vendored features use, as is usual "
            "where it cannot reach its cloud or has an offline licence, so the configuration "
            "names none.",
        )
    if found.left_out:
        yield Finding(
            "warning",
            "configuration",
            "The configuration for the role leaves out URLs that contain credentials; declare "
            f"them before the role creates these objects anew ({', '.join(found.left_out)}).",
        )


def failure(errors: Sequence[Finding], _wanted: InfoOptions, _found: ObservedInstance) -> Failure:
    """Return the failure for features that leave an isolated site."""
    return Failure(isolated_messages.LEAVES_NOW, features=", ".join(it.subject for it in errors))


def show(wanted: InfoOptions, found: ObservedInstance) -> dict[str, Any]:
    """Return the state by subject, and as role variables."""
    return {
        **show_state(found),
        **({"settings": _shown_settings(found)} if wanted.settings else {}),
        **({"agent_platform": {"connected": found.flows}} if wanted.agent_platform else {}),
        "configuration": _configuration(found),
        "left_out": found.left_out,
    }


def _shown_settings(found: ObservedInstance) -> dict[str, Any] | None:
    return None if found.settings is None else masked(found.settings.values)


def show_state(found: ObservedInstance) -> dict[str, Any]:
    """Return the state by subject."""
    models = [found.state.models[name] for name in sorted(found.state.models)]
    kind, endpoints = found.license["type"], found.state.endpoints
    goes = destinations(found.providers, found.gateway, kind, endpoints)
    return {
        "instance": {
            "url": found.url,
            "version": found.release.text,
            "enterprise": found.enterprise,
        },
        "license": found.license,
        "seats": _seats(found),
        "gateway": masked(found.gateway),
        "models": [shown_model(model) for model in models],
        "beta_features": {"enabled": found.beta},
        "features": [
            {**shown_setting(name, found.state.settings[name]), "destination": goes[name]}
            for name in sorted(found.state.settings)
        ],
        "unseen_features": found.unseen_features,
        "leaving": [vars(way) for way in found.leaving],
    }


def _seats(found: ObservedInstance) -> list[dict[str, Any]]:
    """Return the purchased and assigned seats of each add-on that has seats."""
    held = {it["name"]: it for it in found.license["add_ons"]}
    return [
        {"add_on": add_on, "purchased": it["purchased"], "assigned": it["assigned"]}
        for add_on, name in SEAT_ADD_ONS.items()
        if (it := held.get(name))
    ]


def _configuration(found: ObservedInstance) -> dict[str, Any]:
    """Return the state as variables of the role, without secrets, which then stay unchanged."""
    gateway = {
        name: value
        for name, value in found.gateway.items()
        if value is not None and not has_credentials(value)
    }
    variables: dict[str, Any] = {
        "duo_self_hosted_gateway": gateway,
        "duo_self_hosted_models": [_declared(model) for model in found.exported],
        "duo_self_hosted_features": _assignments(found),
    }
    if found.settings:
        values = found.settings.values
        variables["duo_self_hosted_settings"] = {
            name: value
            for name, value in values.items()
            if not has_credentials(value) and can_be_declared(name, value, values)
        }
    if found.beta is not None:
        # Turning beta features on again needs the agreement; turning them off does not.
        variables["duo_self_hosted_beta_features"] = {
            "enabled": found.beta,
            "accept_testing_agreement": found.beta,
        }
    if found.flows:
        # Disconnected is the state of an instance that never connected it.
        variables["duo_self_hosted_agent_platform"] = {"state": "connected"}
    return variables


def _declared(model: Model) -> dict[str, Any]:
    method = method_for_export(model.identifier, model.endpoint, model.provider)
    values = {
        "name": model.name,
        "model_family": model.family,
        "deployment_method": method,
        "identifier": model.identifier,
    }
    if model.endpoint and not has_credentials(model.endpoint):
        values["endpoint"] = model.endpoint
    if model.iam_role:
        values["iam_role"] = model.iam_role
    return values


def _assignments(found: ObservedInstance) -> list[dict[str, Any]]:
    """Return one assignment for each provider and model, with all its features."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted(found.state.settings):
        setting = found.state.settings[name]
        key = (setting.provider, setting.model or "", setting.gitlab_model or "")
        groups.setdefault(key, []).append(name)
    assignments = []
    for (provider, model, gitlab_model), features in sorted(groups.items()):
        value: dict[str, Any] = {"features": features, "provider": provider}
        if model and provider == "self_hosted":
            value["model"] = model
        if gitlab_model and provider == "vendored":
            value["gitlab_model"] = gitlab_model
        assignments.append(value)
    return assignments


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "isolated": {"type": "bool", "default": False},
            "settings": {"type": "bool", "default": False},
            "agent_platform": {"type": "bool", "default": False},
            **DECLARED_GATEWAY,
            **SIGN_IN_SPEC,
        }
    ),
    options=options,
    observe=_observe,
    show=show,
    findings=findings,
    failure=failure,
)

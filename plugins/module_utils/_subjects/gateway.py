# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configure the AI gateway: its URL and timeout, and the Agent Platform service beside it.

GraphQL ``duoSettings`` and ``duoSettingsUpdate`` (17.9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._base import messages, suggestions
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.messages import Failure
from .._base.options import Options, Spec, check
from .._base.urls import masked, web_url
from .._duo.destinations import ways_out
from .._duo.gitlab_hosts import is_gitlabs
from .._duo.outbound_rules import APPLICATION_SETTINGS, lists
from .._duo.releases import Release
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments
from .._engine.objects import about
from .._engine.plan import Change, Plan, Step, differences
from .._engine.run_plan import PLAN_SPEC
from .._engine.settle import LOOKS, LOOKS_BEFORE_FAILURE, Patience
from .._engine.subject import Subject
from .._gitlab.client import GitLab
from .._gitlab.graphql import Mutation, Part, Proof, Reading
from .stored import FEATURE_SETTINGS, refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


ABOUT = about("gateway")
Found = TypeVar("Found")

GATEWAY_SPEC: Spec = {
    "ai_gateway_url": {"type": "str"},
    "ai_gateway_timeout_seconds": {"type": "int"},
    "duo_agent_platform_service_url": {"type": "str"},
    "duo_agent_platform_service_secure": {"type": "bool"},
}
# For tasks that check the result: the gateway that the same run has declared.
DECLARED_GATEWAY: Spec = {
    "declared_gateway": {"type": "dict", "options": GATEWAY_SPEC, "default": {}},
}
# Option -> field of DuoSettings and argument of duoSettingsUpdate, which have the same names.
FIELDS = {
    "ai_gateway_url": "aiGatewayUrl",
    "ai_gateway_timeout_seconds": "aiGatewayTimeoutSeconds",
    "duo_agent_platform_service_url": "duoAgentPlatformServiceUrl",
    "duo_agent_platform_service_secure": "selfHostedDuoAgentPlatformServiceSecure",
}
# Option that a release may lack -> first release that has it, for messages.
SINCE = {
    "ai_gateway_timeout_seconds": "18.7",
    "duo_agent_platform_service_url": "18.4",
    "duo_agent_platform_service_secure": "18.10",
}
TYPES = {"str": str, "int": int, "bool": bool}
URLS = ("ai_gateway_url", "duo_agent_platform_service_url")
# A null URL can mean "unset" or "not permitted"; null models can only mean "not permitted".
PERMISSION = Part("Permission", "aiSelfHostedModels(first: 1) { nodes { id } }")
PARTS = [
    Part(f"Settings{number}", f"duoSettings {{ {name} }}", optional=number > 0)
    for number, name in enumerate(FIELDS.values())
]

DISAGREE = (
    "GitLab's processes disagree about settings of the gateway, of which each keeps a copy for a "
    "minute, so somebody has just changed them:"
)
WRITTEN = "They are written as declared, perhaps again."


class GatewayOptions(Options):
    """Options of ``duo_gateway``; None means unmanaged, ``""`` means clear."""

    state: str = "present"
    when_unsupported: str = "fail"
    ai_gateway_url: str | None = None
    ai_gateway_timeout_seconds: int | None = pydantic.Field(default=None, ge=60, le=600)
    duo_agent_platform_service_url: str | None = None
    duo_agent_platform_service_secure: bool | None = None

    @pydantic.field_validator("ai_gateway_url")
    @classmethod
    def _gateway_url(cls, value: str | None) -> str | None:
        if not value:
            return value
        if re.search(r"[<>&]", web_url(value)):
            raise Wrong(
                "contains <, > or &, which GitLab refuses",
                "Write the base URL of the gateway as {}, without parameters.",
            )
        return value.rstrip("/")

    @pydantic.field_validator("duo_agent_platform_service_url")
    @classmethod
    def _service_url(cls, value: str | None) -> str | None:
        if not value:
            return value
        write = "Write only host and port as {}, such as aigw.example.com:50052."
        meant = suggestions.host_and_port(value)
        if "://" in value:
            rule = "must be host:port without a scheme, such as aigw.example.com:50052"
            raise Wrong(rule, write, instead=meant, also=suggestions.tls(value))
        if len(value) > 2048:
            rule = "is longer than the 2048 characters that GitLab stores"
            raise Wrong(rule, "Shorten {} to 2048 characters.")
        if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s/:@?#\x00-\x1f]+)(:\d{1,5})?", value):
            rule = "must be host:port, such as aigw.example.com:50052"
            raise Wrong(rule, write, instead=meant)
        return value

    @pydantic.model_validator(mode="after")
    def _absent_keeps_nothing(self) -> GatewayOptions:
        others = [it for it in GATEWAY_SPEC if getattr(self, it) not in (None, "")]
        if self.state == "absent" and others:
            rule = (
                f"absent clears the URLs and sets nothing, so {', '.join(others)} would be ignored"
            )
            raise Wrong(rule, "Leave out one or the other.", option="state")
        return self


@dataclass(frozen=True)
class ObservedGateway:
    """The settings as GitLab has them; ``values`` has only options that this release offers."""

    release: Release
    values: dict[str, Any]
    # Feature -> provider, read only if a URL is to be cleared or to lead to GitLab's hosts.
    providers: Mapping[str, str] = field(default_factory=dict)
    # Options for which another of GitLab's processes shows a different value, with that value.
    otherwise: Mapping[str, Any] = field(default_factory=dict)


def options(params: dict[str, Any]) -> GatewayOptions:
    """Check the options of a task."""
    return check(GatewayOptions, params)


def look_again(
    gitlab: GitLab, wanted: GatewayOptions, found: ObservedGateway, looks: int = LOOKS
) -> ObservedGateway:
    """Return the observed settings with those that another of GitLab's processes shows otherwise.

    :param looks: maximal number of requests; none is sent if nothing differs or nothing is cached.
    """
    if not found.release.gateway_is_application_setting or not _plan(wanted, found).steps:
        return found
    for _look in range(looks):
        gitlab.forget()
        other = observe(gitlab, wanted).values
        differing = {name: it for name, it in other.items() if it != found.values.get(name)}
        if differing:
            return replace(found, otherwise=differing)
    return found


def is_done_elsewhere(wanted: GatewayOptions, found: ObservedGateway) -> bool:
    """Return whether another of GitLab's processes shows the settings as declared."""
    there = replace(found, values={**found.values, **found.otherwise})
    return bool(found.otherwise) and not _plan(wanted, there).steps


def observe(gitlab: GitLab, wanted: GatewayOptions) -> ObservedGateway:
    """Read the settings in one request.

    :raises Failure: the token's user may not see them.
    """
    urls = [getattr(wanted, name) for name in URLS]
    opening = wanted.state == "absent" or any(url == "" or is_gitlabs(url) for url in urls)
    reading = gitlab.read(PERMISSION, *PARTS, *([FEATURE_SETTINGS] if opening else []))
    refuse_hidden(gitlab, reading)
    return ObservedGateway(
        release=Release.of(reading.version),
        values=values(reading),
        providers={
            str(node.get("feature")).lower(): str(node.get("provider")).lower()
            for node in reading.nodes("aiFeatureSettings")
        },
    )


def values(reading: Reading) -> dict[str, Any]:
    """Return the settings of a reading by option name, ``""`` for a text that is not set.

    :raises Failure: they are missing or of another type. Each write sends the URL along, so one
        that was wrongly read as empty would be cleared.
    """
    settings = reading.data.get("duoSettings")
    if not isinstance(settings, dict):
        raise reading.lacks("duoSettings")
    found: dict[str, Any] = {}
    for part, (option, name) in zip(PARTS, FIELDS.items(), strict=True):
        if part.name in reading.offered:
            value = settings.get(name, ...)
            kind = GATEWAY_SPEC[option]["type"]
            if value is not None and not _is(kind, value):
                raise reading.lacks(f"duoSettings.{name}")
            # A cleared text reads null.
            found[option] = value or "" if kind == "str" else value
    return found


def declared_gateway(params: Mapping[str, Any]) -> GatewayOptions:
    """Check the gateway options that the same run has declared, as given to a task."""
    given = params.get("declared_gateway") or {}
    return check(GatewayOptions, {name: it for name, it in given.items() if it is not None})


def agrees(planned: GatewayOptions, seen: Mapping[str, Any]) -> bool:
    """Return whether the settings seen are those that a run has written, as far as known."""
    return all(getattr(planned, name) in (None, value) for name, value in seen.items())


@dataclass(frozen=True)
class Look(Generic[Found]):
    """The result of one look at GitLab, and how far it can be relied on."""

    found: Found
    # Whether all is well, as far as it depends on the gateway that a run has written.
    done: bool
    # The settings that the result depends on; None if another answer contradicts them.
    seen: Mapping[str, Any] | None
    # Whether something is in order that was not in the last look.
    progress: bool = False


def until_agreed(gitlab: GitLab, look: Callable[[], Look[Found]], planned: GatewayOptions) -> Found:
    """Look once, and again while GitLab's processes do not agree about the gateway.

    :param planned: settings that a run has written, as far as they are known.
    :raises Failure: as ``look`` does, or the settings can't be read.
    """
    patience: Patience | None = None
    while True:
        made = look()
        known = gitlab.version and Release.of(gitlab.version).gateway_is_application_setting
        if made.done or not known:
            return made.found
        agreed = made.seen is not None and agrees(planned, made.seen)
        for _look in range(LOOKS_BEFORE_FAILURE):
            if agreed:
                gitlab.forget()
                agreed = values(gitlab.read(*PARTS)) == made.seen
        # The first repetitions follow at once, because the next request may reach a process that
        # knows the new settings.
        patience = patience or Patience(gitlab.connection.settle_timeout, LOOKS_BEFORE_FAILURE)
        if made.progress:
            patience.restart()
        if agreed or not patience.wait():
            return made.found
        gitlab.forget()


def _is(kind: str, value: Any) -> bool:
    # In Python, a bool is an int too.
    return isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == "bool")


def plan(wanted: GatewayOptions, found: ObservedGateway) -> Plan[ObservedGateway]:
    """Return what would change.

    :raises Failure: an option that this release does not offer.
    """
    made = _plan(wanted, found)
    if not made.steps or not found.otherwise:
        return made
    shown = masked({name: found.values.get(name) for name in found.otherwise})
    other = masked(found.otherwise)
    told = ", ".join(f"{name} ({shown[name] or 'none'}, {other[name] or 'none'})" for name in other)
    return replace(
        made,
        warnings=(*made.warnings, f"{DISAGREE} {told}. {WRITTEN}"),
        done_elsewhere=frozenset({ABOUT} if is_done_elsewhere(wanted, found) else ()),
    )


def _plan(wanted: GatewayOptions, found: ObservedGateway) -> Plan[ObservedGateway]:
    asked = {name: value for name in FIELDS if (value := getattr(wanted, name)) is not None}
    if wanted.state == "absent":
        asked = {name: "" for name in URLS if name in found.values}
    warnings = []
    for name in [name for name in asked if name not in found.values]:
        problem = Failure(
            messages.NOT_OFFERED,
            about=ABOUT,
            option=name,
            since=SINCE[name],
            version=found.release.text,
        )
        if wanted.when_unsupported == "fail":
            raise problem
        warnings.append(f"{name} is skipped: {problem.what}")
        del asked[name]
    saved = {"ai_gateway_url": _as_saved(found.values["ai_gateway_url"])}
    before, after = differences({**found.values, **saved}, asked)
    # Before 18.0 GitLab clears the URL if the argument is left out, so each write sends it along,
    # and any change also removes its trailing slash. But not if the reading may be old, because
    # that would undo somebody else's change.
    along = {} if found.release.gateway_is_application_setting else saved
    written = {**along, **after} if after else {}
    predicted = replace(found, values={**found.values, **written})
    opened = _opened(found, predicted)
    if opened and (gitlabs := [name for name in URLS if is_gitlabs(after.get(name))]):
        warnings.append(
            f"{' and '.join(gitlabs)}: the URL leads to one of GitLab's own hosts, so requests of "
            f"these features leave the site: {', '.join(opened)}."
        )
    elif opened:
        cleared = " and ".join(name for name in URLS if before.get(name) and not after[name])
        warnings.append(
            f"Without {cleared}, requests of these features go, or may go, to GitLab's cloud "
            f"unless the licence is an offline one: {', '.join(opened)}. To keep data inside, "
            "first set them to provider disabled."
        )
    if not after:
        return Plan((), predicted, tuple(warnings))
    shown_before, shown_after = masked(before), masked(after)
    for name, value in shown_after.items():
        if value == shown_before[name]:
            # Only the credentials in the URL differ, and they are never shown.
            shown_before[name], shown_after[name] = "(set)", "(changed)"
    step = Step(
        (Change("gateway", "", shown_before, shown_after),),
        Mutation(
            "duoSettingsUpdate",
            {FIELDS[name]: value for name, value in written.items()},
            _proof(found.release, after),
        ),
        copied=found.release.gateway_is_application_setting,
        passes=partial(_is_allowed_by_now, url=after.get("ai_gateway_url")),
    )
    return Plan((step,), predicted, tuple(warnings))


def _opened(now: ObservedGateway, later: ObservedGateway) -> list[str]:
    """Return the features for which a change opens a way to GitLab's cloud."""
    before = {way.feature for way in ways_out(now.providers, now.values, None)}
    after = ways_out(later.providers, later.values, None)
    return [way.feature for way in after if way.feature not in before]


def _is_allowed_by_now(gitlab: GitLab, _said: str, *, url: str | None) -> bool:
    """Return whether GitLab's outbound allowlist contains the host of a URL that it refused.

    Then it has just been added, and the process that refused does not know yet.
    """
    settings = gitlab.rest(APPLICATION_SETTINGS) if url else None
    return isinstance(settings, dict) and lists(settings, url or "")


def _proof(release: Release, changed: dict[str, Any]) -> Proof | None:
    if not release.shows_settings_written:
        return None
    return Proof("duoSettings", {FIELDS[name]: value for name, value in changed.items()})


def _as_saved(url: str) -> str:
    # GitLab removes one trailing slash when it saves, but not from AI_GATEWAY_URL, which it shows
    # if no URL is saved.
    return url.removesuffix("/")


def show(_wanted: GatewayOptions, found: ObservedGateway) -> dict[str, Any]:
    """Return all settings that the release offers."""
    return {"gateway": masked(found.values)}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **WHEN_UNSUPPORTED,
            **GATEWAY_SPEC,
            **PLAN_SPEC,
        }
    ),
    options=options,
    observe=observe,
    # Not in a first run: at worst it writes once more what a run that failed has written.
    look_again=lambda gitlab, wanted, found, step: (
        found if step.first else look_again(gitlab, wanted, found)
    ),
    plan=plan,
    show=show,
)

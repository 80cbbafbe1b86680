# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance-wide settings of GitLab Duo: availability, logs, retention, Agent Platform, governance.

REST has most of them, among the application settings; GraphQL has GitLab Duo Core and the minimum
access levels. No release shows one that it does not keep, so a setting that is not shown is not
written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._base import http_messages, messages
from .._base.messages import Failure, Unclear
from .._base.urls import masked
from .._duo import application_urls
from .._duo.instance_settings import (
    COMPANION,
    GRAPHQL,
    REGISTRY_WITH_PATH,
    REST,
    SETTINGS,
    VALUES_SINCE,
    closes,
)
from .._duo.offers import Offer
from .._duo.outbound_rules import APPLICATION_SETTINGS
from .._duo.releases import Release
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments
from .._engine.objects import about
from .._engine.plan import Change, Plan, Step, differences
from .._engine.run_plan import PLAN_SPEC
from .._engine.subject import Subject
from .._gitlab.graphql import Mutation, Part, Proof
from .settings_options import (
    DEFAULT_LEVEL,
    LEVELS,
    SETTINGS_SPEC,
    SettingsOptions,
    has_path,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._gitlab.client import GitLab

NAME = "setting"
BETA = "experiment_and_beta_features"
DUO_CORE = Part("DuoCore", f"duoSettings {{ {SETTINGS['duo_core'].key} }}", optional=True)
ACCESS_LEVELS = Part(
    "AccessLevels",
    f"duoSettings {{ {' '.join(SETTINGS[name].key for name in LEVELS)} }}",
    optional=True,
)
PARTS = (DUO_CORE, ACCESS_LEVELS)
_TYPES = {"str": str, "int": int, "bool": bool}
# How GitLab's list of all parameters begins, of which at least one has to be given. Its end, which
# says so, is cut off from a failure.
_NO_PARAMETER = "abuse_notification_email, admin_mode, "


@dataclass(frozen=True)
class ObservedSettings:
    """The settings as GitLab shows them, by option; one that it does not show is missing."""

    release: Release
    values: Mapping[str, Any] = field(default_factory=dict)


def observe(gitlab: GitLab, _wanted: SettingsOptions) -> ObservedSettings:
    """Read the settings, over REST and GraphQL at the same time.

    :raises Failure: the token's user may not see them.
    """
    application_settings = gitlab.rest_ahead(APPLICATION_SETTINGS)
    reading = gitlab.read(*PARTS)
    return observed(Release.of(reading.version), application_settings(), reading.data)


def observed(release: Release, shown: Any, data: Mapping[str, Any]) -> ObservedSettings:
    """Return the settings from what was read.

    :param shown: application settings, as REST has them.
    :param data: of a reading of :data:`PARTS`.
    :raises Failure: the token's user may not see them, or a value is of another type.
    """
    if not isinstance(shown, dict):
        raise Failure(messages.SETTINGS_UNREADABLE)
    duo = data.get("duoSettings")
    graphql = dict(duo) if isinstance(duo, dict) else {}
    if graphql.get(SETTINGS["duo_core"].key) is None:
        # Whoever may not see it sees no level either, and null is a level too: the default.
        graphql = {}
    found = {
        name: _value(name, source[it.key])
        for name, it in SETTINGS.items()
        if it.key in (source := graphql if it.api == GRAPHQL else shown)
    }
    return ObservedSettings(release, found)


def _value(name: str, shown: Any) -> Any:
    """Return a value as an option has it."""
    kind, it = SETTINGS_SPEC[name]["type"], SETTINGS[name]
    if shown is None and kind == "str":
        return DEFAULT_LEVEL if name in LEVELS else ""
    # For Python, a truth value is a whole number too.
    if not isinstance(shown, _TYPES[kind]) or isinstance(shown, bool) != (kind == "bool"):
        path = "/api/v4" + APPLICATION_SETTINGS if it.api == REST else "/api/graphql"
        reason = f"{it.key} has an unexpected form"
        raise Failure(http_messages.BROKEN_ANSWER, path=path, reason=reason)
    if name in LEVELS:
        return str(shown).lower()
    return not shown if it.inverted else shown


def _as_sent(name: str, value: Any) -> Any:
    """Return a value as GitLab takes it: of JSON's own types, for it takes many a text as true."""
    if name in LEVELS:
        return None if value == DEFAULT_LEVEL else value.upper()
    return not value if SETTINGS[name].inverted else value


# --- plan --------------------------------------------------------------------------------------
def plan(wanted: SettingsOptions, found: ObservedSettings) -> Plan[ObservedSettings]:
    """Return what would change, what lets less happen first.

    :raises Failure: an option that this release or this licence does not offer.
    """
    later, hidden = _later(wanted, found.release), _hidden(wanted, found)
    if wanted.when_unsupported == "fail":
        for name, (option, offer) in later.items():
            raise Failure(
                messages.NOT_OFFERED,
                about=about(NAME, name),
                option=option,
                since=offer.text,
                version=found.release.text,
            )
        for problem in hidden.values():
            raise problem
    warnings = [f"{name} is skipped: {problem.what}" for name, problem in hidden.items()]
    if later:
        told = ", ".join(f"{option} (needs {offer.text})" for option, offer in later.values())
        warnings.append(f"Skipped on GitLab {found.release.text}: {told}.")
    skipped = {*later, *hidden}
    asked = {name: value for name, value in wanted.declared.items() if name not in skipped}
    turned_off = asked.get("availability") == "never_on" != found.values.get("availability")
    if turned_off and found.values.get(BETA):
        # GitLab does that itself.
        asked[BETA] = False
    before, after = differences(found.values, asked)
    shown_before, shown_after = masked(before), masked(after)
    changes = {name: _change(name, shown_before[name], shown_after[name]) for name in after}
    steps = [
        *(_graphql(changes, after, found.release, names) for names in (["duo_core"], LEVELS)),
        *(_rest(changes, after, found, names) for names in _requests(after)),
    ]
    closing = {name for name in after if closes(name, before[name], after[name])}
    ordered = sorted(
        (step for step in steps if step),
        key=lambda step: not all(it.name in closing for it in step.changes),
    )
    if unsure := [name for name in LEVELS if name in after and before[name] == DEFAULT_LEVEL]:
        warnings.append(
            f"{', '.join(unsure)}: GitLab keeps a minimum access level only while "
            f"{SETTINGS[unsure[0]].flag} is on, which it does not show."
        )
    predicted = replace(found, values={**found.values, **after})
    return Plan(tuple(ordered), predicted, tuple(warnings))


def parts(
    wanted: SettingsOptions, found: ObservedSettings
) -> tuple[SettingsOptions, SettingsOptions]:
    """Return the options whose change lets less happen than before, and all the others.

    A run carries out the first before anything else, and the second after everything that decides
    where requests go: so no state in between sends more out of a site than those at both ends.
    """
    closing = {
        name
        for name, value in wanted.declared.items()
        if name in found.values and closes(name, found.values[name], value)
    }
    less = wanted.model_copy(update={name: None for name in wanted.declared if name not in closing})
    return less, wanted.model_copy(update=dict.fromkeys(closing))


def _later(wanted: SettingsOptions, release: Release) -> dict[str, tuple[str, Offer]]:
    """Return the options that only a later release has, or whose values it has."""
    found: dict[str, tuple[str, Offer]] = {}
    for name, value in wanted.declared.items():
        offers: list[tuple[str, Offer]] = [(name, SETTINGS[name])]
        if (name, value) in VALUES_SINCE:
            offers.append((f"{name}: {value}", VALUES_SINCE[name, value]))
        if name == "workflow_image_registry" and has_path(value):
            offers.append((f"{name} with a path, tag or digest", REGISTRY_WITH_PATH))
        for option, offer in offers:
            if release.has(offer) is False:
                found.setdefault(name, (option, offer))
    return found


def _hidden(wanted: SettingsOptions, found: ObservedSettings) -> dict[str, Failure]:
    """Return the options that this release has, and GitLab does not show, with the reason."""
    return {
        name: Failure(
            messages.SETTING_NOT_SHOWN,
            about=about(NAME, name),
            needs=SETTINGS[name].needs,
        )
        for name in wanted.declared
        if name not in found.values and found.release.has(SETTINGS[name]) is not False
    }


def _change(name: str, before: Any, after: Any) -> Change:
    if before == after:
        # Only the credentials inside a URL differ, which are never shown.
        before, after = "(set)", "(changed)"
    return Change(
        NAME,
        name,
        {name: before},
        {name: after},
        group="GitLab Duo settings",
        fields=({"value": before}, {"value": after}),
    )


def _requests(after: Mapping[str, Any]) -> list[list[str]]:
    """Return the options of each REST request: together, but for those that have to be alone."""
    rest = [name for name in after if SETTINGS[name].api == REST]
    together = [name for name in rest if not SETTINGS[name].apart]
    return [*([name] for name in rest if SETTINGS[name].apart), together]


def _rest(
    changes: Mapping[str, Change],
    after: Mapping[str, Any],
    found: ObservedSettings,
    names: list[str],
) -> Step | None:
    if not names:
        return None
    sent = {name: after[name] for name in names}
    if all(SETTINGS[name].companion for name in names):
        # It is shown wherever the ones that need company are.
        sent[COMPANION] = found.values[COMPANION]
    return Step(tuple(changes[name] for name in names), Put(sent))


def _graphql(
    changes: Mapping[str, Change],
    after: Mapping[str, Any],
    release: Release,
    names: Iterable[str],
) -> Step | None:
    names = [name for name in names if name in after]
    if not names:
        return None
    values = {SETTINGS[name].key: _as_sent(name, after[name]) for name in names}
    shown = {key: "" if value is None else value for key, value in values.items()}
    proof = Proof("duoSettings", shown, unkept=partial(_not_kept, _needed(names[0])))
    return Step(
        tuple(changes[name] for name in names),
        Mutation("duoSettingsUpdate", values, proof if release.shows_settings_written else None),
    )


# --- writing -----------------------------------------------------------------------------------
def _needed(name: str) -> str:
    """Return what GitLab lacks if it does not keep a setting that it shows."""
    return SETTINGS[name].flag or SETTINGS[name].needs


def _not_kept(needs: str, objects: str) -> Failure:
    # The rest of the request may be stored: reading again tells.
    return Unclear(messages.SETTING_NOT_KEPT, retry=False, objects=objects, needs=needs)


@dataclass(frozen=True)
class Put:
    """Writes application settings, by option, and looks at what GitLab made of them."""

    values: Mapping[str, Any]

    def perform(self, gitlab: GitLab) -> None:
        """Send them in one request.

        :raises Unclear: GitLab refused them, which does not mean that it has stored none, or did
            not keep them.
        """
        sent = {SETTINGS[name].key: _as_sent(name, value) for name, value in self.values.items()}
        try:
            shown = gitlab.rest_put(APPLICATION_SETTINGS, sent)
        except Unclear:
            raise
        except Failure as refusal:
            raise Unclear.half(_explained(refusal, sent)) from None
        for name, value in self.values.items():
            key = SETTINGS[name].key
            if not isinstance(shown, dict) or key not in shown or _value(name, shown[key]) != value:
                raise _not_kept(_needed(name), key)


def _explained(refusal: Failure, sent: Mapping[str, Any]) -> Failure:
    """Return what a refusal of REST means, where more can be said than GitLab says."""
    if _NO_PARAMETER in refusal.what:
        # It names all the parameters that it has, which are hundreds.
        reason = f"this release takes none of {', '.join(sent)}"
        return Failure(messages.REFUSED, reason=reason, hint=messages.CORRECT)
    said = refusal.what.partition("GitLab refused it: ")[2]
    others = [name for name in application_urls.named_in(said) if name not in sent]
    return application_urls.failure(others, "these settings") if others else refusal


def show(_wanted: SettingsOptions, found: ObservedSettings) -> dict[str, Any]:
    """Return every setting that GitLab shows."""
    return {"settings": masked(found.values)}


SUBJECT = Subject(
    arguments=Arguments(spec={**WHEN_UNSUPPORTED, **SETTINGS_SPEC, **PLAN_SPEC}),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
)

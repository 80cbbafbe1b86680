# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what an upgrade of GitLab changes for this instance, and what to do before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.libraries import pydantic
from .._base.messages import Failure
from .._base.options import Options, check
from .._base.version import Minor, Patch
from .._duo.licences import AGENTS_ADD_ON, ENTERPRISE_ADD_ON, LEGACY, OFFLINE
from .._duo.offers import FAMILIES, FEATURES, Offer, is_agent_feature, runs_on_agent_platform
from .._duo.releases import Release
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments, required
from .._engine.finding import Finding
from .._engine.subject import Subject
from .._subjects.one_model import MODEL_SPEC, DeclaredModel
from .._subjects.one_setting import SETTING_SPEC, DeclaredSetting
from . import info
from .upgrade_note import UpgradeNote
from .upgrade_notes import BAD_RELEASES, KNOWN_RELEASE, KNOWN_UNTIL, NOTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .._gitlab.client import GitLab

SEVERITIES = ("breaking", "action", "info")
NOTE_SUBJECTS = ("platform", "license", "gateway", "models", "features", "beta_features")
# Early Mistral models, as they appear in identifiers and names.
_EARLY_MISTRAL = ("mistral-7b", "mixtral-8x7b", "mixtral-8x22b")
_CODE_SUGGESTIONS = ("code_completions", "code_generations")
_AGENTS_AND_FLOWS = ("duo_agent_platform", "duo_agent_platform_agentic_chat")


class UpgradeOptions(Options):
    """Options of ``duo_upgrade_check``."""

    target_version: str = pydantic.Field(pattern=r"^\d+\.\d+(\.\d+)?(-ee)?$")
    models: list[DeclaredModel] = pydantic.Field(default_factory=list)
    settings: list[DeclaredSetting] = pydantic.Field(default_factory=list)
    when_unsupported: str = "fail"
    subjects: list[str] | None = pydantic.Field(default=None, min_length=1)
    fail_on: str = "breaking"


@dataclass(frozen=True)
class ObservedUpgrade:
    """The instance as it is, and the target."""

    instance: info.ObservedInstance
    target: Release


def options(params: dict[str, Any]) -> UpgradeOptions:
    """Check the options of a task."""
    return check(UpgradeOptions, params)


def observe(gitlab: GitLab, wanted: UpgradeOptions) -> ObservedUpgrade:
    """Read the instance in one request.

    :raises Failure: the target is older than the instance.
    """
    instance = info.read(gitlab, info.InfoOptions())
    target = Release.parse(wanted.target_version)
    if target is None or target.is_before(instance.release):
        raise Failure(
            messages.NO_UPGRADE, target=wanted.target_version, version=instance.release.text
        )
    return ObservedUpgrade(instance, target)


# --- what the upgrade brings -------------------------------------------------------------------
def _brought(wanted: UpgradeOptions, observed: ObservedUpgrade) -> list[UpgradeNote]:
    """Return the notes on the requested subjects that concern the instance."""
    return sorted(
        (
            it
            for it in _notes(wanted, observed.instance, observed.target)
            if wanted.subjects is None or it.subject in wanted.subjects
        ),
        key=lambda it: (SEVERITIES.index(it.severity), it.version),
    )


def _notes(
    wanted: UpgradeOptions, found: info.ObservedInstance, target: Release
) -> Iterator[UpgradeNote]:
    now = found.release
    concerned = _concerned(wanted, found)
    yield from _stops(now, target)
    for bad in BAD_RELEASES:
        if target.is_patch(bad.version) and concerned[bad.concerns]:
            yield bad
    for note in NOTES:
        if _matters(note, now, target) and concerned[note.concerns]:
            # Without a patch, the target may be a release without the fault.
            open_end = note.fixed and not target.exact and note.severity == "breaking"
            yield replace(note, severity="action") if open_end else note
    yield from _appearing(FEATURES, "features", "features", now, target)
    yield from _appearing(FAMILIES, "models", "model families", now, target)
    yield from _declared(wanted, target)
    if found.gateway.get("ai_gateway_url") and target.minor != now.minor:
        yield UpgradeNote(
            severity="action",
            version=target.minor,
            subject="gateway",
            what="The gateway has to be of the same release as GitLab: the newest image with the "
            f"tag {_tag(target)}.",
            action="Make sure that this image can be pulled. Upgrade GitLab first and the gateway "
            "directly after it, and never run a newer gateway with an older GitLab: a "
            "gateway of 19.6 or later breaks flows of GitLab 19.5 and earlier (DCR4005).",
            source="install/install_ai_gateway, !266527",
        )


def _matters(note: UpgradeNote, now: Release, target: Release) -> bool:
    """Return whether the upgrade brings a note's change, or ends in a release with its fault."""
    if not note.fixed:
        return now.passes(note.version, target)
    if now.minor == target.minor:
        # Within a minor, a fault matters only if both patches have it.
        has = now.may_have(note.version, note.fixed)
        return target.exact and has and target.may_have(note.version, note.fixed)
    return target.may_have(note.version, note.fixed)


def _concerned(wanted: UpgradeOptions, found: info.ObservedInstance) -> Mapping[str, bool]:
    """Return for each condition of the notes whether it holds for the instance.

    A feature counts as using a self-hosted model if it does so now or is declared to.
    """
    settings, models = found.state.settings, found.state.models.values()
    served = {name for name, it in settings.items() if it.provider == "self_hosted"}
    served |= {name for it in wanted.settings if it.model for name in it.features}
    kind = found.license["type"]
    offline = kind == OFFLINE
    agents = any(map(is_agent_feature, served))
    flows = {name for name in served if runs_on_agent_platform(name)} - set(_AGENTS_AND_FLOWS)
    for_agents = _has_add_on(found, AGENTS_ADD_ON)
    reviews = settings.get("review_merge_request")
    names = [f"{model.name} {model.identifier}".lower() for model in models]
    return {
        "everyone": True,
        "gateway": bool(found.gateway.get("ai_gateway_url")),
        "models": bool(names),
        "agent_platform": agents,
        "agent_platform_online": agents and not offline,
        "agent_platform_offline": agents and offline and not for_agents,
        "agent_platform_add_on": for_agents,
        "agent_platform_url": bool(found.gateway.get("duo_agent_platform_service_url")),
        "offline": offline,
        "online": not offline,
        # A feature that is not shown may be on.
        "offline_reviews": offline
        and _has_add_on(found, ENTERPRISE_ADD_ON)
        and not for_agents
        and (reviews is None or reviews.provider != "disabled"),
        "offline_flows_alone": offline and bool(flows) and "duo_agent_platform" not in served,
        "online_code_suggestions": kind not in (OFFLINE, LEGACY)
        and any(name in served for name in _CODE_SUGGESTIONS),
        "beta": found.beta is not False,
        "bedrock": any(model.identifier.startswith("bedrock/") for model in models),
        "early_mistral": any(early in name for early in _EARLY_MISTRAL for name in names),
        "default_features": any(
            setting.provider in ("vendored", "unassigned") for setting in settings.values()
        ),
    }


def _has_add_on(found: info.ObservedInstance, name: str) -> bool:
    return any(add_on["name"] == name for add_on in found.license["add_ons"])


def _stops(now: Release, target: Release) -> Iterator[UpgradeNote]:
    for stop in now.stops_on_the_way(target):
        yield UpgradeNote(
            severity="action",
            version=stop,
            subject="platform",
            what=f"GitLab {_text(stop)} is a required upgrade stop.",
            action=f"Upgrade to the latest patch of {_text(stop)} first and let its background "
            "migrations finish.",
            source="update/upgrade_paths",
        )


def _text(version: Minor | Patch) -> str:
    return ".".join(map(str, version))


def _appearing(
    offers: Mapping[str, Offer], subject: str, kind: str, now: Release, target: Release
) -> Iterator[UpgradeNote]:
    by_release: dict[Minor | Patch, list[str]] = {}
    for name, offer in offers.items():
        if now.has(offer) is False and target.has(offer) is not False:
            by_release.setdefault(offer.since, []).append(
                name if target.has(offer) else f"{name} (perhaps)"
            )
    for since, names in by_release.items():
        yield UpgradeNote(
            severity="info",
            version=since,
            subject=subject,
            what=f"New {kind} from about this release on: {', '.join(names)}.",
            action="Declare which model serves them, or disable them."
            if subject == "features"
            else "Declare models of these families if you want to use them.",
            source="GraphQL reference",
        )


def _declared(wanted: UpgradeOptions, target: Release) -> Iterator[UpgradeNote]:
    """Yield the declared features and families that the target will not know."""
    features = [name for setting in wanted.settings for name in setting.features]
    families = [it.model_family for it in wanted.models if it.state == "present"]
    yield from _lacking(wanted, target, FEATURES, "features", "feature", features)
    yield from _lacking(wanted, target, FAMILIES, "models", "model family", filter(None, families))


def _lacking(
    wanted: UpgradeOptions,
    target: Release,
    offers: Mapping[str, Offer],
    subject: str,
    kind: str,
    names: Iterable[str],
) -> Iterator[UpgradeNote]:
    for name in names:
        offer = offers.get(name)
        if offer and target.has(offer) is not False:
            continue
        skipped = offer is not None and wanted.when_unsupported == "warn"
        yield UpgradeNote(
            severity="info" if skipped else "breaking",
            version=target.minor,
            subject=subject,
            what=f"The declared {kind} {name} is not known in GitLab {_minor(target)}.",
            action="It is skipped there, with a warning."
            if skipped
            else "Correct the name, leave it out for this instance, or set when_unsupported: warn."
            if offer
            else "Correct the name.",
            source="GraphQL reference",
        )


def _minor(release: Release) -> str:
    return _text(release.minor)


def _tag(target: Release) -> str:
    """Return the pattern of the gateway image's tags that fit a release."""
    return f"self-hosted-v{_minor(target)}.*-ee"


# --- results -----------------------------------------------------------------------------------
def show(wanted: UpgradeOptions, found: ObservedUpgrade) -> dict[str, Any]:
    """Return the notes, worst first."""
    return {
        "instance": {"url": found.instance.url, "version": found.instance.release.text},
        "target_version": found.target.text,
        "findings": [
            {
                "severity": it.severity,
                "version": _text(it.version),
                "subject": it.subject,
                "what": it.what,
                "action": it.action,
                "source": it.source,
                "fixed_in": [_text(version) for version in it.fixed],
            }
            for it in _brought(wanted, found)
        ],
        "knowledge": {"release": KNOWN_RELEASE, "date": KNOWN_UNTIL},
        "gateway_image_tag": _tag(found.target),
    }


def findings(wanted: UpgradeOptions, found: ObservedUpgrade) -> Iterator[Finding]:
    """Yield what the upgrade brings, and a warning if the target is not known."""
    fatal = {"any": SEVERITIES, "breaking": ("breaking",)}.get(wanted.fail_on, ())
    for it in _brought(wanted, found):
        yield Finding("error" if it.severity in fatal else "info", it.subject, it.what, it.action)
    if found.target.newer_than_known:
        yield Finding(
            "warning",
            "platform",
            f"GitLab {_minor(found.target)} is newer than the last release known here: GitLab "
            f"{KNOWN_RELEASE}, as read on {KNOWN_UNTIL}. The findings lack later changes: use a "
            "newer release of this collection, and read GitLab's own upgrade notes.",
        )


def failure(errors: Sequence[Finding], wanted: UpgradeOptions, _found: ObservedUpgrade) -> Failure:
    """Return the failure for fatal notes."""
    return Failure(
        messages.UPGRADE_FINDINGS,
        count=len(errors),
        target=wanted.target_version,
        first=errors[0].text,
    )


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "target_version": {"type": "str", "required": True},
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
            **WHEN_UNSUPPORTED,
            "subjects": {"type": "list", "elements": "str", "choices": list(NOTE_SUBJECTS)},
            "fail_on": {
                "type": "str",
                "choices": ["breaking", "any", "never"],
                "default": "breaking",
            },
        }
    ),
    options=options,
    observe=observe,
    show=show,
    findings=findings,
    failure=failure,
)

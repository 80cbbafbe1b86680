# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, model families and feature flags of one release."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .schema_data import DATA
from .versions import Release

#: Flags that GitLab's own code asks about: (first release, release that dropped it, default).
#: `featureFlags` leaves out names that are not defined (17.4).
FLAGS: dict[str, tuple[tuple[int, int], tuple[int, int] | None, bool]] = {
    # 17.9: default unknown, the stricter reading is off; about 17.10: on together with beta.
    "ai_duo_chat_sub_features_settings": ((17, 9), (18, 0), True),
    "sign_in_form_vue": ((18, 8), None, True),
    "self_hosted_dap_per_request_billing": ((18, 9), None, True),
    "dap_instance_customizable_permissions": ((18, 7), None, False),
    "granular_personal_access_tokens_for_graphql": ((18, 8), None, False),
}


@dataclass(frozen=True)
class Feature:
    name: str
    title: str
    main_feature: str
    release_state: str
    only_with_beta: bool
    not_on_premium: bool
    families: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    name: str
    display_name: str
    release_state: str


@dataclass(frozen=True)
class OfferedModel:
    """A model that GitLab hosts. No source names one: these two are the sandbox's inventions."""

    ref: str
    name: str
    provider: str
    cost: str


OFFERED_MODELS = (
    OfferedModel("claude_sonnet_4_20250514", "Claude Sonnet 4.0", "Anthropic", "$$"),
    OfferedModel("gpt_5", "GPT-5", "OpenAI", "$"),
)
DEFAULT_OFFERED_MODEL = OFFERED_MODELS[0]


@dataclass(frozen=True)
class Catalog:
    features: dict[str, Feature]
    families: dict[str, Family]
    providers: tuple[str, ...]
    default_provider: str
    flags: dict[str, bool]


def catalog_of(release: Release, names: dict[str, Any]) -> Catalog:
    """Families are those of the newest release, cut to what the release's enums know.

    Titles and states of releases before 18.9 are those of 18.9. State and families of
    `recommend_reviewers_assign` and `bl_security` (19.5) were not read: they are those of their
    neighbours, and their titles are the sandbox's own.
    """
    data = json.loads((DATA / "features.json").read_text("utf-8"))
    enums = names["enums"]
    known = {value.lower() for value in enums["AiAcceptedSelfHostedModels"]}
    changes: dict[str, dict[str, Any]] = {}
    for since, change in data["changes"].items():
        major, minor = since.split(".")
        if release.at_least(int(major), int(minor)):
            for name, values in change.items():
                changes.setdefault(name, {}).update(values)
    features = {}
    for value in enums["AiFeatures"]:
        name = value.lower()
        raw = {**data["features"][name], **changes.get(name, {})}
        raw["families"] = tuple(family for family in raw["families"] if family in known)
        features[name] = Feature(name=name, **raw)
    families = {
        name: Family(name, raw["display_name"] or name.capitalize(), raw["release_state"])
        for name, raw in data["families"].items()
        if name in known
    }
    providers = tuple(value.lower() for value in enums["AiFeatureProviders"])
    flags = {}
    for flag, (since_flag, until, by_default) in FLAGS.items():
        if release.at_least(*since_flag) and not (until and release.at_least(*until)):
            flags[flag] = by_default
    if not release.at_least(17, 10):
        flags["ai_duo_chat_sub_features_settings"] = False
    default = "unassigned" if "unassigned" in providers else "vendored"
    return Catalog(features, families, providers, default, flags)

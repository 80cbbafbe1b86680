# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of feature settings: what is listed, stored and refused.

Source: GitLab 18.9, ee/app/models/ai/feature_setting.rb.
"""

from __future__ import annotations

from typing import Any

from .abilities import Abilities
from .catalog import DEFAULT_OFFERED_MODEL, OFFERED_MODELS, Feature, OfferedModel
from .errors import GENERAL, FieldError, ServerFault, no_permission
from .rules_models import is_ga
from .state import FeatureRow, Instance, SelfHostedModel

#: `dap_features` in `mutations/ai/feature_settings/update.rb`: what has a right of its own, and is
#: listed first. The last two came with 19.4 and 19.5; the other flows have the classic right.
AGENTS = (
    "duo_agent_platform",
    "duo_agent_platform_agentic_chat",
    "duo_developer",
    "recommend_reviewers_assign",
)
ALWAYS_IN_17_9 = ("code_generations", "code_completions", "duo_chat")
SUB_FEATURES_FLAG = "ai_duo_chat_sub_features_settings"


def listed(instance: Instance) -> list[Feature]:
    """The features that `aiFeatureSettings` answers without an argument, in GitLab's order."""
    catalog, release = instance.catalog, instance.release
    first = [catalog.features[name] for name in AGENTS if name in catalog.features]
    rest = [one for one in catalog.features.values() if one not in first]
    if not release.at_least(17, 10):
        flag = instance.flag(SUB_FEATURES_FLAG)
        return [one for one in rest if flag or one.name in ALWAYS_IN_17_9]
    flagged = instance.beta_on
    if not release.at_least(18, 0):
        flagged = flagged and instance.flag(SUB_FEATURES_FLAG)
    premium = instance.license is not None and instance.license.plan == "premium"
    ordinary = [one for one in rest if not one.only_with_beta]
    beta = [one for one in rest if one.only_with_beta and flagged]
    return [one for one in first + ordinary + beta if not (premium and one.not_on_premium)]


def row_or_default(instance: Instance, feature: str) -> FeatureRow:
    row = instance.feature_row(feature)
    return row or FeatureRow(0, feature, instance.catalog.default_provider)


def valid_models(instance: Instance, feature: Feature) -> list[SelfHostedModel]:
    fitting = [one for one in instance.models if one.model in feature.families]
    return sorted(
        (one for one in fitting if instance.beta_on or is_ga(instance, one)),
        key=lambda one: one.name,
    )


def definitions(instance: Instance) -> tuple[OfferedModel, ...]:
    """GitLab's own models: asked of the cloud since 18.4, never with an offline cloud licence."""
    license_ = instance.license
    offline = license_ is not None and license_.type == "offline_cloud"
    return OFFERED_MODELS if instance.options.cloud_reachable and not offline else ()


def definitions_fail(instance: Instance) -> bool:
    """Out of reach. An offline cloud licence skips the question, so it cannot fail."""
    license_ = instance.license
    offline = license_ is not None and license_.type == "offline_cloud"
    asks = instance.release.at_least(18, 4)
    return asks and not offline and not instance.options.cloud_reachable


def update(
    instance: Instance, abilities: Abilities, names: list[str], data: dict[str, Any]
) -> tuple[list[FeatureRow], list[str]]:
    """Each feature is saved alone; errors do not name it; good ones stay saved."""
    provider = data["provider"].lower()
    model_id = data.get("aiSelfHostedModelId")
    offered = data.get("offeredModelRef")
    _check_permissions(abilities, names, model_id, offered)
    if not names:
        return [], ["At least one feature is required"]
    saved: list[FeatureRow] = []
    problems: list[str] = []
    for name in names:
        row = row_or_default(instance, name)
        row = FeatureRow(**{**vars(row), "provider": provider})
        if "aiSelfHostedModelId" in data:
            row.model_id = model_id
        row.offered_model_ref = None
        problem = _problem(instance, instance.catalog.features[name], row, offered)
        if problem:
            problems.append(problem)
            continue
        _save(instance, row)
        saved.append(row)
    if saved and definitions_fail(instance) and not instance.release.at_least(19, 4):
        # The payload asks for the definitions once more and does not look at the answer: the
        # settings are stored, and the request ends in HTTP 500 (18.9 and 18.11, executed; no more
        # in 19.4, and the releases between were not read).
        raise ServerFault
    return saved, problems


def _check_permissions(
    abilities: Abilities, names: list[str], model_id: int | None, offered: str | None
) -> None:
    """Order: general ability, model id, offered model. A null model id is not checked."""
    if not (abilities.manage_self_hosted or abilities.manage_instance_model_selection):
        raise FieldError(GENERAL)
    if model_id is not None:
        agent = any(name in AGENTS for name in names)
        classic = any(name not in AGENTS for name in names) or not names
        if (classic and not abilities.manage_self_hosted) or (
            agent and not abilities.manage_agent_platform_models
        ):
            raise no_permission("ai_self_hosted_model_id")
    if (offered or "").strip() and not abilities.manage_instance_model_selection:
        raise no_permission("offered_model_ref")


def _problem(
    instance: Instance, feature: Feature, row: FeatureRow, offered: str | None
) -> str | None:
    if row.provider == "vendored" and instance.release.at_least(18, 4):
        row.model_id = None
        if definitions_fail(instance):
            return "Failed to fetch model definitions"
        if feature.name == "glab_ask_git_command" and not instance.release.at_least(18, 10):
            # GitLab's own list of models lacks it in 18.9 (Rails' text), but not in 18.11.
            return "Feature is not included in the list"
        ref = (offered or "").strip()
        if ref and ref not in {one.ref for one in definitions(instance)}:
            return (
                f"Offered model ref Selected model '{ref}' is not compatible with "
                f"the feature '{feature.name}', "
                "Offered model ref Model reference not found in definitions"
            )
        row.offered_model_ref = ref or None
        return None
    model = instance.model(row.model_id)
    if row.provider != "self_hosted":
        if row.model_id is not None and model is None:
            # For these providers only the foreign key checks the link.
            raise ServerFault
        return None
    if model is None:
        return "Self hosted model can't be blank"
    if model.model not in feature.families:
        return f"{model.model.capitalize()} is incompatible with the {feature.title} feature"
    return None


def _save(instance: Instance, row: FeatureRow) -> None:
    stored = instance.feature_row(row.feature)
    if stored is None:
        row.id = instance.next_id("feature")
        instance.features.append(row)
    else:
        instance.features[instance.features.index(stored)] = row
    instance.audit("self_hosted_model_feature_changed")


def gitlab_model(instance: Instance, row: FeatureRow) -> OfferedModel | None:
    if row.provider != "vendored":
        return None
    return next((o for o in definitions(instance) if o.ref == row.offered_model_ref), None)


def default_gitlab_model(instance: Instance) -> OfferedModel | None:
    return DEFAULT_OFFERED_MODEL if definitions(instance) else None

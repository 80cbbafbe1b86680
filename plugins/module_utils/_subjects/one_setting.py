# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One feature setting: its options and their rules, the mutations, the return values.

GraphQL ``aiFeatureSettingUpdate`` (17.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import messages, permission_messages
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.messages import Failure
from .._base.options import LENIENT, Options, Short, Spec, one_of
from .._duo.licences import OFFLINE
from .._duo.offers import PROVIDERS, is_agent_feature
from .._engine import objects
from .._engine.access import LICENSE, license_facts
from .._engine.plan import Change, Step, differences
from .._gitlab.graphql import Mutation, Proof
from .stored import GITLAB_MODELS, Model, Setting, knows_gitlab_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._duo.releases import Release
    from .._gitlab.client import GitLab

NAME = "feature_model"
_NOT_SHOWN = "(not shown by GitLab)"
# Option that a release may lack -> first release that has it, for messages.
SINCE = {"gitlab_model": "18.4"}
# One assignment of features. The accepted names depend on the release, so there are no choices.
SETTING_SPEC: Spec = {
    "features": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "provider": {"type": "str"},
    "model": {"type": "str"},
    "gitlab_model": {"type": "str"},
}


def lower_names(names: Iterable[str]) -> list[str]:
    """Return names of features in lower case; people also write the upper case of GraphQL."""
    return [name.lower() for name in names]


class SettingOptions(Options):
    """One assignment of features to a provider and a model."""

    features: list[Short] = pydantic.Field(min_length=1)
    state: str = "present"
    provider: Short | None = None
    model: Short | None = None
    gitlab_model: Short | None = None

    @pydantic.field_validator("features")
    @classmethod
    def _lower(cls, value: list[str]) -> list[str]:
        return lower_names(value)

    @pydantic.field_validator("provider")
    @classmethod
    def _provider(cls, value: str | None) -> str | None:
        return one_of(value, PROVIDERS, "provider")

    @pydantic.model_validator(mode="after")
    def _provider_fits_model(self) -> SettingOptions:
        if self.state == "absent":
            if self.provider or self.model or self.gitlab_model:
                raise Wrong(
                    "absent cannot be combined with provider, model or gitlab_model",
                    "Leave these out, or leave out {}.",
                    option="state",
                )
            return self
        if self.model is not None and self.gitlab_model is not None:
            raise Wrong(
                "model and gitlab_model cannot be combined",
                "Leave out {}, or gitlab_model.",
                option="model",
                named=True,
            )
        provider = self.resolved_provider
        if provider is None:
            raise Wrong(
                "is required when neither model nor gitlab_model is given",
                f"Write one of these as {{}}: {', '.join(PROVIDERS)}.",
                option="provider",
            )
        if self.model and provider != "self_hosted":
            raise Wrong(
                f"cannot be combined with provider {provider}",
                "Leave out {}, or write provider: self_hosted.",
                option="model",
            )
        if provider == "self_hosted" and not self.model:
            raise Wrong(
                "is required for provider self_hosted",
                "Write the name of a self-hosted model as {}.",
                option="model",
            )
        if self.gitlab_model and provider != "vendored":
            raise Wrong(
                f"cannot be combined with provider {provider}",
                "Leave out {}, or write provider: vendored.",
                option="gitlab_model",
            )
        return self

    @property
    def resolved_provider(self) -> str | None:
        """Provider as given, or the one that the model implies."""
        if self.provider:
            return self.provider
        return "self_hosted" if self.model else "vendored" if self.gitlab_model else None


class DeclaredSetting(Options):
    """The fields of a declared feature setting that checks need."""

    model_config = LENIENT

    features: list[Short]
    model: Short | None = None

    @pydantic.field_validator("features")
    @classmethod
    def _lower(cls, value: list[str]) -> list[str]:
        return lower_names(value)


# --- steps --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Target:
    """The setting that a feature should get."""

    provider: str
    model: Model | None
    gitlab_model: str | None


def about(feature: str) -> str:
    """Return the name of a feature as messages and diffs show it."""
    return objects.about(NAME, feature)


def change_of(feature: str, current: Setting | None, target: Target) -> Change | None:
    """Return the change to a feature, or None; one that GitLab does not show always changes."""
    name = target.model.name if target.model else None
    wanted = (target.provider, name, target.gitlab_model or None)
    there, after = _NOT_SHOWN, _fields(*wanted)
    # Without a current setting to compare with, all fields that have a value.
    after = {field: value for field, value in after.items() if value}
    before: dict[str, Any] = dict.fromkeys(after, _NOT_SHOWN)
    if current:
        # A GitLab-managed model that is not declared is left alone.
        asked = target.gitlab_model is not None
        seen = (current.provider, current.model, current.gitlab_model if asked else None)
        if seen == wanted:
            return None
        there = _text(*seen)
        before, after = differences(_fields(*seen), _fields(*wanted))
    return Change(
        NAME,
        feature,
        {feature: there},
        {feature: _text(*wanted)},
        # The model that it is linked to shows its state; otherwise only the list of features does.
        visible=target.model is not None or (current is not None and current.listed),
        group="feature settings",
        fields=(before, after),
    )


def _fields(provider: str, model: str | None, gitlab_model: str | None) -> dict[str, Any]:
    return {"provider": provider, "model": model, "gitlab_model": gitlab_model}


def _text(provider: str, model: str | None, gitlab_model: str | None) -> str:
    """Return a setting as a diff shows it, complete."""
    if model and provider != "self_hosted":
        # A leftover link counts as use of the model, whatever the provider.
        return f"{provider} (still linked to {model})"
    return " ".join(filter(None, (provider, model, gitlab_model)))


def applied(current: Setting | None, target: Target) -> Setting:
    """Return the setting after the change."""
    base = current or Setting(provider=target.provider, listed=False)
    return base.model_copy(
        update={
            "provider": target.provider,
            "model": target.model.name if target.model else None,
            "model_id": (target.model.id or None) if target.model else None,
            "gitlab_model": target.gitlab_model or None,
        }
    )


def steps_of(target: Target, changes: list[Change], release: Release) -> list[Step]:
    """Return the mutations of one target: a single one if the release takes many features."""
    names = [name.upper() for change in changes for name in change.after]
    values: dict[str, Any] = {
        "provider": target.provider.upper(),
        # Sent even if null: otherwise the old link would stay in the row, and deleting that model
        # later would remove the row and turn the feature on again.
        "aiSelfHostedModelId": target.model.id if target.model else None,
    }
    if target.gitlab_model is not None:
        values["offeredModelRef"] = target.gitlab_model
    if release.many_features_per_update:
        proof = _proof(target, len(names)) if release.shows_objects_written else None
        call = Mutation("aiFeatureSettingUpdate", {"features": names, **values}, proof)
        return [Step(tuple(changes), call, awaited=True)]
    return [
        Step(
            (change,),
            Mutation("aiFeatureSettingUpdate", {"feature": name, **values}),
            awaited=True,
        )
        for name, change in zip(names, changes, strict=True)
    ]


def _proof(target: Target, count: int) -> Proof | None:
    if target.gitlab_model is not None:
        return None  # GitLab may not be able to tell which one it is
    model = target.model.id if target.model else ""
    values = {"provider": target.provider, "selfHostedModel.id": model}
    return Proof("aiFeatureSettings", values, count, also="feature")


# --- refusals ----------------------------------------------------------------------------------
# Part of GitLab's refusal of a feature setting (18.4 to 19.4) -> our message.
_SAID = {
    "Failed to fetch model definitions": permission_messages.NO_LIST_OF_MODELS,
    "when fetching model definitions": permission_messages.NO_LIST_OF_MODELS,
    "Feature is not included in the list": permission_messages.NOT_VENDORED,
}


def explain(
    gitlab: GitLab, changes: Sequence[Change], said: str, failure: Failure
) -> Failure | None:
    """Return the failure for a refusal of feature settings; None if the general one is right."""
    agents = all(is_agent_feature(change.name) for change in changes)
    if agents and failure.code == messages.NOT_PERMITTED.code:
        return Failure(permission_messages.AGENTS_NOT_PERMITTED)
    for text, message in _SAID.items():
        if text in said:
            return Failure(message, version=gitlab.version and gitlab.version.text)
    return None


def saves_before_error(gitlab: GitLab) -> bool:
    """Return whether GitLab may answer 500 although it has saved a feature setting.

    From 18.4 on, GitLab asks its cloud for the definitions of its own models after it has saved
    feature settings, and answers 500 if it cannot (with an offline licence it does not ask). So the
    first step of such a request has been carried out, and none after it.
    """
    try:
        reading = gitlab.read(GITLAB_MODELS, LICENSE)
        offline = license_facts(reading.data)["type"] == OFFLINE
    except Failure:
        return False
    asked = GITLAB_MODELS.name in reading.offered and not offline
    return asked and not knows_gitlab_models(reading)


# --- results -----------------------------------------------------------------------------------
def shown(feature: str, setting: Setting) -> dict[str, Any]:
    """Return a setting as modules return it."""
    return {
        "feature": feature,
        "provider": setting.provider,
        "model": setting.model,
        "gitlab_model": setting.gitlab_model,
    }

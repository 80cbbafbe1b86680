# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predict refusals of feature settings that depend on licence, add-ons, release or beta features.

Sources: ``mutations/ai/feature_settings/update.rb`` and ``global_policy.rb`` of GitLab 18.9, 18.11
and 19.4, followed for each feature and provider under each kind of licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._base import permission_messages as _errors
from .._base.messages import Failure
from .licences import AGENTS_ADD_ON, OFFLINE
from .offers import is_agent_feature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .releases import Release


@dataclass(frozen=True)
class Circumstances:
    """What decides, beside the setting itself, whether GitLab accepts it."""

    release: Release
    # As license_facts returns it; None if it was not read.
    license: Mapping[str, Any] | None
    beta: bool | None  # whether beta features are on; None if GitLab does not say
    # Whether GitLab has the list of its own models; None if it was not asked for.
    lists_models: bool | None = None

    @property
    def license_type(self) -> str | None:
        """Type of the licence; None if GitLab did not say, and then nothing is concluded."""
        return self.license["type"] if self.license else None

    @property
    def add_ons(self) -> list[str]:
        """Names of the active add-ons."""
        return [it["name"] for it in self.license["add_ons"]] if self.license else []

    @property
    def offline(self) -> bool:
        """Whether the licence is an offline one, with which GitLab never talks to its cloud."""
        return self.license_type == OFFLINE


@dataclass(frozen=True)
class Refusal:
    """Why GitLab refuses a setting; not certain if the sources leave it open."""

    failure: Failure
    certain: bool


def refusals(
    settings: Mapping[str, tuple[str, str | None]], here: Circumstances
) -> list[tuple[Refusal, list[str]]]:
    """Return each refusal that is certain or possible, with the features that it concerns.

    :param settings: feature to be written -> provider and GitLab-managed model.
    """
    found: dict[str, tuple[Refusal, list[str]]] = {}
    for feature, (provider, gitlab_model) in settings.items():
        if why := refusal(feature, provider, gitlab_model, here):
            found.setdefault(why.failure.code, (why, []))[1].append(feature)
    return sorted(found.values(), key=lambda it: not it[0].certain)


def refusal(
    feature: str, provider: str, gitlab_model: str | None, here: Circumstances
) -> Refusal | None:
    """Return why GitLab refuses to give a feature a provider, or None if it accepts it.

    A provider other than ``self_hosted`` is sent without a model, so it needs no extra permission.

    :param gitlab_model: reference of a GitLab-managed model, for ``vendored``.
    """
    if here.license_type is None:
        return None
    if provider == "self_hosted" and is_agent_feature(feature):
        return _agents(here)
    if provider == "vendored" and here.release.has_gitlab_models:
        return _vendored(feature, gitlab_model, here)
    return None


def _agents(here: Circumstances) -> Refusal | None:
    version = here.release.text
    if here.offline and here.release.agents_have_add_on:
        if AGENTS_ADD_ON in here.add_ons:
            return None
        add_ons = ", ".join(here.add_ons) or "none"
        failure = Failure(_errors.AGENTS_NEED_ADD_ON, version=version, add_ons=add_ons)
        return Refusal(failure, certain=True)
    needs_beta = here.release.agent_platform_needs_beta
    if here.beta or needs_beta is False:
        return None
    # The rule for an offline licence before the add-on existed is not known.
    certain = needs_beta is True and here.beta is False and not here.offline
    return Refusal(Failure(_errors.AGENTS_NEED_BETA, version=version), certain)


def _vendored(feature: str, gitlab_model: str | None, here: Circumstances) -> Refusal | None:
    if here.offline and gitlab_model:
        return Refusal(Failure(_errors.GITLAB_MODEL_OFFLINE), certain=True)
    has_own = here.release.serves_itself(feature)
    not_vendored = Failure(_errors.NOT_VENDORED, version=here.release.text)
    if has_own is False:
        return Refusal(not_vendored, certain=True)
    # With an offline licence GitLab saves without looking for the list.
    if here.lists_models is False and not here.offline:
        return Refusal(Failure(_errors.NO_LIST_OF_MODELS), certain=True)
    return None if has_own else Refusal(not_vendored, certain=False)

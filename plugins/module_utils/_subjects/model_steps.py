# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that create, change and delete one self-hosted model: what is sent, what is shown.

GraphQL ``aiSelfHostedModelCreate``, ``…Update``, ``…Delete`` (17.9), their input ``provider``
(18.11). Releases differ in what a model needs and who decides its provider: ``Form``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.urls import without_credentials
from .._engine.plan import ABSENT, Change, Step, differences
from .._gitlab.graphql import Mutation
from .options import WITHOUT_ENDPOINT
from .stored import Model, State

if TYPE_CHECKING:
    from .._duo.releases import Release
    from .options import ModelOptions

# What GitLab's own page sends as endpoint of a Bedrock model before models had a provider.
BEDROCK_ENDPOINT = "http://bedrockselfhostedmodel.com"
# Prefix of an identifier -> provider, where GitLab decides it by the prefix.
_PROVIDERS = {"bedrock/": "BEDROCK", "vertex_ai/": "VERTEX_AI"}


@dataclass(frozen=True)
class Form:
    """What an instance's mutations take for a model, and what they make of it."""

    provider: bool  # a model has a provider
    endpoint: bool  # every model needs an endpoint, whatever its provider
    prefix_decides: bool  # creating a model ignores the provider that is sent

    @classmethod
    def of(cls, release: Release, state: State) -> Form:
        """Return the form of an instance."""
        return cls(
            state.has_provider,
            release.model_needs_endpoint,
            state.has_provider and release.prefix_decides_provider,
        )


def about(name: str) -> str:
    """Return how messages and diffs call a model."""
    return f"self-hosted model {name}"


def values(model: Model) -> dict[str, Any]:
    """Return what a diff shows of a model."""
    shown = {
        "name": model.name,
        "model_family": model.family,
        "endpoint": without_credentials(model.endpoint),
        "identifier": model.identifier,
    }
    return {**shown, "provider": model.provider} if model.provider else shown


def target(wish: ModelOptions, current: Model | None, form: Form) -> Model:
    """Return the model as it should be: declared values over those that are there."""
    base = current or Model(id="", name=wish.name, family="")
    changes: dict[str, Any] = {"name": wish.new_name or base.name}
    if wish.model_family:
        changes["family"] = wish.model_family
    if wish.endpoint is not None:
        changes["endpoint"] = wish.endpoint
    if wish.method == "bedrock" and form.endpoint:
        changes["endpoint"] = changes.get("endpoint", base.endpoint) or BEDROCK_ENDPOINT
    if wish.identifier is not None:
        changes["identifier"] = wish.identifier
    if form.provider and (wish.method or not current):
        in_cloud = wish.method in WITHOUT_ENDPOINT
        changes["provider"] = str(wish.method).upper() if in_cloud else "API"
    if _sends_key(wish, current):
        changes["has_api_key"] = bool(wish.api_key)
    return base.model_copy(update=changes)


def create(wish: ModelOptions, new: Model, form: Form) -> Step:
    """Return the step that creates a model; an update follows where GitLab sets its provider."""
    after = {"state": "present", **values(new)}
    if new.has_api_key:
        after["api_key"] = "(set)"
    change = Change(about(new.name), ABSENT, after, verb="create")
    made = _provider_of(wish.identifier) if form.prefix_decides else None
    return Step(
        (change,),
        Mutation("aiSelfHostedModelCreate", _input(wish, new, None, form)),
        unfinished=made not in (None, new.provider),
    )


def update(wish: ModelOptions, current: Model, new: Model, form: Form) -> Step | None:
    """Return the step that makes a model the new one, or None where nothing differs."""
    before, after = differences(values(current), values(new))
    if current.endpoint != new.endpoint and "endpoint" not in after:
        # Only the credentials inside the URL differ, which are never shown.
        before["endpoint"], after["endpoint"] = "(set)", "(changed)"
    if _sends_key(wish, current):
        before["api_key"] = "(set)" if current.has_api_key else "(not set)"
        after["api_key"] = (
            "(cleared)" if not wish.api_key else "(changed)" if current.has_api_key else "(set)"
        )
    if not after:
        return None
    # always sends the key each time: reading again cannot prove that it arrived.
    visible = set(after) != {"api_key"} or wish.update_api_key != "always"
    change = Change(about(current.name), before, after, visible=visible)
    return Step((change,), Mutation("aiSelfHostedModelUpdate", _input(wish, new, current, form)))


def delete(current: Model) -> Step:
    """Return the step that deletes a model; whether it may go is looked at again before it."""
    gone = {"state": "present", **values(current)}
    change = Change(about(current.name), gone, ABSENT, verb="delete")
    return Step((change,), Mutation("aiSelfHostedModelDelete", {"id": current.id}), recheck=True)


def _sends_key(wish: ModelOptions, current: Model | None) -> bool:
    if wish.api_key is None:
        return False
    if current is None:
        return wish.api_key != ""
    if wish.update_api_key == "on_create":
        return False
    if wish.update_api_key == "always":
        return wish.api_key != "" or current.has_api_key
    return (current.api_key or "") != wish.api_key


def _provider_of(identifier: str | None) -> str | None:
    """Return the provider that the prefix of an identifier stands for; None without identifier."""
    if identifier is None:
        return None
    found = (one for prefix, one in _PROVIDERS.items() if identifier.startswith(prefix))
    return next(found, "API")


def _input(wish: ModelOptions, new: Model, current: Model | None, form: Form) -> dict[str, Any]:
    """Return the mutation's input: an update replaces what is required, and keeps the rest."""
    sent: dict[str, Any] = {"id": current.id} if current else {}
    sent |= {"name": new.name, "model": new.family.upper()}
    if new.endpoint:
        sent["endpoint"] = new.endpoint
    elif wish.endpoint is not None:
        sent["endpoint"] = None  # left out, GitLab would keep it
    if wish.identifier is not None:
        sent["identifier"] = wish.identifier
    if form.provider:
        # Never null: GitLab 18.11 answers HTTP 500 to it.
        sent["provider"] = new.provider or "API"
    if _sends_key(wish, current):
        sent["apiToken"] = wish.api_key
    return sent

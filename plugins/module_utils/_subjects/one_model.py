# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One self-hosted model: its options and their rules, the mutations, the return values.

GraphQL ``aiSelfHostedModelCreate``, ``…Update``, ``…Delete`` (17.9), their inputs ``provider``
(18.11) and ``iamRole`` (19.5). Releases differ in what a model needs and in what decides its
provider: ``Form``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import messages, suggestions
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.messages import Failure
from .._base.options import LENIENT, Lower, Name, Options, Spec, one_of
from .._base.urls import web_url, without_credentials
from .._duo.identifiers import (
    DEPLOYMENT_METHODS,
    IDENTIFIER_PREFIX,
    OTHER_PREFIXES,
    WITHOUT_ENDPOINT,
    infer_method,
    provider_of,
)
from .._duo.offers import FAMILIES
from .._engine import objects
from .._engine.plan import ABSENT, Change, Step, differences
from .._gitlab.graphql import Mutation, Proof
from .stored import Model, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._duo.releases import Release
    from .._gitlab.client import GitLab

NAME = "self_hosted_model"
# Value that a release may lack -> first release that has it, for messages.
SINCE = {"deployment_method vertex_ai": "18.11", "iam_role": "19.5"}
# The endpoint that GitLab's own page sends for Bedrock in releases whose models have no provider.
BEDROCK_ENDPOINT = "http://bedrockselfhostedmodel.com"

# The ARN of a role in any partition of AWS (aws, aws-cn, aws-us-gov).
_ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/\S+"
_ROLE_FORM = "arn:aws:iam::<account>:role/<name>"

# One self-hosted model. Tasks that take the declared models of a run use the same specification.
MODEL_SPEC: Spec = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "new_name": {"type": "str"},
    "model_family": {"type": "str"},
    "endpoint": {"type": "str"},
    # No choices here: the case of the value should not matter.
    "deployment_method": {"type": "str"},
    "identifier": {"type": "str"},
    "iam_role": {"type": "str"},
    # Checked here and not by core, because core shows a value that it refuses.
    "api_key": {"type": "str", "no_log": True},
    "update_api_key": {
        "type": "str",
        "choices": ["on_change", "on_create", "always"],
        "default": "on_change",
        "no_log": False,
    },
    "force": {"type": "bool", "default": False},
}


class DeclaredModel(Options):
    """The fields of a declared model that checks need; the task that writes it checks the rest."""

    model_config = LENIENT

    name: Name
    state: str = "present"
    new_name: Name | None = None
    model_family: Lower | None = None
    endpoint: str | None = None
    deployment_method: Lower | None = None
    identifier: str | None = None
    iam_role: str | None = None

    @property
    def method(self) -> str | None:
        """Deployment method as given, or inferred from the identifier; None if unmanaged."""
        return self.deployment_method or infer_method(self.identifier)


class ModelOptions(DeclaredModel):
    """One declared self-hosted model; None means unmanaged, ``""`` means clear."""

    model_config = Options.model_config

    identifier: str | None = pydantic.Field(default=None, max_length=255)
    iam_role: str | None = pydantic.Field(default=None, max_length=2048)
    api_key: str | None = pydantic.Field(default=None, repr=False)
    update_api_key: str = "on_change"
    force: bool = False

    @pydantic.field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        return value and web_url(value)

    @pydantic.field_validator("iam_role")
    @classmethod
    def _role(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(_ROLE, value):
            raise Wrong("is not the ARN of an IAM role", f"Write {{}} as {_ROLE_FORM}.")
        return value

    @pydantic.field_validator("deployment_method")
    @classmethod
    def _method(cls, value: str | None) -> str | None:
        return one_of(value, DEPLOYMENT_METHODS, "deployment method")

    @pydantic.model_validator(mode="after")
    def _identifier_fits_method(self) -> ModelOptions:
        if self.state == "present":
            self._refuse_identifier()
            self._refuse_endpoint()
            self._refuse_role()
        return self

    def _refuse_role(self) -> None:
        if self.iam_role and self.method not in (None, "bedrock"):
            raise Wrong(
                f"is only for Amazon Bedrock, but the deployment method is {self.method}",
                "Remove {}, or set deployment_method: bedrock.",
                option="iam_role",
            )

    def _refuse_identifier(self) -> None:
        method, identifier = self.method, self.identifier
        prefix = IDENTIFIER_PREFIX.get(method or "")
        if prefix and identifier == "":
            form = f"{prefix}<name of the model>"
            raise Wrong(
                f"is required for {method}: {form}", f"Write {{}}: {form}.", option="identifier"
            )
        # Bedrock also accepts the plain ARN of an inference profile.
        is_arn = method == "bedrock" and (identifier or "").startswith("arn:")
        if prefix and identifier and not (is_arn or re.match(re.escape(prefix) + ".", identifier)):
            form = f"{prefix}<name of the model>"
            raise Wrong(
                f"must start with {prefix} for {method}",
                f"Write {{}}: {form}.",
                option="identifier",
                form=form,
                instead=suggestions.prefixed(identifier, method, IDENTIFIER_PREFIX),
            )
        if method is None and identifier:
            known = ", ".join([*IDENTIFIER_PREFIX.values(), *OTHER_PREFIXES])
            raise Wrong(
                f"starts with none of {known}; add the prefix, or set deployment_method: other",
                "Write the prefix in front of {}, or set deployment_method: other.",
                option="identifier",
                instead=suggestions.prefixed(identifier, method, IDENTIFIER_PREFIX),
            )

    def _refuse_endpoint(self) -> None:
        if self.endpoint == "" and self.method not in WITHOUT_ENDPOINT:
            rule = "cannot be cleared; leave it out to keep it"
            raise Wrong(rule, "Write a URL, or remove {}.", option="endpoint")
        if self.method == "vllm" and self.endpoint and not self.endpoint.endswith("/v1"):
            raise Wrong(
                "must end in /v1 for vLLM",
                "Write the base URL of the server, which ends in /v1, as {}.",
                option="endpoint",
                form="",
                instead=suggestions.openai_base(self.endpoint),
            )


# --- steps --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Form:
    """How an instance's mutations treat a model."""

    provider: bool  # a model has a provider
    endpoint: bool  # every model needs an endpoint, whatever its provider
    iam_role: bool  # a model has an IAM role, and it was read
    shows_written: bool  # the mutations' payloads show the model
    prefix_decides: bool  # creating a model ignores the provider that is sent

    @classmethod
    def of(cls, release: Release, state: State) -> Form:
        """Return the form of an instance."""
        return cls(
            state.has_provider,
            release.model_needs_endpoint,
            bool(state.has_iam_role),
            release.shows_objects_written,
            state.has_provider and release.prefix_decides_provider,
        )


def about(name: str) -> str:
    """Return the name of a model as messages and diffs show it."""
    return objects.about(NAME, name)


def values(model: Model) -> dict[str, Any]:
    """Return the fields of a model that a diff shows."""
    shown = {
        "name": model.name,
        "model_family": model.family,
        "endpoint": without_credentials(model.endpoint),
        "identifier": model.identifier,
    }
    if model.provider:
        shown["provider"] = model.provider
    if model.iam_role or (model.iam_role == "" and model.provider == "BEDROCK"):
        shown["iam_role"] = model.iam_role
    return shown


def target(wish: ModelOptions, current: Model | None, form: Form) -> Model:
    """Return the model as it should be: declared values over stored ones."""
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
    if form.iam_role and (wish.iam_role is not None or not current):
        changes["iam_role"] = wish.iam_role or ""
    if _sends_key(wish, current):
        changes["has_api_key"] = bool(wish.api_key)
    return base.model_copy(update=changes)


def with_key(wish: ModelOptions, new: Model, current: Model | None) -> Model:
    """Return a model as it should be, with the API key that it will have then."""
    key = current.api_key if current else None
    if wish.api_key is not None and not (current and wish.update_api_key == "on_create"):
        key = wish.api_key
    return new.model_copy(update={"api_key": key})


def create(wish: ModelOptions, new: Model, form: Form) -> Step:
    """Return the step that creates a model; an update follows if GitLab sets another provider."""
    after = {"state": "present", **values(new)}
    if new.has_api_key:
        after["api_key"] = "(set)"
    change = Change(NAME, new.name, ABSENT, after, verb="create")
    made = provider_of(wish.identifier) if form.prefix_decides else None
    unfinished = made not in (None, new.provider)
    proof = None if unfinished else _proof(new, form)
    call = Mutation("aiSelfHostedModelCreate", _input(wish, new, None, form), proof)
    return Step((change,), call, unfinished=unfinished, awaited=True, passes=_may_be_old)


def update(wish: ModelOptions, current: Model, new: Model, form: Form) -> Step | None:
    """Return the step that turns the current model into the new one, or None if they are equal."""
    before, after = differences(values(current), values(new))
    if current.endpoint != new.endpoint and "endpoint" not in after:
        # Only the credentials in the URL differ, and they are never shown.
        before["endpoint"], after["endpoint"] = "(set)", "(changed)"
    if _sends_key(wish, current):
        before["api_key"] = "(set)" if current.has_api_key else "(not set)"
        after["api_key"] = (
            "(cleared)" if not wish.api_key else "(changed)" if current.has_api_key else "(set)"
        )
    if not after:
        return None
    # With "always" the key is sent each time, and reading again cannot prove that it arrived.
    visible = set(after) != {"api_key"} or wish.update_api_key != "always"
    change = Change(NAME, current.name, before, after, visible=visible)
    call = Mutation("aiSelfHostedModelUpdate", _input(wish, new, current, form), _proof(new, form))
    return Step((change,), call, awaited=True, passes=_may_be_old)


def delete(current: Model) -> Step:
    """Return the step that deletes a model; before it, the plan is made again (``recheck``)."""
    gone = {"state": "present", **values(current)}
    change = Change(NAME, current.name, gone, ABSENT, verb="delete")
    call = Mutation("aiSelfHostedModelDelete", {"id": current.id})
    return Step((change,), call, recheck=True, awaited=True, passes=_may_be_old)


def _proof(new: Model, form: Form) -> Proof | None:
    if not form.shows_written:
        return None
    provider = {"provider": new.provider or "API"} if form.provider else {}
    role = {"iamRole": new.iam_role or ""} if form.iam_role else {}
    return Proof(
        "selfHostedModel",
        {
            "name": new.name,
            "model": new.family,
            "endpoint": new.endpoint,
            "identifier": new.identifier,
            # Not the key: what is not read cannot be shown by mistake.
            "hasApiToken": new.has_api_key,
            **provider,
            **role,
        },
        also="id",
    )


def _may_be_old(_gitlab: GitLab, said: str) -> bool:
    """Return whether a refusal may mean that the model was created or deleted after the reading.

    GitLab refuses the name of a hidden model with the same words.
    """
    return any(text in said for text in ("has already been taken", "not found"))


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


def _input(wish: ModelOptions, new: Model, current: Model | None, form: Form) -> dict[str, Any]:
    """Return the mutation's input. An update needs the required fields and keeps omitted others."""
    sent: dict[str, Any] = {"id": current.id} if current else {}
    sent |= {"name": new.name, "model": new.family.upper()}
    if new.endpoint:
        sent["endpoint"] = new.endpoint
    elif wish.endpoint is not None:
        sent["endpoint"] = None  # GitLab would keep an omitted one
    if wish.identifier is not None:
        sent["identifier"] = wish.identifier
    if form.provider:
        # Never null, which GitLab 18.11 answers with HTTP 500.
        sent["provider"] = new.provider or "API"
    if form.iam_role and wish.iam_role is not None:
        sent["iamRole"] = wish.iam_role or None
    if _sends_key(wish, current):
        sent["apiToken"] = wish.api_key
    return sent


def not_offered(model: DeclaredModel, release: Release, state: State) -> Failure | None:
    """Return the failure for a model that only a later release can have, or None."""
    option, since = "", ""
    family = FAMILIES.get(model.model_family or "")
    if family and release.has(family) is False:
        option, since = f"model_family {model.model_family}", family.text
    elif model.method == "vertex_ai" and not state.has_provider:
        option = "deployment_method vertex_ai"
        since = SINCE[option]
    elif model.iam_role and not (
        release.has_iam_role if state.has_iam_role is None else state.has_iam_role
    ):
        option, since = "iam_role", SINCE["iam_role"]
    if not option:
        return None
    return Failure(
        messages.NOT_OFFERED,
        about=about(model.name),
        option=option,
        since=since,
        version=release.text,
    )


def not_offered_of(
    models: Iterable[DeclaredModel], release: Release, state: State
) -> dict[str, str]:
    """Return name -> reason, for the declared models that this release cannot have."""
    return {
        name: problem.what
        for model in models
        if model.state == "present" and (problem := not_offered(model, release, state))
        for name in (model.name, model.new_name or model.name)
    }


# --- results -----------------------------------------------------------------------------------
def shown(model: Model) -> dict[str, Any]:
    """Return a model as modules return it, without its key."""
    return {
        "id": model.id or None,
        **values(model),
        "has_api_key": model.has_api_key,
        "features": list(model.features),
    }

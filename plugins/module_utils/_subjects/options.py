# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may declare for GitLab, as pydantic models.

Rules that hold for every GitLab are checked here, before anything is sent. What depends on the
release or on the state of the instance (names of features and families, what exists) is checked
by the plan of the subject.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from .._base import suggestions
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.options import Options, check, one_of, seen
from .._base.urls import web_url
from .._engine.arguments import GATEWAY_SPEC

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["Options", "check"]

State = str
_SEEN = pydantic.BeforeValidator(seen)
Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255), _SEEN]

# What GitLab keeps in a column of 255 characters, or has as a name of an enum.
Short = Annotated[str, pydantic.StringConstraints(max_length=255), _SEEN]

# People write Mistral, as GitLab's own page of models does, and Vertex_AI.
Lower = Annotated[str, pydantic.StringConstraints(max_length=255, to_lower=True)]

# Deployment method -> prefix of its identifiers (GitLab's page on configuring the models).
IDENTIFIER_PREFIX = {
    "vllm": "custom_openai/",
    "bedrock": "bedrock/",
    "azure": "azure/",
    "vertex_ai": "vertex_ai/",
}
DEPLOYMENT_METHODS = (*IDENTIFIER_PREFIX, "other")
# Prefixes that GitLab documents without a deployment method of their own (19.x).
OTHER_PREFIXES = ("anthropic/", "openai/", "bedrock_mantle/")
# Methods whose endpoint lies outside the site, so that GitLab needs none.
WITHOUT_ENDPOINT = ("bedrock", "vertex_ai")
PROVIDERS = ("self_hosted", "vendored", "disabled", "unassigned")


# --- gateway -----------------------------------------------------------------------------------
class GatewayOptions(Options):
    """Options of ``duo_gateway``; None means unmanaged, ``""`` means clear."""

    state: State = "present"
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
            rule = "is longer than 2048 characters, the most that GitLab stores"
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


# --- self-hosted models ------------------------------------------------------------------------
class DeclaredModel(Options):
    """What all tasks read of a declared model, in one form: none predicts what another skips."""

    name: Name
    state: State = "present"
    new_name: Name | None = None
    model_family: Lower | None = None
    endpoint: str | None = None
    deployment_method: Lower | None = None
    identifier: str | None = None

    @property
    def method(self) -> str | None:
        """Deployment method as given, or inferred from the identifier; None if unmanaged."""
        return self.deployment_method or infer_method(self.identifier)


class ModelOptions(DeclaredModel):
    """One declared self-hosted model; None means unmanaged, ``""`` means clear."""

    identifier: str | None = pydantic.Field(default=None, max_length=255)
    api_key: str | None = pydantic.Field(default=None, repr=False)
    update_api_key: str = "on_change"
    force: bool = False

    @pydantic.field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        return value and web_url(value)

    @pydantic.field_validator("deployment_method")
    @classmethod
    def _method(cls, value: str | None) -> str | None:
        return one_of(value, DEPLOYMENT_METHODS, "deployment method")

    @pydantic.model_validator(mode="after")
    def _identifier_fits_method(self) -> ModelOptions:
        if self.state == "present":
            self._refuse_identifier()
            self._refuse_endpoint()
        return self

    def _refuse_identifier(self) -> None:
        method, identifier = self.method, self.identifier
        prefix = IDENTIFIER_PREFIX.get(method or "")
        if prefix and identifier == "":
            form = f"{prefix}<name of the model>"
            raise Wrong(
                f"is required for {method}: {form}", f"Write {{}}: {form}.", option="identifier"
            )
        # Bedrock also takes the ARN of an inference profile as it is.
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


def infer_method(identifier: str | None) -> str | None:
    """Return the deployment method that an identifier's prefix stands for."""
    if not identifier:
        return "other" if identifier == "" else None
    for method, prefix in IDENTIFIER_PREFIX.items():
        if identifier.startswith(prefix):
            return method
    return "other" if identifier.startswith(OTHER_PREFIXES) else None


def method_for_export(identifier: str, endpoint: str, provider: str | None) -> str:
    """Return the deployment method under which GitLab's stored values are a valid declaration."""
    method = infer_method(identifier)
    if provider in ("BEDROCK", "VERTEX_AI"):
        return provider.lower()
    if method is None or (method == "vllm" and not endpoint.endswith("/v1")):
        return "other"
    return "other" if provider == "API" and method in WITHOUT_ENDPOINT else method


def lower_names(names: Iterable[str]) -> list[str]:
    """Return names of features as GitLab answers them; people also write GraphQL's upper case."""
    return [name.lower() for name in names]


# What an earlier task of the same run would make (check mode). That task judges it and refuses what
# is wrong; here unknown options and values pass.
_LENIENT = pydantic.ConfigDict(extra="ignore")


class PlannedModel(DeclaredModel):
    """A model that would be there."""

    model_config = _LENIENT


class PlannedSetting(Options):
    """A feature setting that would be made."""

    model_config = _LENIENT

    features: list[Short]
    model: Short | None = None

    @pydantic.field_validator("features")
    @classmethod
    def _lower(cls, value: list[str]) -> list[str]:
        return lower_names(value)


class ModelsOptions(Options):
    """Options of ``duo_self_hosted_model``: one model, or several planned together."""

    models: list[ModelOptions]
    single: bool = False  # one model, given by the options of the task itself
    exclusive: bool = False
    only: str | None = None  # models declared in this state; None: all
    when_unsupported: str = "fail"
    planned_beta_features: bool = False
    planned_settings: list[PlannedSetting] = pydantic.Field(default_factory=list)

    @property
    def concerned(self) -> list[ModelOptions]:
        """The declared models that the task is about."""
        return [model for model in self.models if self.only in (None, model.state)]

    @pydantic.model_validator(mode="after")
    def _names_once(self) -> ModelsOptions:
        seen: set[str] = set()
        for model in self.models:
            for name in dict.fromkeys((model.name, model.new_name or model.name)):
                if name in seen:
                    raise Wrong(
                        f"{name!r} is declared twice",
                        f"Keep one of the two models named {name!r} in {{}}.",
                        option="models",
                    )
                seen.add(name)
        return self


# --- feature settings --------------------------------------------------------------------------
class SettingOptions(Options):
    """One assignment of features to a provider and a model."""

    features: list[Short] = pydantic.Field(min_length=1)
    state: State = "present"
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
                    "absent takes no provider, model or gitlab_model",
                    "Leave these out, or leave out {}.",
                    option="state",
                )
            return self
        if self.model is not None and self.gitlab_model is not None:
            raise Wrong(
                "model and gitlab_model exclude each other",
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
                f"does not go with provider {provider}",
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
                f"does not go with provider {provider}",
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


class FeaturesOptions(Options):
    """Options of ``duo_feature_model``: one assignment, or several planned together."""

    settings: list[SettingOptions]
    when_unsupported: str = "fail"
    planned_beta_features: bool = False
    planned_models: list[PlannedModel] = pydantic.Field(default_factory=list)

    @pydantic.model_validator(mode="after")
    def _features_once(self) -> FeaturesOptions:
        seen: set[str] = set()
        for setting in self.settings:
            for name in setting.features:
                if name in seen:
                    raise Wrong(
                        f"features: {name!r} is assigned twice",
                        f"Keep {name} in one item of {{}}.",
                        option="settings",
                        named=True,
                    )
                seen.add(name)
        return self

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read GitLab's models and feature settings, in one way for all subjects.

*Hidden*, *not permitted* and *absent* are three different answers. If reading is not permitted,
this file raises and never returns an empty result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base.libraries import pydantic
from .._duo.releases import Release
from .._engine.access import explain
from .._gitlab.graphql import Part
from .._gitlab.wire import LinkedModel, ListPage, ModelNode, SettingNode, parse

if TYPE_CHECKING:
    from .._gitlab.client import GitLab
    from .._gitlab.graphql import Reading

PAGE = 100  # GitLab's limit for a page


class Stored(pydantic.BaseModel):
    """Base of everything observed."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        # pydantic before 2.10 warns of names such as model_id.
        protected_namespaces=(),
    )


class Model(Stored):
    """A self-hosted model (GraphQL ``AiSelfHostedModel``)."""

    id: str
    name: str
    family: str  # GitLab answers it in lower case
    endpoint: str = ""
    identifier: str = ""  # GitLab reads a missing identifier back as ""
    has_api_key: bool = False
    # The stored key, read only if it has to be compared; never shown.
    api_key: str | None = pydantic.Field(default=None, repr=False)
    provider: str | None = None  # API, BEDROCK, VERTEX_AI; None before 18.11
    iam_role: str | None = None  # None where it was not read, or before 19.5; "" where none is set
    features: tuple[str, ...] = ()  # features whose settings are linked to it
    # Not listed because its family is beta and beta features are off, but shown by a feature.
    hidden: bool = False


class Setting(Stored):
    """The setting of a feature; ``listed`` is false if only its model shows it."""

    provider: str
    model: str | None = None
    model_id: str | None = None
    model_family: str | None = None
    gitlab_model: str | None = None  # reference of a GitLab-managed model (18.4)
    families: tuple[str, ...] | None = None  # those that fit; None if GitLab does not say
    beta: bool = False
    listed: bool = True


class State(Stored):
    """Models and settings of one instance at one moment."""

    models: dict[str, Model] = pydantic.Field(default_factory=dict)
    settings: dict[str, Setting] = pydantic.Field(default_factory=dict)
    beta: bool | None = None  # None if the release does not show it to a token
    # An earlier step of the run turns beta features on; what they will reveal is not known yet.
    turned_on: bool = False
    has_provider: bool = False  # whether models of this release have a provider (18.11)
    has_iam_role: bool | None = None  # whether they have an IAM role (19.5); None if not read
    has_gitlab_models: bool = False  # whether features can use GitLab-managed models (18.4)
    knows_gitlab_models: bool = False  # whether GitLab shows which ones they use

    @property
    def endpoints(self) -> dict[str, str]:
        """Feature -> endpoint of the model that serves it; ``""`` if GitLab shows none."""
        return {
            name: self.models[it.model].endpoint
            for name, it in self.settings.items()
            if it.model in self.models
        }

    def default_provider(self, release: Release) -> str:
        """Return the provider of a feature that was never configured on this instance."""
        seen = any(setting.provider == "unassigned" for setting in self.settings.values())
        return "unassigned" if seen else release.default_provider


_LINKED = "featureSettings { nodes { feature provider } }"


def models_part(*, keys: bool = False, after: str | None = None) -> Part:
    """Return the part that reads models; ``keys`` asks for the stored API keys as well."""
    key = " apiToken" if keys else ""
    return Part(
        "Models",
        f"aiSelfHostedModels(first: {PAGE}, after: $after) {{ nodes {{ id name model endpoint "
        f"identifier hasApiToken{key} {_LINKED} }} pageInfo {{ hasNextPage endCursor }} }}",
        variables={"$after: String": after},
    )


def provider_part(after: str | None = None) -> Part:
    """Return the part that reads the models' provider, which came with 18.11."""
    return Part(
        "ModelProviders",
        f"aiSelfHostedModels(first: {PAGE}, after: $after) {{ nodes {{ id provider }} }}",
        optional=True,
        variables={"$after: String": after},
    )


def role_part(after: str | None = None) -> Part:
    """Return the part that reads the IAM role of models, which came with 19.5."""
    return Part(
        "ModelRoles",
        f"aiSelfHostedModels(first: {PAGE}, after: $after) {{ nodes {{ id iamRole }} }}",
        optional=True,
        variables={"$after: String": after},
    )


FEATURE_SETTINGS = Part(
    "Features",
    "aiFeatureSettings { nodes { feature provider releaseState compatibleLlms "
    "selfHostedModel { id name model } } }",
)
# A separate part, because releases before 18.4 lack it. If GitLab cannot fetch the definitions of
# its models from its cloud, both are null; otherwise even a feature without a model has a default.
GITLAB_MODELS = Part(
    "GitlabModels",
    "aiFeatureSettings { nodes { feature gitlabModel { ref } defaultGitlabModel { ref } } }",
    optional=True,
)


def read_state(
    gitlab: GitLab,
    *others: Part,
    keys: bool = False,
    roles: bool = False,
    features: bool = True,
    gitlab_models: bool = False,
) -> tuple[Reading, State]:
    """Read models and, if wanted, feature settings; ``others`` are read in the same request.

    :raises Failure: the token's user may not see the models, or the licence lacks them.
    """
    parts = [*_of_models(keys, roles), *others]
    if features:
        parts.append(FEATURE_SETTINGS)
    if gitlab_models:
        parts.append(GITLAB_MODELS)
    reading = gitlab.read(*parts)
    refuse_hidden(gitlab, reading)
    nodes, page = _models(reading)
    while page.has_next_page:
        cursor = page.end_cursor
        more = gitlab.read(*_of_models(keys, roles, cursor))
        more_nodes, page = _models(more)
        nodes += more_nodes
        if page.end_cursor == cursor:
            # The page leads to itself, so the rest cannot be read.
            raise reading.lacks("aiSelfHostedModels.pageInfo")
    return reading, _state(reading, nodes, roles=roles)


def _of_models(keys: bool, roles: bool, after: str | None = None) -> list[Part]:
    parts = [models_part(keys=keys, after=after), provider_part(after)]
    return [*parts, role_part(after)] if roles else parts


def _models(reading: Reading) -> tuple[list[ModelNode], ListPage]:
    """Return the models of one page, and where the next one begins."""
    name = "aiSelfHostedModels"
    nodes = [parse(ModelNode, node, name) for node in reading.nodes(name)]
    return nodes, parse(ListPage, reading.data.get(name, {}).get("pageInfo"), f"{name}.pageInfo")


def refuse_hidden(gitlab: GitLab, reading: Reading) -> None:
    """Refuse a reading in which GitLab does not show the models, or the requested settings.

    From 19.0 on, ``aiFeatureSettings`` is null, without an error, for users who may not manage it.

    :raises Failure: naming what the token's user lacks.
    """
    if reading.data.get("aiSelfHostedModels") is None:
        raise explain(gitlab, Release.of(reading.version))
    settings = "aiFeatureSettings"
    if settings in reading.data and reading.data[settings] is None:
        raise explain(gitlab, Release.of(reading.version), hidden="the feature settings are")


def _state(reading: Reading, nodes: list[ModelNode], *, roles: bool) -> State:
    has_role = "ModelRoles" in reading.offered
    models = {node.name: _model(node, has_role=has_role) for node in nodes}
    settings: dict[str, Setting] = {}
    for node in reading.nodes("aiFeatureSettings"):
        listed = parse(SettingNode, node, "aiFeatureSettings")
        settings[listed.feature.lower()] = _setting(listed)
    for seen in nodes:
        model = models[seen.name]
        for linked in seen.feature_settings.nodes:
            settings.setdefault(
                linked.feature.lower(),
                Setting(
                    provider=str(linked.provider).lower(),
                    model=model.name,
                    model_id=model.id,
                    model_family=model.family,
                    listed=False,
                ),
            )
    for setting in settings.values():
        # Features show hidden models too, so their names can be used.
        if setting.model and setting.model_id and setting.model not in models:
            models[setting.model] = Model(
                id=setting.model_id,
                name=setting.model,
                family=setting.model_family or "",
                # A hidden model itself is not shown; without this it would count as unused.
                features=tuple(
                    sorted(name for name, it in settings.items() if it.model == setting.model)
                ),
                hidden=True,
            )
    return State(
        models=models,
        settings=settings,
        beta=_beta(Release.of(reading.version), settings),
        has_provider="ModelProviders" in reading.offered,
        has_iam_role=has_role if roles else None,
        has_gitlab_models="GitlabModels" in reading.offered,
        knows_gitlab_models=knows_gitlab_models(reading),
    )


def knows_gitlab_models(reading: Reading) -> bool:
    """Return whether GitLab had the definitions of its own models when the settings were read."""
    return any(node.get("defaultGitlabModel") for node in reading.nodes("aiFeatureSettings"))


def _model(node: ModelNode, *, has_role: bool) -> Model:
    return Model(
        id=node.id,
        name=node.name,
        family=node.model.lower(),
        endpoint=node.endpoint or "",
        identifier=node.identifier or "",
        has_api_key=bool(node.has_api_token),
        api_key=node.api_token,
        provider=node.provider,
        iam_role=(node.iam_role or "") if has_role else None,
        features=tuple(sorted(linked.feature.lower() for linked in node.feature_settings.nodes)),
    )


def _setting(node: SettingNode) -> Setting:
    model, families = node.self_hosted_model or LinkedModel(), node.compatible_llms
    return Setting(
        provider=node.provider.lower(),
        model=model.name,
        model_id=model.id,
        model_family=(model.model or "").lower() or None,
        gitlab_model=node.gitlab_model.ref if node.gitlab_model else None,
        families=None if families is None else tuple(family.lower() for family in families),
        beta=(node.release_state or "").upper() in ("BETA", "EXPERIMENT", "EXPERIMENTAL"),
    )


def _beta(release: Release, settings: dict[str, Setting]) -> bool | None:
    """Return whether beta features are on, as far as the list of features shows it.

    GitLab has no field for it, but lists beta features only while they are on. A feature that has
    become generally available is listed in any case, so only a missing one proves them off.
    """
    listed = {name: setting for name, setting in settings.items() if setting.listed}
    if any(setting.beta and release.is_beta_feature(name) for name, setting in listed.items()):
        return True if release.listing_shows_beta_on else None
    missing = release.listed_with_beta - set(listed)
    return False if listed and missing and release.listing_shows_beta_off else None

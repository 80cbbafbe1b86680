# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers for self-hosted models and feature settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo

from . import connection_check as checks
from . import rules_features, rules_models
from .catalog import Feature, OfferedModel
from .context import model_gid
from .errors import GENERAL, FieldError, ServerFault
from .paging import connection
from .state import FeatureRow, Instance, SelfHostedModel

model_type = ObjectType("AiSelfHostedModel")
feature_type = ObjectType("AiFeatureSetting")
offered_type = ObjectType("AiModelSelectionOfferedModel")


@dataclass
class FeatureView:
    """A feature setting as GitLab answers it; below a model it is not decorated (18.9)."""

    feature: Feature
    row: FeatureRow
    decorated: bool

    @property
    def id(self) -> int:
        return self.row.id


def _instance(info: GraphQLResolveInfo) -> Instance:
    instance: Instance = info.context.instance
    return instance


def _view(instance: Instance, row: FeatureRow, decorated: bool = True) -> FeatureView:
    return FeatureView(instance.catalog.features[row.feature], row, decorated)


# --- queries ---


def models(_parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Null without the ability, and no error: the first check, also with `id`."""
    if not info.context.abilities.manage_self_hosted:
        return None
    instance = _instance(info)
    if arguments.get("id") is not None:
        wanted = instance.model(arguments["id"])
        if wanted is None:
            raise ServerFault
        return connection([wanted], arguments, keyset=True)
    return connection(rules_models.listed(instance), arguments, keyset=True)


def feature_settings(_parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """With a model only the rows stored with it."""
    instance = _instance(info)
    if not info.context.abilities.read_feature_settings:
        return None
    if arguments.get("selfHostedModelId") is not None:
        wanted = arguments["selfHostedModelId"]
        views = [_view(instance, row) for row in instance.features if row.model_id == wanted]
    else:
        views = [
            FeatureView(one, rules_features.row_or_default(instance, one.name), True)
            for one in rules_features.listed(instance)
        ]
    return connection(views, arguments, keyset=False)


# --- the fields of a model ---

model_type.set_field("id", lambda model, _info: model_gid(model.id))
model_type.set_field("hasApiToken", lambda model, _info: bool((model.api_token or "").strip()))
model_type.set_field("apiToken", lambda model, _info: model.api_token)
model_type.set_field("identifier", lambda model, _info: model.identifier or "")
model_type.set_field("createdAt", lambda model, _info: model.created_at)
model_type.set_field("updatedAt", lambda model, _info: model.updated_at)
model_type.set_field("provider", lambda model, _info: (model.provider or "api").upper())
model_type.set_field("iamRole", lambda model, _info: model.iam_role)


@model_type.field("modelDisplayName")
def _display_name(model: SelfHostedModel, info: GraphQLResolveInfo) -> str:
    return _instance(info).catalog.families[model.model].display_name


@model_type.field("releaseState")
def _release_state(model: SelfHostedModel, info: GraphQLResolveInfo) -> str:
    return _instance(info).catalog.families[model.model].release_state


@model_type.field("featureSettings")
def _settings_of_model(model: SelfHostedModel, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    instance = _instance(info)
    rows = [row for row in instance.features if row.model_id == model.id]
    rows.sort(key=lambda row: row.id, reverse=True)
    return connection([_view(instance, row, False) for row in rows], arguments, keyset=True)


# --- the fields of a feature setting ---

feature_type.set_field("feature", lambda view, _info: view.feature.name)
feature_type.set_field("title", lambda view, _info: view.feature.title)
feature_type.set_field("mainFeature", lambda view, _info: view.feature.main_feature)
feature_type.set_field("releaseState", lambda view, _info: view.feature.release_state)
feature_type.set_field("compatibleLlms", lambda view, _info: list(view.feature.families))
feature_type.set_field("provider", lambda view, _info: view.row.provider)
feature_type.set_field("allowList", lambda _view, _info: None)


@feature_type.field("selfHostedModel")
def _linked_model(view: FeatureView, info: GraphQLResolveInfo) -> SelfHostedModel | None:
    """Also a hidden beta model."""
    return _instance(info).model(view.row.model_id)


def _only_decorated(view: FeatureView) -> None:
    """ "Failed to implement": rows below a model lack these four fields (18.9, executed)."""
    if not view.decorated:
        raise ServerFault


@feature_type.field("validModels")
def _valid_models(view: FeatureView, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    _only_decorated(view)
    abilities = info.context.abilities
    if view.feature.name in rules_features.AGENTS:
        # Whatever the plan: without a licence too.
        allowed = abilities.admin and abilities.agent_platform
    else:
        allowed = abilities.manage_self_hosted
    found = rules_features.valid_models(_instance(info), view.feature) if allowed else []
    return connection(found, arguments, keyset=False)


@feature_type.field("validGitlabModels")
def _valid_gitlab_models(view: FeatureView, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    _only_decorated(view)
    allowed = info.context.abilities.manage_self_hosted
    found = list(rules_features.definitions(_instance(info))) if allowed else []
    return connection(found, arguments, keyset=False)


@feature_type.field("gitlabModel")
def _gitlab_model(view: FeatureView, info: GraphQLResolveInfo) -> OfferedModel | None:
    _only_decorated(view)
    return rules_features.gitlab_model(_instance(info), view.row)


@feature_type.field("defaultGitlabModel")
def _default_gitlab_model(view: FeatureView, info: GraphQLResolveInfo) -> OfferedModel | None:
    _only_decorated(view)
    return rules_features.default_gitlab_model(_instance(info))


offered_type.set_field("modelProvider", lambda one, _info: one.provider)
offered_type.set_field("costIndicator", lambda one, _info: one.cost)
offered_type.set_field("modelDescription", lambda one, _info: f"{one.name} by {one.provider}")

# --- mutations ---


def _may_manage(info: GraphQLResolveInfo) -> None:
    if not info.context.abilities.manage_self_hosted:
        raise FieldError(GENERAL)


def create(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    _may_manage(info)
    model, errors = rules_models.create(_instance(info), data)
    return {"selfHostedModel": model, "errors": errors}


def update(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    _may_manage(info)
    model, errors = rules_models.update(_instance(info), data["id"], data)
    return {"selfHostedModel": model, "errors": errors}


def delete(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    _may_manage(info)
    return {"errors": rules_models.delete(_instance(info), data["id"])}


def connection_check(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """HTTP 200 and empty outer `errors` whatever the gateway says."""
    _may_manage(info)
    failure = checks.verdict(_instance(info), rules_models.build(data))
    result = {
        "name": "model_configuration_probe",
        "success": failure is None,
        "message": failure or "Successfully connected to the self-hosted model",
        "details": {},
        "errors": [failure] if failure else [],
    }
    return {"result": result, "errors": []}


def feature_update(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """17.9 and 17.10 take and answer one feature, later releases lists."""
    instance = _instance(info)
    single = "feature" in data
    names = [data["feature"]] if single else data["features"]
    rows, errors = rules_features.update(
        instance, info.context.abilities, [name.lower() for name in names], data
    )
    views = [_view(instance, row) for row in rows]
    if single:
        return {"aiFeatureSetting": views[0] if views else None, "errors": errors}
    return {"aiFeatureSettings": views, "errors": errors}


def bind(query: QueryType) -> None:
    query.set_field("aiSelfHostedModels", models)
    query.set_field("aiFeatureSettings", feature_settings)


MUTATIONS = {
    "aiSelfHostedModelCreate": create,
    "aiSelfHostedModelUpdate": update,
    "aiSelfHostedModelDelete": delete,
    "aiSelfHostedModelConnectionCheck": connection_check,
    "aiFeatureSettingUpdate": feature_update,
}
TYPES = [model_type, feature_type, offered_type]

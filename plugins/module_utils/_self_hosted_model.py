# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-hosted models: create, change, rename, delete; one, or many planned together.

GraphQL ``aiSelfHostedModels`` and ``aiSelfHostedModelCreate``, ``…Update``, ``…Delete`` (17.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _errors
from ._arguments import (
    MODEL_SPEC,
    SETTING_SPEC,
    WHEN_UNSUPPORTED,
    Arguments,
    refuse_beside,
    required,
)
from ._errors import Failure, accepted
from ._observed import Model, State, read_state
from ._plan import ABSENT, Change, Mutation, Plan, Step, differences
from ._releases import FAMILIES, OPTION_SINCE, Release, is_beta_family
from ._run import Subject
from ._urls import without_credentials
from ._validators import (
    IDENTIFIER_PREFIX,
    WITHOUT_ENDPOINT,
    ModelOptions,
    ModelsOptions,
    PlannedModel,
    check,
)

if TYPE_CHECKING:
    from ._client import GitLab

# What GitLab's own page sends as endpoint of a Bedrock model before models had a provider.
BEDROCK_ENDPOINT = "http://bedrockselfhostedmodel.com"


@dataclass(frozen=True)
class Found:
    """The models of one instance, and its release."""

    release: Release
    state: State


def options(params: dict[str, Any]) -> ModelsOptions:
    """Check the options of a task; one model is a list of one."""
    others = {name: value for name, value in params.items() if name not in MODEL_SPEC}
    if params.get("models") is None:
        if params.get("exclusive"):
            raise Failure(_errors.INVALID_OPTION, problems="exclusive: goes only with models")
        one = {name: value for name, value in params.items() if name in MODEL_SPEC}
        check(ModelOptions, one)  # names the options as the user wrote them
        return check(ModelsOptions, {**others, "models": [one], "single": True})
    refuse_beside("models", MODEL_SPEC, params)
    return check(ModelsOptions, others)


def observe(gitlab: GitLab, wanted: ModelsOptions) -> Found:
    """Read the models in one request; stored keys only where one has to be compared."""
    keys = any(
        model.api_key is not None and model.update_api_key == "on_change" for model in wanted.models
    )
    # Whether beta features are on matters where a hidden model could be meant.
    beta = wanted.exclusive or any(
        model.state == "absent" or is_beta_family(model.model_family or "")
        for model in wanted.models
    )
    reading, state = read_state(gitlab, keys=keys, features=beta)
    return Found(release=reading.release, state=state)


# --- plan --------------------------------------------------------------------------------------
def plan(wanted: ModelsOptions, found: Found) -> Plan[Found]:
    """Return what would change.

    :raises Failure: a model that is in use, hidden or incomplete, or a name that this release
        does not know.
    """
    models = dict(found.state.models)
    slipping = _slipping(models, wanted)
    creates: list[Step] = []
    updates: list[Step] = []
    deletes: list[Step] = []
    unseen: list[str] = []
    warnings: list[str] = []
    for model in wanted.models:
        problem = not_offered(model, found.release, found.state)
        if problem and model.state == "present":
            if wanted.when_unsupported == "fail":
                raise problem
            warnings.append(f"{problem.about} is skipped: {problem.what}")
            continue
        current = _current(model, models)
        if model.state == "absent":
            if current and current.name not in slipping:
                deletes.append(_delete(model.force, current, wanted))
            else:
                unseen.append(model.name)
            if current:
                del models[current.name]
            continue
        _refuse_unusable(model, current, wanted, found)
        if current and current.hidden:
            # It becomes visible when an earlier task of the run has turned beta features on.
            warnings.append(f"{about(model.name)} is hidden now: what would change is not known.")
            continue
        target = _target(model, current, found)
        if current is None:
            creates.append(_create(model, target, found))
        elif step := _update(model, current, target, found):
            updates.append(step)
            del models[current.name]
        else:
            continue
        models[target.name] = target
    warnings += _warn_unseen(unseen, wanted, found)
    if wanted.exclusive:
        declared = {name for model in wanted.models for name in (model.name, model.new_name)}
        for name in sorted(set(found.state.models) - declared - slipping):
            users = _users(models[name], wanted)
            if users:
                warnings.append(
                    f"Self-hosted model {name} is not declared, but kept: it is used by "
                    f"{', '.join(users)}."
                )
                continue
            deletes.append(_delete(False, models.pop(name), wanted))
    predicted = Found(
        release=found.release, state=found.state.model_copy(update={"models": models})
    )
    return Plan((*updates, *creates, *deletes), predicted, tuple(warnings))


def about(name: str) -> str:
    """Return how messages and diffs call a model."""
    return f"self-hosted model {name}"


def _current(model: ModelOptions, models: dict[str, Model]) -> Model | None:
    """Return the model that is meant: under its name, or under the new one if renamed before."""
    if model.new_name and model.new_name != model.name and model.new_name in models:
        if model.name in models:
            raise Failure(
                _errors.RENAME_COLLISION, about=about(model.name), new_name=model.new_name
            )
        return models[model.new_name]
    return models.get(model.name)


def _beta_planned(wanted: ModelsOptions) -> bool:
    return wanted.dry_run and wanted.planned_beta_features


def not_offered(
    model: ModelOptions | PlannedModel, release: Release, state: State
) -> Failure | None:
    """Return why this release cannot have a declared model that a later one can, if so."""
    option, since = "", ""
    family = FAMILIES.get(model.model_family or "")
    if family and release.has(family) is False:
        option, since = f"model_family {model.model_family}", family.text
    elif model.method == "vertex_ai" and not state.has_provider:
        option = "deployment_method vertex_ai"
        since = OPTION_SINCE[option]
    if not option:
        return None
    return Failure(
        _errors.NOT_OFFERED,
        about=about(model.name),
        option=option,
        since=since,
        version=release.text,
    )


def _refuse_unusable(
    model: ModelOptions, current: Model | None, wanted: ModelsOptions, found: Found
) -> None:
    where = about(model.name)
    if current and current.hidden and not _beta_planned(wanted):
        raise Failure(_errors.MODEL_HIDDEN, about=where)
    family = model.model_family
    known = {
        *found.release.names(FAMILIES),
        *(it.family for it in found.state.models.values()),
    }
    if family and family not in known:
        raise Failure(
            _errors.UNKNOWN_NAME,
            about=where,
            option="model_family",
            version=found.release.text,
            kind="model family",
            given=family,
            names=accepted(family, known),
        )
    beta_off = found.state.beta is False and not _beta_planned(wanted)
    if family and beta_off and is_beta_family(family) and (not current or current.family != family):
        raise Failure(_errors.FAMILY_IS_BETA, about=where, family=family)
    missing = []
    if current is None:
        missing = ["model_family"] if not family else []
        if not model.endpoint and model.method not in WITHOUT_ENDPOINT:
            missing.append("endpoint")
    identifier = model.identifier or (current.identifier if current else "")
    if model.deployment_method in IDENTIFIER_PREFIX and not identifier:
        missing.append(f"identifier ({IDENTIFIER_PREFIX[model.deployment_method]}<name>)")
    if missing:
        raise Failure(_errors.MODEL_INCOMPLETE, about=where, options=", ".join(missing))


def _target(model: ModelOptions, current: Model | None, found: Found) -> Model:
    """Return the model as it should be: declared values over those that are there."""
    base = current or Model(id="", name=model.name, family="")
    changes: dict[str, Any] = {"name": model.new_name or base.name}
    if model.model_family:
        changes["family"] = model.model_family
    if model.endpoint:
        changes["endpoint"] = model.endpoint
    elif model.method == "bedrock" and not base.endpoint and not found.state.has_provider:
        changes["endpoint"] = BEDROCK_ENDPOINT
    if model.identifier is not None:
        changes["identifier"] = model.identifier
    if found.state.has_provider and (model.method or not current):
        in_cloud = model.method in WITHOUT_ENDPOINT
        changes["provider"] = str(model.method).upper() if in_cloud else "API"
    if _sends_key(model, current):
        changes["has_api_key"] = bool((model.api_key or "").strip())
    return base.model_copy(update=changes)


def _sends_key(model: ModelOptions, current: Model | None) -> bool:
    if model.api_key is None:
        return False
    if current is None:
        return model.api_key != ""
    if model.update_api_key == "on_create":
        return False
    if model.update_api_key == "always":
        return model.api_key != "" or current.has_api_key
    return (current.api_key or "") != model.api_key


def _values(model: Model) -> dict[str, Any]:
    """Return what a diff shows of a model."""
    values = {
        "name": model.name,
        "model_family": model.family,
        "endpoint": without_credentials(model.endpoint),
        "identifier": model.identifier,
    }
    return {**values, "provider": model.provider} if model.provider else values


def _create(model: ModelOptions, target: Model, found: Found) -> Step:
    after = {"state": "present", **_values(target)}
    if target.has_api_key:
        after["api_key"] = "(set)"
    change = Change(about(target.name), ABSENT, after, verb="create")
    return Step((change,), Mutation("aiSelfHostedModelCreate", _input(model, target, None, found)))


def _update(model: ModelOptions, current: Model, target: Model, found: Found) -> Step | None:
    before, after = differences(_values(current), _values(target))
    if current.endpoint != target.endpoint and "endpoint" not in after:
        # Only the credentials inside the URL differ, which are never shown.
        before["endpoint"], after["endpoint"] = "(set)", "(changed)"
    if _sends_key(model, current):
        before["api_key"] = "(set)" if current.has_api_key else "(not set)"
        after["api_key"] = (
            "(cleared)" if not model.api_key else "(changed)" if current.has_api_key else "(set)"
        )
    if not after:
        return None
    # always sends the key each time: reading again cannot prove that it arrived.
    visible = set(after) != {"api_key"} or model.update_api_key != "always"
    change = Change(about(current.name), before, after, visible=visible)
    return Step(
        (change,), Mutation("aiSelfHostedModelUpdate", _input(model, target, current, found))
    )


def _input(
    model: ModelOptions, target: Model, current: Model | None, found: Found
) -> dict[str, Any]:
    """Return the mutation's input: an update replaces what is required, and keeps the rest."""
    values: dict[str, Any] = {"id": current.id} if current else {}
    values |= {"name": target.name, "model": target.family.upper()}
    if target.endpoint:
        values["endpoint"] = target.endpoint
    if model.identifier is not None:
        values["identifier"] = model.identifier
    if found.state.has_provider:
        values["provider"] = target.provider or "API"
    if _sends_key(model, current):
        values["apiToken"] = model.api_key
    return values


# --- deleting ----------------------------------------------------------------------------------
def _users(current: Model, wanted: ModelsOptions) -> list[str]:
    """Return the features that use a model, and will after the planned settings of this run."""
    users = set(current.features)
    for setting in wanted.planned_settings if wanted.dry_run else ():
        if setting.model == current.name:
            users |= set(setting.features)
        else:
            users -= set(setting.features)
    return sorted(users)


def _delete(force: bool, current: Model, wanted: ModelsOptions) -> Step:
    users = _users(current, wanted)
    if users and not force:
        # GitLab itself would delete it and silently drop the features' settings.
        raise Failure(_errors.MODEL_IN_USE, about=about(current.name), features=", ".join(users))
    change = Change(
        about(current.name), {"state": "present", **_values(current)}, ABSENT, verb="delete"
    )
    return Step((change,), Mutation("aiSelfHostedModelDelete", {"id": current.id}), recheck=True)


def _slipping(models: dict[str, Model], wanted: ModelsOptions) -> set[str]:
    """Return the hidden models that a real run will not see: no feature shows them by then."""
    return {
        name
        for name, model in models.items()
        if model.hidden and not _users(model, wanted) and not _beta_planned(wanted)
    }


def _warn_unseen(names: list[str], wanted: ModelsOptions, found: Found) -> list[str]:
    doubts = [f"whether {', '.join(names)} is really absent"] if names else []
    doubts += ["whether undeclared ones are left"] if wanted.exclusive else []
    if not doubts or found.state.beta:
        return []
    reason = "are off" if found.state.beta is False else "may be off"
    return [
        f"Beta features {reason}, so models of beta families may be hidden: "
        f"{' and '.join(doubts)} cannot be seen. A hidden model stays, with its API key."
    ]


# --- results -----------------------------------------------------------------------------------
def shown(model: Model) -> dict[str, Any]:
    """Return a model as modules return it; never the key."""
    return {
        "id": model.id or None,
        **_values(model),
        "has_api_key": model.has_api_key,
        "features": list(model.features),
    }


def show(wanted: ModelsOptions, found: Found) -> dict[str, Any]:
    """Return the declared model, or the declared models, as they are or would be."""
    models = [
        shown(found.state.models[name])
        for model in wanted.models
        if (name := model.new_name or model.name) in found.state.models
    ]
    return {"model": next(iter(models), None)} if wanted.single else {"models": models}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            **MODEL_SPEC,
            "models": {
                "type": "list",
                "elements": "dict",
                "options": required(MODEL_SPEC, "name"),
            },
            **WHEN_UNSUPPORTED,
            "exclusive": {"type": "bool", "default": False},
            "planned_beta_features": {"type": "bool", "default": False},
            "planned_settings": {
                "type": "list",
                "elements": "dict",
                "options": required(SETTING_SPEC, "features"),
            },
        },
        mutually_exclusive=[
            (name, "models") for name in MODEL_SPEC if "default" not in MODEL_SPEC[name]
        ],
        required_one_of=[("name", "models")],
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
)

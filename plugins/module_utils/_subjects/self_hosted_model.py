# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change, rename and delete self-hosted models: one, or many planned together.

GraphQL ``aiSelfHostedModels`` (17.9). What can be declared of a model, what is
sent and what is shown is in ``one_model.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.invalid import Wrong, invalid
from .._base.libraries import pydantic
from .._base.messages import Failure, accepted
from .._base.options import Options, check
from .._duo.identifiers import IDENTIFIER_PREFIX, WITHOUT_ENDPOINT
from .._duo.offers import FAMILIES, is_beta_family
from .._duo.releases import Release
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments, refuse_beside, required
from .._engine.plan import Plan, Step
from .._engine.run_plan import PLAN_SPEC, StepPlan
from .._engine.subject import Subject
from .connection_check import CheckFirst
from .endpoints import loopback
from .one_model import (
    BEDROCK_ENDPOINT,
    MODEL_SPEC,
    Form,
    ModelOptions,
    about,
    create,
    delete,
    not_offered,
    shown,
    target,
    update,
    with_key,
)
from .preceding import after, is_late
from .stored import Model, State, read_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.plan import Change
    from .._gitlab.client import GitLab


class ModelsOptions(Options):
    """Options of ``duo_self_hosted_model``: one model, or several planned together."""

    models: list[ModelOptions]
    single: bool = False  # one model, given by the options of the task itself
    exclusive: bool = False
    connection_check: bool = False
    connection_check_timeout: int = pydantic.Field(default=60, ge=0, le=600)
    when_unsupported: str = "fail"

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


@dataclass(frozen=True)
class ObservedModels:
    """The models of one instance, and its release."""

    release: Release
    state: State


def options(params: dict[str, Any]) -> ModelsOptions:
    """Check the options of a task; one model is a list of one."""
    others = {name: value for name, value in params.items() if name not in MODEL_SPEC}
    if params.get("models") is None:
        if params.get("exclusive"):
            raise invalid(
                [
                    (
                        "exclusive: requires models",
                        "List every model to keep in models, or leave out exclusive.",
                    )
                ]
            )
        one = {name: value for name, value in params.items() if name in MODEL_SPEC}
        check(ModelOptions, one)  # names the options as the user wrote them
        return check(ModelsOptions, {**others, "models": [one], "single": True})
    refuse_beside("models", MODEL_SPEC, params)
    return check(ModelsOptions, others)


def observe(gitlab: GitLab, wanted: ModelsOptions) -> ObservedModels:
    """Read the models in one request; stored keys only if one has to be compared."""
    # The state of beta features matters if a hidden model could be meant.
    beta = wanted.exclusive or any(
        model.state == "absent" or is_beta_family(model.model_family or "")
        for model in wanted.models
    )
    roles = reads_roles(wanted)
    reading, state = read_state(gitlab, keys=compares_keys(wanted), roles=roles, features=beta)
    return ObservedModels(release=Release.of(reading.version), state=state)


def compares_keys(wanted: ModelsOptions) -> bool:
    """Return whether stored API keys have to be read and compared with declared ones."""
    # The connection is checked with the key that the model will have.
    return wanted.connection_check or any(
        model.api_key is not None and model.update_api_key == "on_change" for model in wanted.models
    )


def reads_roles(wanted: ModelsOptions) -> bool:
    """Return whether the IAM roles of models have to be read, to compare them."""
    # The connection is checked with the role that the model will have.
    return wanted.connection_check or any(model.iam_role is not None for model in wanted.models)


def foresee(found: ObservedModels, step: StepPlan) -> ObservedModels:
    """Return the state after the earlier steps of the run."""
    default = found.state.default_provider(found.release)
    return replace(found, state=after(found.state, step.preceding, default))


def complete(predicted: ObservedModels, shown: Sequence[Any]) -> ObservedModels | None:
    """Return the predicted models with the IDs that GitLab gave them, or None if one lacks its."""
    ids = {it["name"]: str(it["id"]) for objects in shown for it in objects}
    models = {
        name: model.model_copy(update={"id": ids.get(name, model.id)})
        for name, model in predicted.state.models.items()
    }
    if not all(model.id for model in models.values()):
        return None
    return replace(predicted, state=predicted.state.model_copy(update={"models": models}))


# --- plan --------------------------------------------------------------------------------------
def plan(wanted: ModelsOptions, found: ObservedModels) -> Plan[ObservedModels]:
    """Return what would change.

    :raises Failure: a model is in use, hidden or incomplete, or this release does not know a name.
    """
    models = dict(found.state.models)
    form = Form.of(found.release, found.state)
    slipping = _slipping(models, found)
    creates: list[Step] = []
    updates: list[Step] = []
    going: list[Model] = []
    asked: list[Model] = []
    unseen: list[str] = []
    warnings: list[str] = []
    unsupported: dict[str, str] = {}
    certain = True
    for model in wanted.models:
        problem = not_offered(model, found.release, found.state)
        if problem and model.state == "present":
            if wanted.when_unsupported == "fail":
                raise problem
            warnings.append(f"{problem.about} is skipped: {problem.what}")
            names = (model.name, model.new_name or model.name)
            unsupported.update(dict.fromkeys(names, problem.what))
            continue
        current = _current(model, models)
        if model.state == "absent":
            if current and current.name not in slipping:
                warnings += _warn_forced(model, current)
                going.append(current)
            else:
                unseen.append(model.name)
            if current:
                del models[current.name]
            continue
        lacking = _refuse_unusable(model, current, found)
        if lacking or (current and current.hidden):
            # It becomes visible when an earlier task of the run has turned beta features on.
            warnings.append(
                f"{about(model.name)} is hidden now, so its changes cannot be predicted."
                if current
                else f"{about(model.name)} is not visible, so its changes cannot be predicted: "
                "beta features have to be on to show whether it exists. If it does not, creating "
                f"it needs {lacking}."
            )
            certain = False
            continue
        new = target(model, current, form)
        if model.iam_role and new.provider != "BEDROCK":
            problem_of_role = "iam_role: is only for Amazon Bedrock"
            raise invalid(
                [(problem_of_role, "Add deployment_method: bedrock to the model, or remove it.")],
                about=about(model.name),
            )
        if current is None:
            creates.append(create(model, new, form))
            asked.append(with_key(model, new, None))
            # It may be hidden under its old name, and is renamed then.
            certain = certain and not (found.state.turned_on and model.new_name)
        elif step := update(model, current, new, form):
            updates.append(step)
            if any(set(change.after) - {"name"} for change in step.changes):
                asked.append(with_key(model, new, current))
            del models[current.name]
        else:
            continue
        models[new.name] = new
    warnings += _warn_unseen(unseen, wanted, found)
    if told := loopback(wanted.models):
        warnings.append(" ".join(told))
    for left in _undeclared(wanted, found, slipping):
        if left.features:
            warnings.append(
                f"Self-hosted model {left.name} is not declared, but is kept because it is used "
                f"by {', '.join(left.features)}."
            )
        else:
            going.append(models.pop(left.name))
    predicted = replace(found, state=found.state.model_copy(update={"models": models}))
    # Turning beta features on may reveal models that have to be deleted too.
    certain = certain and not (found.state.turned_on and (unseen or wanted.exclusive))
    steps = (*updates, *creates, *map(delete, going))
    if wanted.connection_check and asked:
        first = CheckFirst(
            tuple(asked), found.release, form.provider, wanted.connection_check_timeout
        )
        steps = (Step((), first), *steps)
    return Plan(
        steps,
        predicted,
        tuple(warnings),
        unsupported=unsupported,
        certain=certain,
    )


def _current(model: ModelOptions, models: dict[str, Model]) -> Model | None:
    """Return the declared model as found: by its name, or by the new one if it has been renamed."""
    if model.new_name and model.new_name != model.name and model.new_name in models:
        if model.name in models:
            raise Failure(
                messages.RENAME_COLLISION, about=about(model.name), new_name=model.new_name
            )
        return models[model.new_name]
    return models.get(model.name)


def _refuse_unusable(model: ModelOptions, current: Model | None, found: ObservedModels) -> str:
    """Return the options that are missing to create a model that may exist but be hidden.

    :raises Failure: it cannot be created or changed as declared.
    """
    where = about(model.name)
    if current and current.hidden and not found.state.turned_on:
        raise Failure(messages.MODEL_HIDDEN, about=where)
    family = model.model_family
    known = {
        *found.release.names(FAMILIES),
        *(it.family for it in found.state.models.values()),
    }
    if family and family not in known:
        raise Failure(
            messages.UNKNOWN_NAME,
            about=where,
            option="model_family",
            version=found.release.text,
            kind="model family",
            given=family,
            names=accepted(family, known),
        )
    beta_off = found.state.beta is False and not found.state.turned_on
    if family and beta_off and is_beta_family(family) and (not current or current.family != family):
        raise Failure(messages.FAMILY_IS_BETA, about=where, family=family)
    identifier = model.identifier or (current.identifier if current else "")
    missing = []
    if _lacks_endpoint(model, current, found.release):
        missing.append("endpoint")
    if model.deployment_method in IDENTIFIER_PREFIX and not identifier:
        missing.append(f"identifier ({IDENTIFIER_PREFIX[model.deployment_method]}<name>)")
    if current:
        if missing:
            problem = f"{missing[0]}: is required for {model.method}"
            raise invalid([(problem, f"Add {missing[0]} to the model.")], about=where)
        return ""
    if not family:
        missing.insert(0, "model_family")
    may_be_hidden = found.state.turned_on and (not family or is_beta_family(family))
    if missing and not may_be_hidden:
        raise Failure(messages.MODEL_INCOMPLETE, about=where, options=", ".join(missing))
    return ", ".join(missing)


def _lacks_endpoint(model: ModelOptions, current: Model | None, release: Release) -> bool:
    """Return whether GitLab would refuse the model because its endpoint is missing or not a URL.

    From 19.0 on, GitLab does not check the endpoint of a model in a cloud.
    """
    stays = model.method is None and current is not None
    if model.endpoint or stays or model.method == "bedrock":
        return False
    if model.method in WITHOUT_ENDPOINT and not release.model_needs_endpoint:
        return False
    kept = current.endpoint if current and model.endpoint is None else ""
    # Bedrock's stands for no server: the gateway would send prompts to whoever owns the name.
    return kept == BEDROCK_ENDPOINT or not kept.startswith(("http://", "https://"))


# --- deleting ----------------------------------------------------------------------------------
def _warn_forced(model: ModelOptions, current: Model) -> list[str]:
    """Return the warning for a model to be deleted although features use it.

    :raises Failure: features use it, and ``force`` is not set.
    """
    if not current.features:
        return []
    where, names = about(current.name), ", ".join(sorted(current.features))
    if not model.force:
        # GitLab itself would delete it and silently drop the features' settings.
        raise Failure(messages.MODEL_IN_USE, about=where, features=names)
    return [
        f"Deleting {where} also drops the settings of the features that use it: {names}. They "
        "fall back to the default of GitLab, which can send their requests to its cloud."
    ]


def _undeclared(wanted: ModelsOptions, found: ObservedModels, slipping: set[str]) -> list[Model]:
    if not wanted.exclusive:
        return []
    declared = {name for model in wanted.models for name in (model.name, model.new_name)}
    left = set(found.state.models) - declared - slipping
    return [found.state.models[name] for name in sorted(left)]


def _slipping(models: dict[str, Model], found: ObservedModels) -> set[str]:
    """Return the hidden models that a real run will not see, because no feature shows them then."""
    return {
        name
        for name, model in models.items()
        if model.hidden and not model.features and not found.state.turned_on
    }


def _warn_unseen(names: list[str], wanted: ModelsOptions, found: ObservedModels) -> list[str]:
    verb = "is" if len(names) == 1 else "are"
    doubts = [f"whether {', '.join(names)} {verb} really absent"] if names else []
    doubts += ["whether undeclared models are left"] if wanted.exclusive else []
    if not doubts or found.state.beta:
        return []
    reason = "are off" if found.state.beta is False else "may be off"
    return [
        f"Beta features {reason}, so models of beta families may be hidden. It cannot be checked "
        f"{' or '.join(doubts)}. A hidden model stays, with its API key."
    ]


def explain(
    _gitlab: GitLab, _changes: Sequence[Change], said: str, _failure: Failure
) -> Failure | None:
    """Return the failure for a refusal of a model; None if the general one is right."""
    return Failure(messages.MODEL_HIDDEN) if "Name has already been taken" in said else None


# --- results -----------------------------------------------------------------------------------


def show(wanted: ModelsOptions, found: ObservedModels) -> dict[str, Any]:
    """Return the declared model or models as they are or would be."""
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
            "connection_check": {"type": "bool", "default": False},
            "connection_check_timeout": {"type": "int", "default": 60},
            **PLAN_SPEC,
        },
        mutually_exclusive=[
            (name, "models") for name in MODEL_SPEC if "default" not in MODEL_SPEC[name]
        ],
        required_one_of=[("name", "models")],
    ),
    options=options,
    observe=observe,
    foresee=foresee,
    is_late=lambda found, step: is_late(found.state, step.preceding),
    complete=complete,
    plan=plan,
    show=show,
    explain=explain,
)

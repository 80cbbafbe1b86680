# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predict models and settings after the earlier steps of a run, for dry runs to plan against.

The preflight uses this for the whole run, and in check mode each task uses it for its own part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .stored import Model, Setting, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._engine.run_plan import Entry

# They stand in for values that are not shown, because only credentials differ.
MARKERS = ("(set)", "(changed)", "(cleared)")
# Field of a change -> attribute of a model.
_OF_MODEL = {
    "name": "name",
    "model_family": "family",
    "endpoint": "endpoint",
    "identifier": "identifier",
    "provider": "provider",
    "iam_role": "iam_role",
}
_OF_SETTING = ("provider", "model", "gitlab_model")


def after(state: State, changes: Iterable[Entry], default_provider: str) -> State:
    """Return the state after the changes.

    :param changes: as in results, in their order. They may come from an option, so entries that no
        plan would make are ignored.
    :param default_provider: for a feature that loses its model.
    """
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for it in changes:
        values = objects.setdefault((str(it.get("subject")), str(it.get("name"))), {})
        values[str(it.get("field"))] = it.get("after")
    for (subject, name), values in objects.items():
        if subject == "beta_features":
            state = state.model_copy(update={"turned_on": values.get("enabled") is True})
        elif subject == "self_hosted_model":
            state = _with_model(state, name, values, default_provider)
        elif subject == "feature_model":
            state = _with_setting(state, name, values)
    return state


def is_late(state: State, changes: Iterable[Entry]) -> bool:
    """Return whether a reading lacks what the changes have written, because it is old."""
    return any(_is_missing(state, it) for it in changes)


def _is_missing(state: State, change: Entry) -> bool:
    name, field, value = str(change.get("name")), change.get("field"), change.get("after")
    if change.get("subject") == "beta_features":
        return value is True and state.beta is False
    if change.get("subject") == "self_hosted_model":
        return field == "name" and value is not None and str(value) not in state.models
    if change.get("subject") != "feature_model" or field not in ("provider", "model"):
        return False
    setting = state.settings.get(name)
    return setting is not None and value != getattr(setting, field)


def _with_model(state: State, name: str, values: Mapping[str, Any], default_provider: str) -> State:
    """Return the state with a model as it will be; ``name`` is its current name."""
    models, settings = dict(state.models), dict(state.settings)
    new = values.get("name", name)
    there = models.pop(name, None)
    if new is None:
        # GitLab resets the features of a deleted model to its default.
        update = {"provider": default_provider, "model": None, "model_id": None}
    else:
        new = str(new)
        base = there or models.pop(new, None) or Model(id="", name=new, family="")
        known = {
            _OF_MODEL[field]: value
            for field, value in values.items()
            if field in _OF_MODEL and isinstance(value, str) and value not in MARKERS
        }
        if "api_key" in values:
            # A key is shown as a marker.
            known["has_api_key"] = values["api_key"] != "(cleared)"
        models[new] = base.model_copy(update=known)
        update = {"model": new}
    for feature, setting in settings.items():
        if setting.model == name:
            settings[feature] = setting.model_copy(update=update)
    return state.model_copy(update={"models": models, "settings": settings})


def _with_setting(state: State, feature: str, values: Mapping[str, Any]) -> State:
    models = {
        name: it.model_copy(update={"features": tuple(f for f in it.features if f != feature)})
        for name, it in state.models.items()
    }
    base = state.settings.get(feature)
    if base is None:
        base = Setting(provider=str(values.get("provider")), listed=False)
    known = {
        field: value
        for field in _OF_SETTING
        if field in values and isinstance(value := values[field], (str, type(None)))
    }
    setting = base.model_copy(update=known)
    model = models.get(setting.model or "")
    if model:
        models[model.name] = model.model_copy(
            update={"features": tuple(sorted({*model.features, feature}))}
        )
    linked = {"model_id": (model.id or None) if model else None}
    settings = {**state.settings, feature: setting.model_copy(update=linked)}
    return state.model_copy(update={"models": models, "settings": settings})

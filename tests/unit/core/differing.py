# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways in which a GitLab can differ: changes to the sandbox, and to its answers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import rules_models, schema_data

Patch = pytest.MonkeyPatch
# Before a difference replaces it.
GIVEN = rules_models._given


def schema(change: Callable[[dict[str, Any]], Any]) -> Callable[[Patch], None]:
    """Another schema."""
    names_of = schema_data.names_of

    def changed(release: Any) -> dict[str, Any]:
        names = copy.deepcopy(names_of(release))
        change(names)
        return names

    return lambda patch: patch.setattr(schema_data, "names_of", changed)


def kind(section: str, owner: str, name: str, wanted: str | None) -> Callable[[Patch], None]:
    """Another type of a field or an argument; None takes it away."""

    def change(names: dict[str, Any]) -> None:
        if wanted is None:
            del names[section][owner][name]
        else:
            names[section][owner][name] = wanted

    return schema(change)


def enum(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[Patch], None]:
    """Other values of an enum."""

    def changed(names: dict[str, Any]) -> None:
        names["enums"][name] = change(names["enums"][name])

    return schema(changed)


def value(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Another value under a name, wherever it stands in an answer."""

    def changed(answer: Any) -> Any:
        if isinstance(answer, list):
            return [changed(it) for it in answer]
        if isinstance(answer, dict):
            return {
                key: change(it) if key == name else changed(it)
                for key, it in answer.items()
                if (key, change) != (name, GONE)
            }
        return answer

    return changed


def GONE(_value: Any) -> None:  # noqa: N802
    """Take it away: a mark for :func:`value`."""


def upper(text: Any) -> Any:
    """Return a text in upper case."""
    return text.upper() if isinstance(text, str) else text


def at(place: Any, name: str, wanted: Any) -> Callable[[Patch], None]:
    """Another rule of the sandbox."""
    return lambda patch: patch.setattr(place, name, wanted)


def one_by_one(answer: Any) -> Any:
    """What a proxy that knows no lists makes of an answer to a list."""
    return (
        {"errors": [{"message": "Not a GraphQL request"}]} if isinstance(answer, list) else answer
    )


def all_or_nothing(answer: Any) -> Any:
    """An error in one document is the error of all."""
    found = [it for it in answer if "errors" in it] if isinstance(answer, list) else []
    return [found[0] for _it in answer] if found else answer


def kept_key(data: dict[str, Any]) -> dict[str, Any]:
    """What is written of a model: an empty key is not."""
    given = GIVEN(data)
    return {name: it for name, it in given.items() if name != "api_token" or it}


def lost_key(data: dict[str, Any]) -> dict[str, Any]:
    """What is written of a model: a key that is left out is cleared."""
    return {"api_token": None, **GIVEN(data)}


def by_prefix(data: dict[str, Any]) -> dict[str, Any]:
    """The provider of 18.11, which the identifier decides."""
    given = GIVEN(data)
    prefix = str(given.get("identifier")).partition("/")[0]
    return {**given, "provider": {"bedrock": "bedrock"}.get(prefix, "api")}


def without_cascade(instance: Any, model_id: int | None) -> list[str]:
    """Deleting a model leaves the rows of its features."""
    instance.models = [it for it in instance.models if it.id != model_id]
    for row in instance.features:
        if row.model_id == model_id:
            row.provider, row.model_id = "disabled", None
    return []


def never_deleted(_instance: Any, _model_id: int | None) -> list[str]:
    """Deleting a model says yes and does nothing."""
    return []


def some_beta(answer: Any) -> Any:
    """The list of features without one that is beta."""

    def cut(found: Any) -> Any:
        nodes = found.get("nodes") if isinstance(found, dict) else None
        if not isinstance(nodes, list):
            return found
        left = [it for it in nodes if it.get("feature") != "summarize_review"]
        return {**found, "nodes": left}

    return value("aiFeatureSettings", cut)(answer)

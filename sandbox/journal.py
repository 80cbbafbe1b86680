# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the requests to the instance, for tests that count requests and writes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from .graphql_http import parsed

#: Pages that write. Signing in and out and entering Admin Mode count as reading.
WRITING_PAGES = ("/toggle_beta_models", "/sync_seat_link.json")
#: Formally a mutation, but it only asks the gateway and stores nothing.
READING_MUTATIONS = ("aiSelfHostedModelConnectionCheck",)


def describe(method: str, path: str, body: bytes, content_type: str, query: str) -> dict[str, Any]:
    """The entry of one request, without number and outcome."""
    operations: list[dict[str, Any]] = []
    multiplex = 0
    if path.endswith("/api/graphql"):
        raw = _graphql_body(body, content_type, query)
        multiplex = len(raw)
        for one in raw:
            operations += _operations(one)
    return {
        "method": method,
        "path": path,
        "operations": operations,
        "write": _writes(method, path, operations),
        "multiplex": multiplex,
    }


def _writes(method: str, path: str, operations: list[dict[str, Any]]) -> bool:
    if path.endswith("/api/graphql"):
        return any(
            one["kind"] == "mutation" and set(one["fields"]) - set(READING_MUTATIONS)
            for one in operations
        )
    if "/api/v4/" in path:
        return method not in ("GET", "HEAD")
    return method == "POST" and path.endswith(WRITING_PAGES)


def _graphql_body(body: bytes, content_type: str, query: str) -> list[Any]:
    try:
        if "json" in content_type:
            raw = json.loads(body)
            return raw if isinstance(raw, list) else [raw]
        source = body.decode() if "form" in content_type else query
        return [{key: values[0] for key, values in parse_qs(source).items()}]
    except (ValueError, RecursionError):
        return []


def _operations(raw: Any) -> list[dict[str, Any]]:
    if not isinstance(raw, dict) or not isinstance(raw.get("query"), str):
        return []
    document = parsed(raw["query"])
    if document is None:
        return []
    wanted = raw.get("operationName") or None
    return [
        {
            "name": one.name.value if one.name else None,
            "kind": one.operation.value,
            "fields": _root_fields(document, one.selection_set, _values(raw)),
        }
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
        and (wanted is None or (one.name is not None and one.name.value == wanted))
    ]


def _root_fields(
    document: DocumentNode,
    selections: SelectionSetNode,
    values: dict[str, Any],
    seen: tuple[str, ...] = (),
) -> list[str]:
    """The root fields that are carried out: without those that a directive leaves out."""
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    names: list[str] = []
    for one in selections.selections:
        if _is_left_out(one, values):
            continue
        if isinstance(one, FieldNode):
            names.append(one.name.value)
        elif isinstance(one, FragmentSpreadNode):
            name = one.name.value
            if name in fragments and name not in seen:
                inner = fragments[name].selection_set
                names += _root_fields(document, inner, values, (*seen, name))
        elif isinstance(one, InlineFragmentNode):
            names += _root_fields(document, one.selection_set, values, seen)
    return names


def _values(raw: dict[str, Any]) -> dict[str, Any]:
    values = raw.get("variables")
    return values if isinstance(values, dict) else {}


def _is_left_out(node: SelectionNode, values: dict[str, Any]) -> bool:
    """Whether `@skip` or `@include` keeps it from being carried out."""
    for directive in node.directives or ():
        for argument in directive.arguments or ():
            given = argument.value
            value = (
                values.get(given.name.value)
                if isinstance(given, VariableNode)
                else getattr(given, "value", None)
            )
            if directive.name.value == (
                "skip" if value is True else "include" if value is False else ""
            ):
                return True
    return False


class Journal:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def add(self, entry: dict[str, Any], status: int | None, user: str | None) -> None:
        """`status` is null when the connection was dropped."""
        number = len(self.requests) + 1
        self.requests.append({"number": number, **entry, "status": status, "user": user})

    def clear(self) -> None:
        self.requests.clear()

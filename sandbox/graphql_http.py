# SPDX-License-Identifier: GPL-3.0-or-later
"""`/api/graphql`: the order of GitLab's checks and the shape of its answers.

Source: GitLab 18.9, graphql_controller.rb.
"""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    Source,
    execute_sync,
    introspection_from_schema,
    parse,
)

from . import limits, validation, variables
from .abilities import Abilities, Caller
from .context import Context
from .errors import FieldError, ServerFault
from .executable import schema_of
from .ruby_errors import parse_error
from .state import Instance
from .versions import Release

log = logging.getLogger("sandbox")
MAX_QUERY = 10_000
Answer = tuple[int, Any]

EMPTY = {"errors": [{"message": "Unexpected end of document", "locations": []}]}


def failure(status: int, text: str) -> Answer:
    return status, {"errors": [{"message": text}]}


@dataclass
class Operation:
    """One query with what came beside it."""

    query: str
    variables: dict[str, Any]
    name: str | None
    has_name_key: bool

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Operation:
        query = raw.get("query")
        text = "" if query is None else query if isinstance(query, str) else json.dumps(query)
        name = raw.get("operationName") or None
        return cls(text, _variables(raw.get("variables")), name, "operationName" in raw)


class BadVariables(ValueError):
    """`variables` that are neither an object nor JSON text of one."""


def _variables(raw: Any) -> dict[str, Any]:
    if raw is None or raw == "":
        return {}
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError as error:
            raise BadVariables(str(error)) from None
        raw = {} if raw is None else raw
    if not isinstance(raw, dict):
        raise BadVariables(f"Unexpected parameter: {json.dumps(raw)}")
    return raw


def answer(instance: Instance, caller: Caller, body: Any, method: str) -> Answer:
    """Everything after authentication: size, parse, validation, limits, execution."""
    multiplex = isinstance(body, list)
    raw = body if multiplex else [body]
    try:
        if multiplex and any(not isinstance(one, dict) or "query" not in one for one in raw):
            return failure(500, "Internal server error")
        operations = [Operation.of(one if isinstance(one, dict) else {}) for one in raw]
    except BadVariables as error:
        return failure(422, str(error))
    if sum(len(one.query) for one in operations) > MAX_QUERY:
        return failure(422, "Query too large")
    if method != "POST" and any(has_mutation(one.query) for one in operations):
        return failure(422, "Mutations are forbidden in GET requests")
    try:
        answers = [_one(instance, caller, one) for one in operations]
    except ServerFault:
        return failure(500, "Internal server error")
    return 200, answers if multiplex else answers[0]


# A client sends the same few documents again and again, and these two take most of the time.
@lru_cache(maxsize=1024)
def _document(query: str) -> DocumentNode:
    return parse(Source(query))


@lru_cache(maxsize=4096)
def _refusals(
    release: Release, enterprise: bool, query: str, introspection: bool
) -> list[dict[str, Any]]:
    schema = schema_of(release, enterprise)
    return validation.errors_of(schema, _document(query), Source(query), introspection)


def parsed(query: str) -> DocumentNode | None:
    try:
        return _document(query)
    except GraphQLSyntaxError:
        return None


def has_mutation(query: str) -> bool:
    document = parsed(query)
    return document is not None and any(
        isinstance(one, OperationDefinitionNode) and one.operation.value == "mutation"
        for one in document.definitions
    )


def _blank(query: str) -> bool:
    return not any(line.split("#", 1)[0].strip(" \t,\ufeff") for line in query.splitlines())


def _one(instance: Instance, caller: Caller, operation: Operation) -> dict[str, Any]:
    if _blank(operation.query):
        return EMPTY
    source = Source(operation.query)
    try:
        document = _document(operation.query)
    except GraphQLSyntaxError as error:
        at = next(iter(error.positions or ()), 0)
        return {"errors": [parse_error(operation.query, error.message, at)]}
    schema = schema_of(instance.release, instance.options.enterprise)
    allowed, static = _introspection(instance, operation)
    if static:
        return {"data": introspection_from_schema(schema)}
    errors = _refusals(instance.release, instance.options.enterprise, operation.query, allowed)
    if errors:
        return {"errors": deepcopy(errors)}
    chosen = _choose(document, operation.name)
    if isinstance(chosen, str):
        return {"errors": [{"message": chosen}]}
    context = Context(instance, caller)
    errors = variables.errors_of(schema, chosen, operation.variables, source)
    errors = errors or limits.errors_of(
        document, chosen, operation.variables, Abilities(instance, caller)
    )
    if errors:
        return {"errors": errors}
    result = execute_sync(
        schema,
        document,
        context_value=context,
        variable_values=operation.variables,
        operation_name=operation.name,
    )
    return _shape(result.data, list(result.errors or []))


def _shape(data: Any, errors: list[Any]) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for error in errors:
        if not isinstance(error.original_error, FieldError):
            # A fault of the sandbox itself must look like one of GitLab's, and be seen here.
            log.error("unexpected error", exc_info=error.original_error or error)
            raise ServerFault
        spots = [{"line": one.line, "column": one.column} for one in error.locations or []]
        entry = {"message": error.message, "locations": spots, "path": error.path}
        shaped.setdefault("errors", []).append(entry)
    return {**shaped, "data": data}


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode | str:
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is not None:
        for one in found:
            if one.name and one.name.value == name:
                return one
        return f'No operation named "{name}"'
    return found[0] if len(found) == 1 else "An operation name is required"


def _introspection(instance: Instance, operation: Operation) -> tuple[bool, bool]:
    """Whether introspection is allowed, and whether the static full schema is the answer (18.9).

    That is the answer to what is named like the usual query, whatever it asks.
    """
    if not instance.release.at_least(18, 9):
        return True, False
    name = operation.name
    if not operation.has_name_key:
        chosen = _choose(_document(operation.query), None)
        named = isinstance(chosen, OperationDefinitionNode) and chosen.name
        name = named.value if named else None
    static = name == "IntrospectionQuery"
    return static, static

# SPDX-License-Identifier: GPL-3.0-or-later
"""Variable values, refused with graphql-ruby's texts (2.5.11)."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Source,
    print_ast,
    type_from_ast,
)

from .context import GLOBAL_IDS, read_gid
from .ruby_errors import location, value_text

Problems = list[dict[str, Any]]
NOT_NULL = "Expected value to not be null"


def errors_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    values: dict[str, Any],
    source: Source,
) -> list[dict[str, Any]]:
    """One error for each variable with a bad value; undeclared values are ignored."""
    found = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind: Any = type_from_ast(schema, definition.type)
        if name not in values:
            missing = isinstance(kind, GraphQLNonNull) and definition.default_value is None
            problems = [_problem([], NOT_NULL)] if missing else []
        else:
            problems = _check(values[name], kind, [])
        if not problems:
            continue
        text = f"Variable ${name} of type {print_ast(definition.type)} was provided invalid value"
        inner = [
            f"{'.'.join(str(step) for step in one['path'])} ({one['explanation']})"
            for one in problems
            if one["path"]
        ]
        if inner:
            text += " for " + ", ".join(inner)
        found.append(
            {
                "message": text,
                "locations": location(source, definition),
                "extensions": {"value": values.get(name), "problems": problems},
            }
        )
    return found


def _problem(path: list[Any], why: str, with_message: bool = False) -> dict[str, Any]:
    entry = {"path": path, "explanation": why}
    return {**entry, "message": why} if with_message else entry


def _check(value: Any, kind: Any, path: list[Any]) -> Problems:
    if isinstance(kind, GraphQLNonNull):
        return [_problem(path, NOT_NULL)] if value is None else _check(value, kind.of_type, path)
    if value is None:
        return []
    if isinstance(kind, GraphQLList):
        if not isinstance(value, list):
            value = [value]
        return [
            problem
            for index, item in enumerate(value)
            for problem in _check(item, kind.of_type, [*path, index])
        ]
    if isinstance(kind, GraphQLInputObjectType):
        return _check_object(value, kind, path)
    if isinstance(kind, GraphQLEnumType):
        if isinstance(value, str) and value in kind.values:
            return []
        names = ", ".join(kind.values)
        return [_problem(path, f"Expected {value_text(value)} to be one of: {names}")]
    return _check_scalar(value, kind.name, path)


def _check_object(value: Any, kind: GraphQLInputObjectType, path: list[Any]) -> Problems:
    """Check the values sent, in their order, and then the missing ones."""
    if not isinstance(value, dict):
        return [_problem(path, f"Expected {value_text(value)} to be a key-value object.")]
    problems: Problems = []
    for key, item in value.items():
        if key not in kind.fields:
            problems.append(_problem([*path, key], f"Field is not defined on {kind.name}"))
        else:
            problems += _check(item, kind.fields[key].type, [*path, key])
    for key, field in kind.fields.items():
        if key not in value and isinstance(field.type, GraphQLNonNull):
            problems.append(_problem([*path, key], NOT_NULL))
    return problems


def _check_scalar(value: Any, name: str, path: list[Any]) -> Problems:
    if name in GLOBAL_IDS:
        try:
            read_gid(value, GLOBAL_IDS[name])
        except ValueError as error:
            return [_problem(path, str(error), with_message=True)]
        return []
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "String": isinstance(value, str),
        "Boolean": isinstance(value, bool),
        "Int": number and -(2**31) <= value < 2**31 if number else False,
        "Float": number or isinstance(value, float),
        "ID": number or isinstance(value, str),
    }
    if fits.get(name, True):
        return []
    return [_problem(path, f"Could not coerce value {value_text(value)} to {name}")]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments, literals and variables of a document, with graphql-ruby's texts (2.5.11)."""

from __future__ import annotations

from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    Source,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_input_type,
    is_required_argument,
    is_required_input_field,
    type_from_ast,
)

from .context import GLOBAL_IDS, read_gid
from .ruby_errors import literal, problem

#: What literal each scalar takes; others (Date, Time, JSON) take anything.
LITERALS: dict[str, tuple[type[ValueNode], ...]] = {
    "String": (StringValueNode,),
    "Boolean": (BooleanValueNode,),
    "Int": (IntValueNode,),
    "Float": (IntValueNode, FloatValueNode),
    "ID": (StringValueNode, IntValueNode),
}


class InputWalk:
    """Checks inputs, and appends errors to the walk's own list."""

    def __init__(
        self,
        schema: GraphQLSchema,
        source: Source,
        operation: OperationDefinitionNode,
        by: str,
        errors: list[dict[str, Any]],
    ) -> None:
        self.schema = schema
        self.source = source
        self.operation = operation
        self.by = by
        self.errors = errors
        self.variables = {
            one.variable.name.value: one for one in operation.variable_definitions or ()
        }
        self.used: set[str] = set()

    def _add(self, node: Any, path: list[str], text: str, code: str, **extensions: Any) -> None:
        self.errors.append(problem(self.source, node, path, text, code, **extensions))

    # --- variables ---

    def declared(self, root: str) -> None:
        for name, definition in self.variables.items():
            kind = type_from_ast(self.schema, definition.type)
            if kind is not None and is_input_type(kind):
                continue
            node: Any = definition.type
            while hasattr(node, "type"):
                node = node.type
            text = f"{node.name.value} isn't a defined input type (on ${name})"
            names = {"typeName": node.name.value, "variableName": name}
            self._add(definition, [root], text, "variableRequiresValidType", **names)

    def unused(self, root: str) -> None:
        for name in self.variables:
            if name not in self.used:
                text = f"Variable ${name} is declared by {self.by} but not used"
                self._add(self.operation, [root], text, "variableNotUsed", variableName=name)

    def _variable(
        self, node: VariableNode, holder: Any, argument: str, kind: Any, path: list[str]
    ) -> None:
        name = node.name.value
        self.used.add(name)
        definition = self.variables.get(name)
        if definition is None:
            text = f"Variable ${name} is used by {self.by} but not declared"
            self._add(node, path, text, "variableNotDefined", variableName=name)
            return
        given = type_from_ast(self.schema, definition.type)
        if given is None:
            return
        why = _mismatch(given, kind, definition.default_value is not None)
        if why:
            text = f"{why} on variable ${name} and argument {argument} ({given} / {kind})"
            self._add(
                holder,
                path,
                text,
                "variableMismatch",
                variableName=name,
                typeName=str(given),
                argumentName=argument,
                errorMessage=why,
            )

    # --- arguments of a directive ---

    def directives(self, node: SelectionNode, path: list[str]) -> None:
        """The variables of `@include` and `@skip`; all else about them is left to the library."""
        for directive in node.directives or ():
            known = self.schema.get_directive(directive.name.value)
            for one in directive.arguments or ():
                key = one.name.value
                if known and key in known.args and isinstance(one.value, VariableNode):
                    self._variable(one.value, one, key, known.args[key].type, path)

    # --- arguments of a field ---

    def field_arguments(
        self, node: FieldNode, name: str, field: GraphQLField, path: list[str]
    ) -> None:
        given = {one.name.value for one in node.arguments or ()}
        missing = [
            key for key, one in field.args.items() if is_required_argument(one) and key not in given
        ]
        if missing:
            text = f"Field '{name}' is missing required arguments: {', '.join(missing)}"
            names = {"className": "Field", "name": name, "arguments": ", ".join(missing)}
            self._add(node, path, text, "missingRequiredArguments", **names)
        for one in node.arguments or ():
            key = one.name.value
            if key not in field.args:
                text = f"Field '{name}' doesn't accept argument '{key}'"
                names = {"name": name, "typeName": "Field", "argumentName": key}
                self._add(one, [*path, key], text, "argumentNotAccepted", **names)
                continue
            owner = ("Field", name, node)
            self._value(one, key, owner, field.args[key].type, [*path, key])

    # --- values ---

    def _value(
        self,
        holder: ArgumentNode | ObjectFieldNode,
        key: str,
        owner: tuple[str, str, FieldNode | ObjectValueNode],
        kind: Any,
        path: list[str],
    ) -> None:
        value = holder.value
        if isinstance(value, VariableNode):
            self._variable(value, holder, key, kind, path)
            return
        self._nested_variables(value, holder, key, kind, path)
        named = get_named_type(kind)
        if isinstance(value, ObjectValueNode) and isinstance(named, GraphQLInputObjectType):
            self._object(value, named, path)
            return
        # The place of a literal that does not fit is what holds the argument.
        place = owner[2]
        reason = _gid_problem(value, kind)
        if reason:
            self._add(place, path, reason, "argumentLiteralsIncompatible", typeName="CoercionError")
        elif not _fits(value, kind):
            text = (
                f"Argument '{key}' on {owner[0]} '{owner[1]}' has an invalid value "
                f"({literal(value)}). Expected type '{kind}'."
            )
            names = {"typeName": owner[0], "argumentName": key}
            self._add(place, path, text, "argumentLiteralsIncompatible", **names)

    def _nested_variables(
        self, value: ValueNode, holder: Any, key: str, kind: Any, path: list[str]
    ) -> None:
        """Variables inside a list literal."""
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(value, ListValueNode) and isinstance(inner, GraphQLList):
            for item in value.values:
                if isinstance(item, VariableNode):
                    self._variable(item, holder, key, inner.of_type, path)

    def _object(
        self, value: ObjectValueNode, kind: GraphQLInputObjectType, path: list[str]
    ) -> None:
        given = {one.name.value for one in value.fields}
        for key, field in kind.fields.items():
            if is_required_input_field(field) and key not in given:
                text = (
                    f"Argument '{key}' on InputObject '{kind.name}' is required. "
                    f"Expected type {field.type}"
                )
                self._add(
                    value,
                    [*path, key],
                    text,
                    "missingRequiredInputObjectAttribute",
                    argumentName=key,
                    argumentType=str(field.type),
                    inputObjectType=kind.name,
                )
        for one in value.fields:
            key = one.name.value
            if key not in kind.fields:
                text = f"InputObject '{kind.name}' doesn't accept argument '{key}'"
                names = {"name": kind.name, "typeName": "InputObject", "argumentName": key}
                self._add(one, [*path, key], text, "argumentNotAccepted", **names)
                continue
            owner = ("InputObject", kind.name, value)
            self._value(one, key, owner, kind.fields[key].type, [*path, key])


def _mismatch(given: Any, wanted: Any, has_default: bool) -> str | None:
    """graphql-ruby's order: inner type, list dimension, nullability."""
    if get_named_type(given) is not get_named_type(wanted):
        return "Type mismatch"
    if _dimension(given) != _dimension(wanted):
        return "List dimension mismatch"
    if has_default and not isinstance(given, GraphQLNonNull):
        given = GraphQLNonNull(given)
    return None if _nullable_enough(given, wanted) else "Nullability mismatch"


def _dimension(kind: Any) -> int:
    if isinstance(kind, GraphQLNonNull):
        return _dimension(kind.of_type)
    return 1 + _dimension(kind.of_type) if isinstance(kind, GraphQLList) else 0


def _nullable_enough(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, GraphQLNonNull):
        if not isinstance(given, GraphQLNonNull):
            return False
        return _nullable_enough(given.of_type, wanted.of_type)
    if isinstance(given, GraphQLNonNull):
        given = given.of_type
    if isinstance(wanted, GraphQLList):
        return _nullable_enough(given.of_type, wanted.of_type)
    return True


def _gid_problem(value: ValueNode, kind: Any) -> str | None:
    ruby_class = GLOBAL_IDS.get(get_named_type(kind).name)
    if ruby_class is None or not isinstance(value, StringValueNode):
        return None
    try:
        read_gid(value.value, ruby_class)
    except ValueError as error:
        return str(error)
    return None


def _fits(value: ValueNode, kind: Any) -> bool:
    """Whether a literal fits; a single one is accepted where a list is asked."""
    if isinstance(kind, GraphQLNonNull):
        return not isinstance(value, NullValueNode) and _fits(value, kind.of_type)
    if isinstance(value, (NullValueNode, VariableNode)):
        return True
    if isinstance(kind, GraphQLList):
        items = value.values if isinstance(value, ListValueNode) else [value]
        return all(_fits(item, kind.of_type) for item in items)
    if isinstance(kind, GraphQLEnumType):
        return isinstance(value, EnumValueNode) and value.value in kind.values
    if isinstance(kind, GraphQLInputObjectType):
        return isinstance(value, ObjectValueNode)
    if kind.name in GLOBAL_IDS:
        return isinstance(value, StringValueNode)
    if kind.name == "Int" and isinstance(value, IntValueNode):
        return -(2**31) <= int(value.value) < 2**31
    wanted = LITERALS.get(kind.name)
    return wanted is None or isinstance(value, wanted)

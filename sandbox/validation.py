# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of a document with graphql-ruby's texts, paths and codes (2.5.11).

One walk per operation yields the errors in reading order. What the walk does not know is caught
by the GraphQL library's own rules afterwards, so nothing invalid gets through.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    Visitor,
    get_named_type,
    is_composite_type,
    validate,
    visit,
)

from .ruby_errors import MAX_ERRORS, location, problem
from .validate_inputs import InputWalk

INTROSPECTION = ("__typename", "__schema", "__type")


def errors_of(
    schema: GraphQLSchema, document: DocumentNode, source: Source, introspection: bool
) -> list[dict[str, Any]]:
    """Every error of the document, at most five."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    found = _operation_names(operations, source)
    for operation in operations:
        found += Walk(schema, document, source, operation, introspection).run()
    found += _unused_fragments(document, source)
    if not found:
        for error in validate(schema, document, max_errors=MAX_ERRORS):
            nodes = error.nodes or []
            where = location(source, nodes[0]) if nodes else []
            found.append(
                {"message": error.message, "locations": where, "path": [], "extensions": {}}
            )
    return found[:MAX_ERRORS]


def _operation_names(
    operations: list[OperationDefinitionNode], source: Source
) -> list[dict[str, Any]]:
    if len(operations) > 1 and any(one.name is None for one in operations):
        text = "Operation name is required when multiple operations are present"
        error = problem(source, operations[0], [], text, "uniquelyNamedOperations")
        error["locations"] = [spot for one in operations for spot in location(source, one)]
        return [error]
    return []


def _unused_fragments(document: DocumentNode, source: Source) -> list[dict[str, Any]]:
    used: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            used.add(node.name.value)

    visit(document, Spreads())
    return [
        problem(
            source,
            one,
            [f"fragment {one.name.value}"],
            f"Fragment {one.name.value} was defined, but not used",
            "useAndDefineFragment",
            fragmentName=one.name.value,
        )
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode) and one.name.value not in used
    ]


class Walk:
    """One operation, its fragments followed where they are spread."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        source: Source,
        operation: OperationDefinitionNode,
        introspection: bool,
    ) -> None:
        self.schema = schema
        self.source = source
        self.operation = operation
        self.introspection = introspection
        self.errors: list[dict[str, Any]] = []
        kind = operation.operation.value
        self.root = f"{kind} {operation.name.value}" if operation.name else kind
        self.by = operation.name.value if operation.name else f"anonymous {kind}"
        self.fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self.inputs = InputWalk(schema, source, operation, self.by, self.errors)

    def run(self) -> list[dict[str, Any]]:
        self.inputs.declared(self.root)
        root = self.schema.get_root_type(self.operation.operation)
        if root is not None:
            self._selections(self.operation.selection_set, root, [self.root], ())
        self.inputs.unused(self.root)
        return self.errors

    def _selections(
        self,
        selections: SelectionSetNode,
        parent: GraphQLObjectType,
        path: list[str],
        spread: tuple[str, ...],
    ) -> None:
        self._conflicts(selections, path)
        for node in selections.selections:
            self.inputs.directives(node, path)
            if isinstance(node, FieldNode):
                self._field(node, parent, path, spread)
            elif isinstance(node, InlineFragmentNode):
                self._selections(node.selection_set, parent, path, spread)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(node, parent, path, spread)

    def _spread(
        self,
        node: FragmentSpreadNode,
        parent: GraphQLObjectType,
        path: list[str],
        spread: tuple[str, ...],
    ) -> None:
        name = node.name.value
        fragment = self.fragments.get(name)
        if fragment is None:
            text = f"Fragment {name} was used, but not defined"
            self._add(node, path, text, "useAndDefineFragment", fragmentName=name)
        elif name not in spread and fragment.type_condition.name.value == parent.name:
            # A fragment on another type, and a fragment in itself, are left to the library.
            self._selections(fragment.selection_set, parent, path, (*spread, name))

    def _field(
        self, node: FieldNode, parent: GraphQLObjectType, path: list[str], spread: tuple[str, ...]
    ) -> None:
        name = node.name.value
        here = [*path, node.alias.value if node.alias else name]
        if name == "__typename":
            return
        if name in INTROSPECTION and parent is self.schema.query_type and self.introspection:
            return
        field: GraphQLField | None = parent.fields.get(name)
        if field is None:
            text = f"Field '{name}' doesn't exist on type '{parent.name}'"
            self._add(node, here, text, "undefinedField", typeName=parent.name, fieldName=name)
            return
        self.inputs.field_arguments(node, name, field, here)
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            if node.selection_set:
                text = (
                    f"Selections can't be made on scalars (field '{name}' returns {kind.name} "
                    f"but has selections)"
                )
                names = {"nodeName": f"field '{name}'", "typeName": kind.name}
                self._add(node, here, text, "selectionMismatch", **names)
        elif node.selection_set is None:
            text = (
                f"Field must have selections (field '{name}' returns {kind.name} but has no "
                f"selections. Did you mean '{name} {{ ... }}'?)"
            )
            names = {"nodeName": f"field '{name}'", "typeName": kind.name}
            self._add(node, here, text, "selectionMismatch", **names)
        elif isinstance(kind, GraphQLObjectType):
            self._selections(node.selection_set, kind, here, spread)

    def _conflicts(self, selections: SelectionSetNode, path: list[str]) -> None:
        """The same key for two fields of one selection; other forms are left to the library."""
        seen: dict[str, FieldNode] = {}
        for node in selections.selections:
            if not isinstance(node, FieldNode):
                continue
            key = node.alias.value if node.alias else node.name.value
            other = seen.setdefault(key, node)
            if other.name.value != node.name.value:
                names = f"{other.name.value} or {node.name.value}"
                text = f"Field '{key}' has a field conflict: {names}?"
                self._add(other, [], text, "fieldConflict", fieldName=key, conflicts=names)
                self.errors[-1]["locations"] += location(self.source, node)

    def _add(self, node: Any, path: list[str], text: str, code: str, **extensions: Any) -> None:
        self.errors.append(problem(self.source, node, path, text, code, **extensions))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Complexity, depth and recursion (GitLab 18.9, `gitlab_schema.rb`).

How GitLab counts is its `BaseField`: one for a field plus its children; a connection counts twice
at the full page of 100 (1 % for each row), but for one without a resolver of its own
(`featureSettings`).
"""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    VariableNode,
)

from .abilities import Abilities

NOT_RECURSIVE = ("node", "nodes", "edges", "ofType")
MAX_RECURSION = 2
CONNECTIONS = (
    "aiSelfHostedModels",
    "aiFeatureSettings",
    "validModels",
    "validGitlabModels",
    "selfManagedAddOnEligibleUsers",
)


def errors_of(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    abilities: Abilities,
) -> list[dict[str, Any]]:
    measure = _Measure(document, variables)
    complexity = measure.selections(operation.selection_set, 1, ())
    signed_in = abilities.caller.user is not None
    most = (300 if abilities.admin else 250) if signed_in else 200
    deepest = 20 if signed_in else 15
    texts = []
    if complexity > most:
        texts.append(
            f"Query has complexity of {complexity}, which exceeds max complexity of {most}"
        )
    if measure.depth > deepest:
        texts.append(f"Query has depth of {measure.depth}, which exceeds max depth of {deepest}")
    if measure.repeated:
        names = ", ".join(f'"{name}"=>{count}' for name, count in measure.repeated.items())
        texts.append(
            f"Recursive query - too many of fields '{{{names}}}' detected "
            "in single branch of the query"
        )
    return [{"message": text} for text in texts]


class _Measure:
    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self.variables = variables
        self.depth = 0
        self.repeated: dict[str, int] = {}

    def selections(self, node: Any, depth: int, branch: tuple[str, ...]) -> int:
        total = 0
        for one in node.selections:
            if isinstance(one, FieldNode):
                total += self._field(one, depth, branch)
            elif isinstance(one, FragmentSpreadNode):
                fragment = self.fragments[one.name.value]
                total += self.selections(fragment.selection_set, depth, branch)
            else:
                total += self.selections(one.selection_set, depth, branch)
        return total

    def _field(self, node: FieldNode, depth: int, branch: tuple[str, ...]) -> int:
        self.depth = max(self.depth, depth)
        name = node.name.value
        if node.selection_set is None:
            return 1
        if name not in NOT_RECURSIVE:
            branch = (*branch, name)
            if branch.count(name) > MAX_RECURSION:
                self.repeated[name] = branch.count(name)
        cost = 1 + self.selections(node.selection_set, depth + 1, branch)
        if name in CONNECTIONS:
            cost += int(cost * self._page(node) * 0.01)
        return cost

    def _page(self, node: FieldNode) -> int:
        sizes = [100]
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, IntValueNode):
                    sizes.append(int(value.value))
                elif isinstance(value, VariableNode):
                    given = self.variables.get(value.name.value)
                    sizes += [given] if isinstance(given, int) else []
        return max(min(sizes), 0)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect what GitLab's answers say about its API, so that beliefs can be judged by it.

A refusal of graphql-ruby names what it refuses, so an invalid document reveals what a release has
without running anything. Nothing here sends a request, so recorded answers are judged like fresh
ones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._gitlab.graphql import DENIALS, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._duo.releases import Release

ABSENT = ""
# Seen in an answer, which does not show the type.
PRESENT = "present"

# Texts of graphql-ruby's validation: gem graphql, lib/graphql/static_validation/rules and
# lib/graphql/query/variables.rb. They are the same from 17.9 to 19.4.
_NO_FIELD = re.compile(r"Field '(\w+)' doesn't exist on type '(\w+)'")
_LEAF = re.compile(r"field '(\w+)' returns (\w+) but has selections")
_NO_ARGUMENT = re.compile(r"Field '(\w+)' doesn't accept argument '(\w+)'")
_NO_KEY = re.compile(r"InputObject '(\w+)Input' doesn't accept argument '(\w+)'")
_REQUIRED = re.compile(r"Argument '(\w+)' on InputObject '(\w+)Input' is required.*type (\S+)$")
_MISMATCH = re.compile(r"mismatch on variable \$\w+ and argument (\w+) \(\S+ / (\S+)\)")
_VARIABLE = re.compile(r"Variable \$\w+ of type (\w+)Input!? was provided invalid value")
_NOT_DEFINED = re.compile(r"(\w+) \(Field is not defined on (\w+)Input\)")
_ONE_OF = re.compile(r"(\w+)(?:\.\d+)? \(Expected \S+ to be one of: ([A-Z0-9_, ]+)\)")

# Root field -> pairs of a path in its answer and the type of the object there.
SHAPES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "metadata": (((), "Metadata"),),
    "duoSettings": (((), "DuoSettings"),),
    "currentLicense": (((), "CurrentLicense"),),
    "addOnPurchases": (((), "AddOnPurchase"),),
    "aiSelfHostedModels": (
        (("nodes",), "AiSelfHostedModel"),
        (("pageInfo",), "PageInfo"),
    ),
    "aiFeatureSettings": ((("nodes",), "AiFeatureSetting"),),
    "cloudConnectorStatus": (
        ((), "CloudConnectorStatus"),
        (("probeResults",), "CloudConnectorProbeResult"),
    ),
    "aiSelfHostedModelConnectionCheck": (((), "AiSelfHostedModelConnectionCheckPayload"),),
    "duoSettingsUpdate": (((), "DuoSettingsUpdatePayload"),),
}
# No type has this field: asked for below another field, it makes GitLab name that field's type.
NOWHERE = "conformance"


@dataclass(frozen=True)
class Exchange:
    """A mutation that was sent, and its payload; None if there was none in the answer."""

    field: str
    input: Mapping[str, Any]
    payload: Mapping[str, Any] | None
    errors: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether GitLab says that it carried it out."""
        return self.payload is not None and not self.errors


@dataclass
class Learnt:
    """Everything learnt from one GitLab so far."""

    release: Release
    # (type, field) -> named type.
    fields: dict[tuple[str, str], str] = field(default_factory=dict)
    # (field on Query or Mutation, argument or key of its input) -> type as GraphQL writes it.
    arguments: dict[tuple[str, str], str] = field(default_factory=dict)
    # (mutation, key of its input) -> values of that enum.
    enums: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    # Root field -> each value in an answer.
    roots: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    # Root field -> GitLab's reasons for denying it.
    denied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    exchanges: list[Exchange] = field(default_factory=list)
    # Topic -> everything else that was seen.
    seen: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    # Subject of beliefs -> reason why it was not asked about.
    unasked: dict[str, str] = field(default_factory=dict)

    def nodes(self, root: str) -> Iterator[dict[str, Any]]:
        """Yield the nodes of a connection, from all answers."""
        for value in self.roots[root]:
            nodes = value.get("nodes") if isinstance(value, dict) else None
            yield from (
                (it for it in nodes if isinstance(it, dict)) if isinstance(nodes, list) else ()
            )

    def take(self, document: str, answer: Any) -> None:
        """Learn from the answer to one GraphQL document."""
        if not isinstance(answer, dict):
            return
        errors = answer.get("errors")
        for error in errors if isinstance(errors, list) else ():
            self._error(error)
        data = answer.get("data")
        if isinstance(data, dict) and not document.lstrip().startswith("mutation"):
            for root, value in data.items():
                self._root(root, value)

    def exchange(self, name: str, sent: Mapping[str, Any], answer: Any) -> Exchange:
        """Record a mutation that was sent with one input, and its answer."""
        data = answer.get("data") if isinstance(answer, dict) else None
        payload = data.get(name) if isinstance(data, dict) else None
        payload = payload if isinstance(payload, dict) else None
        said = payload.get("errors") if payload else None
        errors = [str(text) for text in said] if isinstance(said, list) else []
        if payload is not None:
            for key in sent:
                self.arguments.setdefault((name, key), PRESENT)
        made = Exchange(name, dict(sent), payload, (*errors, *messages_of(answer)))
        self.exchanges.append(made)
        return made

    def done(self, name: str) -> Iterator[Exchange]:
        """Yield the mutations of a name that were carried out."""
        return (it for it in self.exchanges if it.field == name and it.done)

    def _root(self, root: str, value: Any) -> None:
        self.roots[root].append(value)
        for way, type_name in SHAPES.get(root, ()):
            found = value
            for step in way:
                found = found.get(step) if isinstance(found, dict) else None
            for one in found if isinstance(found, list) else [found]:
                for name in one if isinstance(one, dict) else ():
                    self.fields.setdefault((type_name, name), PRESENT)

    def _error(self, error: Any) -> None:
        text = str(error.get("message")) if isinstance(error, dict) else ""
        path = error.get("path") if isinstance(error, dict) else None
        path = [str(step) for step in path] if isinstance(path, list) else []
        if text.startswith(DENIALS) and len(path) == 1:
            self.denied[path[0]].append(text)
        for name, type_name in _NO_FIELD.findall(text):
            if name == NOWHERE:
                self._typed(path[:-1], type_name)
            else:
                self.fields[type_name, name] = ABSENT
        for _name, type_name in _LEAF.findall(text):
            self._typed(path, type_name)
        for name, argument in _NO_ARGUMENT.findall(text):
            self.arguments[name, argument] = ABSENT
        for owner, argument in _NO_KEY.findall(text):
            self.arguments[_mutation(owner), argument] = ABSENT
        for argument, owner, kind in _REQUIRED.findall(text):
            self.arguments[_mutation(owner), argument] = kind
        for argument, kind in _MISMATCH.findall(text):
            if len(path) > 1:
                self.arguments[path[1], argument] = kind
        owners = _VARIABLE.findall(text)
        for argument, owner in _NOT_DEFINED.findall(text):
            self.arguments[_mutation(owner), argument] = ABSENT
        for argument, values in _ONE_OF.findall(text):
            if owners:
                self.enums[_mutation(owners[0]), argument] = values.split(", ")

    def _typed(self, path: list[str], type_name: str) -> None:
        """Record the type of the field at a path, such as ``query, duoSettings, aiGatewayUrl``."""
        if len(path) < 3:
            return
        _operation, root, *way, name = path
        for steps, owner in SHAPES.get(root, ()):
            if steps == tuple(way):
                self.fields[owner, name] = type_name


def _mutation(owner: str) -> str:
    return owner[:1].lower() + owner[1:]

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write GraphQL documents and read answers as GitLab speaks GraphQL. Sends nothing."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base import http_messages, messages
from .._base.messages import Failure, Unclear
from .._base.urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._base.version import Version

GRAPHQL = "/api/graphql"
# GitLab's own text for "not found or not permitted", in every release from 17.9.
GENERAL_ERROR = "The resource that you are attempting to access does not exist"
SETTING_ERROR = "You don't have permission to update the setting"
READ_ONLY_ERROR = "You cannot perform write operations on a read-only instance"
# The errors for a field that GitLab refuses before running anything.
DENIALS = (GENERAL_ERROR, SETTING_ERROR, READ_ONLY_ERROR)
_LOOK = "Look for the request in GitLab's logs, and run again."
UNKNOWN_FIELD = re.compile(r"(Field|InputObject|Argument|Variable) .*(doesn't|isn't|not) ")


@dataclass(frozen=True)
class Part:
    """A piece of a reading: a selection on Query.

    ``optional``: the part is left out if the release lacks one of its fields. ``variables`` maps a
    variable with its type (``$after: String``) to its value.
    """

    name: str
    selection: str
    optional: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The part as a GraphQL document of its own."""
        declared = f"({', '.join(self.variables)})" if self.variables else ""
        return f"query Duo{self.name}{declared} {{ {self.selection} }}"

    @property
    def values(self) -> dict[str, Any]:
        """Variable values by their bare names."""
        return {name.split(":")[0].strip("$ "): value for name, value in self.variables.items()}


@dataclass(frozen=True)
class Proof:
    """What the payload of a mutation has to show, so that nothing needs to be read again."""

    # Field of the payload that is the object, or the list of objects, and the values that the
    # fields of each must have. A path such as "selfHostedModel.id" leads to an object inside.
    object: str
    values: Mapping[str, Any]
    # How many objects were written.
    count: int = 1
    # A field that is shown besides.
    also: str = ""
    # The failure where it shows something else, of what is shown, for settings of which more is
    # known than that.
    unkept: Callable[[str], Failure] | None = None

    @property
    def selection(self) -> str:
        """The selection that asks for it."""
        fields = [_selected(path) for path in self.values]
        return f"{self.object} {{ {' '.join(filter(None, (self.also, *fields)))} }}"

    def shown(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the objects of a payload; none if it does not show all that were written."""
        value = payload.get(self.object)
        found = [it for it in (value if isinstance(value, list) else [value]) if it]
        whole = len(found) == self.count and all(isinstance(it, dict) for it in found)
        return found if whole else []

    def differences(self, payload: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Return field -> written value and shown value, where they differ; null is ``""``."""
        return {
            path: (value, there)
            for found in self.shown(payload)
            for path, value in self.values.items()
            if ("" if (there := _value(found, path)) is None else there) != value
        }


def _selected(path: str) -> str:
    outer, _dot, inner = path.partition(".")
    return f"{outer} {{ {inner} }}" if inner else outer


def _value(found: Mapping[str, Any], path: str) -> Any:
    outer, _dot, inner = path.partition(".")
    value = found.get(outer)
    return value.get(inner) if inner and isinstance(value, dict) else value


@dataclass(frozen=True)
class Written:
    """GitLab's answer to a mutation: why it was refused, or ``""``, and the objects it shows."""

    refusal: str
    shown: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Mutation:
    """A GraphQL mutation: its field and its ``input``, which may hold secrets."""

    field: str
    input: Mapping[str, Any] = dataclasses.field(repr=False)
    proof: Proof | None = dataclasses.field(default=None, repr=False, compare=False)


METADATA = Part("Metadata", "metadata { version enterprise }")


@dataclass
class Reading:
    """GitLab's answers to the parts of one reading, merged."""

    version: Version
    enterprise: bool
    data: dict[str, Any] = field(default_factory=dict)
    # Names of the parts that were answered.
    offered: set[str] = field(default_factory=set)
    # Field -> GitLab's reason, where a field came back null with an error.
    denied: dict[str, str] = field(default_factory=dict)

    def nodes(self, connection: str) -> list[dict[str, Any]]:
        """Return the nodes of a connection on Query; none if it was not asked for.

        :raises Failure: it was asked for and is missing, which is not the same as having no nodes.
        """
        if connection not in self.data:
            return []
        value = self.data[connection]
        found = value.get("nodes") if isinstance(value, dict) else None
        if not isinstance(found, list) or not all(isinstance(node, dict) for node in found):
            raise self.lacks(connection)
        return found

    def lacks(self, name: str) -> Failure:
        """Return the failure for a field on Query whose value cannot be used."""
        reason = self.denied.get(name, f"{name} has an unexpected form")
        return Failure(http_messages.BROKEN_ANSWER, path=GRAPHQL, reason=reason)


def mutation_document(mutations: Sequence[Mutation]) -> dict[str, Any]:
    """Return the request body for several mutations; the results are named m0, m1 and so on."""
    declared, fields, values = [], [], {}
    for number, mutation in enumerate(mutations):
        declared.append(f"$i{number}: {_input_type(mutation)}")
        proof = f" {mutation.proof.selection}" if mutation.proof else ""
        fields.append(f"m{number}: {mutation.field}(input: $i{number}) {{ errors{proof} }}")
        values[f"i{number}"] = mutation.input
    document = f"mutation DuoApply({', '.join(declared)}) {{ {' '.join(fields)} }}"
    return {"query": document, "variables": values}


def question_document(mutation: Mutation, selection: str) -> dict[str, Any]:
    """Return the request body for one mutation with a selection of its payload."""
    declared = f"mutation DuoAsk($i: {_input_type(mutation)})"
    document = f"{declared} {{ {mutation.field}(input: $i) {{ {selection} }} }}"
    return {"query": document, "variables": {"i": dict(mutation.input)}}


def _input_type(mutation: Mutation) -> str:
    return mutation.field[0].upper() + mutation.field[1:] + "Input!"


def few_documents(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with all required ones joined, for servers that do not multiplex."""
    required = [part for part in parts if not part.optional]
    variables = {name: value for part in required for name, value in part.variables.items()}
    joined = Part("Read", " ".join(part.selection for part in required), variables=variables)
    return [joined, *(part for part in parts if part.optional)]


def mutation_results(answer: Any, mutations: Sequence[Mutation]) -> list[Written]:
    """Return GitLab's answer to each mutation of a document.

    :raises Unclear: it is not known what was carried out.
    :raises Failure: nothing was carried out, or a payload shows that GitLab did not keep it.
    """
    try:
        data = data_of(answer)
    except Failure as problem:
        raise _unclear("no GraphQL") from problem
    said = [own_errors(data.get(f"m{number}")) for number in range(len(mutations))]
    for error in answer.get("errors") or ():
        path = error.get("path") if isinstance(error, dict) else None
        alias = path[0] if isinstance(path, list) and path else ""
        found = re.fullmatch(r"m(\d+)", str(alias))
        if answer.get("data") is None:
            raise Failure(messages.REFUSED, reason=message_of(error), hint="Nothing was changed.")
        if not found or int(found[1]) >= len(said):
            # Something was carried out, but this error does not say what.
            raise _unclear(message_of(error))
        if not message_of(error).startswith(DENIALS):
            # A timeout or a bug of GitLab: the mutation may be done, or half done.
            raise Unclear(messages.REFUSED, retry=False, reason=message_of(error), hint=_LOOK)
        said[int(found[1])] = message_of(error)
    for mutation, texts in zip(mutations, said, strict=True):
        if texts is None:
            raise _unclear(f"no result for {mutation.field}")
    return [
        Written(texts) if texts else Written("", _prove(mutation.proof, data[f"m{number}"]))
        for number, (mutation, texts) in enumerate(zip(mutations, said, strict=True))
    ]


def _prove(proof: Proof | None, payload: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the objects of a payload that show the written values.

    :raises Failure: they show others.
    """
    if not proof:
        return ()
    unkept = [
        without_credentials(f"{name} is {shown} and was set to {written}")
        for name, (written, shown) in proof.differences(payload).items()
    ]
    if unkept and proof.unkept:
        raise proof.unkept(", ".join(unkept))
    if unkept:
        raise Failure(messages.NOT_KEPT, witness="its own answer shows", objects=", ".join(unkept))
    return tuple(proof.shown(payload))


def _unclear(reason: str) -> Unclear:
    return Unclear(http_messages.BROKEN_ANSWER, retry=False, path=GRAPHQL, reason=reason)


def data_of(answer: Any) -> dict[str, Any]:
    """Return ``data`` of one GraphQL answer, or ``{}`` if it has only ``errors``.

    :raises Failure: it is not a GraphQL answer.
    """
    if isinstance(answer, dict):
        data = answer.get("data")
        if isinstance(data, dict):
            return data
        if data is None and isinstance(answer.get("errors"), list) and answer["errors"]:
            return {}
    raise Failure(
        http_messages.BROKEN_ANSWER, path=GRAPHQL, reason="JSON that is not a GraphQL response"
    )


def own_errors(payload: Any) -> str | None:
    """Return the ``errors`` of a mutation's payload as one text; None if there is no payload."""
    if not isinstance(payload, dict) or not isinstance(payload.get("errors"), list):
        return None
    return "; ".join(str(text) for text in payload["errors"])


def message_of(error: Any) -> str:
    text = error.get("message") if isinstance(error, dict) else None
    return text if isinstance(text, str) else "an error without a message"


def messages_of(answer: Any) -> list[str]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [message_of(error) for error in errors] if isinstance(errors, list) else []


def merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge the answer of another part; nodes are matched by their id or feature."""
    for key, value in other.items():
        mine = into.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            merge(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            by_id = {_identity(node): node for node in value}
            for node in mine:
                if (known := _identity(node)) and known in by_id:
                    merge(node, by_id[known])
        else:
            into[key] = value


def _identity(node: Any) -> str | None:
    found = (node.get("id") or node.get("feature")) if isinstance(node, dict) else None
    return found if isinstance(found, str) else None

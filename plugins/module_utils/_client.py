# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One GitLab: its GraphQL API and what it says of itself. Knows nothing of Duo's subjects.

One unknown field fails a whole GraphQL document, and releases differ in their fields. So a
reading is several small documents that travel in one HTTP request (multiplexing, a JSON array):
an *optional* part that this release does not know answers with a validation error of its own and
is left out. Thus one request reads any release completely, and what a release offers is observed
rather than guessed from its version.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _errors, _http_errors
from ._errors import Failure, Unclear
from ._http import Http
from ._releases import Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._admin_session import AdminSession
    from ._connection import Connection
    from ._plan import Mutation
    from ._sign_in import SignIn

GRAPHQL = "/api/graphql"
# GitLab's own text for "not there or not permitted" (10.2 of its GraphQL behaviour, all releases).
GENERAL_ERROR = "The resource that you are attempting to access does not exist"
SETTING_ERROR = "You don't have permission to update the setting"
READ_ONLY_ERROR = "You cannot perform write operations on a read-only instance"
# What a field is denied with, before it did anything.
DENIALS = (GENERAL_ERROR, SETTING_ERROR, READ_ONLY_ERROR)
_LOOK = "Look for the request in GitLab's own logs, and run again."
_UNKNOWN_FIELD = re.compile(r"(Field|InputObject|Argument|Variable) .*(doesn't|isn't|not) ")

# How servers that do not multiplex may answer a list of documents.
_NO_MULTIPLEX = {
    message.code
    for message in (
        _http_errors.SERVER_ERROR,
        _http_errors.HTTP_REFUSED,
        _http_errors.NOT_GITLAB,
        _http_errors.BROKEN_ANSWER,
    )
}


@dataclass(frozen=True)
class Part:
    """A piece of a reading: a selection on Query.

    ``optional``: releases that lack a field of it simply do not answer it. ``variables`` maps a
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


METADATA = Part("Metadata", "metadata { version enterprise }")


@dataclass
class Reading:
    """What GitLab answered to the parts of one reading, merged."""

    release: Release
    enterprise: bool
    data: dict[str, Any] = field(default_factory=dict)
    # Names of the parts that were answered.
    offered: set[str] = field(default_factory=set)
    # Field -> GitLab's reason, where a field came back null with an error.
    denied: dict[str, str] = field(default_factory=dict)

    def nodes(self, connection: str) -> list[dict[str, Any]]:
        """Return the nodes of a connection on Query; none where it was not asked for.

        :raises Failure: it was, and is not there: that is not the same as having no nodes.
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
        reason = self.denied.get(name, f"{name} is not what it should be")
        return Failure(_http_errors.BROKEN_ANSWER, path=GRAPHQL, reason=reason)


class GitLab:
    """One GitLab instance.

    ``remember`` is for how many seconds a reading counts as the present state, for the items of a
    loop; whatever this object writes, and :meth:`forget`, end that.
    """

    def __init__(self, connection: Connection, *, remember: float = 0.0) -> None:
        self.connection = connection
        self.url = connection.api_url
        self._http = Http(connection, token=connection.api_token)
        self._multiplex = True
        self._session: AdminSession | None = None
        self._remember = remember
        self._remembered: list[tuple[float, set[str], Reading]] = []
        self.release: Release | None = None  # as seen by the last reading

    def __enter__(self) -> GitLab:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Sign out where it signed in, and close the connections."""
        self.sign_out()
        self._http.close()

    def sign_out(self) -> None:
        """End the admin session, if there is one."""
        if self._session:
            self._session.close()
            self._session = None

    def forget(self) -> None:
        """Read afresh from now on."""
        self._remembered.clear()

    def admin_session(self, sign_in: SignIn) -> AdminSession:
        """Return the signed-in admin session; it signs in at the first use, once."""
        if self._session is None:
            # Here, for hardly any run signs in: loading it would cost each of them.
            from ._admin_session import AdminSession

            self._session = AdminSession(self.connection, sign_in)
        return self._session

    # --- reading -------------------------------------------------------------------------------
    def read(self, *parts: Part) -> Reading:
        """Read all parts in one request.

        :raises Failure: GitLab cannot be reached, does not accept the token, is too old or the
            Community Edition, or refuses a part that is not optional.
        """
        keys = {f"{part.document} {part.values}" for part in parts}
        for read_at, known, reading in self._remembered:
            if keys <= known and time.monotonic() - read_at < self._remember:
                return reading
        reading = self._read(parts)
        if self._remember:
            self._remembered.append((time.monotonic(), keys, reading))
        return reading

    def _read(self, parts: Sequence[Part]) -> Reading:
        wanted: Sequence[Part] = (METADATA, *parts)
        answers = self._read_at_once(wanted) if self._multiplex else None
        if answers is None:
            wanted = _few_documents(wanted)
            answers = [self._post({"query": p.document, "variables": p.values}) for p in wanted]
        first = answers[0]
        if not _data(first, GRAPHQL) and wanted[0] is not METADATA:
            # The release lacks a required field: its version alone may explain that.
            first = self._post({"query": METADATA.document})
        reading = self._metadata(first)
        reading.offered.update(part.name for part in parts if not part.optional)
        for part, answer in zip(wanted, answers, strict=True):
            self._take(reading, part, answer)
        return reading

    def _read_at_once(self, parts: Sequence[Part]) -> list[Any] | None:
        """Return one answer for each part, or None where the server does not multiplex."""
        body = [
            {"query": part.document, "variables": part.values, "operationName": f"Duo{part.name}"}
            for part in parts
        ]
        try:
            answers = self._post(body)
        except Failure as problem:
            # If it is not the list that the server minds, the next request will tell.
            if problem.code not in _NO_MULTIPLEX:
                raise
            answers = None
        if isinstance(answers, list) and len(answers) == len(parts):
            return answers
        self._multiplex = False
        return None

    def _metadata(self, answer: Any) -> Reading:
        data = _data(answer, GRAPHQL)
        metadata = data.get("metadata")
        if not isinstance(metadata, dict):
            raise Failure(
                _errors.UNKNOWN_VERSION, reason="; ".join(_messages(answer)) or "no metadata"
            )
        release = Release.parse(str(metadata.get("version")))
        if release is None:
            raise Failure(_errors.UNKNOWN_VERSION, reason="its version cannot be read")
        if metadata.get("enterprise") is False:
            raise Failure(_errors.COMMUNITY_EDITION, version=release.text)
        if not release.supported:
            raise Failure(_errors.TOO_OLD, version=release.text)
        self.release = release
        return Reading(release, bool(metadata.get("enterprise", True)))

    def _take(self, reading: Reading, part: Part, answer: Any) -> None:
        data = _data(answer, GRAPHQL)
        for error in answer.get("errors") or ():
            message, path = _message(error), error.get("path") if isinstance(error, dict) else None
            answered = isinstance(answer.get("data"), dict)
            if answered and isinstance(path, list) and len(path) == 1:
                reading.denied[str(path[0])] = message
            elif part.optional and _UNKNOWN_FIELD.match(message):
                return
            else:
                raise Failure(_errors.GRAPHQL_ERROR, version=reading.release.text, reason=message)
        reading.offered.add(part.name)
        _merge(reading.data, data)

    # --- writing -------------------------------------------------------------------------------
    def mutate(self, mutations: Sequence[Mutation]) -> list[str]:
        """Send mutations in one request; they are carried out in order.

        :returns: for each mutation GitLab's error texts, joined, or ``""``.
        :raises Unclear: it is not known what was carried out.
        :raises Failure: nothing was carried out.
        """
        declared, fields, values = [], [], {}
        for number, mutation in enumerate(mutations):
            kind = mutation.field[0].upper() + mutation.field[1:] + "Input!"
            declared.append(f"$i{number}: {kind}")
            fields.append(f"m{number}: {mutation.field}(input: $i{number}) {{ errors }}")
            values[f"i{number}"] = mutation.input
        document = f"mutation DuoApply({', '.join(declared)}) {{ {' '.join(fields)} }}"
        answer = self._post({"query": document, "variables": values}, write=True)
        try:
            data = _data(answer, GRAPHQL)
        except Failure as problem:
            raise Unclear(
                _http_errors.BROKEN_ANSWER, retry=False, path=GRAPHQL, reason="no GraphQL"
            ) from problem
        said = [_own_errors(data.get(f"m{number}")) for number in range(len(mutations))]
        for error in answer.get("errors") or ():
            path = error.get("path") if isinstance(error, dict) else None
            alias = path[0] if isinstance(path, list) and path else ""
            found = re.fullmatch(r"m(\d+)", str(alias))
            if answer.get("data") is None:
                raise Failure(_errors.REFUSED, reason=_message(error), hint="Nothing was changed.")
            if not found or int(found[1]) >= len(said):
                # Something was carried out, and this error does not tell what.
                raise Unclear(
                    _http_errors.BROKEN_ANSWER, retry=False, path=GRAPHQL, reason=_message(error)
                )
            if not _message(error).startswith(DENIALS):
                # A timeout, or a bug of GitLab: it may be done, or half of it.
                raise Unclear(_errors.REFUSED, retry=False, reason=_message(error), hint=_LOOK)
            said[int(found[1])] = _message(error)
        for number, texts in enumerate(said):
            if texts is None:
                raise Unclear(
                    _http_errors.BROKEN_ANSWER,
                    retry=False,
                    path=GRAPHQL,
                    reason=f"no result for {mutations[number].field}",
                )
        return [texts or "" for texts in said]

    def ask(self, mutation: Mutation, selection: str) -> tuple[dict[str, Any], str]:
        """Send a mutation that stores nothing, so that it may be sent again.

        :param selection: of the mutation's payload.
        :returns: the payload, empty where GitLab refused, and GitLab's reason.
        """
        kind = mutation.field[0].upper() + mutation.field[1:] + "Input!"
        document = (
            f"mutation DuoAsk($i: {kind}) {{ {mutation.field}(input: $i) {{ {selection} }} }}"
        )
        answer = self._post({"query": document, "variables": {"i": dict(mutation.input)}})
        payload = _data(answer, GRAPHQL).get(mutation.field)
        payload = payload if isinstance(payload, dict) else {}
        return payload, "; ".join(_messages(answer)) or _own_errors(payload) or ""

    def _post(self, body: Any, *, write: bool = False) -> Any:
        if write:
            self.forget()
        answer = self._http.send("POST", GRAPHQL, json=body, repeatable=not write)
        self._http.refuse_redirect(answer)
        if answer.status == 401:
            raise Failure(_errors.TOKEN_REFUSED, reason=answer.reason())
        if answer.status == 404:
            raise Failure(_http_errors.NOT_FOUND, path=GRAPHQL)
        if answer.status >= 400 and (write or answer.status in (403, 422)):
            raise Failure(
                _http_errors.HTTP_REFUSED,
                path=GRAPHQL,
                status=answer.status,
                reason=answer.reason(),
            )
        try:
            return answer.json()
        except Failure as problem:
            if not write:
                raise
            # The work may have been done although the answer got lost on its way.
            raise Unclear(
                _http_errors.BROKEN_ANSWER, retry=False, path=GRAPHQL, reason=problem.what
            ) from None

    # --- REST ----------------------------------------------------------------------------------
    def rest(self, path: str) -> Any:
        """Return the JSON of a REST path, or None where GitLab does not permit it."""
        answer = self._http.send("GET", "/api/v4" + path, repeatable=True)
        self._http.refuse_redirect(answer)
        return answer.json() if answer.status == 200 else None

    def rest_put(self, path: str, values: dict[str, Any]) -> None:
        """Write values to a REST path.

        :raises Unclear: it is not known whether they were written.
        :raises Failure: GitLab refused them.
        """
        self.forget()
        answer = self._http.send("PUT", "/api/v4" + path, repeatable=False, json=values)
        self._http.refuse_redirect(answer)
        if answer.status != 200:
            raise Failure(
                _http_errors.HTTP_REFUSED, path=path, status=answer.status, reason=answer.reason()
            )


def _few_documents(parts: Sequence[Part]) -> list[Part]:
    """Join all required parts into one document, for servers that do not multiplex."""
    required = [part for part in parts if not part.optional]
    variables = {name: value for part in required for name, value in part.variables.items()}
    joined = Part("Read", " ".join(part.selection for part in required), variables=variables)
    return [joined, *(part for part in parts if part.optional)]


def _data(answer: Any, path: str) -> dict[str, Any]:
    """Return ``data`` of one GraphQL answer; an answer without one has ``errors``."""
    if isinstance(answer, dict):
        data = answer.get("data")
        if isinstance(data, dict):
            return data
        if data is None and isinstance(answer.get("errors"), list) and answer["errors"]:
            return {}
    raise Failure(
        _http_errors.BROKEN_ANSWER, path=path, reason="JSON of another shape than GraphQL's"
    )


def _own_errors(payload: Any) -> str | None:
    """Return the ``errors`` of a mutation's payload as one text; None if there is no payload."""
    if not isinstance(payload, dict) or not isinstance(payload.get("errors"), list):
        return None
    return "; ".join(str(text) for text in payload["errors"])


def _message(error: Any) -> str:
    text = error.get("message") if isinstance(error, dict) else None
    return text if isinstance(text, str) else "an error without a message"


def _messages(answer: Any) -> list[str]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [_message(error) for error in errors] if isinstance(errors, list) else []


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge the answer of another part; nodes are matched by their id or feature."""
    for key, value in other.items():
        mine = into.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            _merge(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            by_id = {_identity(node): node for node in value}
            for node in mine:
                if (known := _identity(node)) and known in by_id:
                    _merge(node, by_id[known])
        else:
            into[key] = value


def _identity(node: Any) -> str | None:
    found = (node.get("id") or node.get("feature")) if isinstance(node, dict) else None
    return found if isinstance(found, str) else None

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of one GitLab: its GraphQL and REST API. Knows nothing about Duo's subjects.

One unknown field fails a whole GraphQL document, and releases differ in their fields. So a reading
consists of several small documents in one HTTP request (multiplexing, a JSON array). If a release
lacks a field of an *optional* part, only that part fails, with a validation error of its own, and
is left out. So one request reads any release completely, and its fields are observed rather than
guessed from its version.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._base import http_messages, messages
from .._base.messages import Failure, Unclear
from .._base.version import Version
from .graphql import (
    DENIALS,
    GRAPHQL,
    METADATA,
    UNKNOWN_FIELD,
    Part,
    Reading,
    data_of,
    few_documents,
    merge,
    message_of,
    messages_of,
    mutation_document,
    mutation_results,
    own_errors,
    question_document,
)
from .http import Http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .admin_session import AdminSession
    from .connection import Connection
    from .graphql import Mutation, Written
    from .sign_in import SignIn

# Failures that may only mean that the server does not accept a list of documents.
_NO_MULTIPLEX = {
    message.code
    for message in (
        http_messages.SERVER_ERROR,
        http_messages.HTTP_REFUSED,
        http_messages.NOT_GITLAB,
        http_messages.BROKEN_ANSWER,
    )
}


class GitLab:
    """One GitLab instance.

    ``remember``: for how many seconds a reading counts as the current state, which helps the items
    of a loop. Each write through this object, and :meth:`forget`, discard the reading.
    """

    def __init__(self, connection: Connection, *, remember: float = 0.0) -> None:
        self.connection = connection
        self.url = connection.api_url
        self._http = Http(connection, token=connection.api_token)
        self._multiplex = True
        self._session: AdminSession | None = None
        self._remember = remember
        self._remembered: list[tuple[float, set[str], Reading]] = []
        self.version: Version | None = None  # as seen by the last reading

    def __enter__(self) -> GitLab:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Sign out if it signed in, and close the connections."""
        self.sign_out()
        self._http.close()

    def sign_out(self) -> None:
        """End the admin session, if there is one."""
        if self._session:
            self._session.close()
            self._session = None

    @contextmanager
    def until(self, end: float) -> Iterator[None]:
        """End requests and their retries at a time of the monotonic clock, to the second."""
        self._http.deadline = end
        try:
            yield
        finally:
            self._http.deadline = None

    def forget(self) -> None:
        """Discard remembered readings."""
        self._remembered.clear()

    def admin_session(self, sign_in: SignIn) -> AdminSession:
        """Return the admin session, which signs in once, on first use."""
        if self._session is None:
            # Imported here, because hardly any run signs in and importing costs time in every run.
            from .admin_session import AdminSession

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
            wanted = few_documents(wanted)
            answers = [self._post({"query": p.document, "variables": p.values}) for p in wanted]
        first = answers[0]
        if not data_of(first) and wanted[0] is not METADATA:
            # The release lacks a required field. Its version, read alone, may explain that.
            first = self._post({"query": METADATA.document})
        reading = self._metadata(first)
        reading.offered.update(part.name for part in parts if not part.optional)
        for part, answer in zip(wanted, answers, strict=True):
            self._take(reading, part, answer)
        return reading

    def _read_at_once(self, parts: Sequence[Part]) -> list[Any] | None:
        """Return one answer for each part, or None if the server does not multiplex."""
        return self._at_once(
            [
                {
                    "query": part.document,
                    "variables": part.values,
                    "operationName": f"Duo{part.name}",
                }
                for part in parts
            ]
        )

    def _at_once(self, documents: list[dict[str, Any]]) -> list[Any] | None:
        """Return one answer for each document, or None if the server does not multiplex."""
        try:
            answers = self._post(documents)
        except Failure as problem:
            # If the list was not the problem, the next request fails the same way.
            if problem.code not in _NO_MULTIPLEX:
                raise
            answers = None
        if isinstance(answers, list) and len(answers) == len(documents):
            return answers
        self._multiplex = False
        return None

    @property
    def multiplexes(self) -> bool:
        """Whether the server answers several documents in one request, as far as is known."""
        return self._multiplex

    def answers(self, documents: list[dict[str, Any]]) -> list[Any]:
        """Return the answers, refusals included, to documents that change nothing.

        :param documents: with ``query`` and ``variables``, 10,000 characters of queries at most.
        :raises Failure: there is no answer, or it is not JSON.
        """
        together = self._at_once(documents) if self._multiplex else None
        return [self._post(one) for one in documents] if together is None else together

    def _metadata(self, answer: Any) -> Reading:
        data = data_of(answer)
        metadata = data.get("metadata")
        if not isinstance(metadata, dict):
            raise Failure(
                messages.UNKNOWN_VERSION, reason="; ".join(messages_of(answer)) or "no metadata"
            )
        version = Version.parse(str(metadata.get("version")))
        if version is None:
            raise Failure(messages.UNKNOWN_VERSION, reason="its version cannot be read")
        self.version = version
        if metadata.get("enterprise") is False:
            raise Failure(messages.COMMUNITY_EDITION, version=version.text)
        if not version.supported:
            raise Failure(messages.TOO_OLD, version=version.text)
        return Reading(version, bool(metadata.get("enterprise", True)))

    def _take(self, reading: Reading, part: Part, answer: Any) -> None:
        data = data_of(answer)
        for error in answer.get("errors") or ():
            message, path = (
                message_of(error),
                error.get("path") if isinstance(error, dict) else None,
            )
            answered = isinstance(answer.get("data"), dict) and message.startswith(DENIALS)
            if answered and isinstance(path, list) and len(path) == 1:
                reading.denied[str(path[0])] = message
            elif part.optional and UNKNOWN_FIELD.match(message):
                return
            else:
                raise Failure(messages.GRAPHQL_ERROR, version=reading.version.text, reason=message)
        reading.offered.add(part.name)
        merge(reading.data, data)

    # --- writing -------------------------------------------------------------------------------
    def mutate(self, mutations: Sequence[Mutation]) -> list[Written]:
        """Send mutations in one request; GitLab carries them out in order.

        :returns: GitLab's answer to each.
        :raises Unclear: it is not known what was carried out.
        :raises Failure: nothing was carried out.
        """
        answer = self._post(mutation_document(mutations), write=True)
        return mutation_results(answer, mutations)

    def ask(
        self, mutations: Sequence[Mutation], selection: str
    ) -> list[tuple[dict[str, Any], str]]:
        """Send mutations that store nothing, and so may be repeated, in one request.

        :param selection: of each mutation's payload.
        :returns: for each the payload, empty if GitLab refused, and GitLab's reason.
        :raises Failure: there is no answer, or it is not GraphQL.
        """
        documents = [question_document(it, selection) for it in mutations]
        answers = self.answers(documents) if len(documents) > 1 else map(self._post, documents)
        told = []
        for mutation, answer in zip(mutations, answers, strict=True):
            found = data_of(answer).get(mutation.field)
            payload = found if isinstance(found, dict) else {}
            told.append((payload, "; ".join(messages_of(answer)) or own_errors(payload) or ""))
        return told

    def tell(self, mutation: Mutation, selection: str) -> Any:
        """Send a mutation that stores something, and return GitLab's answer as it is.

        :param selection: of the mutation's payload.
        :raises Unclear: it is not known what was carried out.
        :raises Failure: nothing was carried out.
        """
        return self._post(question_document(mutation, selection), write=True)

    def _post(self, body: Any, *, write: bool = False) -> Any:
        if write:
            self.forget()
        answer = self._http.send("POST", GRAPHQL, json=body, repeatable=not write)
        self._http.refuse_redirect(answer)
        if answer.status == 401:
            raise Failure(messages.TOKEN_REFUSED, reason=answer.reason())
        if answer.status == 404:
            raise Failure(http_messages.NOT_FOUND, path=GRAPHQL)
        if answer.status >= 400 and (write or answer.status in (403, 422)):
            raise Failure(
                http_messages.HTTP_REFUSED,
                path=GRAPHQL,
                status=answer.status,
                reason=answer.reason(),
            )
        try:
            return answer.json()
        except Failure as problem:
            if not write:
                raise
            # GitLab may have done the work although its answer did not arrive whole.
            raise Unclear(
                http_messages.BROKEN_ANSWER, retry=False, path=GRAPHQL, reason=problem.what
            ) from None

    # --- REST ----------------------------------------------------------------------------------
    def rest(self, path: str) -> Any:
        """Return the JSON of a REST path, or None if GitLab does not permit it.

        :raises Failure: there is no answer, or it is a redirect or not JSON.
        """
        answer = self._http.send("GET", "/api/v4" + path, repeatable=True)
        self._http.refuse_redirect(answer)
        return answer.json() if answer.status == 200 else None

    def rest_ahead(self, path: str) -> Callable[[], Any]:
        """Request a REST path in the background; return a function that waits for its JSON.

        That function raises as :meth:`rest` does. The request takes about as long as a reading, so
        a run that needs both waits half as long.
        """
        if not self.connection.validate_certs:
            # Without validation, warnings are filtered, and Python's filters are not thread-safe.
            return lambda: self.rest(path)
        answers: list[Any] = []
        connection = self.connection.model_copy(update={"retries": 0})

        def ask() -> None:
            try:
                with GitLab(connection) as beside:
                    answers.append(beside.rest(path))
            except Exception as problem:
                answers.append(problem)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()

        def wait() -> Any:
            thread.join()
            if isinstance(answers[0], Unclear):
                return self.rest(path)
            if isinstance(answers[0], Exception):
                raise answers[0]
            return answers[0]

        return wait

    def rest_put(self, path: str, values: dict[str, Any]) -> Any:
        """Write values to a REST path, and return the JSON of the answer.

        :raises Unclear: it is not known whether they were written.
        :raises Failure: GitLab refused them.
        """
        self.forget()
        answer = self._http.send("PUT", "/api/v4" + path, repeatable=False, json=values)
        self._http.refuse_redirect(answer)
        if answer.status == 400:
            raise Failure(
                messages.REFUSED, reason=answer.reason().rstrip("."), hint=messages.CORRECT
            )
        if answer.status != 200:
            raise Failure(
                http_messages.HTTP_REFUSED, path=path, status=answer.status, reason=answer.reason()
            )
        try:
            return answer.json()
        except Failure as problem:
            # It was carried out, and its answer got lost on its way.
            raise Unclear.half(problem) from None

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speak HTTP to one GitLab: requests, answers, retries. Knows status codes, not GraphQL.

Requests that may be repeated are retried here; writes never are. A write without a clear answer
raises :class:`Unclear`, and the caller reads again before it does anything else.
"""

from __future__ import annotations

import math
import random
import time
import warnings
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import eff_request_host  # type: ignore[attr-defined]
from itertools import islice
from json import loads
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._base import http_messages, messages
from .._base.libraries import requests
from .._base.messages import Failure, Unclear
from .._base.urls import without_credentials
from . import transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .connection import Connection

# From GitLab's throttles, and from Workhorse, Puma and load balancers while GitLab starts.
RETRIED_STATUS = (429, 502, 503, 504)
LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is shortened
# Raised by json for broken JSON or UTF-8, numbers with thousands of digits, and deep nesting.
UNREADABLE = (ValueError, RecursionError)
MOST_PROBLEMS = 10  # how many of GitLab's reasons a refusal repeats


@dataclass(frozen=True)
class Answer:
    """An HTTP answer whose body has been read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def content_type(self) -> str:
        """Media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """Body as text; GitLab always sends UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON.

        :raises Failure: it is a page (a sign-in form, a proxy's message) or broken JSON.
        """
        if self.content_type not in ("application/json", "application/graphql-response+json"):
            raise Failure(
                http_messages.NOT_GITLAB,
                path=self.path,
                status=self.status,
                content_type=self.content_type or "none",
            )
        try:
            return loads(self.body)
        except UNREADABLE:
            raise Failure(
                http_messages.BROKEN_ANSWER, path=self.path, reason="broken or truncated JSON"
            ) from None

    def reason(self) -> str:
        """Return the reason for an error, in GitLab's own words if it sends JSON."""
        try:
            said = loads(self.body) if "json" in self.content_type else None
        except UNREADABLE:
            said = None
        if isinstance(said, dict):
            errors = said.get("errors")
            first = errors[0] if isinstance(errors, list) and errors else None
            for text in (
                first.get("message") if isinstance(first, dict) else None,
                said.get("error_description"),
                _flat(said.get("message")),
                said.get("error"),
            ):
                if isinstance(text, str) and text:
                    return text
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "no reason given"


def _flat(said: Any) -> Any:
    """Return texts by field, such as ``{"name": ["is too long"]}``, as one text; others as is."""
    if not isinstance(said, dict):
        return said
    problems = (
        f"{field} {text}"
        for field, texts in said.items()
        for text in (texts if isinstance(texts, list) else [texts])
        if isinstance(text, str)
    )
    return ", ".join(islice(problems, MOST_PROBLEMS))


class Bearer:
    """Sends the token. It is an auth object, so that a .netrc entry cannot replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth:
    """Sends no credentials: for pages, which need cookies and must not get those of .netrc."""

    def __call__(self, request: Any) -> Any:
        """Leave the request as it is."""
        return request


class Http:
    """HTTP to one GitLab with one identity: a token, or the cookies of a browser."""

    def __init__(self, connection: Connection, *, token: str | None) -> None:
        self.connection = connection
        self.url = connection.api_url
        self._session = requests.Session()
        self._session.auth = Bearer(token) if token else NoAuth()
        self._session.headers["User-Agent"] = "ansible-gitlab_ops.duo"
        # requests prepares the request after a redirect even if it does not send it, and raises if
        # the Location header is not a URL.
        self._session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
        # Time of the monotonic clock until which an answer is awaited and requests are retried.
        self.deadline: float | None = None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def set_cookie(self, name: str, value: str) -> None:
        """Set a cookie for this GitLab alone; cookies stay in memory."""
        try:
            prepared = requests.Request("GET", self.url).prepare()
        except requests.exceptions.InvalidURL as error:
            raise transport.explained(error, self.connection) from None
        # The cookie jar changes host names without dots, IPv6 addresses and non-ASCII names.
        domain = eff_request_host(requests.cookies.MockRequest(prepared))[1]
        path = urlsplit(self.url).path or "/"
        self._session.cookies.set(name, value, domain=domain, path=path)

    def send(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever its status below 500.

        :param path: below the base URL, with a leading slash.
        :param repeatable: whether sending it twice does no harm. Such a request is sent up to
            ``retries`` more times after a lost connection, 429, 502, 503 or 504.
        :raises Unclear: a request that is not repeatable got no clear answer.
        :raises Failure: there was no answer, or only 5xx or 429, on the last try.
        """
        tries = self.connection.retries if repeatable else 0
        attempt, waited = 0, 0.0
        while True:
            try:
                return self._once(method, path, json=json, form=form, headers=headers)
            except Unclear as problem:
                wait = pause(attempt, problem.wait)
                if attempt < tries and problem.retry and wait < self._rest():
                    time.sleep(wait)
                    waited += wait
                    attempt += 1
                    continue
                if attempt:
                    problem.add_tries(attempt + 1, waited)
                raise

    def _once(
        self,
        method: str,
        path: str,
        *,
        json: Any,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        connection = self.connection
        if self.deadline is not None:
            timeout = min(connection.timeout, max(1, math.ceil(self._rest())))
            connection = connection.model_copy(update={"timeout": timeout})
        settings = transport.settings(connection)
        try:
            # validate_certs: false is the user's own choice; urllib3 would warn on every request.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                response = self._session.request(
                    method,
                    self.url + path,
                    json=json,
                    data=form,
                    headers=headers,
                    # A redirect turns POST into GET, and may lead to another host.
                    allow_redirects=False,
                    **settings,
                )
        except (requests.exceptions.RequestException, ValueError, OSError) as error:
            raise transport.explained(error, connection) from None
        return self._judged(Answer(response.status_code, response.headers, response.content, path))

    def _rest(self) -> float:
        return math.inf if self.deadline is None else self.deadline - time.monotonic()

    def _judged(self, answer: Answer) -> Answer:
        refused = transport.refused_on_the_way(
            answer.status, answer.content_type, answer.body, self.connection
        )
        if refused:
            raise refused
        if answer.status in RETRIED_STATUS:
            raise Unclear(
                http_messages.TRY_LATER,
                retry=True,
                wait=_retry_after(answer.headers.get("Retry-After")),
                # The proxy gave up, but GitLab may still be working.
                late=answer.status == HTTPStatus.GATEWAY_TIMEOUT,
                # GitLab's throttles refuse a request before anything else sees it.
                refused=answer.status == HTTPStatus.TOO_MANY_REQUESTS,
                status=answer.status,
                reason=answer.reason(),
            )
        if answer.status >= 500:
            raise Unclear(
                http_messages.SERVER_ERROR,
                retry=False,
                status=answer.status,
                reason=answer.reason(),
            )
        return answer

    def refuse_redirect(self, answer: Answer) -> Answer:
        """Return the answer unless it is a redirect, which an API never sends.

        :raises Failure: explaining the redirect.
        """
        if 300 <= answer.status < 400:
            location = answer.headers.get("Location", "")
            raise transport.redirected(self.connection, answer.path, location)
        return answer


def status_of(url: str, connection: Connection) -> int:
    """Return the status with which another service, such as the gateway, answers.

    No credentials are sent to it.

    :raises Failure: there is no answer.
    """
    settings = transport.settings(connection)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = requests.get(url, auth=NoAuth(), allow_redirects=False, **settings)
    except (requests.exceptions.RequestException, ValueError, OSError) as error:
        raise Failure(
            messages.GATEWAY_UNREACHABLE,
            url=without_credentials(url),
            reason=transport.root_cause(error),
        ) from None
    return int(answer.status_code)


def pause(attempt: int, wanted: float | None) -> float:
    """Return the seconds to wait: as GitLab wants, or else 1, 2, 4, …, with jitter."""
    if wanted is not None:
        # With the arguments in this order, NaN becomes 0.
        return min(max(0.0, wanted), LONGEST_WAIT) + random.uniform(0, 0.25)  # noqa: S311
    return min(2.0**attempt, LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311


def _retry_after(value: str | None) -> float | None:
    """Return the seconds in a ``Retry-After`` header, which holds a number or a date."""
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError):
        return None

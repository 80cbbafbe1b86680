# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs against the stand-in GitLab in this process: no socket, no thread.

A transport adapter of requests hands each request to the sandbox's application, so that all of
the collection runs, from the options of a task to the bytes of an answer.
"""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email.message import Message
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run import failed, perform
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import client
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
    CONNECTION_SPEC,
)
from sandbox import credentials
from sandbox.app import create_app
from sandbox.front import Dropped
from sandbox.seed import apply
from sandbox.state import Instance

URL = "http://gitlab.example.com"
RELEASES = (
    *("17.9", "17.10", "17.11", "18.0", "18.3", "18.4"),
    *("18.6", "18.7", "18.9", "18.10", "18.11", "19.4", "19.5"),
)
ROOT = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}


@dataclass(frozen=True)
class Reply:
    """An answer on its way, and the method of the request that it answers."""

    method: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class InProcess(HTTPAdapter):
    """Carries requests to an ASGI application."""

    def __init__(self, app: Any, after: Callable[[], None]) -> None:
        super().__init__()
        self._app = app
        self._after = after
        # Makes another answer of each, so that a test can send what no GitLab would.
        self.alter: Callable[[Reply], Reply] = lambda reply: reply

    def send(self, request: requests.PreparedRequest, *_args: Any, **_more: Any) -> Any:
        """Return the application's answer."""
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else bytes(body)
        parts = urlsplit(str(request.url))
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [
                (name.lower().encode(), value.encode() if isinstance(value, str) else value)
                for name, value in {"Host": parts.netloc, **request.headers}.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": (parts.hostname, parts.port or 80),
        }
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def keep(message: Any) -> None:
            messages.append(message)

        try:
            asyncio.run(self._app(scope, receive, keep))
        except Dropped as lost:
            raise requests.exceptions.ConnectionError(str(lost)) from None
        finally:
            self._after()
        reply = Reply(
            str(request.method),
            messages[0]["status"],
            [
                (name.decode(), value.decode())
                for name, value in messages[0]["headers"]
                # There is no stream here that could end too early.
                if name != b"content-length"
            ],
            b"".join(one.get("body", b"") for one in messages[1:]),
        )
        return self.build_response(request, _answer(self.alter(reply)))


def _answer(reply: Reply) -> HTTPResponse:
    # Where requests looks for cookies.
    seen = Message()
    for name, value in reply.headers:
        seen[name] = value
    answer = HTTPResponse(
        io.BytesIO(reply.body), headers=reply.headers, status=reply.status, preload_content=False
    )
    wire = SimpleNamespace(msg=seen, isclosed=lambda: True, close=lambda: None)
    answer._original_response = wire  # type: ignore[assignment]
    return answer


class AtOnce:
    """A thread that is over once it is started, so that requests come in one order in each run."""

    def __init__(self, *, target: Callable[[], None], daemon: bool) -> None:
        del daemon
        self._target = target

    def start(self) -> None:
        """Do the work."""
        self._target()

    def join(self) -> None:
        """Wait for nothing."""


class Sandboxed:
    """A stand-in GitLab of one release, and tasks that are run against it."""

    def __init__(self, release: str = "18.9", **seed: Any) -> None:
        self.release = release
        self.app = create_app(release, external_url=URL)
        # Whether what a task asks beside its other requests is asked at the same time.
        self.threads = False
        # Called after each request, so that a test can look at every moment of a run.
        self.watch: Callable[[], None] = lambda: None
        self.adapter = InProcess(self.app, self._seen)
        self.seed(**seed)

    def _seen(self) -> None:
        self.watch()

    @property
    def instance(self) -> Instance:
        """What it holds."""
        found: Instance = self.app.state.instance
        return found

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was asked of it."""
        found: list[dict[str, Any]] = self.app.state.journal.requests
        return found

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The requests that write."""
        return [request for request in self.requests if request["write"]]

    def forget(self) -> None:
        """Clear the journal."""
        self.app.state.journal.clear()

    def seed(self, **state: Any) -> None:
        """Put state on top of what is there."""
        apply(self.instance, state)

    def wait(self, seconds: float) -> None:
        """Let caches and replicas age."""
        self.instance.past.pass_time(seconds)

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replace the faults."""
        self.app.state.faults.clear()
        self.app.state.faults.add(list(rules))

    def stored(self) -> str:
        """Return all that Duo's administrators can set, to be compared as text."""
        it = self.instance
        return json.dumps(
            {
                "gateway": asdict(it.gateway),
                "models": [asdict(model) for model in it.models],
                "features": [asdict(row) for row in it.features],
                "acceptances": [asdict(row) for row in it.acceptances],
                "settings": it.settings,
                "seats": {add_on.name: sorted(add_on.users) for add_on in it.add_ons},
            },
            default=str,
            sort_keys=True,
        )

    def features(self) -> dict[str, tuple[str, str | None]]:
        """Return provider and model of each feature that has a row."""
        names = {model.id: model.name for model in self.instance.models}
        return {
            row.feature: (row.provider, names.get(row.model_id or 0))
            for row in self.instance.features
        }

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Let every session of requests end here, also those of threads that a task starts."""
        before = set(threading.enumerate())
        kind = threading.Thread if self.threads else AtOnce
        with (
            mock.patch.object(requests.Session, "get_adapter", return_value=self.adapter),
            mock.patch.object(client, "threading", SimpleNamespace(Thread=kind)),
        ):
            try:
                yield
            finally:
                # A task that fails waits for none, and outside of here they would reach a network.
                for thread in set(threading.enumerate()) - before:
                    thread.join()

    def run(self, subject: Subject, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Return the result of a task, as both doors get it; a bug is raised, not told."""
        with self.reached():
            try:
                return perform(subject, params(subject, **options), check_mode=check)
            except Failure as failure:
                return failed(failure, URL)

    def dry(self, subject: Subject, **options: Any) -> dict[str, Any]:
        """Return the result of a task in check mode."""
        return self.run(subject, check=True, **options)


def params(subject: Subject, **options: Any) -> dict[str, Any]:
    """Return a task's parameters as Ansible hands them over: with defaults, null if left out."""
    connection = {"api_url": URL, "api_token": credentials.ADMIN_TOKEN}
    return _filled({**CONNECTION_SPEC, **subject.arguments.spec}, {**connection, **options})


def _filled(spec: Any, given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(spec)
    assert not unknown, f"no such option: {', '.join(unknown)}"
    return {
        name: _value(about, given.get(name, about.get("default"))) for name, about in spec.items()
    }


def _value(about: Any, value: Any) -> Any:
    if value is None or "options" not in about:
        return value
    if about["type"] == "dict":
        return _filled(about["options"], value)
    return [_filled(about["options"], one) for one in value]

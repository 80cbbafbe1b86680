# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers of the core's tests: short ways to write down a state, and a scripted server."""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run_plan import StepPlan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.client import GitLab
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import Connection
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.stored import (
    Model,
    Setting,
    State,
)

if TYPE_CHECKING:
    from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import Plan

TOKEN = "glpat-a-token-that-must-not-show"
RELEASES = ("17.9", "17.11", "18.0", "18.9", "19.4")


# --- plans -------------------------------------------------------------------------------------
def release(text: str) -> Release:
    """Return the release of a version."""
    found = Release.parse(text)
    assert found
    return found


def has_provider(version: str) -> bool:
    """Return whether models of this release have a provider, as GitLab's schema has it."""
    return release(version).minor >= (18, 11)


def model(name: str = "codestral", number: int = 1, **values: Any) -> Model:
    """Return a model as GitLab has it."""
    common = {
        "family": "codestral",
        "endpoint": "https://vllm.example.com/v1",
        "identifier": "custom_openai/codestral",
    }
    return Model(id=gid(number), name=name, **{**common, **values})


def gid(number: int) -> str:
    """Return the global id of a model."""
    return f"gid://gitlab/Ai::SelfHostedModel/{number}"


def state(
    *models: Model,
    settings: dict[str, Setting] | None = None,
    beta: bool | None = True,
    **more: Any,
) -> State:
    """Return what GitLab has; beta features are on unless told otherwise."""
    return State(models={it.name: it for it in models}, settings=settings or {}, beta=beta, **more)


def served_by(it: Model, **values: Any) -> Setting:
    """Return the setting of a feature that a self-hosted model serves."""
    linked = {"model": it.name, "model_id": it.id, "model_family": it.family}
    return Setting(**{"provider": "self_hosted", **linked, **values})


def calls(plan: Plan[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the mutations of a plan: field and exact input."""
    return [(step.call.field, dict(step.call.input)) for step in plan.steps]


# What a run that turns beta features on has in its plan before the models.
BETA_ON = {
    "subject": "beta_features",
    "name": "",
    "field": "enabled",
    "before": False,
    "after": True,
}


def foreseen(subject: Any, found: Any, *earlier: Plan[Any] | dict[str, Any]) -> Any:
    """Return what a dry run plans against: earlier plans of the run, or single changes, done."""
    changes = [
        entry for it in earlier for entry in ([it] if isinstance(it, dict) else it.entries())
    ]
    unsupported = {
        name: why
        for it in earlier
        if not isinstance(it, dict)
        for name, why in it.unsupported.items()
    }
    return subject.foresee(found, StepPlan(preceding=tuple(changes), unsupported=unsupported))


def shown(plan: Plan[Any]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return the diff of a plan: object -> before, after."""
    return {
        entry["before_header"].removeprefix("https://gitlab.example.com "): (
            entry["before"],
            entry["after"],
        )
        for entry in plan.diff("https://gitlab.example.com")
    }


# --- a GitLab that answers what a test tells it to -----------------------------------------------
@dataclass
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class Reply:
    """An answer, byte for byte; ``drop`` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    # Announces more bytes than it sends.
    cut: int = 0
    delay: float = 0.0

    @property
    def raw(self) -> bytes:
        """The body as bytes; what is neither bytes nor text becomes JSON."""
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


class Server:
    """A real HTTP server in a thread; it answers by a list of replies or by a function."""

    def __init__(self, script: Any = None, context: ssl.SSLContext | None = None) -> None:
        self.script = script if script is not None else []
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(
                    self.command, self.path, dict(self.headers), self.rfile.read(length)
                )
                outer.requests.append(request)
                self.answer(outer.reply_to(request))

            do_GET = do_POST = do_PUT = do  # noqa: N815

            def answer(self, reply: Reply) -> None:
                if reply.delay:
                    outer.released.wait(reply.delay)
                if reply.drop:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json", **reply.headers}
                for name, value in headers.items():
                    for one in value.split("\n"):
                        self.send_header(name, one)
                self.send_header("Content-Length", str(len(reply.raw) + reply.cut))
                self.end_headers()
                self.wfile.write(reply.raw)
                self.close_connection = bool(reply.cut)

            def log_message(self, *_args: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: Any) -> None:
                """Say nothing of clients that hang up: some tests want that."""

        # Lets a slow answer go as soon as the test is over.
        self.released = threading.Event()
        self._server = Quiet(("127.0.0.1", 0), Handler)
        scheme = "http"
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def reply_to(self, request: Request) -> Reply:
        """Return the next reply of the script; the last one stays."""
        if callable(self.script):
            return self.script(request)
        number = min(len(self.requests), len(self.script)) - 1
        return self.script[number] if self.script else Reply(500, {"message": "no script"})

    def close(self) -> None:
        """Stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def connection(url: str, **values: Any) -> Connection:
    """Return connection options."""
    return Connection(**{"api_url": url, "api_token": TOKEN, "timeout": 10, **values})


def gitlab(url: str, **values: Any) -> GitLab:
    """Return a client."""
    return GitLab(connection(url, **values))


def of(message: messages.Message) -> str:
    """Return the code by which a test knows a failure."""
    return message.code


def http_date(seconds_from_now: float) -> str:
    """Return a date as HTTP writes it."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds_from_now))

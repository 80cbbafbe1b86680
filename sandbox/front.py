# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer in front of GitLab: the journal, and the faults of proxies and networks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import Fault, spoiled
from .journal import describe
from .processes import Look, looking

#: Where the server leaves functions that close the connection without an answer, and that refuse
#: new ones for some seconds.
ABORT = "sandbox.abort"
REFUSE = "sandbox.refuse"


class Dropped(ConnectionResetError):
    """In process there is no connection to close: the caller sees this instead."""


@dataclass
class _Answer:
    """GitLab's answer, held back."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Front:
    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        headers = dict(scope["headers"])
        entry = describe(
            scope["method"],
            scope["path"],
            body,
            headers.get(b"content-type", b"").decode("latin-1"),
            scope["query_string"].decode("latin-1"),
        )
        fault: Fault | None = self.state.faults.take(entry)
        if fault is not None and fault.kind == "delay" and not fault.after_work:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "sign_out":
            self.state.sessions.expire()
        answer = _Answer()
        if fault is None or fault.needs_work:
            await self._work(scope, body, answer, reads=not entry["write"])
        # Set by the endpoint once it knows the caller.
        user = scope.get("sandbox.user")
        if fault is not None and fault.kind in ("drop_before", "drop_after", "refuse"):
            self.state.journal.add(entry, None, user)
            if fault.kind == "refuse":
                _refuse(scope, fault.seconds)
            await _drop(scope)
            return
        if fault is not None:
            if fault.kind != "delay" or fault.after_work:
                await asyncio.sleep(fault.seconds)
            if fault.kind != "sign_out":
                _spoil(fault, answer)
        self.state.journal.add(entry, answer.status, user)
        start = {
            "type": "http.response.start",
            "status": answer.status,
            "headers": answer.headers,
        }
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    async def _work(self, scope: Scope, body: bytes, answer: _Answer, *, reads: bool) -> None:
        """Let the next process answer, while the others answer their own requests."""
        options = self.state.instance.options
        half = options.latency_ms / 2000
        # A request sees the state half-way through its time, so its answer is already a little old.
        await asyncio.sleep(half)
        instance = self.state.instance
        instance.settle()
        process = next(self.state.turns) % options.processes
        with looking(Look(process, reads)), instance.remembering():
            await self.app(scope, _replay(body), answer.take)
        await asyncio.sleep(half)


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _drop(scope: Scope) -> None:
    abort: Any = scope.get("state", {}).get(ABORT)
    if abort is None:
        raise Dropped("the connection was closed without an answer")
    abort(scope)
    # Let the loss of the connection be noticed, or the server complains about a missing answer.
    await asyncio.sleep(0)


def _refuse(scope: Scope, seconds: float) -> None:
    refuse: Any = scope.get("state", {}).get(REFUSE)
    if refuse is not None:
        refuse(scope["server"][1], seconds)


def _spoil(fault: Fault, answer: _Answer) -> None:
    headers = {key.decode(): value.decode() for key, value in answer.headers}
    answer.status, kept, answer.body = spoiled(fault, answer.status, headers, answer.body)
    kept = {key.lower(): value for key, value in kept.items()}
    if fault.kind != "delay" or fault.truncate is not None:
        kept["content-length"] = str(len(answer.body))
        answer.headers = [(key.encode(), value.encode()) for key, value in kept.items()]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few REST answers that community.general.gitlab_instance_variable asks for.

    python -m benchmarks.peer

Prints its port, then serves any number of instances, each below a path of its own. `POST /_start`
puts them in a state: how many variables each has, and how many seconds each answer waits;
`GET /_count` says how many requests came since then.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Json = dict[str, Any]
Send = Callable[[Json], Awaitable[None]]
Receive = Callable[[], Awaitable[Json]]


def variable(number: int) -> Json:
    """Return a variable as GitLab shows it."""
    return {
        "key": f"VARIABLE_{number}",
        "value": f"value-{number}",
        "variable_type": "env_var",
        "protected": False,
        "masked": False,
        "raw": False,
        "description": None,
    }


class Api:
    """The application: per instance its variables by key."""

    def __init__(self) -> None:
        self.filled = 0
        self.delay = 0.0
        self.requests = self.writes = 0
        self.instances: dict[str, dict[str, Json]] = {}

    async def __call__(self, scope: Json, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, content = 200, self.answer(scope["method"], scope["path"], body)
        if content is None:
            status, content = 404, {"message": "404 Not Found"}
        elif scope["method"] == "POST" and not scope["path"].startswith("/_"):
            status = 201
        if not scope["path"].startswith("/_"):
            await asyncio.sleep(self.delay)
        headers = [(b"content-type", b"application/json"), (b"x-total-pages", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """Return the content of an answer, or None for an unknown path."""
        if path == "/_start":
            given = json.loads(body)
            self.filled, self.delay = given["variables"], given["delay"]
            self.requests = self.writes = 0
            self.instances.clear()
            return {}
        if path == "/_count":
            return {"requests": self.requests, "writes": self.writes}
        self.requests += 1
        self.writes += method != "GET"
        instance, _slash, rest = path.strip("/").partition("/api/v4/")
        start = {it["key"]: it for it in map(variable, range(self.filled))}
        variables = self.instances.setdefault(instance, start)
        if rest == "user":
            return {"id": 1, "username": "root", "is_admin": True}
        if rest == "version":
            return {"version": "18.9.2-ee", "revision": "0"}
        if rest != "admin/ci/variables":
            return None
        if method == "POST":
            given = json.loads(body)
            variables[given["key"]] = {**variable(0), **given}
            return variables[given["key"]]
        return list(variables.values())


def main() -> None:
    """Serve until the end."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(Api(), lifespan="off", log_level="error", access_log=False)
    parent = os.getppid()

    async def serve() -> None:
        async def watch() -> None:
            while os.getppid() == parent:
                await asyncio.sleep(0.5)
            os._exit(0)

        watching = asyncio.create_task(watch())
        await uvicorn.Server(config).serve(sockets=[listening])
        watching.cancel()

    asyncio.run(serve())


if __name__ == "__main__":
    main()

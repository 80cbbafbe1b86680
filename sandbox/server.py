# SPDX-License-Identifier: GPL-3.0-or-later
"""Several instances in one process: one event loop, one socket each."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import create_app
from .front import ABORT, REFUSE

HOST = "127.0.0.1"
PARENT_POLL = 0.25


@dataclass
class Listening:
    """One instance and the socket it listens on."""

    app: Starlette
    socket: socket.socket

    @property
    def port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    def announcement(self) -> str:
        instance = self.app.state.instance
        facts = {"version": instance.version, "url": instance.external_url, "port": self.port}
        return json.dumps(facts)


def bound_socket(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio looks at it before it turns Nagle's algorithm off;
    # without that, every answer is 40 ms late.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def listen(
    version: str,
    port: int,
    relative_url_root: str,
    host: str = HOST,
    options: Mapping[str, Any] | None = None,
) -> Listening:
    sock = bound_socket(host, port)
    bound = sock.getsockname()[1]
    app = create_app(version, relative_url_root, f"http://{HOST}:{bound}", options)
    return Listening(app, sock)


class Connections:
    """Open connections by the client's address, so that a fault can close one."""

    def __init__(self) -> None:
        self.by_client: dict[tuple[str, int], asyncio.Transport] = {}

    def abort(self, scope: Scope) -> None:
        client = scope.get("client")
        transport = self.by_client.get((client[0], client[1])) if client else None
        if transport is not None:
            transport.abort()


def protocol_for(connections: Connections) -> type[asyncio.Protocol]:
    class Protocol(H11Protocol):
        """uvicorn's own, entered in a list while it is open."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections.by_client[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                connections.by_client.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol


class Server(uvicorn.Server):
    """Announces itself when it listens, and stops at once."""

    def __init__(self, config: uvicorn.Config, instances: list[Listening]) -> None:
        super().__init__(config)
        self.instances = instances

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for one in self.instances:
            print(one.announcement(), flush=True)

    def refuse(self, port: int, seconds: float) -> None:
        """Refuse new connections to a port for a while; existing ones stay."""
        for listening in self.servers:
            for sock in listening.sockets:
                host, its_port = sock.getsockname()[:2]
                if its_port == port:
                    listening.close()
                    self.servers.remove(listening)
                    # Bound but not listening: the port stays taken, and connections are refused.
                    kept = bound_socket(host, port)
                    asyncio.get_running_loop().call_later(seconds, self._listen_again, kept)
                    return

    def _listen_again(self, sock: socket.socket) -> None:
        self._returning = asyncio.ensure_future(self._listen(sock))

    async def _listen(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.servers.append(await loop.create_server(self._protocol, sock=sock))

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state={}
        )
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Nothing is worth waiting for, not even a delayed answer.
        os._exit(0)


def run(instances: list[Listening], exit_with_parent: bool = False) -> None:
    connections = Connections()
    by_port = {one.port: one.app for one in instances}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update({ABORT: connections.abort, REFUSE: server.refuse})
        app = by_port[scope["server"][1]]
        await app(scope, receive, send)

    config = uvicorn.Config(
        dispatch,
        http=protocol_for(connections),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        # As long as the proxy in front of GitLab; shorter would look like a dropped connection.
        timeout_keep_alive=75,
    )
    server = Server(config, instances)

    async def main() -> None:
        watch = asyncio.create_task(_watch_parent()) if exit_with_parent else None
        await server.serve(sockets=[one.socket for one in instances])
        if watch:
            watch.cancel()

    asyncio.run(main())


async def _watch_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_POLL)
    os._exit(0)

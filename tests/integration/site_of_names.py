# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network in which every name is a GitLab, so that documentation runs as it is written.

https://gitlab.example.com is reached through a proxy from the environment, with TLS and a
certificate for that name; a stand-in of the release that belongs to the name answers.
"""

from __future__ import annotations

import contextlib
import pathlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox_client import Instance, Server
from tls import Authority

# What a name is that nobody said anything about.
USUAL = "18.9"


class Site:
    """The proxy, and the GitLabs behind it; each is started when it is first asked for.

    :param folder: where certificates are kept.
    :param options: of the server of each GitLab.
    """

    def __init__(self, folder: pathlib.Path, options: Sequence[str] = ()) -> None:
        self._options = options
        self._ca = Authority(folder, "site")
        self._lock = threading.Lock()
        self._servers: dict[tuple[str, str], Server] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._fresh: dict[str, Instance] = {}
        self.begin({}, lambda _name, _instance: None)
        self._proxy = _Proxy(("127.0.0.1", 0), _Tunnel)
        self._proxy.site = self
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What makes programs use this network."""
        return {
            "HTTPS_PROXY": "http://{}:{}".format(*self._proxy.server_address),
            "REQUESTS_CA_BUNDLE": str(self._ca.path),
        }

    def begin(self, releases: Mapping[str, str], prepare: Callable[[str, Instance], None]) -> None:
        """Begin anew: every name is a pristine GitLab that was prepared.

        :param releases: host name -> release; other names are of ``USUAL``.
        """
        self._releases, self._prepare = releases, prepare
        self._fresh.clear()

    def instance(self, name: str) -> Instance:
        """Return the GitLab behind a name."""
        with self._lock:
            if name not in self._fresh:
                release = self._releases.get(name, USUAL)
                if (name, release) not in self._servers:
                    self._servers[name, release] = Server([release], options=self._options)
                (instance,) = self._servers[name, release].instances
                instance.reset()
                self._prepare(name, instance)
                self._fresh[name] = instance
            return self._fresh[name]

    def context(self, name: str) -> ssl.SSLContext:
        """Return what a server of this name needs for TLS."""
        with self._lock:
            if name not in self._contexts:
                pair = self._ca.sign(name, hosts=(name,))
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pair.certificate, pair.key)
                self._contexts[name] = context
            return self._contexts[name]

    def stop(self) -> None:
        """End all of it."""
        self._proxy.shutdown()
        self._proxy.server_close()
        for server in self._servers.values():
            server.stop()


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    site: Site


class _Tunnel(socketserver.StreamRequestHandler):
    """One CONNECT, and the TLS of the GitLab that it leads to."""

    rbufsize = 0  # what follows the head is for TLS

    def handle(self) -> None:
        method, target, _version = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 501 Only https is offered here\r\n\r\n")
            return
        name = target.rpartition(":")[0]
        assert isinstance(self.server, _Proxy)
        site = self.server.site
        host, _colon, port = site.instance(name).control.partition(":")
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        # A client that hangs up in the middle is no matter of ours.
        with (
            contextlib.suppress(OSError),
            site.context(name).wrap_socket(self.request, server_side=True) as client,
            socket.create_connection((host, int(port))) as gitlab,
        ):
            back = threading.Thread(target=_pass_on, args=(gitlab, client), daemon=True)
            back.start()
            _pass_on(client, gitlab)
            back.join()


def _pass_on(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)

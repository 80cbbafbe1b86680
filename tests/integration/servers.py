# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start servers between controller and GitLab: nginx with TLS, and tinyproxy as the proxy."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tls import Pair

from tools import system


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _port in range(count)]
    ports = [it.getsockname()[1] for it in taken]
    for one in taken:
        one.close()
    return ports


class Program:
    """A server that runs in the foreground until it is stopped."""

    def __init__(self, command: Sequence[str], ports: Sequence[int], log: pathlib.Path) -> None:
        program = system.find(command[0])
        assert program, f"{command[0]} is missing: make packages"
        self._log = log
        with log.open("w") as file:
            self._process = subprocess.Popen(
                [program, *command[1:]], stdout=file, stderr=subprocess.STDOUT
            )
        for port in ports:
            self._wait_for(port)

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                running = self._process.poll() is None and time.monotonic() < end
                assert running, self._log.read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)


class Nginx:
    """nginx with several servers; each has a name and a port, and records what it is sent.

    :param servers: name -> (certificate or None, directives).
    """

    def __init__(
        self, folder: pathlib.Path, servers: Mapping[str, tuple[Pair | None, str]]
    ) -> None:
        self.ports = dict(zip(servers, free_ports(len(servers)), strict=True))
        self._seen = folder / "seen.jsonl"
        blocks = "".join(
            self._block(name, certificate, directives)
            for name, (certificate, directives) in servers.items()
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{}}
http {{
  log_format seen escape=json '{{"server":"$name","host":"$http_host","uri":"$request_uri",'
    '"authorization":"$http_authorization","cookie":"$http_cookie","status":"$status",'
    '"proxy_authorization":"$http_proxy_authorization","client":"$ssl_client_s_dn"}}';
  access_log {self._seen} seen;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  # As GitLab's own: the sandbox sees whom the client asked.
  proxy_set_header Host $http_host;
  proxy_buffering off;
  {blocks}
}}
"""
        )
        command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
        self._program = Program(command, list(self.ports.values()), folder / "nginx.log")

    def _block(self, name: str, certificate: Pair | None, directives: str) -> str:
        tls = ""
        if certificate:
            tls = f"ssl_certificate {certificate.certificate};"
            tls += f"ssl_certificate_key {certificate.key};"
        for other, port in self.ports.items():
            directives = directives.replace(f"PORT:{other}", str(port))
        listen = f"listen 127.0.0.1:{self.ports[name]} {'ssl' if certificate else ''};"
        return f"server {{ {listen} set $name {name}; {tls} {directives} }}\n"

    def url(self, name: str, host: str = "127.0.0.1", scheme: str = "https") -> str:
        """Return the base URL of a server."""
        return f"{scheme}://{host}:{self.ports[name]}"

    def seen(self, name: str) -> list[dict[str, Any]]:
        """Return the requests that a server was sent."""
        lines = map(json.loads, self._seen.read_text().splitlines())
        return [line for line in lines if line["server"] == name]

    def stop(self) -> None:
        """End it."""
        self._program.stop()


class Tinyproxy:
    """A proxy for http and, with CONNECT, for https, that wants a user name and password.

    :param upstream: host and port to which all plain http goes.
    :param connect: ports to which CONNECT is allowed.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        credentials: tuple[str, str],
        *,
        upstream: str,
        connect: Sequence[int],
    ) -> None:
        (self.port,) = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self._log = folder / "tinyproxy.log"
        configuration = folder / "tinyproxy.conf"
        lines = [
            f"Port {self.port}",
            "Listen 127.0.0.1",
            "Timeout 60",
            "MaxClients 50",
            "LogLevel Connect",
            f"BasicAuth {' '.join(credentials)}",
            # Names that only this proxy knows, as with a split DNS.
            f'Upstream http {upstream} ".test"',
            *(f"ConnectPort {port}" for port in connect),
        ]
        configuration.write_text("\n".join(lines) + "\n")
        command = ["tinyproxy", "-d", "-c", str(configuration)]
        self._program = Program(command, [self.port], self._log)

    def asked(self) -> list[str]:
        """Return the first lines of the requests: method, address, version."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line.partition("): ")[2] for line in lines if "Request (file" in line]

    def stop(self) -> None:
        """End it."""
        self._program.stop()

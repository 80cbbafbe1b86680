# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network of a site: GitLabs behind nginx with all kinds of certificates, and a proxy."""

from __future__ import annotations

import pathlib
from typing import Any

from sandbox_client import Server
from servers import Nginx, Tinyproxy, free_ports
from tls import DAY, NOW, Authority

HERE = ("127.0.0.1", "localhost")
PROXY_USER = "proxy-user"
PROXY_PASSWORD = "proxy-Passw0rd-right"
# What each server that redirects answers; PORT:name becomes a port.
REDIRECTS = {
    "other_host": "return 307 https://me:redirect-Passw0rd@localhost:PORT:elsewhere$request_uri;",
    "to_http": "return 307 http://localhost:PORT:elsewhere_plain$request_uri;",
    "to_file": "return 302 file:///etc/passwd;",
    "to_nowhere": "return 302 http://[nowhere;",
    "to_login": "return 302 /users/sign_in;",
    "plain_to_https": "return 301 https://127.0.0.1:PORT:trusted$request_uri;",
}


class Network:
    """Everything that runs, and the names by which cases call it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        ca, other = Authority(folder, "ca"), Authority(folder, "other-ca")
        good = ca.sign("gitlab", hosts=HERE)
        expired = ca.sign("expired", hosts=HERE, until=NOW - DAY)
        misnamed = ca.sign("misnamed", hosts=("gitlab.example.org",))
        client, stranger = ca.sign("client"), other.sign("stranger")
        encrypted = ca.sign("encrypted", passphrase=b"of a key")
        # Of a release where only a page tells about beta features, so that each case signs in.
        self._sandboxes = [Server(["17.9"]), Server(["17.9"], root="/gitlab")]
        root, below = (server.instances[0] for server in self._sandboxes)
        self.instances = [root, below]
        to_gitlab = f"location / {{ proxy_pass http://{root.control}; }}"
        to_gitlab += f"location /gitlab/ {{ proxy_pass http://{below.control}; }}"
        asks = f"ssl_verify_client on; ssl_client_certificate {ca.path}; {to_gitlab}"
        # Its own CA, and the whole of its chain.
        self_signed = Authority(folder, "self-signed")
        alone = self_signed.sign("self-signed", self_signed._key, hosts=HERE)
        self.nginx = Nginx(
            folder,
            {
                "trusted": (good, to_gitlab),
                "expired": (expired, to_gitlab),
                "misnamed": (misnamed, to_gitlab),
                "self_signed": (alone, to_gitlab),
                "asks": (good, asks),
                "plain": (None, to_gitlab),
                "refuses_plain": (None, "return 407;"),
                "elsewhere": (good, "return 200;"),
                "elsewhere_plain": (None, "return 200;"),
                **{
                    name: (None if name.startswith("plain") else good, answer)
                    for name, answer in REDIRECTS.items()
                },
            },
        )
        (nobody,) = free_ports(1)
        self.proxy = Tinyproxy(
            folder,
            (PROXY_USER, PROXY_PASSWORD),
            upstream=f"127.0.0.1:{self.nginx.ports['plain']}",
            connect=[self.nginx.ports["trusted"]],
        )
        self.names: dict[str, Any] = {
            **{
                name: self.nginx.url(name, scheme="http" if "plain" in name else "https")
                for name in self.nginx.ports
            },
            "localhost": self.nginx.url("trusted", "localhost"),
            "http_at_tls": self.nginx.url("trusted", scheme="http"),
            "tls_at_plain": self.nginx.url("plain"),
            "ca": ca.path,
            "other_ca": other.path,
            "client": client.certificate,
            "client_key": client.key,
            "stranger": stranger.certificate,
            "stranger_key": stranger.key,
            "encrypted": encrypted.certificate,
            "encrypted_key": encrypted.key,
            "proxy": f"http://{PROXY_USER}:{PROXY_PASSWORD}@{self.proxy.address}",
            "proxy_address": self.proxy.address,
            "nobody": f"127.0.0.1:{nobody}",
        }

    def filled(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return options with names of the network in place of ``{name}``."""
        return {
            key: value.format_map(self.names) if isinstance(value, str) else value
            for key, value in options.items()
        }

    def stop(self) -> None:
        """End all of it."""
        for program in (self.proxy, self.nginx, *self._sandboxes):
            program.stop()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start stand-in GitLabs for the demos, ask for their state, and stop them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

from tools.collection import ROOT

# Seconds.
PATIENCE = 30.0

Json = dict[str, Any]


class Broken(Exception):
    """A promise of the collection does not hold."""


def ask(url: str, path: str, method: str = "GET", body: Json | None = None) -> Json:
    """Send a request to the control side of a stand-in."""
    request = urllib.request.Request(  # noqa: S310  always http://127.0.0.1
        f"{url}/_sandbox/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    # Never through a proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as answer:
        text = answer.read()
    content: Json = json.loads(text) if text else {}
    return content


@contextlib.contextmanager
def stand_ins(releases: dict[str, str]) -> Iterator[dict[str, str]]:
    """Start a stand-in for each release, and stop them at the end; yield their addresses."""
    # The runs of a demo follow each other at once, and must not wait a minute for old copies.
    command = [sys.executable, "-m", "sandbox", "--exit-with-parent", "--cache-seconds", "1"]
    for release in releases.values():
        command += ["--instance", f"{release}:0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout  # noqa: S101  for mypy: it is a pipe
            lines = [server.stdout.readline() for _release in releases]
            if not all(lines):
                raise Broken("the stand-in GitLabs did not start")
            yield {
                name: json.loads(line)["url"] for name, line in zip(releases, lines, strict=True)
            }
        finally:
            server.terminate()


def journals(urls: dict[str, str]) -> dict[str, list[Json]]:
    """Return what each stand-in was asked since the last call."""
    found = {name: ask(url, "journal")["requests"] for name, url in urls.items()}
    for url in urls.values():
        ask(url, "journal", "DELETE")
    return found


def writes(asked: dict[str, list[Json]]) -> int:
    """Return how many of the requests write."""
    return sum(request["write"] for requests in asked.values() for request in requests)


def count(asked: dict[str, list[Json]]) -> int:
    """Return how many requests there were."""
    return sum(len(requests) for requests in asked.values())

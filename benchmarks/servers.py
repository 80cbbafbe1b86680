# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server that the cases talk to: the stand-in GitLab."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from benchmarks import declared, measure
from tools.collection import ROOT

Json = dict[str, Any]


def ask(netloc: str, method: str, path: str, body: Any = None) -> Json:
    """Send a request to the control side of a server."""
    connection = http.client.HTTPConnection(netloc, timeout=60)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text}")
    content: Json = json.loads(text) if text else {}
    return content


class Server:
    """A server process, which ends with this one."""

    def __init__(self, module: str, arguments: list[str], lines: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.announced = [self.process.stdout.readline() for _line in range(lines)]
        if not all(self.announced):
            raise RuntimeError(f"{module} did not start")

    def cpu(self) -> float:
        """Return the CPU seconds that it has used."""
        return measure.cpu_of(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


class Sandbox(Server):
    """Several stand-in GitLabs in one process."""

    def __init__(self, instances: int) -> None:
        arguments = ["--exit-with-parent"]
        for _number in range(instances):
            arguments += ["--instance", f"{declared.RELEASE}:0"]
        super().__init__("sandbox", arguments, instances)
        self.urls = [json.loads(line)["url"] for line in self.announced]

    def start(
        self, used: int, models: int, *, change: bool, beta: bool, latency: float, users: int
    ) -> None:
        """Put the instances that are used in the state from which a run starts."""
        for url in self.urls[:used]:
            netloc = urlsplit(url).netloc
            ask(netloc, "POST", "/_sandbox/reset")
            ask(netloc, "POST", "/_sandbox/seed", declared.seed(models, change=change, beta=beta))
            if users:
                seats = declared.seats_seed(users, change=change)
                ask(netloc, "POST", "/_sandbox/seed", seats)
            if latency:
                rule = {"kind": "delay", "seconds": latency, "times": 0}
                ask(netloc, "POST", "/_sandbox/faults", {"faults": [rule]})

    def count(self, used: int, models: int, users: int) -> tuple[int, int]:
        """Return how many requests came, and how many of them write.

        :raises RuntimeError: an instance is not in the declared state.
        """
        requests = writes = 0
        for url in self.urls[:used]:
            netloc = urlsplit(url).netloc
            if not declared.reached(ask(netloc, "GET", "/_sandbox/state"), models, users):
                raise RuntimeError(f"{url} is not in the declared state")
            journal = ask(netloc, "GET", "/_sandbox/journal")["requests"]
            requests += len(journal)
            writes += sum(bool(entry["write"]) for entry in journal)
        return requests, writes

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start stand-in GitLabs for a test: one server process with any number of instances."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from sandbox import credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Instance:
    """One stand-in GitLab, seen through its control paths."""

    def __init__(self, release: str, url: str) -> None:
        self.release = release
        self.url = url
        self._address = urlsplit(url).netloc

    @property
    def control(self) -> str:
        """Host and port of the control paths."""
        return self._address

    @property
    def options(self) -> dict[str, Any]:
        """What every module needs to reach it as an administrator."""
        return {"api_url": self.url, "api_token": credentials.ADMIN_TOKEN}

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        connection.request(method, f"/_sandbox/{path}", None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status < 300, f"{method} {path}: {text}"
        return json.loads(text) if text else None

    def reset(self) -> None:
        """Make it as it was at its start."""
        self._ask("POST", "reset")

    def seed(self, **parts: Any) -> dict[str, Any]:
        """Put state on top of what is there; return all of it."""
        return dict(self._ask("POST", "seed", parts))

    def state(self) -> dict[str, Any]:
        """Return everything that the instance holds, its models by name."""
        state = dict(self._ask("GET", "state"))
        return {**state, "models": {model["name"]: model for model in state["models"]}}

    def model_names(self) -> list[str]:
        """Return the names of its models, each as often as it is there."""
        return [model["name"] for model in self._ask("GET", "state")["models"]]

    def requests(self) -> list[dict[str, Any]]:
        """Return what was asked of it."""
        return list(self._ask("GET", "journal")["requests"])

    def writes(self) -> list[dict[str, Any]]:
        """Return those of the requests that write."""
        return [request for request in self.requests() if request["write"]]

    def forget(self) -> None:
        """Clear the journal."""
        self._ask("DELETE", "journal")

    def wait(self, seconds: float = 60) -> None:
        """Let caches and replicas age."""
        self._ask("POST", "wait", {"seconds": seconds})

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replace the faults."""
        self._ask("DELETE", "faults")
        if rules:
            self._ask("POST", "faults", {"faults": list(rules)})


def session_cookie(instance: Instance) -> str:
    """Sign in as a browser does, and return its session cookie."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(instance.url + "/users/sign_in", timeout=30).text
        found = re.search(r'name="authenticity_token" value="([^"]+)"', page)
        assert found
        form = {
            "authenticity_token": found[1],
            "user[login]": credentials.ADMIN,
            "user[password]": credentials.ADMIN_PASSWORD,
        }
        browser.post(instance.url + "/users/sign_in", form, timeout=30, allow_redirects=False)
        return str(browser.cookies["_gitlab_session"])


class Server:
    """A running `python -m sandbox`."""

    def __init__(self, releases: Sequence[str], root: str = "", options: Sequence[str] = ()):
        command = [sys.executable, "-m", "sandbox", "--exit-with-parent", *options]
        for release in releases:
            command += ["--instance", f"{release}:0"]
        if root:
            command += ["--relative-url-root", root]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        announced = [self._process.stdout.readline() for _release in releases]
        assert all(announced), "the sandbox did not start"
        self.instances = [
            Instance(release, json.loads(line)["url"])
            for release, line in zip(releases, announced, strict=True)
        ]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout
        self._process.stdout.close()


if __name__ == "__main__":
    # For playbooks, which cannot call it.
    print(session_cookie(Instance("", sys.argv[1])))

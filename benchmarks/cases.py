# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases: one playbook for each way of doing the work."""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import content, declared, measure
from benchmarks.servers import Sandbox

Json = dict[str, Any]

FORKS = 10
# Seconds that GitLab takes for an answer: 120 to 330 ms for a reading, measured on 18.9.
LATENCY = 0.15
ROLE = "gitlab_ops.duo.duo_self_hosted"
TOKEN = {"Authorization": "Bearer {{ duo_self_hosted_api_token }}"}
# Where all of these tasks run.
HERE: Json = {
    "delegate_to": "localhost",
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
}
RECAP = re.compile(r": ok=(\d+) +changed=(\d+) .*failed=(\d+) +skipped=(\d+)")
TITLES = {
    "empty": "an empty play",
    "bare": "one task that does nothing",
    "get": "one ansible.builtin.uri, GET",
    "action": "the role",
    "module": "the role, each task as a module",
    "uri": "ansible.builtin.uri by hand, reading before each change",
}


@dataclass(frozen=True)
class Size:
    """The size of every case in a group."""

    instances: int = 1
    models: int = 10
    change: bool = False
    # Whether to turn beta features on as well, by signing in.
    beta: bool = False
    # How many users have a seat, and nobody else; 0 declares no seats.
    users: int = 0
    latency: float = 0.0

    def __str__(self) -> str:
        """Say it in a heading."""
        return (
            f"{self.instances} instance{'s' * (self.instances > 1)}, "
            f"{self.models} model{'s' * (self.models > 1)}, {declared.FEATURES} features, "
            f"{'beta features by signing in, ' if self.beta else ''}"
            f"{f'{self.users} users with a seat, ' if self.users else ''}"
            f"{'everything' if self.change else 'nothing'} to change, "
            f"latency {self.latency * 1000:.0f} ms"
        )


def play(**keywords: Any) -> Json:
    """Return a play over all hosts."""
    return {"name": "Measured", "hosts": "all", "gather_facts": False, **keywords}


def uri_play() -> Json:
    """Return the hand-written play."""
    models, features = "read_models.json.data", "read_features.json.data"
    return play(
        # The tasks refer to what was read by these names.
        vars={
            "gateway_now": "{{ read_gateway.json.data.duoSettings.aiGatewayUrl }}",
            "models_now": (
                f"{{{{ dict({models}.aiSelfHostedModels.nodes | map(attribute='name')"
                f" | zip({models}.aiSelfHostedModels.nodes)) }}}}"
            ),
            "features_now": (
                f"{{{{ dict({features}.aiFeatureSettings.nodes | map(attribute='feature')"
                f" | zip({features}.aiFeatureSettings.nodes)) }}}}"
            ),
        },
        tasks=[
            {
                **HERE,
                "module_defaults": {
                    "ansible.builtin.uri": {
                        "url": "{{ duo_self_hosted_api_url }}/api/graphql",
                        "method": "POST",
                        "headers": TOKEN,
                        "body_format": "json",
                    }
                },
                "block": [
                    {"import_tasks": str(content.HERE / "uri" / f"{name}.yml")}
                    for name in ("read", "write")
                ],
            }
        ],
    )


def single_play(case: str) -> Json:
    """Return a play of one task, which reads the version of GitLab, or does nothing."""
    url = "{{ duo_self_hosted_api_url }}/api/v4/version"
    tasks: dict[str, Json] = {
        "bare": {content.NOOP: {}},
        "get": {"ansible.builtin.uri": {"url": url, "headers": TOKEN}},
    }
    return play(tasks=[{"name": "One task", **HERE, **tasks[case]}])


@dataclass
class Bench:
    """Runs cases against servers."""

    sandbox: Sandbox
    folder: pathlib.Path

    def book(self, case: str) -> Json:
        """Return the play of a case."""
        if case in ("action", "module"):
            door = {"environment": {"DUO_DOOR": "module"}} if case == "module" else {}
            return play(roles=[ROLE], **door)
        if case == "uri":
            return uri_play()
        return single_play(case) if case in ("bare", "get") else play(tasks=[])

    def run(self, case: str, size: Size) -> tuple[measure.Cost, str]:
        """Run a case once; return what it took and its output.

        :raises RuntimeError: it did not do what it should.
        """
        self.sandbox.start(
            size.instances,
            size.models,
            change=size.change,
            beta=size.beta,
            latency=size.latency,
            users=size.users,
        )
        hosts = {
            f"gitlab-{number:03}": {
                # Nobody is there: whoever asks for the host instead of its GitLab, fails.
                "ansible_host": "192.0.2.1",
                **declared.variables(url, size.models, beta=size.beta, users=size.users),
            }
            for number, url in enumerate(self.sandbox.urls[: size.instances])
        }
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        (self.folder / "play.json").write_text(json.dumps([self.book(case)]))
        python = content.user_environment() / "bin" / "python"
        command = [str(python), "-m", "ansible", "playbook", "play.json", "-i", "hosts.json"]
        before = self.sandbox.cpu()
        cost, code, output = measure.run(
            [*command, "--forks", str(FORKS)], self.folder, self.environment(python)
        )
        used = self.sandbox.cpu() - before
        recap = [tuple(map(int, found)) for found in RECAP.findall(output)]
        changed = sum(it[1] for it in recap)
        works = case in ("action", "module", "uri")
        expected = works and size.change
        if code or (case != "empty" and len(recap) != size.instances):
            raise RuntimeError(f"{case}, {size}: it failed\n{output}")
        if bool(changed) != expected:
            raise RuntimeError(f"{case}, {size}: {changed} changes\n{output}")
        if works:
            requests, writes = self.sandbox.count(size.instances, size.models, size.users)
        else:
            requests = writes = 0
        return replace(cost, requests=requests, writes=writes, server_cpu=used), output

    def environment(self, python: pathlib.Path) -> Mapping[str, str]:
        """Return an environment in which the developer's own settings do not count."""
        config = self.folder / "ansible.cfg"
        config.touch()
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
        return {
            **kept,
            "PATH": f"{python.parent}{os.pathsep}{kept.get('PATH', '')}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self.folder / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(content.COLLECTIONS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
        }

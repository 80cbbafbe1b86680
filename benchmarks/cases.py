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
from benchmarks.servers import Peer, Sandbox

Json = dict[str, Any]

FORKS = 10
ROLE = "gitlab_ops.duo.duo_self_hosted"
HEADING = re.compile(r"^TASK \[(?:\S+ : )?(.+?)\] \*+$", re.MULTILINE)
RECAP = re.compile(r": ok=(\d+) +changed=(\d+) .*failed=(\d+) +skipped=(\d+)")
TITLES = {
    "empty": "an empty play",
    "floor": "(a1) as many tasks that do nothing",
    "floor-role": "(a2) the role's structure, tasks that do nothing",
    "action": "(b) the role, action door",
    "module": "(c) the role, module door",
    "uri-always": "(d0) ansible.builtin.uri, writing all on each run",
    "uri": "(d) ansible.builtin.uri, reading before each change",
    "uri-once": "(d2) ansible.builtin.uri, reading once",
    "peer": "(e) gitlab_instance_variable, one task with a list",
    "peer-each": "(e2) gitlab_instance_variable, one task for each object",
}


@dataclass(frozen=True)
class Size:
    """What is asked of every case of a group."""

    instances: int = 1
    models: int = 10
    change: bool = False
    latency: float = 0.0

    @property
    def objects(self) -> int:
        """The gateway, the models and the features."""
        return 1 + self.models + declared.FEATURES

    def __str__(self) -> str:
        """Say it in a heading."""
        return (
            f"{self.instances} instance{'s' * (self.instances > 1)}, "
            f"{self.models} model{'s' * (self.models > 1)}, {declared.FEATURES} features, "
            f"{'everything' if self.change else 'nothing'} to change, "
            f"latency {self.latency * 1000:.0f} ms"
        )


@dataclass(frozen=True)
class Shape:
    """What the role ran for each host, for the floors."""

    executed: tuple[str, ...]
    skipped: tuple[str, ...]


def play(**keywords: Any) -> Json:
    """Return a play over all hosts."""
    return {"name": "Measured", "hosts": "all", "gather_facts": False, **keywords}


def uri_play(case: str) -> Json:
    """Return the hand-written play."""
    reading = "each" if case == "uri" else "once"
    read = {
        name: ("read_all" if reading == "once" else f"read_{name}") + ".json.data"
        for name in ("gateway", "models", "features")
    }
    return play(
        # The tasks refer to what was read by these names.
        vars={
            "write_all": case == "uri-always",
            "gateway_now": f"{{{{ {read['gateway']}.duoSettings.aiGatewayUrl }}}}",
            "models_now": (
                f"{{{{ dict({read['models']}.aiSelfHostedModels.nodes | map(attribute='name')"
                f" | zip({read['models']}.aiSelfHostedModels.nodes)) }}}}"
            ),
            "features_now": (
                f"{{{{ dict({read['features']}.aiFeatureSettings.nodes | map(attribute='feature')"
                f" | zip({read['features']}.aiFeatureSettings.nodes)) }}}}"
            ),
        },
        tasks=[
            {
                "delegate_to": "localhost",
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                "module_defaults": {
                    "ansible.builtin.uri": {
                        "url": "{{ duo_self_hosted_api_url }}/api/graphql",
                        "method": "POST",
                        "headers": {"Authorization": "Bearer {{ duo_self_hosted_api_token }}"},
                        "body_format": "json",
                    }
                },
                "block": [
                    {"import_tasks": str(content.HERE / "uri" / f"{reading}.yml")},
                    {"import_tasks": str(content.HERE / "uri" / "write.yml")},
                ],
            }
        ],
    )


def peer_play(size: Size, *, each: bool) -> Json:
    """Return the play of the peer module."""
    variables = [
        {"name": f"VARIABLE_{number}", "value": f"value-{number}"} for number in range(size.objects)
    ]
    task: Json = {
        "name": "Variables",
        "community.general.gitlab_instance_variable": {
            "api_url": "{{ api_url }}",
            "api_token": "token",
            "variables": ["{{ item }}"] if each else variables,
        },
        "delegate_to": "localhost",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    }
    return play(tasks=[{**task, "loop": variables} if each else task])


def floor_play(shape: Shape) -> Json:
    """Return a plain play with as many tasks as the role ran, and as many skipped ones."""
    wanted = {**dict.fromkeys(shape.executed, True), **dict.fromkeys(shape.skipped, False)}
    return play(
        tasks=[
            {"name": name, content.NOOP: {}, "delegate_to": "localhost", "when": executed}
            for name, executed in wanted.items()
        ]
    )


@dataclass
class Bench:
    """Runs cases against servers."""

    sandbox: Sandbox
    peer: Peer | None
    folder: pathlib.Path
    shapes: dict[bool, Shape]

    def book(self, case: str, size: Size) -> Json:
        """Return the play of a case."""
        if case in ("action", "module"):
            door = {"environment": {"DUO_DOOR": "module"}} if case == "module" else {}
            return play(roles=[ROLE], **door)
        if case.startswith("uri"):
            return uri_play(case)
        if case.startswith("peer"):
            return peer_play(size, each=case == "peer-each")
        if case == "floor":
            return floor_play(self.shapes[size.change])
        if case == "floor-role":
            return play(roles=[f"bench.floor.{'change' if size.change else 'nothing'}"])
        return play(tasks=[])

    def run(self, case: str, size: Size) -> tuple[measure.Cost, str]:
        """Run a case once; return what it took and its output.

        :raises RuntimeError: it did not do what it should.
        """
        peer = self.peer if case.startswith("peer") else None
        if peer:
            peer.start(size.objects, change=size.change, latency=size.latency)
        else:
            self.sandbox.start(
                size.instances, size.models, change=size.change, latency=size.latency
            )
        hosts = {
            f"gitlab-{number:03}": {
                # Nobody is there: whoever asks for the host instead of its GitLab, fails.
                "ansible_host": "192.0.2.1",
                **declared.variables(url, size.models),
                **({"api_url": f"http://{peer.netloc}/{number}"} if peer else {}),
            }
            for number, url in enumerate(self.sandbox.urls[: size.instances])
        }
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        (self.folder / "play.json").write_text(json.dumps([self.book(case, size)]))
        venv = content.peer_environment() if peer else content.user_environment()
        python = venv / "bin" / "python"
        command = [str(python), "-m", "ansible", "playbook", "play.json", "-i", "hosts.json"]
        server = peer or self.sandbox
        before = server.cpu()
        cost, code, output = measure.run(
            [*command, "--forks", str(FORKS)], self.folder, self.environment(python)
        )
        used = server.cpu() - before
        recap = [tuple(map(int, found)) for found in RECAP.findall(output)]
        changed = sum(it[1] for it in recap)
        works = case not in ("empty", "floor", "floor-role")
        expected = works and (size.change or case == "uri-always")
        if code or (case != "empty" and len(recap) != size.instances):
            raise RuntimeError(f"{case}, {size}: it failed\n{output}")
        if bool(changed) != expected:
            raise RuntimeError(f"{case}, {size}: {changed} changes\n{output}")
        if peer:
            requests, writes = peer.count()
        elif works:
            requests, writes = self.sandbox.count(size.instances, size.models)
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

    def look_at_role(self) -> None:
        """Find out what the role executes and skips, and make the floors of it.

        It also leaves byte code of everything behind, so that no case pays for compiling.
        """
        for change in (False, True):
            _cost, output = self.run("action", Size(change=change))
            names, bodies = HEADING.split(output)[1::2], HEADING.split(output)[2::2]
            found = dict(zip(names, bodies, strict=True))
            skipped = tuple(name for name, body in found.items() if "skipping:" in body)
            executed = tuple(name for name in found if name not in skipped)
            self.shapes[change] = Shape(executed, skipped)
            content.make_floor("change" if change else "nothing", set(executed))

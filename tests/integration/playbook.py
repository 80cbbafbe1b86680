# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ansible-playbook` as a user would, and read back the result of every task."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from sandbox_client import Instance

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALLED = pathlib.Path(
    os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache" / "installed"))
)
# Seconds for one playbook. Full torture plays hundreds of hosts in one, at the highest verbosity.
LIMIT = 3600 if {"DUO_TORTURE", "COVERAGE_PROCESS_START"} & set(os.environ) else 600
# Forces the module: the action plugin leaves a task with an environment to it.
MODULE_DOOR = {"DUO_DOOR": "module"}
# The Python that has the libraries, wherever a module runs as a process.
PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@dataclass(frozen=True)
class Result:
    """What one task answered for one host, and what it asked of the GitLab."""

    host: str
    play: str
    task: str
    action: str
    status: str
    values: dict[str, Any]
    requests: list[dict[str, Any]]

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.values.get("changed"))

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The requests that write."""
        return [request for request in self.requests if request["write"]]

    @property
    def message(self) -> str:
        """The failure, as a sentence."""
        return str(self.values.get("msg", ""))

    @property
    def code(self) -> str:
        """The kind of failure."""
        return str((self.values.get("failure") or {}).get("code", ""))

    @property
    def warnings(self) -> list[str]:
        """The warnings of the task, as texts."""
        return [str(text) for text in self.values.get("warnings") or ()]


@dataclass(frozen=True)
class Run:
    """A finished `ansible-playbook`."""

    returncode: int
    output: str
    results: list[Result] = field(repr=False)

    def of(self, host: str, task: str | None = None) -> list[Result]:
        """Return the results of a host, those of one task if it is named; skipped ones apart."""
        return [
            result
            for result in self.results
            if result.host == host
            and result.status != "skipped"
            and (task is None or task in (result.task, result.action.rpartition(".")[2]))
        ]

    def one(self, host: str, task: str | None = None) -> Result:
        """Return the only result of a host's task."""
        found = self.of(host, task)
        assert len(found) == 1, f"{host} {task}: {found}\n{self.output}"
        return found[0]

    def requests(self, host: str) -> list[dict[str, Any]]:
        """Return all that was asked of a host's GitLab, in order."""
        return [request for result in self.of(host) for request in result.requests]

    def failed(self, host: str) -> list[Result]:
        """Return the results that failed."""
        return [it for it in self.of(host) if it.status in ("failed", "unreachable")]

    def stray_warnings(self) -> list[str]:
        """Return what Ansible warned about on its own account, beside the warnings of tasks."""
        known = {_squeezed(text) for result in self.results for text in result.warnings}
        found = re.split(r"^(?=\[(?:DEPRECATION )?WARNING\])", self.output, flags=re.MULTILINE)[1:]
        return [
            text.splitlines()[0]
            for text in found
            # Ansible breaks long lines, so only the characters between them count.
            if not any(_squeezed(text.partition(":")[2]).startswith(one) for one in known)
        ]

    def succeeded(self) -> Run:
        """Return the run itself if nothing failed."""
        assert self.returncode == 0, self.output
        return self


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def host(instance: Instance, **variables: Any) -> dict[str, Any]:
    """Return the inventory variables of an instance: how the recorder finds it, and more."""
    return {"sandbox": instance.control, "duo": instance.options, **variables}


def task(module: str, args: Any, **keywords: Any) -> dict[str, Any]:
    """Return a task with the connection of its host; ``args`` may be the name of a variable."""
    name = f"gitlab_ops.duo.{module}"
    if isinstance(args, str):
        options = "{{ duo | combine(" + args + ") }}"
        return {
            **{"name": module, name: {}, "module_defaults": {name: options}},
            **{"delegate_to": "localhost", **keywords},
        }
    connection = {key: "{{ duo." + key + " }}" for key in ("api_url", "api_token")}
    return {"name": module, name: {**connection, **args}, "delegate_to": "localhost", **keywords}


def one_play(*tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a play without facts over all hosts."""
    return {"hosts": "all", "gather_facts": False, "tasks": list(tasks), **keywords}


def environment(folder: pathlib.Path) -> dict[str, str]:
    """Return an environment in which the developer's own settings do not count."""
    names = ("PATH", "TMPDIR", "TZ", "COVERAGE_FILE", "COVERAGE_PROCESS_START")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **kept,
        "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / ".ansible"),
        # Beside HOME, it is what the home directory of the account decides.
        "ANSIBLE_ASYNC_DIR": str(folder / ".ansible_async"),
        "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
    }


def run(
    folder: pathlib.Path,
    plays: Sequence[Mapping[str, Any]] | str,
    hosts: Mapping[str, Mapping[str, Any]],
    *arguments: str,
    groups: Mapping[str, Sequence[str]] | None = None,
    extra: Mapping[str, str] | None = None,
    forks: int = 4,
    at_once: bool = False,
) -> Run:
    """Run plays, or a playbook by its name, over hosts with these variables.

    Runs and plays are a minute apart, as far as the caches of GitLab's processes see it; with
    ``at_once`` they follow one another at once, as in a pipeline.
    """
    record = folder / "record.jsonl"
    record.write_text("")
    (folder / "ansible.cfg").touch()
    inventory = folder / "inventory.json"
    children = {
        name: {"hosts": {member: {} for member in members}}
        for name, members in (groups or {}).items()
    }
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "children": children}}))
    if isinstance(plays, str):
        book = plays
    else:
        book = str(folder / "playbook.yml")
        pathlib.Path(book).write_text(yaml.safe_dump(list(map(dict, plays)), sort_keys=False))
    variables = {**environment(folder), "RECORD_FILE": str(record), **(extra or {})}
    if at_once:
        variables["RECORD_AT_ONCE"] = "yes"
    for one in hosts.values():
        if "sandbox" in one:
            instance = Instance("", f"http://{one['sandbox']}")
            # The recorder counts from here.
            instance.forget()
            if not at_once:
                instance.wait()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", book),
            *("-i", str(inventory), "--forks", str(forks), *arguments),
        ],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    # Failed or unreachable hosts; anything else is a refusal that no test of ours wants.
    assert ended.returncode in (0, 2, 4), ended.stdout
    lines = record.read_text(encoding="utf-8").splitlines()
    return Run(ended.returncode, ended.stdout, [Result(**json.loads(line)) for line in lines])

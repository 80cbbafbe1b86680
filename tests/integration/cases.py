# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let tests mark the tasks that they need, and run all of a file with one `ansible-playbook`.

    @pytest.mark.case(("duo_gateway", {"ai_gateway_url": URL}), release="18.9", seed={...})
    def test_it(outcome): ...

Each case is a host with a GitLab of its own. Its tasks run one after the other, even after one that
fails. A test may have several cases, each with its own name or that of its release.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import playbook
import pytest
from playbook import Result
from sandbox_client import Instance, Server


@dataclass
class Outcome:
    """What became of a case."""

    instance: Instance
    state: dict[str, Any]
    results: list[Result]
    writes: list[dict[str, Any]] = field(repr=False)

    @property
    def only(self) -> Result:
        """The result of the only task."""
        (result,) = self.results
        return result

    def failure(self, code: str) -> Result:
        """Return the result of the only task, which failed for this reason."""
        assert self.only.status == "failed", self.only.values
        assert self.only.code == code, self.only.message
        return self.only


def configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "case: tasks of a host in the playbook of the file")


def outcomes_of(
    folder: pathlib.Path, items: Sequence[pytest.Item]
) -> tuple[Server, dict[tuple[str, str], Outcome]]:
    """Run the cases of all tests; return them by (test, name of the case)."""
    marks = {
        (item.nodeid, _name(mark)): mark for item in items for mark in item.iter_markers("case")
    }
    server = Server([mark.kwargs.get("release", "18.9") for mark in marks.values()])
    instances = dict(zip(marks, server.instances, strict=True))
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    for number, (key, mark) in enumerate(marks.items()):
        instances[key].seed(**mark.kwargs.get("seed", {}))
        instances[key].faults(*mark.kwargs.get("faults", ()))
        wanted = {f"wanted_{step}": args for step, (_module, args) in enumerate(mark.args)}
        hosts[f"case{number}"] = playbook.host(instances[key], **wanted)
        for step, (module, _args) in enumerate(mark.args):
            kind = f"{step}__{mark.kwargs.get('door', 'action')}__{_check(mark, step)}__{module}"
            groups.setdefault("group_" + kind, []).append(f"case{number}")
    plays = [_play(group) for group in sorted(groups)]
    run = playbook.run(folder, plays, hosts, groups=groups)
    assert run.stray_warnings() == []
    return server, {
        key: Outcome(
            instances[key],
            instances[key].state(),
            run.of(f"case{number}"),
            instances[key].writes(),
        )
        for number, key in enumerate(marks)
    }


def _name(mark: pytest.Mark) -> str:
    return str(mark.kwargs.get("name") or mark.kwargs.get("release", "18.9"))


def _check(mark: pytest.Mark, step: int) -> str:
    """Return whether a step is a dry run: all steps, or those that are named."""
    wanted = mark.kwargs.get("check", ())
    return "check" if wanted is True or (wanted and step in wanted) else "real"


def _play(group: str) -> Mapping[str, Any]:
    step, door, mode, module = group.removeprefix("group_").split("__")
    through_module = {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}
    return playbook.one_play(
        playbook.task(module, f"wanted_{step}", ignore_errors=True),
        name=group,
        hosts=group,
        check_mode=mode == "check",
        diff=True,
        **(through_module if door == "module" else {}),
    )

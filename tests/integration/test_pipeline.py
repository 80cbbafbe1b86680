# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on GitLab with four processes, each with its copy of the gateway for a minute."""

from __future__ import annotations

import pathlib

import playbook
import worlds
from conftest import Start
from scenarios import differences

# Where the settings of the gateway are application settings.
RELEASES = ("19.2", "19.3", "19.4", "19.5")


def test_the_first_configuration_and_the_next_ones(tmp_path: pathlib.Path, start: Start) -> None:
    """Nothing fails, and after the minute nothing changes; within it the gateway says why."""
    started = start(*RELEASES, options=("--processes", "4"))
    instances = {f"host{place}": it for place, it in enumerate(started)}
    hosts = worlds.hosts(instances)
    check = playbook.run(tmp_path, worlds.ROLE, hosts, "--check").succeeded()
    real = playbook.run(tmp_path, worlds.ROLE, hosts, at_once=True).succeeded()
    soon = playbook.run(tmp_path, worlds.ROLE, hosts, at_once=True).succeeded()
    later = [playbook.run(tmp_path, worlds.ROLE, hosts, "--check").succeeded()]
    later.append(playbook.run(tmp_path, worlds.ROLE, hosts).succeeded())
    for name, instance in instances.items():
        assert any(it.changed for it in check.of(name))
        assert any(it.changed for it in real.of(name))
        for result in soon.of(name):
            assert not result.changed or result.task == "Set the AI gateway"
            if result.changed:
                assert any("copy for a minute" in text for text in result.warnings)
        assert [it.task for run in later for it in run.of(name) if it.changed] == []
        assert differences(worlds.expected(instance.release), instance.state()) == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each scenario that changes something, with a fault at each of its requests; then without.

The requests of a run without faults tell how many there are. After the fault the same task leads
to the same state as ever, whether the first one came through, stopped half-way, or did all of it
and never heard of it.
"""

from __future__ import annotations

import time
from typing import Any

import playbook
import pytest
from conftest import Count, Play, Start
from kinds import FULL, KINDS, PATIENCE, SLOW, fault
from playbook import Run
from sandbox_client import Instance
from scenarios import CHANGES, Scenario, differences
from test_modules import MODULES, SCENARIOS, newest_of
from truth import lies

CHANGING = [scenario for scenario in SCENARIOS if scenario.changed == CHANGES]
OPTIONS = {"retries": 1, "timeout": PATIENCE}

# A scenario, the number of the request, the kind of fault, and whether it stays.
Case = tuple[Scenario, int, str, bool]


def cases(part: int) -> list[Case]:
    """Return what is tried: each request of every scenario, with half of the kinds or with one.

    Which half, and whether it stays, takes turns.
    """
    every = [
        (
            scenario,
            number,
            list(KINDS)[(first + number + turn * 2) % len(KINDS)],
            bool((first + number + turn) % 2),
        )
        for first, scenario in enumerate(CHANGING)
        for number in range(scenario.budget(newest_of(scenario))[1])
        for turn in range(len(KINDS) // 2 if FULL else 1)
    ]
    return every[part::PARTS]


PARTS = 10 if FULL else 2


def play_scenarios(play: Play, hosts: dict[str, Any], groups: dict[str, list[str]]) -> Run:
    """Run the task of each host."""
    plays = [
        playbook.one_play(playbook.task(module, "wanted", ignore_errors=True), hosts=module)
        for module in MODULES
        if module in groups
    ]
    run: Run = play(plays, hosts, groups=groups, forks=8)
    return run


@pytest.mark.parametrize("part", range(PARTS))
def test_stopped_half_way(play: Play, start: Start, count: Count, part: int) -> None:
    """A fault at one request, then the same task without."""
    tried = {
        f"{scenario.name}.{number + 1}-{kind}-{'stays' if stays else 'once'}": (
            scenario,
            fault(kind, number + 1, stays=stays),
        )
        for scenario, number, kind, stays in cases(part)
    }
    started = start(*(newest_of(scenario) for scenario, _rule in tried.values()))
    instances: dict[str, Instance] = dict(zip(tried, started, strict=True))
    hosts, groups, before = {}, {}, {}
    for name, (scenario, rule) in tried.items():
        instances[name].seed(**scenario.seed)
        before[name] = instances[name].state()
        instances[name].faults(rule)
        options = {**OPTIONS, **scenario.args}
        hosts[name] = playbook.host(instances[name], wanted=options)
        groups.setdefault(scenario.module, []).append(name)

    broken = play_scenarios(play, hosts, groups)
    time.sleep(PATIENCE + SLOW)
    assert "Traceback" not in broken.output
    for name, (scenario, _rule) in tried.items():
        instances[name].faults()
        result = broken.one(name)
        if result.status == "failed":
            assert result.code not in ("", "unexpected"), (name, result.values)
            assert instances[name].url in result.message, (name, result.message)
            assert lies(result.values, instances[name], before[name]) == [], (name, result.message)
        else:
            assert differences(scenario.after, instances[name].state()) == [], name

    again = play_scenarios(play, hosts, groups)
    for name, (scenario, _rule) in tried.items():
        result = again.one(name)
        assert result.status == "ok", (name, result.message)
        assert differences(scenario.after, instances[name].state()) == [], name
    count("faults injected into single tasks", len(tried))

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each scenario that changes something, with a fault at each of its requests; then without.

A run without faults shows how many requests there are. After the fault the same task leads to the
same state as ever, whether the first run succeeded, stopped half-way, or did everything without
getting the answer.
"""

from __future__ import annotations

import time
from typing import Any

import playbook
import pytest
from conftest import Count, Play, Start
from kinds import FULL, KINDS, PATIENCE, SLOW, fault, leaves_unknown
from playbook import Run
from sandbox_client import Instance
from scenarios import CHANGES, Scenario, differences
from test_modules import MODULES, SCENARIOS, newest_of
from truth import lies

CHANGING = [scenario for scenario in SCENARIOS if scenario.changed == CHANGES]
OPTIONS = {"retries": 1, "timeout": PATIENCE}

# What an instance holds, of all that its state tells.
HELD = ("beta_on", "features", "gateway", "models")

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
        f"{case[0].name}.{case[1] + 1}-{case[2]}-{'stays' if case[3] else 'once'}": case
        for case in cases(part)
    }
    started = start(*(newest_of(case[0]) for case in tried.values()))
    instances: dict[str, Instance] = dict(zip(tried, started, strict=True))
    hosts, groups, before = {}, {}, {}
    for name, (scenario, number, kind, stays) in tried.items():
        instances[name].seed(**scenario.seed)
        before[name] = instances[name].state()
        instances[name].faults(fault(kind, number + 1, stays=stays))
        options = {**OPTIONS, **scenario.args}
        hosts[name] = playbook.host(instances[name], wanted=options)
        groups.setdefault(scenario.module, []).append(name)

    broken = play_scenarios(play, hosts, groups)
    time.sleep(PATIENCE + SLOW)
    assert "Traceback" not in broken.output
    untrue = {}
    for name, (scenario, number, kind, stays) in tried.items():
        instances[name].faults()
        result = broken.one(name)
        if result.status == "failed":
            assert result.code not in ("", "unexpected"), (name, result.values)
            assert instances[name].url in result.message, (name, result.message)
            unknown = leaves_unknown(kind, number + 1, instances[name].requests(), stays=stays)
            found = lies(result.values, instances[name], before[name], unknown=unknown)
            state = instances[name].state()
            if not result.changed and any(state[key] != before[name][key] for key in HELD):
                found.append("something changed")
            if found:
                untrue[name] = (found, result.message)
        else:
            assert differences(scenario.after, instances[name].state()) == [], name

    assert untrue == {}

    again = play_scenarios(play, hosts, groups)
    for name, (scenario, *_fault) in tried.items():
        result = again.one(name)
        assert result.status == "ok", (name, result.message)
        assert differences(scenario.after, instances[name].state()) == [], name
    count("faults injected into single tasks", len(tried))

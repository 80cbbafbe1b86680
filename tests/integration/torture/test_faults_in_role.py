# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role stopped half-way: each kind of fault at each of its requests, once or for good.

Whatever breaks: no feature is left without its model, what the failure says is true, and the next
run completes.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
import worlds
from conftest import Count, Play, Start
from kinds import FULL, KINDS, PASSING, PATIENCE, SLOW, fault
from playbook import Run
from sandbox_client import Instance
from scenarios import TRIED, differences
from truth import lies

SETTINGS = {
    # Failing soon is what is tested here, not patience.
    "duo_self_hosted_connection": {"retries": 1, "timeout": PATIENCE},
    "duo_self_hosted_ready_timeout": 0,
}
# Release, world, and whether undeclared models go: each world in its turn.
JOURNEYS = [
    (release, *world)
    for release, world in zip(
        TRIED,
        itertools.cycle((("empty", False), ("drifted", True), ("half", False))),
        strict=False,
    )
]
# Instances of one playbook run.
BATCH = 60


def play_role(play: Play, instances: dict[str, Instance], exclusive: bool) -> Run:
    """Run the role on all instances."""
    hosts = worlds.hosts(instances, duo_self_hosted_models_exclusive=exclusive, **SETTINGS)
    run: Run = play(worlds.ROLE, hosts, forks=8)
    return run


def lacks(instance: Instance, exclusive: bool) -> list[str]:
    """Return what an instance lacks of its declared state."""
    state = instance.state()
    left_over = ["a model is left over"] if exclusive and "left-over" in state["models"] else []
    return differences(worlds.expected(instance.release), state) + left_over


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda it: f"{it[0]}-{it[1]}")
def test_stopped_half_way(
    play: Play, start: Start, count: Count, journey: tuple[str, str, bool]
) -> None:
    """A fault at each request of a whole run, then a run without."""
    release, world, exclusive = journey
    (whole,) = start(release)
    whole.seed(**worlds.WORLDS[world])
    run = play_role(play, {"whole": whole}, exclusive).succeeded()
    assert lacks(whole, exclusive) == []
    requests = run.requests("whole")
    # A bounded run has all requests in it, each with a kind or two; a full one everything.
    first = TRIED.index(release) * 2
    cases = [
        (number, list(KINDS)[(first + number + turn) % len(KINDS)], stays)
        for turn in range(len(KINDS) if FULL else 2 if release == "18.9" else 1)
        for number in range(len(requests))
        for stays in ((False, True) if FULL else (bool((first + number + turn) % 2),))
    ]
    for begin in range(0, len(cases), BATCH):
        _judge_batch(play, start, journey, requests, cases[begin : begin + BATCH])
    count("faults injected into runs of the role", len(cases))


def _judge_batch(
    play: Play,
    start: Start,
    journey: tuple[str, str, bool],
    requests: list[dict[str, Any]],
    cases: list[tuple[int, str, bool]],
) -> None:
    release, world, exclusive = journey
    names = [f"{number + 1}-{kind}-{'stays' if stays else 'once'}" for number, kind, stays in cases]
    instances = dict(zip(names, start(*(release for _case in cases)), strict=True))
    for (number, kind, stays), instance in zip(cases, instances.values(), strict=True):
        instance.seed(**worlds.WORLDS[world])
        instance.faults(fault(kind, number + 1, stays=stays))

    broken = play_role(play, instances, exclusive)
    # What comes late is there by then, and what refused connections answers again.
    time.sleep(PATIENCE + SLOW)
    assert "Traceback" not in broken.output
    for (number, kind, stays), (name, instance) in zip(cases, instances.items(), strict=True):
        instance.faults()
        assert worlds.features_without_model(instance) == [], name
        failed = broken.failed(name)
        if failed:
            (result,) = failed
            # A sentence of its own, not a bug's, and it tells where.
            assert result.code not in ("", "unexpected"), (name, result.values)
            assert instance.url in result.message, (name, result.message)
            assert lies(result.values, instance) == [], (name, result.message)
        else:
            assert lacks(instance, exclusive) == [], name
        # A password is never sent twice.
        repeated = requests[number]["method"] == "GET" or requests[number]["operations"]
        if not stays and kind in PASSING and repeated and not requests[number]["write"]:
            assert not failed, (name, failed)

    play_role(play, instances, exclusive).succeeded()
    left = {name: it for name, instance in instances.items() if (it := lacks(instance, exclusive))}
    assert left == {}

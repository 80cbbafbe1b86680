# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role stopped half-way: each kind of fault at each of its requests, once or for good.

Whatever breaks, no feature is left without its model, the failure tells the truth, and the next run
completes the work.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
import worlds
from conftest import Count, Play, Start
from kinds import FULL, KINDS, PASSING, PATIENCE, SLOW, fault, leaves_unknown
from playbook import Run
from sandbox_client import Instance
from scenarios import RELEASES, TRIED, differences
from truth import lies

SETTINGS = {
    # Failing soon is what is tested here, not patience.
    "duo_self_hosted_connection": {"retries": 1, "timeout": PATIENCE},
    "duo_self_hosted_ready_timeout": 0,
}
# Each is a run of the role for every fault: in full on every release that is tried.
ON = TRIED if FULL else RELEASES
# Release, world, and whether undeclared models go: each world in its turn.
JOURNEYS = [
    (release, *world)
    for release, world in zip(
        ON,
        itertools.cycle((("empty", False), ("drifted", True), ("half", False))),
        strict=False,
    )
]
# Instances of one playbook run.
BATCH = 60

Journey = tuple[str, str, bool]
# A journey, the number of the request, what it is, the kind of fault, and whether it stays.
Case = tuple[Journey, int, dict[str, Any], str, bool]


def play_role(play: Play, instances: dict[str, Instance], journeys: dict[str, Journey]) -> Run:
    """Run the role on all instances."""
    hosts = worlds.hosts(instances, **SETTINGS)
    for name, (_release, _world, exclusive) in journeys.items():
        hosts[name]["duo_self_hosted_models_exclusive"] = exclusive
    run: Run = play(worlds.ROLE, hosts, forks=8)
    return run


def lacks(instance: Instance, journey: Journey) -> list[str]:
    """Return what an instance lacks of its declared state."""
    state = instance.state()
    exclusive = journey[2] and "left-over" in state["models"]
    left_over = ["a model is left over"] if exclusive else []
    return differences(worlds.expected(instance.release), state) + left_over


def cases_of(journey: Journey, requests: list[dict[str, Any]]) -> list[Case]:
    """Return what is tried at each request: on the best known release everything in a full run."""
    first = ON.index(journey[0]) * 2
    best_known = journey[0] == "18.9"
    whole = FULL and best_known
    turns = len(KINDS) if whole else 4 if FULL else 2 if best_known else 1
    return [
        (journey, number, request, list(KINDS)[(first + number + turn * 7) % len(KINDS)], stays)
        for turn in range(turns)
        for number, request in enumerate(requests)
        # Reads are all alike on releases that are alike.
        if journey[0] in RELEASES or request["write"]
        for stays in ((False, True) if whole else (bool((first + number + turn) % 2),))
    ]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda it: it[0])
def test_stopped_half_way(play: Play, start: Start, count: Count, journey: Journey) -> None:
    """A fault at each request of a whole run, then a run without."""
    release, world, _exclusive = journey
    (instance,) = start(release)
    instance.seed(**worlds.WORLDS[world])
    run = play_role(play, {release: instance}, {release: journey}).succeeded()
    assert lacks(instance, journey) == []
    cases = cases_of(journey, run.requests(release))
    for begin in range(0, len(cases), BATCH):
        _judge_batch(play, start, cases[begin : begin + BATCH])
    count("faults injected into runs of the role", len(cases))


def _judge_batch(play: Play, start: Start, cases: list[Case]) -> None:
    tried = {
        f"{journey[0]}-{number + 1}-{kind}-{'stays' if stays else 'once'}": case
        for case in cases
        for journey, number, _request, kind, stays in [case]
    }
    journeys = {name: case[0] for name, case in tried.items()}
    releases = [journey[0] for journey in journeys.values()]
    instances = dict(zip(tried, start(*releases), strict=True))
    before = {}
    for name, (journey, number, _request, kind, stays) in tried.items():
        instances[name].seed(**worlds.WORLDS[journey[1]])
        before[name] = instances[name].state()
        instances[name].faults(fault(kind, number + 1, stays=stays))

    broken = play_role(play, instances, journeys)
    # What comes late is there by then, and what refused connections answers again.
    time.sleep(PATIENCE + SLOW)
    assert "Traceback" not in broken.output
    untrue = {}
    for name, (journey, number, request, kind, stays) in tried.items():
        instance = instances[name]
        instance.faults()
        assert worlds.features_without_model(instance) == [], name
        failed = broken.failed(name)
        if failed:
            (result,) = failed
            # A sentence of its own, not a bug's, and it tells where.
            assert result.code not in ("", "unexpected"), (name, result.values)
            assert instance.url in result.message, (name, result.message)
            unknown = leaves_unknown(kind, number + 1, instance.requests(), stays=stays)
            found = lies(result.values, instance, before[name], unknown=unknown)
            if found:
                untrue[name] = (found, result.message)
        else:
            assert lacks(instance, journey) == [], name
        # A password is never sent twice.
        repeated = request["method"] == "GET" or request["operations"]
        if not stays and kind in PASSING and repeated and not request["write"]:
            assert not failed, (name, failed)
    assert untrue == {}

    play_role(play, instances, journeys).succeeded()
    left = {name: it for name, case in tried.items() if (it := lacks(instances[name], case[0]))}
    assert left == {}

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role stopped half-way, at each of its requests in turn.

Whatever breaks: no feature is left without its model, what the failure says is true, and the next
run completes. At a write all kinds of faults are tried, at a read one, each in its turn.
"""

from __future__ import annotations

import itertools
from typing import Any

import playbook
import pytest
import worlds
from conftest import Play, Start
from playbook import Run
from sandbox_client import Instance
from scenarios import RELEASES, TRIED, differences

from sandbox import credentials

# From the request on until they are cleared, but for the last: that one answer alone is lost.
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500, "times": 0},
    "502": {"kind": "status", "status": 502, "times": 0},
    "html": {"kind": "body", "body": "<html>Please sign in</html>", "times": 0},
    "refused": {"kind": "drop_before", "times": 0},
    "saved-500": {"kind": "status", "status": 500, "after_work": True, "times": 0},
    "lost": {"kind": "drop_after"},
}
SETTINGS = {
    # Failing at once is what is tested here, not patience.
    "duo_self_hosted_connection": {"retries": 0},
    "duo_self_hosted_ready_timeout": 0,
}
# Release, world, whether undeclared models go, kinds of faults at a write, and whether reads are
# spoilt too: each world in its turn, and all of it on the release that is known best.
JOURNEYS = [
    ("18.9", "drifted", True, 6, True)
    if release == "18.9"
    else (release, world, False, 2 if release in RELEASES else 1, False)
    for release, world in zip(TRIED, itertools.cycle(("empty", "half", "drifted")), strict=False)
]


def play_role(play: Play, instances: dict[str, Instance], exclusive: bool) -> Run:
    """Run the role on all instances."""
    hosts = worlds.hosts(instances, duo_self_hosted_models_exclusive=exclusive, **SETTINGS)
    run: Run = play(worlds.ROLE, hosts)
    return run


def complete(instance: Instance, exclusive: bool) -> list[str]:
    """Return what an instance lacks of its declared state."""
    state = instance.state()
    left_over = ["a model is left over"] if exclusive and "left-over" in state["models"] else []
    return differences(worlds.expected(instance.release), state) + left_over


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda it: f"{it[0]}-{it[1]}")
def test_stopped_half_way(play: Play, start: Start, journey: tuple[str, str, bool, bool]) -> None:
    """A fault at each request of a whole run, then a run without."""
    release, world, exclusive, at_write, reads = journey
    (whole,) = start(release)
    whole.seed(**worlds.WORLDS[world])
    run = play_role(play, {"whole": whole}, exclusive).succeeded()
    assert complete(whole, exclusive) == []
    cases = [
        (number, list(FAULTS)[(number + turn) % len(FAULTS)])
        for number, request in enumerate(run.requests("whole"))
        for turn in range(at_write if request["write"] else reads)
    ]
    names = [f"{number + 1}-{kind}" for number, kind in cases]
    instances = dict(zip(names, start(*(release for _case in cases)), strict=True))
    for (number, kind), instance in zip(cases, instances.values(), strict=True):
        instance.seed(**worlds.WORLDS[world])
        instance.faults({**FAULTS[kind], "at": number + 1})

    broken = play_role(play, instances, exclusive)
    assert "Traceback" not in broken.output
    for name, instance in instances.items():
        assert worlds.features_without_model(instance) == [], name
        failed = broken.failed(name)
        if failed:
            (result,) = failed
            # A sentence, not a bug's.
            assert result.code not in ("", "unexpected"), (name, result.values)
            truthful(name, result.values, instance)
        else:
            assert complete(instance, exclusive) == [], name
    # Only a lost answer can be got over without trying again.
    assert all(
        broken.failed(name) for name in names if name.endswith(("-502", "-refused", "-html"))
    )

    for instance in instances.values():
        instance.faults()
    play_role(play, instances, exclusive).succeeded()
    assert {
        name: lacks for name, it in instances.items() if (lacks := complete(it, exclusive))
    } == {}


def truthful(name: str, values: dict[str, Any], instance: Instance) -> None:
    """Hold what a failure says was done, and was not, against what the instance holds."""
    state = instance.state()
    failure = values["failure"]
    assert bool(failure["done"]) == values["changed"], name
    for done, lines in ((True, failure["done"]), (False, failure["not_done"])):
        for line in lines:
            verb, _blank, about = line.partition(" ")
            if about.startswith("self-hosted model ") and verb in ("create", "delete"):
                there = about.removeprefix("self-hosted model ") in state["models"]
                assert there == (done == (verb == "create")), (name, line)
            elif about.startswith("beta features"):
                assert state["beta_on"] == done, (name, line)
            elif about.startswith("AI gateway"):
                assert (state["gateway"]["ai_gateway_url"] == worlds.URL) == done, (name, line)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_tried_again(play: Play, start: Start, status: int) -> None:
    """What passes by itself is waited for: a read is sent again, a write after reading again."""
    read, write = start("18.9", "18.9")
    instances = {"read": read, "write": write}
    fault = {"kind": "status", "status": status, "headers": {"Retry-After": "0"}, "times": 2}
    read.faults(fault)
    write.faults({**fault, "match": {"kind": "mutation"}})
    task = playbook.task("duo_gateway", {"ai_gateway_url": worlds.URL})
    hosts = {name: playbook.host(instance) for name, instance in instances.items()}
    run = play([playbook.one_play(task)], hosts).succeeded()
    assert [it["status"] for it in run.requests("read")] == [status, status, 200, 200, 200]
    # Read; the write and a reading after it, twice; the write; the last reading.
    assert [it["write"] for it in run.requests("write")] == [False, *[True, False] * 3]
    for instance in instances.values():
        assert instance.state()["gateway"]["ai_gateway_url"] == worlds.URL


def test_write_that_was_carried_out_is_not_sent_again(play: Play, start: Start) -> None:
    """The answer to a write gets lost: reading again shows that it was done."""
    (instance,) = start("18.9")
    instance.faults({"kind": "drop_after", "match": {"kind": "mutation"}})
    model = {"name": "m", "model_family": "mistral", "endpoint": "https://m.example.com/v1"}
    task = playbook.task("duo_self_hosted_model", model)
    run = play([playbook.one_play(task)], {"here": playbook.host(instance)}).succeeded()
    assert run.one("here").changed
    assert len(instance.writes()) == 1


def test_starting(play: Play, start: Start) -> None:
    """A new instance that still answers 502 is waited for; an account is not locked by trying."""
    (instance,) = start("18.9")
    instance.faults({"kind": "status", "status": 502})
    hosts = worlds.hosts({"here": instance}, **SETTINGS)
    hosts["here"]["duo_self_hosted_ready_timeout"] = 10
    hosts["here"]["duo_self_hosted_admin"] = {
        "username": credentials.ADMIN,
        "password": "not the password",
    }
    run = play(worlds.ROLE, hosts)
    (failed,) = run.failed("here")
    assert failed.code == "sign-in-refused"
    assert "it was tried once and is not tried again" in failed.message
    tries = [
        it
        for it in instance.requests()
        if it["path"].endswith("sign_in") and it["method"] == "POST"
    ]
    assert len(tries) == 1

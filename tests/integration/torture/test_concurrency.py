# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs on one instance at the same time, and a person who changes things in between.

Nothing crashes and nothing is created twice; each run reports what it did; the end state contains
only declared values; and the next run shows the true state.
"""

from __future__ import annotations

import copy
import pathlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import playbook
import pytest
import worlds
from conftest import Count, Start
from kinds import FULL
from playbook import Result, Run
from sandbox_client import Instance
from scenarios import RELEASES, differences

ROUNDS = 12 if FULL else 1
OTHER_URL = "https://other-aigw.example.com"
# What a run may fail with when somebody else is at it: sentences of their own, each with its way
# out, and never a bug of ours.
HONEST = {
    *("not-kept", "refused", "model-hidden", "model-in-use", "no-such-model"),
    # Both throw the one switch that GitLab has.
    *("beta-stays-off", "family-is-beta"),
}


def honest(failed: Result) -> bool:
    """Return whether a run stopped for what somebody else did, or found it when verifying."""
    return failed.code in HONEST or failed.task.startswith("Verify")


def other_declaration(release: str) -> dict[str, Any]:
    """Return another team's wishes for the same models and features."""
    wanted = copy.deepcopy(worlds.declared(release))
    wanted["duo_self_hosted_gateway"]["ai_gateway_url"] = OTHER_URL
    for model in wanted["duo_self_hosted_models"]:
        model["endpoint"] = model["endpoint"].replace("example.com", "example.org")
    return wanted


def play_role(folder: pathlib.Path, hosts: dict[str, Any], *, at_once: bool = False) -> Run:
    """Run the role in a folder of its own."""
    folder.mkdir(exist_ok=True)
    return playbook.run(folder, worlds.ROLE, hosts, forks=4, at_once=at_once)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_runs_at_once(tmp_path: pathlib.Path, start: Start, count: Count, number: int) -> None:
    """Both want the same, on some hosts; on others each wants something else."""
    releases = [RELEASES[(number + place) % len(RELEASES)] for place in range(4)]
    instances = {f"host{place}": it for place, it in enumerate(start(*releases))}
    for place, instance in enumerate(instances.values()):
        instance.seed(**list(worlds.WORLDS.values())[(number + place) % len(worlds.WORLDS)])
    before = {name: instance.state() for name, instance in instances.items()}
    agreed, disputed = list(instances)[:2], list(instances)[2:]
    mine = worlds.hosts(instances)
    theirs = {
        name: {**mine[name], **other_declaration(instances[name].release)}
        if name in disputed
        else mine[name]
        for name in instances
    }
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(play_role, (tmp_path / "one", tmp_path / "two"), (mine, theirs)))
    for run in runs:
        assert "Traceback" not in run.output
        for name, instance in instances.items():
            for failed in run.failed(name):
                assert honest(failed), (name, failed.values)
                assert instance.url in failed.message or not failed.code
    for name, instance in instances.items():
        state = instance.state()
        names = instance.model_names()
        assert len(names) == len(set(names)), name
        assert worlds.features_without_model(instance) == [], name
        urls = {
            wanted[name]["duo_self_hosted_gateway"]["ai_gateway_url"] for wanted in (mine, theirs)
        }
        endpoints = {
            model["endpoint"]
            for wanted in (mine[name], theirs[name])
            for model in wanted["duo_self_hosted_models"]
        }
        if all(run.failed(name) for run in runs):
            # Neither came to its end, so that what was there before may be there still.
            urls.add(before[name]["gateway"]["ai_gateway_url"])
            endpoints |= {model["endpoint"] for model in before[name]["models"].values()}
        assert state["gateway"]["ai_gateway_url"] in urls, name
        for model in worlds.expected(instance.release)["models"]:
            if model in state["models"]:
                assert state["models"][model]["endpoint"] in endpoints, (name, model)
    for name in agreed:
        if not any(run.failed(name) for run in runs):
            expected = worlds.expected(instances[name].release)
            assert differences(expected, instances[name].state()) == [], name
    judge_next_run(tmp_path / "one", instances)
    count("instances with two runs at once", len(instances))


@pytest.mark.parametrize("number", range(10 if FULL else 1))
@pytest.mark.parametrize("many", [2, 5])
def test_the_same_run_many_times_at_once(
    tmp_path: pathlib.Path, start: Start, count: Count, many: int, number: int
) -> None:
    """As pipelines do that overlap: nothing fails, and all is as declared.

    Each request takes as long as GitLab's do, so that the runs really come between one another.
    """
    releases = RELEASES if FULL else RELEASES[-2:]
    started = start(*releases, options=("--latency-ms", "150"))
    instances = {f"host{place}": it for place, it in enumerate(started)}
    for place, instance in enumerate(instances.values()):
        instance.seed(**list(worlds.WORLDS.values())[(number + place) % len(worlds.WORLDS)])
    hosts = worlds.hosts(instances)
    folders = [tmp_path / f"run{place}" for place in range(many)]
    with ThreadPoolExecutor(many) as pool:
        runs = list(pool.map(lambda folder: play_role(folder, hosts, at_once=True), folders))
    failed = [
        (it.task, it.message) for run in runs for name in instances for it in run.failed(name)
    ]
    assert failed == []
    for name, instance in instances.items():
        names = instance.model_names()
        assert len(names) == len(set(names)), name
        assert differences(worlds.expected(instance.release), instance.state()) == [], name
    judge_next_run(tmp_path / "run0", instances)
    count(f"instances with {many} runs at once", len(instances))


def judge_next_run(folder: pathlib.Path, instances: dict[str, Instance]) -> None:
    """Check mode says what a real run then does, and after it all is as declared."""
    hosts = worlds.hosts(instances)
    check = playbook.run(folder, worlds.ROLE, hosts, "--check").succeeded()
    real = playbook.run(folder, worlds.ROLE, hosts).succeeded()
    for name, instance in instances.items():
        said = [[(it.task, it.changed) for it in run.of(name)] for run in (check, real)]
        foreseen = [pair for pair in said[0] if "erify" not in pair[0]]
        assert foreseen == [pair for pair in said[1] if "erify" not in pair[0]], name
        assert differences(worlds.expected(instance.release), instance.state()) == [], name


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_person_in_between(
    tmp_path: pathlib.Path, start: Start, count: Count, number: int
) -> None:
    """Somebody renames, assigns, clears and adds while the run goes on."""
    draw = random.Random(number)  # noqa: S311
    instances = {f"host{place}": it for place, it in enumerate(start(*RELEASES))}
    for instance in instances.values():
        instance.seed(**worlds.WORLDS["drifted"])
    over = threading.Event()
    clicks = [0]

    def click() -> None:
        while not over.is_set():
            instance = draw.choice(list(instances.values()))
            instance.seed(**draw.choice(CLICKS)(draw))
            clicks[0] += 1
            time.sleep(draw.uniform(0.02, 0.2))

    person = threading.Thread(target=click)
    person.start()
    try:
        run = play_role(tmp_path / "one", worlds.hosts(instances))
    finally:
        over.set()
        person.join()
    assert "Traceback" not in run.output
    for name, instance in instances.items():
        for failed in run.failed(name):
            assert honest(failed), (name, failed.values)
        assert worlds.features_without_model(instance) == [], name
    judge_next_run(tmp_path / "one", instances)
    count("changes by a person during a run", clicks[0])


# What a person may do on the admin pages. Names differ from the declared ones, or are of them.
CLICKS = (
    lambda draw: {"gateway": {"ai_gateway_url": draw.choice((None, OTHER_URL))}},
    lambda draw: {
        "models": [
            {
                "name": f"by-hand-{draw.randrange(10**9)}",
                "model": "mistral",
                "endpoint": "https://by-hand.example.com/v1",
            }
        ]
    },
    lambda draw: {"features": {draw.choice(worlds.CODE): {"provider": "disabled"}}},
    lambda draw: {"features": {draw.choice(worlds.CHAT): {"provider": "vendored"}}},
)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of a loop share a reading, and the attempts of `until` must not."""

from __future__ import annotations

from typing import Any

import playbook
from conftest import Play, Start

NAMES = [f"model-{number}" for number in range(6)]
ENDPOINT = "https://m.example.com/v1"
LOOP = {
    "name": "{{ item }}",
    "model_family": "mistral",
    "endpoint": ENDPOINT,
}


def items(result: playbook.Result) -> list[dict[str, Any]]:
    """Return the results of a loop's items."""
    return list(result.values["results"])


def test_loop(play: Play, start: Start) -> None:
    """With nothing to change, a loop of any length sends one request."""
    there, empty = start("18.9", "18.9")
    there.seed(models=[{"name": it, "model": "mistral", "endpoint": ENDPOINT} for it in NAMES])
    task = playbook.task("duo_self_hosted_model", LOOP, loop=NAMES)
    hosts = {"there": playbook.host(there), "empty": playbook.host(empty)}
    run = play([playbook.one_play(task)], hosts).succeeded()
    assert not run.one("there").changed
    assert len(run.requests("there")) == 1
    # Each new model: the write, and the reading that proves it, which is the next one's first.
    assert [it["changed"] for it in items(run.one("empty"))] == [True] * len(NAMES)
    assert len(run.requests("empty")) == 1 + 2 * len(NAMES)
    assert sorted(empty.state()["models"]) == NAMES


def test_loop_over_instances(play: Play, start: Start) -> None:
    """Items with other connection options share nothing: each asks its own GitLab."""
    one, two = start("18.9", "19.4")
    one.seed(gateway={"ai_gateway_url": "https://one.example.com"})
    two.seed(gateway={"ai_gateway_url": "https://two.example.com"})
    task = playbook.task("duo_info", {"api_url": "{{ item }}"}, loop=[one.url, two.url, one.url])
    run = play([playbook.one_play(task)], {"here": playbook.host(one)}).succeeded()
    found = [it["gateway"]["ai_gateway_url"] for it in items(run.one("here"))]
    assert found == [f"https://{name}.example.com" for name in ("one", "two", "one")]
    assert len(one.requests()) == 1
    assert len(two.requests()) == 1


def test_until_reads_afresh(play: Play, start: Start) -> None:
    """Waiting for a state sees it come: each attempt asks GitLab."""
    (instance,) = start("18.9")
    instance.faults({"kind": "status", "status": 503, "times": 2})
    task = playbook.task(
        "duo_info", {"retries": 0}, register="seen", until="seen is succeeded", retries=5, delay=0
    )
    run = play([playbook.one_play(task)], {"here": playbook.host(instance)}).succeeded()
    assert run.one("here").values["attempts"] == 3
    assert len(run.requests("here")) == 3


def test_tasks_share_nothing(play: Play, start: Start) -> None:
    """What happens between two tasks is seen by the second."""
    (instance,) = start("18.9")
    gateway = playbook.task("duo_gateway", {"ai_gateway_url": "https://one.example.com"})
    meanwhile = {
        "name": "meanwhile",
        "ansible.builtin.uri": {
            "url": f"http://{instance.control}/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"gateway": {"ai_gateway_url": "https://two.example.com"}},
        },
        "delegate_to": "localhost",
    }
    again = {**gateway, "name": "again"}
    run = play([playbook.one_play(gateway, meanwhile, again)], {"here": playbook.host(instance)})
    assert run.succeeded().one("here", "again").changed
    assert instance.state()["gateway"]["ai_gateway_url"] == "https://one.example.com"


def test_async(play: Play, start: Start) -> None:
    """An asynchronous task is left to the module, which works alike."""
    (instance,) = start("18.9")
    task = playbook.task(
        "duo_gateway", {"ai_gateway_url": "https://one.example.com"}, **{"async": 60, "poll": 1}
    )
    hosts = {"here": playbook.host(instance, **playbook.PYTHON)}
    run = play([playbook.one_play(task)], hosts).succeeded()
    assert run.one("here").changed
    assert instance.state()["gateway"]["ai_gateway_url"] == "https://one.example.com"

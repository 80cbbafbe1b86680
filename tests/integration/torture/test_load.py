# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A large fleet, some of it broken; and a GitLab that limits the rate of many tasks at once."""

from __future__ import annotations

import email.utils
import pathlib
import time
from typing import Any

import playbook
import worlds
from conftest import Count, Play, Start
from kinds import FULL
from sandbox_client import Instance
from scenarios import RELEASES, differences

FLEET = 300 if FULL else 21
TASKS = 50 if FULL else 12
# Of how many instances one is broken.
BROKEN = 20 if FULL else 3

# What is wrong with the broken ones, in turn, and the code of the failure that it has to be.
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "status", "status": 503, "times": 0}, {}, "try-later"),
    ({"kind": "body", "body": "<html>sign in</html>", "times": 0}, {}, "not-gitlab"),
    ({}, {"duo_self_hosted_api_token": "glpat-wrong"}, "token-refused"),
    ({"kind": "drop_before", "times": 0}, {}, "unreachable"),
    (
        {},
        {"duo_self_hosted_features": [{"features": ["duo_chad"], "provider": "disabled"}]},
        "preflight-finding",
    ),
    ({"kind": "delay", "seconds": 4, "times": 0}, {}, "timed-out"),
    ({"kind": "drop_before", "times": 0, "match": {"kind": "mutation"}}, {}, "unreachable"),
]
SETTINGS = {
    "duo_self_hosted_connection": {"retries": 0, "timeout": 3},
    "duo_self_hosted_ready_timeout": 0,
}


def test_a_large_fleet(play: Play, start: Start, count: Count, tmp_path: pathlib.Path) -> None:
    """The others finish; each broken one fails once, in its own way, and with its cause."""
    instances: dict[str, Instance] = {}
    # One process for a hundred instances: the sandbox is no part of what is tried.
    for first in range(0, FLEET, 100):
        releases = [
            RELEASES[place % len(RELEASES)] for place in range(first, min(first + 100, FLEET))
        ]
        for place, instance in enumerate(start(*releases), first):
            instances[f"gitlab{place:03}"] = instance
    hosts = worlds.hosts(instances, **SETTINGS)
    broken: dict[str, str] = {}
    for place, (name, instance) in enumerate(instances.items()):
        if place % BROKEN == BROKEN - 1:
            rule, variables, code = WRONG[place // BROKEN % len(WRONG)]
            if rule:
                instance.faults(rule)
            hosts[name].update(variables)
            broken[name] = code
    reported = {
        "ANSIBLE_CALLBACKS_ENABLED": "record,gitlab_ops.duo.report",
        "DUO_REPORT_FOLDER": str(tmp_path / "report"),
    }
    run = play(worlds.ROLE, hosts, forks=20, extra=reported)
    assert "Traceback" not in run.output
    closing = run.output.partition("PLAY RECAP")[2].splitlines()
    for name, instance in instances.items():
        failed = run.failed(name)
        if name in broken:
            assert [it.code for it in failed] == [broken[name]], (name, failed)
            assert instance.url in failed[0].message
            # Once where it happens, and once at the end.
            assert run.output.count(f"[{name} -> localhost]: FAILED!") == 1, name
            (line,) = (it for it in closing if it.startswith(f"{name}: "))
            # Findings of a preflight stand there by themselves, so the last part of the sentence.
            assert failed[0].values["failure"]["what"].rpartition(": ")[2] in line
        else:
            assert failed == [], name
            assert differences(worlds.expected(instance.release), instance.state()) == [], name
    count("instances of one fleet", FLEET)


def test_a_rate_limit(play: Play, start: Start, count: Count) -> None:
    """Refused tasks wait as long as GitLab says, not all equally long, and give up in time."""
    (instance,) = start("18.9")
    patient = {f"task{place:02}": instance for place in range(TASKS)}
    # Each task is refused once.
    instance.faults(
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": TASKS}
    )
    hosts = {name: playbook.host(instance) for name in patient}
    task = playbook.task("duo_info", {"timeout": 20})
    began = time.time()
    run = play([playbook.one_play(task)], hosts, forks=TASKS).succeeded()
    took = time.time() - began
    sent = instance.requests()
    refused = [request for request in sent if request["status"] == 429]
    assert len(refused) == TASKS
    # No storm: nothing is sent again before its time, so that each is refused once or twice.
    assert len(sent) <= 3 * TASKS
    assert {result.status for result in run.results} == {"ok"}
    count("tasks under a rate limit", TASKS)
    count("seconds they took in all", round(took))


def test_a_rate_limit_that_does_not_end(play: Play, start: Start) -> None:
    """The whole wait is bounded, and the failure tells of it."""
    (instance,) = start("18.9")
    later = email.utils.formatdate(time.time() + 2, usegmt=True)
    instance.faults(
        {"kind": "status", "status": 429, "headers": {"Retry-After": later}, "times": 0}
    )
    task = playbook.task("duo_info", {"retries": 2})
    (failed,) = play([playbook.one_play(task)], {"here": playbook.host(instance)}).failed("here")
    assert failed.code == "try-later"
    assert len(instance.requests()) == 3
    assert "3 times" in failed.message

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seats in the role: without one GitLab's own test fails, so they are assigned before it."""

from __future__ import annotations

import worlds
from conftest import Play, Start
from scenarios import RELEASES

SEATS = {"add_on": "duo_enterprise", "users": ["root", "alice"]}
# Nobody has a seat, so that GitLab refuses the classic features to the token's user.
NOBODY = {
    "options": {"seat": False},
    "add_ons": [{"name": "DUO_ENTERPRISE", "purchased": 2, "assigned": 0}],
}


def test_seats_are_assigned_before_the_verification(play: Play, start: Start) -> None:
    """Check, real, real, check; on the second real run two requests and nothing written."""
    started = dict(zip(RELEASES, start(*RELEASES), strict=True))
    for instance in started.values():
        instance.seed(**NOBODY)
    hosts = worlds.hosts(started, duo_self_hosted_seats=SEATS)

    check = play(worlds.ROLE, hosts, "--check", "--diff")
    assert check.returncode == 0, check.output
    for name, instance in started.items():
        (assigned,) = [it for it in check.of(name) if it.task.endswith("Assign seats")]
        assert assigned.values["steps"] == ["assign seat of alice", "assign seat of root"]
        assert (assigned.changed, instance.writes()) == (True, [])

    real = play(worlds.ROLE, hosts, "--diff")
    assert real.returncode == 0, real.output
    for name, instance in started.items():
        tasks = [it.task.rpartition(" : ")[2] for it in real.of(name) if it.status == "ok"]
        assert (
            tasks.index("Assign seats") == tasks.index("Verify that GitLab works as declared") - 1
        )
        (assigned,) = [it for it in real.of(name) if it.task.endswith("Assign seats")]
        assert assigned.values["seats"]["assigned"] == 2
        (add_on,) = instance.state()["add_ons"]
        assert add_on["users"] == ["alice", "root"]

    for flags in (("--diff",), ("--check", "--diff")):
        again = play(worlds.ROLE, hosts, *flags)
        assert again.returncode == 0, again.output
        for name in started:
            assert [it for it in again.of(name) if it.changed] == []
            assert [it for it in again.of(name) if it.writes] == []


def test_too_few_seats_stop_the_run_before_its_first_change(play: Play, start: Start) -> None:
    (instance,) = start("18.9")
    instance.seed(**NOBODY)
    users = [*SEATS["users"], "second"]
    hosts = worlds.hosts({"here": instance}, duo_self_hosted_seats={**SEATS, "users": users})
    run = play(worlds.ROLE, hosts)
    (failed,) = run.failed("here")
    assert failed.code == "preflight-finding"
    assert "missing: 1 (to assign: 3, free: 2 of 2)" in failed.message
    assert not instance.writes()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temporary faults are waited for; requests that may do harm when sent twice are not repeated.

torture/ has every kind of fault at every request.
"""

from __future__ import annotations

import itertools
import time

import playbook
import pytest
import worlds
from conftest import Play, Start
from sandbox_client import session_cookie

from sandbox import credentials

SETTINGS = {
    # Failing at once is what is tested here, not patience.
    "duo_self_hosted_connection": {"retries": 0},
    "duo_self_hosted_ready_timeout": 0,
}


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
    assert [it["status"] for it in run.requests("read")] == [status, status, 200, 200]
    # Two writes get no clear answer, and the third is proven by its own. Each comes after a
    # reading; how many readings there are depends on the time.
    sent = [it["write"] for it in run.requests("write")]
    assert (sent.count(True), sent[0], sent[-1]) == (3, False, True)
    assert (True, True) not in itertools.pairwise(sent)
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
    assert "the sign-in was tried once and is not retried" in failed.message
    tries = [
        it
        for it in instance.requests()
        if it["path"].endswith("sign_in") and it["method"] == "POST"
    ]
    assert len(tries) == 1


def test_a_switch_that_may_still_be_thrown_is_not_thrown_again(play: Play, start: Start) -> None:
    """GitLab throws it when nobody waits any more; a second throw would undo the first."""
    (instance,) = start("18.9")
    slow = {"kind": "delay", "seconds": 3, "match": {"path": "toggle_beta"}}
    instance.faults(slow)
    # A session that outlives the task, or signing out would keep GitLab from it.
    by_cookie = {"session_cookie": session_cookie(instance), "timeout": 1}
    wanted = {"enabled": True, "accept_testing_agreement": True, **by_cookie}
    task = playbook.task("duo_beta_features", wanted)
    (failed,) = play([playbook.one_play(task)], {"here": playbook.host(instance)}).failed("here")
    assert failed.code == "timed-out"
    assert failed.values["failure"]["unknown"] == ["change beta features (enabled: false -> true)"]
    time.sleep(3)
    assert instance.state()["beta_on"] is True
    assert len(instance.writes()) == 1

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in plays of all kinds: its surroundings do not matter, and mistakes are reported."""

from __future__ import annotations

import playbook
import pytest
import worlds
from conftest import Play, Start
from scenarios import differences

from sandbox import credentials


def test_misspelt_model_fails_in_check_mode(play: Play, start: Start) -> None:
    """A dry run of an empty instance takes models of the same run as given, but no others."""
    (instance,) = start("18.9")
    hosts = worlds.hosts(
        {"here": instance},
        duo_self_hosted_features=[{"features": ["code_completions"], "model": "codestrall"}],
    )
    run = play(worlds.ROLE, hosts, "--check")
    assert run.returncode == 2
    (failed,) = run.failed("here")
    assert failed.code == "preflight-finding"
    assert (
        "There is no self-hosted model named codestrall. Models of this instance: codestral,"
        in (failed.message)
    )
    assert not instance.writes()


@pytest.mark.parametrize("door", ["action", "module"])
def test_play_does_not_matter(play: Play, start: Start, door: str) -> None:
    """The role runs on the controller, with its Python, whatever play and inventory say."""
    (instance,) = start("18.9")
    hosts = {
        **worlds.hosts({"gitlab": instance}),
        # What people write into inventories; the role is not to be led astray by it.
        "localhost": {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/nonexistent/python3",
            "ansible_become": True,
        },
    }
    role = playbook.one_play(
        roles=["gitlab_ops.duo.duo_self_hosted"],
        hosts="gitlab",
        become=True,
        become_user="nobody",
        **({"environment": playbook.MODULE_DOOR} if door == "module" else {}),
    )
    run = play([role], hosts).succeeded()
    assert run.stray_warnings() == []
    assert differences(worlds.expected("18.9"), instance.state()) == []


def test_one_broken_instance_stops_no_other(play: Play, start: Start) -> None:
    """Of a fleet with an expired token in one place, all others are configured."""
    good, bad = start("18.9", "17.9")
    hosts = worlds.hosts({"good": good, "bad": bad})
    hosts["bad"]["duo_self_hosted_api_token"] = credentials.EXPIRED_TOKEN
    run = play(worlds.ROLE, hosts)
    assert run.returncode == 2
    assert [it.code for it in run.failed("bad")] == ["token-refused"]
    assert not bad.writes()
    assert not run.failed("good")
    assert differences(worlds.expected("18.9"), good.state()) == []


def test_nothing_declared(play: Play, start: Start) -> None:
    """What is left out is not managed: a run without declarations is its preflight, no more."""
    (instance,) = start("18.9")
    instance.seed(**worlds.WORLDS["drifted"])
    before = instance.state()
    hosts = worlds.hosts({"here": instance})
    hosts["here"] = {
        name: value
        for name, value in hosts["here"].items()
        if not name.startswith("duo_self_hosted_") or "api" in name
    }
    run = play(worlds.ROLE, hosts).succeeded()
    tasks = [it.task for it in run.of("here") if it.action.startswith("gitlab_ops.duo.")]
    assert tasks == ["Check and plan everything before the first change"]
    assert instance.state() == before


def test_booleans_as_text(play: Play, start: Start) -> None:
    """``-e name=false`` and an inventory in INI format give texts, which mean what they say."""
    on, off, gone = start("18.9", "18.9", "18.9")
    left = {"models": [{"name": "left-over", "model": "gpt", "endpoint": worlds.URL}]}
    for instance in (on, off, gone):
        worlds.seed_as_declared(instance)
        instance.seed(**left)
    no_beta = {
        "duo_self_hosted_models": [],
        "duo_self_hosted_features": [],
        "duo_self_hosted_beta_features": {"enabled": "false"},
    }
    common = {
        "duo_self_hosted_rotate_api_keys": "false",
        "duo_self_hosted_manage_outbound_allowlist": "no",
    }
    beta = {"enabled": "true", "accept_testing_agreement": "true"}
    hosts = {
        **worlds.hosts(
            {"on": on},
            **common,
            duo_self_hosted_models_exclusive="false",
            duo_self_hosted_isolated="false",
            duo_self_hosted_beta_features=beta,
        ),
        **worlds.hosts({"off": off}, **common, **no_beta, duo_self_hosted_models_exclusive="yes"),
        **worlds.hosts(
            {"gone": gone}, duo_self_hosted_state="absent", duo_self_hosted_isolated="true"
        ),
    }
    run = play(worlds.ROLE, hosts, "-e", "duo_self_hosted_verify=no").succeeded()
    assert run.stray_warnings() == []
    assert [
        it.task for it in run.results if it.task.startswith("Verify") and it.status != "skipped"
    ] == []
    assert not any(it.changed for it in run.of("on"))
    assert "left-over" in on.state()["models"]
    assert "left-over" not in off.state()["models"]
    assert (on.state()["beta_on"], off.state()["beta_on"]) == (True, False)
    assert gone.state()["models"] == {}


def test_a_play_in_check_mode(play: Play, start: Start) -> None:
    """Not only `--check` makes a dry run: nothing is verified that was not done."""
    (instance,) = start("18.9")
    before = instance.state()
    hosts = worlds.hosts({"here": instance})
    run = play([{**worlds.ROLE[0], "check_mode": True}], hosts).succeeded()
    assert not run.of("here", worlds.VERIFY)
    assert run.one("here", "Create and change models").changed
    assert instance.state() == before

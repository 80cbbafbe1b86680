# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways to sign in that differ between doors: two administrators, Admin Mode, bare nodes."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import playbook
import pytest
from conftest import Play, Start
from sandbox_client import Instance

from sandbox import credentials, gitlab_rails

RELEASES = ("17.9", "17.11", "18.9", "19.4")
PASSWORD = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}
ON = {"enabled": True, "accept_testing_agreement": True}
OFF = {"enabled": False}
WRONG = "given-Passw0rd-that-is-wrong"
# Steps of a case: the name of its task, its options, and whether it is a dry run.
Steps = list[tuple[str, dict[str, Any], bool]]


def four(name: str, options: dict[str, Any]) -> Steps:
    """Return check, real, real, check."""
    modes = (("check", True), ("real", False), ("again", False), ("check again", True))
    return [(f"{name} {step}", options, check) for step, check in modes]


def world(seed: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return a case that fails: a state, and the options of its only task."""
    return {"seed": seed, "steps": [("only", {**ON, **PASSWORD, **options}, False)]}


CASES: dict[str, dict[str, Any]] = {
    **{
        f"four-{release}": {
            "release": release,
            "steps": four("on", {**ON, **PASSWORD}) + four("off", {**OFF, **PASSWORD}),
        }
        for release in RELEASES
    },
    "admin-mode": {
        "seed": {"options": {"admin_mode": True}},
        "steps": four("on", {**ON, **PASSWORD}) + four("off", {**OFF, **PASSWORD}),
    },
    "two-administrators": {
        "seed": {"beta_acceptances": ["root", "second"]},
        "steps": [("only", {**OFF, **PASSWORD, "settle_timeout": 2}, False)],
    },
    "wrong-password": world({}, {"password": WRONG}),
    "terms": world({"options": {"terms": True}}, {}),
    "setup-due": world({"users": [{"username": "root", "two_factor_due": True}]}, {}),
    "no-administrator": world(
        {}, {"username": credentials.USER, "password": credentials.USER_PASSWORD}
    ),
}


def secrets(instance: Instance) -> set[str]:
    """Return what must not come out: passwords, tokens, cookies, CSRF tokens."""
    state = instance.state()
    found = {WRONG, *state["issued"]}
    found |= {user["password"] for user in state["users"]}
    return found | {token["token"] for token in state["tokens"]}


def test_signing_in(play: Play, start: Start) -> None:
    """Each case is a host with its own tasks; no secret of any is in the output."""
    started = start(*(case.get("release", "18.9") for case in CASES.values()))
    instances = dict(zip(CASES, started, strict=True))
    hosts, plays = {}, []
    for name, case in CASES.items():
        instances[name].seed(**case.get("seed", {}))
        hosts[name] = playbook.host(instances[name])
        tasks = [
            playbook.task(
                *("duo_beta_features", options),
                **{"name": step, "check_mode": check, "ignore_errors": True},
            )
            for step, options, check in case["steps"]
        ]
        plays.append(playbook.one_play(*tasks, hosts=name, name=name))
    run = play(plays, hosts, "-vvvv", "--diff")

    for name in [it for it in CASES if it.startswith("four") or it == "admin-mode"]:
        results = run.of(name)
        assert [it.status for it in results] == ["ok"] * 8, [it.message for it in results]
        assert [it.changed for it in results] == [True, True, False, False] * 2
        assert [bool(it.writes) for it in results] == [False, True, False, False] * 2
        assert results[0].values["diff"] == results[1].values["diff"] != []
        assert instances[name].state()["beta_on"] is False

    both = run.one("two-administrators")
    assert (both.status, both.code, both.changed) == ("failed", "beta-stays-on", True)
    assert "via: rails_runner" in both.message
    left = instances["two-administrators"].state()["beta_acceptances"]
    assert [it["username"] for it in left] == ["second"]

    for name, code, said in (
        ("wrong-password", "sign-in-refused", "Invalid login or password"),
        # GitLab says no more than this of terms that nobody has accepted.
        ("terms", "http-refused", "API not accessible for user"),
        ("setup-due", "page-refused", "two-factor authentication has to be set up first"),
        ("no-administrator", "page-refused", "not an administrator"),
    ):
        result = run.one(name)
        assert (result.status, result.changed) == ("failed", False), name
        assert result.code == code, (name, result.code)
        assert said in result.message, (name, result.message)
        assert result.writes == []
    sent = [it["path"] for it in run.requests("wrong-password") if it["method"] == "POST"]
    assert sent.count("/users/sign_in") == 1

    texts = run.output + json.dumps([it.values for it in run.results])
    held = set.union(*map(secrets, instances.values()))
    assert len(held) > 40
    assert not [secret for secret in held if secret in texts]


@pytest.mark.parametrize("verbosity", ["-v", "-vvv"])
def test_a_bug_of_ours(play: Play, start: Start, tmp_path: pathlib.Path, verbosity: str) -> None:
    """Its place is named, its trace shown to whoever asks for it, and no value, by both doors."""
    (instance,) = start("18.9")
    # Nothing that requests says of itself, so that nobody expects it.
    (tmp_path / "sitecustomize.py").write_text(
        "import requests\n"
        "def bug(session, *_args, **_more):\n"
        "    raise KeyError('value' + '-of-mine', session.auth._token)\n"
        "requests.Session.request = bug\n"
    )
    task = playbook.task("duo_info", {}, ignore_errors=True)
    door = {"environment": playbook.MODULE_DOOR}
    run = play(
        [
            playbook.one_play(task, name="action", vars=playbook.PYTHON),
            playbook.one_play(task, name="module", vars=playbook.PYTHON, **door),
        ],
        {"here": playbook.host(instance)},
        verbosity,
        extra={"PYTHONPATH": str(tmp_path)},
    )
    results = run.of("here")
    assert [it.code for it in results] == ["unexpected", "unexpected"]
    for failed in results:
        place = failed.values["failure"]["where"]
        assert re.fullmatch(r"plugins/module_utils/_gitlab/http\.py, line \d+, in _once", place)
        assert place in failed.message
    # A frame of ours in the trace, once for each door.
    assert run.output.count(', in _once",\n') == (2 if verbosity == "-vvv" else 0)
    shown = run.output + json.dumps([it.values for it in results])
    assert "value-of-mine" not in shown
    assert instance.options["api_token"] not in shown


def test_a_node_without_libraries(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """A GitLab node needs nothing but Python for what gitlab-rails runner does."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = {"ansible_python_interpreter": str(bare / "bin" / "python")}
    instances = dict(zip(RELEASES, start(*RELEASES), strict=True))
    hosts = {}
    for name, instance in instances.items():
        folder = tmp_path / name
        folder.mkdir()
        command = [str(gitlab_rails.install(folder, instance.url)), "runner"]
        hosts[name] = playbook.host(instance, command=command)
        instance.seed(beta_acceptances=["second", "long gone"])
    runner = {"via": "rails_runner", "rails_command": "{{ command }}"}
    tasks = [
        playbook.task("duo_beta_features", {**options, **runner}, name=step, check_mode=check)
        for step, options, check in four("off", OFF)
    ]
    tasks.append(
        playbook.task("duo_beta_features", {**OFF, **PASSWORD}, name="page", ignore_errors=True)
    )
    door = {"vars": python, "environment": playbook.MODULE_DOOR}
    run = play([playbook.one_play(*tasks, **door)], hosts)
    for name, instance in instances.items():
        results = run.of(name)
        assert [it.changed for it in results] == [True, True, False, False, False], name
        assert [bool(it.writes) for it in results] == [False, True, False, False, False]
        assert instance.state()["beta_acceptances"] == []
        # Nothing but the runner was asked; the pages need the libraries, and that is said.
        assert {it["method"] for it in run.requests(name)} == {"RUNNER"}
        assert results[-1].code == "library-missing"
        assert str(bare) in results[-1].message

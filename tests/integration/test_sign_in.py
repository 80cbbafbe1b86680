# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do what a token cannot: with a password, a session cookie, or `gitlab-rails runner` on a node."""

from __future__ import annotations

import pathlib
from typing import Any

import playbook
import pytest
from conftest import Play, Start
from sandbox_client import session_cookie

from sandbox import credentials, gitlab_rails

# 17.11 is the first with the new place of the switch.
RELEASES = ("17.9", "17.11", "18.9", "19.4")
STEPS = (("check", True), ("real", False), ("again", False), ("last", True))
CHANGED = [True, True, False, False]
WRITES = [False, True, False, False]
ON = {"enabled": True, "accept_testing_agreement": True}
COOKIE = {"session_cookie": "{{ cookie }}"}
RUNNER = {"via": "rails_runner", "rails_command": "{{ command }}"}
PASSWORD = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}


def beta_tasks(sign_in: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tasks that turn beta features on and off: each as check, real, real, check."""
    return [
        playbook.task(
            "duo_beta_features", {**args, **sign_in}, **{"name": f"{name} {step}"}, check_mode=check
        )
        for name, args in (("on", ON), ("off", {"enabled": False}))
        for step, check in STEPS
    ]


def judge(run: playbook.Run, name: str) -> None:
    """Hold the eight tasks to what they promise."""
    assert [it.changed for it in run.of(name)] == CHANGED * 2
    assert [bool(it.writes) for it in run.of(name)] == WRITES * 2
    assert run.stray_warnings() == []


def test_session_cookie(play: Play, start: Start) -> None:
    """A cookie stands for user name and password: accounts with SSO or a second factor can act."""
    instances = dict(zip(RELEASES, start(*RELEASES), strict=True))
    hosts = {}
    for name, instance in instances.items():
        instance.seed(users=[{"username": credentials.ADMIN, "two_factor": False}])
        hosts[name] = playbook.host(instance, cookie=session_cookie(instance))
    tasks = beta_tasks(COOKIE)
    run = play([playbook.one_play(*tasks)], hosts, "-vvv").succeeded()
    for name, host in hosts.items():
        judge(run, name)
        assert host["cookie"] not in run.output
        # Neither signed in nor out: the session is the user's own.
        assert not any("/users/sign_" in it["path"] for it in run.requests(name))


def test_rails_runner(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """The only complete way to turn beta features off, and one that needs no password."""
    instances = dict(zip(RELEASES, start(*RELEASES), strict=True))
    hosts = {}
    for name, instance in instances.items():
        folder = tmp_path / name
        folder.mkdir()
        command = [str(gitlab_rails.install(folder, instance.url)), "runner"]
        hosts[name] = playbook.host(instance, command=command)
    options = {**RUNNER, "username": credentials.ADMIN}
    accepted = {
        "name": "another administrator accepts",
        "ansible.builtin.uri": {
            "url": "http://{{ sandbox }}/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"beta_acceptances": ["root", "second", "long gone"]},
        },
        "delegate_to": "localhost",
    }
    tasks = beta_tasks(options)
    run = play([playbook.one_play(*tasks[:4], accepted, *tasks[4:])], hosts).succeeded()
    for name, instance in instances.items():
        results = [it for it in run.of(name) if it.task != accepted["name"]]
        assert [it.changed for it in results] == CHANGED * 2, name
        assert [bool(it.writes) for it in results] == WRITES * 2, name
        assert instance.state()["beta_acceptances"] == []


@pytest.mark.parametrize(
    ("door", "way"),
    [("action", PASSWORD), ("module", PASSWORD), ("action", COOKIE), ("action", RUNNER)],
    ids=["password", "module", "cookie", "runner"],
)
def test_synchronise(
    play: Play, start: Start, tmp_path: pathlib.Path, door: str, way: dict[str, Any]
) -> None:
    """After a purchase the subscription is synchronised, and the models appear."""
    instances = dict(zip(RELEASES, start(*RELEASES), strict=True))
    for instance in instances.values():
        instance.seed(
            add_ons=[],
            license={"last_sync": "2026-01-01T00:00:00Z"},
            options={"sync_add_ons": [{"name": "DUO_ENTERPRISE"}]},
        )
    through = {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}
    tasks = [
        playbook.task("duo_subscription", way, **{"name": step}, check_mode=check)
        for step, check in STEPS
    ]
    hosts = {}
    for name, instance in instances.items():
        folder = tmp_path / name
        folder.mkdir()
        command = [str(gitlab_rails.install(folder, instance.url)), "runner"]
        hosts[name] = playbook.host(instance, cookie=session_cookie(instance), command=command)
    run = play(
        [playbook.one_play(*tasks, **(through if door == "module" else {}))], hosts
    ).succeeded()
    assert run.stray_warnings() == []
    for name, instance in instances.items():
        assert [it.changed for it in run.of(name)] == CHANGED
        assert [bool(it.writes) for it in run.of(name)] == WRITES
        add_ons = [one["name"] for one in run.one(name, "real").values["license"]["add_ons"]]
        assert add_ons == ["DUO_ENTERPRISE"]
        assert instance.state()["license"]["last_sync"] > "2026-01-01"


def test_what_a_runner_did_not_answer(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """An answer that is lost says nothing of the write; a refusal of GitLab's says all."""
    lost, refused = start("18.9", "18.9")
    hosts = {}
    for name, instance in (("lost", lost), ("refused", refused)):
        folder = tmp_path / name
        folder.mkdir()
        command = [str(gitlab_rails.install(folder, instance.url)), "runner"]
        if name == "lost":
            # As kubectl exec does when its connection ends.
            command = ["sh", "-c", 'out=$("$@") && echo error: EOF >&2; exit 1', "sh", *command]
        hosts[name] = playbook.host(instance, command=command, username=name)
    lost.seed(license={"last_sync": "2026-01-01T00:00:00Z"}, users=[{"username": "lost"}])
    tasks = [
        playbook.task("duo_beta_features", {**ON, **RUNNER, "username": "{{ username }}"}),
        playbook.task("duo_subscription", {"sync": "always", **RUNNER}),
    ]
    tasks = [{**task, "ignore_errors": True} for task in tasks]
    run = play([playbook.one_play(*tasks)], hosts)

    on, synchronised = run.of("lost")
    assert on.changed
    assert on.status == "ok"
    assert lost.state()["beta_on"]
    assert synchronised.code == "rails-failed"
    failure = synchronised.values["failure"]
    assert (failure["done"], failure["not_done"]) == ([], [])
    assert failure["unknown"] == ["synchronise subscription"]
    assert lost.state()["license"]["last_sync"] > "2026-01-01"

    on, _synchronised = run.of("refused")
    assert "Couldn't find User" in on.message
    failure = on.values["failure"]
    assert (failure["done"], failure["unknown"]) == ([], [])
    assert failure["not_done"] == ["change beta features (enabled: false -> true)"]
    assert not refused.state()["beta_on"]


# What stands in the way of signing in: state of the instance, and what the failure says.
OBSTACLES = {
    "two-factor": (
        {"users": [{"username": "root", "two_factor": True}]},
        "sign-in-needs-more",
        "two-factor authentication",
    ),
    "captcha": ({"options": {"captcha": True}}, "sign-in-needs-more", "a captcha"),
    "sso": ({"options": {"sso_only": True}}, "sign-in-not-offered", "single sign-on"),
    "blocked": (
        {"users": [{"username": "root", "blocked": True}]},
        None,
        "Your account has been blocked",
    ),
    "expired": (
        {"users": [{"username": "root", "password_expired": True}]},
        None,
        "the password has expired",
    ),
    "ldap": ({"options": {"ldap": True}}, "", ""),
}


def test_obstacles(play: Play, start: Start) -> None:
    """Each obstacle is named; a page with an LDAP form first is none."""
    instances = dict(zip(OBSTACLES, start(*("18.9" for _obstacle in OBSTACLES)), strict=True))
    for name, instance in instances.items():
        instance.seed(
            **OBSTACLES[name][0],
            # The token of an account that works; the page's account is root's.
            tokens=[{"token": "glpat-of-the-second-0001", "username": "second"}],
        )
    hosts = {name: playbook.host(instance) for name, instance in instances.items()}
    args = {**ON, **PASSWORD, "api_token": "glpat-of-the-second-0001"}
    run = play([playbook.one_play(playbook.task("duo_beta_features", args))], hosts)
    for name, (_seed, code, said) in OBSTACLES.items():
        result = run.one(name)
        if code == "":
            assert result.changed
            continue
        assert result.status == "failed", name
        assert said in result.message, name
        assert code is None or result.code == code, (name, result.code)
        posts = [it for it in result.requests if it["method"] == "POST" and "sign_in" in it["path"]]
        assert len(posts) <= 1

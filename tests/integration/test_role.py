# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole role: empty, half configured and drifted instances of all releases, as one fleet."""

from __future__ import annotations

from typing import Any

import playbook
import pytest
import worlds
from conftest import Play, Start
from playbook import Result, Run
from sandbox_client import Instance
from scenarios import ABSENT, RELEASES, differences

from sandbox import credentials

NEWEST = RELEASES[-1]


def budget(release: str) -> int:
    """Return how many requests a run with nothing to change may send."""
    # Before 17.11 the state of beta features can be read only by signing in.
    return 10 if release == "17.9" else 5


def duo(run: Run, host: str) -> list[Result]:
    """Return the results of the collection's own tasks."""
    return [it for it in run.of(host) if it.action.startswith("gitlab_ops.duo.")]


def summary(run: Run, host: str) -> list[Any]:
    """Return what each task says it changed; verifying is for real runs alone."""
    return [
        (it.task, it.changed, it.values.get("diff"))
        for it in duo(run, host)
        if not it.task.startswith("Verify")
    ]


def known(summaries: list[Any], unknown: list[Any]) -> list[Any]:
    """Return summaries without the past of features that a dry run, with beta off, cannot see."""
    hidden = {
        name
        for _task, _changed, diff in unknown
        for entry in diff or ()
        for name, value in entry["before"].items()
        if value == "(not shown by GitLab)"
    }
    return [
        (
            task,
            changed,
            [
                {
                    **it,
                    "before": {
                        name: None if name in hidden else value
                        for name, value in it["before"].items()
                    },
                }
                for it in diff or ()
            ],
        )
        for task, changed, diff in summaries
    ]


def four_steps(play: Play, hosts: dict[str, Any], **keywords: Any) -> list[Run]:
    """Run the role as check, real, real, check."""
    runs = [
        play(worlds.ROLE, hosts, "--diff", *arguments, **keywords).succeeded()
        for arguments in (["--check"], [], [], ["--check"])
    ]
    for run in runs:
        assert run.stray_warnings() == []
    return runs


def judge(runs: list[Run], instances: dict[str, Instance], *, most: int | None = None) -> None:
    """Hold the four runs to what check mode and a second run promise."""
    check, real, again, check_again = runs
    for name, instance in instances.items():
        said = summary(check, name)
        assert known(said, said) == known(summary(real, name), said), name
        assert any(it.changed for it in duo(real, name))
        assert not any(it.changed for run in (again, check_again) for it in duo(run, name))
        for run in (check, again, check_again):
            assert [it for it in run.requests(name) if it["write"]] == [], name
        if most != 0:
            for run in (again, check_again):
                assert len(run.requests(name)) <= (most or budget(instance.release)), name


@pytest.fixture
def fleet(start: Start) -> dict[str, Instance]:
    """Return an instance of each release in each world."""
    names = [(world, release) for release in RELEASES for world in worlds.WORLDS]
    started = start(*(release for _world, release in names))
    instances = {}
    for (world, release), instance in zip(names, started, strict=True):
        instance.seed(**worlds.WORLDS[world])
        instances[f"{world}-{release}"] = instance
    return instances


def test_fleet(play: Play, fleet: dict[str, Instance]) -> None:
    """One run brings a mixed fleet to its declared state, as its dry run said; one is enough."""
    runs = four_steps(play, worlds.hosts(fleet))
    judge(runs, fleet)
    for instance in fleet.values():
        assert differences(worlds.expected(instance.release), instance.state()) == []
        assert worlds.features_without_model(instance) == []


def test_exclusive(play: Play, start: Start) -> None:
    """What is not declared goes, but never a model that a feature uses."""
    one, other = start("18.9", NEWEST)
    instances = {"removes": one, "keeps": other}
    for instance in instances.values():
        worlds.seed_as_declared(instance)
        instance.seed(
            models=[{"name": "left-over", "model": "gpt", "endpoint": "https://gone.example.com"}]
        )
    other.seed(features={"summarize_review": {"provider": "self_hosted", "model": "left-over"}})
    hosts = worlds.hosts(instances, duo_self_hosted_models_exclusive=True)
    check, real, again, check_again = four_steps(play, hosts)
    judge([check, real, again, check_again], {"removes": one}, most=6)
    assert differences({"models": {"left-over": ABSENT}}, one.state()) == []
    assert "left-over" in other.state()["models"]
    warnings = real.one("keeps", "Models that are not declared, removed").warnings
    assert ["left-over is not declared, but kept" in text for text in warnings] == [True]


@pytest.mark.parametrize("features", ["disabled", "default"])
def test_absent(play: Play, start: Start, features: str) -> None:
    """Everything goes in the reverse order, so that no step opens a way out of the site."""
    instances = dict(zip(RELEASES, start(*RELEASES), strict=True))
    for instance in instances.values():
        worlds.seed_as_declared(instance)
    # The acceptance of the account that signs in is the one that can be withdrawn.
    hosts = worlds.hosts(
        instances, duo_self_hosted_state="absent", duo_self_hosted_absent_features=features
    )
    runs = four_steps(play, hosts)
    check, real, again, check_again = runs
    for name, instance in instances.items():
        assert summary(check, name) == summary(real, name)
        assert not any(it.changed for run in (again, check_again) for it in duo(run, name))
        state = instance.state()
        assert state["models"] == {}
        assert not state["gateway"]["ai_gateway_url"]
        assert state["beta_on"] is False
        listed = {it["provider"] for it in state["features"].values()}
        assert listed <= ({"disabled"} if features == "disabled" else {"unassigned", "vendored"})
        order = [
            (request["operations"] or [{"fields": ["toggle"]}])[0]["fields"][0]
            for request in real.requests(name)
            if request["write"]
        ]
        assert list(dict.fromkeys(order)) == [
            "aiFeatureSettingUpdate",
            "aiSelfHostedModelDelete",
            "toggle",
            "duoSettingsUpdate",
        ]


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
    assert failed.code == "no-such-model"
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
    assert [it.task for it in duo(run, "here")] == ["Preflight"]
    assert instance.state() == before

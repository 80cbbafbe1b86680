# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole role on one mixed fleet: empty, half configured and drifted instances of all releases.

Beside them are instances whose undeclared models are deleted, and some from which everything is
removed. All are hosts of the same four runs: check, real, real, check.
"""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterable
from typing import Any

import playbook
import pytest
import worlds
from conftest import Start
from playbook import Result, Run
from sandbox_client import Instance
from scenarios import ABSENT, RELEASES, TRIED, before, differences

LEFT_OVER = {"name": "left-over", "model": "gpt", "endpoint": "https://gone.example.com"}
# Of a beta family, on an instance whose beta features are off.
HIDDEN = {"name": "hidden", "model": "llama3", "endpoint": "https://l.example.com/v1"}
ON_HIDDEN = {"duo_chat": {"provider": "self_hosted", "model": "hidden"}}
ON_LEFT_OVER = {"summarize_review": {"provider": "self_hosted", "model": "left-over"}}


def spread(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Return each kind with the three releases that stand for all, and with the others in turn."""
    found = [(kind, release) for kind in kinds for release in RELEASES]
    others = [release for release in TRIED if release not in RELEASES]
    return found + list(zip(itertools.cycle(kinds), others, strict=False))


# (world, release) and (what becomes of the features, release).
CONFIGURED = spread(worlds.WORLDS)
TAKEN_DOWN = spread(["off", "back"])


def budget(release: str) -> int:
    """Return how many requests a run with nothing to change may send."""
    # Before 17.11 the state of beta features can be read only by signing in.
    return 9 if release in before("17.11") else 2


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


class Fleet:
    """The instances, and the four runs over all of them."""

    def __init__(self) -> None:
        self.releases: dict[str, str] = {}
        self.variables: dict[str, dict[str, Any]] = {}
        # What is put on top of an empty instance, or of one that is as declared.
        self.seeds: dict[str, dict[str, Any]] = {}
        self.declared: set[str] = set()
        self.instances: dict[str, Instance] = {}
        self.runs: list[Run] = []

    def add(
        self, kind: str, release: str, seed: dict[str, Any], *, declared: bool, **variables: Any
    ) -> None:
        """Add an instance, with role variables of its own."""
        name = f"{kind}-{release}"
        self.releases[name] = release
        self.seeds[name] = seed
        self.variables[name] = {f"duo_self_hosted_{key}": it for key, it in variables.items()}
        if declared:
            self.declared.add(name)

    def execute(self, folder: pathlib.Path, start: Start) -> None:
        """Start and seed the instances, and run the role four times."""
        started = start(*self.releases.values())
        self.instances = dict(zip(self.releases, started, strict=True))
        hosts = {}
        for name, instance in self.instances.items():
            if name in self.declared:
                worlds.seed_as_declared(instance)
            instance.seed(**self.seeds[name])
            hosts |= worlds.hosts({name: instance}, **self.variables[name])
        self.runs = [
            playbook.run(folder, worlds.ROLE, hosts, "--diff", *arguments)
            for arguments in (["--check"], [], [], ["--check"])
        ]

    def judge(self, name: str, most: int | None = None) -> None:
        """Hold the four runs of a host to what check mode and a second run promise."""
        for run in self.runs:
            assert run.stray_warnings() == []
            assert run.failed(name) == []
        check, real, again, check_again = self.runs
        said = summary(check, name)
        assert known(said, said) == known(summary(real, name), said)
        assert any(it.changed for it in duo(real, name))
        for run in (check, again, check_again):
            assert [it for it in run.requests(name) if it["write"]] == []
        for run in (again, check_again):
            assert not any(it.changed for it in duo(run, name))
            if most is not None:
                verifying = [it for result in run.of(name, worlds.VERIFY) for it in result.requests]
                assert len(run.requests(name)) - len(verifying) <= most


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, start_for_session: Start) -> Fleet:
    """Return the fleet after its four runs."""
    made = Fleet()
    for world, release in CONFIGURED:
        made.add(world, release, worlds.WORLDS[world], declared=False)
    for kind, release in TAKEN_DOWN:
        variables = {"absent_features": "default"} if kind == "back" else {}
        made.add(kind, release, {}, declared=True, state="absent", **variables)
    left = {"models": [LEFT_OVER]}
    made.add("removes", "18.9", left, declared=True, models_exclusive=True)
    made.add("swaps", "18.9", left, declared=False, models_exclusive=True)
    used = {**left, "features": ON_LEFT_OVER}
    made.add("keeps", RELEASES[-1], used, declared=True, models_exclusive=True)
    hidden = {"models": [HIDDEN], "features": ON_HIDDEN}
    made.add("hidden", "18.9", hidden, declared=False, state="absent")
    made.execute(tmp_path_factory.mktemp("fleet"), start_for_session)
    return made


@pytest.mark.parametrize(("world", "release"), CONFIGURED)
def test_configured(fleet: Fleet, world: str, release: str) -> None:
    """One run leads to the declared state, as its dry run said; the next finds nothing to do."""
    name = f"{world}-{release}"
    fleet.judge(name, most=budget(release))
    state = fleet.instances[name].state()
    assert differences(worlds.expected(release), state) == []
    assert worlds.features_without_model(fleet.instances[name]) == []


def test_undeclared_models_go(fleet: Fleet) -> None:
    """With `models_exclusive`, and at no price."""
    fleet.judge("removes-18.9", most=budget("18.9"))
    assert (
        differences({"models": {"left-over": ABSENT}}, fleet.instances["removes-18.9"].state())
        == []
    )


def test_models_come_and_go_in_one_run(fleet: Fleet) -> None:
    """The dry run tells each change once, and in the task that makes it."""
    name = "swaps-18.9"
    fleet.judge(name)
    state = fleet.instances[name].state()
    assert differences(worlds.expected("18.9"), state) == []
    assert "left-over" not in state["models"]
    for run in fleet.runs[:2]:
        assert run.one(name, "Delete models").values["steps"] == [
            "delete self-hosted model left-over"
        ]


def test_undeclared_models_in_use_stay(fleet: Fleet) -> None:
    """And a warning says which feature uses them."""
    name = f"keeps-{RELEASES[-1]}"
    assert "left-over" in fleet.instances[name].state()["models"]
    warnings = fleet.runs[1].one(name, "Check and plan everything before the first change").warnings
    assert ["left-over is not declared, but is kept" in text for text in warnings].count(True) == 1


@pytest.mark.parametrize(("features", "release"), TAKEN_DOWN)
def test_absent(fleet: Fleet, features: str, release: str) -> None:
    """Everything goes in the reverse order, so that no step opens a way out of the site."""
    name = f"{features}-{release}"
    fleet.judge(name)
    state = fleet.instances[name].state()
    assert state["models"] == {}
    assert not state["gateway"]["ai_gateway_url"]
    assert state["beta_on"] is False
    providers = {it["provider"] for it in state["features"].values()}
    assert providers <= ({"disabled"} if features == "off" else {"unassigned", "vendored"})
    order = [
        (request["operations"] or [{"fields": ["toggle"]}])[0]["fields"][0]
        for request in fleet.runs[1].requests(name)
        if request["write"]
    ]
    assert list(dict.fromkeys(order)) == [
        "aiFeatureSettingUpdate",
        "aiSelfHostedModelDelete",
        "toggle",
        "duoSettingsUpdate",
    ]


def test_absent_says_that_a_hidden_model_may_be_left(fleet: Fleet) -> None:
    """No run sees it once its feature is off: a dry run knows that."""
    name = "hidden-18.9"
    fleet.judge(name)
    state = fleet.instances[name].state()
    assert list(state["models"]) == ["hidden"]
    assert state["features"]["duo_chat"]["provider"] == "disabled"
    for run in fleet.runs:
        (warning,) = run.one(name, "Delete models").warnings
        assert "It cannot be checked whether undeclared models are left" in warning

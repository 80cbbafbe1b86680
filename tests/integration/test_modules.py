# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every scenario of every module as check, real, real, check; through both doors.

Many scenarios are hosts of one `ansible-playbook` run, each with a GitLab of its own. A task costs
half a second through the module: there a scenario goes with the newest release that it is about,
and, but for the first of each module, as check and real alone.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import playbook
import pytest
import scenarios_features
import scenarios_gateway
import scenarios_health
import scenarios_models
import scenarios_seats
import scenarios_settings
from conftest import Start
from playbook import Result, Run
from sandbox_client import Instance
from scenarios import CHANGES, RELEASES, TRIED, Scenario, differences

SCENARIOS = [
    *scenarios_gateway.SCENARIOS,
    *scenarios_models.SCENARIOS,
    *scenarios_features.SCENARIOS,
    *scenarios_settings.SCENARIOS,
    *scenarios_health.SCENARIOS,
    *scenarios_seats.SCENARIOS,
]


def newest_of(scenario: Scenario) -> str:
    """Return the release on which both doors are tried."""
    return [release for release in RELEASES if release in scenario.releases][-1]


MODULES = sorted({scenario.module for scenario in SCENARIOS})
STEPS = ("check", "real", "again", "check_again")
# The first of each module that changes something.
THOROUGH = {it.module: it.name for it in reversed(SCENARIOS) if it.changed == CHANGES}
# (batch, release, scenario): a batch is one run, and in batches named after doors both are open.
CASES = [
    (release, release, scenario)
    for release in TRIED
    for scenario in SCENARIOS
    if release in scenario.releases and release != newest_of(scenario)
] + [
    (f"doors-{number % 2}", newest_of(scenario), scenario)
    for number, scenario in enumerate(SCENARIOS)
]


def steps_of(scenario: Scenario, door: str) -> tuple[str, ...]:
    """Return the steps that a scenario takes through a door."""
    thorough = door == "action" or scenario.name in THOROUGH.values()
    return STEPS if thorough else STEPS[:2]


class Batch:
    """Scenarios that are run together."""

    def __init__(self, name: str) -> None:
        self.doors = ("action", "module") if name.startswith("doors") else ("action",)
        self.instances: dict[str, Instance] = {}
        self.run: Run

    def execute(
        self, cases: list[tuple[str, str, Scenario]], folder: pathlib.Path, start: Start
    ) -> None:
        """Run all four steps of all scenarios, through each door."""
        started = iter(start(*(case[1] for case in cases for _door in self.doors)))
        hosts: dict[str, Any] = {}
        groups: dict[str, list[str]] = {}
        for _batch, _release, scenario in cases:
            for door in self.doors:
                name = f"{scenario.name}.{door}"
                instance = self.instances[name] = next(started)
                instance.seed(**scenario.seed)
                hosts[name] = playbook.host(instance, wanted=dict(scenario.args))
                for step in steps_of(scenario, door):
                    groups.setdefault(f"{scenario.module}__{door}__{step}", []).append(name)
        keywords = {
            "action": {},
            "module": {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON},
        }
        plays = [
            playbook.one_play(
                playbook.task(module, "wanted", ignore_errors=True),
                name=step,
                hosts=f"{module}__{door}__{step}",
                check_mode=step.startswith("check"),
                diff=True,
                **keywords[door],
            )
            for step in STEPS
            for module in MODULES
            for door in self.doors
            if f"{module}__{door}__{step}" in groups
        ]
        self.run = playbook.run(folder, plays, hosts, groups=groups)


@pytest.fixture(scope="session")
def batches(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    start_for_session: Start,
) -> Any:
    """Return a function that gives a batch, run with the scenarios that pytest has selected."""
    made: dict[str, Batch] = {}

    def batch(name: str) -> Batch:
        if name not in made:
            cases = [
                item.callspec.params["case"]
                for item in request.session.items
                if "case" in getattr(getattr(item, "callspec", None), "params", ())
            ]
            made[name] = Batch(name)
            made[name].execute(
                [case for case in cases if case[0] == name],
                tmp_path_factory.mktemp(name),
                start_for_session,
            )
        return made[name]

    return batch


def _id(case: tuple[str, str, Scenario]) -> str:
    return f"{case[0]}/{case[2].name}-{case[1]}"


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_four_steps(case: tuple[str, str, Scenario], batches: Any) -> None:
    """Changed as expected, the same diff, no write but in the first real run, few requests."""
    name, release, scenario = case
    batch: Batch = batches(name)
    assert batch.run.stray_warnings() == []
    answers = []
    for door in batch.doors:
        host = f"{scenario.name}.{door}"
        results = batch.run.of(host)
        assert tuple(result.play for result in results) == steps_of(scenario, door)
        assert {result.status for result in results} == {"ok"}, [it.message for it in results]
        _judge(scenario, release, *results)
        assert differences(scenario.after, batch.instances[host].state()) == []
        answers.append([comparable(result, batch.instances[host].url) for result in results])
    for other in answers[1:]:
        assert other == answers[0][: len(other)]


def _judge(scenario: Scenario, release: str, check: Result, real: Result, *later: Result) -> None:
    results = (check, real, *later)
    assert tuple(it.changed for it in results) == scenario.changed[: len(results)]
    # What check mode says is what happens; only the ids of new models are GitLab's to know.
    assert without_ids(check) == without_ids(real)
    if later:
        assert without_ids(later[0]) == without_ids(later[1])
    assert bool(real.values["diff"]) == real.changed
    assert bool(real.values["changes"]) == real.changed
    assert {"url", "version"} <= set(real.values["instance"])
    if scenario.steps is not None:
        said = real.values["steps"]
        assert [
            text for text, part in zip(said, scenario.steps, strict=True) if part in text
        ] == said

    for result in results:
        if result.play.startswith("check") or not result.changed:
            assert result.writes == []
    sent = tuple(len(result.requests) for result in results)
    assert sent == scenario.budget(release)[: len(results)], [
        (it["path"], it["operations"]) for it in real.requests
    ]

    for result in results:
        assert differences(scenario.returns, result.values) == []
        expected = scenario.warnings if result.changed or not scenario.only_warns_of_changes else ()
        assert len(result.warnings) == len(expected), result.warnings
        for text, part in zip(result.warnings, expected, strict=True):
            assert part in text


def comparable(result: Result, url: str = "") -> Any:
    """Return a result without what differs between two runs by their nature."""
    values = {key: it for key, it in result.values.items() if key != "invocation"}
    text = json.dumps(values, sort_keys=True)
    return json.loads(text.replace(url, "URL") if url else text)


def without_ids(result: Result) -> Any:
    """Return a result without ids of new models, what GitLab does not show, and the mode itself."""
    values = comparable(result)
    values.pop("check_mode", None)
    if values.get("unseen"):
        values.pop("features", None)
    for model in [values.get("model"), *(values.get("models") or [])]:
        if model:
            model.pop("id", None)
    return values

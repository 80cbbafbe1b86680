# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role applies the approved changes, and nothing else."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import worlds
from conftest import Start
from playbook import Run, run
from sandbox_client import Instance
from scenarios import differences


def plan(folder: pathlib.Path, instances: dict[str, Instance], *more: str) -> Run:
    """Make a dry run that keeps its plans in ``plans``."""
    options = ["--check", "-e", f"duo_self_hosted_plan_dir={folder / 'plans'}", *more]
    return run(folder, worlds.ROLE, worlds.hosts(instances), *options)


def apply(folder: pathlib.Path, instances: dict[str, Instance], *more: str) -> Run:
    """Make a real run that is held to these plans."""
    options = ["-e", f"duo_self_hosted_approved_plan={folder / 'plans'}", *more]
    return run(folder, worlds.ROLE, worlds.hosts(instances), *options)


def written(run_: Run, host: str) -> list[Any]:
    return [it for it in run_.requests(host) if it["write"]]


def test_an_approved_plan_is_applied_and_nothing_else(tmp_path: pathlib.Path, start: Start) -> None:
    """One model is changed in between: nothing is written, and the failure names that model."""
    instances = dict(zip(("first", "second"), start("18.9", "19.4"), strict=True))
    plan(tmp_path, instances).succeeded()
    assert [it for name in instances for it in written(plan(tmp_path, instances), name)] == []
    files = sorted(it.name for it in (tmp_path / "plans").iterdir())
    assert files == ["first.json", "first.md", "second.json", "second.md"]

    name = worlds.declared("18.9")["duo_self_hosted_models"][0]["name"]
    model = {"name": name, "model": "mistral", "endpoint": "https://other.example.com/v1"}
    instances["first"].seed(models=[model])
    before = instances["first"].state()
    real = apply(tmp_path, instances)
    (failed,) = real.failed("first")
    assert failed.code == "plan-not-approved"
    assert f"self-hosted model {name}" in failed.message
    assert written(real, "first") == []
    assert instances["first"].state() == before
    assert real.failed("second") == []
    assert differences(worlds.expected("19.4"), instances["second"].state()) == []

    # Planned and approved again, it is applied; and then there is nothing left to approve.
    plan(tmp_path, instances).succeeded()
    apply(tmp_path, instances).succeeded()
    assert differences(worlds.expected("18.9"), instances["first"].state()) == []
    again = apply(tmp_path, instances, "-e", "duo_self_hosted_plan_max_age=0").succeeded()
    assert [it.task for it in again.of("first") if it.changed] == []


def test_a_repetition_at_once_has_nothing_left_to_approve(
    tmp_path: pathlib.Path, start: Start
) -> None:
    """Although each of GitLab's processes keeps its copy of the gateway for a minute."""
    (instance,) = start("19.4", options=("--processes", "4", "--cache-seconds", "60"))
    plan(tmp_path, {"host": instance}).succeeded()
    given = ["-e", f"duo_self_hosted_approved_plan={tmp_path / 'plans'}"]
    for _run in range(3):
        hosts = worlds.hosts({"host": instance})
        ran = run(tmp_path, worlds.ROLE, hosts, *given, at_once=True).succeeded()
    assert [it.task for it in ran.of("host") if it.changed] == []
    assert differences(worlds.expected("19.4"), instance.state()) == []


def test_two_plans_of_one_state_differ_in_their_time_alone(
    tmp_path: pathlib.Path, start: Start
) -> None:
    (instance,) = start("18.9")
    texts = []
    for _run in range(2):
        plan(tmp_path, {"host": instance}).succeeded()
        saved = json.loads((tmp_path / "plans" / "host.json").read_text())
        assert saved.pop("created_at")
        texts.append(saved)
    assert texts[0] == texts[1]
    assert {it["subject"] for it in texts[0]["changes"]} >= {"gateway", "self_hosted_model"}


@pytest.mark.parametrize("broken", ["missing", "cut", "not-writable"])
def test_a_plan_that_cannot_be_used_is_said_before_the_first_request(
    tmp_path: pathlib.Path, start: Start, broken: str
) -> None:
    (instance,) = start("18.9")
    target = tmp_path / "plans" / "host.json"
    if broken == "not-writable":
        (tmp_path / "plans").write_text("a file where a folder belongs")
        ran = plan(tmp_path, {"host": instance})
    else:
        if broken == "cut":
            plan(tmp_path, {"host": instance}).succeeded()
            target.write_bytes(target.read_bytes()[:-20])
        ran = apply(tmp_path, {"host": instance})
    (failed,) = ran.failed("host")
    codes = {"missing": "plan-missing", "cut": "plan-incomplete"}
    assert failed.code == codes.get(broken, "plan-not-writable")
    assert str(tmp_path / "plans") in failed.message
    assert ran.requests("host") == []


def test_a_removal_has_no_plan(tmp_path: pathlib.Path, start: Start) -> None:
    (instance,) = start("18.9")
    ran = plan(tmp_path, {"host": instance}, "-e", "duo_self_hosted_state=absent")
    (failed,) = ran.failed("host")
    assert "duo_self_hosted_plan_dir" in failed.values["msg"]
    assert ran.requests("host") == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of twenty, three of them broken: canary, batches, audit, report, rerun, slices."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import playbook
import pytest
import worlds
from conftest import Play, Start
from playbook import Run
from sandbox_client import Instance
from scenarios import EVERY, differences

CONFIGURE = "gitlab_ops.duo.configure"
AUDIT = "gitlab_ops.duo.audit"
FLEET = [EVERY[number % len(EVERY)] for number in range(20)]
CANARY = ["gitlab00", "gitlab01"]
# What is wrong with three of them, and what the failure has to say.
BROKEN = {
    "gitlab04": ({"kind": "status", "status": 503, "times": 0}, "GitLab answered 503"),
    "gitlab09": (
        {"kind": "body", "body": "<html>SSO</html>", "times": 0},
        "not come from GitLab's API",
    ),
    "gitlab15": (
        {"kind": "status", "status": 500, "times": 0, "match": {"kind": "mutation"}},
        "GitLab answered 500",
    ),
}
SETTINGS = {"duo_self_hosted_connection": {"retries": 0}, "duo_self_hosted_ready_timeout": 0}
# All formats, in a folder beside the playbook's.
REPORTED = {
    "ANSIBLE_CALLBACKS_ENABLED": "record,gitlab_ops.duo.report",
    "DUO_REPORT_FORMATS": "html,json,markdown,junit,limit",
}


class Fleet:
    """The instances, and how they are run."""

    def __init__(self, folder: pathlib.Path, start: Start) -> None:
        self.folder = folder
        names = [f"gitlab{number:02}" for number in range(len(FLEET))]
        self.instances: dict[str, Instance] = dict(zip(names, start(*FLEET), strict=True))
        self.hosts = worlds.hosts(self.instances, **SETTINGS)
        for place, instance in enumerate(self.instances.values()):
            instance.seed(**list(worlds.WORLDS.values())[place % len(worlds.WORLDS)])

    def run(self, book: str, *arguments: str, report: str) -> Run:
        """Run a playbook of the collection, with a report in a folder of this name."""
        return playbook.run(
            self.folder,
            book,
            self.hosts,
            *arguments,
            groups={"duo_self_hosted_canary": CANARY},
            extra={**REPORTED, "DUO_REPORT_FOLDER": str(self.folder / report)},
            forks=8,
        )

    def report(self, name: str) -> dict[str, Any]:
        """Return a report as data."""
        found: dict[str, Any] = json.loads((self.folder / name / "report.json").read_text())
        return found

    def done(self) -> set[str]:
        """Return the instances that are as declared."""
        return {
            name
            for name, it in self.instances.items()
            if differences(worlds.expected(it.release), it.state()) == []
        }


@pytest.fixture
def fleet(tmp_path: pathlib.Path, start: Start) -> Fleet:
    """Return a fleet in which nothing is done yet."""
    return Fleet(tmp_path, start)


def states(report: dict[str, Any]) -> dict[str, str]:
    """Return the state of each instance of a report."""
    return {instance["name"]: instance["state"] for instance in report["instances"]}


PLACES = {"duo_self_hosted_canary": ["b1"], "berlin": ["b1", "b2"], "tokyo": ["t1", "t2"]}
HOSTS: dict[str, dict[str, Any]] = {name: {} for name in ("p1", "b1", "b2", "t1", "t2")}


@pytest.mark.parametrize(
    ("variables", "first", "others"),
    [
        ({}, "b1", "b2 p1 t1 t2"),
        ({"canary": "berlin:tokyo"}, "b1 b2 t1 t2", "p1"),
        ({"canary": "berlin,p1", "hosts": "all:!tokyo"}, "b1 b2 p1", ""),
        ({"canary": "berlin:!b1"}, "b2", "b1 p1 t1 t2"),
        ({"canary": "all[0]"}, "p1", "b1 b2 t1 t2"),
        # Nobody is touched who is not meant, not even as the first.
        ({"hosts": "tokyo"}, "", "t1 t2"),
        ({"hosts": "berlin:tokyo"}, "b1", "b2 t1 t2"),
        # As a form with empty fields sends it.
        ({"canary": "", "hosts": "", "batch": ""}, "b1", "b2 p1 t1 t2"),
    ],
    ids=str,
)
def test_who_comes_first(play: Play, variables: dict[str, str], first: str, others: str) -> None:
    """Whatever the patterns are, each host that is meant is in one of the two plays."""
    extra = [
        part for name, it in variables.items() for part in ("-e", f"duo_self_hosted_{name}={it}")
    ]
    run = play(CONFIGURE, HOSTS, "--list-hosts", *extra, groups=PLACES).succeeded()
    plays = re.split(r"hosts \(\d+\):", run.output)[1:]
    found = [" ".join(sorted(re.findall(r"^ +(\w\d)$", one, re.MULTILINE))) for one in plays]
    assert found == [first, others]
    assert run.stray_warnings() == []


def test_no_group_for_the_first(play: Play) -> None:
    run = play(CONFIGURE, HOSTS, "--list-hosts").succeeded()
    assert re.findall(r"hosts \((\d+)\):", run.output) == ["0", "5"]
    assert run.stray_warnings() == []


def test_as_an_ops_team(fleet: Fleet) -> None:
    """Audit, a canary that fails, a rollout with three broken ones, a rerun, the audit again."""
    audit = fleet.run(AUDIT, report="audit")
    assert audit.returncode == 2
    assert set(states(fleet.report("audit")).values()) == {"would_change"}
    assert fleet.done() == set()

    # A canary that does not work stops everything before it begins.
    fleet.instances[CANARY[0]].faults(BROKEN["gitlab15"][0])
    stopped = fleet.run(CONFIGURE, report="stopped")
    assert stopped.returncode == 2
    assert [
        name for name, it in fleet.instances.items() if it.writes() and name not in CANARY
    ] == []
    fleet.instances[CANARY[0]].faults()

    for name, (fault, _said) in BROKEN.items():
        fleet.instances[name].faults(fault)
    rollout = fleet.run(CONFIGURE, "-e", "duo_self_hosted_batch=5", report="rollout")
    assert rollout.returncode == 2
    assert fleet.done() == set(fleet.instances) - set(BROKEN)
    order = [it.host for it in rollout.results if it.action.endswith("duo_preflight")]
    assert set(order[:2]) == set(CANARY)
    report = fleet.report("rollout")
    assert {name for name, it in states(report).items() if it == "changed"} == fleet.done()
    # Each failure once, at the end, with its cause and the next step.
    closing = rollout.output.partition("PLAY RECAP")[2]
    for name, (_fault, said) in BROKEN.items():
        (line,) = (it for it in closing.splitlines() if it.startswith(f"{name}: "))
        assert said in line
        assert closing.count(said) == 1 or said == "GitLab answered 503"
    unfinished = fleet.folder / "rollout" / "unfinished.txt"
    assert set(unfinished.read_text().split()) == set(BROKEN)

    # Mended, and only those run again.
    for name in BROKEN:
        fleet.instances[name].faults()
    again = fleet.run(CONFIGURE, "--limit", f"@{unfinished}", report="again").succeeded()
    assert {it.host for it in again.results} == set(BROKEN)
    assert fleet.done() == set(fleet.instances)
    fleet.run(AUDIT, report="audit-again").succeeded()
    assert set(states(fleet.report("audit-again")).values()) == {"in_sync"}

    # The rollout and the rerun are one story.
    wanted = {
        "duo_self_hosted_reports": [
            str(fleet.folder / name / "report.json") for name in ("rollout", "again")
        ],
        "duo_self_hosted_report_dir": str(fleet.folder / "whole"),
    }
    merge = ["gitlab_ops.duo.merge_reports", "-e", json.dumps(wanted)]
    fleet.run(*merge, report="unused").succeeded()
    whole = fleet.report("whole")
    assert set(states(whole).values()) == {"changed"}
    assert len(whole["instances"]) == len(FLEET)


def test_slices(fleet: Fleet) -> None:
    """Two job slices, each sent to a worker of its own as a controller does, and one report."""
    names = list(fleet.instances)
    reports = []
    for number, slice_ in enumerate((names[:3], names[3:6])):
        sent, worker = fleet.folder / f"slice{number}", fleet.folder / f"worker{number}"
        for folder in ("inventory", "env", "project"):
            (sent / folder).mkdir(parents=True)
        worker.mkdir()
        hosts = {name: fleet.hosts[name] for name in slice_}
        (sent / "inventory" / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        variables = {
            **playbook.environment(fleet.folder),
            "ANSIBLE_CALLBACKS_ENABLED": "gitlab_ops.duo.report",
            # What lies there comes back with the job.
            "DUO_REPORT_FOLDER": "$AWX_ISOLATED_DATA_DIR/duo-report",
        }
        (sent / "env" / "envvars").write_text(json.dumps(variables))
        stream = b""
        for arguments in (
            ("transmit", str(sent), "-p", CONFIGURE),
            ("worker", "--private-data-dir", str(worker)),
            ("process", str(sent)),
        ):
            stream = subprocess.run(
                [sys.executable, "-m", "ansible_runner", *arguments],
                input=stream,
                cwd=fleet.folder,
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                timeout=200,
                check=True,
            ).stdout
        assert (sent / "artifacts" / "rc").read_text() == "0", stream
        reports.append(str(sent / "artifacts" / "duo-report" / "report.json"))
    assert fleet.done() == set(names[:6])
    wanted = {
        "duo_self_hosted_reports": reports,
        "duo_self_hosted_report_dir": str(fleet.folder / "whole"),
    }
    merge = ["gitlab_ops.duo.merge_reports", "-e", json.dumps(wanted)]
    fleet.run(*merge, report="unused").succeeded()
    assert states(fleet.report("whole")) == dict.fromkeys(names[:6], "changed")

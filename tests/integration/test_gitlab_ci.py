# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example of a pipeline for GitLab CI/CD: each job runs, and its artifacts are looked at."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import playbook
import pytest
from pipeline import Notes, Pipeline
from playbook import ROOT
from site_of_names import Site

from sandbox import credentials

EXAMPLE = ROOT / "examples" / "gitlab_ci"
HOSTS = {"lab": "gitlab.lab.example.com", "berlin": "gitlab.berlin.example.com"}
KEY = "key-of-the-model-server-0042"
COMMENT_TOKEN = "token-of-the-project-0043"
MERGE_REQUEST = "merge_request_event"


def test_gitlabs_schema_takes_it() -> None:
    """As GitLab has it in its own repository; check-jsonschema brings a copy."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run(
        [*command, EXAMPLE / ".gitlab-ci.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def notes() -> Iterator[Notes]:
    server = Notes()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def pipeline(tmp_path: pathlib.Path, site: Site) -> Pipeline:
    """Return the example as a project of its own."""
    site.begin({}, lambda _name, _instance: None)
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    environment = {**playbook.environment(tmp_path), **site.environment}
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS"):
        del environment[name]
    return Pipeline(project, tmp_path / "jobs", environment)


def tokens(pipeline: Pipeline, job: str) -> dict[str, str]:
    """Return the masked variables that the environment of a job lets it have."""
    scope = pipeline.job(job)["environment"]["name"]
    held = {"duo-read": credentials.READONLY_TOKEN, "duo-write": credentials.ADMIN_TOKEN}
    return {
        **dict.fromkeys(("DUO_TOKEN_LAB", "DUO_TOKEN_BERLIN"), held[scope]),
        "DUO_MODEL_KEY": KEY,
    }


def failures(junit: bytes) -> list[str]:
    """Return suite and test of each failure."""
    suites = ET.fromstring(junit)  # noqa: S314  of our own making
    return [
        f"{suite.get('name')}: {case.get('name')}"
        for suite in suites.iter("testsuite")
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def test_a_merge_request_and_a_schedule(pipeline: Pipeline, site: Site, notes: Notes) -> None:
    """Lint, dry run, comment, approved apply; an audit that finds nothing, and one that does."""
    assert pipeline.jobs(MERGE_REQUEST) == {
        **{"lint": "on_success", "plan": "on_success", "apply": "manual"}
    }
    assert pipeline.jobs("schedule") == {"audit": "on_success"}
    instances = {name: site.instance(host) for name, host in HOSTS.items()}

    lint = pipeline.run("lint", {})
    assert lint.code == 0, lint.output

    plan = pipeline.run(
        "plan",
        {
            **tokens(pipeline, "plan"),
            **{"CI_API_V4_URL": notes.url, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "11"},
            "DUO_COMMENT_TOKEN": COMMENT_TOKEN,
        },
    )
    assert plan.code == 0, plan.output
    assert "for the real run, use a token of an administrator with the scope" in plan.output
    assert not any(it.writes() for it in instances.values())
    assert {path for path in plan.artifacts if path.startswith("plans/")} == {
        f"plans/{name}.{ending}" for name in HOSTS for ending in ("json", "md")
    }
    ((path, token, text),) = notes.taken
    assert (path, token) == ("/api/v4/projects/7/merge_requests/11/notes", COMMENT_TOKEN)
    assert text == "".join(plan.artifacts[f"plans/{name}.md"].decode() for name in sorted(HOSTS))
    assert all(f"`https://{host}`" in text for host in HOSTS.values())
    assert "→ `https://aigw.lab.example.com`" in text
    differences = failures(plan.artifacts["duo-report/junit.xml"])
    assert [it for it in differences if it.startswith("lab: ")]
    assert len(differences) == 2 * len([it for it in differences if it.startswith("lab: ")])
    report = json.loads(plan.artifacts["duo-report/report.json"])
    assert report["summary"]["verdict"] == "drift"

    apply = pipeline.run("apply", tokens(pipeline, "apply"), plan)
    assert apply.code == 0, apply.output
    for name, instance in instances.items():
        state = instance.state()
        assert state["gateway"]["ai_gateway_url"] == f"https://aigw.{name}.example.com"
        assert state["features"]["code_completions"]["model"] == "codestral"
        assert state["models"]["codestral"]["api_token"] == KEY
    assert failures(apply.artifacts["duo-report/junit.xml"]) == []

    audit = pipeline.run("audit", tokens(pipeline, "audit"))
    assert audit.code == 0, audit.output
    assert failures(audit.artifacts["duo-report/junit.xml"]) == []

    instances["berlin"].seed(gateway={"ai_gateway_url": "https://other.example.com"})
    audit = pipeline.run("audit", tokens(pipeline, "audit"))
    assert audit.code == 2, audit.output
    (drift,) = failures(audit.artifacts["duo-report/junit.xml"])
    assert drift.startswith("berlin: ")
    assert "duo-report/report.html" in audit.artifacts

    for job in (plan, apply, audit):
        seen = job.output + "".join(map(repr, job.artifacts.values()))
        for secret in (KEY, COMMENT_TOKEN, credentials.ADMIN_TOKEN, credentials.READONLY_TOKEN):
            assert secret not in seen


def test_what_nobody_approved_is_not_applied(pipeline: Pipeline, site: Site, notes: Notes) -> None:
    """The plan is of this morning, and somebody has changed the canary since."""
    lab = site.instance(HOSTS["lab"])
    variables = {"CI_API_V4_URL": notes.url, "DUO_COMMENT_TOKEN": COMMENT_TOKEN}
    plan = pipeline.run("plan", {**tokens(pipeline, "plan"), **variables})
    assert plan.code == 0, plan.output
    lab.seed(gateway={"ai_gateway_url": "https://other.example.com"})
    lab.forget()
    apply = pipeline.run("apply", tokens(pipeline, "apply"), plan)
    assert apply.code == 2, apply.output
    assert "AI gateway" in apply.output
    assert lab.writes() == []
    assert site.instance(HOSTS["berlin"]).writes() == []
    # The artifacts are kept of a job that failed, too.
    assert "lab" in " ".join(failures(apply.artifacts["duo-report/junit.xml"]))


def test_a_plan_that_fails_posts_nothing(pipeline: Pipeline, notes: Notes) -> None:
    """Only the artifacts say why."""
    variables = {**tokens(pipeline, "plan"), "CI_API_V4_URL": notes.url, "DUO_COMMENT_TOKEN": "x"}
    plan = pipeline.run("plan", {**variables, "DUO_TOKEN_LAB": credentials.EXPIRED_TOKEN})
    assert plan.code != 0
    assert notes.taken == []
    assert "does not accept the token" in plan.artifacts["duo-report/report.md"].decode()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example for Automation Platform: its objects are whole, its jobs run as there."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import playbook
import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment
from playbook import ROOT
from site_of_names import Site

from sandbox import credentials

EXAMPLE = ROOT / "examples" / "automation_platform"
KEY = "key-of-the-model-server-0044"
SHARED = "/var/lib/duo"
# The keys that each object of ours may have, of those that the README of its role documents:
# https://github.com/redhat-cop/infra.aap_configuration/tree/devel/roles, controller_*/README.md.
DOCUMENTED: dict[str, set[str]] = {
    "controller_credential_types": {"name", "description", "kind", "inputs", "injectors"},
    "controller_credentials": {"name", "organization", "credential_type", "inputs"},
    "controller_execution_environments": {"name", "image"},
    "controller_projects": {
        *("name", "organization", "scm_type", "scm_url", "scm_update_on_launch"),
        "default_environment",
    },
    "controller_inventories": {"name", "organization"},
    "controller_inventory_sources": {
        *("name", "inventory", "organization", "source", "source_project", "source_path"),
        *("overwrite", "overwrite_vars", "update_on_launch"),
    },
    "controller_templates": {
        *("name", "job_type", "diff_mode", "organization", "project", "playbook", "inventory"),
        *("execution_environment", "credentials", "ask_variables_on_launch", "extra_vars"),
        "job_slice_count",
    },
    "controller_workflows": {
        *("name", "description", "organization", "allow_simultaneous", "survey_enabled"),
        *("survey_spec", "simplified_workflow_nodes"),
    },
    "controller_schedules": {"name", "organization", "unified_job_template", "rrule"},
}
QUESTION = {
    *("question_name", "question_description", "variable", "type", "required", "default"),
    *("min", "max"),
}
NODE = {"identifier", "unified_job_template", "approval_node", "success_nodes", "always_nodes"}


class _Loader(yaml.SafeLoader):
    """Reads what Ansible reads: a text that is not to be rendered is a text."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def declared() -> dict[str, Any]:
    """Return all that platform/ declares."""
    found: dict[str, Any] = {}
    for path in sorted((EXAMPLE / "platform").glob("*.yml")):
        content = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  a safe one
        assert not set(found) & set(content)
        found.update(content)
    return found


PLATFORM = declared()
SETTINGS = PLATFORM.pop("controller_settings")["settings"]
NAMED = {kind: {it["name"]: it for it in objects} for kind, objects in PLATFORM.items()}


@pytest.mark.parametrize("kind", PLATFORM)
def test_every_key_is_documented(kind: str) -> None:
    assert len(NAMED[kind]) == len(PLATFORM[kind])
    for it in PLATFORM[kind]:
        assert set(it) <= DOCUMENTED[kind]


def test_every_reference_leads_to_an_object() -> None:
    """And every playbook and inventory is a file of the project."""
    references = {
        "credential_type": "controller_credential_types",
        "project": "controller_projects",
        "source_project": "controller_projects",
        "inventory": "controller_inventories",
        "execution_environment": "controller_execution_environments",
        "default_environment": "controller_execution_environments",
    }
    for it in (it for objects in PLATFORM.values() for it in objects):
        for key, kind in references.items():
            assert key not in it or it[key] in NAMED[kind]
        assert set(it.get("credentials", ())) <= set(NAMED["controller_credentials"])
        for key in ("playbook", "source_path"):
            assert key not in it or (EXAMPLE / "project" / it[key]).is_file()
    launched = {*NAMED["controller_templates"], *NAMED["controller_workflows"]}
    for workflow in PLATFORM["controller_workflows"]:
        nodes = {it["identifier"]: it for it in workflow["simplified_workflow_nodes"]}
        for node in nodes.values():
            assert set(node) <= NODE
            assert ("approval_node" in node) != (node.get("unified_job_template") in launched)
            assert {*node.get("success_nodes", ()), *node.get("always_nodes", ())} <= set(nodes)
    for schedule in PLATFORM["controller_schedules"]:
        assert schedule["unified_job_template"] in launched
    assert any(it.split(":")[1] == SHARED for it in SETTINGS["AWX_ISOLATION_SHOW_PATHS"])


def test_a_survey_asks_for_what_somebody_reads() -> None:
    (workflow,) = (it for it in PLATFORM["controller_workflows"] if it.get("survey_enabled"))
    read = (EXAMPLE / "project/inventory/group_vars/all.yml").read_text("utf-8")
    for question in workflow["survey_spec"]["spec"]:
        assert set(question) == QUESTION
        name = question["variable"]
        assert name in read or name == "duo_self_hosted_hosts"
    for node in workflow["simplified_workflow_nodes"]:
        if "unified_job_template" in node:
            # Otherwise a controller ignores the answers without a word.
            template = NAMED["controller_templates"][node["unified_job_template"]]
            assert template["ask_variables_on_launch"] is True


def test_credentials_have_what_their_type_asks_for() -> None:
    (kind,) = PLATFORM["controller_credential_types"]
    fields = {it["id"]: it for it in kind["inputs"]["fields"]}
    assert all(it["secret"] for it in fields.values())
    assert set(kind["inputs"]["required"]) <= set(fields)
    for credential in PLATFORM["controller_credentials"]:
        assert set(kind["inputs"]["required"]) <= set(credential["inputs"]) <= set(fields)


def test_the_execution_environment(tmp_path: pathlib.Path) -> None:
    """ansible-builder takes the definition."""
    builder = pathlib.Path(sys.executable).parent / "ansible-builder"
    command = [builder, "create", "-f", EXAMPLE / "execution-environment.yml", "-c", tmp_path / "c"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gitlab_ops.duo" in next((tmp_path / "c").rglob("requirements.yml")).read_text("utf-8")


@dataclass
class Job:
    """What became of a job."""

    code: int
    output: str


@dataclass
class Controller:
    """Starts jobs as a controller does: inventory imported, credential injected, survey as text."""

    folder: pathlib.Path
    environment: dict[str, str]
    inventory: dict[str, Any] = field(default_factory=dict)

    @property
    def shared(self) -> pathlib.Path:
        """The folder that outlives the jobs."""
        return self.folder / "shared"

    def synchronise(self) -> None:
        """Get the project, and import its inventory."""
        shutil.rmtree(self.folder / "project", ignore_errors=True)
        shutil.copytree(EXAMPLE / "project", self.folder / "project")
        self.shared.mkdir(exist_ok=True)
        (source,) = PLATFORM["controller_inventory_sources"]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "inventory", "--list", "--export"),
                *("-i", source["source_path"]),
            ],
            cwd=self.folder / "project",
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.inventory = json.loads(done.stdout)

    def injected(self, names: list[str]) -> dict[str, str]:
        """Return the environment that credentials make."""
        values = {
            "{{ vault_gitlab_read_token }}": credentials.READONLY_TOKEN,
            "{{ vault_gitlab_write_token }}": credentials.ADMIN_TOKEN,
            "{{ vault_model_key }}": KEY,
        }
        found = {}
        for name in names:
            credential = NAMED["controller_credentials"][name]
            kind = NAMED["controller_credential_types"][credential["credential_type"]]
            given = {key: values[text] for key, text in credential["inputs"].items()}
            for key, text in kind["injectors"]["env"].items():
                found[key] = SandboxedEnvironment().from_string(text).render(given)
        return found

    def run(self, name: str, workflow: int, answers: Mapping[str, str]) -> list[Job]:
        """Run a job template in a workflow, once for each slice."""
        template = NAMED["controller_templates"][name]
        hosts = sorted(self.inventory["_meta"]["hostvars"])
        count = template.get("job_slice_count", 1)
        return [
            self._run(template, hosts[number::count], answers, workflow) for number in range(count)
        ]

    def _run(
        self,
        template: dict[str, Any],
        hosts: list[str],
        answers: Mapping[str, str],
        workflow: int,
    ) -> Job:
        number = len(list(self.folder.glob("job-*")))
        # Of a slice, the controller gives the job the hosts of the slice alone.
        folder = self.folder / f"job-{number}"
        folder.mkdir()
        variables = self.inventory["all"].get("vars", {})
        known = self.inventory["_meta"]["hostvars"]
        slice_of = {"all": {"hosts": {it: known[it] for it in hosts}, "vars": variables}}
        (folder / "hosts.json").write_text(json.dumps(slice_of))
        own = json.dumps(template["extra_vars"]).replace(SHARED, str(self.shared))
        # What a person has answered is no template.
        texts = [f"{key}: !unsafe {json.dumps(value)}" for key, value in answers.items()]
        meta = [f"awx_workflow_job_id: {workflow}", f"awx_job_id: {number}"]
        lines = [yaml.safe_dump(json.loads(own)), *texts, *meta]
        (folder / "extra_vars").write_text("\n".join(lines))
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", template["playbook"]),
                *("-i", str(folder / "hosts.json"), "-e", f"@{folder / 'extra_vars'}"),
                *(["--check"] if template["job_type"] == "check" else []),
                *(["--diff"] if template.get("diff_mode") else []),
            ],
            cwd=self.folder / "project",
            env={**self.environment, **self.injected(template.get("credentials", []))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Job(ended.returncode, ended.stdout)


@pytest.fixture
def controller(tmp_path: pathlib.Path, site: Site) -> Iterator[Controller]:
    site.begin({}, lambda _name, _instance: None)
    environment = {**playbook.environment(tmp_path), **site.environment}
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS"):
        del environment[name]
    one = Controller(tmp_path, environment)
    one.synchronise()
    yield one
    # Nobody but the owner reads plans.
    assert all(not os.stat(it).st_mode & 0o077 for it in one.shared.glob("plans/*/*"))


def test_from_the_plan_to_the_audit(controller: Controller, site: Site) -> None:
    """Both workflows, with what a person answers and approves."""
    instances = {name: site.instance(f"gitlab.{name}.example.com") for name in ("berlin", "tokyo")}
    answers = {"survey_features_off": "duo_chat", "duo_self_hosted_hosts": "all"}

    (plan,) = controller.run("GitLab Duo, plan", 1, answers)
    assert plan.code == 0, plan.output
    assert not any(it.writes() for it in instances.values())
    assert sorted(it.name for it in (controller.shared / "plans" / "1").iterdir()) == sorted(
        f"{name}.{ending}" for name in instances for ending in ("json", "md")
    )

    # Another workflow has no plan that anybody approved.
    (refused,) = controller.run("GitLab Duo, apply", 2, answers)
    assert refused.code == 2
    assert "There is no approved plan" in " ".join(refused.output.split())
    assert not any(it.writes() for it in instances.values())

    controller.synchronise()
    (apply,) = controller.run("GitLab Duo, apply", 1, answers)
    assert apply.code == 0, apply.output
    for name, instance in instances.items():
        state = instance.state()
        assert state["gateway"]["ai_gateway_url"] == f"https://aigw.{name}.example.com"
        assert state["features"]["code_completions"]["model"] == "codestral"
        assert state["features"]["duo_chat"]["provider"] == "disabled"
        assert state["models"]["codestral"]["api_token"] == KEY

    # Without the survey duo_chat is to be on again: an audit says so, of each slice and of all.
    slices = controller.run("GitLab Duo, audit", 3, {})
    assert [it.code for it in slices] == [2, 2], slices
    (merge,) = controller.run("GitLab Duo, merge reports", 4, {})
    assert merge.code == 2, merge.output
    (report,) = controller.shared.glob("audit/*/report.json")
    summary = json.loads(report.read_text())["summary"]
    assert (summary["verdict"], summary["instances"]) == ("drift", 2)

    for job in (plan, refused, apply, *slices, merge):
        for secret in (KEY, credentials.ADMIN_TOKEN, credentials.READONLY_TOKEN):
            assert secret not in job.output

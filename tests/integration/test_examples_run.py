# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every task in the EXAMPLES of every plugin does what it says, exactly as it is written.

The examples of a plugin run one after the other, on a GitLab that is empty at the beginning.
`BEFORE` has the state that an example needs.
"""

from __future__ import annotations

import ast
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import playbook
import pytest
import sandbox_client
import yaml
from playbook import ROOT, Run
from sandbox_client import Instance
from site_of_names import Site

from sandbox import credentials, gitlab_rails

HOST = "gitlab.example.com"
Task = dict[str, Any]


def examples(plugin: pathlib.Path) -> list[Task]:
    """Return the tasks in a plugin's EXAMPLES."""
    for statement in ast.parse(plugin.read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "EXAMPLES":
            return list(yaml.safe_load(ast.literal_eval(statement.value)))
    return []


EVERY = {path.stem: examples(path) for path in sorted(ROOT.glob("plugins/*/*.py"))}
STORIES = {name: tasks for name, tasks in EVERY.items() if tasks}
ALL = [
    pytest.param(story, task["name"], id=f"{story}: {task['name']}")
    for story, tasks in STORIES.items()
    for task in tasks
]


def control(path: str, body: Any) -> Task:
    """Return a task that prepares the GitLab."""
    address = "{{ control }}/_sandbox/" + path
    asks = {"url": address, "method": "POST", "body_format": "json", "body": body}
    return {"name": "before", "ansible.builtin.uri": asks}


RESET = control("reset", {})


def seed(**parts: Any) -> Task:
    """Return a task that puts state on top of what is there."""
    return control("seed", parts)


CODESTRAL = {
    "name": "codestral",
    "model": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral-22b",
}
# (plugin, example) -> what comes before it.
BEFORE = {
    (
        "duo_self_hosted_model",
        "A model that is stored only if it answers, within three minutes",
    ): seed(gateway={"ai_gateway_url": "https://aigw.example.com"}),
    (
        "duo_agent_platform",
        "The same with the session of a browser, on instances of any release",
    ): seed(agent_platform={"connected": False}),
    ("duo_agent_platform", "Disconnect it"): seed(agent_platform={"connected": True}),
    ("duo_beta_features", "The same with the session of a browser, for single sign-on"): seed(
        beta_acceptances=[]
    ),
    ("duo_beta_features", "Turn beta features off"): seed(beta_acceptances=["root"]),
    ("duo_feature_model", "Code suggestions with a self-hosted model"): seed(models=[CODESTRAL]),
    ("duo_health", "Give a model that was scaled to zero five minutes"): seed(
        gateway={"ai_gateway_url": "https://aigw.example.com"}, models=[CODESTRAL]
    ),
    (
        "duo_settings",
        "Make GitLab Duo available, without AI logs and without what GitLab's cloud serves",
    ): seed(settings={"duo_availability": "never_on", "enabled_expanded_logging": True}),
    ("duo_subscription", "Synchronise after a purchase"): seed(
        license={"plan": "ultimate", "type": "online_cloud", "last_sync": "2026-01-01T00:00:00Z"}
    ),
    ("duo_report", "Merge the reports of job slices"): {
        "name": "before",
        "ansible.builtin.copy": {"src": "{{ playbook_dir }}/duo-report/", "dest": "slices/1/"},
    },
}
# Those that are there to read, or to say something; the others have to change something.
READING = {
    "duo_conformance",
    "duo_health",
    "duo_info",
    "duo_preflight",
    "duo_report",
    "duo_upgrade_check",
    "duo_subscription: Only read the licence",
    "left_behind: Read the state",
    "to_variables: Read the state",
}
# Those that are there to fail, and what they say.
FAILING = {
    "duo_info: Fail if a feature sends its requests to GitLab's cloud": "leave the site, or may",
}


def variables(instance: Instance) -> dict[str, Any]:
    """Return what examples leave to the reader: the connection of the host, and secrets."""
    return {
        "control": instance.url,
        "ansible_connection": "local",
        **playbook.PYTHON,
        "gitlab_token": credentials.ADMIN_TOKEN,
        "root_password": credentials.ADMIN_PASSWORD,
        # Read when it is used: a session does not outlive a reset.
        "gitlab_session": "{{ lookup('ansible.builtin.pipe', sign_in) }}",
        "sign_in": f"PYTHONPATH={ROOT} {sys.executable} {sandbox_client.__file__} {instance.url}",
        "vllm_key": "key-of-the-model-server",
        "azure_key": "key-of-azure",
    }


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Yield one playbook run of all stories."""
    folder = tmp_path_factory.mktemp("examples")
    site = Site(folder)
    instance = site.instance(HOST)
    programs = folder / "bin"
    programs.mkdir()
    gitlab_rails.install(programs, instance.url)
    # Root has no need of sudo, and a test no right to it: what follows `-u root` is run as it is.
    sudo = programs / "sudo"
    sudo.write_text('#!/bin/sh\nwhile [ "$1" != root ]; do shift; done\nshift\nexec "$@"\n')
    sudo.chmod(0o755)
    plays = []
    for story, tasks in STORIES.items():
        steps = []
        for task in tasks:
            before = BEFORE.get((story, task["name"]))
            steps += [before, task] if before else [task]
        plays.append(playbook.one_play(RESET, *steps, name=story, ignore_errors=True))
    path = playbook.environment(folder)["PATH"]
    extra = {**site.environment, "PATH": f"{programs}{os.pathsep}{path}"}
    yield playbook.run(folder, plays, {HOST: variables(instance)}, extra=extra)
    site.stop()


@pytest.mark.parametrize(("story", "example"), ALL)
def test_example(run: Run, story: str, example: str) -> None:
    """It succeeds, and changes something unless it is for reading, or fails as it is meant to."""
    (result,) = [it for it in run.of(HOST, example) if it.play == story]
    if sentence := FAILING.get(f"{story}: {example}"):
        assert result.status == "failed"
        assert sentence in result.message
        return
    assert result.status == "ok", f"{result.message}\nWhat it needs goes to BEFORE in this file."
    is_ours = result.action.startswith("gitlab_ops.duo.")
    if is_ours and not READING & {story, f"{story}: {example}"}:
        assert result.changed, "An example shows a change; what stands in its way is in BEFORE."


def test_preparations() -> None:
    """What is said of an example is said of one that is there."""
    named = {(story, task["name"]) for story, tasks in STORIES.items() for task in tasks}
    assert set(BEFORE) <= named
    assert set(STORIES) | {f"{story}: {example}" for story, example in named} >= READING
    assert set(STORIES) >= {path.stem for path in ROOT.glob("plugins/modules/*.py")}

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each recipe of docs/recipes.md does what it says: its own files, its own commands."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess
import sys
from typing import Any

import playbook
import pytest
from conftest import Start
from sandbox_client import Instance

from sandbox import credentials

TEXT = (playbook.ROOT / "docs" / "recipes.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
# The one file of all recipes.
(INVENTORY,) = re.findall(
    r"^```yaml\n(# inventory\.yml\n.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL
)
PAGES_URL = "https://{{ inventory_hostname }}"
URL = "https://aigw.example.com"
OLD_KEY, NEW_KEY = "key-before-the-rotation", "key-after-the-rotation"
MODEL = {
    "name": "codestral",
    "model": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral-22b",
    "api_token": OLD_KEY,
}
CODE = ("code_completions", "code_generations")


class Kitchen:
    """A folder with an inventory, and the GitLab in it as the first playbook leaves it."""

    def __init__(self, folder: pathlib.Path, instance: Instance) -> None:
        self.folder = folder
        self.instance = instance
        on_model = {name: {"provider": "self_hosted", "model": "codestral"} for name in CODE}
        instance.seed(
            gateway={"ai_gateway_url": URL},
            models=[MODEL],
            features={**on_model, "duo_chat": {"provider": "disabled"}},
        )
        (folder / "ansible.cfg").touch()
        assert INVENTORY.count(PAGES_URL) == 1
        (folder / "inventory.yml").write_text(INVENTORY.replace(PAGES_URL, instance.url))

    def cook(self, name: str, *, expected: int = 0) -> list[str]:
        """Write the files of a recipe and run its commands; return what they printed."""
        section = SECTIONS[name]
        blocks = re.findall(r"^```yaml\n(# (\S+)\n.*?)^```$", section, re.MULTILINE | re.DOTALL)
        for text, file in blocks:
            (self.folder / file).write_text(text)
        commands = re.findall(r"^\$ ansible-playbook (.+)$", section, flags=re.MULTILINE)
        assert commands
        return [self.run(*shlex.split(command), expected=expected) for command in commands]

    def run(self, *arguments: str, expected: int = 0) -> str:
        """Run ansible-playbook with these arguments."""
        environment = {
            **playbook.environment(self.folder),
            "GITLAB_TOKEN": credentials.ADMIN_TOKEN,
            "NEW_KEY": NEW_KEY,
        }
        del environment["ANSIBLE_CALLBACKS_ENABLED"]  # the recorder wants a file of its own
        ended = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == expected, ended.stdout
        return ended.stdout

    def writes(self) -> list[str]:
        """Return the fields of the mutations so far, in order."""
        requests = self.instance.writes()
        return [it["fields"][0] for request in requests for it in request["operations"]]

    def features(self) -> dict[str, Any]:
        """Return feature -> name of its model."""
        state = self.instance.state()
        return {name: row["model"] for name, row in state["features"].items() if row["model"]}


@pytest.fixture
def kitchen(tmp_path: pathlib.Path, start: Start) -> Kitchen:
    """Return a kitchen with GitLab 18.9."""
    return Kitchen(tmp_path, start("18.9")[0])


def test_every_recipe_is_tried() -> None:
    source = pathlib.Path(__file__).read_text("utf-8")
    assert [name for name in SECTIONS if f'cook("{name}"' not in source] == []


def test_replace(kitchen: Kitchen) -> None:
    """The order of the writes leaves no moment without a model: GitLab does them one by one."""
    kitchen.cook("Replace a model without downtime")
    assert kitchen.writes() == [
        "aiSelfHostedModelCreate",
        "aiFeatureSettingUpdate",
        "aiSelfHostedModelDelete",
    ]
    assert kitchen.features() == dict.fromkeys(CODE, "mistral-small")
    assert kitchen.instance.model_names() == ["mistral-small"]
    assert " changed=0 " in kitchen.cook("Replace a model without downtime")[0]


def test_rename(kitchen: Kitchen) -> None:
    kitchen.cook("Rename a model")
    assert kitchen.writes() == ["aiSelfHostedModelUpdate"]
    assert kitchen.features() == dict.fromkeys(CODE, "codestral-22b")
    assert kitchen.instance.state()["models"]["codestral-22b"]["api_token"] == OLD_KEY
    assert " changed=0 " in kitchen.cook("Rename a model")[0]


def test_exclusive(kitchen: Kitchen) -> None:
    """An unused model goes; one that a feature uses stays, and the warning names the feature."""
    kitchen.instance.seed(
        models=[{**MODEL, "name": "unused"}, {**MODEL, "name": "used"}],
        features={"duo_chat": {"provider": "self_hosted", "model": "used"}},
    )
    dry, real = kitchen.cook("Remove undeclared models")
    for output in (dry, real):
        assert "is used by duo_chat" in re.sub(r"\s+", " ", output)
    assert kitchen.writes() == ["aiSelfHostedModelDelete"]
    assert sorted(kitchen.instance.model_names()) == ["codestral", "used"]


def test_rotate(kitchen: Kitchen) -> None:
    """Without the variable nothing is sent, for the models are on_create."""
    (output,) = kitchen.cook("Rotate API keys")
    assert NEW_KEY not in output
    assert OLD_KEY not in output
    assert kitchen.instance.state()["models"]["codestral"]["api_token"] == NEW_KEY
    assert kitchen.writes() == ["aiSelfHostedModelUpdate"]
    kitchen.instance.forget()
    kitchen.run("gitlab_ops.duo.configure", "-i", "inventory.yml", "-e", "@rotate.yml")
    assert kitchen.writes() == []


def test_seats(kitchen: Kitchen) -> None:
    """The dry run names who gets a seat; others keep theirs, unless the list is exclusive."""
    kitchen.instance.seed(
        add_ons=[{"name": "DUO_ENTERPRISE", "purchased": 3, "assigned": 0, "users": ["second"]}]
    )
    dry, _real = kitchen.cook("Give users their seats")
    assert all(name in dry for name in ("alice", "root"))
    assert kitchen.writes() == ["userAddOnAssignmentBulkCreate"]
    (add_on,) = kitchen.instance.state()["add_ons"]
    assert sorted(add_on["users"]) == ["alice", "root", "second"]
    assert " changed=0 " in kitchen.cook("Give users their seats")[1]
    with (kitchen.folder / "seats.yml").open("a") as file:
        file.write("  exclusive: true\n")
    run = ("gitlab_ops.duo.configure", "-i", "inventory.yml", "-e", "@seats.yml")
    assert "second" in kitchen.run(*run, "--check", "--diff")
    kitchen.run(*run)
    (add_on,) = kitchen.instance.state()["add_ons"]
    assert sorted(add_on["users"]) == ["alice", "root"]


def test_isolated(kitchen: Kitchen) -> None:
    """It configures; and what somebody then sets by hand is refused, and named."""
    kitchen.instance.seed(gateway={"duo_core_features_enabled": True})
    (output,) = kitchen.cook("Keep everything inside", expected=2)
    assert "GitLab Duo Core is on" in output
    kitchen.instance.seed(gateway={"duo_core_features_enabled": False})
    kitchen.cook("Keep everything inside")
    assert kitchen.instance.state()["features"]["summarize_review"]["provider"] == "disabled"
    kitchen.instance.seed(features={"duo_chat_fix_code": {"provider": "vendored"}})
    kitchen.instance.forget()
    (output,) = kitchen.cook("Keep everything inside", expected=2)
    assert "GitLab's cloud serves duo_chat_fix_code (not declared)" in output
    assert kitchen.writes() == []


def test_settings(kitchen: Kitchen) -> None:
    """Duo Core goes off before anything else, and nothing is left to do afterwards."""
    kitchen.instance.seed(
        gateway={"duo_core_features_enabled": True},
        settings={"duo_availability": "never_on", "duo_agent_platform_enabled": False},
    )
    (output,) = kitchen.cook("Settings of the whole instance")
    tasks = re.findall(r"^TASK \[.*: (.*instance-wide.*)\]", output, flags=re.MULTILINE)
    assert tasks == ["Restrict instance-wide settings", "Set instance-wide settings"]
    state = kitchen.instance.state()
    assert state["gateway"]["duo_core_features_enabled"] is False
    found = {
        name: state["settings"][name]
        for name in ("duo_features_enabled", "duo_agent_platform_enabled")
    }
    assert found == {"duo_features_enabled": True, "duo_agent_platform_enabled": True}
    assert " changed=0 " in kitchen.cook("Settings of the whole instance")[0]


def test_take_down(kitchen: Kitchen) -> None:
    """Not without a confirmation; the dry run shows everything."""
    refused = kitchen.run("gitlab_ops.duo.remove", "-i", "inventory.yml", expected=2)
    assert "add -e duo_self_hosted_confirm_removal=true." in refused
    dry, _real = kitchen.cook("Take everything down")
    assert " changed=3 " in dry
    assert f"before: {kitchen.instance.url} self-hosted model codestral" in dry
    order = list(dict.fromkeys(kitchen.writes()))
    assert order == ["aiFeatureSettingUpdate", "aiSelfHostedModelDelete", "duoSettingsUpdate"]
    state = kitchen.instance.state()
    assert (state["models"], state["gateway"]["ai_gateway_url"]) == ({}, None)
    assert {it["provider"] for it in state["features"].values()} == {"disabled"}

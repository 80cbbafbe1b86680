# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples, and the lists in README and docs/, name existing things, and all of them."""

from __future__ import annotations

import copy
import pathlib
import re
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from tools import demo

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
ROLE = "duo_self_hosted_"
SPEC = yaml.safe_load((ROOT / "roles/duo_self_hosted/meta/argument_specs.yml").read_text("utf-8"))[
    "argument_specs"
]["main"]["options"]


def specification(options: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a role's argument specification that validates."""
    return {
        name: {
            key: specification(value) if key == "options" else value
            for key, value in option.items()
            if key not in ("description", "version_added")
        }
        for name, option in options.items()
    }


def problems(variables: dict[str, Any]) -> list[str]:
    """Return what is wrong with variables of the role, unknown names included."""
    # A copy, for the validator writes into defaults.
    result = ArgumentSpecValidator(copy.deepcopy(specification(SPEC))).validate(variables)
    return list(result.error_messages)


def role_variables(name: str) -> dict[str, Any]:
    """Return the role's variables of a host of the examples, as a playbook sees them."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(demo.INVENTORY)])
    host = inventory.get_host(name)
    assert host
    variables = VariableManager(loader=loader, inventory=inventory).get_vars(host=host)
    templar = Templar(loader=loader, variables={**variables, **demo.secrets()})
    found = {key: value for key, value in variables.items() if key.startswith(ROLE)}
    resolved: dict[str, Any] = templar.template(found)
    return resolved


@pytest.mark.parametrize("host", demo.RELEASES)
def test_examples_fit_the_role(host: str) -> None:
    """Every variable and option exists, and has the right type."""
    variables = role_variables(host)
    assert problems(variables) == []
    assert len(variables[ROLE + "models"]) == 3
    # Nothing is left to fill in: secrets come from secrets.yml.
    assert "{{" not in str(variables)


@pytest.mark.parametrize("host", demo.RELEASES)
def test_examples_are_consistent(host: str) -> None:
    """Features name declared models, and each only once."""
    variables = role_variables(host)
    models = {model["name"] for model in variables[ROLE + "models"]}
    settings = variables[ROLE + "features"]
    assert {setting["model"] for setting in settings if "model" in setting} == models
    features = [feature for setting in settings for feature in setting["features"]]
    assert len(features) == len(set(features))


def test_misspelt_option_is_found() -> None:
    """The tests above would see a mistake."""
    variables = role_variables("lab")
    assert problems({**variables, ROLE + "gatway": {}})
    assert problems({**variables, ROLE + "gateway": {"ai_gatway_url": ""}})


def test_demo_adds_addresses_and_secrets_alone() -> None:
    """All that the demo declares is in the examples."""
    inventory = InventoryManager(loader=DataLoader(), sources=[str(demo.INVENTORY)])
    hosts = {host.name for host in inventory.get_hosts()}
    assert hosts == set(demo.RELEASES) == set(demo.STORIES) == set(demo.seeds())
    added = demo.addresses(dict.fromkeys(demo.RELEASES, "http://127.0.0.1:1"))
    assert {name for it in added["all"]["hosts"].values() for name in it} == {ROLE + "api_url"}
    secrets = demo.load(demo.EXAMPLES / "secrets.yml")
    for name, value in demo.secrets().items():
        assert type(value) is type(secrets[name])
        if isinstance(value, dict):
            assert set(value) == set(secrets[name]) == hosts
    assert set(demo.secrets()) == set(secrets)


def test_readme_lists_every_module_and_playbook() -> None:
    """A new one gets a line in the README, and a removed one loses it."""
    listed = re.findall(r"^\| `gitlab_ops\.duo\.(\w+)` \|", README, flags=re.MULTILINE)
    there = [*ROOT.glob("plugins/modules/*.py"), *ROOT.glob("playbooks/*.yml")]
    assert sorted(listed) == sorted(path.stem for path in there)


def test_readme_lists_every_variable_of_the_role() -> None:
    """A new variable gets a line in the README, and a removed one loses it."""
    rows = [row.split("|")[1] for row in README.splitlines() if row.startswith("| `...")]
    listed = [ROLE + name for row in rows for name in re.findall(r"`\.\.\._(\w+)`", row)]
    assert sorted(listed) == sorted(SPEC)


def test_architecture_names_every_file_of_the_core() -> None:
    """The map of files is complete, and names none that is gone."""
    rooms = re.findall(r"^`(_\w+)/`:\n\n((?:\|.*\n)+)", ARCHITECTURE, flags=re.MULTILINE)
    named = {
        f"{room}/{name}"
        for room, table in rooms
        for name in re.findall(r"^\| `(\w+\.py)` \|", table, flags=re.MULTILINE)
    }
    core = ROOT / "plugins" / "module_utils"
    there = {path.relative_to(core).as_posix() for path in core.rglob("*.py")}
    assert named == {path for path in there if not path.endswith("__init__.py")}
    others = {path.name for path in ROOT.glob("plugins/plugin_utils/_*.py")} - {"__init__.py"}
    assert others <= set(re.findall(r"`(?:plugins/\w+/)?(_\w+\.py)`", ARCHITECTURE))

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in variables of the role: the message names the variable, and nothing is sent."""

from __future__ import annotations

import json

import playbook
import pytest
import worlds
from conftest import Play, Start
from sandbox_client import Instance

DOORS = ("action", "module")
KEY = "key-that-nobody-may-see"
FIXED = {"name": "codestral", "model_family": "codestral", "endpoint": "https://c.example.com/v1"}
# Variable of the role -> text, and what belongs there.
TEXTS = {
    "models": (json.dumps([FIXED]), "a list"),
    "features": ("[{'features': ['duo_chat']}]", "a list"),
    "gateway": ('{"ai_gateway_url": "https://x"}', "a dictionary"),
    "admin": (json.dumps({"username": "root", "password": KEY}), "a dictionary"),
    "connection": ('{"timeout": 20}', "a dictionary"),
    "health": ('{"checks": ["probes"]}', "a dictionary"),
    "beta_features": ('{"enabled": true}', "a dictionary"),
    "settings": ('{"duo_core": false}', "a dictionary"),
}


@pytest.mark.parametrize("door", DOORS)
def test_text_for_the_role_is_called_text(play: Play, start: Start, door: str) -> None:
    """As a survey gives it: the role's own variable is named, and nothing is sent."""
    instances = dict(zip(TEXTS, start(*("18.9" for _name in TEXTS)), strict=True))
    hosts = worlds.hosts(instances)
    for name, (text, _noun) in TEXTS.items():
        # ansible-core up to 2.18 makes a list of a text that looks like one, unless it is a tagged.
        hosts[name][f"duo_self_hosted_{name}"] = f"{text} "
    environment = playbook.MODULE_DOOR if door == "module" else {}
    run = play([{**worlds.ROLE[0], "environment": environment}], hosts, "-vvv")
    judge_texts(run, instances)


@pytest.mark.parametrize("state", ["absent", "export"])
def test_text_for_another_entry_of_the_role_is_called_text(
    play: Play, start: Start, state: str
) -> None:
    """Before the first change as well, whatever is done with the variable later."""
    names = ("admin", "connection")
    instances = dict(zip(names, start(*("18.9" for _name in names)), strict=True))
    hosts = worlds.hosts(instances, duo_self_hosted_state="absent")
    for name in names:
        hosts[name][f"duo_self_hosted_{name}"] = f"{TEXTS[name][0]} "
    role = {"role": "gitlab_ops.duo.duo_self_hosted"}
    if state == "export":
        task = {**role, "tasks_from": "export"}
        task["name"] = task.pop("role")
        plays = [playbook.one_play({"ansible.builtin.include_role": task})]
    else:
        plays = worlds.ROLE
    judge_texts(play(plays, hosts), instances)


def judge_texts(run: playbook.Run, instances: dict[str, Instance]) -> None:
    """Each host fails with one sentence, which names the variable and shows nothing of it."""
    for name, instance in instances.items():
        variable, noun = f"duo_self_hosted_{name}", TEXTS[name][1]
        (failed,) = run.failed(name)
        assert failed.code == "invalid-option", failed.message
        assert f"{variable} is text; {noun} is needed: {{{{ … | from_yaml }}}}" in failed.message
        assert f"{{{{ {variable} | from_yaml }}}}" in failed.message
        assert instance.requests() == []
    assert KEY not in run.output
    assert KEY not in str([it.values for it in run.results])


def test_role_says_it_beforehand(play: Play, start: Start) -> None:
    """A misspelt option of the role's variables is refused before anything is sent."""
    (instance,) = start("18.9")
    hosts = worlds.hosts(
        {"here": instance}, duo_self_hosted_models=[{"name": "x", "model_famly": "mistral"}]
    )
    run = play(worlds.ROLE, hosts)
    assert run.returncode == 2
    assert "model_famly" in run.output
    assert instance.requests() == []

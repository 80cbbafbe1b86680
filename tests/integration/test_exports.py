# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An export must neither run templates from GitLab nor lose what GitLab does not show."""

from __future__ import annotations

import pathlib
from typing import Any

import playbook
import pytest
from conftest import Play, Start
from playbook import ROOT
from sandbox_client import Instance
from test_examples_run import examples
from test_upgrades import changed, host, of_play, role, stored

CANARY = "{{ lookup('ansible.builtin.pipe', 'touch %s') }}"
# What has a meaning for Ansible, or in YAML; none of it may have one here.
NAMES = (
    *("{{ 1 + 1 }}", "{% raw %}{{ x }}{% endraw %}", "a {# remark #} b", "{{ open", "{%"),
    *("!unsafe x", "- y: [z]", "# x", "grüße 🦊", "{'a': 1}", "[1, 2]", "yes"),
)
URL_PASSWORD = "endpoint-Passw0rd-0009"
GATEWAY = f"https://me:{URL_PASSWORD}@aigw.example.com"
ENDPOINT = f"https://me:{URL_PASSWORD}@vllm.example.com/v1"


def hostile(instance: Instance, name: str) -> None:
    """Put models into a GitLab whose names and identifiers look like templates and like YAML."""
    others = [stored("m", "gpt", identifier=it) | {"name": it} for it in NAMES]
    models = [stored("m", "gpt", identifier="custom_openai/" + name) | {"name": name}, *others]
    setting = {"provider": "self_hosted", "model": name}
    features = {"code_completions": setting, "code_generations": {**setting, "model": NAMES[1]}}
    instance.seed(models=models, features=features)


def kept(instance: Instance) -> dict[str, Any]:
    """Return what a restore brings back."""
    state = instance.state()
    return {part: state[part] for part in ("gateway", "models", "features")}


# --- names that look like templates --------------------------------------------------------------
def test_what_gitlab_holds_is_not_run(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """Exported and restored by the role, it is text; also where an upgrade has lost it."""
    releases = ("17.9", "19.4")
    instances = dict(zip(releases, start(*releases), strict=True))
    name = CANARY % (tmp_path / "canary")
    before, hosts = {}, {}
    for release, instance in instances.items():
        hostile(instance, name)
        before[release] = kept(instance)
        hosts[release] = host(instance, duo_self_hosted_export_dir=str(tmp_path / "exports"))
    forget = {
        "name": "forget",
        "ansible.builtin.uri": {
            "url": "http://{{ sandbox }}/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"features": {"code_completions": {"provider": "disabled"}}},
        },
        "delegate_to": "localhost",
    }
    check = {"duo_self_hosted_target_version": "19.5.0", "duo_self_hosted_fail_on": "never"}
    plays = [
        role("export", "all", "export"),
        role("compare", "all", "restore"),
        role("restore", "all", "restore", forget),
        {**role("check", "all", "upgrade_check"), "vars": check},
    ]
    run = play(plays, hosts).succeeded()
    assert not (tmp_path / "canary").exists()
    for release, instance in instances.items():
        assert [it for it in of_play(run, release, "compare") if it.changed] == []
        assert [it.task for it in of_play(run, release, "restore") if it.changed] != []
        assert kept(instance) == before[release]


def test_a_model_made_since_outlives_a_restore(
    play: Play, start: Start, tmp_path: pathlib.Path
) -> None:
    """Also where the inventory says otherwise: what it declares is not the export's."""
    (instance,) = start("19.4")
    instance.seed(
        gateway={"ai_gateway_url": "https://aigw.example.com"}, models=[stored("m", "gpt")]
    )
    made = {
        "name": "make",
        "gitlab_ops.duo.duo_self_hosted_model": {
            **instance.options,
            "name": "made-since",
            "model_family": "gpt",
            "endpoint": "https://new.example.com",
            "api_key": "key-that-no-export-has",
        },
        "delegate_to": "localhost",
    }
    exports = str(tmp_path / "exports")
    hosts = {
        "gitlab": host(
            instance,
            duo_self_hosted_export_dir=exports,
            duo_self_hosted_models_exclusive=True,
            # Both would be refused, or worse.
            duo_self_hosted_seats={"add_on": "duo_enterprise", "users": ["nobody-here"]},
            duo_self_hosted_state="absent",
        )
    }
    plays = [role("export", "all", "export"), role("restore", "all", "restore", made)]
    run = play(plays, hosts).succeeded()
    assert changed(run, "gitlab", "restore") == ["make"]
    assert set(instance.state()["models"]) == {"m", "made-since"}


def test_the_account_of_flows_is_restored_where_gitlab_shows_it(
    play: Play, start: Start, tmp_path: pathlib.Path
) -> None:
    shown, not_shown = start("18.9", "19.4")
    lost = {
        "name": "lose",
        "ansible.builtin.uri": {
            "url": "{{ duo_self_hosted_api_url }}/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"agent_platform": {"connected": False}},
        },
        "delegate_to": "localhost",
    }
    hosts = {}
    for name, instance in (("shown", shown), ("not-shown", not_shown)):
        instance.seed(
            gateway={"ai_gateway_url": "https://aigw.example.com"},
            agent_platform={"connected": True},
        )
        hosts[name] = host(
            instance,
            duo_self_hosted_export_dir=str(tmp_path / "exports"),
            duo_self_hosted_agent_platform={"state": "connected"},
        )
    plays = [role("export", "all", "export"), role("restore", "all", "restore", lost)]
    run = play(plays, hosts).succeeded()
    assert "Connect the account of the Agent Platform" in changed(run, "shown", "restore")
    assert shown.state()["agent_platform"] == {"connected": True}
    # Nothing was exported of it, so nothing is done about it.
    assert changed(run, "not-shown", "restore") == []
    assert not_shown.state()["agent_platform"] == {"connected": False}


def test_the_documented_way_is_as_good(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """The file that the example of duo_info writes is safe as variables of a play, too."""
    (instance,) = start("19.4")
    hostile(instance, CANARY % (tmp_path / "canary"))
    before = kept(instance)
    reading, keeping = (
        next(it for it in examples(ROOT / "plugins/modules/duo_info.py") if it["name"] == name)
        for name in ("Read the state", "Keep the state as variables of the role")
    )
    # Only the address is another one.
    reading["gitlab_ops.duo.duo_info"] = dict(instance.options)
    apply = {**role("apply", "all"), "vars_files": [str(tmp_path / "duo-gitlab.yml")]}
    plays = [playbook.one_play(reading, keeping, name="keep"), apply]
    run = play(plays, {"gitlab": host(instance)}).succeeded()
    assert not (tmp_path / "canary").exists()
    assert [it for it in of_play(run, "gitlab", "apply") if it.changed] == []
    assert kept(instance) == before


def test_a_name_stays_in_its_remark(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """A line break in a name, for GitLab has no rule against it, adds no variable to the file."""
    (instance,) = start("19.4")
    names = [f"x{line_break}duo_self_hosted_state: absent" for line_break in "\n\r\x85\u2028"]
    instance.seed(models=[stored("m", "gpt", api_token="k") | {"name": name} for name in names])
    loaded = playbook.one_play(
        {
            "name": "load",
            "ansible.builtin.include_vars": {"file": str(tmp_path / "gitlab.yml"), "name": "saved"},
        },
        name="load",
    )
    hosts = {"gitlab": host(instance, duo_self_hosted_export_dir=str(tmp_path))}
    run = play([role("export", "all", "export"), loaded], hosts).succeeded()
    saved = run.one("gitlab", "load").values["ansible_facts"]["saved"]
    assert [model["name"] for model in saved["duo_self_hosted_models"]] == sorted(names)
    assert "duo_self_hosted_state" not in saved


def test_what_is_there_keeps_its_mode(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """A new folder and a new file are the owner's alone; others stay as somebody made them."""
    (instance,) = start("19.4")
    shared, new = tmp_path / "shared", tmp_path / "above" / "new"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    (shared / "old.yml").touch()
    (shared / "old.yml").chmod(0o640)
    hosts = {
        "old": host(instance, duo_self_hosted_export_dir=str(shared)),
        "fresh": host(instance, duo_self_hosted_export_dir=str(shared)),
        "new": host(instance, duo_self_hosted_export_dir=str(new)),
    }
    play([role("export", "all", "export"), role("again", "all", "export")], hosts).succeeded()

    def mode(path: pathlib.Path) -> int:
        return path.stat().st_mode & 0o777

    assert (mode(shared), mode(shared / "old.yml")) == (0o755, 0o640)
    assert "duo_self_hosted_gateway" in (shared / "old.yml").read_text()
    assert mode(shared / "fresh.yml") == 0o600
    assert (mode(new), mode(new / "new.yml")) == (0o700, 0o600)


# --- URLs with credentials -----------------------------------------------------------------------
def set_up(instance: Instance) -> None:
    """Put URLs with credentials into a GitLab."""
    instance.seed(
        gateway={"ai_gateway_url": GATEWAY},
        models=[
            stored("codestral", "codestral", identifier="custom_openai/c", endpoint=ENDPOINT),
            stored("gpt", "gpt", identifier="custom_openai/g"),
        ],
        features={"code_completions": {"provider": "self_hosted", "model": "codestral"}},
    )


def test_urls_with_credentials(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """They are left out and named; what is there keeps them, and what is not asks for them."""
    lived, emptied, partly = start("19.4", "19.4", "19.4")
    for instance in (lived, emptied):
        set_up(instance)
    partly.seed(gateway={"ai_gateway_url": GATEWAY})
    files = str(tmp_path / "exports")
    hosts = {
        "lived": host(lived, duo_self_hosted_export_dir=files),
        "emptied": host(emptied, duo_self_hosted_export_dir=files),
        "partly": host(partly),
    }
    lose = {
        "name": "lose",
        "ansible.builtin.uri": {
            "url": "http://{{ sandbox }}/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"gateway": {"ai_gateway_url": ""}},
        },
        "delegate_to": "localhost",
        "when": "inventory_hostname == 'emptied'",
    }
    load = {
        "name": "load",
        "ansible.builtin.include_vars": {"file": f"{files}/lived.yml", "name": "saved"},
    }
    build = role("build", "partly", "main", load)
    build["vars"] = {
        "duo_self_hosted_models": "{{ saved.duo_self_hosted_models }}",
        "duo_self_hosted_gateway": "{{ saved.duo_self_hosted_gateway }}",
    }
    before = kept(lived)
    plays = [
        role("export", "lived:emptied", "export"),
        role("restore", "lived:emptied", "restore", lose),
        build,
    ]
    run = play(plays, hosts)
    exported = (tmp_path / "exports" / "lived.yml").read_text()
    assert URL_PASSWORD not in exported
    assert "********" not in exported
    header = [line for line in exported.splitlines() if line.startswith("#")]
    for name in ("AI gateway: ai_gateway_url", "self-hosted model codestral: endpoint"):
        assert any(name in line for line in header), header
        assert any(name in text for it in of_play(run, "lived", "export") for text in it.warnings)

    assert [it for it in of_play(run, "lived", "restore") if it.changed] == []
    assert (kept(lived), run.failed("lived")) == (before, [])

    (gone,) = run.failed("emptied")
    assert "ai_gateway_url" in gone.message
    assert emptied.writes() == []
    (incomplete,) = run.failed("partly")
    assert "creating it needs endpoint" in incomplete.message
    assert partly.writes() == []


@pytest.mark.parametrize("door", ["action", "module"])
def test_a_masked_url_is_refused(play: Play, start: Start, door: str) -> None:
    """What a result shows is no URL to write into GitLab."""
    (instance,) = start("19.4")
    through = {"environment": playbook.MODULE_DOOR} if door == "module" else {}
    masked = "https://********@x.example.com/v1"
    model = {"name": "m", "model_family": "gpt", "endpoint": masked}
    tasks = [
        playbook.task("duo_gateway", {"ai_gateway_url": masked}, ignore_errors=True, **through),
        playbook.task("duo_self_hosted_model", model, ignore_errors=True, **through),
    ]
    run = play([playbook.one_play(*tasks)], {"gitlab": playbook.host(instance)})
    messages = [it.message for it in run.failed("gitlab")]
    assert len(messages) == 2
    assert all("is a masked URL" in message for message in messages), messages
    assert instance.writes() == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports, upgrades of GitLab, and fleets whose releases differ."""

from __future__ import annotations

import pathlib
from typing import Any

import playbook
import yaml
from conftest import Play, Start
from playbook import Run
from sandbox_client import Instance

from sandbox import credentials

RELEASES = (
    *("17.9", "17.10", "17.11", "18.0", "18.3", "18.4"),
    *("18.6", "18.7", "18.9", "18.10", "18.11", "19.4"),
)
URL = "https://aigw.example.com"
ADMIN = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}
SAY = "List what the export cannot bring back"


def since(release: str, first: str) -> bool:
    """Return whether a release is this one or later."""
    here, there = ([int(part) for part in it.split(".")] for it in (release, first))
    return here >= there


def stored(name: str, model: str, **more: Any) -> dict[str, Any]:
    """Return a model as it is seeded."""
    return {"name": name, "model": model, "endpoint": f"https://{name}.example.com/v1", **more}


def set_up(instance: Instance) -> None:
    """Put an instance into a state with something of everything that its release has."""
    release = instance.release
    features = {
        "code_completions": {"provider": "self_hosted", "model": "codestral"},
        "code_generations": {"provider": "self_hosted", "model": "odd"},
        "duo_chat": {"provider": "disabled"},
    }
    if since(release, "17.10"):
        features["duo_chat_troubleshoot_job"] = {"provider": "self_hosted", "model": "llama"}
    if since(release, "18.4"):
        features["duo_agent_platform"] = {"provider": "self_hosted", "model": "odd"}
    instance.seed(
        gateway={"ai_gateway_url": URL},
        beta_acceptances=["root"],
        models=[
            stored("codestral", "codestral", identifier="custom_openai/c", api_token="key-of-c-1"),
            stored("odd", "gpt", identifier="gpt-oss", endpoint="http://10.1.2.3:8000"),
            stored("llama", "llama3", identifier="custom_openai/llama"),
        ],
        features=features,
    )
    if since(release, "18.7"):
        instance.seed(gateway={"ai_gateway_timeout_seconds": 120})


def host(instance: Instance, **variables: Any) -> dict[str, Any]:
    """Return the inventory of an instance."""
    return playbook.host(
        instance,
        duo_self_hosted_api_url=instance.url,
        duo_self_hosted_api_token=credentials.ADMIN_TOKEN,
        duo_self_hosted_admin=ADMIN,
        **variables,
    )


def role(name: str, hosts: str, what: str = "main", *before: dict[str, Any]) -> dict[str, Any]:
    """Return a play with a part of the role."""
    include = {"name": "gitlab_ops.duo.duo_self_hosted", "tasks_from": what}
    step = {"name": "The role", "ansible.builtin.include_role": include}
    return playbook.one_play(*before, step, name=name, hosts=hosts)


def of_play(run: Run, name: str, play: str) -> list[playbook.Result]:
    """Return the results of a host's play, those of the collection's own modules."""
    results = [it for it in run.of(name) if it.play == play]
    found = [it for it in results if it.action.startswith("gitlab_ops.duo.")]
    assert found, f"{name} has nothing in the play {play}\n{run.output[-3000:]}"
    return found


def changed(run: Run, name: str, play: str) -> list[str]:
    """Return the tasks of a play that changed something."""
    return [it.task for it in of_play(run, name, play) if it.changed]


def body(path: pathlib.Path) -> Any:
    """Return an export, apart from its header."""
    return yaml.safe_load(path.read_text())


# --- exports -------------------------------------------------------------------------------------
def test_export(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """Applied where it is from it changes nothing; an empty instance becomes the same."""
    lived = dict(zip(RELEASES, start(*RELEASES), strict=True))
    empty = dict(zip(RELEASES, start(*RELEASES), strict=True))
    for instance in lived.values():
        set_up(instance)
    files, copies = tmp_path / "exports", tmp_path / "copies"
    hosts = {f"lived-{it}": host(lived[it], duo_self_hosted_export_dir=str(files)) for it in lived}
    hosts |= {
        f"empty-{it}": host(empty[it], duo_self_hosted_export_dir=str(copies)) for it in empty
    }
    groups = {"lived": [f"lived-{it}" for it in lived], "empty": [f"empty-{it}" for it in empty]}
    load = {
        "name": "load",
        "ansible.builtin.include_vars": {
            "file": str(files) + "/{{ inventory_hostname | replace('empty', 'lived') }}.yml"
        },
    }
    plays = [
        role("export", "lived", "export"),
        role("apply", "lived", "main", load),
        role("build", "empty", "main", load),
        role("export again", "empty", "export"),
    ]
    before = {name: instance.state() for name, instance in lived.items()}
    run = play(plays, hosts, groups=groups).succeeded()
    assert run.stray_warnings() == []
    for release in RELEASES:
        assert changed(run, f"lived-{release}", "apply") == [], release
        assert lived[release].writes() == []
        # Signing in leaves its traces, but nothing that was set.
        for part in ("gateway", "models", "features", "beta_acceptances"):
            assert lived[release].state()[part] == before[release][part], (release, part)
        assert changed(run, f"empty-{release}", "build") != []
        one, other = files / f"lived-{release}.yml", copies / f"empty-{release}.yml"
        assert body(one) == body(other), release
        assert len(body(one)["duo_self_hosted_models"]) == 3
        assert "key-of-c-1" not in one.read_text()
        assert one.stat().st_mode & 0o777 == 0o600


# --- upgrades ------------------------------------------------------------------------------------
def upgrade(to: str) -> dict[str, Any]:
    """Return the task that upgrades an instance in place."""
    return {
        "name": f"upgrade to {to}",
        "ansible.builtin.uri": {
            "url": "http://{{ sandbox }}/_sandbox/upgrade",
            "method": "POST",
            "body_format": "json",
            "body": {"to": to},
        },
        "delegate_to": "localhost",
    }


def findings(run: Run, play: str) -> list[dict[str, Any]]:
    """Return what an upgrade check has found."""
    (check,) = of_play(run, "gitlab", play)
    return list(check.values["findings"])


def test_upgrade(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """18.6 to 18.9 to 19.2.0: told beforehand what will happen, and brought back afterwards."""
    (instance,) = start("18.6")
    set_up(instance)
    check = {"duo_self_hosted_target_version": "18.9.2", "duo_self_hosted_fail_on": "never"}
    lossy = {**check, "duo_self_hosted_target_version": "19.2.0"}
    plays = [
        {**role("check 18.9", "all", "upgrade_check"), "vars": check},
        role("export", "all", "export"),
        role("restore 18.9", "all", "restore", upgrade("18.9.2")),
        {**role("check 19.2", "all", "upgrade_check"), "vars": lossy},
        role("export again", "all", "export"),
        role("restore 19.2", "all", "restore", upgrade("19.2.0")),
        role("again", "all", "restore"),
    ]
    hosts = {"gitlab": host(instance, duo_self_hosted_export_dir=str(tmp_path / "exports"))}
    instance.seed(settings={"enabled_expanded_logging": True})
    run = play(plays, hosts).succeeded()

    # What 19.2.0 resets is brought back, and nothing is left to be set by hand.
    left = [it.values["msg"] for it in run.of("gitlab", SAY) if "msg" in it.values]
    assert not [line for lines in left for line in lines if "settings of the export" in line]
    assert "Agentic Chat becomes a feature of its own" in " ".join(
        it["what"] for it in findings(run, "check 18.9")
    )
    stops = [it["version"] for it in findings(run, "check 18.9") if "required" in it["what"]]
    assert stops == ["18.8"]
    first = findings(run, "check 19.2")[0]
    assert (first["severity"], first["version"]) == ("breaking", "19.2.0")
    assert "gitlab_ops.duo.restore" in first["action"]

    assert changed(run, "gitlab", "restore 18.9") == []
    assert changed(run, "gitlab", "restore 19.2") == [
        "Set the AI gateway",
        "Set instance-wide settings",
    ]
    assert instance.state()["settings"]["enabled_expanded_logging"] is True
    assert changed(run, "gitlab", "again") == []
    state = instance.state()
    assert state["version"] == "19.2.0-ee"
    # What nobody configured is not handed to GitLab's cloud in passing.
    assert "vendored" not in {it["provider"] for it in state["features"].values()}
    assert state["gateway"]["ai_gateway_url"] == URL
    for name in ("duo_agent_platform", "duo_agent_platform_agentic_chat"):
        assert (state["features"][name]["provider"], state["features"][name]["model"]) == (
            "self_hosted",
            "odd",
        )


def test_a_lossy_upgrade_is_warned_of_by_a_failure(play: Play, start: Start) -> None:
    """The playbook fails where a finding is breaking, after it has listed all."""
    (instance,) = start("18.11")
    set_up(instance)
    hosts = {"gitlab": host(instance, duo_self_hosted_target_version="19.2.0")}
    run = play("gitlab_ops.duo.upgrade_check", hosts)
    assert run.returncode == 2
    (failed,) = run.failed("gitlab")
    assert failed.task == "Fail if the upgrade would break something"
    assert "empties the gateway URL" in run.output


# --- one set of variables for a fleet of releases ------------------------------------------------
FLEET = {
    "duo_self_hosted_gateway": {
        "ai_gateway_url": URL,
        "ai_gateway_timeout_seconds": 90,
        "duo_agent_platform_service_url": "aigw.example.com:50052",
        "duo_agent_platform_service_secure": False,
    },
    "duo_self_hosted_beta_features": {"enabled": True, "accept_testing_agreement": True},
    "duo_self_hosted_models": [
        {
            "name": name,
            "model_family": family,
            "endpoint": f"https://{name}.example.com/v1",
            "identifier": f"custom_openai/{name}",
        }
        for name, family in (("gpt", "gpt"), ("any", "general"), ("llama", "llama3"))
    ],
    "duo_self_hosted_features": [
        {
            "features": [
                *("code_completions", "duo_chat", "duo_agent_platform"),
                "duo_agent_platform_agentic_chat",
            ],
            "model": "gpt",
        },
        {"features": ["code_generations", "review_merge_request"], "model": "any"},
        {"features": ["generate_commit_message"], "model": "llama"},
    ],
}


def test_mixed_fleet(play: Play, start: Start) -> None:
    """Each instance gets what its release can do; without leave to skip, nothing is written."""
    fleet = dict(zip(RELEASES, start(*RELEASES), strict=True))
    stricts = ("17.9", "18.3", "18.7", "19.4")
    strict = dict(zip(stricts, start(*stricts), strict=True))
    warn = {**FLEET, "duo_self_hosted_when_unsupported": "warn"}
    hosts = {f"fleet-{it}": host(instance, **warn) for it, instance in fleet.items()}
    hosts |= {f"strict-{it}": host(instance, **FLEET) for it, instance in strict.items()}
    groups = {
        "fleet": [it for it in hosts if "fleet" in it],
        "strict": [f"strict-{it}" for it in strict],
    }
    plays = [role("first", "fleet"), role("second", "fleet"), role("strict", "strict")]
    run = play(plays, hosts, groups=groups)

    for release, instance in fleet.items():
        name = f"fleet-{release}"
        assert run.failed(name) == [], (name, [it.message for it in run.failed(name)])
        assert "Create and change models" in changed(run, name, "first")
        assert changed(run, name, "second") == [], name
        state = instance.state()
        assert state["gateway"]["ai_gateway_url"] == URL
        assert ("any" in state["models"]) is since(release, "18.3")
        assert ("duo_agent_platform" in state["features"]) is since(release, "18.4")
        said = " ".join(text for it in of_play(run, name, "second") for text in it.warnings)
        assert ("duo_agent_platform_service_secure is skipped" in said) is not since(
            release, "18.10"
        )
    for release, first in (("17.9", "18.7"), ("18.3", "18.7"), ("18.7", "18.10")):
        (failed,) = run.failed(f"strict-{release}")
        assert failed.task == "Check and plan everything before the first change"
        assert f"needs GitLab {first} or later" in failed.message
        assert strict[release].writes() == []
    assert run.failed("strict-19.4") == []

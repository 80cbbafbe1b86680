# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conformance check as users start it: as a playbook, as a tool, and interrupted."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import playbook
import pytest
from conftest import Play, Start
from playbook import MODULE_DOOR, host, one_play, task
from sandbox_client import Instance

from sandbox import credentials

GATEWAY = {"ai_gateway_url": "https://aigw.example.com", "ai_gateway_timeout_seconds": 90}
STARTER = {"plan": "starter", "type": "online_cloud"}
TOOL = (sys.executable, "-m", "tools.conformance")
PLAYBOOK = (sys.executable, "-m", "ansible", "playbook")


def surroundings(folder: pathlib.Path, instance: Instance) -> dict[str, str]:
    """Return the environment of somebody who has a URL and a token."""
    variables = {
        **playbook.environment(folder),
        "GITLAB_URL": instance.url,
        "GITLAB_TOKEN": credentials.ADMIN_TOKEN,
        "PWD": str(folder),
        "OUT": str(folder / "out"),
    }
    # The recorder would ask the sandbox too.
    variables.pop("ANSIBLE_CALLBACKS_ENABLED", None)
    return variables


def kept(instance: Instance) -> dict[str, Any]:
    """Return all that can be set, without the moment of the last write."""
    state = instance.state()
    state["gateway"].pop("updated_at")
    return {name: state[name] for name in ("gateway", "models", "features", "settings")}


# --- as a playbook -------------------------------------------------------------------------------
def test_playbook_without_an_inventory(tmp_path: pathlib.Path, start: Start) -> None:
    """URL and token in the environment are enough, and the token is nowhere to be seen."""
    (instance,) = start("18.9")
    ended = subprocess.run(
        [*PLAYBOOK, "gitlab_ops.duo.conformance", "-vvv"],
        cwd=tmp_path,
        env=surroundings(tmp_path, instance),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "is as the collection believes" in ended.stdout
    assert credentials.ADMIN_TOKEN not in ended.stdout
    assert instance.writes() == []
    found = tmp_path / "duo-conformance" / "localhost" / "conformance.json"
    assert json.loads(found.read_text("utf-8"))["conforms"] is True


def test_playbook_for_an_inventory(tmp_path: pathlib.Path, play: Play, start: Start) -> None:
    """Each GitLab of a fleet is asked; one that differs fails, and its file says why."""
    good, bad = start("19.4", "17.9")
    good.seed(gateway=GATEWAY)
    bad.seed(license=STARTER)
    before = kept(good)
    hosts = {"good": host(good), "bad": host(bad)}
    for it, instance in zip(hosts.values(), (good, bad), strict=True):
        it["duo_self_hosted_api_url"] = instance.url
        it["duo_self_hosted_api_token"] = credentials.ADMIN_TOKEN
    options = ("-e", "duo_self_hosted_hosts=all", "-e", "duo_conformance_write=true")
    run = play("gitlab_ops.duo.conformance", hosts, *options, extra={"PWD": str(tmp_path)})
    assert run.returncode == 2
    assert run.failed("good") == []
    (failed,) = run.failed("bad")
    assert "A103" in failed.message
    assert "A103" in (tmp_path / "duo-conformance" / "bad" / "conformance.md").read_text("utf-8")
    assert kept(good) == before


@pytest.mark.parametrize("door", [{}, MODULE_DOOR], ids=["action", "module"])
def test_both_doors_tell_the_same(play: Play, start: Start, door: dict[str, str]) -> None:
    (instance,) = start("18.9")
    instance.seed(gateway=GATEWAY)
    before = kept(instance)
    ask = task("duo_conformance", {"write": True}, environment=door)
    run = play([one_play(ask)], {"gitlab": host(instance)}).succeeded()
    said = run.one("gitlab").values["conformance"]
    assert said["conforms"] is True
    assert said["wrote"] is True
    assert kept(instance) == before


# --- as a tool -----------------------------------------------------------------------------------
@pytest.mark.parametrize("conforms", [True, False])
def test_tool(tmp_path: pathlib.Path, start: Start, conforms: bool) -> None:
    """The exit status is 0 or 1, and the last line before the files is the verdict."""
    (instance,) = start("19.4")
    if not conforms:
        instance.seed(license=STARTER)
    ended = subprocess.run(
        TOOL,
        cwd=playbook.ROOT,
        env=surroundings(tmp_path, instance),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == (0 if conforms else 1), ended.stderr
    *_table, verdict, data, markdown = ended.stdout.splitlines()
    assert ("is as the collection believes" in verdict) is conforms
    assert json.loads(pathlib.Path(data).read_text("utf-8"))["verdict"] == verdict
    assert verdict in pathlib.Path(markdown).read_text("utf-8")
    assert credentials.ADMIN_TOKEN not in ended.stdout + ended.stderr


def test_make_hands_the_token_over_by_the_environment(tmp_path: pathlib.Path, start: Start) -> None:
    """Not in what make prints and starts: process lists are for everybody."""
    (instance,) = start("18.9")
    shown = subprocess.run(
        [
            *("make", "--dry-run", "conformance"),
            *(f"URL={instance.url}", f"TOKEN={credentials.ADMIN_TOKEN}"),
        ],
        cwd=playbook.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert "tools.conformance" in shown
    assert credentials.ADMIN_TOKEN not in shown


# --- interrupted ---------------------------------------------------------------------------------
WAYS = {
    "tool": (TOOL, {"WRITE": "yes"}),
    "playbook": (
        (*PLAYBOOK, "gitlab_ops.duo.conformance", "-e", "duo_conformance_write=true"),
        {},
    ),
}


def interrupted(
    folder: pathlib.Path, instance: Instance, way: str, writes: int, number: signal.Signals
) -> None:
    """Start a check that writes, and end it once GitLab has seen so many writes."""
    command: Sequence[str]
    command, more = WAYS[way]
    # Each answer takes a moment, so that the signal meets the run between two of them.
    instance.faults({"kind": "delay", "seconds": 0.05, "times": 0})
    with (folder / f"output-{writes}").open("w") as printed:
        process = subprocess.Popen(
            command,
            cwd=playbook.ROOT if way == "tool" else folder,
            env={**surroundings(folder, instance), **more},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while process.poll() is None and len(instance.writes()) < writes:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it was interrupted"
        # All of the group, as a terminal does it.
        os.killpg(process.pid, number)
        assert process.wait(60) != 0


def settled(instance: Instance) -> None:
    """Wait until nobody asks it any more: Ansible does not wait for its worker."""
    asked = -1
    while asked != len(instance.requests()):
        asked = len(instance.requests())
        time.sleep(1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda it: it.name)
@pytest.mark.parametrize("way", WAYS)
def test_an_interruption_leaves_nothing(
    tmp_path: pathlib.Path, start: Start, way: str, number: signal.Signals
) -> None:
    """Ctrl-C after the first write, and in the middle: model, timeout and feature are as before."""
    (instance,) = start("19.4")
    instance.seed(gateway=GATEWAY)
    before = kept(instance)
    for writes in (1, 8):
        instance.forget()
        interrupted(tmp_path, instance, way, writes, number)
        settled(instance)
        assert len(instance.writes()) > writes
        assert kept(instance) == before, writes


def test_what_a_killed_run_left_is_removed(tmp_path: pathlib.Path, start: Start) -> None:
    """Nothing can be undone after SIGKILL; the next check does it, before anything else."""
    (instance,) = start("19.4")
    instance.seed(gateway=GATEWAY)
    before = kept(instance)
    interrupted(tmp_path, instance, "tool", 8, signal.SIGKILL)
    assert kept(instance) != before
    instance.faults()
    again = {**surroundings(tmp_path, instance), "WRITE": "yes"}
    subprocess.run(TOOL, cwd=playbook.ROOT, env=again, stdout=subprocess.DEVNULL, check=True)
    assert kept(instance) == before

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are interrupted or killed at random moments.

The moments depend on how many requests GitLab has seen, so that they fall within the work and not
before it: a random request, plus a part of the time that one takes.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import playbook
import pytest
import worlds
from conftest import Count, Start
from kinds import FULL
from sandbox_client import Instance
from scenarios import RELEASES, differences

RUNS = 200 if FULL else 4
# Instances of one killed run: each is at another place when it ends.
HOSTS = 3
# How many requests a run on these sends; most of the kills lie before its end.
SPAN = 40
WAYS = (signal.SIGINT, signal.SIGKILL)


def kill_run(
    folder: pathlib.Path, instances: dict[str, Instance], way: signal.Signals, draw: random.Random
) -> str:
    """Start the role on all instances, end it at a random moment, and return what it printed."""
    hosts = worlds.hosts(instances)
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    book = folder / "playbook.yml"
    book.write_text(json.dumps(worlds.ROLE))
    (folder / "ansible.cfg").touch()
    output = folder / "output.txt"
    variables = playbook.environment(folder)
    # The recorder would ask the sandbox too.
    del variables["ANSIBLE_CALLBACKS_ENABLED"]
    with output.open("w") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", str(book), "-i", str(inventory)],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        enough = draw.randrange(1, SPAN)
        while process.poll() is None:
            if sum(len(instance.requests()) for instance in instances.values()) >= enough:
                time.sleep(draw.uniform(0, 0.1))
                # The worker processes too, as a terminal, systemd or a container does it.
                os.killpg(process.pid, way)
                break
            time.sleep(0.01)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            # Core may wait for its workers for ever: now and then a SIGINT is not enough.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
    return output.read_text()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("number", range(RUNS // len(WAYS)))
def test_killed(
    tmp_path: pathlib.Path, start: Start, count: Count, way: signal.Signals, number: int
) -> None:
    """No feature without a model at any moment; the next run completes, and the one after rests."""
    draw = random.Random(f"{way.name} {number}")  # noqa: S311
    started = start(*(draw.choice(RELEASES) for _host in range(HOSTS)))
    instances = {f"host{place}": instance for place, instance in enumerate(started)}
    for instance in started:
        instance.seed(**draw.choice(list(worlds.WORLDS.values())))
        instance.forget()
    printed = kill_run(tmp_path, instances, way, draw)
    # Core itself may show where a signal met it; no such place is ours.
    assert not re.search(r'File ".*ansible_collections/gitlab_ops', printed)
    for name, instance in instances.items():
        assert worlds.features_without_model(instance) == [], name
    hosts = worlds.hosts(instances)
    playbook.run(tmp_path, worlds.ROLE, hosts).succeeded()
    for instance in started:
        assert differences(worlds.expected(instance.release), instance.state()) == []
    rest = playbook.run(tmp_path, worlds.ROLE, hosts).succeeded()
    for name in instances:
        assert not any(it.changed for it in rest.of(name) if "duo_" in it.action), name
        assert [it for it in rest.requests(name) if it["write"]] == []
    count(f"runs ended by {way.name}", 1)

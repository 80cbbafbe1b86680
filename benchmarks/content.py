# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collections and environments of the cases, made below .cache/bench.

The floor is a collection of its own, made from the role at hand: the same files, blocks, includes,
keywords and argument specification, but each task of the collection is an action plugin that does
nothing, takes nothing, and runs or is skipped without a condition to compute. So it follows the
role when that changes.
"""

from __future__ import annotations

import fcntl
import pathlib
import shutil
from typing import Any

import yaml

from tools import environment
from tools.collection import CACHE, INSIDE

HERE = pathlib.Path(__file__).resolve().parent
WORK = CACHE / "bench"
COLLECTIONS = WORK / "collections"
ROLE = pathlib.Path("roles", "duo_self_hosted")
FLOOR = pathlib.Path("ansible_collections", "bench", "floor")
NOOP = "bench.floor.noop"
PEER_VENV = CACHE / "venv-peer"
# What may stay on a task of the floor.
KEPT = {"name", "check_mode", "changed_when"}


def copy() -> None:
    """Copy the built collection: `make integration` may build another one meanwhile."""
    shutil.rmtree(COLLECTIONS, ignore_errors=True)
    with (CACHE / "collection.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copytree(CACHE / "installed" / INSIDE, COLLECTIONS / INSIDE)
    floor = COLLECTIONS / FLOOR
    (floor / "plugins" / "action").mkdir(parents=True)
    shutil.copy(HERE / "noop.py", floor / "plugins" / "action")
    (floor / "meta").mkdir()
    runtime = {"requires_ansible": ">=2.16.0", "action_groups": {"all": ["noop"]}}
    (floor / "meta" / "runtime.yml").write_text(yaml.safe_dump(runtime))


def make_floor(name: str, executed: set[str]) -> None:
    """Make a role of the floor in which the tasks of these names are executed, others skipped."""
    source, role = COLLECTIONS / INSIDE / ROLE, COLLECTIONS / FLOOR / "roles" / name
    shutil.rmtree(role, ignore_errors=True)
    shutil.copytree(source, role)
    for file in (role / "tasks").iterdir():
        tasks = yaml.safe_load(file.read_text("utf-8"))
        emptied = [_emptied(task, executed) for task in tasks]
        file.write_text(yaml.safe_dump(emptied, sort_keys=False))


def _emptied(task: dict[str, Any], executed: set[str]) -> dict[str, Any]:
    if "block" in task:
        task = {**task, "block": [_emptied(inner, executed) for inner in task["block"]]}
        defaults = task.get("module_defaults", {})
        renamed = {key.replace("gitlab_ops.duo", "bench.floor"): it for key, it in defaults.items()}
        return {**task, "module_defaults": renamed}
    if not any(key.startswith("gitlab_ops.duo.") for key in task):
        return {**task, "when": task["name"] in executed} if "when" in task else task
    kept = {key: value for key, value in task.items() if key in KEPT}
    return {**kept, NOOP: {}, "when": task["name"] in executed}


def user_environment() -> pathlib.Path:
    """Return an environment with ansible-core and the two libraries, made at the first use.

    The tools of the developers have no place in it: pydantic looks at every package that is there.
    """
    environment.main("venv-user")
    return CACHE / "venv-user"


def peer_environment() -> pathlib.Path:
    """Return the environment with the `ansible` package, made at the first use."""
    stamp = PEER_VENV / "made"
    if not stamp.is_file():
        environment.make(PEER_VENV, environment.choose("venv"), ["ansible", "python-gitlab"])
        stamp.touch()
    return PEER_VENV

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the collections and the environment of the cases below .cache/bench."""

from __future__ import annotations

import fcntl
import pathlib
import shutil

import yaml

from tools import environment
from tools.collection import CACHE, INSIDE

HERE = pathlib.Path(__file__).resolve().parent
WORK = CACHE / "bench"
COLLECTIONS = WORK / "collections"
FLOOR = pathlib.Path("ansible_collections", "bench", "floor")
NOOP = "bench.floor.noop"


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


def user_environment() -> pathlib.Path:
    """Return an environment with ansible-core and the two libraries, made at the first use.

    The tools of the developers have no place in it: pydantic looks at every package that is there.
    """
    environment.main("venv-user")
    return CACHE / "venv-user"

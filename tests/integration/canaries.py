# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planted secrets, and the places where none of them may be found again."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import pathlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import worlds
from sandbox_client import Instance

# What a run is given, secrets included, is no leak of the run.
GIVEN_FILES = ("inventory.json", "playbook.yml", "ansible.cfg")
# Seconds between two looks at the processes of a run.
PAUSE = 0.05
# So long a part of a canary is a leak too.
PART = 12


def canary(what: str) -> str:
    """Return the secret for a purpose: the same one each time, and like no other text."""
    return f"{what}-{hashlib.sha256(what.encode()).hexdigest()[:24]}"


def forms(secret: str) -> set[str]:
    """Return how a canary would show: both its halves, and as a part of basic authentication."""
    unlike = secret[-2 * PART :]
    encoded = base64.b64encode(f"me:{secret}".encode()).decode()
    return {unlike[:PART], unlike[PART:], encoded.rstrip("=")}


def secrets(instances: Iterable[Instance]) -> set[str]:
    """Return everything secret that instances hold or have held, and what worlds put into them."""
    found = set(worlds.KEYS.values())
    for instance in instances:
        state = instance.state()
        found |= {token["token"] for token in state["tokens"]}
        # The account of flows has none.
        found |= {user["password"] for user in state["users"] if user["password"]}
        found |= {model["api_token"] for model in state["models"].values() if model["api_token"]}
        found |= set(state["issued"])
    for world in worlds.WORLDS.values():
        found |= {it["api_token"] for it in world.get("models", ()) if "api_token" in it}
    return found


def files(folder: pathlib.Path) -> dict[str, str]:
    """Return the files that a run left in a folder; what it was given is apart."""
    left = [path for path in folder.rglob("*") if path.is_file() and path.name not in GIVEN_FILES]
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in left}


def texts(folder: pathlib.Path, output: str) -> dict[str, str]:
    """Return all that a run put out: to the terminal, to the log, and to files that it left."""
    left = files(folder)
    assert "ansible.log" in left
    assert "record.jsonl" in left
    return {"output": output, **left}


def leaks(held: set[str], shown: dict[str, str]) -> list[str]:
    """Return where a secret is: the place, the secret, and the line."""
    assert all(len(secret) >= PART for secret in held)
    return sorted(
        f"{where} | {secret} | {text[max(0, at - 200) : at + 200]!r}"
        for where, text in shown.items()
        for secret in held
        if (at := text.find(secret)) >= 0
    )


@contextlib.contextmanager
def processes_of(folder: pathlib.Path) -> Iterator[set[str]]:
    """Collect the command lines of all processes that have this folder as their home."""
    seen: set[str] = set()
    ended = threading.Event()
    home = f"HOME={folder}".encode()

    def look() -> None:
        while not ended.wait(PAUSE):
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if home in (process / "environ").read_bytes().split(b"\0"):
                        seen.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield seen
    finally:
        ended.set()
        watch.join()


def planted(values: Any, name: str = "") -> Any:
    """Return options, or a state, with a canary for each key and in each https URL.

    What was equal stays equal, so that an instance that has the declared key has it still.
    """
    if isinstance(values, dict):
        return {key: planted(value, key) for key, value in values.items()}
    if isinstance(values, list):
        return [planted(value, name) for value in values]
    if name in ("api_key", "api_token") and values:
        return canary(str(values))
    if name in ("endpoint", "ai_gateway_url") and str(values).startswith("https://"):
        return str(values).replace("https://", f"https://me:{canary('url')}@", 1)
    return values


def canaries_in(values: Any) -> set[str]:
    """Return the canaries that :func:`planted` put somewhere."""
    if isinstance(values, dict):
        kept = {values[key] for key in ("api_key", "api_token") if values.get(key)}
        return kept.union(*map(canaries_in, values.values()))
    if isinstance(values, (list, tuple)):
        return set().union(*map(canaries_in, values))
    return set()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Define a scenario of a module: a state, a task, and the expected result.

test_modules.py runs each as check, real, real, check. The scenarios themselves are in
scenarios_*.py, one file for each subject.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Every release whose API differs from the one before.
EVERY = (
    *("17.9", "17.10", "17.11", "18.0", "18.3", "18.4"),
    *("18.6", "18.7", "18.9", "18.10", "18.11", "19.0", "19.4", "19.5"),
)
# The oldest, the one whose sources are known best, and the newest.
RELEASES = ("17.9", "18.9", "19.5")
# Those at which most changed.
MILESTONES = ("17.9", "17.11", "18.4", "18.9", "18.11", "19.0", "19.5")
# On which of them modules and role are tried: `make test` in CI the milestones, `make matrix` all.
TRIED = {"all": EVERY, "milestones": MILESTONES}.get(os.environ.get("DUO_RELEASES", ""), RELEASES)


def since(release: str) -> tuple[str, ...]:
    """Return the releases from one on."""
    return EVERY[EVERY.index(release) :]


def before(release: str) -> tuple[str, ...]:
    """Return the releases before one."""
    return EVERY[: EVERY.index(release)]


CHANGES = (True, True, False, False)
UNCHANGED = (False, False, False, False)
ALWAYS = (True, True, True, True)
# Read; read, write, read again; read; read. With nothing to change, one request is all.
REQUESTS = {CHANGES: (1, 3, 1, 1), UNCHANGED: (1, 1, 1, 1), ALWAYS: (1, 3, 3, 1)}

# From 18.4 on the answer to the write proves it; from 19.2 on three more readings tell whether
# GitLab's processes agree.
GATEWAY = {"19.4": (4, 5, 1, 1), "18.4": (1, 2, 1, 1), "17.9": (1, 3, 1, 1)}


@dataclass(frozen=True)
class Scenario:
    """One task on one state of GitLab, and what to expect of its four runs."""

    name: str
    module: str
    args: Mapping[str, Any]
    seed: Mapping[str, Any] = field(default_factory=dict)
    releases: tuple[str, ...] = EVERY
    changed: tuple[bool, ...] = CHANGES
    # Requests of the four runs, where they are not those that follow from `changed`.
    requests: tuple[int, ...] | None = None
    # How many more from 19.2 on, where GitLab's processes keep copies, before something is wrong.
    looks: int = 0
    # Parts of the warnings that each run gives; a warning that none of them is in is a failure.
    warnings: tuple[str, ...] = ()
    only_warns_of_changes: bool = False
    # Parts of the result of every run, and of the instance's state after the last.
    returns: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    # Texts that the steps of the first two runs hold, in order.
    steps: tuple[str, ...] | None = None

    def budget(self, release: str) -> tuple[int, ...]:
        """How many requests the four runs may send."""
        if self.module == "duo_gateway" and self.changed == CHANGES and not self.requests:
            return next(it for first, it in GATEWAY.items() if release in since(first))
        looks = self.looks if release in since("19.4") else 0
        return tuple(it + looks for it in self.requests or REQUESTS[self.changed])


def differences(expected: Any, actual: Any, where: str = "") -> list[str]:
    """Return where a value does not hold what is expected; keys beyond that do not matter."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return [
            text
            for key, value in expected.items()
            for text in (
                differences(value, actual[key], f"{where}.{key}")
                if key in actual
                else [f"{where}.{key} is missing"] * (value is not ABSENT)
            )
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            text
            for number, (one, other) in enumerate(zip(expected, actual, strict=True))
            for text in differences(one, other, f"{where}[{number}]")
        ]
    return [] if expected == actual else [f"{where} is {actual!r}, not {expected!r}"]


class _Absent:
    """Equal to nothing, so that a key that is there is a difference."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()

# SPDX-License-Identifier: GPL-3.0-or-later

"""Differences between sandbox and GitLab: those that stay, with a reason, and those to mend."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.comparison import Difference


@dataclass(frozen=True)
class Accepted:
    """Patterns of the shell, where `*` stands for dots too."""

    reason: str
    path: str
    name: str = "*"
    world: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Return whether this is such a difference."""
        return all(
            fnmatch.fnmatchcase(value, pattern)
            for value, pattern in (
                (difference.path, self.path),
                (difference.name, self.name),
                (difference.world, self.world),
            )
        )


ACCEPTED: dict[str, tuple[Accepted, ...]] = {"18.9": ()}


def is_accepted(release: str, difference: Difference) -> bool:
    """Return whether an entry of the list covers it."""
    return any(entry.covers(difference) for entry in ACCEPTED.get(release, ()))


def open_file(release: str) -> Path:
    """Return the file that names the questions whose answers are not mended yet."""
    return Path(__file__).parent / "open" / f"{release}.txt"


def still_open(release: str) -> set[str]:
    """Return them as `world / name`."""
    file = open_file(release)
    return set(file.read_text().splitlines()) if file.exists() else set()

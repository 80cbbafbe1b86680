# SPDX-License-Identifier: GPL-3.0-or-later
"""The GitLab release that an instance imitates."""

from __future__ import annotations

import re
from dataclasses import dataclass

OLDEST = (17, 9)
#: Minors at which an upgrade has to stop, from 17.5 on.
STOPS = (2, 5, 8, 11)
#: "19.x" means the newest release whose sources were read (19.0 to 19.5).
NEWEST = (19, 5)


@dataclass(frozen=True, order=True)
class Release:
    """A GitLab release; `at_least` is the only version test in the sandbox."""

    major: int
    minor: int
    patch: int

    @property
    def number(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def at_least(self, major: int, minor: int) -> bool:
        return (self.major, self.minor) >= (major, minor)

    def reported(self, enterprise: bool = True) -> str:
        """What `metadata.version` says: the suffix `-ee` marks the Enterprise Edition."""
        return self.number + ("-ee" if enterprise else "")


def parse(text: str) -> Release:
    """Read `18.9`, `18.9.2`, `18.9.2-ee` or `19.x`; a missing patch becomes 2."""
    match = re.fullmatch(r"(\d+)\.(\d+|x)(?:\.(\d+))?(?:-ee)?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a GitLab version such as 18.9 or 18.9.2")
    major = int(match[1])
    if match[2] == "x":
        if major != NEWEST[0]:
            raise ValueError(f"{text!r}: only {NEWEST[0]}.x is understood")
        minor = NEWEST[1]
    else:
        minor = int(match[2])
    if (major, minor) < OLDEST:
        raise ValueError(f"{text!r}: the oldest release with Duo Self-Hosted is 17.9")
    return Release(major, minor, int(match[3]) if match[3] else 2)


def required_stops(before: Release, to: Release) -> list[str]:
    """The stops that an upgrade in one step leaves out."""
    stops = [(major, minor) for major in range(before.major, to.major + 1) for minor in STOPS]
    here, there = (before.major, before.minor), (to.major, to.minor)
    return [f"{major}.{minor}" for major, minor in stops if here < (major, minor) < there]

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse and compare versions of GitLab."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Minor = tuple[int, int]
Patch = tuple[int, int, int]

# The first release whose API configures GitLab Duo Self-Hosted.
OLDEST: Minor = (17, 9)
# Minors at which an upgrade must stop (from 17.5; https://docs.gitlab.com/update/upgrade_paths).
STOPS = (2, 5, 8, 11)

Some = TypeVar("Some", bound="Version")


@dataclass(frozen=True)
class Version:
    """A version of GitLab, read from ``metadata.version`` or named by a user."""

    text: str
    minor: Minor
    patch: int = 0
    # Whether the patch is known. GitLab reports its own; a target version may leave it open.
    exact: bool = True

    @classmethod
    def parse(cls: type[Some], text: str) -> Some | None:
        """Return the version in a text such as ``18.9.2-ee``, or None if it is not one."""
        found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
        if not found:
            return None
        major, minor, patch = found.groups(default="0")
        exact = found[3] is not None
        return cls(f"{major}.{minor}.{patch}", (int(major), int(minor)), int(patch), exact)

    @property
    def supported(self) -> bool:
        """Whether GitLab Duo Self-Hosted can be configured over the API at all (17.9)."""
        return self.minor >= OLDEST

    def is_before(self, other: Version) -> bool:
        """Return whether the other release is later; patches count only if both are known."""
        if self.exact and other.exact:
            return (*self.minor, self.patch) < (*other.minor, other.patch)
        return self.minor < other.minor

    def is_patch(self, patch: Minor | Patch) -> bool:
        """Return whether this is exactly that patch release."""
        return self.exact and (*self.minor, self.patch) == patch

    def reaches(self, since: Minor | Patch) -> bool:
        """Return whether this release has the changes of another one.

        Without a patch, this release means the newest of its minor.
        """
        if self.exact or len(since) == 2:
            return (*self.minor, self.patch)[: len(since)] >= since
        return self.minor >= since[:2]

    def passes(self, since: Minor | Patch, target: Version) -> bool:
        """Return whether an upgrade to the target brings the changes of a minor or a patch."""
        return target.reaches(since) and not self.reaches(since)

    def may_have(self, since: Minor | Patch, fixed: Sequence[Minor | Patch]) -> bool:
        """Return whether this release has a fault, or may have it because its patch is not known.

        :param since: the first release with the fault.
        :param fixed: for each minor that had the fault, the patch that fixed it; then the first
            minor that never had it.
        """
        if not self.reaches(since) or self.minor >= fixed[-1][:2]:
            return False
        return not self.exact or not any(
            fix[:2] == self.minor and self.reaches(fix) for fix in fixed
        )

    def stops_on_the_way(self, target: Version) -> list[Minor]:
        """Return the minors between this release and the target at which an upgrade must stop."""
        ways = [
            (major, minor) for major in range(self.minor[0], target.minor[0] + 1) for minor in STOPS
        ]
        return [way for way in ways if self.minor < way < target.minor]

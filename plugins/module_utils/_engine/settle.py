# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until GitLab shows what was written.

Each of GitLab's processes keeps a copy of the application settings and of the licence for 60
seconds (``CacheableAttributes`` and ``License.current`` in GitLab's source), and a replica of the
database, a secondary site or a proxy may be late too. So a reading after a write can be old.
"""

from __future__ import annotations

import random
import time

FIRST_PAUSE = 0.15  # seconds: the next request may reach a process that knows
LONGEST_PAUSE = 5.0
# More looks at settings that a plan is about to change, to see whether GitLab's processes agree.
LOOKS = 3
# And before something is called wrong.
LOOKS_BEFORE_FAILURE = 5
# How often what another run has overwritten is written again.
REPEATS = 5


class Watch:
    """Time since it was made, in seconds."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._slept = 0.0

    @property
    def seconds(self) -> float:
        """The time that has passed."""
        return max(self._slept, time.monotonic() - self._start)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)
        self._slept += seconds

    def step_aside(self, attempt: int) -> None:
        """Sleep for a random time, longer with each attempt, so that two runs do not keep step."""
        self.sleep(random.uniform(0.1, 2.0**attempt))  # noqa: S311


class Patience:
    """Growing pauses for a limited time; nothing is waited for unless :meth:`wait` is called.

    :param seconds: the time, from now on.
    :param at_once: how often it does not sleep, before the first pause.
    """

    def __init__(self, seconds: float, at_once: int = 0) -> None:
        self._seconds = seconds
        self._watch = Watch()
        self._at_once = at_once
        self.restart()

    def restart(self) -> None:
        """Begin with the shortest pauses again; the time goes on."""
        self._free, self._next = self._at_once, FIRST_PAUSE

    def wait(self) -> bool:
        """Sleep for the next pause; return False, at once, where the time is over."""
        left = self._seconds - self._watch.seconds
        if left <= 0:
            return False
        if self._free:
            self._free -= 1
            return True
        self._watch.sleep(min(self._next, left))
        self._next = min(self._next * 1.5, LONGEST_PAUSE)
        return True

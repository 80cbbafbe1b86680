# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until GitLab shows a written state.

Each of GitLab's processes caches the application settings and the licence for 60 seconds
(``CacheableAttributes`` and ``License.current`` in GitLab's source), and a replica of the database,
a secondary site or a proxy may lag behind too. So a reading after a write can be old.
"""

from __future__ import annotations

import random
import time

FIRST_PAUSE = 0.15  # seconds: the next request may reach a process that knows
LONGEST_PAUSE = 5.0
# Extra readings before a plan changes settings, to see whether GitLab's processes agree.
LOOKS = 3
# Extra readings before a state is called wrong.
LOOKS_BEFORE_FAILURE = 5
# How often values that another run has overwritten are written again.
REPEATS = 5


class Watch:
    """A stopwatch, in seconds. Time slept counts even if the clock is stopped."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._slept = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return max(self._slept, time.monotonic() - self._start)

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)
        self._slept += seconds

    def step_aside(self, attempt: int) -> None:
        """Sleep for a random time, longer with each attempt, so that two runs get out of step."""
        self.sleep(random.uniform(0.1, 2.0**attempt))  # noqa: S311


class Patience:
    """Pauses that grow, within a limited time.

    :param seconds: the limit, counted from now.
    :param at_once: how many calls of :meth:`wait` return without sleeping before the first pause.
    """

    def __init__(self, seconds: float, at_once: int = 0) -> None:
        self._seconds = seconds
        self._watch = Watch()
        self._at_once = at_once
        self.restart()

    def restart(self) -> None:
        """Begin with the shortest pause again; the limit stays."""
        self._free, self._next = self._at_once, FIRST_PAUSE

    def wait(self) -> bool:
        """Sleep for the next pause; return False at once if the time is up."""
        left = self._seconds - self._watch.seconds
        if left <= 0:
            return False
        if self._free:
            self._free -= 1
            return True
        self._watch.sleep(min(self._next, left))
        self._next = min(self._next * 1.5, LONGEST_PAUSE)
        return True

# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which state a request sees: GitLab's processes have caches, and replicas lag.

GitLab runs as several Puma processes. Each keeps a copy of the application settings and of the
licence for a minute; the process that writes one has it at once, and no reading passes the copy.
A read-only database, a secondary site or a caching proxy shows everything some time late.
"""

from __future__ import annotations

import copy
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: What `lag_seconds` can name.
KINDS = ("gateway", "allowlist", "models", "features", "beta", "license")
#: A background job or `gitlab-rails runner`: no process that answers requests.
ELSEWHERE = -1


@dataclass(frozen=True)
class Look:
    """How a request sees the instance: from which process, and whether it only reads."""

    process: int = ELSEWHERE
    reads: bool = False


#: Unset outside of requests to GitLab: seeds, tests and `/_sandbox/` see the stored state.
LOOK: ContextVar[Look | None] = ContextVar("look", default=None)


def clock() -> float:
    """Return the time in seconds; a test without sleeping replaces this."""
    return time.monotonic()


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """Answer a request, or do a job, with this look at the instance."""
    token = LOOK.set(look)
    try:
        yield
    finally:
        LOOK.reset(token)


@dataclass
class _Write:
    """Values by name, since when they are stored, and which process wrote them."""

    at: float
    process: int
    values: dict[str, Any]


@dataclass
class Past:
    """Earlier stored values by kind, so that late readers can still see them."""

    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: dict[str, list[_Write]] = field(default_factory=dict)

    def wrote(self, kind: str, before: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Remember a write of the request that is being answered.

        Without a request it is a seed, which stands for a state of long ago.
        """
        look = LOOK.get()
        if look is None:
            self.forget(kind)
            return
        self.first.setdefault(kind, copy.deepcopy(dict(before)))
        # What is written is copied: a list may change in place afterwards.
        made = _Write(clock(), look.process, copy.deepcopy(dict(values)))
        self.writes.setdefault(kind, []).append(made)

    def seen(
        self,
        kind: str,
        *,
        lag: float,
        cache: Callable[[str], float] = lambda _name: 0.0,
        in_force: bool = False,
    ) -> dict[str, Any] | None:
        """Return the values as the present request sees them; None where it sees what is stored.

        :param lag: seconds by which a reading is late.
        :param cache: seconds for which a process keeps its copy of a value, by name.
        :param in_force: a write is late as well, because GitLab itself decides by the old value.
        """
        look, writes = LOOK.get(), self.writes.get(kind)
        if look is None or not writes:
            return None
        late = lag if look.reads or in_force else 0.0
        values, current = dict(self.first[kind]), True
        for write in writes:
            age = clock() - write.at
            for name, value in write.values.items():
                kept = 0.0 if write.process == look.process else cache(name)
                if age >= late and age >= kept:
                    values[name] = value
                else:
                    current = False
        return None if current else values

    def forget(self, *kinds: str) -> None:
        """Let all processes see the stored state, of these kinds or of all."""
        for kind in kinds or KINDS:
            self.first.pop(kind, None)
            self.writes.pop(kind, None)

    def pass_time(self, seconds: float) -> None:
        """Make everything older."""
        for writes in self.writes.values():
            for write in writes:
                write.at -= seconds

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interruptions that wait until what was begun is undone.

A signal is noted and not acted upon at once: a request that is under way gets its answer, so that
it is known what has to be undone.
"""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from typing import Any

# What ends a run: Ctrl-C, kill and systemd, a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The run is to end, as soon as what it began is undone."""


class Interruptions(AbstractContextManager["Interruptions"]):
    """Keeps the signals that end a process; at its end the first of them is sent again."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruptions:
        """Take over the signals, where this thread may."""
        for number in _SIGNALS:
            if signal.getsignal(number) == signal.SIG_IGN:
                continue  # as under nohup, where it ends nothing
            try:
                self._before[number] = signal.signal(number, self._note)
            except ValueError:
                break  # only the main thread may; there Python ends a run by other means
        return self

    def __exit__(self, kind: Any, _error: Any, _trace: Any) -> bool:
        """Give the signals back, and act as without this if there was one."""
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if self._first is not None:
            signal.raise_signal(self._first)
        return kind is Interrupted and self._first is None

    def _note(self, number: int, _frame: Any) -> None:
        self._first = self._first or number

    def check(self) -> None:
        """Return if the run may go on.

        :raises Interrupted: there was a signal.
        """
        if self._first is not None:
            raise Interrupted

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delay interruptions until everything that was begun is undone.

A signal is only noted at first: a request under way still gets its answer, so that we know what has
to be undone.
"""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from typing import Any

# Sent by Ctrl-C, by kill and systemd, and when a terminal closes.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The run should end as soon as everything that it began is undone."""


class Interruptions(AbstractContextManager["Interruptions"]):
    """Holds back the signals that end a process, and sends the first of them again on exit."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruptions:
        """Take over the signals, if this thread may."""
        for number in _SIGNALS:
            if signal.getsignal(number) == signal.SIG_IGN:
                continue  # as under nohup: the signal ends nothing
            try:
                self._before[number] = signal.signal(number, self._note)
            except ValueError:
                break  # only the main thread may handle signals
        return self

    def __exit__(self, kind: Any, _error: Any, _trace: Any) -> bool:
        """Restore the handlers and, if there was a signal, send it again."""
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

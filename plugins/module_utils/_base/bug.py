# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe an unexpected exception by places and types, never by values.

The text of an exception is left out, because it may hold the data in hand, secrets included.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

from .messages import UNEXPECTED, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

# The collection's folder plugins; for a module, the one inside its zip file.
_OURS = PurePath(__file__).parents[2]


def failure(error: BaseException, *, traced: bool) -> Failure:
    """Return the failure that reports a bug; ``traced`` adds the lines of its traceback."""
    place = where(error)
    found = Failure(UNEXPECTED, reason=type(error).__name__, where=place)
    found.bug = {"where": place, **({"trace": trace(error)} if traced else {})}
    return found


def where(error: BaseException) -> str:
    """Return the innermost place in this collection: file, line and function, or ``""``."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = PurePath(frame.f_code.co_filename)
        if _OURS in path.parents:
            file = path.relative_to(_OURS.parent).as_posix()
            return f"{file}, line {line}, in {frame.f_code.co_name}"
    return ""


def trace(error: BaseException) -> list[str]:
    """Return the traceback of an exception and of its causes, with types but no messages."""
    lines = []
    for one in reversed(list(_chain(error))):
        lines.append("Traceback (most recent call last):")
        lines += "".join(traceback.format_tb(one.__traceback__)).splitlines()
        lines.append(type(one).__name__)
    return lines


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its cause, the cause of that, and so on."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )

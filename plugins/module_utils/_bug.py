# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exception that nobody expected says of itself: places and types, never values.

The text of an exception may hold what was being worked on, secrets included, so it is left out.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The folder plugins of this collection; of a module, inside its zip file.
_OURS = PurePath(__file__).parent.parent


def where(error: BaseException) -> str:
    """Return the innermost place in this collection: file, line and function, or ``""``."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = PurePath(frame.f_code.co_filename)
        if _OURS in path.parents:
            file = path.relative_to(_OURS.parent).as_posix()
            return f"{file}, line {line}, in {frame.f_code.co_name}"
    return ""


def trace(error: BaseException) -> str:
    """Return the traceback of an exception and of those behind it, with their types alone."""
    return "\n".join(
        f"{''.join(traceback.format_tb(one.__traceback__))}{type(one).__name__}"
        for one in reversed(list(_chain(error)))
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, what it came from, and so on."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )

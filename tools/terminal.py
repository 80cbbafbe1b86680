# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the text of the demos: wrapped, and in colour if that is wanted."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap

COLOURS = re.compile(r"\x1b\[[\d;]*m")


def coloured() -> bool:
    """Return whether colour is welcome."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def paint(text: str, code: str) -> str:
    """Return the text in bold (1), faint (2), red (31) or green (32), where colour is welcome."""
    return f"\x1b[{code}m{text}\x1b[0m" if coloured() else text


def width() -> int:
    """Return how many columns there are."""
    return max(40, min(shutil.get_terminal_size((80, 24)).columns, 120))


def say(text: str = "", code: str = "") -> None:
    """Print a paragraph that fits."""
    for line in textwrap.wrap(text, width()) or [""]:
        print(paint(line, code) if code else line, flush=True)


def heading(text: str) -> None:
    """Print a heading."""
    say()
    say(text, "1")
    print("=" * min(len(text), width()), flush=True)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a table; where it does not fit, each row becomes a list."""
    sizes = [max(len(row[n]) for row in [columns, *rows]) for n in range(len(columns))]
    if sum(sizes) + 2 * (len(sizes) - 1) > width():
        for row in rows:
            say(row[0], "1")
            for column, cell in zip(columns[1:], row[1:], strict=True):
                print(f"  {column:<10}{cell}")
        return
    for number, row in enumerate([columns, *rows]):
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip()
        print(line if number else paint(line, "1"), flush=True)

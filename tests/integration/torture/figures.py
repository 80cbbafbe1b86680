# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count what was tried, and print the figures at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Count = Callable[[str, int], None]


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Return a function that adds to the figures which are printed at the end."""

    def add(figure: str, number: int) -> None:
        record_property("figure", (figure, number))

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the sums over all tests, whichever process ran them."""
    figures: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties if report.when == "call" else ():
            if name == "figure":
                figures[value[0]] += value[1]
    if figures:
        terminalreporter.section("Tried")
        for figure, number in sorted(figures.items()):
            terminalreporter.line(f"{number:>8,}  {figure}")

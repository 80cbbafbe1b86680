# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page in a real Chromium: `make browser`, screenshots in .cache/browser/."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = ROOT / ".cache/npm/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / ".cache/browser"
# This folder, the results of the unit tests, and the collection under its name.
sys.path[:0] = [str(ROOT / "tests/browser"), str(ROOT / "tests/unit/report"), str(ROOT)]

from tools.browser import launch  # noqa: E402
from tools.collection import link  # noqa: E402

sys.path.append(str(link()))

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Browser, tmp_path: pathlib.Path) -> Iterator[Open]:
    """Return a function that shows a report; whatever the page asks for or complains of fails."""
    from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files

    complaints: list[str] = []
    # What the page asks for its icon is an empty text inside it.
    inside = ["data:,"]
    contexts: list[Any] = []

    def opened(report: Any, **options: Any) -> Page:
        (path,) = _report_files.write(report, str(tmp_path), ["html"])
        inside.append(pathlib.Path(path).as_uri())
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "bypass_csp": False, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda it: it.url in inside or complaints.append(f"asks {it.url}"))
        page.on("console", lambda it: complaints.append(f"says {it.text}"))
        page.on("pageerror", lambda it: complaints.append(f"fails {it}"))
        page.on("dialog", lambda it: complaints.append("opens a dialog"))
        page.goto(inside[-1])
        return page

    yield opened
    for context in contexts:
        context.close()
    expected = getattr(opened, "expected", "")
    assert [it for it in complaints if not expected or expected not in it] == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Return a function that keeps a picture of a page for people."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return keep


def pytest_configure() -> None:
    """Say at once what is missing."""
    if not AXE.is_file():
        pytest.exit(f"No {os.path.relpath(AXE)}: start with `make browser`.", 2)

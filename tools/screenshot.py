# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the picture in docs/ and the README from the report of the demo: `make screenshots`.

The report is that of the dry run of `make demo`; one cell of it is opened.
"""

from __future__ import annotations

import pathlib
import sys

from playwright.sync_api import sync_playwright

from tools.browser import launch
from tools.collection import CACHE, ROOT
from tools.demo import DRY_RUN

PICTURE = ROOT / "docs" / "report.png"


def take(page_file: pathlib.Path, picture: pathlib.Path) -> None:
    """Take a picture of a report, the models of its second instance opened."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.locator("#matrix > tbody > tr:nth-child(2) > td:nth-of-type(2) summary").click()
        page.mouse.move(0, 0)
        page.screenshot(path=picture, full_page=True)
        browser.close()


if __name__ == "__main__":
    report = CACHE / DRY_RUN / "report.html"
    if not report.is_file():
        sys.exit("There is no report of the demo: start with `make screenshots`.")
    take(report, PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")

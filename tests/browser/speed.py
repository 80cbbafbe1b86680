# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures the report's page of a fleet: python tests/browser/speed.py [instances]."""

from __future__ import annotations

import pathlib
import statistics
import sys
import tempfile
import time

# Makes the rest importable.
import conftest  # noqa: F401  # pylint: disable=unused-import
import fleet
from playwright.sync_api import sync_playwright

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files
from tools.browser import launch

LOAD = "performance.getEntriesByType('navigation')[0].loadEventEnd"
# Until the page is laid out again; the first search reads the text of all rows.
FILTER = """() => {
    const field = document.querySelector("[name=text]"), start = performance.now();
    field.value = "site-49";
    field.dispatchEvent(new Event("input", {bubbles: true}));
    document.body.offsetHeight;
    return performance.now() - start;
}"""


def main(count: int) -> None:
    """Print the medians of five runs."""
    report = fleet.many(count)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        start = time.perf_counter()
        (path,) = _report_files.write(report, folder, ["html"])
        written = (time.perf_counter() - start) * 1000
        size = pathlib.Path(path).stat().st_size / 1e6
        print(f"{count} instances, {size:.1f} MB: written in {written:.0f} ms")
        browser = launch(playwright)
        loads, filters = [], []
        for _try in range(5):
            page = browser.new_page()
            page.goto(pathlib.Path(path).as_uri())
            page.wait_for_load_state()
            loads.append(page.evaluate(LOAD))
            filters.append(page.evaluate(FILTER))
            page.close()
        print(f"loaded in {statistics.median(loads):.0f} ms")
        print(f"first search in {statistics.median(filters):.0f} ms")
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 500)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that `make docs` makes itself: the menu, and the check of links."""

from __future__ import annotations

import pathlib
import re

import pytest

from tools.collection import ROOT
from tools.site import layout, links


def test_menu_has_every_page_once() -> None:
    """A page that nobody thought of is there too."""
    menu = layout._menu({"README", "docs/scale", "docs/new", "docs/recipes/one", "CONTRIBUTING"})
    entries = [line for line in menu.splitlines() if line and not line.startswith((":", "`"))]
    assert entries == [layout.FIRST, "docs/recipes/one", "docs/scale", "docs/new", "CONTRIBUTING"]


def test_broken_links_are_found(tmp_path: pathlib.Path) -> None:
    """A page that is not there, a place that is not on it; other sites are not asked."""
    (tmp_path / "other.html").write_text('<p id="here">')
    (tmp_path / "page.html").write_text(
        '<a href="other.html#here"><a href="other.html#there"><a href="gone.html">'
        '<a href="#"><a href="#nowhere"><img src="gone.png"><a href="https://example.com/gone">'
    )
    assert links.broken(tmp_path) == [
        *("page.html: #nowhere", "page.html: gone.html", "page.html: gone.png"),
        "page.html: other.html#there",
    ]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda it: it.name)
def test_a_page_begins_with_whom_it_is_for(page: pathlib.Path) -> None:
    """So that a reader knows in a moment whether to go on."""
    text = re.sub(r"<!--.*?-->\n", "", page.read_text("utf-8"))
    assert re.match(r"# [^\n]+\n\nFor (those|whoever) ", text)

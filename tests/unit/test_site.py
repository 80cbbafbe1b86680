# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that `make docs` makes itself: the menu, and the check of links."""

from __future__ import annotations

import pathlib

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

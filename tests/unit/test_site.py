# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that `make docs` makes itself: the page of messages, the menu, the check of links."""

from __future__ import annotations

import pathlib
import re

from tools.site import layout, links, messages


def test_every_message_has_a_place() -> None:
    """The code of each is a heading, and so an anchor; what is filled in is not left as braces."""
    page = messages.page()
    text = "".join(file.read_text("utf-8") for file in messages.FILES)
    codes = re.findall(r'Message\(\s*"([\w-]+)"', text)
    assert codes
    assert re.findall(r"^### `([\w-]+)`$", page, flags=re.MULTILINE) == codes
    assert "{" not in page
    assert "GitLab *version* has no *kind* *given*" in page


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

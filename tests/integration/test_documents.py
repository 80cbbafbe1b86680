# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every code block of the README and of docs/ works exactly as it is written.

pages.py decides how a block is used; `WORLDS` has the state of the GitLabs for each page.
"""

from __future__ import annotations

import pathlib

import pages
import pytest
from playbook import ROOT
from site_of_names import Site
from stories import Story, World

PAGES = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if path.name != "CHANGELOG.md"
)
# Pages whose parts begin anew each, and the tests that try all of these parts.
TRIED_APART = {"docs/recipes.md": "test_recipes.py"}
# What somebody has who took it from a release.
TARBALL = next((ROOT / ".cache" / "dist").glob("*.tar.gz"), pathlib.Path("not-built"))
REFUSED = {
    **{"kind": "status", "status": 401, "times": 1, "match": {"path": "/api/graphql"}},
    **{"content_type": "application/json", "body": '{"message": "401 Unauthorized"}'},
}
WORLDS: dict[str, World] = {
    "README.md": World(links={TARBALL.name: f".cache/dist/{TARBALL.name}"}),
    "docs/report.md": World(links={"slices/1": "duo-report"}),
    # A token that is refused until somebody mends it.
    "docs/scale.md": World(faults={"gitlab.tokyo.example.com": [REFUSED]}),
}


@pytest.mark.parametrize("page", [page for page in PAGES if str(page) not in TRIED_APART], ids=str)
def test_page(page: pathlib.Path, tmp_path: pathlib.Path, site: Site) -> None:
    """Its blocks do what they show, one after the other."""
    story = Story(page, tmp_path, site, WORLDS.get(str(page), World()))
    for number, block in enumerate(story.blocks):
        try:
            story.tell(number, block)
        except AssertionError as problem:
            raise AssertionError(f"{page}, line {block.line}: {problem}") from None


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_files_are_used(page: pathlib.Path) -> None:
    """A file that a page shows is one that a command of the page reads."""
    blocks = list(pages.blocks(ROOT / page))
    ran = "".join(one.text for one in blocks if one.kind == "console")
    for block in blocks:
        if block.kind == "file" and pathlib.Path(block.file).name != "ansible.cfg":
            top = block.file.partition("/")[0]
            used = top in ran or top in ("group_vars", "host_vars")
            assert used, f"{page}, line {block.line}: {block.file}. {pages.WHAT_TO_DO}"


def test_pages_that_are_tried_apart() -> None:
    """The tests that are named are there, and read the page."""
    for page, test in TRIED_APART.items():
        source = pathlib.Path(__file__).with_name(test).read_text("utf-8")
        assert pathlib.Path(page).name in source

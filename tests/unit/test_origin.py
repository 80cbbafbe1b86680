# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the project lives is said in one file, and every place that tells users takes it."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from tools import origin

ROOT = pathlib.Path(__file__).resolve().parents[2]
EMPTY = origin.Origin("", "", "", "", "", "")


def test_the_file_has_what_is_read() -> None:
    """The project's own file can be read, whether it is filled in or not."""
    assert set(origin.read(ROOT)._fields) == set(EMPTY._fields)


def test_each_empty_value_is_named() -> None:
    assert origin.faults(EMPTY) == [f"{name} is empty" for name in EMPTY._fields]
    assert origin.faults(origin.EXAMPLE) == []


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("issues", "forge.example.com", "issues must begin with https://"),
        ("files", "https://forge.example.com/{version}", "files must contain {version} and {path}"),
    ],
)
def test_a_value_that_leads_nowhere_is_named(name: str, value: str, fault: str) -> None:
    (found,) = origin.faults(origin.EXAMPLE._replace(**{name: value}))
    assert found.startswith(fault)
    assert value in found


def test_another_key_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / origin.FILE).write_text("address: https://example.com\n")
    with pytest.raises(origin.Unusable, match=r"must have the keys repository, files"):
        origin.read(tmp_path)


def test_a_release_tells_it_everywhere(tmp_path: pathlib.Path) -> None:
    """In the project's own files: a place that was lost is seen here, and not at the release."""
    for name in ("galaxy.yml", "README.md", "SECURITY.md"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    origin.fill_tree(tmp_path, origin.EXAMPLE)
    galaxy = yaml.safe_load((tmp_path / "galaxy.yml").read_text("utf-8"))
    assert galaxy["repository"] == origin.EXAMPLE.repository
    assert galaxy["issues"] == origin.EXAMPLE.issues
    assert galaxy["authors"][0] == origin.EXAMPLE.owner
    assert origin.EXAMPLE.owner in (tmp_path / "README.md").read_text("utf-8")
    for page in ("README.md", "SECURITY.md"):
        text = (tmp_path / page).read_text("utf-8")
        assert f"(mailto:{origin.EXAMPLE.security})" in text
        # The links that are left relative are to places on the page itself.
        outside = "".join(part for part in origin.FENCED.split(text) if "```" not in part)
        targets = re.findall(r"\]\(([^)]+)\)", outside)
        assert [it for it in targets if not it.startswith(("https://", "mailto:", "#"))] == []
    assert "confidential issue" not in (tmp_path / "SECURITY.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("[a](docs/a.md)", "[a](https://f/blob/1.2.3/docs/a.md)"),
        ("[a](docs/a.md#b)", "[a](https://f/blob/1.2.3/docs/a.md#b)"),
        ("![a](docs/a.png)", "![a](https://f/raw/1.2.3/docs/a.png)"),
        ("[a](#b)", "[a](#b)"),
        ("[a](https://example.com/b)", "[a](https://example.com/b)"),
        ("```\n[a](b)\n```", "```\n[a](b)\n```"),
    ],
)
def test_links_lead_to_the_release(link: str, absolute: str) -> None:
    values = EMPTY._replace(files="https://f/blob/{version}/{path}")
    assert origin.absolute_links(link, values, "1.2.3") == absolute


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md"])
def test_a_lost_place_is_named(page: str) -> None:
    with pytest.raises(origin.Unusable, match=page):
        origin.fill_page(page, "# Rewritten\n", origin.EXAMPLE)

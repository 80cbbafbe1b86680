# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans as others read them: by the JSON Schema in docs/, and by a parser of Markdown."""

from __future__ import annotations

import copy
import json
import pathlib
import re
from typing import Any

import jsonschema
import markdown_it
import pytest
from hypothesis import given

from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import plan_markdown
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan_file import SavedPlan
from ansible_collections.gitlab_ops.duo.tests.unit.core.planned import FULL, examples, plans

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
SCHEMA = json.loads((DOCS / "plan.schema.json").read_text("utf-8"))


def errors(data: Any) -> list[str]:
    """Return what the schema says against a plan."""
    return [it.message for it in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data)]


# --- JSON ----------------------------------------------------------------------------------------
def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@examples(100)
@given(plans)
def test_what_is_written_is_as_described(made: SavedPlan) -> None:
    assert errors(json.loads(made.text)) == []


def test_every_field_is_needed_and_no_other_is_known() -> None:
    data = json.loads(FULL.text)
    change = data["changes"][0]
    for inside in (data, change):
        for name, value in list(inside.items()):
            del inside[name]
            assert errors(data), name
            inside[name] = value
        inside["api_key"] = "a key"
        assert errors(data)
        del inside["api_key"]
    assert errors(data) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("schema", it) for it in ("gitlab_ops.duo.report", None)),
        *(("schema_version", it) for it in (0, 2, "1", None)),
        *(("created_at", it) for it in (0, "today", "2026-11-28T12:00:00+01:00")),
        *(("checksum", it) for it in ("", "sha256:0", f"md5:{'0' * 64}", None)),
        *(("declared", it) for it in ("", f"sha256:{'G' * 64}", None)),
        *(("instance", it) for it in (None, 5, [])),
        *(("release", it) for it in (18.9, None)),
        *(("changes", it) for it in (None, {}, "", [None], ["text"], [[]])),
    ],
)
def test_what_is_broken_is_refused(name: str, wrong: Any) -> None:
    assert errors({**json.loads(FULL.text), name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("subject", ""),
        ("subject", None),
        ("name", None),
        ("field", 5),
        ("before", {"a": 1}),
        ("after", 1.5),
        ("after", [1]),
    ],
)
def test_a_broken_change_is_refused(name: str, wrong: Any) -> None:
    data = copy.deepcopy(json.loads(FULL.text))
    data["changes"][-1][name] = wrong
    assert errors(data)


# --- Markdown ------------------------------------------------------------------------------------
@examples(150)
@given(plans)
def test_a_parser_sees_nothing_but_headings_lists_and_code(made: SavedPlan) -> None:
    """And each name is whole in its code, but for hidden characters."""
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table"])
    tokens = parser.parse(plan_markdown.markdown(made))
    blocks = {re.sub("_(open|close)$", "", token.type) for token in tokens}
    assert blocks <= {"heading", "paragraph", "bullet_list", "list_item", "inline"}
    inside = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inside} <= {"text", "code_inline"}
    code = [child.content for child in inside if child.type == "code_inline"]
    assert code[:2] == [plan_markdown.one_line(it) or " " for it in (made.instance, made.release)]
    assert code[-1] == made.checksum
    names = {change["name"] for change in made.changes} - {""}
    assert {plan_markdown.one_line(name) for name in names} - set(code) == set()


def test_the_page_shows_what_is_written() -> None:
    page = (DOCS / "approval.md").read_text("utf-8")
    assert f"```text\n{plan_markdown.markdown(FULL)}```\n" in page

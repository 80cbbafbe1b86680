# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans as Markdown: the counts first, and every name and value as code."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import (
    plan_markdown,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan_file import SavedPlan
from ansible_collections.gitlab_ops.duo.tests.unit.core.planned import (
    FULL,
    HOSTILE,
    entry,
    examples,
    plan,
    plans,
)


def test_the_page_begins_with_the_counts() -> None:
    assert (
        plan_markdown.markdown(FULL)
        == f"""\
## GitLab `https://gitlab.example.com` `18.9.2`: 1 to create, 2 to change, 1 to delete

### AI gateway: 1 to change

- `ai_gateway_timeout_seconds`: `60` → `90`

### Self-hosted model: 1 to create, 1 to delete

- create `codestral`
  - `name`: `codestral`
  - `endpoint`: `https://vllm.example.com/v1`
  - `api_key`: `(set)`
- delete `old`
  - `name`: `old`
  - `endpoint`: `https://old.example.com/v1`

### Feature: 1 to change

- change `duo_chat`
  - `model`: none → `codestral`

Planned at 2026-11-28T12:00:00Z, checksum `{FULL.checksum}`.
"""
    )


def test_an_empty_plan_says_so() -> None:
    page = plan_markdown.markdown(plan())
    assert page.startswith("## GitLab `https://gitlab.example.com` `18.9.2`: nothing will change\n")
    assert "###" not in page


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "x", "empty → `x`"),
        (None, "none", "none → `none`"),
        (False, True, "`false` → `true`"),
        (["a", "b"], ["b", "c", "d"], "adds `c`, `d`; removes `a`"),
        (["a", "b"], ["a", "b", "c"], "adds `c`"),
        (["a", "b"], ["b", "a"], "`a`, `b` → `b`, `a`"),
        ([], None, "none → none"),
        (None, ["a"], "none → `a`"),
    ],
)
def test_values(before: Any, after: Any, shown: str) -> None:
    page = plan_markdown.markdown(plan(entry("gateway", "", "f", before, after)))
    assert f"\n- `f`: {shown}\n" in page


SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
# What is outside of code is ours.
OWN = re.compile(r"(#{2,3} |  - |- |)[\w ,:;.→-]*")


@examples(150)
@given(plans)
def test_hostile_texts_are_code(made: SavedPlan) -> None:
    page = plan_markdown.markdown(made)
    assert page.encode("utf-8")
    for line in page.splitlines():
        assert OWN.fullmatch(SPAN.sub("", line)), line
    spans = [span for _fence, span in SPAN.findall(page)]
    for name in {change["name"] for change in made.changes if change["name"].isprintable()}:
        assert name == "" or {name, f" {name} "} & set(spans)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_its_text(text: str) -> None:
    found = SPAN.fullmatch(plan_markdown.code(text))
    assert found
    if text.isprintable():
        assert found[2] in (text, f" {text} ")
    else:
        assert found[2].isprintable()


def test_the_longest_url_that_gitlab_stores_is_whole() -> None:
    url = "https://vllm.example.com/".ljust(2048, "x")
    assert plan_markdown.code(url) == f"`{url}`"

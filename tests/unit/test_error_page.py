# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/errors.md has every error code of the source, as it is today."""

from __future__ import annotations

import ast
import re

from tools import errors


def _codes() -> list[str]:
    """Return the code of each message that any file of the collection makes."""
    calls = [
        node
        for file in (errors.ROOT / "plugins").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message"
    ]
    return [str(ast.literal_eval(call.args[0])) for call in calls]


def test_the_page_is_as_the_source_makes_it() -> None:
    made = errors.page()
    assert errors.PAGE.read_text("utf-8") == made, "run `python -m tools.errors`"


def test_every_code_has_its_cause_and_remedy() -> None:
    """Each is a heading, and so an anchor; what is filled in is not left as braces."""
    page = errors.PAGE.read_text("utf-8")
    codes = re.findall(r"^### `([\w-]+)`\n\n- Cause: .+\n- Remedy: .+$", page, re.MULTILINE)
    assert codes
    assert sorted(codes) == sorted(_codes())
    assert len(codes) == len(set(codes))
    assert "{" not in page
    assert "GitLab *version* has no *kind* *given*" in page

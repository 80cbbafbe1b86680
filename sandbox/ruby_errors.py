# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of graphql-ruby's errors.

They are those of graphql-ruby 2.5.11, the version of GitLab 18.9.
"""

from __future__ import annotations

import json
import re
from typing import Any

from graphql import Node, Source, print_ast
from graphql.language import get_location

#: Validation stops here (`gitlab_schema.rb`).
MAX_ERRORS = 5
KEYWORDS = (
    *("on", "fragment", "true", "false", "null", "query", "mutation", "subscription"),
    *("schema", "scalar", "type", "extend", "implements", "interface", "union", "enum", "input"),
    *("directive", "repeatable"),
)


def location(source: Source, node: Node) -> list[dict[str, int]]:
    if node.loc is None:
        return []
    found = get_location(source, node.loc.start)
    return [{"line": found.line, "column": found.column}]


def problem(
    source: Source,
    node: Node,
    path: list[str],
    message: str,
    code: str,
    **extensions: Any,
) -> dict[str, Any]:
    return {
        "message": message,
        "locations": location(source, node),
        "path": path,
        "extensions": {"code": code, **extensions},
    }


def literal(node: Node) -> str:
    """A literal as graphql-ruby shows it: strings keep their quotes."""
    return print_ast(node)


def value_text(value: Any) -> str:
    """A variable's value as graphql-ruby shows it: JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_error(query: str, description: str, position: int) -> dict[str, Any]:
    """Unparsable text. Kinds and the shown token are as close as was read; match beginnings only.

    At the end of the text GitLab points at the last token it saw.
    """
    rest = query[position:]
    if "<EOF>" in description or not rest.strip():
        stripped = query.rstrip()
        position = max(len(stripped) - 1, 0)
        line, column = _line_column(query, position)
        shown = query[len(stripped) :] or " "
        return _parse_body(f'Expected NAME, actual: (none) ("{shown}")', line, column)
    token = re.match(r"\w+|.", rest, re.DOTALL)
    shown = token[0] if token else ""
    line, column = _line_column(query, position)
    kind = "IDENTIFIER" if re.match(r"[A-Za-z_]", shown) else "VALUE"
    kind = shown.upper() if shown in KEYWORDS else kind
    wanted = "NAME"
    if query[:position].count("{") == query[:position].count("}"):
        wanted = "one of SCHEMA, SCALAR, TYPE, ENUM, INPUT, UNION, INTERFACE"
    return _parse_body(f'Expected {wanted}, actual: {kind} ("{shown}")', line, column)


def _line_column(query: str, position: int) -> tuple[int, int]:
    before = query[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _parse_body(text: str, line: int, column: int) -> dict[str, Any]:
    return {
        "message": f"{text} at [{line}, {column}]",
        "locations": [{"line": line, "column": column}],
    }

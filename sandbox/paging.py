# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's two kinds of connection: keyset (by id, newest first) and array (by position)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from .errors import FieldError

PAGE_SIZE = 100


def _encode(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def connection(items: list[Any], arguments: dict[str, Any], keyset: bool) -> dict[str, Any]:
    """Return a page that is cut when a field is resolved, so that errors belong to that field."""
    page = cache(lambda: _page(items, arguments, keyset))

    def field(name: str) -> Callable[[Any], Any]:
        return lambda _info: page()[name]

    return {name: field(name) for name in ("nodes", "edges", "pageInfo")}


def _page(items: list[Any], arguments: dict[str, Any], keyset: bool) -> dict[str, Any]:
    """Cut one page; a larger `first` than 100 is cut to 100."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise FieldError("Can only provide either `first` or `last`, not both")
    cursors = [
        _encode({"id": str(item.id)}) if keyset else _encode(index + 1)
        for index, item in enumerate(items)
    ]
    start, end = 0, len(items)
    if arguments.get("after"):
        start = _position(arguments["after"], cursors, items, keyset) + 1
    if arguments.get("before"):
        end = _position(arguments["before"], cursors, items, keyset)
    low, high = start, max(start, end)
    if last is not None:
        low = max(low, high - min(max(last, 0), PAGE_SIZE))
    else:
        wanted = PAGE_SIZE if first is None else min(max(first, 0), PAGE_SIZE)
        high = min(high, low + wanted)
    page, marks = items[low:high], cursors[low:high]
    return {
        "nodes": page,
        "edges": [{"cursor": mark, "node": item} for mark, item in zip(marks, page, strict=True)],
        "pageInfo": {
            "hasNextPage": high < len(items),
            "hasPreviousPage": low > 0,
            "startCursor": marks[0] if marks else None,
            "endCursor": marks[-1] if marks else None,
        },
    }


def _position(cursor: str, cursors: list[str], items: list[Any], keyset: bool) -> int:
    """Return the position of a cursor; with keyset, a deleted row keeps its place."""
    if cursor in cursors:
        return cursors.index(cursor)
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if keyset:
            wanted = int(value["id"])
            return sum(1 for item in items if item.id >= wanted) - 1
        return int(value) - 1
    except (ValueError, TypeError, KeyError):
        text = f'Invalid input: "{cursor}"' if keyset else "Please provide a valid cursor"
        raise FieldError(text) from None

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Junk: wrong values, as people, proxies and broken servers produce them."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Characters; nobody may have to scroll through an option of megabytes to find the sentence.
LONGEST_MESSAGE = 10_000

TEXTS = (
    *("", " ", "\t", "\n", "\x00", "a\x00b", "a\r\nb: c", "\x1b[2J", "\x7f", "\x9b1A"),
    # Surrogates, bidirectional, invisible, combining, beyond the first plane.
    *(
        "\ud800",
        "a\udc80",
        "\u202eabc",
        "a\u200bb",
        "\ufeff",
        "\u2028",
        "e\u0301" * 9,
        "🦊",
        "名前",
    ),
    *("{{ 1 + 1 }}", "{% for %}", "!unsafe x", "!vault |", "{0}", "{what}", "%s", "$(id)", "`id`"),
    *(
        "null",
        "None",
        "true",
        "no",
        "NaN",
        "-1",
        "1e999",
        "0x10",
        "١٢",
        "1.5",
        "[]",
        "{}",
        '{"a": 1}',
    ),
    *(
        "'",
        '"',
        "\\",
        "../../etc/passwd",
        "file:///etc/passwd",
        "http://",
        "https://[",
        "//x",
        "://",
    ),
    *("http://[::1", "https://x:99999", "http://\u2100.example.com", "https://e.example.com/%zz"),
    *("gid://gitlab/Ai::SelfHostedModel/0", "x" * 300, "x" * 70_000, "a\n" * 300),
)
NUMBERS = (0, -1, 1, 60, 601, 2**31, 2**63, -(2**70), 10**400, 0.5, -0.0, 1e308, float("nan"))
NUMBERS = (*NUMBERS, float("inf"), float("-inf"))


def texts() -> st.SearchStrategy[str]:
    """Return any text: short and random, or of a kind that is known to hurt."""
    return st.sampled_from(TEXTS) | st.text(max_size=12)


def scalars() -> st.SearchStrategy[Any]:
    """Return any value that holds no others."""
    return texts() | st.sampled_from((None, True, False, *NUMBERS)) | st.integers()


def values() -> st.SearchStrategy[Any]:
    """Return any value of JSON, NaN and the like included."""
    nested = st.recursive(
        scalars(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=6,
    )
    return nested | st.sampled_from((_deep(60), _deep(600), [None] * 300, {"errors": ["x"]}))


def _deep(levels: int) -> Any:
    value: Any = "deep"
    for level in range(levels):
        value = [value] if level % 2 else {"nodes": value}
    return value


# --- a sound value, and one or more of its places changed ----------------------------------------
def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value inside a value, its own first; but none that is very deep."""
    yield at
    if isinstance(tree, (dict, list)) and len(at) < 20:
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*at, key))


def at(tree: Any, place: tuple[Any, ...]) -> Any:
    """Return the value at a place."""
    for key in place:
        tree = tree[key]
    return tree


def put(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value at a place."""
    if not place:
        return value
    changed = copy.copy(tree)
    changed[place[0]] = put(tree[place[0]], place[1:], value)
    return changed


def without(tree: Any, place: tuple[Any, ...]) -> Any:
    """Return a copy without what is at a place."""
    holder = copy.copy(at(tree, place[:-1]))
    del holder[place[-1]]
    return put(tree, place[:-1], holder)


@st.composite
def damaged(draw: st.DrawFn, tree: Any, most: int = 3) -> Any:
    """Return a sound value with junk at a few places, or with something missing or too much."""
    for _turn in range(draw(st.integers(1, most))):
        place = draw(st.sampled_from(list(places(tree))))
        here = at(tree, place)
        kind = draw(st.sampled_from(("junk", "junk", "junk", "missing", "more", "wrapped", "text")))
        if kind == "missing" and place:
            tree = without(tree, place)
        elif kind == "more" and isinstance(here, dict):
            tree = put(tree, place, {**here, draw(texts()): draw(values())})
        elif kind == "more" and isinstance(here, list):
            tree = put(tree, place, [*here, *here, draw(values())])
        elif kind == "wrapped":
            tree = put(tree, place, draw(st.sampled_from(([here], {"nodes": here}))))
        elif kind == "text":
            tree = put(tree, place, str(here)[:300])
        else:
            tree = put(tree, place, draw(values()))
    return tree


def unfit(message: str) -> list[str]:
    """Return what keeps a message from being one line that a person can read."""
    strange = {unicodedata.category(one) for one in message if not one.isprintable()}
    return [
        *(["it is empty"] if not message.strip() else []),
        *([f"it has {len(message)} characters"] if len(message) > LONGEST_MESSAGE else []),
        *([f"it has characters of {', '.join(sorted(strange))}"] if strange else []),
    ]

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a saved plan as Markdown, for a comment in a merge request.

Names and values come from declarations and from GitLab, so they may be hostile. Each is put into a
code span, in which markup, links, mentions and quick actions have no effect. There are lists and
no tables, because in a table a ``|`` ends even a code span.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from .._base.failure import one_line
from .objects import about
from .saved_plan import by_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .saved_plan import Entry, SavedPlan

_VERBS = ("create", "change", "delete")
_NO_VALUE = (None, "")


def markdown(plan: SavedPlan) -> str:
    """Return the plan as Markdown, counts first; two plans of one state differ in the time only."""
    objects = by_object(plan.changes)
    verbs = {key: verb_of(changes) for key, changes in objects.items()}
    told = _counts(verbs.values()) or "nothing will change"
    lines = [f"## GitLab {code(plan.instance)} {code(plan.release)}: {told}", ""]
    for subject in dict.fromkeys(subject for subject, _name in objects):
        mine = {key: changes for key, changes in objects.items() if key[0] == subject}
        title = about(subject)
        lines += [f"### {title[0].upper()}{title[1:]}: {_counts(verbs[key] for key in mine)}", ""]
        for key, changes in mine.items():
            indent = ""
            # An object that is the only one of its kind has no name.
            if key[1]:
                lines.append(f"- {verbs[key]} {code(key[1])}")
                indent = "  "
            lines += [f"{indent}- {line}" for line in _fields(changes, verbs[key])]
        lines.append("")
    lines.append(f"Planned at {plan.time}, checksum {code(plan.checksum)}.")
    return "\n".join(lines) + "\n"


def verb_of(changes: Sequence[Entry]) -> str:
    """Return ``create``, ``change`` or ``delete``, judged by all fields of an object."""
    # One field alone proves nothing: an object that exists may get its first value in it.
    before, after = (
        len(changes) > 1 and all(change[key] is None for change in changes)
        for key in ("before", "after")
    )
    return "create" if before else "delete" if after else "change"


def _counts(verbs: Iterable[str]) -> str:
    number = Counter(verbs)
    return ", ".join(f"{number[verb]} to {verb}" for verb in _VERBS if number[verb])


def _fields(changes: Sequence[Entry], verb: str) -> Iterator[str]:
    for change in changes:
        before, after = change["before"], change["after"]
        field = code(change["field"])
        if verb == "change":
            yield f"{field}: {_difference(before, after)}"
        elif (value := after if verb == "create" else before) not in _NO_VALUE:
            yield f"{field}: {_value(value)}"


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        # A long list would hide what differs.
        added = [item for item in after if item not in before]
        removed = [item for item in before if item not in after]
        parts = ((added, "adds"), (removed, "removes"))
        if told := "; ".join(f"{word} {_value(items)}" for items, word in parts if items):
            return told
    return f"{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if value in _NO_VALUE:
        return "none" if value is None else "empty"
    return code(value if isinstance(value, str) else json.dumps(value))


def code(text: str) -> str:
    """Return any text as a code span; hidden characters are spelt out."""
    text = one_line(text) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    # CommonMark strips one space from each end if both have one and the rest is not all spaces.
    pad = " " if text.strip() and {text[0], text[-1]} & {"`", " "} else ""
    return f"{fence}{pad}{text}{pad}{fence}"

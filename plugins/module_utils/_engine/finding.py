# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a finding of a check, and turn findings that are errors into a failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from .._base import messages
from .._base.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.failure import Message

# An info appears only in the return values of the check.
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """A finding of a check. An error fails the task before it changes anything."""

    severity: Severity
    subject: str
    what: str
    action: str = ""
    # Subject of the object that it is about, as in ``changes``; empty if it has none.
    kind: str = ""

    @property
    def text(self) -> str:
        """What was found, and what to do."""
        return f"{self.what} {self.action}".rstrip()


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that fail the task."""
    return [it for it in findings if it.severity == "error"]


def failure_of(found: Sequence[Finding], one: Message, many: Message, **values: Any) -> Failure:
    """Return the failure for findings: with the only one, or a numbered list of all.

    :param one: for one finding, with the placeholders ``first`` and ``action``.
    :param many: for several, with ``count``, ``findings`` and those of ``values``.
    """
    if len(found) == 1:
        return Failure(one, first=found[0].what, action=found[0].action)
    # A list, so that each text is shortened on its own.
    texts = [f"({number}) {it.text}" for number, it in enumerate(found, 1)]
    return Failure(many, **{"count": len(found), **values}, findings=texts)


def obstacles(errors: Sequence[Finding], _options: Any, _observed: Any) -> Failure:
    """Return the failure for errors; equal ones are reported once, with all their subjects.

    For example, a misspelt model is an error of each feature that is to use it.
    """
    same: dict[str, list[Finding]] = {}
    for it in errors:
        same.setdefault(it.text, []).append(it)
    told = [
        replace(alike[0], what=f"{', '.join(it.subject for it in alike)}: {alike[0].what}")
        for alike in same.values()
    ]
    return failure_of(told, messages.PREFLIGHT_FINDING, messages.PREFLIGHT_FINDINGS)

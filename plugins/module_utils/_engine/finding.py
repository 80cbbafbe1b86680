# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one finding of a check is, and the failure that errors among several mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from .._base import messages
from .._base.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.failure import Message

# Nothing but the check's own return values shows what is info.
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check has found: an error fails the task before it changes anything."""

    severity: Severity
    subject: str
    what: str
    action: str = ""
    # Subject of the object that it is about, as in ``changes``; empty where it has none.
    kind: str = ""

    @property
    def text(self) -> str:
        """What was found, and what to do."""
        return f"{self.what} {self.action}".rstrip()


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Return those that fail the task."""
    return [it for it in findings if it.severity == "error"]


def failure_of(found: Sequence[Finding], one: Message, many: Message, **values: Any) -> Failure:
    """Return the failure that findings mean: the only one, or a numbered list of all.

    :param one: of one finding: takes ``first`` and ``action``.
    :param many: of several: takes ``count`` and ``findings``, and ``values``.
    """
    if len(found) == 1:
        return Failure(one, first=found[0].what, action=found[0].action)
    # A list because each of its texts is cut by itself.
    texts = [f"({number}) {it.text}" for number, it in enumerate(found, 1)]
    return Failure(many, **{"count": len(found), **values}, findings=texts)


def obstacles(errors: Sequence[Finding], _options: Any, _observed: Any) -> Failure:
    """Return the failure that errors mean, alike ones told once with all that they are about.

    A misspelt model is an error of each feature that is to use it.
    """
    same: dict[str, list[Finding]] = {}
    for it in errors:
        same.setdefault(it.text, []).append(it)
    told = [
        replace(alike[0], what=f"{', '.join(it.subject for it in alike)}: {alike[0].what}")
        for alike in same.values()
    ]
    return failure_of(told, messages.PREFLIGHT_FINDING, messages.PREFLIGHT_FINDINGS)

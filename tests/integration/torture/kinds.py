# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of faults of a request, and those that a bounded run tries."""

from __future__ import annotations

import email.utils
import os
import time
from collections.abc import Sequence
from typing import Any

FULL = os.environ.get("DUO_TORTURE") == "full"

# Seconds. What is slow outlasts the patience of the client by this much.
PATIENCE = 3
SLOW = 2.0
JSON = "application/json"

KINDS: dict[str, dict[str, Any]] = {
    "refused": {"kind": "refuse", "seconds": PATIENCE + SLOW},
    "reset": {"kind": "drop_before"},
    # GitLab did its work, and the answer got lost.
    "lost": {"kind": "drop_after"},
    # GitLab does its work when nobody waits for it any more.
    "late": {"kind": "delay", "seconds": PATIENCE + SLOW},
    "slow-answer": {"kind": "delay", "seconds": PATIENCE + SLOW, "after_work": True},
    "429": {"kind": "status", "status": 429},
    "429-seconds": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "429-date": {"kind": "status", "status": 429, "headers": {"Retry-After": "a date"}},
    "500": {"kind": "status", "status": 500},
    "500-saved": {"kind": "status", "status": 500, "after_work": True},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "504": {"kind": "status", "status": 504},
    "html": {"kind": "body", "body": "<html>Please sign in</html>"},
    "empty": {"kind": "body", "body": "", "content_type": JSON},
    "truncated": {"kind": "body", "truncate": 25},
    "shape": {"kind": "body", "body": '[17, {"data": [null]}]', "content_type": JSON},
    "graphql": {"kind": "graphql_error", "message": "Timeout on validation of query"},
    "partial": {"kind": "partial_errors", "message": "Timeout on something"},
    "signed-out": {"kind": "sign_out"},
}
# What a reading gets over by itself when it happens once: it is tried again.
PASSING = ("reset", "lost", "429", "429-seconds", "429-date", "502", "503", "504")
# GitLab took nothing: the answer says so.
REFUSALS = ("429", "429-seconds", "429-date", "graphql", "signed-out")
# GitLab may still be at work: a reading never tells that it did not do it.
LATE = ("late", "slow-answer", "504")


def leaves_unknown(
    kind: str, at: int, requests: Sequence[dict[str, Any]], *, stays: bool
) -> bool | None:
    """Return whether a fault leaves unknown what came of a write; None where it may.

    :param requests: of the run, the one that the fault met first with the number *at*.
    """
    if any(it["write"] and not it["operations"] for it in requests if it["number"] <= at):
        # What came of a form is told by pages alone, and of a switch not even by a refusal.
        return None
    if kind in LATE and not stays:
        return None
    met = [it for it in requests if it["number"] == at or (stays and it["number"] > at)]
    if kind in REFUSALS or not any(it["write"] for it in met):
        return False
    return stays or kind == "refused"


def fault(kind: str, at: int, *, stays: bool) -> dict[str, Any]:
    """Return a rule for the sandbox: this request, or this one and all that follow."""
    rule = {**KINDS[kind], "at": at}
    if kind == "429-date":
        rule["headers"] = {"Retry-After": email.utils.formatdate(time.time() + 2, usegmt=True)}
    # Nobody could clear a refusal that stays.
    return {**rule, "times": 0} if stays and kind != "refused" else rule

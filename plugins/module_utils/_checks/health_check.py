# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define one health check and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.urls import without_credentials
from .health_advice import action_for
from .health_notes import note_of

if TYPE_CHECKING:
    from .._base.messages import Failure
    from .health_probes import Facts


@dataclass(frozen=True)
class Check:
    """One check and its verdict."""

    name: str
    subject: str
    success: bool
    message: str
    action: str
    proves: str
    # A failure that GitLab is known to report although the features work.
    doubtful: bool = False
    # Whether it is about a feature in use; false also for an unknown probe.
    concerns: bool = True

    @property
    def fails(self) -> bool:
        """Whether it certainly failed and concerns a feature in use."""
        return not (self.success or self.doubtful) and self.concerns


def verdict(name: str, subject: str, success: bool, message: str, facts: Facts) -> Check:
    """Return a check from its answer, with what to do if it failed."""
    action = "" if success else action_for(name, message, facts)
    return Check(name, subject, success, message, action, note_of(name).proves)


def of_failure(name: str, subject: str, failure: Failure) -> Check:
    """Return a failed check from the failure that prevented it."""
    return Check(name, subject, False, failure.what, failure.next_step, note_of(name).proves)


def line(text: Any) -> str:
    """Return GitLab's text as one sentence, without credentials."""
    said = " ".join(without_credentials(str(text or "no message")).split())
    return said if said.endswith((".", "!", "?")) else f"{said}."

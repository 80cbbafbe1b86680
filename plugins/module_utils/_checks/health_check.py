# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One health check and its verdict, whatever was asked."""

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
    # Whether it is about a feature in use; false for a probe that is not known, too.
    concerns: bool = True

    @property
    def fails(self) -> bool:
        """Whether it failed, beyond doubt, and concerns a feature in use."""
        return not (self.success or self.doubtful) and self.concerns


def verdict(name: str, subject: str, success: bool, message: str, facts: Facts) -> Check:
    """Return a check as it was answered, with what to do where it failed."""
    action = "" if success else action_for(name, message, facts)
    return Check(name, subject, success, message, action, note_of(name).proves)


def of_failure(name: str, subject: str, failure: Failure) -> Check:
    """Return a check that could not be made."""
    return Check(name, subject, False, failure.what, failure.next_step, note_of(name).proves)


def line(text: Any) -> str:
    """Return a text of GitLab as one sentence, without credentials."""
    said = " ".join(without_credentials(str(text or "no message")).split())
    return said if said.endswith((".", "!", "?")) else f"{said}."

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject is: one thing that the collection observes, plans and applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._base.failure import Failure
    from .._gitlab.client import GitLab
    from .arguments import Arguments
    from .plan import Change, Plan


@dataclass(frozen=True)
class Subject:
    """One thing that the collection brings to its desired state."""

    arguments: Arguments
    # Options of the task -> checked options.
    options: Callable[[dict[str, Any]], Any]
    # GitLab is None for a subject that does without, see without_libraries.
    observe: Callable[[Any, Any], Any]
    # Pure: options and what was observed -> what would change.
    plan: Callable[[Any, Any], Plan[Any]]
    # Return values that show a state: as observed, or as predicted by a plan.
    show: Callable[[Any, Any], dict[str, Any]]
    # Whether it can do its work where requests and pydantic are missing.
    without_libraries: Callable[[Any], bool] = lambda _options: False
    # Whether what was read means failure, for subjects that check and change nothing.
    judge: Callable[[Any, Any], Failure | None] = lambda _options, _observed: None
    # What a refusal means for this subject, of these changes, in GitLab's words; None where what
    # it means for every subject is all that can be said.
    explain: Callable[[GitLab, Sequence[Change], str, Failure], Failure | None] = (
        lambda _gitlab, _changes, _said, _failure: None
    )
    # Whether GitLab may answer 500 although it has saved what it does not show.
    saves_before_error: Callable[[GitLab], bool] = lambda _gitlab: False

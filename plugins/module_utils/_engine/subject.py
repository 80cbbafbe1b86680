# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject is: one thing that the collection observes, plans and applies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .finding import obstacles
from .plan import Plan

if TYPE_CHECKING:
    from .._base.failure import Failure
    from .._gitlab.client import GitLab
    from .arguments import Arguments
    from .finding import Finding
    from .plan import Change
    from .run_plan import StepPlan


@dataclass(frozen=True)
class Subject:
    """One thing that the collection brings to its desired state."""

    arguments: Arguments
    # Options of the task -> checked options.
    options: Callable[[dict[str, Any]], Any]
    # GitLab is None for a subject that does without, see without_libraries.
    observe: Callable[[Any, Any], Any]
    # Return values that show a state: as observed, or as predicted by a plan.
    show: Callable[[Any, Any], dict[str, Any]]
    # Pure: options and what was observed -> what would change. A check changes nothing.
    plan: Callable[[Any, Any], Plan[Any]] = lambda _options, observed: Plan((), observed)
    # Pure too: what a check finds. Warnings are told; errors fail the task, before it is planned.
    findings: Callable[[Any, Any], Iterable[Finding]] = lambda _options, _observed: ()
    # The failure that the errors mean, of these options and what was observed.
    failure: Callable[[Sequence[Finding], Any, Any], Failure] = obstacles
    # What the result holds of the return values and the findings.
    with_findings: Callable[[dict[str, Any], Sequence[Finding]], dict[str, Any]] = (
        lambda shown, _findings: shown
    )
    # Pure: what was observed, and what the earlier steps of the run will have made of it.
    foresee: Callable[[Any, StepPlan], Any] = lambda observed, _step: observed
    # Called once with the plan, before anything is written: may refuse it, or keep it as a file.
    admit: Callable[[Any, Plan[Any]], None] = lambda _options, _plan: None
    # Whether it can do its work where requests and pydantic are missing.
    without_libraries: Callable[[Any], bool] = lambda _options: False
    # What a refusal means for this subject, of these changes, in GitLab's words; None where what
    # it means for every subject is all that can be said.
    explain: Callable[[GitLab, Sequence[Change], str, Failure], Failure | None] = (
        lambda _gitlab, _changes, _said, _failure: None
    )
    # Whether GitLab may answer 500 although it has saved what it does not show.
    saves_before_error: Callable[[GitLab], bool] = lambda _gitlab: False

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a subject: one thing that the collection observes, plans and applies."""

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
    # GitLab is None if the subject does without the libraries (without_libraries).
    observe: Callable[[Any, Any], Any]
    # Return values that show a state: as observed, or as predicted by a plan.
    show: Callable[[Any, Any], dict[str, Any]]
    # Pure: options and the observed state -> plan. A check has an empty one.
    plan: Callable[[Any, Any], Plan[Any]] = lambda _options, observed: Plan((), observed)
    # Pure too. Findings that are warnings are shown; errors fail the task before it is planned.
    findings: Callable[[Any, Any], Iterable[Finding]] = lambda _options, _observed: ()
    # Errors, options and the observed state -> the failure.
    failure: Callable[[Sequence[Finding], Any, Any], Failure] = obstacles
    # Return values and findings -> return values of the result.
    with_findings: Callable[[dict[str, Any], Sequence[Finding]], dict[str, Any]] = (
        lambda shown, _findings: shown
    )
    # Options and the observed state -> the state after more looks, if it may be old.
    look_again: Callable[[Any, Any, Any, StepPlan], Any] = (
        lambda _gitlab, _options, observed, _step: observed
    )
    # Pure: the observed state -> the state after the earlier steps of the run.
    foresee: Callable[[Any, StepPlan], Any] = lambda observed, _step: observed
    # Pure: whether the observed state lacks what the earlier steps of the run have written.
    is_late: Callable[[Any, StepPlan], bool] = lambda _observed, _step: False
    # Pure: a predicted state and the objects that GitLab has shown as written -> the state with
    # what only GitLab knows; None if something is still unknown.
    complete: Callable[[Any, Sequence[Any]], Any] = lambda predicted, _shown: predicted
    # Called once with the plan, before anything is written: may refuse it, or save it to a file.
    admit: Callable[[Any, Plan[Any]], None] = lambda _options, _plan: None
    # Whether it can do its work without requests and pydantic.
    without_libraries: Callable[[Any], bool] = lambda _options: False
    # Changes, GitLab's words and the general failure -> the subject's own failure for a refusal;
    # None if the general one is right.
    explain: Callable[[GitLab, Sequence[Change], str, Failure], Failure | None] = (
        lambda _gitlab, _changes, _said, _failure: None
    )
    # Whether GitLab may answer 500 although it has saved changes that it does not show.
    saves_before_error: Callable[[GitLab], bool] = lambda _gitlab: False

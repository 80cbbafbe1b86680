# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan.

A write with an unclear answer (lost, 5xx) is never repeated blindly, and a refusal is never taken
at its word, because GitLab can answer 500 after it saved, and can save part of a batch. After
either, the state is read and planned again; a change that is no longer planned has been made.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.http_messages import SERVER_ERROR
from .._base.messages import Failure, Journal, Unclear
from .._duo import application_urls
from .._duo.releases import Release
from .._gitlab.graphql import GENERAL_ERROR, READ_ONLY_ERROR, SETTING_ERROR, Mutation, Written
from .._gitlab.http import pause
from .access import explain
from .plan import entries
from .settle import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._gitlab.client import GitLab
    from .plan import Change, Plan, Step
    from .subject import Subject

# Seconds during which a lost write is looked for, if GitLab's processes cache what it changes.
_LOOKS = 2.0
# Mutations of one request: far below GitLab's limits (10,000 characters, complexity 250).
BATCH = 20
_RIGHTS = "Check the rights of the token's user, its scopes and the licence."


def apply(
    gitlab: GitLab,
    plan: Plan[Any],
    replan: Callable[[], Plan[Any]],
    journal: Journal | None = None,
    subject: Subject | None = None,
) -> list[str]:
    """Carry out the steps in order and return one line for each change that was made.

    :param gitlab: None if the steps run on a GitLab node and do not need it.
    :param replan: reads GitLab again and plans again.
    :param journal: records which changes were made, whatever ends this call.
    :param subject: explains GitLab's refusals and errors of its own changes.
    :raises Failure: at the first step that fails; ``done`` and ``not_done`` say which were made.
    """
    wanted = {change.about: change for change in plan.changes}
    journal = journal or Journal()
    pending = list(plan.steps)
    batch: list[Step] = []
    unknown: set[str] = set()
    attempt = 0
    waited = 0.0
    settling = Patience(gitlab.connection.settle_timeout if gitlab else 0)
    try:
        while pending:
            if pending[0].recheck:
                pending = _still_open(pending, replan())
                if not pending:
                    break
            batch = _next_batch(pending)
            problem: Failure
            looks = Patience(0)
            try:
                said = _send(gitlab, batch)
                refused = [
                    (step, it.refusal) for step, it in zip(batch, said, strict=True) if it.refusal
                ]
                journal.shown += [it.shown for it in said if not it.refusal]
                pending = [*(step for step, _text in refused), *pending[len(batch) :]]
                if not refused:
                    if any(step.unfinished for step in batch):
                        pending = _still_open([*batch, *pending], replan())
                    continue
                problem = _refusal(gitlab, refused[0][0].changes, refused[0][1], subject)
                # A refusal of many changes at once does not say which of them were saved.
                batch = [step for step, _text in refused]
                unsure = [it for step in batch for it in step.changes if len(step.changes) > 1]
            except Unclear as unclear:
                problem = unclear
                changes = [change for step in batch for change in step.changes]
                unsure = [] if unclear.refused else changes
                looks = Patience(min(_LOOKS, gitlab.connection.settle_timeout) if gitlab else 0)
            late = isinstance(problem, Unclear) and problem.late
            # A new plan proves nothing about a change that GitLab hides or is still working on.
            unknown |= {change.about for change in unsure if late or not change.visible}
            try:
                left = _still_open(pending, replan())
                while _may_be_old(problem, batch, left) and looks.wait():
                    left = _still_open(pending, replan())
            except Failure:
                # Reading failed for the same reason as the write, whose failure says more.
                unknown |= {change.about for change in unsure}
                raise problem from None
            progress = _count(left) < _count(pending)
            pending = left
            if not _count(left, of=batch):
                continue  # the write was carried out after all
            attempt, waited = (0, 0.0) if progress else (attempt + 1, waited)
            if not isinstance(problem, Unclear):
                if _is_made_by_another(batch, left) and attempt <= gitlab.connection.retries:
                    continue
                if _passes(gitlab, refused) and settling.wait():
                    continue
                raise problem
            if progress and not late and not problem.retry:
                continue  # the error came after part of the work: send the rest, each step once
            if _saved_unseen(gitlab, problem, batch[0], left, subject):
                pending = _without(pending, batch[0])
                continue
            if not problem.retry or attempt > gitlab.connection.retries:
                if attempt > 1:
                    problem.add_tries(attempt, waited)
                raise problem
            wait = pause(attempt, problem.wait)
            time.sleep(wait)
            waited += wait
    except (Exception, SystemExit) as error:
        if not isinstance(error, Failure):
            # A bug of ours: GitLab may have carried out the batch.
            unknown |= {change.about for step in batch for change in step.changes}
        elif error.code == messages.NOT_KEPT.code:
            # GitLab accepted it, but stored something else.
            unknown |= {change.about for step in batch for change in step.changes}
        open_changes = {change.about for step in pending for change in step.changes}
        unknown &= open_changes
        done = [it for about, it in wanted.items() if about not in open_changes]
        journal.changes = entries(done)
        journal.done = [str(it) for it in done]
        journal.not_done = [
            str(it) for about, it in wanted.items() if about in open_changes - unknown
        ]
        journal.unknown = [str(it) for about, it in wanted.items() if about in unknown]
        if isinstance(error, Failure):
            journal.done = error.done + journal.done
            error.done, error.not_done = journal.done, journal.not_done
            error.unknown = journal.unknown
        raise
    journal.changes = entries(wanted.values())
    journal.done = [str(change) for change in wanted.values()]
    return journal.done


def _still_open(pending: Sequence[Step], plan: Plan[Any]) -> list[Step]:
    """Return the steps of a new plan that are still pending.

    Steps that are not pending are left out: a change that GitLab does not show is in every new
    plan, although it has been made, and a change that was not in the first plan was not announced.
    """
    return [
        step
        for step in plan.steps
        if _count([step], of=pending) and not _abouts(step) <= plan.done_elsewhere
    ]


def _may_be_old(problem: Failure, batch: Sequence[Step], left: Sequence[Step]) -> bool:
    """Return whether a change that seems missing after an unclear answer may just not show yet.

    It may if GitLab's processes cache the state: another one may have written it.
    """
    return batch[0].copied and isinstance(problem, Unclear) and _count(left, of=batch) > 0


def _is_made_by_another(batch: Sequence[Step], left: Sequence[Step]) -> bool:
    """Return whether the new plan needs another mutation than the refused one.

    For example because another run has created the model, which then has to be updated.
    """
    sent = {
        about: step.call.field
        for step in batch
        if isinstance(step.call, Mutation)
        for about in _abouts(step)
    }
    return any(
        about in sent and isinstance(step.call, Mutation) and step.call.field != sent[about]
        for step in left
        for about in _abouts(step)
    )


def _passes(gitlab: GitLab, refused: Sequence[tuple[Step, str]]) -> bool:
    """Return whether GitLab refused only because an earlier write is not visible everywhere yet."""
    return all(step.passes(gitlab, said) for step, said in refused)


def _next_batch(pending: Sequence[Step]) -> list[Step]:
    """Return the leading steps that fit into one request: mutations of the same field."""
    first = pending[0]
    if not isinstance(first.call, Mutation):
        return [first]
    batch = []
    for step in pending[:BATCH]:
        if not isinstance(step.call, Mutation) or step.call.field != first.call.field:
            break
        batch.append(step)
    return batch


def _send(gitlab: GitLab, batch: Sequence[Step]) -> list[Written]:
    """Send the batch; return GitLab's answer to each step.

    :raises Unclear: it is not known what was carried out.
    :raises Failure: nothing was carried out.
    """
    first = batch[0]
    if not isinstance(first.call, Mutation):
        first.call.perform(gitlab)
        return [Written("")]
    return gitlab.mutate([step.call for step in batch if isinstance(step.call, Mutation)])


def _refusal(
    gitlab: GitLab, changes: Sequence[Change], said: str, subject: Subject | None
) -> Failure:
    failure = _general_refusal(gitlab, changes, said)
    if subject and (own := subject.explain(gitlab, changes, said, failure)):
        failure = own
    failure.about = ", ".join(change.about for change in changes)
    return failure


def _general_refusal(gitlab: GitLab, changes: Sequence[Change], said: str) -> Failure:
    """Return the failure for a refusal that means the same for every subject."""
    if said.startswith(READ_ONLY_ERROR):
        return Failure(messages.READ_ONLY, reason=said)
    if said.startswith((GENERAL_ERROR, SETTING_ERROR)):
        try:
            return explain(gitlab, Release.of(gitlab.read().version), writing=True)
        except Failure:
            # The refusal is what counts; others of its batch may have been carried out.
            return Failure(messages.REFUSED, reason=said.rstrip("."), hint=_RIGHTS)
    if names := application_urls.named_in(said):
        about = ", ".join(change.about for change in changes)
        return application_urls.failure(names, f"the {about}")
    return Failure(messages.REFUSED, reason=said.rstrip("."), hint=messages.CORRECT)


def _saved_unseen(
    gitlab: GitLab,
    problem: Unclear,
    first: Step,
    left: Sequence[Step],
    subject: Subject | None,
) -> bool:
    """Return whether GitLab, despite a 500, carried out a step whose changes it does not show."""
    sent = _abouts(first)
    unseen = all(not it.visible for step in left for it in step.changes if it.about in sent)
    if problem.code != SERVER_ERROR.code or not unseen or subject is None:
        return False
    return subject.saves_before_error(gitlab)


def _without(pending: Sequence[Step], done: Step) -> list[Step]:
    return [step for step in pending if not _abouts(step) <= _abouts(done)]


def _abouts(step: Step) -> set[str]:
    return {change.about for change in step.changes}


def _count(steps: Sequence[Step], of: Sequence[Step] | None = None) -> int:
    """Count the changes of the steps, or only those that are also in ``of``."""
    abouts = None if of is None else {change.about for step in of for change in step.changes}
    return sum(
        1 for step in steps for change in step.changes if abouts is None or change.about in abouts
    )

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply: the one way through the collection, behind both doors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._base import bug as _bug
from .._base import http_messages, libraries, messages
from .._base.invalid import names_of
from .._base.messages import Failure, Journal, one_line
from .._base.options import check
from .._base.urls import instance_name, is_plain
from .._duo.releases import Release
from .._gitlab.client import GitLab
from .._gitlab.connection import CONNECTION_SPEC, Connection
from .._gitlab.graphql import Mutation
from .apply import apply
from .finding import Finding, errors
from .plan import Plan
from .run_plan import PLAN_SPEC, StepPlan
from .settle import REPEATS, Patience

if TYPE_CHECKING:
    from .subject import Subject

# -vvv, the verbosity at which Ansible itself shows tracebacks.
TRACED = 3

Reach = Callable[[Connection], AbstractContextManager[GitLab]]


def perform(
    subject: Subject,
    params: dict[str, Any],
    *,
    check_mode: bool,
    reach: Reach = GitLab,
    secrets: Collection[str] = (),
    journal: Journal | None = None,
) -> dict[str, Any]:
    """Bring the subject to its desired state, or say what that would change.

    :param reach: makes a client of GitLab from a connection.
    :param secrets: those that GitLab may repeat, masked in the message of a finding.
    :param journal: records what was carried out, whatever is raised afterwards.
    :returns: ``changed``, ``changes``, ``diff``, ``steps``, ``unseen``, ``warnings`` and the
        subject's own return values.
    :raises Failure: with the sentence for the user.
    """
    journal = journal or Journal()
    options = subject.options(
        {
            "dry_run": check_mode,
            **{
                name: value
                for name, value in params.items()
                if name not in (*CONNECTION_SPEC, *PLAN_SPEC) and value is not None
            },
        }
    )
    step = StepPlan.of(params.get("plan"))
    # In a real run the earlier steps have been carried out.
    ahead = step if check_mode else replace(step, preceding=())
    with _reach(subject, params, options, reach) as gitlab, _noting_version(gitlab, journal):

        def look() -> Any:
            found = subject.observe(gitlab, options)
            found = subject.look_again(gitlab, options, found, step)
            return subject.foresee(found, ahead)

        def replan() -> Plan[Any]:
            if gitlab:
                gitlab.forget()
            return _judged(subject, options, look())[1]

        observed = look()
        if not check_mode:
            observed = _caught_up(gitlab, subject, step, observed, look)
        findings, plan = _judged(subject, options, observed)
        warnings = [it.text for it in findings if it.severity == "warning"]
        warnings += [*plan.warnings, *step.warnings(plan.changes)]
        if not errors(findings):
            subject.admit(options, plan)
        steps = [str(change) for change in plan.changes]
        state = plan.predicted
        if plan.steps and not check_mode:
            steps = apply(gitlab, plan, replan, journal, subject)
            proven = plan.is_proven(journal.shown, watched=step.watched)
            state = subject.complete(state, journal.shown) if proven else None
            if state is None:
                state, findings = _settled(gitlab, subject, options, plan, steps, look)
        result = {
            "changed": bool(plan.steps),
            "changes": plan.entries(),
            "diff": plan.diff(params["api_url"]),
            "steps": steps,
            "unseen": [change.about for change in plan.changes if not change.visible],
            "warnings": list(dict.fromkeys([*_newer(gitlab), *warnings])),
            **subject.with_findings(subject.show(options, state), findings),
        }
        if found := errors(findings):
            failure = subject.failure(found, options, state)
            failure.keep(journal)
            result.update(failed(failure, params["api_url"], secrets))
        return result


def _caught_up(
    gitlab: GitLab | None, subject: Subject, step: StepPlan, observed: Any, look: Callable[[], Any]
) -> Any:
    """Return the state once GitLab shows what the earlier steps of the run have written.

    After ``settle_timeout`` it is taken as it is: somebody else may have undone what they wrote.
    """
    patience = Patience(gitlab.connection.settle_timeout if gitlab else 0)
    while subject.is_late(observed, step) and patience.wait():
        if gitlab:
            gitlab.forget()
        observed = look()
    return observed


def _judged(subject: Subject, options: Any, observed: Any) -> tuple[Sequence[Finding], Plan[Any]]:
    """Return the findings about an observed state, and the plan: empty if one is an error."""
    findings = list(subject.findings(options, observed))
    return findings, Plan((), observed) if errors(findings) else subject.plan(options, observed)


def _settled(
    gitlab: GitLab | None,
    subject: Subject,
    options: Any,
    plan: Plan[Any],
    steps: list[str],
    look: Callable[[], Any],
) -> tuple[Any, Sequence[Finding]]:
    """Return the state that GitLab shows after all steps, and its findings.

    A reading may be old, so the state is read again for as long as the connection allows.

    :raises Failure: it is not the desired one, or it cannot be read.
    """
    seconds = gitlab.connection.settle_timeout if gitlab else 0
    patience, looks = Patience(seconds), 0
    try:
        while True:
            if gitlab:
                gitlab.forget()
            state = look()
            findings, left = _judged(subject, options, state)
            missing = [change.unkept for change in left.changes if change.visible]
            if found := errors(findings):
                # The change caused them: with errors before it, nothing would have been changed.
                missing.append(subject.failure(found, options, state).what.rstrip("."))
            late = [step for step in plan.steps if step.shows and not step.shows(state)]
            if not (missing or late):
                break
            calls = [step.call for step in left.steps if step.repeatable]
            # Not after the first reading, which may only be old.
            if gitlab and 0 < looks <= REPEATS:
                for call in calls:
                    if not isinstance(call, Mutation):
                        call.perform(gitlab)
            looks += 1
            if not patience.wait():
                break
        if missing:
            witness = f"every reading for {seconds} s showed"
            raise Failure(messages.NOT_KEPT, witness=witness, objects=", ".join(missing))
    except Failure as failure:
        # All steps were carried out, whatever the reading says.
        failure.done = steps
        raise
    return state, findings


def _reach(subject: Subject, params: dict[str, Any], options: Any, reach: Reach) -> Any:
    """Return the client of GitLab; an empty context if the subject can do without libraries."""
    if libraries.MISSING and subject.without_libraries(options):
        return nullcontext()
    libraries.demand()
    return reach(
        check(Connection, {name: params[name] for name in CONNECTION_SPEC}, names_of(params))
    )


@contextmanager
def _noting_version(gitlab: GitLab | None, journal: Journal) -> Iterator[None]:
    """Record the version of GitLab in the journal at the end, even after an exception."""
    try:
        yield
    finally:
        if gitlab and gitlab.version:
            journal.version = gitlab.version.text


def _newer(gitlab: GitLab | None) -> list[str]:
    release = Release.of(gitlab.version) if gitlab and gitlab.version else None
    if release is None or not release.newer_than_known:
        return []
    return [
        f"GitLab {release.text} is newer than the newest release that this version of the "
        "collection knows, and is treated like that release."
    ]


def failed(failure: Failure, url: str, secrets: Collection[str] = ()) -> dict[str, Any]:
    """Return the result of a task that failed."""
    instance = instance_name(url)
    failure.secrets = secrets
    return {
        "failed": True,
        # True even for a failure half-way.
        "changed": bool(failure.done or failure.unknown),
        "msg": failure.sentence(instance),
        "failure": {
            "code": failure.code,
            "instance": instance,
            "about": failure.about,
            "what": failure.what,
            "next_step": failure.next_step,
            "done": failure.done,
            "not_done": failure.not_done,
            "unknown": failure.unknown,
            **failure.bug,
        },
    }


def with_data(result: dict[str, Any], journal: Journal, url: str) -> dict[str, Any]:
    """Return a result with the data that every result has: the instance and the changes."""
    version = {"version": journal.version} if journal.version else {}
    instance = {"url": instance_name(url), **version, **result.get("instance", {})}
    return {"changes": journal.changes, **result, "instance": instance}


def outcome(
    subject: Subject,
    params: dict[str, Any],
    *,
    check_mode: bool,
    diff_mode: bool,
    reach: Reach = GitLab,
    secrets: Collection[str] = (),
    verbosity: int = 0,
) -> dict[str, Any]:
    """Return the result of a task, whatever happens; both doors call this.

    :param secrets: those that GitLab may repeat. Both doors mask them in the whole result, but a
        message must be masked here, before it is shortened.
    :param verbosity: how many ``-v`` were given.
    """
    url = str(params["api_url"])
    journal = Journal()
    try:
        result = perform(
            subject, params, check_mode=check_mode, reach=reach, secrets=secrets, journal=journal
        )
    except Failure as failure:
        failure.keep(journal)
        result = failed(failure, url, secrets)
    except (Exception, SystemExit) as error:
        # Core would print a traceback that shows the options, secrets included. SystemExit would
        # end the worker process of the action door, and with it the whole play.
        bug = _bug.failure(error, traced=verbosity >= TRACED)
        bug.keep(journal)
        result = failed(bug, url, secrets)
    result = with_data(result, journal, url)
    if is_plain(url):
        warning = Failure(http_messages.PLAIN_HTTP).sentence(instance_name(url))
        result["warnings"] = [warning, *result.get("warnings", ())]
    if "warnings" in result:
        result["warnings"] = [one_line(text) for text in result["warnings"]]
    if not diff_mode:
        result.pop("diff", None)
    return result

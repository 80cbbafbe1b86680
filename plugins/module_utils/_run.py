# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply: the one way through the collection, and the door for modules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from . import _bug, _errors, _http_errors, _libraries
from ._apply import apply
from ._arguments import CONNECTION, secrets_in
from ._client import GitLab
from ._connection import Connection
from ._errors import Failure, Journal, one_line
from ._invalid import invalid, names_of
from ._plan import Mutation, Plan
from ._settle import REPEATS, Patience
from ._shapes import advice, malformed
from ._urls import credentials, instance_name, is_plain
from ._validators import check

if TYPE_CHECKING:
    from ._arguments import Arguments

# -vvv, the verbosity at which Ansible itself shows traces.
TRACED = 3

Reach = Callable[[Connection], AbstractContextManager[GitLab]]


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

    :param reach: makes the way to GitLab from a connection.
    :param secrets: what GitLab may repeat, masked in the message of a finding.
    :param journal: is told what was carried out, whatever is raised afterwards.
    :returns: ``changed``, ``diff``, ``steps``, ``unseen``, ``warnings``, what the subject shows.
    :raises Failure: with the sentence for the user.
    """
    journal = journal or Journal()
    options = subject.options(
        {
            "dry_run": check_mode,
            **{
                name: value
                for name, value in params.items()
                if name not in CONNECTION and value is not None
            },
        }
    )
    with _reach(subject, params, options, reach) as gitlab:

        def replan() -> Plan[Any]:
            if gitlab:
                gitlab.forget()
            return subject.plan(options, subject.observe(gitlab, options))

        plan = subject.plan(options, subject.observe(gitlab, options))
        steps = [str(change) for change in plan.changes]
        state = plan.predicted
        if plan.steps and not check_mode:
            steps = apply(gitlab, plan, replan, journal)
            state = _proven(gitlab, subject, options, plan, steps)
        result = {
            "changed": bool(plan.steps),
            "diff": plan.diff(params["api_url"]),
            "steps": steps,
            "unseen": [change.about for change in plan.changes if not change.visible],
            "warnings": [*_newer(gitlab), *plan.warnings],
            **subject.show(options, state),
        }
        failure = subject.judge(options, state)
        if failure:
            failure.keep(journal)
            result.update(_failed(failure, params["api_url"], secrets))
        return result


def _proven(
    gitlab: GitLab | None, subject: Subject, options: Any, plan: Plan[Any], steps: list[str]
) -> Any:
    """Return the state after all steps: as GitLab's answers proved it, else read from GitLab.

    What it shows may be old, so it is read again for as long as the connection allows.

    :raises Failure: it is not the desired one, or it cannot be read.
    """
    if plan.is_proven:
        return plan.predicted
    seconds = gitlab.connection.settle_timeout if gitlab else 0
    patience, looks = Patience(seconds), 0
    try:
        while True:
            if gitlab:
                gitlab.forget()
            state = subject.observe(gitlab, options)
            left = subject.plan(options, state)
            missing = [change.unkept for change in left.changes if change.visible]
            judged = subject.judge(options, state)
            if judged:
                # It was judged before the change too, and said nothing.
                missing.append(judged.what.rstrip("."))
            late = [step for step in plan.steps if step.shows and not step.shows(state)]
            if not (missing or late):
                break
            calls = [step.call for step in left.steps if step.repeatable]
            # Not at once, because the reading may only be old.
            if gitlab and 0 < looks <= REPEATS:
                for call in calls:
                    if not isinstance(call, Mutation):
                        call.perform(gitlab)
            looks += 1
            if not patience.wait():
                break
        if missing:
            witness = f"for {seconds} s each new reading showed"
            raise Failure(_errors.NOT_KEPT, witness=witness, objects=", ".join(missing))
    except Failure as failure:
        # All of it was carried out, whatever the reading says.
        failure.done = steps
        raise
    return state


def _reach(subject: Subject, params: dict[str, Any], options: Any, reach: Reach) -> Any:
    """Return the way to GitLab; none on a node without libraries, where nothing else needs it."""
    if _libraries.MISSING and subject.without_libraries(options):
        return nullcontext()
    _libraries.demand()
    return reach(check(Connection, {name: params[name] for name in CONNECTION}, names_of(params)))


def _newer(gitlab: GitLab | None) -> list[str]:
    release = gitlab.release if gitlab else None
    if release is None or not release.newer_than_known:
        return []
    return [
        f"GitLab {release.text} is newer than the newest release that this version of the "
        "collection knows: it is handled like that one."
    ]


def _failed(failure: Failure, url: str, secrets: Collection[str] = ()) -> dict[str, Any]:
    instance = instance_name(url)
    failure.secrets = secrets
    return {
        "failed": True,
        # Truthful also when it stopped half-way.
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
    """Return the result of a task, whatever happens: both doors end here.

    :param secrets: what GitLab may repeat. Both doors mask them in the whole result; a message is
        masked here already, before it is cut.
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
        result = _failed(failure, url, secrets)
    except (Exception, SystemExit) as error:
        # Core would print the traceback with the options in it; secrets are among them. SystemExit
        # would end the worker of the action door, and with it the whole play.
        bug = _bug.failure(error, traced=verbosity >= TRACED)
        bug.keep(journal)
        result = _failed(bug, url, secrets)
    if is_plain(url):
        warning = Failure(_http_errors.PLAIN_HTTP).sentence(instance_name(url))
        result["warnings"] = [warning, *result.get("warnings", ())]
    if "warnings" in result:
        result["warnings"] = [one_line(text) for text in result["warnings"]]
    if not diff_mode:
        result.pop("diff", None)
    return result


def refused(
    arguments: Arguments, given: dict[str, Any], said: str, secrets: Collection[str]
) -> dict[str, Any] | None:
    """Return the result of a task whose options are refused by Ansible, or here for their shape.

    Both doors end here, with the options before core converts them. None if nothing is wrong.

    :param said: by Ansible, which may repeat what it refuses, however long; or ``""``.
    """
    names = names_of(given)
    said = str(remove_values(said, secrets)).rstrip(".")
    problems = malformed(arguments.spec, given, names)
    if said and not problems:
        problems = [(said, advice(said, arguments.spec, names))]
    url = given.get("api_url")
    if not problems:
        return None
    return _failed(invalid(problems), url if isinstance(url, str) else "", secrets)


class Module(AnsibleModule):
    """A module that says what Ansible refuses as it says everything else."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        super().__init__(  # type: ignore[no-untyped-call]
            **arguments.constraints(), supports_check_mode=True
        )

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]
        # Before core converts it, and drops what it refuses.
        self._given = dict(self.params)

    def fail_json(self, msg: Any, **kwargs: Any) -> NoReturn:
        """End with a failure: with one of the collection, or with Ansible's view of the options."""
        self.no_log_values.update(secrets_in(self._given))
        if "failure" not in kwargs:
            said = str(msg) or "The options are refused"
            result = refused(self._arguments, self._given, said, self.no_log_values) or {}
            msg, kwargs = result.pop("msg", said), {**kwargs, **result}
        super().fail_json(msg, **kwargs)


def run(subject: Subject) -> None:
    """Run as an Ansible module."""
    module = Module(subject.arguments)
    module.no_log_values.update(credentials(module.params))
    result = refused(subject.arguments, module._given, "", module.no_log_values) or outcome(
        subject,
        module.params,
        check_mode=module.check_mode,
        diff_mode=bool(module._diff),
        secrets=module.no_log_values,
        verbosity=module._verbosity,
    )
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)

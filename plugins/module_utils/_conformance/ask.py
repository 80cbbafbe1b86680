# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask one GitLab everything that beliefs are judged on. Only the trial writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._base import conformance_messages
from .._base.messages import Failure
from .._duo.releases import Release
from .._engine.access import ADD_ONS, LICENSE
from .._gitlab.graphql import METADATA
from .._subjects.gateway import PARTS as GATEWAY
from .._subjects.stored import (
    FEATURE_SETTINGS,
    GITLAB_MODELS,
    models_part,
    provider_part,
    read_state,
)
from .learnt import NOWHERE, Learnt
from .trial import Trial, features_in_use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._gitlab.client import GitLab
    from .._gitlab.sign_in import SignIn
    from .belief import Belief

# GitLab's limit is 10,000 characters for all queries of one request.
_LONGEST = 9000
_NO_TRIAL = "nothing was to be written"
_NO_SESSION = "no session was given"


def ask(
    gitlab: GitLab, beliefs: Iterable[Belief], sign_in: SignIn, *, write: bool, production: bool
) -> Learnt:
    """Ask one GitLab, and return what was learnt.

    :param write: whether to write too; all writes are undone.
    :raises Failure: it cannot be reached, does not accept the token, or must not be written to.
    """
    learnt = Learnt(Release.of(gitlab.read().version))
    tried = write and _may_be_tried(gitlab, learnt, production=production)
    _protocol(gitlab, learnt)
    _questions(gitlab, learnt, [it for it in beliefs if it.is_held_for(learnt.release)])
    parts = (
        LICENSE,
        ADD_ONS,
        models_part(),
        provider_part(),
        FEATURE_SETTINGS,
        GITLAB_MODELS,
        *GATEWAY,
    )
    _send(gitlab, learnt, [{"query": it.document, "variables": it.values} for it in parts])
    learnt.seen["whole"].append(True)
    _topic(learnt, "T", "settings", lambda: gitlab.rest("/application/settings"))
    _topic(learnt, "A", "token", lambda: gitlab.rest("/personal_access_tokens/self"))
    if sign_in.can_sign_in:
        _pages(gitlab, learnt, sign_in)
    else:
        learnt.unasked["B"] = _NO_SESSION
    if tried:
        Trial(gitlab, learnt).run()
    elif not write:
        learnt.unasked["W"] = _NO_TRIAL
    return learnt


def _may_be_tried(gitlab: GitLab, learnt: Learnt, *, production: bool) -> bool:
    """Return whether models can be read, without which nothing could be undone.

    :raises Failure: the instance must not be written to.
    """
    if production:
        raise Failure(conformance_messages.TRIAL_IN_PRODUCTION)
    try:
        _reading, state = read_state(gitlab)
    except Failure as problem:
        learnt.unasked["W"] = f"models cannot be read ({problem.code})"
        return False
    if used := features_in_use(state):
        raise Failure(conformance_messages.TRIAL_ON_FEATURES, features=", ".join(used))
    return True


def _protocol(gitlab: GitLab, learnt: Learnt) -> None:
    """Send two documents at once, one of them wrong, and then one whose field is not included."""
    both = gitlab.answers([{"query": f"{{ {NOWHERE} }}"}, {"query": METADATA.document}])
    learnt.seen["multiplex"].append(both if gitlab.multiplexes else None)
    left_out = "query($g: Boolean!) { metadata @include(if: $g) { version } }"
    learnt.seen["left out"] += gitlab.answers([{"query": left_out, "variables": {"g": False}}])


def _questions(gitlab: GitLab, learnt: Learnt, beliefs: list[Belief]) -> None:
    bodies: list[dict[str, Any]] = []
    for question in (it for belief in beliefs for it in belief.questions):
        if question.body not in bodies:
            bodies.append(question.body)
    _send(gitlab, learnt, bodies)


def _send(gitlab: GitLab, learnt: Learnt, bodies: list[dict[str, Any]]) -> None:
    for some in _batches(bodies):
        for body, answer in zip(some, gitlab.answers(some), strict=True):
            learnt.take(body["query"], answer)


def _batches(bodies: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    length = 0
    for body in bodies:
        if batch and length + len(body["query"]) > _LONGEST:
            yield batch
            batch, length = [], 0
        batch.append(body)
        length += len(body["query"])
    if batch:
        yield batch


def _topic(learnt: Learnt, subject: str, topic: str, read: Callable[[], Any]) -> None:
    try:
        found = read()
    except Failure as problem:
        learnt.unasked[subject] = f"GitLab did not answer ({problem.code})"
        return
    if found is None:
        learnt.unasked[subject] = "the token may not read it"
    else:
        learnt.seen[topic].append(found)


def _pages(gitlab: GitLab, learnt: Learnt, sign_in: SignIn) -> None:
    try:
        learnt.seen["beta page"].append(gitlab.admin_session(sign_in).beta_state())
    except Failure as problem:
        learnt.seen["beta page"].append(None)
        learnt.unasked["B"] = f"no page showed it ({problem.code})"

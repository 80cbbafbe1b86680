# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the connections of self-hosted models: GitLab asks the gateway, which asks the model.

GraphQL ``aiSelfHostedModelConnectionCheck`` (17.7), a mutation that stores nothing.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.messages import Failure, accepted
from .._duo.releases import Release
from .._engine.access import explain
from .._gitlab.graphql import GENERAL_ERROR, READ_ONLY_ERROR, Mutation
from .._subjects.one_model import about
from .health_advice import is_late
from .health_check import Check, line, of_failure, verdict
from .health_notes import MODEL_PROBE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._gitlab.client import GitLab
    from .._subjects.stored import Model, State
    from .health_probes import Facts

# Models per request: GitLab waits up to 15 s for each, and ends a request after a minute.
TOGETHER = 3
_SELECTION = "errors result { success message }"
_NO_LIMIT: AbstractContextManager[None] = nullcontext()


def connections(
    gitlab: GitLab,
    names: Sequence[str],
    state: State,
    facts: Facts,
    *,
    attempts: int,
    delay: float,
    passed: Mapping[str, Check],
    together: bool,
) -> dict[str, Check]:
    """Check the models by name, and repeat the check of those that were too slow.

    :param attempts: how often a slow model is checked.
    :param delay: seconds before each round of repetitions.
    :param passed: the checks that passed in an earlier look, which are not repeated.
    :param together: check several models in one request, so that one process of GitLab answers.
    """
    checks = {name: passed.get(name) or _unasked(name, state) for name in names}
    open_ = [name for name, it in checks.items() if it is None]
    size = TOGETHER if together else 1
    for first in range(0, len(open_), size):
        group = open_[first : first + size]
        checks |= dict(zip(group, _ask(gitlab, group, state, facts), strict=True))
    made = {name: it for name, it in checks.items() if it}
    for attempt in range(2, attempts + 1):
        late = [name for name, it in made.items() if not it.success and is_late(it.message)]
        if not late:
            break
        time.sleep(delay)
        for name in late:
            (again,) = _ask(gitlab, [name], state, facts)
            message = f"{again.message} GitLab was asked {attempt} times."
            made[name] = again if again.success else replace(again, message=message)
    return made


def _unasked(name: str, state: State) -> Check | None:
    """Return the failed check of a model that GitLab cannot check, or None."""
    model = state.models.get(name)
    if model is None:
        known = accepted(name, state.models) or "none"
        return of_failure(
            MODEL_PROBE, about(name), Failure(messages.NO_SUCH_MODEL, model=name, models=known)
        )
    if model.hidden:
        hidden = of_failure(MODEL_PROBE, about(name), Failure(messages.MODEL_HIDDEN))
        return replace(hidden, doubtful=True)
    return None


def _ask(gitlab: GitLab, names: Sequence[str], state: State, facts: Facts) -> list[Check]:
    """Return GitLab's verdicts on the connections to models, from one request."""
    together = len(names) > 1
    models = [state.models[name] for name in names]
    mutations = [_mutation(it, state, facts.release) for it in models]
    # Slow models together may take longer than the timeout.
    limit = gitlab.until(time.monotonic() + gitlab.connection.timeout) if together else _NO_LIMIT
    try:
        with limit:
            answers = gitlab.ask(mutations, _SELECTION)
    except Failure as failure:
        if together:
            return [check for name in names for check in _ask(gitlab, [name], state, facts)]
        return [of_failure(MODEL_PROBE, about(names[0]), failure)]
    return [
        _judged(gitlab, model, *answer, facts)
        for model, answer in zip(models, answers, strict=True)
    ]


def _mutation(model: Model, state: State, release: Release) -> Mutation:
    values = {"name": model.name, "model": model.family.upper()}
    if model.endpoint or release.model_needs_endpoint:
        values["endpoint"] = model.endpoint
    if model.identifier:
        values["identifier"] = model.identifier
    if state.has_provider:
        values["provider"] = model.provider or "API"
    if model.iam_role:
        values["iamRole"] = model.iam_role
    if model.api_key:
        values["apiToken"] = model.api_key
    return Mutation("aiSelfHostedModelConnectionCheck", values)


def _judged(
    gitlab: GitLab, model: Model, payload: Mapping[str, Any], refused: str, facts: Facts
) -> Check:
    # A model server may repeat the refused key in its message.
    key = model.api_key or "\0"
    result = payload.get("result")
    if refused or not isinstance(result, dict):
        failure = _refusal(gitlab, refused.replace(key, "********"))
        return of_failure(MODEL_PROBE, about(model.name), failure)
    message = line(str(result.get("message") or "").replace(key, "********"))
    return verdict(MODEL_PROBE, about(model.name), result.get("success") is True, message, facts)


def _refusal(gitlab: GitLab, refused: str) -> Failure:
    """Return the failure that explains why GitLab did not try."""
    if refused.startswith(READ_ONLY_ERROR):
        return Failure(messages.READ_ONLY, reason=refused)
    if refused.startswith(GENERAL_ERROR):
        try:
            return explain(gitlab, Release.of(gitlab.read().version), writing=True)
        except Failure as failure:
            return failure
    reason = refused.rstrip(".") or "no result"
    return Failure(messages.REFUSED, reason=reason, hint="Look into GitLab's logs.")

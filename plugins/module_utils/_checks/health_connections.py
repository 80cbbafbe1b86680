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
from .._subjects.connection_check import SELECTION, answered, is_late, question
from .._subjects.one_model import about
from .health_check import Check, line, of_failure, verdict
from .health_notes import MODEL_PROBE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._gitlab.client import GitLab
    from .._subjects.stored import Model, State
    from .health_probes import Facts

# Models per request: GitLab waits up to 15 s for each, and ends a request after a minute.
TOGETHER = 3
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
    has_provider = state.has_provider
    mutations = [question(it, facts.release, has_provider=has_provider) for it in models]
    # Slow models together may take longer than the timeout.
    limit = gitlab.until(time.monotonic() + gitlab.connection.timeout) if together else _NO_LIMIT
    try:
        with limit:
            answers = gitlab.ask(mutations, SELECTION)
    except Failure as failure:
        if together:
            return [check for name in names for check in _ask(gitlab, [name], state, facts)]
        return [of_failure(MODEL_PROBE, about(names[0]), failure)]
    return [
        _judged(gitlab, model, *answer, facts)
        for model, answer in zip(models, answers, strict=True)
    ]


def _judged(
    gitlab: GitLab, model: Model, payload: Mapping[str, Any], refused: str, facts: Facts
) -> Check:
    try:
        works, message = answered(gitlab, model, payload, refused)
    except Failure as failure:
        return of_failure(MODEL_PROBE, about(model.name), failure)
    return verdict(MODEL_PROBE, about(model.name), works, line(message), facts)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of self-hosted models as tests make them: instances, plans and refusals without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    self_hosted_model as subject,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    has_provider,
    release,
    state,
)


def found(*models: Any, version: str = "18.9", **more: Any) -> subject.ObservedModels:
    """Return an instance with these models."""
    more.setdefault("has_provider", has_provider(version))
    if more["has_provider"]:
        models = [it.model_copy(update={"provider": it.provider or "API"}) for it in models]
    return subject.ObservedModels(release=release(version), state=state(*models, **more))


def plan(wanted: dict[str, Any], there: subject.ObservedModels):
    """Plan as a task with these options would; no secret may show in what it shows."""
    made = subject.plan(subject.options(wanted), there)
    visible = [repr(made.steps), made.diff("x"), [str(it) for it in made.changes]]
    visible.append(subject.show(subject.options(wanted), made.predicted))
    assert "must-not-show" not in str(visible)
    return made


def refusal(wanted: dict[str, Any], there: subject.ObservedModels) -> Failure:
    """Return the failure of a plan."""
    with pytest.raises(Failure) as caught:
        plan(wanted, there)
    assert "must-not-show" not in caught.value.sentence()
    return caught.value

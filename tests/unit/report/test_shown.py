# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state that a report shows, made from results of the subjects themselves."""

from __future__ import annotations

from typing import Any

import pytest
from fleet import failure, one, seen

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.http_messages import TIMED_OUT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import NOT_KEPT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    self_hosted_model as subject,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import model, release, state

# The others begin like the first, one of them as a line of its renaming goes on.
NAMES = ("old", "old (name: old -> new)", "old model")
PLACE = {"model_family": "mistral", "endpoint": "https://vllm.example.com/v1"}
READ = ("duo_info", seen(models=[{"name": name, **PLACE} for name in NAMES]))


def result(wanted: dict[str, Any], there: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """Return the result of duo_self_hosted_model with these options, where these models are."""
    options = subject.options(wanted)
    models = [model(name, family="mistral", endpoint=PLACE["endpoint"]) for name in there]
    plan = subject.plan(options, subject.ObservedModels(release("18.9"), state(*models, beta=True)))
    return {
        "changed": bool(plan.steps),
        "changes": plan.entries(),
        **subject.show(options, plan.predicted),
    }


def shown(*results: tuple[str, dict[str, Any]], check_mode: bool) -> list[str]:
    """Return the models that the report of one instance shows."""
    (instance,) = one(*results, check_mode=check_mode).instances
    return list(instance.cells["models"].shows)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"name": "old", "state": "absent"}, list(NAMES[1:])),
        ({"name": NAMES[1], "state": "absent"}, ["old", "old model"]),
        ({"name": "old", "new_name": "new"}, [*NAMES[1:], "new"]),
        (
            {"name": "old", "new_name": "new", "endpoint": "https://b.example.com/v1"},
            [*NAMES[1:], "new"],
        ),
        ({"name": "old", "endpoint": "https://b.example.com/v1"}, list(NAMES)),
        ({"models": [{"name": "old"}], "exclusive": True}, ["old"]),
        ({"models": [], "exclusive": True}, []),
    ],
)
def test_a_model_that_went_is_not_shown(
    wanted: dict[str, Any], left: list[str], check_mode: bool
) -> None:
    changed = ("duo_self_hosted_model", result(wanted))
    assert shown(READ, changed, check_mode=check_mode) == left


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (TIMED_OUT.code, [NAMES[1]]),
        # It was sent and accepted, but found as before when it was read again.
        (NOT_KEPT.code, list(NAMES)),
    ],
)
def test_what_went_before_a_failure_is_not_shown(code: str, left: list[str]) -> None:
    done = [
        *result({"name": "old", "state": "absent"})["changes"],
        *result({"name": "old model", "new_name": "new"})["changes"],
    ]
    broken = {**failure(code, "No."), "changes": done}
    assert shown(READ, ("duo_self_hosted_model", broken), check_mode=False) == left


def test_a_later_reading_is_all_there_is() -> None:
    later = ("duo_info", seen(models=[], features=[]))
    (instance,) = one(READ, later, check_mode=False).instances
    assert instance.cells["models"].shows == {}
    assert instance.cells["features"].shows == {}


def test_in_a_dry_run_a_reading_does_not_hide_what_would_be() -> None:
    renamed = ("duo_self_hosted_model", result({"name": "old", "new_name": "new"}))
    assert shown(READ, renamed, READ, check_mode=True) == [*NAMES[1:], "new"]
    assert shown(READ, renamed, READ, check_mode=False) == list(NAMES)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task compares its changes with its part of the plan: it warns of new ones, or refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import ABSENT, Change
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run_plan import StepPlan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

URL = "https://vllm.example.com/v1"
KEY_SET, KEY_CHANGED, KEY_CLEARED = (
    Change("self_hosted_model", "old", {"api_key": "(set)"}, {"api_key": after})
    for after in ("(set)", "(changed)", "(cleared)")
)
RENAME = Change("self_hosted_model", "old", {"name": "old"}, {"name": "new"})
MOVE = Change("self_hosted_model", "old", {"endpoint": "http://a"}, {"endpoint": "http://b"})


def step(*changes: Change, **more: Any) -> StepPlan:
    """Return a plan of these changes, as a task gets it."""
    planned = StepPlan(changes=tuple(it for one in changes for it in one.entries()), **more)
    return StepPlan.of(planned.as_data())


# --- as data -------------------------------------------------------------------------------------
@pytest.mark.parametrize("given", [None, {}])
def test_without_a_plan_nothing_is_foreseen_and_nothing_is_said(given: Any) -> None:
    assert StepPlan.of(given) == StepPlan()
    assert StepPlan().warnings([RENAME]) == []


def test_what_the_preflight_returns_is_what_the_task_reads() -> None:
    made = StepPlan(
        changes=tuple(RENAME.entries()),
        preceding=tuple(MOVE.entries()),
        unsupported={"g": "It needs GitLab 19.0."},
        certain=False,
        approved=True,
    )
    assert StepPlan.of(made.as_data()) == made


@pytest.mark.parametrize(
    ("made", "to_do"),
    [
        (StepPlan(), False),
        (StepPlan(changes=()), False),
        (StepPlan(changes=(), certain=False), True),
        (StepPlan(changes=tuple(RENAME.entries())), True),
    ],
)
def test_a_step_is_to_do_if_it_changes_something_or_may(made: StepPlan, to_do: bool) -> None:
    assert made.as_data()["to_do"] is to_do


# --- what is new ---------------------------------------------------------------------------------
SINCE = "GitLab has changed since the preflight read it, so this task also changes: "


@pytest.mark.parametrize(
    ("planned", "now", "told"),
    [
        ([RENAME], [RENAME], None),
        ([RENAME, MOVE], [MOVE], None),
        ([], [], None),
        ([KEY_SET], [KEY_CHANGED], None),
        ([KEY_CHANGED], [KEY_SET], None),
        ([KEY_SET], [KEY_CLEARED], "self-hosted model old (api_key)."),
        ([RENAME], [RENAME, MOVE], "self-hosted model old (endpoint)."),
        ([], [RENAME, MOVE], "self-hosted model old (name), self-hosted model old (endpoint)."),
        (
            [Change("gateway", "", {"ai_gateway_url": ""}, {"ai_gateway_url": "http://a"})],
            [Change("gateway", "", {"ai_gateway_url": ""}, {"ai_gateway_url": "http://b"})],
            "AI gateway (ai_gateway_url).",
        ),
    ],
    ids=[
        *("the same", "less", "nothing", "key changed", "key set", "key cleared"),
        *("more", "all new", "another value"),
    ],
)
def test_what_nobody_planned_is_told(planned: list, now: list, told: str | None) -> None:
    assert step(*planned).warnings(now) == ([f"{SINCE}{told}"] if told else [])
    if told:
        with pytest.raises(Failure) as caught:
            step(*planned, approved=True).warnings(now)
        assert caught.value.code == messages.NOT_APPROVED.code
        assert told[:-1] in caught.value.what
    else:
        assert step(*planned, approved=True).warnings(now) == []


def test_a_value_from_before_may_show_only_now() -> None:
    """A hidden feature is set from what GitLab did not show; by now it does."""
    planned = Change("feature_model", "f", {"provider": "(not shown)"}, {"provider": "disabled"})
    now = Change("feature_model", "f", {"provider": "unassigned"}, {"provider": "disabled"})
    assert step(planned, approved=True).warnings([now]) == []


def test_a_model_that_is_there_by_now_is_changed_and_not_created() -> None:
    create = Change("self_hosted_model", "m", ABSENT, {"name": "m", "endpoint": "http://b"})
    change = Change("self_hosted_model", "m", {"endpoint": "http://a"}, {"endpoint": "http://b"})
    assert step(create, approved=True).warnings([change]) == []


def test_what_is_not_certain_is_quiet_unless_it_is_approved() -> None:
    assert step(certain=False).warnings([RENAME]) == []
    with pytest.raises(Failure) as caught:
        step(certain=False, approved=True).warnings([RENAME])
    assert caught.value.code == messages.NOT_APPROVED.code


# --- a task --------------------------------------------------------------------------------------
OLD = {"name": "old", "model": "codestral", "endpoint": "https://other.example.com/v1"}
WISH = {"name": "old", "endpoint": URL}


def plan_of(result: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the plan of a step that changes what a dry run of its task does."""
    return {"changes": result["changes"], **more}


@pytest.mark.parametrize("check", [True, False])
def test_a_task_says_what_has_changed_since(check: bool) -> None:
    here = Sandboxed("18.9", models=[OLD])
    plan = plan_of(here.dry(self_hosted_model.SUBJECT, **WISH))
    here.instance.models[0].model = "mistral"
    wish = {**WISH, "model_family": "codestral", "plan": plan}
    result = here.run(self_hosted_model.SUBJECT, check=check, **wish)
    assert "failed" not in result
    assert result["warnings"] == [f"{SINCE}self-hosted model old (model_family)."]


@pytest.mark.parametrize("check", [True, False])
def test_an_approved_task_writes_nothing_else(check: bool) -> None:
    here = Sandboxed("18.9", models=[OLD])
    plan = plan_of(here.dry(self_hosted_model.SUBJECT, **WISH), approved=True)
    here.instance.models[0].model = "mistral"
    before = here.stored()
    wish = {**WISH, "model_family": "codestral", "plan": plan}
    result = here.run(self_hosted_model.SUBJECT, check=check, **wish)
    assert result["failure"]["code"] == messages.NOT_APPROVED.code
    assert "self-hosted model old (model_family)" in result["msg"]
    assert (result["changed"], here.writes, here.stored()) == (False, [], before)
    # What was approved and nothing else is done.
    done = here.run(self_hosted_model.SUBJECT, **WISH, plan=plan)
    assert (done["changed"], done["warnings"]) == (True, [])


def test_what_is_done_already_needs_no_approval() -> None:
    here = Sandboxed("18.9", models=[{**OLD, "endpoint": URL}])
    result = here.run(self_hosted_model.SUBJECT, **WISH, plan={"changes": [], "approved": True})
    assert (result["changed"], result["warnings"]) == (False, [])


def test_earlier_steps_count_in_a_dry_run_only() -> None:
    """When the run is real they are done by then, and GitLab shows it."""
    here = Sandboxed("18.9", models=[OLD])
    rename = RENAME.entries()
    wish = {"features": ["duo_chat"], "model": "new", "plan": {"preceding": rename}}
    dry = here.dry(feature_model.SUBJECT, **wish)
    assert dry["steps"] == ["change feature duo_chat (unassigned -> self_hosted new)"]
    real = here.run(feature_model.SUBJECT, **wish)
    assert real["failure"]["code"] == messages.NO_SUCH_MODEL.code
    here.run(self_hosted_model.SUBJECT, name="old", new_name="new")
    assert here.run(feature_model.SUBJECT, **wish)["steps"] == dry["steps"]


@pytest.mark.parametrize("check", [True, False])
def test_models_that_were_skipped_count_in_both(check: bool) -> None:
    here = Sandboxed("18.9")
    skipped = [{"subject": "self_hosted_model", "name": "g", "what": "It needs GitLab 19.0."}]
    wish = {"features": ["duo_chat"], "model": "g", "plan": {"unsupported": skipped}}
    failed = here.run(feature_model.SUBJECT, check=check, **wish)
    assert "It needs GitLab 19.0" in failed["msg"]
    result = here.run(feature_model.SUBJECT, check=check, **wish, when_unsupported="warn")
    assert (result["changed"], len(result["warnings"])) == (False, 1)


def test_a_gateway_that_was_changed_in_between_is_told() -> None:
    here = Sandboxed("18.9", gateway={"ai_gateway_url": "http://aigw.example.com"})
    wish = {"ai_gateway_url": "http://aigw.example.com"}
    plan = plan_of(here.dry(gateway.SUBJECT, **wish))
    here.seed(gateway={"ai_gateway_url": "http://other.example.com"})
    result = here.run(gateway.SUBJECT, **wish, plan=plan)
    assert result["warnings"] == [f"{SINCE}AI gateway (ai_gateway_url)."]
    assert result["changed"]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out plans that GitLab refuses: the failure says what it means, and what was done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import (
    http_messages,
    messages,
    permission_messages,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.apply import apply
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import Change, Plan, Step
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import (
    GENERAL_ERROR,
    Mutation,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.desired import (
    DOWN,
    OK,
    PERMITTED,
    Desired,
    change,
    lines,
    step,
)


def test_a_refusal_in_a_batch_tells_exactly_what_was_done() -> None:
    steps = [step("a"), step("b"), step("c"), step("d", field="later")]
    desired = Desired(steps, [["", "Endpoint can't be blank.", ""]])
    failure = desired.fail()
    assert (failure.code, failure.about) == (messages.REFUSED.code, "b")
    assert failure.what == "GitLab refused it: Endpoint can't be blank."
    assert "Correct the value" in failure.next_step
    assert failure.done == lines("a", "c")
    assert failure.not_done == lines("b", "d")
    assert failure.unknown == []
    assert desired.sent == [["a", "b", "c"]]  # stops at the first failure


def test_a_refusal_of_one_mutation_for_many_is_judged_by_what_is_there() -> None:
    # Feature settings: the good ones of a batch are saved, and the error names none.
    desired = Desired([step("a", "b", "c")], [["It is incompatible"]], [{"a", "c"}])
    failure = desired.fail()
    assert (failure.done, failure.not_done) == (lines("a", "c"), lines("b"))


def test_a_refusal_of_what_is_there_is_success() -> None:
    steps = [step("a"), step("b", field="later")]
    desired = Desired(steps, [["Name has already been taken"]], [{"a"}])
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a"], ["b"]]


def test_a_refusal_that_cannot_be_checked_is_told_all_the_same() -> None:
    failure = Desired([step("a")], [["No"]], readings=[DOWN]).fail()
    assert (failure.code, failure.not_done, failure.unknown) == (
        messages.REFUSED.code,
        lines("a"),
        [],
    )


def test_what_gitlab_accepted_is_done_also_where_it_cannot_be_read_again() -> None:
    failure = Desired([step("a"), step("b")], [["", "No"]], readings=[DOWN]).fail()
    assert failure.code == messages.REFUSED.code
    assert (failure.done, failure.not_done, failure.unknown) == (lines("a"), lines("b"), [])


def test_a_refusal_of_many_that_cannot_be_read_again_tells_of_none() -> None:
    failure = Desired([step("a", "b")], [["No"]], [{"a"}], readings=[DOWN]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], [], lines("a", "b"))


def test_what_a_page_action_did_is_told_too() -> None:
    def perform(_gitlab: Any) -> None:
        failure = Failure(messages.BETA_STAYS_ON)
        failure.done = ["throw the switch"]
        raise failure

    action = SimpleNamespace(perform=perform)
    failure = Desired([step("a"), Step((change("beta"),), action)]).fail()
    assert (failure.done, failure.not_done) == (["throw the switch", *lines("a")], lines("beta"))


def test_a_failure_before_anything_was_carried_out_is_not_read_again() -> None:
    desired = Desired([step("a"), step("b", field="later")], [OK, DOWN])
    failure = desired.fail()
    assert (failure.code, failure.done, failure.not_done) == (
        http_messages.UNREACHABLE.code,
        lines("a"),
        lines("b"),
    )
    assert desired.read_again == 0


@pytest.mark.parametrize(
    ("said", "more", "message"),
    [
        ("Name has already been taken", {}, messages.MODEL_HIDDEN),
        ("You cannot perform write operations on a read-only instance", {}, messages.READ_ONLY),
        (
            "The resource that you are attempting to access does not exist or you don't have "
            "permission to perform this action",
            {"token": {"scopes": ["read_api"]}},
            messages.TOKEN_SCOPE,
        ),
        (
            "You don't have permission to update the setting ai_gateway_url.",
            {"denied": {"currentLicense": "no"}},
            messages.NOT_ADMINISTRATOR,
        ),
        ("You don't have permission to update the setting x.", {"data": {}}, messages.NO_LICENSE),
        (
            "You don't have permission to update the setting x.",
            {"data": {"currentLicense": {"plan": "starter"}}},
            messages.PLAN_TOO_LOW,
        ),
        (
            "You don't have permission to update the setting x.",
            {"data": {"currentLicense": {"plan": "ultimate"}, "addOnPurchases": []}},
            messages.NO_ADD_ON,
        ),
        (
            "You don't have permission to update the setting x.",
            {"token": {"scopes": ["api"]}, "data": PERMITTED},
            messages.NOT_PERMITTED,
        ),
    ],
    ids=lambda it: it.code if isinstance(it, messages.Message) else "",
)
def test_says_what_gitlab_means(said: str, more: dict[str, Any], message: messages.Message) -> None:
    subject = self_hosted_model.SUBJECT
    failure = Desired([step("a")], [[said]], subject=subject, **more).fail()
    assert (failure.code, failure.about) == (message.code, "a")
    assert (said in failure.what) == (message is messages.READ_ONLY)


@pytest.mark.parametrize(
    ("features", "data", "message"),
    [
        (["duo_agent_platform"], PERMITTED, permission_messages.AGENTS_NOT_PERMITTED),
        (["duo_agent_platform", "duo_chat"], PERMITTED, messages.NOT_PERMITTED),
        (["duo_agent_platform"], {}, messages.NO_LICENSE),
    ],
    ids=["agents alone", "with another feature", "no licence"],
)
def test_the_agent_platform_has_a_permission_of_its_own(
    features: list[str], data: dict[str, Any], message: messages.Message
) -> None:
    changes = tuple(Change("feature_model", name, {name: "a"}, {name: "b"}) for name in features)
    steps = [Step(changes, Mutation("settingUpdate", {"names": features}))]
    subject = feature_model.SUBJECT
    failure = Desired(steps, [[f"{GENERAL_ERROR} to access"]], data=data, subject=subject).fail()
    assert (failure.code, failure.about) == (message.code, ", ".join(it.about for it in changes))


def test_a_failure_leaves_what_was_changed_as_data() -> None:
    desired = Desired([step("a"), step("b"), step("c")], [["", "No.", ""]])
    journal = messages.Journal()
    with pytest.raises(messages.Failure):
        apply(desired, Plan(tuple(desired.steps), None), desired.replan, journal)
    assert [it["subject"] for it in journal.changes] == ["a", "c"]
    assert len(journal.done) == 2


def test_a_refusal_that_cannot_be_explained_still_tells_what_was_done() -> None:
    said = "You don't have permission to update the setting x."
    desired = Desired([step("a"), step("b")], [["", said]], unreadable=DOWN)
    failure = desired.fail()
    assert (failure.code, failure.about) == (messages.REFUSED.code, "b")
    assert failure.what == f"GitLab refused it: {said}"
    assert "Check the rights" in failure.next_step
    assert (failure.done, failure.not_done) == (lines("a"), lines("b"))

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out plans on a GitLab that loses answers, refuses, or saves despite an error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import (
    http_messages,
    messages,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure, Unclear
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.apply import BATCH
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import Step
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import (
    Mutation,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.desired import (
    BUSY,
    DOWN,
    LATE,
    LIMITED,
    LOST,
    OK,
    SERVER_ERROR,
    Desired,
    change,
    lines,
    step,
)


# --- all goes well -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("steps", "sent"),
    [
        ([], []),
        ([step("a")], [["a"]]),
        ([step("a"), step("b")], [["a", "b"]]),
        ([step("a"), step("b", field="modelCreate")], [["a"], ["b"]]),
        (
            [step("a", "b"), step("c"), step("d", field="x"), step("e")],
            [["a", "b", "c"], ["d"], ["e"]],
        ),
        (
            [step(f"m{number}") for number in range(BATCH + 1)],
            [[f"m{number}" for number in range(BATCH)], [f"m{BATCH}"]],
        ),
    ],
    ids=["nothing", "one", "a batch", "two fields", "in order", "no batch grows too large"],
)
def test_sends_in_order_and_as_few_requests_as_can_be(steps, sent) -> None:
    desired = Desired(steps)
    names = [one.about for it in steps for one in it.changes]
    assert desired.run() == lines(*names)
    assert desired.sent == sent
    assert desired.read_again == 0


def test_page_actions_travel_alone() -> None:
    done: list[Any] = []
    action = SimpleNamespace(perform=done.append)
    steps = [step("a"), Step((change("beta"),), action), step("b")]
    desired = Desired(steps)
    assert desired.run() == lines("a", "beta", "b")
    assert desired.sent == [["a"], ["b"]]
    assert done == [desired]


# --- unclear answers -----------------------------------------------------------------------------
@pytest.mark.parametrize("outcome", [LOST, BUSY, SERVER_ERROR], ids=lambda it: it.code)
def test_an_unclear_answer_to_a_write_that_was_done_is_success(outcome: Unclear) -> None:
    desired = Desired([step("a"), step("b")], [outcome], [{"a", "b"}])
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a", "b"]]  # not repeated
    assert desired.read_again == 1


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_what_was_not_done_is_sent_again_as_often_as_allowed(
    retries: int, waits: list[float]
) -> None:
    desired = Desired([step("a")], [LOST] * 9, retries=retries)
    failure = desired.fail()
    assert failure.code == http_messages.UNREACHABLE.code
    assert desired.sent == [["a"]] * (retries + 1)
    assert len(waits) == retries
    assert (f"{retries + 1} times with {sum(waits):.0f} s" in failure.what) == bool(retries)
    assert (failure.done, failure.not_done, failure.unknown) == ([], lines("a"), [])


def test_what_gitlab_may_still_be_at_is_not_called_undone() -> None:
    steps = [step("a"), step("b"), step("c", field="last")]
    desired = Desired(steps, [LATE, BUSY, BUSY], [{"a"}], retries=1)
    failure = desired.fail()
    assert desired.sent == [["a", "b"], ["b"], ["b"]]
    assert failure.done == lines("a")
    assert failure.unknown == lines("b")
    assert failure.not_done == lines("c")


def test_waits_as_long_as_gitlab_wants(waits: list[float]) -> None:
    assert Desired([step("a")], [BUSY]).run() == lines("a")
    (wait,) = waits
    assert 7 <= wait <= 7.25


def test_tells_how_long_it_waited_since_the_last_progress(waits: list[float]) -> None:
    busy = Unclear(http_messages.TRY_LATER, retry=True, wait=7, status=429, reason="Retry later")
    desired = Desired([step("a"), step("b")], [busy] * 5, [set(), {"a"}], retries=2)
    failure = desired.fail()
    assert desired.sent == [["a", "b"]] * 2 + [["b"]] * 3
    assert f"3 times with {sum(waits[1:]):.0f} s of waiting" in failure.what


def test_an_unclear_answer_that_is_no_use_to_repeat_is_not_repeated() -> None:
    desired = Desired([step("a")], [SERVER_ERROR])
    assert desired.fail().code == http_messages.SERVER_ERROR.code
    assert desired.sent == [["a"]]


def test_only_the_rest_of_a_batch_is_sent_again() -> None:
    desired = Desired([step("a"), step("b"), step("c")], [LOST], [{"a", "c"}])
    assert desired.run() == lines("a", "b", "c")
    assert desired.sent == [["a", "b", "c"], ["b"]]


def test_what_is_left_behind_an_error_that_came_after_saving_is_sent_too() -> None:
    desired = Desired([step("a"), step("b")], [SERVER_ERROR], [{"a"}])
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a", "b"], ["b"]]


def test_progress_starts_the_count_of_tries_anew() -> None:
    names = [f"m{number}" for number in range(4)]
    desired = Desired(
        [step(name) for name in names], [LOST] * 4, [{name} for name in names], retries=1
    )
    assert desired.run() == lines(*names)


def test_the_rest_of_the_plan_follows_after_a_lost_answer() -> None:
    desired = Desired([step("a"), step("b", field="modelCreate")], [LOST], [{"a"}])
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a"], ["b"]]


def test_when_reading_fails_too_it_says_that_it_does_not_know() -> None:
    desired = Desired(
        [step("z", field="first"), step("a"), step("b"), step("c", field="last")],
        [OK, LOST],
        readings=[DOWN],
    )
    failure = desired.fail()
    assert failure.code == http_messages.UNREACHABLE.code  # the first one is worth telling
    assert failure.done == lines("z")
    assert failure.unknown == lines("a", "b")
    assert failure.not_done == lines("c")
    assert "May have been done: change a" in failure.sentence()


def test_what_gitlab_refused_for_its_rate_is_not_done_also_where_reading_fails_too() -> None:
    failure = Desired([step("a")], [LIMITED], readings=[DOWN]).fail()
    assert failure.code == http_messages.TRY_LATER.code
    assert (failure.done, failure.not_done, failure.unknown) == ([], lines("a"), [])


def test_a_write_that_may_still_come_stays_unknown_after_a_refusal_for_the_rate() -> None:
    failure = Desired([step("a")], [LATE, LIMITED], readings=[None, DOWN]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], [], lines("a"))


# --- what somebody else does meanwhile -----------------------------------------------------------
def test_a_step_to_recheck_is_planned_again_first() -> None:
    desired = Desired([step("a"), step("b", field="delete", recheck=True)])
    assert desired.run() == lines("a", "b")
    assert desired.read_again == 1


def test_a_step_that_is_no_longer_planned_is_not_sent() -> None:
    desired = Desired([step("b", field="delete", recheck=True)], readings=[[]])
    assert desired.run() == lines("b")
    assert desired.sent == []


def test_a_step_that_has_become_unsafe_stops_the_run() -> None:
    in_use = Failure(messages.MODEL_IN_USE, features="duo_chat")
    desired = Desired([step("a"), step("b", field="delete", recheck=True)], readings=[in_use])
    failure = desired.fail()
    assert failure.code == messages.MODEL_IN_USE.code
    assert (failure.done, failure.not_done) == (lines("a"), lines("b"))
    assert desired.sent == [["a"]]


# --- changes that reading again does not show ----------------------------------------------------
def test_an_unseen_change_is_made_once_although_a_later_step_plans_again() -> None:
    steps = [step("a", visible=False), step("b", field="delete", recheck=True)]
    desired = Desired(steps)
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a"], ["b"]]


def test_an_unseen_change_is_made_once_although_a_later_answer_is_lost() -> None:
    steps = [step("a", visible=False), step("b", field="create")]
    desired = Desired(steps, [OK, LOST])
    assert desired.run() == lines("a", "b")
    assert desired.sent == [["a"], ["b"], ["b"]]


def test_an_unseen_change_that_was_made_is_not_called_undone() -> None:
    steps = [step("a", visible=False), step("b", field="create")]
    failure = Desired(steps, [OK, ["No"]]).fail()
    assert (failure.done, failure.not_done) == (lines("a"), lines("b"))


def test_whether_an_unseen_change_was_made_is_not_known_after_a_lost_answer() -> None:
    failure = Desired([step("a", visible=False), step("b")], [SERVER_ERROR]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], lines("b"), lines("a"))


def test_an_unseen_change_of_a_batch_that_gitlab_accepted_is_done() -> None:
    failure = Desired([step("a", visible=False), step("b")], [["", "No"]]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == (lines("a"), lines("b"), [])


def test_a_refusal_of_many_does_not_prove_an_unseen_change_undone() -> None:
    # Feature settings: the good ones of a batch are saved, and the error names none.
    many = Step((change("a", visible=False), change("b")), Mutation("x", {"names": ["a", "b"]}))
    failure = Desired([many], [["No"]], [{"a"}]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], lines("b"), lines("a"))


def test_an_unseen_change_that_was_refused_alone_is_not_done() -> None:
    failure = Desired([step("a", visible=False)], [["No"]]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], lines("a"), [])


@pytest.mark.parametrize("refused", [False, True], ids=["not sent", "refused"])
def test_a_second_try_that_fails_proves_nothing_of_the_first(refused: bool) -> None:
    second: Any = ["No"] if refused else Failure(http_messages.UNREACHABLE, reason="refused")
    failure = Desired([step("a", visible=False)], [LOST, second]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], [], lines("a"))

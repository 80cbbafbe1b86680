# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out a plan on a GitLab that loses answers, refuses, and saves all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils import _errors, _http_errors
from ansible_collections.gitlab_ops.duo.plugins.module_utils._apply import BATCH, apply
from ansible_collections.gitlab_ops.duo.plugins.module_utils._client import Part, Reading
from ansible_collections.gitlab_ops.duo.plugins.module_utils._errors import Failure, Unclear
from ansible_collections.gitlab_ops.duo.plugins.module_utils._plan import (
    Change,
    Mutation,
    Plan,
    Step,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

# What a write can come to. "saved" means that GitLab did the work.
OK = "saved"
LOST = Unclear(_http_errors.UNREACHABLE, retry=True, reason="connection reset")
LATE = Unclear(_http_errors.TIMED_OUT, retry=True, late=True, seconds=30)
BUSY = Unclear(_http_errors.TRY_LATER, retry=True, wait=7, status=429, reason="Retry later")
SERVER_ERROR = Unclear(_http_errors.SERVER_ERROR, retry=False, status=500, reason="Internal")
DOWN = Failure(_http_errors.UNREACHABLE, reason="connection refused")


def change(name: str, **more: Any) -> Change:
    """Return a change of one object."""
    return Change(name, {"value": 1}, {"value": 2}, **more)


def step(*names: str, field: str = "modelUpdate", recheck: bool = False, **more: Any) -> Step:
    """Return a step that changes these objects by one mutation."""
    return Step(
        tuple(change(name, **more) for name in names),
        Mutation(field, {"names": list(names)}),
        recheck=recheck,
    )


@dataclass
class Desired:
    """GitLab, as far as apply sees it: remembers what was saved and sent, plans what is left."""

    steps: list[Step]
    # One outcome for each request: an exception, or what GitLab says of each mutation.
    outcomes: list[Any] = field(default_factory=list)
    # Objects that a request saves although its outcome is an exception.
    saved_anyway: list[set[str]] = field(default_factory=list)
    readings: list[Any] = field(default_factory=list)
    retries: int = 3
    token: Any = None
    data: dict[str, Any] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    unreadable: Failure | None = None

    def __post_init__(self) -> None:
        """Start with nothing sent."""
        self.connection = SimpleNamespace(retries=self.retries)
        self.sent: list[list[str]] = []
        self.saved: set[str] = set()
        self.read_again = 0

    def mutate(self, mutations: list[Mutation]) -> list[str]:
        """Answer by the script; without one, save."""
        names = [name for it in mutations for name in it.input["names"]]
        self.sent.append(names)
        outcome = self.outcomes.pop(0) if self.outcomes else OK
        anyway = self.saved_anyway.pop(0) if self.saved_anyway else set()
        if isinstance(outcome, Exception):
            self.saved |= anyway
            raise outcome
        said = [""] * len(mutations) if outcome == OK else outcome
        for mutation, text in zip(mutations, said, strict=True):
            self.saved |= anyway if text else set(mutation.input["names"])
        return said

    def replan(self) -> Plan[Any]:
        """Read again: what is not saved, or cannot be seen, is still to be done."""
        self.read_again += 1
        if self.readings:
            reading = self.readings.pop(0)
            if isinstance(reading, Exception):
                raise reading
            if reading is not None:
                return Plan(tuple(reading), None)
        left = []
        for it in self.steps:
            changes = tuple(
                one for one in it.changes if one.about not in self.saved or not one.visible
            )
            if changes:
                call = Mutation(it.call.field, {"names": [one.about for one in changes]})
                left.append(Step(changes, call, recheck=it.recheck))
        return Plan(tuple(left), None)

    def rest(self, _path: str) -> Any:
        """Return what GitLab says of the token."""
        return self.token

    def read(self, *_parts: Part) -> Reading:
        """Return licence and add-ons."""
        if self.unreadable:
            raise self.unreadable
        return Reading(release("18.8"), True, data=self.data, denied=self.denied)

    def run(self) -> list[str]:
        """Carry out the plan of the start."""
        return apply(self, Plan(tuple(self.steps), None), self.replan)

    def fail(self) -> Failure:
        """Carry it out and return the failure."""
        with pytest.raises(Failure) as caught:
            self.run()
        return caught.value


def lines(*names: str) -> list[str]:
    """Return the lines that tell of these changes."""
    return [f"change {name} (value: 1 -> 2)" for name in names]


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
    assert failure.code == _http_errors.UNREACHABLE.code
    assert desired.sent == [["a"]] * (retries + 1)
    assert len(waits) == retries
    assert (f"{retries + 1} times with" in failure.what) == bool(retries)
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


def test_an_unclear_answer_that_is_no_use_to_repeat_is_not_repeated() -> None:
    desired = Desired([step("a")], [SERVER_ERROR])
    assert desired.fail().code == _http_errors.SERVER_ERROR.code
    assert desired.sent == [["a"]]


def test_only_the_rest_of_a_batch_is_sent_again() -> None:
    desired = Desired([step("a"), step("b"), step("c")], [LOST], [{"a", "c"}])
    assert desired.run() == lines("a", "b", "c")
    assert desired.sent == [["a", "b", "c"], ["b"]]


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
    assert failure.code == _http_errors.UNREACHABLE.code  # the first one is worth telling
    assert failure.done == lines("z")
    assert failure.unknown == lines("a", "b")
    assert failure.not_done == lines("c")
    assert "Not known whether done: change a" in failure.sentence()


# --- refusals ------------------------------------------------------------------------------------
def test_a_refusal_in_a_batch_tells_exactly_what_was_done() -> None:
    steps = [step("a"), step("b"), step("c"), step("d", field="later")]
    desired = Desired(steps, [["", "Endpoint can't be blank", ""]])
    failure = desired.fail()
    assert (failure.code, failure.about) == (_errors.REFUSED.code, "b")
    assert "Endpoint can't be blank." in failure.sentence()
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
    desired = Desired([step("a")], [["Name has already been taken"]], [{"a"}])
    assert desired.run() == lines("a")


def test_a_refusal_that_cannot_be_checked_is_told_all_the_same() -> None:
    failure = Desired([step("a")], [["No"]], readings=[DOWN]).fail()
    assert (failure.code, failure.not_done, failure.unknown) == (
        _errors.REFUSED.code,
        lines("a"),
        [],
    )


def test_what_gitlab_accepted_is_done_also_where_it_cannot_be_read_again() -> None:
    failure = Desired([step("a"), step("b")], [["", "No"]], readings=[DOWN]).fail()
    assert failure.code == _errors.REFUSED.code
    assert (failure.done, failure.not_done, failure.unknown) == (lines("a"), lines("b"), [])


def test_a_refusal_of_many_that_cannot_be_read_again_tells_of_none() -> None:
    failure = Desired([step("a", "b")], [["No"]], [{"a"}], readings=[DOWN]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], [], lines("a", "b"))


def test_a_failure_before_anything_was_carried_out_is_not_read_again() -> None:
    desired = Desired([step("a"), step("b", field="later")], [OK, DOWN])
    failure = desired.fail()
    assert (failure.code, failure.done, failure.not_done) == (
        _http_errors.UNREACHABLE.code,
        lines("a"),
        lines("b"),
    )
    assert desired.read_again == 0


@pytest.mark.parametrize(
    ("said", "more", "message"),
    [
        ("Name has already been taken", {}, _errors.MODEL_HIDDEN),
        ("You cannot perform write operations on a read-only instance", {}, _errors.READ_ONLY),
        (
            "The resource that you are attempting to access does not exist or you don't have "
            "permission to perform this action",
            {"token": {"scopes": ["read_api"]}},
            _errors.TOKEN_SCOPE,
        ),
        (
            "You don't have permission to update the setting ai_gateway_url.",
            {"denied": {"currentLicense": "no"}},
            _errors.NOT_ADMINISTRATOR,
        ),
        ("You don't have permission to update the setting x.", {"data": {}}, _errors.NO_LICENSE),
        (
            "You don't have permission to update the setting x.",
            {"data": {"currentLicense": {"plan": "starter"}}},
            _errors.PLAN_TOO_LOW,
        ),
        (
            "You don't have permission to update the setting x.",
            {"data": {"currentLicense": {"plan": "ultimate"}, "addOnPurchases": []}},
            _errors.NO_ADD_ON,
        ),
        (
            "You don't have permission to update the setting x.",
            {
                "token": {"scopes": ["api"]},
                "data": {
                    "currentLicense": {"plan": "ultimate"},
                    "addOnPurchases": [{"name": "DUO_ENTERPRISE"}],
                },
            },
            _errors.NOT_PERMITTED,
        ),
    ],
    ids=lambda it: it.code if isinstance(it, _errors.Message) else "",
)
def test_says_what_gitlab_means(said: str, more: dict[str, Any], message: _errors.Message) -> None:
    failure = Desired([step("a")], [[said]], **more).fail()
    assert (failure.code, failure.about) == (message.code, "a")


def test_a_refusal_that_cannot_be_explained_still_tells_what_was_done() -> None:
    said = "You don't have permission to update the setting x."
    desired = Desired([step("a"), step("b")], [["", said]], unreadable=DOWN)
    failure = desired.fail()
    assert (failure.code, failure.about) == (_errors.REFUSED.code, "b")
    assert said.rstrip(".") in failure.what
    assert (failure.done, failure.not_done) == (lines("a"), lines("b"))


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
    in_use = Failure(_errors.MODEL_IN_USE, features="duo_chat")
    desired = Desired([step("a"), step("b", field="delete", recheck=True)], readings=[in_use])
    failure = desired.fail()
    assert failure.code == _errors.MODEL_IN_USE.code
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
    second: Any = ["No"] if refused else Failure(_http_errors.UNREACHABLE, reason="refused")
    failure = Desired([step("a", visible=False)], [LOST, second]).fail()
    assert (failure.done, failure.not_done, failure.unknown) == ([], [], lines("a"))

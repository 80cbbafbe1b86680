# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seats against the stand-in GitLab: who gets one, who loses one, and what is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages, seat_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import seats
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, Sandboxed
from sandbox import credentials

SUBJECT = seats.SUBJECT
ENTERPRISE = {"add_on": "duo_enterprise"}
CREATE, REMOVE = "userAddOnAssignmentBulkCreate", "userAddOnAssignmentBulkRemove"


def site(release: str = "18.9", people: int = 0, **add_on: Any) -> Sandboxed:
    """Return an instance with an add-on, and with so many users more."""
    held = {"name": "DUO_ENTERPRISE", "purchased": 10, "assigned": 0, **add_on}
    return Sandboxed(release, add_ons=[held], users=[{"username": it} for it in crowd(people)])


def crowd(people: int) -> list[str]:
    """Return so many user names."""
    return [f"user-{number:04}" for number in range(people)]


def holders(here: Sandboxed) -> list[str]:
    """Return who has a seat."""
    return sorted(name for add_on in here.instance.add_ons for name in add_on.users)


def written(here: Sandboxed) -> list[list[str]]:
    """Return the fields of each request that writes."""
    return [[field for it in one["operations"] for field in it["fields"]] for one in here.writes]


@pytest.mark.parametrize("release", RELEASES)
def test_check_real_real_check(release: str) -> None:
    here = site(release, users=["second"])
    before = here.stored()
    check = here.dry(SUBJECT, **ENTERPRISE, users=["root", "Alice"])
    assert (check["changed"], here.writes, here.stored()) == (True, [], before)
    assert check["steps"] == ["assign seat of alice", "assign seat of root"]
    assert check["seats"] == {
        "add_on": "duo_enterprise",
        "purchased": 10,
        "assigned": 3,
        "users": ["alice", "root"],
    }
    real = here.run(SUBJECT, **ENTERPRISE, users=["root", "Alice"])
    assert real == check
    assert (written(here), holders(here)) == ([[CREATE]], ["alice", "root", "second"])
    for run in (here.run, here.dry):
        here.forget()
        again = run(SUBJECT, **ENTERPRISE, users=["root", "Alice"])
        assert (again["changed"], here.writes) == (False, [])
        # One more where the list of an old release does not take the add-on.
        assert len(here.requests) == (3 if release == "17.9" else 2)


def test_what_is_told_of_a_change() -> None:
    here = site(users=["second"])
    result = here.dry(SUBJECT, **ENTERPRISE, users=["alice"], exclusive=True)
    entry = {"subject": "seat", "field": "add_on"}
    assert result["changes"] == [
        {**entry, "name": "second", "before": "duo_enterprise", "after": None},
        {**entry, "name": "alice", "before": None, "after": "duo_enterprise"},
    ]
    (diff,) = result["diff"]
    assert diff["after_header"].endswith(" seats of duo_enterprise")
    assert diff["before"] == {"second": "duo_enterprise", "alice": None}
    assert diff["after"] == {"second": None, "alice": "duo_enterprise"}


def test_seats_are_taken_away() -> None:
    here = site(users=["alice", "root"])
    result = here.run(SUBJECT, **ENTERPRISE, users=["alice", "second"], state="absent")
    assert (result["steps"], holders(here)) == (["remove seat of alice"], ["root"])
    assert written(here) == [[REMOVE]]
    assert here.run(SUBJECT, **ENTERPRISE, users=["alice"], state="absent")["changed"] is False


def test_exclusive_makes_room_first() -> None:
    """All seats are taken, and afterwards as many are."""
    here = site(purchased=2, users=["alice", "second"])
    result = here.run(SUBJECT, **ENTERPRISE, users=["root", "second"], exclusive=True)
    assert result["steps"] == ["remove seat of alice", "assign seat of root"]
    assert (written(here), holders(here)) == ([[REMOVE], [CREATE]], ["root", "second"])


def test_nobody_is_left_only_with_a_confirmation() -> None:
    here = site(users=["alice", "root"])
    wish: dict[str, Any] = {**ENTERPRISE, "users": [], "exclusive": True}
    refused = here.run(SUBJECT, **wish)
    assert refused["failure"]["code"] == seat_messages.SEATS_EMPTIED.code
    assert "would lose it (2), because users is empty" in refused["msg"]
    check = here.dry(SUBJECT, **wish)
    assert check["steps"] == ["remove seat of alice", "remove seat of root"]
    assert "A real run would refuse this" in check["warnings"][0]
    assert (here.writes, len(holders(here))) == ([], 2)
    sure = {**wish, "confirm_empty": True}
    assert here.dry(SUBJECT, **sure)["warnings"] == []
    assert here.run(SUBJECT, **sure)["steps"] == check["steps"]
    assert holders(here) == []
    # Nobody has one to lose.
    assert here.run(SUBJECT, **wish)["changed"] is False


# --- what is refused -----------------------------------------------------------------------------
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("add_on", "users", "code", "said"),
    [
        (
            {"purchased": 3, "assigned": 1, "users": ["second"]},
            ["alice", "root", "second"],
            seat_messages.TOO_FEW_SEATS.code,
            "missing: 1 (to assign: 2, free: 1 of 3)",
        ),
        (
            # More were assigned than were bought, as after a renewal with fewer seats.
            {"purchased": 1, "assigned": 3},
            ["alice"],
            seat_messages.TOO_FEW_SEATS.code,
            "missing: 1 (to assign: 1, free: 0 of 1)",
        ),
        (
            {},
            ["alice", "secnd", "Nobody"],
            seat_messages.NO_SUCH_USERS.code,
            "as secnd, Nobody. Correct the user names (similar ones: second)",
        ),
        ({}, ["secnd"], seat_messages.NO_SUCH_USERS.code, "(similar ones: second)"),
        (
            {"name": "CODE_SUGGESTIONS"},
            ["alice"],
            seat_messages.NO_SEAT_ADD_ON.code,
            "(active: duo_pro). Set add_on: duo_pro",
        ),
        (
            {"active": False},
            ["alice"],
            seat_messages.NO_SEAT_ADD_ON.code,
            "(active: none). Buy its seats",
        ),
        (
            {"name": "SELF_HOSTED_DAP"},
            ["alice"],
            seat_messages.NO_SEAT_ADD_ON.code,
            "(active: SELF_HOSTED_DAP). Buy its seats",
        ),
    ],
)
def test_refused_before_anything_is_written(
    add_on: dict[str, Any], users: list[str], code: str, said: str, check: bool
) -> None:
    here = site(**add_on)
    result = here.run(SUBJECT, check=check, **ENTERPRISE, users=users)
    assert (result["failure"]["code"], result["changed"], here.writes) == (code, False, [])
    assert said in result["msg"]


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("online_cloud", "buy seats and synchronise the subscription (duo_subscription)"),
        (
            "offline_cloud",
            "buy seats and upload the licence that includes them (Admin > Subscription)",
        ),
    ],
)
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_to_do_about_too_few_seats(kind: str, step: str, exclusive: bool) -> None:
    """An offline licence is never synchronised, and an exclusive list has taken what it can."""
    here = site(purchased=1)
    here.seed(license={"type": kind})
    wish = {**ENTERPRISE, "users": ["alice", "root"], "exclusive": exclusive}
    told = here.dry(SUBJECT, **wish)["failure"]["next_step"]
    assert told.startswith(f"Declare fewer users, {'or ' if exclusive else ''}{step}")
    assert ("set exclusive: true" in told) is not exclusive


@pytest.mark.parametrize("state", ["blocked", "deactivated", "internal"])
def test_who_cannot_have_a_seat(state: str) -> None:
    here = site()
    here.seed(users=[{"username": "alice", "state": state}])
    result = here.dry(SUBJECT, **ENTERPRISE, users=["alice"])
    assert result["failure"]["code"] == seat_messages.NO_SUCH_USERS.code
    gone = here.run(SUBJECT, **ENTERPRISE, users=["alice"], state="absent")
    assert gone["changed"] is False
    assert "as alice, so they count as users without one" in gone["warnings"][0]


@pytest.mark.parametrize(
    ("token", "check", "code"),
    [
        (credentials.USER_TOKEN, True, messages.NOT_ADMINISTRATOR.code),
        (credentials.USER_TOKEN, False, messages.NOT_ADMINISTRATOR.code),
        (credentials.READONLY_TOKEN, False, messages.TOKEN_SCOPE.code),
    ],
)
def test_who_may_not(token: str, check: bool, code: str) -> None:
    here = site()
    result = here.run(SUBJECT, check=check, **ENTERPRISE, users=["alice"], api_token=token)
    assert (result["failure"]["code"], result["changed"]) == (code, False)
    assert holders(here) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"add_on": "duo_core", "users": []},
            "add_on: 'duo_core' is not a GitLab Duo add-on with seats",
        ),
        ({**ENTERPRISE, "users": ["a@example.com"]}, "'a@example.com' is no user name"),
        ({**ENTERPRISE, "users": ["@alice"]}, "'@alice' is no user name"),
        ({**ENTERPRISE, "users": ["a"], "state": "absent", "exclusive": True}, "state: absent"),
        ({"users": ["a"]}, "add_on"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], said: str) -> None:
    here = site()
    result = here.run(SUBJECT, **options)
    assert (result["failure"]["code"], here.requests) == ("invalid-option", [])
    assert said in result["msg"]


# --- many users ----------------------------------------------------------------------------------
def test_blocks_of_a_hundred() -> None:
    """In one request: the steps of one kind travel together."""
    here = site(people=250, purchased=300)
    result = here.run(SUBJECT, **ENTERPRISE, users=crowd(250))
    assert (len(result["steps"]), written(here)) == (250, [[CREATE] * 3])
    # The add-ons and three pages, the write, and all of them again.
    assert len(here.requests) == 4 + 1 + 4
    assert holders(here) == crowd(250)


def test_it_stops_reading_once_it_has_found_all() -> None:
    """GitLab lists the newest users first."""
    here = site(people=250)
    here.dry(SUBJECT, **ENTERPRISE, users=[crowd(250)[-1]])
    assert len(here.requests) == 2
    here.forget()
    here.dry(SUBJECT, **ENTERPRISE, users=[crowd(250)[-1]], exclusive=True)
    assert len(here.requests) == 4


# --- others, and lost answers --------------------------------------------------------------------
def test_a_block_that_is_refused_is_told_and_the_rest_not_done() -> None:
    """Somebody takes seats between the reading and the write."""
    here = site(people=250, purchased=250)
    (add_on,) = here.instance.add_ons

    def meanwhile() -> None:
        if len(here.requests) == 4:
            add_on.assigned = 100

    here.watch = meanwhile
    result = here.run(SUBJECT, **ENTERPRISE, users=crowd(250))
    failure = result["failure"]
    assert failure["code"] == seat_messages.SEATS_TAKEN.code
    # GitLab goes on with the third after the second was refused.
    got = crowd(100) + crowd(250)[200:]
    assert (result["changed"], holders(here)) == (True, got)
    assert failure["done"] == [f"assign seat of {name}" for name in got]
    # A new plan, which would tell that nothing of this block was done, is refused by then.
    assert failure["unknown"] == [f"assign seat of {name}" for name in crowd(200)[100:]]


@pytest.mark.parametrize(("wish", "start", "end"), [
    ({"users": ["alice", "root"]}, [], ["alice", "root"]),
    ({"users": ["root"], "exclusive": True}, ["alice", "second"], ["root"]),
    ({"users": ["alice"], "state": "absent"}, ["alice", "root"], ["root"]),
])  # fmt: skip
@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_at_each_request(
    wish: dict[str, Any], start: list[str], end: list[str], after: bool
) -> None:
    options = {**ENTERPRISE, **wish, "retries": 2}
    undisturbed = site(users=start)
    undisturbed.run(SUBJECT, **options)
    for at in range(1, len(undisturbed.requests) + 1):
        here = site(users=start)
        here.faults({"kind": "drop_after" if after else "drop_before", "at": at})
        result = here.run(SUBJECT, **options)
        assert "failed" not in result, (at, result["msg"])
        assert (result["changed"], holders(here)) == (True, end)


def test_two_runs_at_once_end_as_declared() -> None:
    """The other one has done the same between reading and writing."""
    here = site(people=3, users=["alice", "second"])
    (add_on,) = here.instance.add_ons
    options = {**ENTERPRISE, "users": ["root", "user-0001"], "exclusive": True}
    length = len(here.requests)

    def meanwhile() -> None:
        if len(here.requests) == length + 2:
            add_on.users = ["root", "user-0001"]

    here.watch = meanwhile
    result = here.run(SUBJECT, **options)
    assert "failed" not in result, result["msg"]
    assert holders(here) == ["root", "user-0001"]


def test_without_the_add_on_nobody_has_a_seat_to_lose() -> None:
    here = Sandboxed("18.9", add_ons=[{"name": "CODE_SUGGESTIONS", "purchased": 5}])
    for run in (here.dry, here.run):
        result = run(SUBJECT, **ENTERPRISE, users=["root"], state="absent")
        assert (result["changed"], len(result["warnings"])) == (False, 1)
        assert "nobody has a seat" in result["warnings"][0]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seats in a run of the role: planned with all else, assigned last, and read only if declared."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages, seat_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out, lines, planned
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = preflight.SUBJECT
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
SEATS = {"add_on": "duo_enterprise", "users": ["alice", "root"]}


def site(release: str = "18.9", **add_on: Any) -> Sandboxed:
    held = {"name": "DUO_ENTERPRISE", "purchased": 2, "assigned": 0, **add_on}
    return Sandboxed(release, add_ons=[held])


@pytest.mark.parametrize("release", ["17.9", "18.9", "19.4"])
def test_seats_come_last(release: str) -> None:
    here = site(release)
    wish = {"gateway": GATEWAY, "seats": SEATS}
    plan = planned(here, wish)
    assert plan["steps"]["seats"]["to_do"] is True
    assert [it["subject"] for it in plan["changes"]] == ["gateway", "seat", "seat"]
    dry = carried_out(here, wish, plan, check=True)
    assert (here.writes, list(dry)) == ([], ["gateway", "seats"])
    real = carried_out(here, wish, plan)
    assert lines(real) == lines(dry)
    assert here.instance.add_ons[0].users == ["alice", "root"]
    here.wait(60)  # each process of 19.4 keeps a copy of the gateway so long
    assert planned(here, wish)["to_do"] is False


def test_nobody_is_read_unless_seats_are_declared() -> None:
    here = site()
    here.dry(SUBJECT, gateway=GATEWAY, seats={})
    fields = {field for one in here.requests for it in one["operations"] for field in it["fields"]}
    assert "selfManagedAddOnEligibleUsers" not in fields
    assert here.dry(SUBJECT, seats={})["declared"]["seats"] is False


def test_what_stands_in_the_way_is_found_with_all_else() -> None:
    here = site(purchased=1)
    model = {"name": "m", "model_family": "mistral"}
    wish = {"models": [model], "seats": SEATS}
    result = here.run(SUBJECT, **wish)
    errors = [it for it in result["findings"] if it["severity"] == "error"]
    assert [(it["subject"], it["kind"]) for it in errors] == [
        ("self-hosted model m", "self_hosted_model"),
        ("seats", "seat"),
    ]
    assert "missing: 1 (to assign: 2, free: 1 of 1)" in errors[1]["what"]
    assert here.writes == []


def test_names_are_those_of_the_role() -> None:
    here = site()
    seats = {**SEATS, "users": ["a@example.com"]}
    result = here.dry(SUBJECT, seats=seats, variables={"seats": "duo_self_hosted_seats"})
    assert result["failure"]["code"] == messages.INVALID_OPTION.code
    assert "duo_self_hosted_seats.users: 'a@example.com' is no user name" in result["msg"]
    missing = here.dry(SUBJECT, seats={"exclusive": True})
    assert "Add seats.add_on." in missing["msg"]


def test_nobody_keeps_a_seat_only_with_a_confirmation() -> None:
    """Before the first change of a real run, whatever it is."""
    here = site(users=["alice"])
    wish = {"gateway": GATEWAY, "seats": {**SEATS, "users": [], "exclusive": True}}
    refused = here.run(SUBJECT, **wish)
    assert seat_messages.SEATS_EMPTIED.next_step in refused["msg"]
    assert here.writes == []
    plan = planned(here, wish)
    assert [it["name"] for it in plan["steps"]["seats"]["changes"]] == ["alice"]
    sure = {**wish, "seats": {**wish["seats"], "confirm_empty": True}}
    assert "failed" not in here.run(SUBJECT, **sure)
    assert carried_out(here, sure, planned(here, sure))["seats"]["changed"] is True
    assert here.instance.add_ons[0].users == []


def test_only_what_was_approved(tmp_path: Any) -> None:
    """A seat that was not in the plan is not assigned."""
    here = site()
    file = tmp_path / "plan.json"
    here.dry(SUBJECT, seats={**SEATS, "users": ["alice"]}, plan_file=str(file))
    same = here.run(SUBJECT, seats={**SEATS, "users": ["alice"]}, approved_plan=str(file))
    assert "failed" not in same
    other = here.run(SUBJECT, seats=SEATS, approved_plan=str(file))
    assert "seat of root" in other["msg"]

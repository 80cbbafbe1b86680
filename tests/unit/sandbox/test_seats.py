# SPDX-License-Identifier: GPL-3.0-or-later
"""Seats beyond what was recorded: pages, who can have one, and what is looked at first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import credentials

PEOPLE = [f"user-{number}" for number in range(250)]
TOKEN = credentials.ADMIN_TOKEN


def here(**add_on: Any) -> Sandboxed:
    held = {"name": "DUO_ENTERPRISE", "purchased": 200, "assigned": 0, **add_on}
    return Sandboxed("18.9", add_ons=[held], users=[{"username": name} for name in PEOPLE])


def ask(sandbox: Sandboxed, query: str, **variables: Any) -> Any:
    import requests

    with sandbox.reached():
        return requests.post(
            "http://gitlab.example.com/api/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5,
        ).json()


def gid(sandbox: Sandboxed, name: str) -> str:
    user = sandbox.instance.user(name)
    assert user
    return f"gid://gitlab/User/{user.id}"


def write(sandbox: Sandboxed, kind: str, names: list[str], *ids: str) -> Any:
    (add_on,) = sandbox.instance.add_ons
    query = (
        f"mutation($i: UserAddOnAssignmentBulk{kind}Input!) {{ userAddOnAssignmentBulk{kind}"
        "(input: $i) { errors addOnPurchase { assignedQuantity } users { nodes { username } } } }"
    )
    purchase = f"gid://gitlab/GitlabSubscriptions::AddOnPurchase/{add_on.id}"
    users = [*(gid(sandbox, name) for name in names), *ids]
    found = ask(sandbox, query, i={"addOnPurchaseId": purchase, "userIds": users})
    return found["data"][f"userAddOnAssignmentBulk{kind}"]


def test_a_page_has_a_hundred_and_the_newest_come_first() -> None:
    sandbox = here(users=["user-1"])
    (add_on,) = sandbox.instance.add_ons
    query = (
        "query($p: [GitlabSubscriptionsAddOnPurchaseID!]!, $a: String) { "
        "selfManagedAddOnEligibleUsers(addOnType: DUO_ENTERPRISE, addOnPurchaseIds: $p, first: 500,"
        " after: $a) { nodes { username addOnAssignments(addOnPurchaseIds: $p) { nodes { "
        "addOnPurchase { name } } } } pageInfo { hasNextPage endCursor } } }"
    )
    names, held, cursor, sizes = [], [], None, []
    while True:
        purchase = f"gid://gitlab/GitlabSubscriptions::AddOnPurchase/{add_on.id}"
        page = ask(sandbox, query, p=[purchase], a=cursor)["data"]["selfManagedAddOnEligibleUsers"]
        names += [node["username"] for node in page["nodes"]]
        held += [it["username"] for it in page["nodes"] if it["addOnAssignments"]["nodes"]]
        sizes.append(len(page["nodes"]))
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sizes == [100, 100, 53]
    assert names == [*reversed(PEOPLE), "alice", "second", "root"]
    assert held == ["user-1"]


@pytest.mark.parametrize(
    ("state", "can"),
    [
        *(("locked", True), ("unconfirmed", True), ("internal", False), ("deactivated", False)),
        *(("blocked", False), ("blocked_pending_approval", False)),
    ],
)
def test_who_is_not_active_cannot_have_one(state: str, can: bool) -> None:
    sandbox = here()
    sandbox.seed(users=[{"username": "alice", "state": state}])
    answer = write(sandbox, "Create", ["alice", "root"])
    assert answer["errors"] == ([] if can else ["INVALID_USER_ID_PRESENT"])
    assert sandbox.instance.add_ons[0].users == (["alice", "root"] if can else [])


def test_an_unknown_user_is_told_before_too_few_seats() -> None:
    sandbox = here(purchased=1, assigned=1)
    unknown = write(sandbox, "Create", ["alice"], "gid://gitlab/User/999999")
    assert unknown["errors"] == ["INVALID_USER_ID_PRESENT"]
    assert write(sandbox, "Create", ["alice"])["errors"] == ["NOT_ENOUGH_SEATS"]


def test_removing_passes_over_who_has_none() -> None:
    sandbox = here(users=["alice", "root"])
    answer = write(sandbox, "Remove", ["alice", "second"])
    assert answer == {
        "errors": [],
        "addOnPurchase": {"assignedQuantity": 1},
        "users": {"nodes": [{"username": "alice"}]},
    }
    assert write(sandbox, "Remove", ["alice", "second"])["errors"] == ["NO_ASSIGNMENTS_FOUND"]


def test_a_hundred_at_once_and_no_more() -> None:
    sandbox = here()
    assert write(sandbox, "Create", PEOPLE[:101]) is None
    assert write(sandbox, "Create", PEOPLE[:100])["addOnPurchase"] == {"assignedQuantity": 100}

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_seats, each run as check, real, real, check by test_modules.py."""

from __future__ import annotations

from typing import Any

from scenarios import CHANGES, UNCHANGED, Scenario, before, since

PEOPLE = [f"user-{number:03}" for number in range(130)]
USERS = [{"username": name} for name in PEOPLE]


def seats(name: str, args: dict[str, Any], **keywords: Any) -> list[Scenario]:
    """Return a scenario; 17.9 asks once more, for its list of users does not take the add-on."""
    pages = keywords.pop("pages", 1)
    add_on = {"name": "DUO_ENTERPRISE", "purchased": 150, "assigned": 0, **keywords.pop("add_on")}
    seed = {"add_ons": [add_on], "users": USERS}
    found = []
    for ending, releases, more in (("", since("17.10"), 0), ("-17.9", before("17.10"), 1)):
        reads = 1 + pages + more
        changed = keywords.get("changed", CHANGES)
        writes = keywords.get("writes", 1) if changed == CHANGES else 0
        real = 2 * reads + writes if writes else reads
        found.append(
            Scenario(
                f"seats-{name}{ending}",
                "duo_seats",
                {"add_on": "duo_enterprise", **args},
                seed=seed,
                releases=releases,
                requests=(reads, real, reads, reads),
                **{key: value for key, value in keywords.items() if key != "writes"},
            )
        )
    return found


SCENARIOS = [
    *seats(
        "assign",
        {"users": ["root", "Alice"]},
        add_on={"users": ["second"]},
        pages=2,
        steps=("assign seat of alice", "assign seat of root"),
        returns={"seats": {"purchased": 150, "assigned": 3, "users": ["alice", "root"]}},
        after={"add_ons": [{"users": ["second", "alice", "root"]}]},
    ),
    *seats(
        "assign-130",
        {"users": PEOPLE},
        add_on={},
        pages=2,
        returns={"seats": {"assigned": 130}},
    ),
    *seats(
        "exclusive",
        {"users": ["root"], "exclusive": True},
        add_on={"purchased": 2, "users": ["alice", "second"]},
        pages=2,
        writes=2,
        steps=("remove seat of alice", "remove seat of second", "assign seat of root"),
        after={"add_ons": [{"users": ["root"]}]},
    ),
    *seats(
        "nobody",
        {"users": [], "exclusive": True, "confirm_empty": True},
        add_on={"users": ["alice"]},
        pages=2,
        after={"add_ons": [{"users": []}]},
    ),
    *seats(
        "absent",
        {"users": ["user-129", "gone"], "state": "absent"},
        add_on={"users": ["user-129"]},
        pages=2,
        warnings=("as gone, so they count as users without one",),
        steps=("remove seat of user-129",),
    ),
    *seats(
        "there",
        {"users": ["user-129"]},
        add_on={"users": ["user-129"]},
        changed=UNCHANGED,
        after={"add_ons": [{"users": ["user-129"]}]},
    ),
]

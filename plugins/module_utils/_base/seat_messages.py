# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the failures of seats: what happened, and what to do next."""

from __future__ import annotations

from .failure import Message

NO_SEAT_ADD_ON = Message(
    "no-seat-add-on",
    "GitLab has no active add-on {add_on} (active: {add_ons}).",
    "{hint}",
)
TOO_FEW_SEATS = Message(
    "too-few-seats",
    "{add_on} has too few free seats; missing: {missing} (to assign: {wanted}, free: {free} of "
    "{purchased}).",
    "{hint}",
)
NO_SUCH_USERS = Message(
    "no-such-users",
    "GitLab lists nobody who can have a seat as {users}.",
    "Correct the user names (similar ones: {similar}), or leave out these users: blocked and "
    "deactivated users and bots can have no seat.",
)
SEATS_EMPTIED = Message(
    "seats-emptied",
    "Everybody who has a seat would lose it ({count}), because users is empty and exclusive is "
    "true.",
    "Look at who they are with --check --diff, and then set confirm_empty: true; or declare the "
    "users who keep their seats.",
)
SEATS_TAKEN = Message(
    "seats-taken",
    "GitLab has too few free seats by now, because somebody has assigned some since they were "
    "counted.",
    "Run again: the dry run says how many are missing.",
)
SEAT_USERS_CHANGED = Message(
    "seat-users-changed",
    "One of these users can no longer have a seat, because somebody was blocked or deleted since "
    "the users were read.",
    "Run again: the dry run names the users whom GitLab does not list.",
)
SEATS_REFUSED = Message(
    "seats-refused",
    "GitLab does not let the token's user change these seats.",
    "Check under Admin > GitLab Duo that the add-on is still active, and that the token is an "
    "administrator's with the scope api.",
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign the seats of an add-on: who may use the classic features of GitLab Duo.

GraphQL ``selfManagedAddOnEligibleUsers``, ``userAddOnAssignmentBulkCreate`` and
``userAddOnAssignmentBulkRemove`` (16.11). User names are compared without their case, as GitLab
does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._base import messages, seat_messages
from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.messages import Failure, close
from .._base.options import Name, Options, Spec, check, one_of
from .._duo.licences import OFFLINE, SEAT_ADD_ONS
from .._engine.access import LICENSE, license_facts
from .._engine.arguments import Arguments
from .._engine.plan import Change, Plan, Step
from .._engine.run_plan import PLAN_SPEC
from .._engine.subject import Subject
from .._gitlab.graphql import GENERAL_ERROR, Mutation, Part
from .._gitlab.wire import ListPage, Purchase, SeatUser, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._gitlab.client import GitLab
    from .._gitlab.graphql import Reading

NAME = "seat"
ABOUT = "seats"
PAGE = 100  # GitLab cuts a larger page to this
BLOCK = 100  # users of one mutation: GitLab refuses more
SEATS_SPEC: Spec = {
    "add_on": {"type": "str"},
    "users": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    "confirm_empty": {"type": "bool", "default": False},
}
PURCHASES = Part("Purchases", "addOnPurchases { id name purchasedQuantity assignedQuantity }")
_ELIGIBLE = "selfManagedAddOnEligibleUsers"


class SeatsOptions(Options):
    """Options of ``duo_seats``."""

    add_on: str
    users: list[Name]
    state: str = "present"
    exclusive: bool = False
    confirm_empty: bool = False

    @pydantic.field_validator("add_on")
    @classmethod
    def _known(cls, value: str) -> str:
        return str(one_of(value, SEAT_ADD_ONS, "GitLab Duo add-on with seats"))

    @pydantic.field_validator("users")
    @classmethod
    def _names(cls, value: list[str]) -> list[str]:
        for name in value:
            if not re.fullmatch(r"[\w.-]+", name):
                raise Wrong(
                    f"{name!r} is no user name",
                    "Write user names in {}, as after the last slash of a profile's URL.",
                )
        return value

    @pydantic.model_validator(mode="after")
    def _absent_is_not_exclusive(self) -> SeatsOptions:
        if self.state == "absent" and self.exclusive:
            raise Wrong(
                "absent cannot be combined with exclusive: true",
                "List the users who keep their seats and leave out {}, or leave out exclusive.",
                option="state",
            )
        return self

    @property
    def declared(self) -> dict[str, str]:
        """The user names in lower case -> as they were written."""
        return {name.lower(): name for name in self.users}


@dataclass(frozen=True)
class User:
    """Somebody who can have a seat."""

    id: str
    name: str
    has_seat: bool


@dataclass(frozen=True)
class ObservedSeats:
    """The add-on, and users who can have a seat of it, by their names in lower case.

    The users are those that were needed: all of them only where some cannot be found, or the
    declaration is the whole truth.
    """

    # Whether GitLab learns of purchases from a new licence file alone.
    offline: bool
    # GitLab's names of the active add-ons.
    add_ons: tuple[str, ...]
    purchase: Purchase | None
    users: Mapping[str, User] = field(default_factory=dict)


def options(params: dict[str, Any]) -> SeatsOptions:
    """Check the options of a task."""
    return check(SeatsOptions, params)


def observe(gitlab: GitLab, wanted: SeatsOptions) -> ObservedSeats:
    """Read the add-ons in one request, then users page by page until all that matter are known.

    :raises Failure: the token's user is no administrator.
    """
    reading = gitlab.read(LICENSE, PURCHASES)
    if "currentLicense" in reading.denied:
        raise Failure(messages.NOT_ADMINISTRATOR)
    found = reading.data.get("addOnPurchases") or []
    if not isinstance(found, list):
        raise reading.lacks("addOnPurchases")
    purchases = [parse(Purchase, it, "addOnPurchases") for it in found]
    name = SEAT_ADD_ONS[wanted.add_on]
    purchase = next((it for it in purchases if it.name == name), None)
    users: dict[str, User] = {}
    if purchase and (wanted.users or wanted.exclusive):
        for page in _pages(gitlab, purchase):
            users.update(page)
            if not wanted.exclusive and wanted.declared.keys() <= users.keys():
                break
    offline = license_facts(reading.data)["type"] == OFFLINE
    return ObservedSeats(offline, tuple(it.name for it in purchases), purchase, users)


def _pages(gitlab: GitLab, purchase: Purchase) -> Iterable[dict[str, User]]:
    cursor, told = None, True
    while True:
        reading = gitlab.read(_part(purchase, cursor, told=told))
        if told and _ELIGIBLE not in reading.data and not reading.denied:
            # An old release, which takes the purchase only where it asks for assignments.
            told = False
            continue
        if _ELIGIBLE in reading.denied:
            raise Failure(messages.NOT_ADMINISTRATOR)
        yield dict(_user(node, reading) for node in reading.nodes(_ELIGIBLE))
        page = parse(
            ListPage, (reading.data.get(_ELIGIBLE) or {}).get("pageInfo"), f"{_ELIGIBLE}.pageInfo"
        )
        if not page.has_next_page:
            return
        if page.end_cursor == cursor:
            # The page leads to itself, so the rest cannot be read.
            raise reading.lacks(f"{_ELIGIBLE}.pageInfo")
        cursor = page.end_cursor


def _part(purchase: Purchase, cursor: str | None, *, told: bool) -> Part:
    """Return the part that reads a page of users.

    :param told: whether the list itself takes the purchase, as later releases demand.
    """
    purchases = ", addOnPurchaseIds: $p" if told else ""
    return Part(
        "EligibleUsers",
        f"{_ELIGIBLE}(addOnType: {purchase.name}{purchases}, first: {PAGE}, after: $a) {{ nodes {{ "
        "id username addOnAssignments(addOnPurchaseIds: $p) { nodes { addOnPurchase { name } } } } "
        "pageInfo { hasNextPage endCursor } }",
        optional=told,
        variables={
            "$p: [GitlabSubscriptionsAddOnPurchaseID!]!": [purchase.id],
            "$a: String": cursor,
        },
    )


def _user(node: Any, reading: Reading) -> tuple[str, User]:
    told = parse(SeatUser, node, _ELIGIBLE)
    return told.username.lower(), User(told.id, told.username, bool(told.add_on_assignments.nodes))


# --- plan --------------------------------------------------------------------------------------
def plan(wanted: SeatsOptions, found: ObservedSeats) -> Plan[ObservedSeats]:
    """Return what would change: seats are taken away first, because others may need them.

    :raises Failure: the add-on is not there or has too few seats, GitLab lists no such user, or
        everybody would lose a seat without a confirmation.
    """
    purchase = found.purchase
    if purchase is None and wanted.state == "absent":
        nobody = f"There is no active add-on {wanted.add_on}, so nobody has a seat of it."
        return Plan((), found, (nobody,))
    if purchase is None:
        raise _no_add_on(wanted, found)
    warnings = []
    unknown = [name for key, name in wanted.declared.items() if key not in found.users]
    if unknown and wanted.state == "present":
        raise _no_such_users(unknown, found)
    if unknown:
        warnings.append(
            f"GitLab lists nobody who can have a seat as {', '.join(unknown)}, so they count as "
            "users without one."
        )
    listed = {key: user for key, user in found.users.items() if key in wanted.declared}
    present = wanted.state == "present"
    new = [user for user in listed.values() if present and not user.has_seat]
    leaving = listed if not present else found.users.keys() - listed if wanted.exclusive else ()
    gone = [user for key, user in found.users.items() if key in leaving and user.has_seat]
    if wanted.exclusive and not wanted.users and gone and not wanted.confirm_empty:
        emptied = Failure(seat_messages.SEATS_EMPTIED, about=ABOUT, count=len(gone))
        if not wanted.dry_run:
            raise emptied
        warnings.append(f"A real run would refuse this: {emptied.what} {emptied.next_step}")
    seats = purchase.assigned_quantity - len(gone)
    free = purchase.purchased_quantity - seats
    if len(new) > max(free, 0):
        raise Failure(
            seat_messages.TOO_FEW_SEATS,
            about=ABOUT,
            add_on=wanted.add_on,
            wanted=len(new),
            free=max(free, 0),
            purchased=purchase.purchased_quantity,
            missing=len(new) - max(free, 0),
            hint=_more_seats(wanted, found),
        )
    after = {user.name.lower(): replace(user, has_seat=False) for user in gone}
    after |= {user.name.lower(): replace(user, has_seat=True) for user in new}
    predicted = replace(
        found,
        purchase=purchase.model_copy(update={"assigned_quantity": seats + len(new)}),
        users={**found.users, **after},
    )
    steps = (
        *_steps("userAddOnAssignmentBulkRemove", wanted.add_on, purchase, gone),
        *_steps("userAddOnAssignmentBulkCreate", wanted.add_on, purchase, new),
    )
    return Plan(steps, predicted, tuple(warnings))


def _bought(found: ObservedSeats, what: str) -> str:
    """Return how GitLab gets to know what was bought."""
    if found.offline:
        return f"buy {what} and upload the licence that includes them (Admin > Subscription)"
    return f"buy {what} and synchronise the subscription (duo_subscription)"


def _more_seats(wanted: SeatsOptions, found: ObservedSeats) -> str:
    buy = _bought(found, "seats")
    if wanted.exclusive:
        return f"Declare fewer users, or {buy}."
    return (
        f"Declare fewer users, {buy}, or set exclusive: true, which first takes the seats of users "
        "who are not declared."
    )


def _no_add_on(wanted: SeatsOptions, found: ObservedSeats) -> Failure:
    others = [name for name, its in SEAT_ADD_ONS.items() if its in found.add_ons]
    buy = f"{_bought(found, 'its seats')}."
    fits = f"Set add_on: {others[0]}, which is active and has seats too, or " if others else ""
    return Failure(
        seat_messages.NO_SEAT_ADD_ON,
        about=ABOUT,
        add_on=wanted.add_on,
        add_ons=", ".join(others or found.add_ons) or "none",
        hint=f"{fits}{buy}" if fits else buy[0].upper() + buy[1:],
    )


def _no_such_users(unknown: Sequence[str], found: ObservedSeats) -> Failure:
    names = {key: user.name for key, user in found.users.items()}
    meant = [names[key] for name in unknown for key in close(name.lower(), names)[:1]]
    return Failure(
        seat_messages.NO_SUCH_USERS,
        about=ABOUT,
        users=", ".join(unknown),
        similar=", ".join(dict.fromkeys(meant)) or "none",
    )


def _steps(field_: str, add_on: str, purchase: Purchase, users: Sequence[User]) -> Iterable[Step]:
    """Yield a step for each hundred users: GitLab does all of one, or nothing."""
    ordered = sorted(users, key=lambda user: user.name.lower())
    for start in range(0, len(ordered), BLOCK):
        block = ordered[start : start + BLOCK]
        yield Step(
            tuple(_change(user, add_on) for user in block),
            Mutation(
                field_, {"addOnPurchaseId": purchase.id, "userIds": [user.id for user in block]}
            ),
        )


def _change(user: User, add_on: str) -> Change:
    before, after = (add_on, None) if user.has_seat else (None, add_on)
    return Change(
        NAME,
        user.name,
        {user.name: before},
        {user.name: after},
        verb="remove" if user.has_seat else "assign",
        group=f"seats of {add_on}",
        fields=({"add_on": before}, {"add_on": after}),
    )


def explain(
    _gitlab: GitLab, _changes: Sequence[Change], said: str, failure: Failure
) -> Failure | None:
    """Return what a refusal means for seats; GitLab says most of it in codes."""
    if "NOT_ENOUGH_SEATS" in said:
        return Failure(seat_messages.SEATS_TAKEN)
    if "INVALID_USER_ID_PRESENT" in said:
        return Failure(seat_messages.SEAT_USERS_CHANGED)
    own = (messages.TOKEN_SCOPE.code, messages.NOT_ADMINISTRATOR.code)
    if said.startswith(GENERAL_ERROR) and failure.code not in own:
        return Failure(seat_messages.SEATS_REFUSED)
    return None


def show(wanted: SeatsOptions, found: ObservedSeats) -> dict[str, Any]:
    """Return the seats of the add-on, and which of the declared users have one."""
    purchase = found.purchase
    users = [found.users[key] for key in wanted.declared if key in found.users]
    return {
        "seats": {
            "add_on": wanted.add_on,
            "purchased": purchase.purchased_quantity if purchase else 0,
            "assigned": purchase.assigned_quantity if purchase else 0,
            "users": sorted(user.name for user in users if user.has_seat),
        }
    }


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            **SEATS_SPEC,
            "add_on": {**SEATS_SPEC["add_on"], "required": True},
            "users": {**SEATS_SPEC["users"], "required": True},
            **PLAN_SPEC,
        },
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
    explain=explain,
)

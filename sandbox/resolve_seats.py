# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers for seats: who can have one of an add-on, who has one, and who is to.

Sources: `GitlabSubscriptions::Duo::BulkAssignService` (what is looked at first, and that nothing is
done unless all of it can be) and 18.9's own answers.
"""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo

from .errors import GENERAL, FieldError, ServerFault
from .paging import connection
from .state import AddOn, Instance, User

user_type = ObjectType("AddOnUser")
assignment_type = ObjectType("UserAddOnAssignment")

MOST = 100
TOO_MANY = "The number of users to be assigned in a single API call should be less than 100."
#: `User.active`, without bots: who has not confirmed an address, or is locked out, counts too.
ELIGIBLE = ("active", "locked", "unconfirmed")


def eligible(instance: Instance) -> list[User]:
    """Return who can have a seat, whatever the add-on; the newest first."""
    found = [user for user in instance.users if user.state in ELIGIBLE]
    return sorted(found, key=lambda user: user.id, reverse=True)


def _names(user: User, text: str) -> bool:
    """`User.search`: part of the name or the user name; an address has to be whole."""
    word = text.lower()
    return word in user.username.lower() or word in user.name.lower() or word == user.email.lower()


# --- queries ---


def eligible_users(_parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """For administrators alone; nobody at all makes GitLab stumble."""
    if info.context.caller.user is None:
        raise ServerFault
    if not info.context.abilities.admin:
        raise FieldError(GENERAL)
    users = eligible(info.context.instance)
    if arguments.get("search"):
        users = [user for user in users if _names(user, arguments["search"])]
    return connection(users, arguments, keyset=False)


user_type.set_field("id", lambda user, _info: f"gid://gitlab/User/{user.id}")


@user_type.field("addOnAssignments")
def _assignments(user: User, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    held = [
        one
        for one in info.context.instance.add_ons
        if one.active and one.id in arguments["addOnPurchaseIds"] and user.username in one.users
    ]
    return connection(held, arguments, keyset=False)


assignment_type.set_field("addOnPurchase", lambda add_on, _info: add_on)

# --- mutations ---


def _purchase(info: GraphQLResolveInfo, data: dict[str, Any]) -> AddOn:
    """Return the active purchase that is meant; without users GitLab finds none."""
    found = [
        one
        for one in info.context.instance.add_ons
        if one.active and one.id == data["addOnPurchaseId"]
    ]
    if not info.context.abilities.admin or not found or not data["userIds"]:
        raise FieldError(GENERAL)
    if len(data["userIds"]) > MOST:
        raise FieldError(TOO_MANY)
    return found[0]


def _payload(add_on: AddOn | None, users: list[User], *errors: str) -> dict[str, Any]:
    if errors:
        return {"addOnPurchase": None, "users": None, "errors": list(errors)}
    return {"addOnPurchase": add_on, "users": connection(users, {}, keyset=False), "errors": []}


def assign(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """All or nothing; who has a seat already needs none."""
    add_on = _purchase(info, data)
    users = [it for it in eligible(info.context.instance) if it.id in data["userIds"]]
    if len(users) < len(set(data["userIds"])):
        return _payload(None, [], "INVALID_USER_ID_PRESENT")
    new = [user.username for user in users if user.username not in add_on.users]
    if add_on.assigned + len(add_on.users) + len(new) > add_on.purchased:
        return _payload(None, [], "NOT_ENOUGH_SEATS")
    add_on.users = [*add_on.users, *new]
    return _payload(add_on, users)


def remove(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """Who has no seat is passed over, unless none of them has one."""
    add_on = _purchase(info, data)
    held = [
        user
        for user in info.context.instance.users
        if user.id in data["userIds"] and user.username in add_on.users
    ]
    if not held:
        return _payload(None, [], "NO_ASSIGNMENTS_FOUND")
    gone = {user.username for user in held}
    add_on.users = [name for name in add_on.users if name not in gone]
    return _payload(add_on, held)


def bind(query: QueryType) -> None:
    query.set_field("selfManagedAddOnEligibleUsers", eligible_users)


MUTATIONS = {"userAddOnAssignmentBulkCreate": assign, "userAddOnAssignmentBulkRemove": remove}
TYPES = [user_type, assignment_type]

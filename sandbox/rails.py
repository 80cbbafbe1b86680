# SPDX-License-Identifier: GPL-3.0-or-later
"""`/_sandbox/rails/`: answer the Ruby classes of gitlab_rails.rb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import rules_gateway, subscription
from .processes import Look, looking
from .state import Acceptance, Instance
from .upgrade import COLUMNS_ADDED

ACCEPTANCE_COLUMNS = ("user_id", "user_email")
USER_COLUMNS = ("id", "username", "email", "name")


class Raised(Exception):
    """An exception for the Ruby side to raise."""

    def __init__(self, exception: str, message: str) -> None:
        super().__init__(message)
        self.exception = exception


def _check_columns(table: str, known: tuple[str, ...], names: Any) -> None:
    for name in names:
        if name not in known:
            text = f"PG::UndefinedColumn: ERROR:  column {table}.{name} does not exist"
            raise Raised("ActiveRecord::StatementInvalid", text)


def find_user(instance: Instance, data: dict[str, Any]) -> dict[str, Any]:
    conditions = data["conditions"]
    _check_columns("users", USER_COLUMNS, conditions)
    for user in instance.users:
        if all(getattr(user, name) == value for name, value in conditions.items()):
            return {name: getattr(user, name) for name in USER_COLUMNS}
    asked = " AND ".join(
        f'"users"."{name}" = ${number}' for number, name in enumerate(conditions, 1)
    )
    raise Raised("ActiveRecord::RecordNotFound", f"Couldn't find User with [WHERE {asked}]")


def acceptances(instance: Instance, data: dict[str, Any]) -> list[dict[str, Any]]:
    conditions = data["conditions"]
    check_columns(instance, {"columns": conditions})
    rows = [{"user_id": one.user_id, "user_email": one.email} for one in instance.acceptances]
    return [row for row in rows if all(row[name] == value for name, value in conditions.items())]


def check_columns(_instance: Instance, data: dict[str, Any]) -> None:
    _check_columns("ai_testing_terms_acceptances", ACCEPTANCE_COLUMNS, data["columns"])


def accept(instance: Instance, data: dict[str, Any]) -> None:
    """The service checks no permissions; its table has one row for each user."""
    user_id = data["user_id"]
    if any(one.user_id == user_id for one in instance.acceptances):
        raise Raised(
            "ActiveRecord::RecordNotUnique",
            "PG::UniqueViolation: ERROR:  duplicate key value violates unique constraint "
            f'"ai_testing_terms_acceptances_pkey"\nDETAIL:  Key (user_id)=({user_id}) already '
            "exists.",
        )
    user = next(one for one in instance.users if one.id == user_id)
    instance.acceptances.append(Acceptance(user_id, user.email))
    instance.audit("self_hosted_model_terms_accepted")


def withdraw(instance: Instance, data: dict[str, Any]) -> None:
    """Also the row of a deleted user; no audit event."""
    instance.acceptances = [one for one in instance.acceptances if one.user_id != data["user_id"]]


def sync(instance: Instance, _data: dict[str, Any]) -> bool:
    return subscription.queue_sync(instance)


def setting(instance: Instance, _data: dict[str, Any]) -> dict[str, Any]:
    """`Ai::Setting.instance`: the columns that the release has."""
    return {name: getattr(instance.gateway, name) for name in _setting_columns(instance)}


def update_setting(instance: Instance, data: dict[str, Any]) -> dict[str, Any]:
    """Validated like the mutation, but without removing a slash or checking permissions."""
    given = dict(data["attributes"])
    for name in given:
        if name not in _setting_columns(instance):
            text = f"unknown attribute '{name}' for Ai::Setting."
            raise Raised("ActiveModel::UnknownAttributeError", text)
    seconds = given.get("ai_gateway_timeout_seconds")
    if isinstance(seconds, str):
        given["ai_gateway_timeout_seconds"] = int(seconds) if seconds.isdecimal() else None
    problems = rules_gateway.problems(instance, given)
    if problems:
        raise Raised("ActiveRecord::RecordInvalid", f"Validation failed: {', '.join(problems)}")
    instance.write_gateway(given)
    return setting(instance, {})


def _setting_columns(instance: Instance) -> list[str]:
    columns = ["ai_gateway_url"]
    columns += [one for one, since in COLUMNS_ADDED.items() if instance.release.at_least(*since)]
    return columns


CALLS: dict[str, Callable[[Instance, dict[str, Any]], Any]] = {
    "find_user": find_user,
    "acceptances": acceptances,
    "check_columns": check_columns,
    "accept": accept,
    "withdraw": withdraw,
    "sync": sync,
    "setting": setting,
    "update_setting": update_setting,
}
WRITES = ("accept", "withdraw", "sync", "update_setting")


def _start(request: Request) -> dict[str, Any]:
    """Start a run of the runner, which is one entry in the journal, whatever it does."""
    instance: Instance = request.app.state.instance
    entry = {"method": "RUNNER", "path": "gitlab-rails runner", "operations": []}
    request.app.state.journal.add({**entry, "write": False, "multiplex": 0}, 200, None)
    return {
        "run": request.app.state.journal.requests[-1]["number"],
        "enterprise": instance.options.enterprise,
        # 19.2 moved its columns; here the class is missing from then on.
        "ai_setting": not instance.release.at_least(19, 2),
    }


async def endpoint(request: Request) -> Response:
    instance: Instance = request.app.state.instance
    instance.settle()
    call, data = request.path_params["call"], await request.json()
    if call == "start":
        return JSONResponse({"result": _start(request)})
    if call not in CALLS:
        return JSONResponse({"error": f"no call {call}"}, 404)
    try:
        # A process of its own, which lasts for one run and reads what is stored.
        with looking(Look()), instance.remembering():
            result = CALLS[call](instance, data)
    except Raised as raised:
        return JSONResponse({"exception": raised.exception, "message": str(raised)}, 422)
    if call in WRITES:
        for entry in request.app.state.journal.requests:
            entry["write"] |= entry["number"] == data["run"]
    return JSONResponse({"result": result})

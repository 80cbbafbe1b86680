# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a failure says was done, and was not, with the state of the instance."""

from __future__ import annotations

import re
from typing import Any

from sandbox_client import Instance

# The columns that an option is kept in, where their names differ.
COLUMNS = {"model_family": "model"}
SETTING = re.compile(r"change feature (\w+) \(.* -> (\w+)(?: (\S+))?\)")
CHANGE = re.compile(r"change (AI gateway|self-hosted model (\S+)) \((.*)\)")
# The option whose line tells of markers, not values: read by comparing with what was there.
KEY, KEY_COLUMN = "api_key", "api_token"


def lies(
    values: dict[str, Any], instance: Instance, before: dict[str, Any], *, unknown: bool | None
) -> list[str]:
    """Return what a failure says that is not true.

    :param before: the state before its run.
    :param unknown: whether nobody can know what came of a write; None where that depends.
    """
    state = instance.state()
    failure = values["failure"]
    found = [
        f"{line}: said to be {'done' if done else 'not done'}"
        for done, lines in ((True, failure["done"]), (False, failure["not_done"]))
        for line in lines
        if holds(line, state, before) not in (done, None)
    ]
    said = failure["unknown"]
    # A key is not shown, so that a reading does not tell whether it was stored.
    told = [line for line in said if KEY not in line]
    if unknown and not said:
        found.append("nothing is said to be unknown")
    if unknown is False and told:
        found.append(f"{told}: said to be unknown")
    if bool(failure["done"] or said) != values["changed"]:
        found.append(f"changed is {values['changed']}, done is {failure['done']}, unknown {said}")
    every = [*failure["done"], *failure["not_done"], *said]
    if len(set(every)) < len(every):
        found.append(f"{every}: said twice")
    return found


def holds(line: str, state: dict[str, Any], before: dict[str, Any]) -> bool | None:
    """Return whether what a line tells of is there; None where the line alone does not tell."""
    verb, _blank, about = line.partition(" ")
    if verb in ("create", "delete") and about.startswith("self-hosted model "):
        there = about.removeprefix("self-hosted model ") in state["models"]
        return there == (verb == "create")
    if about.startswith("beta features"):
        return bool(state["beta_on"] == about.endswith("true)"))
    if setting := SETTING.fullmatch(line):
        name, provider, model = setting.groups()
        row = state["features"].get(name) or {"provider": "unassigned", "model": None}
        same = row["provider"] == provider and (provider != "self_hosted" or row["model"] == model)
        return bool(same)
    if change := CHANGE.fullmatch(line):
        row = state["gateway"] if change[1] == "AI gateway" else state["models"].get(change[2])
        if row is None:
            return None
        wanted = dict(part.split(": ", 1) for part in change[3].split(", "))
        if wanted.pop(KEY, None) and row[KEY_COLUMN] == before["models"][change[2]][KEY_COLUMN]:
            return False
        return all(
            _text(row[COLUMNS.get(key, key)]) == value.rpartition(" -> ")[2]
            for key, value in wanted.items()
            if COLUMNS.get(key, key) in row
        )
    return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine argument specifications, and refuse options that have no effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._base.invalid import invalid
from .._base.options import SECRET, Spec
from .._gitlab.connection import CONNECTION_SPEC

# Prefix of the role's variables. One that arrives as an option of a module is a text that the role
# could not combine with other options.
OF_ROLE = "duo_self_hosted_"
# For a declaration that is used for instances of different releases.
WHEN_UNSUPPORTED: Spec = {
    "when_unsupported": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
}


def required(spec: Spec, name: str) -> Spec:
    """Return the specification with one option made required, for use as sub-options."""
    return {**spec, name: {**spec[name], "required": True}}


@dataclass(frozen=True)
class Arguments:
    """The options of one module: its specification and the constraints between options."""

    spec: Spec
    mutually_exclusive: list[tuple[str, ...]] = field(default_factory=list)
    required_one_of: list[tuple[str, ...]] = field(default_factory=list)

    def constraints(self) -> dict[str, Any]:
        """Return the specification and constraints, including the connection options."""
        return {
            "argument_spec": {**CONNECTION_SPEC, **self.spec},
            "mutually_exclusive": self.mutually_exclusive,
            "required_one_of": self.required_one_of,
        }


def refuse_beside(items: str, one: Spec, params: dict[str, Any]) -> None:
    """Refuse an option of a single object beside a list of objects, where it has no effect.

    Ansible itself can refuse only options without a default, because the others always have a
    value.

    :param items: name of the option that holds the list.
    :raises Failure: naming the options.
    """
    found = [name for name, it in one.items() if params.get(name) not in (None, it.get("default"))]
    if found:
        names = ", ".join(found)
        problem = f"{names}: would have no effect beside {items}; set it in each item"
        raise invalid([(problem, f"Move {names} into the items of {items}.")])


def secrets_in(values: Any) -> set[str]:
    """Return the secrets in the options of a task, whatever their form, for masking.

    Core collects them too, but given ``[[{"api_key": ...}]]`` as a list of models it collects none,
    not even the token, and repeats the list in its message. ``variables`` holds names of variables,
    which messages show.
    """
    if isinstance(values, (list, tuple)):
        return set().union(*map(secrets_in, values))
    if not isinstance(values, dict):
        return set()
    own = {
        str(value)
        for name, value in values.items()
        if (name in SECRET or str(name).startswith(OF_ROLE)) and value and isinstance(value, str)
    }
    return own.union(*(secrets_in(value) for name, value in values.items() if name != "variables"))

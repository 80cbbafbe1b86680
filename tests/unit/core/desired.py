# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scripted GitLab for carrying out plans: it loses answers, refuses, and saves."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure, Unclear
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.apply import apply
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import Change, Plan, Step
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import (
    Mutation,
    Part,
    Reading,
    Written,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

# What a write can come to. "saved" means that GitLab did the work.
OK = "saved"
LOST = Unclear(http_messages.UNREACHABLE, retry=True, reason="connection reset")
LATE = Unclear(http_messages.TIMED_OUT, retry=True, late=True, seconds=30)
BUSY = Unclear(http_messages.TRY_LATER, retry=True, wait=7, status=429, reason="Retry later")
LIMITED = Unclear(http_messages.TRY_LATER, retry=True, refused=True, status=429, reason="Later")
SERVER_ERROR = Unclear(http_messages.SERVER_ERROR, retry=False, status=500, reason="Internal")
DOWN = Failure(http_messages.UNREACHABLE, reason="connection refused")

# Licence and add-on with which nothing is missing that GitLab tells of.
PERMITTED = {
    "currentLicense": {"plan": "ultimate"},
    "addOnPurchases": [{"name": "DUO_ENTERPRISE"}],
}


def change(name: str, **more: Any) -> Change:
    """Return a change of one object."""
    return Change(name, "", {"value": 1}, {"value": 2}, **more)


def step(*names: str, field: str = "modelUpdate", recheck: bool = False, **more: Any) -> Step:
    """Return a step that changes these objects by one mutation."""
    return Step(
        tuple(change(name, **more) for name in names),
        Mutation(field, {"names": list(names)}),
        recheck=recheck,
    )


@dataclass
class Desired:
    """GitLab, as far as apply sees it: remembers what was saved and sent, plans what is left."""

    steps: list[Step]
    # One outcome for each request: an exception, or what GitLab says of each mutation.
    outcomes: list[Any] = field(default_factory=list)
    # Objects that a request saves although its outcome is an exception.
    saved_anyway: list[set[str]] = field(default_factory=list)
    readings: list[Any] = field(default_factory=list)
    retries: int = 3
    token: Any = None
    data: dict[str, Any] = field(default_factory=dict)
    subject: Any = None
    denied: dict[str, str] = field(default_factory=dict)
    unreadable: Failure | None = None

    def __post_init__(self) -> None:
        """Start with nothing sent."""
        self.connection = SimpleNamespace(retries=self.retries, settle_timeout=70)
        self.sent: list[list[str]] = []
        self.saved: set[str] = set()
        self.read_again = 0

    def mutate(self, mutations: list[Mutation]) -> list[Written]:
        """Answer by the script; without one, save."""
        names = [name for it in mutations for name in it.input["names"]]
        self.sent.append(names)
        outcome = self.outcomes.pop(0) if self.outcomes else OK
        anyway = self.saved_anyway.pop(0) if self.saved_anyway else set()
        if isinstance(outcome, Exception):
            self.saved |= anyway
            raise outcome
        said = [""] * len(mutations) if outcome == OK else outcome
        for mutation, text in zip(mutations, said, strict=True):
            self.saved |= anyway if text else set(mutation.input["names"])
        return [Written(text) for text in said]

    def replan(self) -> Plan[Any]:
        """Read again: what is not saved, or cannot be seen, is still to be done."""
        self.read_again += 1
        if self.readings:
            reading = self.readings.pop(0)
            if isinstance(reading, Exception):
                raise reading
            if reading is not None:
                return Plan(tuple(reading), None)
        left = []
        for it in self.steps:
            changes = tuple(
                one for one in it.changes if one.about not in self.saved or not one.visible
            )
            if changes:
                call = Mutation(it.call.field, {"names": [one.about for one in changes]})
                left.append(Step(changes, call, recheck=it.recheck))
        return Plan(tuple(left), None)

    def rest(self, _path: str) -> Any:
        """Return what GitLab says of the token."""
        return self.token

    def read(self, *_parts: Part) -> Reading:
        """Return licence and add-ons."""
        if self.unreadable:
            raise self.unreadable
        return Reading(release("18.8"), True, data=self.data, denied=self.denied)

    def run(self) -> list[str]:
        """Carry out the plan of the start."""
        return apply(self, Plan(tuple(self.steps), None), self.replan, subject=self.subject)

    def fail(self) -> Failure:
        """Carry it out and return the failure."""
        with pytest.raises(Failure) as caught:
            self.run()
        return caught.value


def lines(*names: str) -> list[str]:
    """Return the lines that tell of these changes."""
    return [f"change {name} (value: 1 -> 2)" for name in names]

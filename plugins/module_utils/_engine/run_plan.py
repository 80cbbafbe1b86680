# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define what the preflight hands to a task of the run: the plan of that task, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.messages import Failure
from .objects import about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.options import Spec
    from .plan import Change

# One field of one object, as in the ``changes`` of a result.
Entry = Mapping[str, Any]

PLAN_SPEC: Spec = {
    "plan": {
        "type": "dict",
        "options": {
            "to_do": {"type": "bool"},
            "certain": {"type": "bool", "default": True},
            "approved": {"type": "bool", "default": False},
            "first": {"type": "bool", "default": False},
            "watched": {"type": "bool", "default": False},
            "changes": {"type": "list", "elements": "dict"},
            "preceding": {"type": "list", "elements": "dict", "default": []},
            "unsupported": {"type": "list", "elements": "dict", "default": []},
        },
    },
}


@dataclass(frozen=True)
class StepPlan:
    """The plan of one step of a run."""

    # The changes of the step; None if it was not planned.
    changes: tuple[Entry, ...] | None = None
    # The changes of the steps before it.
    preceding: tuple[Entry, ...] = ()
    # Name -> reason, for models that earlier steps skip because the release lacks something.
    unsupported: Mapping[str, str] = field(default_factory=dict)
    # False if an earlier step has to make visible what this one would change.
    certain: bool = True
    # Whether these changes, and no others, were approved.
    approved: bool = False
    # Whether no earlier run can have made these changes, because what it would have made after
    # them does not exist.
    first: bool = False
    # Whether the tasks after it wait until GitLab shows them these changes.
    watched: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> StepPlan:
        """Return the plan that a task was given."""
        if not given:
            return cls()
        changes = given.get("changes")
        return cls(
            changes=None if changes is None else tuple(changes),
            preceding=tuple(given.get("preceding") or ()),
            unsupported={
                str(it.get("name")): str(it.get("what")) for it in given.get("unsupported") or ()
            },
            certain=given.get("certain") is not False,
            approved=bool(given.get("approved")),
            first=bool(given.get("first")),
            watched=bool(given.get("watched")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return the plan in the form in which the preflight returns it and the task takes it."""
        return {
            "to_do": bool(self.changes) or not self.certain,
            "certain": self.certain,
            "approved": self.approved,
            "first": self.first,
            "watched": self.watched,
            "changes": [dict(it) for it in self.changes or ()],
            "preceding": [dict(it) for it in self.preceding],
            "unsupported": [
                {"subject": "self_hosted_model", "name": name, "what": what}
                for name, what in self.unsupported.items()
            ],
        }

    def warnings(self, changes: Sequence[Change]) -> list[str]:
        """Return the warnings about changes that were not planned for the step.

        :raises Failure: there are such changes, and only the planned ones are approved.
        """
        if self.changes is None:
            return []
        planned = {_key(it) for it in self.changes}
        new = [it for change in changes for it in change.entries() if _key(it) not in planned]
        if not new or (not self.certain and not self.approved):
            return []
        told = ", ".join(dict.fromkeys(_text(it) for it in new))
        if self.approved:
            raise Failure(messages.NOT_APPROVED, objects=told)
        return [
            f"GitLab has changed since the preflight read it, so this task also changes: {told}."
        ]


def _key(entry: Entry) -> tuple[Any, ...]:
    """Return the identity of a change, without ``before``, which an earlier step may reveal.

    A secret that was to be set may then be one to change: either way the declared one is stored.
    """
    key = tuple(str(entry.get(name)) for name in ("subject", "name", "field", "after"))
    return (*key[:-1], "(set)") if key[-1] == "(changed)" else key


def _text(entry: Entry) -> str:
    return f"{about(str(entry.get('subject')), str(entry.get('name')))} ({entry.get('field')})"

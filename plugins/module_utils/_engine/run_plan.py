# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight planned for one task of a run: the only thing that it hands to the task."""

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

# One field of one object, as results have it in ``changes``.
Entry = Mapping[str, Any]

PLAN_SPEC: Spec = {
    "plan": {
        "type": "dict",
        "options": {
            "to_do": {"type": "bool"},
            "certain": {"type": "bool", "default": True},
            "approved": {"type": "bool", "default": False},
            "changes": {"type": "list", "elements": "dict"},
            "preceding": {"type": "list", "elements": "dict", "default": []},
            "unsupported": {"type": "list", "elements": "dict", "default": []},
        },
    },
}


@dataclass(frozen=True)
class StepPlan:
    """The plan of one step of a run."""

    # What the step changes; None where nobody planned it.
    changes: tuple[Entry, ...] | None = None
    # What the steps before it change.
    preceding: tuple[Entry, ...] = ()
    # Name -> why, of the models that the steps before it skip, because the release lacks something.
    unsupported: Mapping[str, str] = field(default_factory=dict)
    # False where an earlier step shows what is not visible before it.
    certain: bool = True
    # Whether a person approved these changes, and no others.
    approved: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> StepPlan:
        """Return the plan as a task gets it."""
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
        )

    def as_data(self) -> dict[str, Any]:
        """Return the plan as the preflight returns it, and as the task gets it."""
        return {
            "to_do": bool(self.changes) or not self.certain,
            "certain": self.certain,
            "approved": self.approved,
            "changes": [dict(it) for it in self.changes or ()],
            "preceding": [dict(it) for it in self.preceding],
            "unsupported": [
                {"subject": "self_hosted_model", "name": name, "what": what}
                for name, what in self.unsupported.items()
            ],
        }

    def warnings(self, changes: Sequence[Change]) -> list[str]:
        """Return what a step says of changes that nobody planned for it.

        :raises Failure: only the planned ones are approved.
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
    """Return what a change comes to. Before may become visible only meanwhile.

    Then a secret that was to be set is one that is changed: either way the declared one is stored.
    """
    key = tuple(str(entry.get(name)) for name in ("subject", "name", "field", "after"))
    return (*key[:-1], "(set)") if key[-1] == "(changed)" else key


def _text(entry: Entry) -> str:
    return f"{about(str(entry.get('subject')), str(entry.get('name')))} ({entry.get('field')})"

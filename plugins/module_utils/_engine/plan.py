# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: what would change, as data.

Check mode shows it, a real run carries it out, the diff is drawn from it, and tests read it.
``changed`` is whether a plan has steps; nothing else decides it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .._gitlab.graphql import Mutation
from .objects import about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._gitlab.client import GitLab

ABSENT: Mapping[str, Any] = {"state": "absent"}

Observed = TypeVar("Observed")


@dataclass(frozen=True)
class Change:
    """One object before and after: only the values that differ, secrets as markers."""

    subject: str
    # Empty where the subject is a single thing, as the gateway.
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    verb: str = "change"
    # False where GitLab does not show the state, so that reading again proves nothing.
    visible: bool = True
    # Changes of one group stand together in a diff.
    group: str = ""
    # Before and after field by field, where a diff shows them as one text.
    fields: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None

    @property
    def about(self) -> str:
        """How messages and diffs call the object."""
        return about(self.subject, self.name)

    def __str__(self) -> str:
        if self.verb != "change":
            return f"{self.verb} {self.about}"
        values = (
            f"{'' if self.group else f'{key}: '}{_text(self.before.get(key))} -> {_text(value)}"
            for key, value in self.after.items()
        )
        return f"change {self.about} ({', '.join(values)})"

    def entries(self) -> list[dict[str, Any]]:
        """Return the change as data, one entry for each field.

        What did not exist before has null there, and so has what no longer exists afterwards.
        """
        before, after = self.fields or (self.before, self.after)
        names = dict.fromkeys((*before, *after))
        if len(names) > 1 and ABSENT in (before, after):
            del names["state"]
        return [
            {
                "subject": self.subject,
                "name": self.name,
                "field": name,
                "before": before.get(name),
                "after": after.get(name),
            }
            for name in names
        ]

    @property
    def unkept(self) -> str:
        """What is shown and what was written, of a change that a new plan still holds."""
        told = (
            f"{key} is {_text(self.before.get(key))} and was set to {_text(value)}"
            for key, value in self.after.items()
        )
        return f"{self.about}: {', '.join(told)}"


def _text(value: Any) -> str:
    return (
        "none"
        if value in (None, "")
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


class PageAction(Protocol):
    """What only an admin page can do."""

    def perform(self, gitlab: GitLab) -> None:
        """Carry it out."""


@dataclass(frozen=True)
class Step:
    """One write, and all that it changes."""

    changes: tuple[Change, ...]
    call: Mutation | PageAction
    # True where a change by somebody else since the reading would make the step unsafe.
    recheck: bool = False
    # True where GitLab makes something else of it: what is left is planned again after it.
    unfinished: bool = False
    # True where it may be carried out again, planned anew, if another run has overwritten it.
    repeatable: bool = False
    # True where each of GitLab's processes keeps a copy of what it changes, which may be old.
    copied: bool = False
    # Whether a refusal, in GitLab's words, only means that an earlier write is not seen yet.
    passes: Callable[[GitLab, str], bool] = lambda _gitlab, _said: False
    # Whether a state shows that it was carried out, where a new plan does not tell.
    shows: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Plan(Generic[Observed]):
    """Ordered steps, the state that they lead to, and what a person should know."""

    steps: tuple[Step, ...]
    predicted: Observed
    warnings: tuple[str, ...] = ()
    # What is planned although another of GitLab's processes shows it done: by whom, only a run that
    # has written it knows.
    done_elsewhere: frozenset[str] = frozenset()
    # Name -> why, of what is skipped because the release lacks something.
    unsupported: Mapping[str, str] = field(default_factory=dict)
    # False where only an earlier step of the run shows what would change.
    certain: bool = True

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, in the order in which they are carried out."""
        return tuple(change for step in self.steps for change in step.changes)

    def entries(self) -> list[dict[str, Any]]:
        """Return all changes as data, in the same order."""
        return entries(self.changes)

    @property
    def is_proven(self) -> bool:
        """Whether GitLab's answers to the steps prove all of them, once they are carried out."""
        return all(isinstance(step.call, Mutation) and step.call.proof for step in self.steps)

    def diff(self, instance: str) -> list[dict[str, Any]]:
        """Return the diff in Ansible's form: one entry for each object, or group of objects."""
        entries: dict[str, dict[str, Any]] = {}
        for change in self.changes:
            header = f"{instance} {change.group or change.about}"
            empty = {
                "before_header": header,
                "after_header": header,
                "before": {},
                "after": {},
            }
            entry = entries.setdefault(header, empty)
            entry["before"].update(change.before)
            entry["after"].update(change.after)
        return list(entries.values())


def entries(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return changes as data, in their order."""
    return [entry for change in changes for entry in change.entries()]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the two mappings cut down to the keys of ``after`` whose values differ."""
    keys = [key for key, value in after.items() if before.get(key) != value]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}

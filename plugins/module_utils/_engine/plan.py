# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a plan: what would change, as data.

Check mode shows it, a real run carries it out, the diff is made from it, and tests read it.
``changed`` says whether a plan has steps; nothing else decides it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .._gitlab.graphql import Mutation
from .objects import about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._gitlab.client import GitLab

ABSENT: Mapping[str, Any] = {"state": "absent"}

Observed = TypeVar("Observed")


@dataclass(frozen=True)
class Change:
    """One object before and after: only the values that differ, secrets as markers."""

    subject: str
    # Empty if there is only one object of the subject, such as the gateway.
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    verb: str = "change"
    # False if GitLab does not show the state, so that reading again proves nothing.
    visible: bool = True
    # Changes of one group share an entry of the diff.
    group: str = ""
    # Before and after by field, if the diff shows several fields as one text.
    fields: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None

    @property
    def about(self) -> str:
        """Name of the object in messages and diffs."""
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

        An object that does not exist before or after the change has null there.
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
        """Describe a change that a new plan still contains: the shown and the written values."""
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
    """A write that has no mutation, such as one of an admin page."""

    def perform(self, gitlab: GitLab) -> None:
        """Carry it out."""


@dataclass(frozen=True)
class Step:
    """One write, and all changes that it makes."""

    changes: tuple[Change, ...]
    call: Mutation | PageAction
    # True if somebody else's change since the reading would make the step unsafe.
    recheck: bool = False
    # True if GitLab stores something else than it is sent: plan the rest again after the step.
    unfinished: bool = False
    # True if the step may be planned and carried out again after another run has overwritten it.
    repeatable: bool = False
    # True if GitLab's processes cache the changed values, so that a reading may be old.
    copied: bool = False
    # True if carrying it out ends with a reading that shows it done.
    shows_done: bool = False
    # True if tasks after it can do their work only if they see it done.
    awaited: bool = False
    # Whether a refusal, in GitLab's words, only means that an earlier write is not visible yet.
    passes: Callable[[GitLab, str], bool] = lambda _gitlab, _said: False
    # Whether a state shows that the step was carried out, if a new plan cannot show it.
    shows: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Plan(Generic[Observed]):
    """Ordered steps, the state that they lead to, and warnings for the user."""

    steps: tuple[Step, ...]
    predicted: Observed
    warnings: tuple[str, ...] = ()
    # Planned changes that another of GitLab's processes shows as made. Only a run that has written
    # them knows that they are its own.
    done_elsewhere: frozenset[str] = frozenset()
    # Name -> reason, for objects that are skipped because the release lacks something.
    unsupported: Mapping[str, str] = field(default_factory=dict)
    # False if it takes an earlier step of the run to show what would change.
    certain: bool = True

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, in the order in which they are made."""
        return tuple(change for step in self.steps for change in step.changes)

    def entries(self) -> list[dict[str, Any]]:
        """Return all changes as data, in the same order."""
        return entries(self.changes)

    def is_proven(self, shown: Sequence[Any], *, watched: bool) -> bool:
        """Whether GitLab's answers to the steps prove that all were carried out.

        :param shown: the objects that each answer shows.
        :param watched: whether the next task waits for what this one has written. If it does not,
            a reading has to show that what others await is visible.
        """
        steps = [it for it in self.steps if not it.shows_done]
        return (
            all(watched or not it.awaited for it in self.steps)
            and all(isinstance(it.call, Mutation) and it.call.proof for it in steps)
            and (not steps or all(shown))
        )

    def diff(self, instance: str) -> list[dict[str, Any]]:
        """Return the diff in Ansible's format: one entry for each object, or group of objects."""
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
    """Return both mappings, reduced to the keys of ``after`` whose values differ."""
    keys = [key for key, value in after.items() if before.get(key) != value]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as data: instances by subjects, what became of each, and why.

Knows nothing of Ansible, nor of a format. The JSON report is this, field by field; docs/report.md
explains it, and :data:`VERSION` counts the changes that readers have to know of.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "gitlab_ops.duo.report"
VERSION = 1

FAILED = "failed"
UNREACHABLE = "unreachable"
WOULD_CHANGE = "would_change"
CHANGED = "changed"
NOT_TRIED = "not_tried"
IN_SYNC = "in_sync"
UNMANAGED = "unmanaged"
# The worst first: an instance is in the worst state of its subjects. With the words for people.
STATES = {
    FAILED: "failed",
    UNREACHABLE: "unreachable",
    WOULD_CHANGE: "would change",
    CHANGED: "changed",
    NOT_TRIED: "not tried",
    IN_SYNC: "in sync",
    UNMANAGED: "not managed",
}
MEANINGS = {
    FAILED: "A task failed; its cause and the next step are in the cell.",
    UNREACHABLE: "GitLab did not answer.",
    WOULD_CHANGE: "A dry run found a difference from what is declared.",
    CHANGED: "A difference from what is declared was removed.",
    NOT_TRIED: "The run ended before it came here.",
    IN_SYNC: "As declared; nothing to change.",
    UNMANAGED: "Nothing is declared, or it is no part of this run.",
}
LEAVES = "leaves"
LEAVES_WORDS = "data leaves the site"
LEAVES_MEANING = "A feature is on a path to GitLab's cloud, whatever the state beside it."

SUBJECTS = {
    "gateway": "Gateway",
    "models": "Models",
    "beta_features": "Beta features",
    "features": "Features",
    "agent_platform": "Agent Platform",
    "settings": "Settings",
    "seats": "Seats",
    "subscription": "Subscription",
    "health": "Health",
}
# Shown only where a run has something to tell of them.
OCCASIONAL = ("agent_platform", "settings", "seats", "subscription", "health")

# What a run means for a pipeline: nothing to do, something differs or was changed, or look here.
VERDICTS = {
    "errors": "Some instances failed or could not be reached.",
    "drift": "Some instances differ from what is declared.",
    "changed": "Some instances differed and were changed.",
    "in_sync": "Every instance is as declared.",
}


@dataclass
class Value:
    """One setting before and after."""

    name: str
    before: Any = None
    after: Any = None


@dataclass
class Change:
    """One object that changes, with the settings that differ."""

    about: str
    values: list[Value] = field(default_factory=list)


@dataclass
class Cause:
    """Why something failed, or what should be known, and what to do about it."""

    what: str
    about: str = ""
    next_step: str = ""
    code: str = ""
    done: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass
class Cell:
    """One subject of one instance."""

    state: str = UNMANAGED
    changes: list[Change] = field(default_factory=list)
    # One line for each change that was made or would be made.
    steps: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # Setting -> value, as read last; in a dry run as it would be.
    shows: dict[str, str] = field(default_factory=dict)
    # Features that send data to GitLab's cloud now, and those that the declaration would send.
    leaves: list[str] = field(default_factory=list)
    would_leave: list[str] = field(default_factory=list)
    # Feature -> where its requests go, in words; as it would be in a dry run.
    goes: dict[str, str] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether there is more to it than its state."""
        return bool(self.causes or self.steps or self.leaves or self.would_leave)

    @property
    def leaving(self) -> str:
        """How many features send their requests out of the site, in words; empty if none does."""
        now, later = len(self.leaves), len(self.would_leave)
        words = f"{now} feature{'s leave' if now > 1 else ' leaves'} the site" if now else ""
        if now and later:
            return f"{words}, {later} more would"
        return words or (
            f"{later} feature{'s' * (later > 1)} would leave the site" if later else ""
        )


@dataclass
class Seats:
    """Seats of an add-on: how many were bought, and how many users have one."""

    add_on: str
    purchased: int
    assigned: int


@dataclass
class Instance:
    """One GitLab, by its name in the inventory."""

    name: str
    state: str = NOT_TRIED
    url: str = ""
    version: str = ""
    license: dict[str, Any] = field(default_factory=dict)
    seats: list[Seats] = field(default_factory=list)
    # Day on which the token ends (ISO 8601); empty if GitLab was not asked, or does not say it.
    token_expires_at: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    # What concerns the instance as a whole.
    causes: list[Cause] = field(default_factory=list)
    findings: list[Cause] = field(default_factory=list)
    # Time of the last result (ISO 8601, UTC); empty if there was none.
    seen: str = ""
    # One line for each earlier result that this one replaced when reports were merged.
    replaces: list[str] = field(default_factory=list)

    @property
    def leaves(self) -> bool:
        """Whether data leaves the site, or would once the declaration is carried out."""
        return any(cell.leaves or cell.would_leave for cell in self.cells.values())

    @property
    def rank(self) -> tuple[int, bool, str]:
        """What to sort by: problems first, then names."""
        return (list(STATES).index(self.state), not self.leaves, self.name)


@dataclass
class Run:
    """One run of Ansible that the report is from."""

    started: str
    finished: str
    playbook: str = ""
    check_mode: bool = False
    ansible: str = ""


@dataclass
class Summary:
    """The report in numbers: instances by state, and what they mean together."""

    verdict: str
    sentence: str
    instances: int
    states: dict[str, int]
    # Instances that data leaves, and how many features of theirs together do so.
    leaves: int
    leaving: int = 0


@dataclass
class Report:
    """All of it."""

    title: str
    runs: list[Run] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    def subjects(self) -> dict[str, str]:
        """Return the subjects that are worth a column, with their titles."""
        told = {
            subject
            for instance in self.instances
            for subject, cell in instance.cells.items()
            if cell.state not in (UNMANAGED, NOT_TRIED, UNREACHABLE)
        }
        return {
            subject: title
            for subject, title in SUBJECTS.items()
            if subject in told or subject not in OCCASIONAL
        }

    def summary(self) -> Summary:
        """Return the report in numbers."""
        found = Counter(instance.state for instance in self.instances)
        states = {state: found[state] for state in STATES if found[state]}
        leaves = sum(instance.leaves for instance in self.instances)
        leaving = sum(
            len(cell.leaves) + len(cell.would_leave)
            for instance in self.instances
            for cell in instance.cells.values()
        )
        verdict = (
            "errors"
            if found[FAILED] or found[UNREACHABLE] or found[NOT_TRIED]
            else "drift"
            if found[WOULD_CHANGE]
            else "changed"
            if found[CHANGED]
            else "in_sync"
        )
        total = len(self.instances)
        counts = ", ".join(f"{count} {STATES[state]}" for state, count in states.items())
        sentence = f"{total} instance{'s' * (total != 1)}: {counts or 'nothing'}."
        if leaves:
            features = f"{leaving} feature{'s' * (leaving > 1)}"
            sentence += f" Data leaves the site on {leaves} ({features})."
        return Summary(verdict, sentence, total, states, leaves, leaving)

    def unfinished(self) -> list[Instance]:
        """Return the instances that a further run has to come back to."""
        return [it for it in self.instances if it.state in (FAILED, UNREACHABLE, NOT_TRIED)]

    def failures(self) -> list[str]:
        """Return what failed where, and what to do about it: one line for each cause."""
        return [
            f"{instance.name}: {' '.join(filter(None, (it.about, it.what, it.next_step)))}"
            for instance in self.unfinished()
            for it in [
                *instance.causes,
                *(
                    cause
                    for cell in instance.cells.values()
                    if cell.state in (FAILED, UNREACHABLE)
                    for cause in cell.causes
                ),
            ]
        ]


def worst(states: list[str]) -> str:
    """Return the state that matters most."""
    return min(states, key=list(STATES).index, default=UNMANAGED)

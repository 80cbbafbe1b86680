# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a belief about GitLab, and judge it by an instance's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.version import OLDEST

if TYPE_CHECKING:
    from .._base.version import Minor
    from .._duo.releases import Release
    from .learnt import Learnt

# How a belief was established.
RECORDED = "recorded"
SOURCE = "read in source"
INFERRED = "inferred"

# The verdict on it.
HOLDS = "holds"
DIFFERS = "differs"
NOT_ASKED = "not asked"

# Subjects, in the order of the report: the letter of the numbers, and the title.
SUBJECTS = {
    "A": "Access",
    "P": "Protocol",
    "S": "Schema",
    "E": "Enum values",
    "R": "Readings",
    "T": "Application settings",
    "B": "Admin pages",
    "W": "Writes",
}


@dataclass(frozen=True)
class Question:
    """A GraphQL document whose answer is instructive but which changes nothing."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The element of a request's body."""
        return {"query": self.query, "variables": dict(self.variables)}


@dataclass(frozen=True)
class Seen:
    """One observation: the answer, in words that hold nothing private, and the verdict."""

    answered: str
    holds: bool


Judge = Callable[["Learnt"], Iterable[Seen]]


@dataclass(frozen=True)
class Belief:
    """Something that the collection relies on.

    ``number`` never changes and is never given to another belief. ``before`` is the first release
    for which it is no longer held.
    """

    number: str
    sentence: str
    how: str
    judge: Judge
    since: Minor = OLDEST
    before: Minor | None = None
    questions: tuple[Question, ...] = ()

    def is_held_for(self, release: Release) -> bool:
        """Return whether the belief is about this release."""
        ended = self.before is not None and release.reaches(self.before)
        return release.reaches(self.since) and not ended

    @property
    def subject(self) -> str:
        """The letter of its subject."""
        return self.number[0]

    @property
    def releases(self) -> str:
        """The releases that it is held for, as text."""
        since = ".".join(map(str, self.since))
        if self.before is None:
            return f"from {since}"
        return f"{since} to before {'.'.join(map(str, self.before))}"


@dataclass(frozen=True)
class Row:
    """A belief, the verdict and GitLab's answer."""

    belief: Belief
    state: str
    answered: str


def judged(belief: Belief, learnt: Learnt) -> Row:
    """Return the verdict on a belief by one GitLab's answers."""
    try:
        found = list(belief.judge(learnt))
    except (AttributeError, KeyError, TypeError, ValueError):
        # The values have a shape that no judge expects.
        found = [Seen("values of an unexpected type", holds=False)]
    if not found:
        reason = learnt.unasked.get(belief.subject, "nothing on this instance shows it")
        return Row(belief, NOT_ASKED, reason)
    wrong = [it.answered for it in found if not it.holds]
    answers = list(dict.fromkeys(wrong or [it.answered for it in found]))
    more = f" (and {len(answers) - 3} more)" if len(answers) > 3 else ""
    return Row(belief, DIFFERS if wrong else HOLDS, "; ".join(answers[:3]) + more)


def kind_of(value: Any) -> str:
    """Return the kind of a value, without the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text" if value else "empty text"
    return "a list" if isinstance(value, list) else "an object"


def public(value: Any, words: Iterable[str]) -> str:
    """Return the value if it is one of some public words, in any case, or else its kind."""
    known = {word.lower() for word in words}
    return value if isinstance(value, str) and value.lower() in known else kind_of(value)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure is: a sentence, the next step, and what was done before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Message:
    """One kind of failure: a stable code, the sentence, and the next step, as format strings."""

    code: str
    what: str
    next_step: str


class Failure(Exception):
    """Something a person can act on.

    ``about`` names the object (``self-hosted model codestral``); the instance is added by the
    door. ``done``, ``not_done`` and ``unknown`` hold one line for each change that was carried out,
    was not, or may have been (the answer was lost, and so was the attempt to read again).
    """

    def __init__(self, message: Message, *, about: str = "", **values: Any) -> None:
        self.code = message.code
        self.about = about
        self.what = _one_line(message.what.format(**values))
        self.next_step = _one_line(message.next_step.format(**values))
        self.done: list[str] = []
        self.not_done: list[str] = []
        self.unknown: list[str] = []
        super().__init__(self.sentence())

    def sentence(self, instance: str = "") -> str:
        """Return the failure as one line: instance, object, what happened, next step."""
        where = "".join(f"{part}: " for part in (instance, self.about) if part)
        text = f"{where}{self.what} {self.next_step}".strip()
        if self.done or self.not_done or self.unknown:
            text += f" Done before the failure: {'; '.join(self.done) or 'nothing'}."
        if self.not_done:
            text += f" Not done: {'; '.join(self.not_done)}."
        if self.unknown:
            text += f" Not known whether done: {'; '.join(self.unknown)}."
        return text


def _one_line(text: str) -> str:
    """Return the text without what moves a terminal: parts of it may be GitLab's."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)


class Unclear(Failure):
    """A write whose outcome is not known: the caller reads again and judges by what is there.

    ``retry`` tells whether sending it again may help; ``wait`` is in seconds, from GitLab's
    ``Retry-After`` when it sent one. ``late`` is true where GitLab may still be at work on it, so
    that reading again proves it done, but never proves it not done.
    """

    def __init__(
        self,
        message: Message,
        *,
        retry: bool,
        wait: float | None = None,
        late: bool = False,
        **values: Any,
    ) -> None:
        super().__init__(message, **values)
        self.retry = retry
        self.wait = wait
        self.late = late

    @classmethod
    def after(cls, failure: Failure) -> Unclear:
        """Return a failure to read what a write led to: the write itself may have succeeded."""
        unclear = cls(Message(failure.code, "", ""), retry=False, late=True)
        unclear.what, unclear.next_step = failure.what, failure.next_step
        unclear.about = failure.about
        return unclear

    def add_tries(self, number: int, waited: float) -> None:
        """Tell how often it was tried, and for how many seconds it was waited in between."""
        self.what = f"{self.what.rstrip('.')}, {number} times with {waited:.0f} s of waiting."


def accepted(given: str, names: Iterable[str]) -> str:
    """Return the accepted names as text, those that look most like the given one first."""
    known = sorted(names)
    near = get_close_matches(given.lower(), known, n=3, cutoff=0.5)
    return ", ".join(near + [name for name in known if name not in near])

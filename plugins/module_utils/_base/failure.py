# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure is: a sentence, the next step, and what was done before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.parameters import remove_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True)
class Message:
    """One kind of failure: a stable code, the sentence, and the next step, as format strings."""

    code: str
    what: str
    next_step: str


@dataclass
class Journal:
    """What a run has carried out so far: one line for each change, and the changes as data.

    It belongs to the door, so that it outlives whatever goes wrong after a write.
    """

    done: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    # Of GitLab, as far as it was read.
    version: str = ""


class Failure(Exception):
    """Something a person can act on.

    ``about`` names the object (``self-hosted model codestral``); the instance is added by the
    door. ``done``, ``not_done`` and ``unknown`` hold one line for each change that was carried out,
    was not, or may have been (the answer was lost, and so was the attempt to read again).
    """

    def __init__(self, message: Message, *, about: str = "", **values: Any) -> None:
        super().__init__(message.code)
        self.code = message.code
        self.about = about
        self.done: list[str] = []
        self.not_done: list[str] = []
        self.unknown: list[str] = []
        # Where a bug of ours is, as data.
        self.bug: dict[str, Any] = {}
        # What GitLab may repeat; the door knows. It is masked before anything is cut, for nobody
        # would recognise half of a key.
        self.secrets: Collection[str] = ()
        self._message = message
        self._values = values
        self._tries = ""

    def __str__(self) -> str:
        """Return the failure as one line, without the instance."""
        return self.sentence()

    @property
    def what(self) -> str:
        """What happened."""
        text = self._filled(self._message.what, 4000)
        return text.rstrip(".") + self._tries if self._tries else text

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return self._filled(self._message.next_step, 1500)

    def sentence(self, instance: str = "") -> str:
        """Return the failure as one line: instance, object, what happened, next step.

        It has 10,000 characters at most, whatever it is about.
        """
        where = "".join(f"{part}: " for part in (instance, self._line(self.about, 500)) if part)
        text = f"{where}{self.what} {self.next_step}".strip()
        if self.done or self.not_done or self.unknown:
            text += f" Done before the failure: {self._lines(self.done) or 'nothing'}."
        if self.not_done:
            text += f" Not done: {self._lines(self.not_done)}."
        if self.unknown:
            text += f" May have been done: {self._lines(self.unknown)}."
        return text

    def keep(self, journal: Journal) -> None:
        """Take over what was carried out, from a failure that says nothing of it itself."""
        if not (self.done or self.not_done or self.unknown):
            self.done, self.not_done, self.unknown = journal.done, journal.not_done, journal.unknown

    def _filled(self, template: str, longest: int) -> str:
        values = {name: self._told(value) for name, value in self._values.items()}
        return one_line(template.format(**values), longest)

    def _told(self, value: Any) -> Any:
        if isinstance(value, list):
            return " ".join(map(self._line, value))
        return self._line(value) if isinstance(value, str) else value

    def _line(self, text: str, longest: int = 1000) -> str:
        return one_line(str(remove_values(text, self.secrets)), longest)

    def _lines(self, changes: list[str]) -> str:
        return self._line("; ".join(changes), 1500)


def one_line(text: str, longest: int = 2500) -> str:
    """Return the text without what moves or deceives a terminal, and cut to so many characters."""
    if not text.isprintable():
        text = re.sub(r" {2,}", " ", "".join(map(_shown, text[: longest + 1])))
    return text if len(text) <= longest else text[: longest - 2] + " …"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() or character < "\xa0":
        return " "
    # Half a surrogate, what turns the direction of writing, what cannot be seen.
    return character.encode("unicode_escape").decode()


class Unclear(Failure):
    """A write whose outcome is not known: the caller reads again and judges by what is there.

    ``retry`` tells whether sending it again may help; ``wait`` is in seconds, from GitLab's
    ``Retry-After`` when it sent one. ``late`` is true where GitLab may still be at work on it, so
    that reading again proves it done, but never proves it not done. ``refused`` is true where
    GitLab did nothing, and may take it later.
    """

    def __init__(
        self,
        message: Message,
        *,
        retry: bool,
        wait: float | None = None,
        late: bool = False,
        refused: bool = False,
        **values: Any,
    ) -> None:
        super().__init__(message, **values)
        self.retry = retry
        self.wait = wait
        self.late = late
        self.refused = refused

    @classmethod
    def after(cls, failure: Failure) -> Unclear:
        """Return a failure to read what a write led to: the write itself may have succeeded."""
        unclear = cls(failure._message, retry=False, late=True, **failure._values)
        unclear.about = failure.about
        return unclear

    def plain(self) -> Failure:
        """Return it as the failure of a request that writes nothing: there is nothing unclear."""
        failure = Failure(self._message, about=self.about, **self._values)
        failure._tries = self._tries
        return failure

    def add_tries(self, number: int, waited: float) -> None:
        """Tell how often it was tried, and for how many seconds it was waited in between."""
        self._tries = f", {number} times with {waited:.0f} s of waiting in between."


def close(given: str, names: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return the names that look like the given one, the most similar first."""
    return get_close_matches(given.lower(), sorted(names), n=3, cutoff=cutoff)


def accepted(given: str, names: Iterable[str]) -> str:
    """Return the accepted names as text, those that look most like the given one first."""
    known = sorted(names)
    near = close(given, known, cutoff=0.5)
    return ", ".join(near + [name for name in known if name not in near])

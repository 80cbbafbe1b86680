# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a failure: a sentence, the next step, and what was done before it."""

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

    It belongs to the door, so that it survives an exception after a write.
    """

    done: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    # The objects that each answer to a write shows as written; none if it shows nothing.
    shown: list[Any] = field(default_factory=list)
    # GitLab's version, or "" if it was not read.
    version: str = ""


class Failure(Exception):
    """An error with a next step for the user.

    ``about`` names the object (``self-hosted model codestral``); the instance is added by the
    door. ``done``, ``not_done`` and ``unknown`` hold one line for each change that was carried out,
    was not, or may have been (the answer was lost, and reading again failed too).
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
        # Secrets that GitLab may repeat; the door sets them. They are masked before a text is
        # shortened, because half a key would no longer be recognised.
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

        It has at most 10,000 characters.
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
        """Take over from the journal what was carried out, unless this failure says it itself."""
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
    """Return the text shortened, without characters that move the cursor or reverse the text."""
    if not text.isprintable():
        text = re.sub(r" {2,}", " ", "".join(map(_shown, text[: longest + 1])))
    return text if len(text) <= longest else text[: longest - 2] + " …"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() or character < "\xa0":
        return " "
    # A lone surrogate, a change of the direction of writing, or another invisible character.
    return character.encode("unicode_escape").decode()


class Unclear(Failure):
    """A write whose outcome is not known: the caller reads again and judges by the result.

    ``retry``: sending it again may help. ``wait``: seconds, from GitLab's ``Retry-After`` if it
    sent one. ``late``: GitLab may still be working on it, so reading again can prove that it was
    done, but never that it was not. ``refused``: GitLab did nothing, and may accept it later.
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
        """Return a failure to read the result of a write, which may itself have succeeded."""
        unclear = cls(failure._message, retry=False, late=True, **failure._values)
        unclear.about = failure.about
        return unclear

    @classmethod
    def half(cls, refusal: Failure) -> Unclear:
        """Return a refusal that may have stored a part all the same: reading again tells."""
        unclear = cls(refusal._message, retry=False, **refusal._values)
        unclear.about = refusal.about
        return unclear

    def plain(self) -> Failure:
        """Return it as the failure of a request that writes nothing, so that nothing is unclear."""
        failure = Failure(self._message, about=self.about, **self._values)
        failure._tries = self._tries
        return failure

    def add_tries(self, number: int, waited: float) -> None:
        """Describe the retries: how many, and the seconds waited in total."""
        self._tries = f", {number} times with {waited:.0f} s of waiting in between."


def close(given: str, names: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return the names that look like the given one, the most similar first."""
    return get_close_matches(given.lower(), sorted(names), n=3, cutoff=cutoff)


def accepted(given: str, names: Iterable[str]) -> str:
    """Return the accepted names as text, those that look most like the given one first."""
    known = sorted(names)
    near = close(given, known, cutoff=0.5)
    return ", ".join(near + [name for name in known if name not in near])

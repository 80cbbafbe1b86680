# SPDX-License-Identifier: GPL-3.0-or-later

"""Find where an answer differs from the recorded one.

The recording has placeholders for values that differ each time. The n-th id of a type is taken from
the first answer that contains it, and must be the same from then on.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(
    r"gid://gitlab/(?P<kind>[\w:]+)/\#(?P<number>\d+)"
    r"|(?P<url><url>)|(?P<time><time>)|(?P<opaque><opaque>)|(?P<day>\b20\d\d-\d\d-\d\d\b)"
)
DAY = r"20\d\d-\d\d-\d\d"
SHAPES = {
    "time": DAY + r"[T ]\d\d:\d\d:\d\d[.\d]*(?: ?UTC|Z|[+-]\d\d:\d\d)?",
    "opaque": r"\S+",
    "day": DAY,
}
#: An id that no object has, for a question about one that does not exist.
NOBODY = 900_000


class Absent:
    """Stands for what one of the two answers does not have."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()


@dataclass(frozen=True)
class Difference:
    """One place in one answer."""

    world: str
    name: str
    #: `status`, `type`, `location`, or `body` and the way through it: `body.data.aiFeature….0`.
    path: str
    recorded: Any
    answered: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.path}: recorded {self.recorded!r}, answered {self.answered!r}"


@dataclass
class Comparison:
    """Compares the answers of one world, in their order."""

    url: str
    #: Knows the ids of some objects before any answer shows them.
    id_of: Callable[[str, str], str | None]
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def filled(self, value: Any) -> Any:
        """Return a part of a request with real ids and the real address for the placeholders."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return PLACEHOLDER.sub(self._fill, value) if isinstance(value, str) else value

    def _fill(self, match: re.Match[str]) -> str:
        if match["url"]:
            return self.url
        if not match["kind"]:
            return match[0]
        key = match["kind"], match["number"]
        if key not in self.ids:
            self.ids[key] = self.id_of(*key) or str(NOBODY + int(match["number"]))
        return self._gid(key, self.ids[key])

    @staticmethod
    def _gid(key: tuple[str, str], number: str) -> str:
        return f"gid://gitlab/{key[0]}/{number}"

    def differences(
        self, recorded: Any, answered: Any, path: str, partly: bool = False
    ) -> Iterator[tuple[str, Any, Any]]:
        """Yield path, recorded and answered value of each difference."""
        recorded, answered = _structured(recorded, answered)
        if _of_another_kind(recorded, answered):
            yield path, recorded, answered
        elif isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded if partly else {**recorded, **answered}:
                yield from self.differences(
                    recorded.get(key, ABSENT), answered.get(key, ABSENT), f"{path}.{key}", partly
                )
        elif isinstance(recorded, list) and isinstance(answered, list):
            for index in range(max(len(recorded), len(answered))):
                yield from self.differences(
                    recorded[index] if index < len(recorded) else ABSENT,
                    answered[index] if index < len(answered) else ABSENT,
                    f"{path}.{index}",
                    partly,
                )
        elif isinstance(recorded, str) and isinstance(answered, str):
            if not self._alike(recorded, answered):
                yield path, recorded, answered
        elif type(recorded) is not type(answered) or recorded != answered:
            yield path, recorded, answered

    def _alike(self, recorded: str, answered: str) -> bool:
        if recorded == answered:
            return True
        shape, keys = _shape(recorded, self.url)
        match = shape.fullmatch(answered)
        if match is None:
            return False
        return all(self._known(key, match[index + 1]) for index, key in enumerate(keys))

    def _known(self, key: tuple[str, str], number: str) -> bool:
        if key not in self.ids and number in (
            other for (kind, _number), other in self.ids.items() if kind == key[0]
        ):
            return False
        return self.ids.setdefault(key, number) == number


@functools.cache
def _shape(recorded: str, url: str) -> tuple[re.Pattern[str], list[tuple[str, str]]]:
    """Return the pattern that a recorded text stands for, and the ids in it."""
    pattern, keys, end = "", [], 0
    for match in PLACEHOLDER.finditer(recorded):
        pattern += re.escape(recorded[end : match.start()])
        end = match.end()
        if match["kind"]:
            keys.append((match["kind"], match["number"]))
            pattern += rf"gid://gitlab/{match['kind']}/(\d+)"
        elif match["url"]:
            pattern += re.escape(url)
        else:
            pattern += SHAPES[str(match.lastgroup)]
    return re.compile(pattern + re.escape(recorded[end:]), re.DOTALL), keys


def _of_another_kind(recorded: Any, answered: Any) -> bool:
    """Whether two objects have nothing in common, as an error and a result: one difference."""
    both = isinstance(recorded, dict) and isinstance(answered, dict)
    return both and bool(recorded and answered) and not set(recorded) & set(answered)


def _structured(recorded: Any, answered: Any) -> tuple[Any, Any]:
    """Read JSON within a text (data attributes), so that a difference in it has a path."""
    if isinstance(recorded, str) and isinstance(answered, str) and recorded[:1] in ("{", "["):
        try:
            return json.loads(recorded), json.loads(answered)
        except ValueError:
            pass
    return recorded, answered

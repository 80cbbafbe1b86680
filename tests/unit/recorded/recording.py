# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded questions and answers (data/README.md), as the replay needs them."""

from __future__ import annotations

import functools
import gzip
import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
RELEASES = ("18.9", "18.11", "19.4")
SEED = "(seed)"

#: What the recording leaves out of a request, by the name of the question: what does not fit into
#: the 200 characters that are kept of a raw body, and fields that it has no place for.
ENTERPRISE = {"query": "{ metadata { enterprise } }"}
FEATURES = {
    "query": "{ aiFeatureSettings { nodes { feature title compatibleLlms validModels "
    "{ nodes { name model } } selfHostedModel { id name } } } }"
}
LARGE = {"query": "{ metadata { version } } #" + "x" * 6000}
LEFT_OUT: dict[str, dict[str, Any]] = {
    "multiplex: many": {"raw": "POST /api/graphql " + json.dumps([ENTERPRISE] * 15)},
    "multiplex: sizes add up": {"raw": "POST /api/graphql " + json.dumps([LARGE] * 2)},
    "multiplex: complexity": {"raw": "POST /api/graphql " + json.dumps([FEATURES] * 8)},
    "two operations wrong name": {"operation": "Z"},
    "toggle bad csrf": {"csrf": "wrong"},
}


@dataclass(frozen=True)
class Question:
    """A request and the answer of GitLab itself."""

    world: str
    name: str
    request: dict[str, Any]
    status: int
    type: str
    location: str | None
    body: Any
    #: Only a part of the answer was noted: what the body does not have is not compared.
    partly: bool = False

    @property
    def can_be_asked(self) -> bool:
        """Whether a client can ask it: some entries of 19.4 tell rows of the database."""
        return bool({"graphql", "rest", "raw", "page"} & set(self.request))


@dataclass(frozen=True)
class World:
    """A state, and what was asked of a GitLab in this state, in this order."""

    release: str
    name: str
    seed: dict[str, Any]
    questions: tuple[Question, ...]


@functools.cache
def worlds(release: str) -> dict[str, World]:
    """Return the worlds of a release, by name."""
    entries = json.loads(gzip.decompress((DATA / f"{release}.json.gz").read_bytes()))
    found = {}
    for name, group in groupby(entries, key=lambda entry: entry["world"]):
        seed, *questions = group
        assert seed["name"] == SEED, name
        assert name not in found, name
        asked = [_question(one) for one in questions]
        found[name] = World(
            release,
            name,
            seed["request"]["seed"],
            tuple(one for one in asked if one.can_be_asked),
        )
    return found


def _question(entry: dict[str, Any]) -> Question:
    body = entry["body"]
    # Some pages of 19.4 were noted in a form of their own, without type, forms and messages.
    short = set(entry["request"]) == {"page"}
    if short:
        csrf = ["csrf-param", "csrf-token"] if body["csrf"] else []
        body = {"title": body["title"], "elements": body["elements"], "csrf": csrf}
    return Question(
        entry["world"],
        entry["name"],
        {**entry["request"], **LEFT_OUT.get(entry["name"], {})},
        entry["status"],
        entry["type"],
        entry["location"],
        body,
        partly=short,
    )

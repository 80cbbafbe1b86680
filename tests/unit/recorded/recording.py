# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded questions and answers (data/README.md), as the replay needs them."""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.page import ELEMENTS
from sandbox import credentials
from sandbox.catalog import DEFAULT_OFFERED_MODEL

DATA = Path(__file__).parent / "data"
RELEASES = ("18.9", "18.11", "19.4")
SEED = "(seed)"
MODEL_ID = re.compile(r"gid://gitlab/Ai::SelfHostedModel/#(\d+)")
#: What else an entry of 19.4 tells: rows that no client can ask for.
DATABASE = "(db)"
SETTINGS = "/api/v4/application/settings"

#: What the recording leaves out of a request, by the name of the question: what does not fit into
#: the 200 characters that are kept of a raw body, and fields that it has no place for.
ENTERPRISE = {"query": "{ metadata { enterprise } }"}
FEATURES = {
    "query": "{ aiFeatureSettings { nodes { feature title compatibleLlms validModels "
    "{ nodes { name model } } selfHostedModel { id name } } } }"
}
LARGE = {"query": "{ metadata { version } } #" + "x" * 6000}
PRIVATE = {"headers": {"PRIVATE-TOKEN": credentials.ADMIN_TOKEN}}
LEFT_OUT: dict[str, dict[str, Any]] = {
    "multiplex: many": {"raw": "POST /api/graphql " + json.dumps([ENTERPRISE] * 15)},
    "multiplex: sizes add up": {"raw": "POST /api/graphql " + json.dumps([LARGE] * 2)},
    "multiplex: complexity": {"raw": "POST /api/graphql " + json.dumps([FEATURES] * 8)},
    "two operations wrong name": {"operation": "Z"},
    "toggle bad csrf": {"csrf": "wrong"},
    "private-token header": PRIVATE,
    "private-token header graphql": PRIVATE,
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
    #: Only status and body were noted, and of the body a part.
    partly: bool = False

    @property
    def can_be_asked(self) -> bool:
        """Whether a client can ask it: some entries of 19.4 tell rows of the database."""
        return bool({"graphql", "rest", "raw", "page"} & set(self.request))

    @property
    def settings(self) -> bool:
        """Whether it reads or changes the application settings."""
        return str(self.request.get("rest", "")).endswith(SETTINGS)

    @property
    def difference(self) -> bool:
        """Whether it was noted what the settings were before and after."""
        return self.settings and self.partly and "changed" in self.body


@dataclass(frozen=True)
class World:
    """A state, and what was asked of a GitLab in this state, in this order."""

    release: str
    name: str
    seed: dict[str, Any]
    questions: tuple[Question, ...]

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """Return the names of the models by the number of their placeholder."""
        return dict(_names([question.body for question in self.questions]))

    def settings(self, question: Question) -> set[str]:
        """Return the settings that were noted of an answer: of hundreds, those of interest.

        They are the same for all questions of a world, and what the question itself sends.
        """
        shown = [
            set(one.body)
            for one in self.questions
            if one.settings and one.status == 200 and not one.partly
        ]
        often = {key for keys in shown for key in keys if sum(key in one for one in shown) > 5}
        return often | set(question.body) | set(question.request.get("body") or {})


def _names(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        placeholder = MODEL_ID.fullmatch(str(value.get("id")))
        if placeholder and "name" in value:
            yield placeholder[1], value["name"]
        value = list(value.values())
    for one in value if isinstance(value, list) else []:
        yield from _names(one)


@functools.cache
def worlds(release: str) -> dict[str, World]:
    """Return the worlds of a release, by name."""
    text = gzip.decompress((DATA / f"{release}.json.gz").read_bytes()).decode()
    # In those pages of 19.4 that were noted in a form of their own.
    text = text.replace("http://127.0.0.1:8096", "<url>")
    # The one model of GitLab's own that was at hand, by the name that the sandbox has for its own.
    entries = json.loads(text.replace("claude_x", DEFAULT_OFFERED_MODEL.ref))
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
    request, body = {**entry["request"], **LEFT_OUT.get(entry["name"], {})}, entry["body"]
    partly = False
    if set(request) == {"page"}:
        partly = True
        csrf = ["csrf-param", "csrf-token"] if body["csrf"] else []
        elements = {name: body["elements"][name] for name in ELEMENTS if name in body["elements"]}
        body = {"title": body["title"], "elements": elements, "csrf": csrf}
    elif isinstance(body, dict) and "changed in database" in body:
        partly = True
        body = {"answer": body["answer"], "changed": body["changed"]}
    elif isinstance(body, dict) and DATABASE in body:
        partly = True
        request = {"rest": f"GET {SETTINGS}", "as": "admin"}
        body = {key: value for key, value in body.items() if key != DATABASE}
    return Question(
        entry["world"],
        entry["name"],
        request,
        entry["status"] or 200,
        entry["type"],
        entry["location"],
        body,
        partly,
    )

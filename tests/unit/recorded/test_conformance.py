# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's beliefs about GitLab, judged by GitLab's own recorded answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.belief import (
    DIFFERS,
    HOLDS,
    judged,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.conformance import BELIEFS
from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.learnt import Learnt
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release

from .recording import RELEASES, Question, worlds

MUTATION = re.compile(r"mutation\(\$i: \w+Input!\) \{ (\w+)\(input: \$i\)")
# Not the lists that beliefs are about: cut to one model, or asked for wrongly on purpose.
FILTERED = re.compile(r"aiFeatureSettings\(|first: 1, last|after: .zzz")
# Worlds with a licence that shows the models; the others are there to see refusals.
LICENSED = ("models", "features", "features, beta on", "gateway", "protocol", "tokens", "settings")
LICENSED += ("online ultimate + DE", "offline ultimate + DE", "providers: create")
LICENSED += ("providers: update", "gateway allowlist", "health gateway")
# At least so many beliefs are judged on each recording; more is better.
LEAST = {"18.9": 70, "18.11": 50, "19.4": 60}


def learn(learnt: Learnt, question: Question) -> None:
    """Take one recorded answer as the check takes one that it has just received."""
    request = question.request
    if request.get("as") != "admin":
        return
    document = request.get("graphql")
    if question.status != 200 or FILTERED.search(document or ""):
        return
    mutation = MUTATION.match(document or "")
    if document:
        learnt.take(document, question.body)
    if mutation and isinstance((request.get("variables") or {}).get("i"), dict):
        learnt.exchange(mutation[1], request["variables"]["i"], question.body)
    if question.name == "multiplex: one unknown field":
        learnt.seen["multiplex"].append(question.body)
    if request.get("rest") == "GET /api/v4/application/settings":
        learnt.seen["settings"].append(question.body)
    if str(request.get("rest")).endswith("personal_access_tokens/self"):
        learnt.seen["token"].append(question.body)


def rows(release: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield world, number, verdict and answer of each belief that a world has something on."""
    known = Release.parse(release)
    assert known
    for name, world in worlds(release).items():
        if name in LICENSED:
            learnt = Learnt(known)
            for question in world.questions:
                learn(learnt, question)
            for belief in BELIEFS:
                if belief.is_held_for(known):
                    row = judged(belief, learnt)
                    if (belief.subject, row.answered) == ("T", "absent"):
                        continue  # of the application settings only a choice was recorded
                    yield name, belief.number, row.state, row.answered


@pytest.mark.parametrize("release", RELEASES)
def test_the_recorded_gitlab_is_as_believed(release: str) -> None:
    found = list(rows(release))
    assert [row for row in found if row[2] == DIFFERS] == []
    judged_on = {number for _world, number, state, _answered in found if state == HOLDS}
    assert len(judged_on) >= LEAST[release], sorted(judged_on)

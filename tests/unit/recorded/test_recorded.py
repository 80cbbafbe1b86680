# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox answers as GitLab itself did, world by world."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.accepted import (
    ACCEPTED,
    AT_MOST,
    is_accepted,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.comparison import Difference
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.recording import RELEASES, worlds
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.replay import Replay

WORLDS = [(release, name) for release in RELEASES for name in worlds(release)]


@functools.cache
def differences(release: str, name: str) -> tuple[Difference, ...]:
    return tuple(Replay(worlds(release)[name]).differences())


@pytest.mark.parametrize(("release", "name"), WORLDS)
def test_the_sandbox_answers_as_recorded(release: str, name: str) -> None:
    found = [
        str(difference)
        for difference in differences(release, name)
        if not is_accepted(release, difference)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_accepted_is_still_needed_and_little(release: str) -> None:
    every = [one for name in worlds(release) for one in differences(release, name)]
    entries = ACCEPTED[release]
    assert [entry for entry in entries if not any(map(entry.covers, every))] == []
    assert len(entries) <= AT_MOST
    assert all(entry.reason for entry in entries)

# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox answers as GitLab itself did, world by world."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.accepted import (
    is_accepted,
    still_open,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.recording import RELEASES, worlds
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.replay import Replay

WORLDS = [(release, name) for release in RELEASES for name in worlds(release)]


@pytest.mark.parametrize(("release", "name"), WORLDS)
def test_the_sandbox_answers_as_recorded(release: str, name: str) -> None:
    unfinished = still_open(release)
    differences = [
        str(difference)
        for difference in Replay(worlds(release)[name]).differences()
        if not is_accepted(release, difference) and f"{name} / {difference.name}" not in unfinished
    ]
    assert not differences, "\n" + "\n".join(differences)

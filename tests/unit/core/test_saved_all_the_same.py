# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feature settings that GitLab saves, but answers with 500 if it cannot reach its cloud (18.4)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.feature_model import SUBJECT
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

CODESTRAL = {
    "name": "codestral",
    "model": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
CUT_OFF = {"cloud_reachable": False}
MANY: list[dict[str, Any]] = [
    {"features": ["code_completions", "code_generations"], "model": "codestral"},
    {"features": ["duo_chat"], "provider": "disabled"},
    # A step of its own, for it has a permission of its own.
    {"features": ["duo_agent_platform"], "provider": "disabled"},
]
# Listed only while beta features are on, so nothing shows what it is set to.
HIDDEN = {"features": ["generate_commit_message"], "provider": "disabled"}


def cut_off(**more: Any) -> Sandboxed:
    """Return an instance that cannot reach GitLab's cloud."""
    return Sandboxed("18.9", models=[CODESTRAL], options=CUT_OFF, **more)


def test_all_targets_are_set_in_one_run() -> None:
    here = cut_off()
    result = here.run(SUBJECT, settings=MANY)
    assert len(result["steps"]) == 4
    assert here.features() == {
        "code_completions": ("self_hosted", "codestral"),
        "code_generations": ("self_hosted", "codestral"),
        "duo_chat": ("disabled", None),
        "duo_agent_platform": ("disabled", None),
    }
    assert [it["status"] for it in here.writes] == [500] * 3
    assert not here.run(SUBJECT, settings=MANY)["changed"]


@pytest.mark.parametrize("settings", [[HIDDEN], [*MANY, HIDDEN]], ids=["alone", "among others"])
def test_what_gitlab_does_not_show_is_set_too(settings: list[dict[str, Any]]) -> None:
    here = cut_off()
    for _run in range(2):
        result = here.run(SUBJECT, settings=settings)
        assert result["unseen"] == ["feature generate_commit_message"]
        assert any("generate_commit_message" in text for text in result["warnings"])
        assert here.features()["generate_commit_message"] == ("disabled", None)


def test_an_error_of_another_kind_proves_nothing_of_what_cannot_be_seen() -> None:
    here = Sandboxed("18.9")
    here.faults({"kind": "status", "status": 500, "match": {"kind": "mutation"}, "times": 0})
    failure = here.run(SUBJECT, settings=[HIDDEN])["failure"]
    assert failure["code"] == http_messages.SERVER_ERROR.code
    assert len(failure["unknown"]) == 1
    assert here.features() == {}

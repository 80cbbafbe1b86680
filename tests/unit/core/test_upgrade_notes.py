# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on single releases: who is concerned, from which patch to which."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.upgrade_notes import (
    BAD_RELEASES,
    KNOWN_RELEASE,
    KNOWN_UNTIL,
    NOTES,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.upgrading import (
    GATEWAY,
    SUBJECT,
    agents,
    findings,
    suggestions,
    with_model,
)


@pytest.mark.parametrize(
    ("release", "target", "severity"),
    [
        ("19.3", "19.4.0", "breaking"),
        ("19.3", "19.4.1", "breaking"),
        ("19.4.0", "19.4.1", "breaking"),
        ("18.9", "19.4", "action"),
        ("19.4.0", "19.4", None),
        ("19.4.0", "19.4.2", None),
        ("19.3", "19.4.2", None),
        ("19.3", "19.5", None),
    ],
)
def test_patches_that_break_code_suggestions(
    release: str, target: str, severity: str | None
) -> None:
    found = findings(Sandboxed(release, **suggestions()), target)
    told = [it for it in found if "#630581" in it["source"]]
    assert [it["severity"] for it in told] == ([severity] if severity else [])
    assert all("Take 19.4.2 or later." in it["action"] for it in told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ([{"features": ["code_generations"], "model": "gpt"}], True),
        ([{"features": ["CODE_COMPLETIONS"], "model": "gpt"}], True),
        ([{"features": ["duo_chat"], "model": "gpt"}], False),
        ([{"features": ["code_completions"], "provider": "disabled"}], False),
    ],
)
def test_declared_features_are_concerned_too(settings: list[dict[str, Any]], told: bool) -> None:
    here = Sandboxed("19.3", **with_model("gpt", "custom_openai/gpt"))
    found = findings(here, "19.4.1", settings=settings)
    assert any("#630581" in it["source"] for it in found) is told


@pytest.mark.parametrize(
    ("release", "target", "said"),
    [
        ("18.6", "18.7", ["duo_agent_platform_agentic_chat"]),
        ("19.3", "19.4", ["duo_developer"]),
        ("19.4", "19.5", ["recommend_reviewers_assign"]),
        ("18.9", "19.5", ["duo_developer", "recommend_reviewers_assign"]),
    ],
)
def test_copies_of_a_setting(release: str, target: str, said: list[str]) -> None:
    """Each of them stays on the model of that day unless it is declared."""
    copies = [
        it for it in findings(Sandboxed(release, **agents()), target) if "copies" in it["what"]
    ]
    copies = [it for it in copies if "once" in it["what"]]
    assert [it["action"].split()[1] for it in copies] == said


def test_bedrock_models_need_nothing() -> None:
    """19.0 sets their provider itself: nothing advises to do it."""
    here = Sandboxed("18.10", **with_model("b", "bedrock/claude", "claude_3"))
    told = [it for it in findings(here, "19.4") if "provider" in it["what"]]
    assert [(it["version"], it["severity"]) for it in told] == [
        ("18.11", "info"),
        ("19.0", "info"),
        ("19.0", "info"),
    ]
    assert "the next run sets their provider" not in str(told)


def test_each_fault_has_its_public_issue() -> None:
    sources = " ".join(it.source for it in (*NOTES, *BAD_RELEASES))
    for issue in ("571212", "588384", "596569", "598659", "606458", "621674", "630581", "631401"):
        assert f"#{issue}" in sources
    for note in NOTES:
        assert not note.fixed or "#" in note.source or "!" in note.source


@pytest.mark.parametrize(
    ("target", "warned"), [("19.5", False), ("19.5.9", False), ("19.6", True), ("20.1.2", True)]
)
def test_how_far_its_knowledge_reaches(target: str, warned: bool) -> None:
    here = Sandboxed("19.4", **GATEWAY)
    result = here.run(SUBJECT, target_version=target, fail_on="never")
    assert result["knowledge"] == {"release": KNOWN_RELEASE, "date": KNOWN_UNTIL}
    assert len(result["warnings"]) == warned
    if warned:
        minor = ".".join(target.split(".")[:2])
        assert result["warnings"][0].startswith(
            f"GitLab {minor} is newer than the last release known here: "
        )
        assert f"GitLab {KNOWN_RELEASE}, as read on {KNOWN_UNTIL}" in result["warnings"][0]

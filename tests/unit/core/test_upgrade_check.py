# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The upgrade check shows each note to the instances that it concerns, and to no other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import upgrade_check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.upgrade_note import UpgradeNote
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.upgrade_notes import (
    BAD_RELEASES,
    NOTES,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.upgrading import (
    DAP,
    GATEWAY,
    OFFLINE,
    SUBJECT,
    agents,
    findings,
    flow,
    suggestions,
    texts,
    with_model,
)

SEVERITIES = ["breaking", "action", "info"]


# --- what each condition of the notes stands for -------------------------------------------------
ALL_DISABLED = [
    *("code_generations", "code_completions", "duo_chat", "duo_chat_explain_code"),
    *("duo_chat_write_tests", "duo_chat_refactor_code", "duo_chat_fix_code"),
]
# Condition: state in which it holds, and one in which it does not, close to it.
CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "everyone": ({}, None),
    "gateway": (GATEWAY, {}),
    "agent_platform": (agents(), with_model("gpt", "custom_openai/gpt")),
    "agent_platform_online": (agents(), agents(**OFFLINE)),
    "agent_platform_offline": (agents(**OFFLINE), agents(**OFFLINE, **DAP)),
    "agent_platform_add_on": (DAP, {}),
    "agent_platform_url": (
        {"gateway": {"duo_agent_platform_service_url": "aigw.example.com:50052"}},
        GATEWAY,
    ),
    "models": (with_model("gpt", "custom_openai/gpt"), {}),
    "offline_reviews": (OFFLINE, {**OFFLINE, **DAP}),
    "offline_flows_alone": (flow(**OFFLINE, **DAP), flow()),
    "online_code_suggestions": (suggestions(), suggestions(**OFFLINE)),
    "offline": (OFFLINE, {}),
    "online": ({}, OFFLINE),
    # Before 18.1 a token does not tell that they are off: the note is for whom it may concern.
    "beta": ({}, None),
    "bedrock": (with_model("b", "bedrock/claude"), with_model("bedrock", "custom_openai/x")),
    "early_mistral": (
        with_model("m", "custom_openai/Mixtral-8x7B-it", "mixtral"),
        with_model("m", "custom_openai/Mistral-Small-24B", "mistral"),
    ),
    "default_features": (
        {},
        {"features": {name: {"provider": "disabled"} for name in ALL_DISABLED}},
    ),
}


def started(note: UpgradeNote, seed: dict[str, Any]) -> Sandboxed:
    """Return an instance of the release before a note's, in a state; seeds are of that release."""
    major, minor = note.version[:2]
    before = f"{major}.{minor - 1}" if minor else f"{major - 1}.11"
    here = Sandboxed(before)
    known = here.instance.catalog.features
    if "duo_agent_platform" in seed.get("features", ()) and "duo_agent_platform" not in known:
        raise AssertionError(f"{note.what}: the Agent Platform is younger")
    if note.concerns == "default_features" and seed:
        seed = {"features": {name: {"provider": "disabled"} for name in known}}
    here.seed(**seed)
    return here


@pytest.mark.parametrize("note", NOTES, ids=lambda it: f"{it.version}-{it.subject}-{it.concerns}")
def test_a_note_appears_where_it_matters(note: UpgradeNote) -> None:
    version = ".".join(map(str, note.version))
    yes, no = CONDITIONS[note.concerns]
    concerned = findings(started(note, yes), version)
    (shown,) = [it for it in concerned if it["what"] == note.what]
    # Where the patch is open, the target may be one without the fault.
    severity = "action" if note.fixed and note.severity == "breaking" else note.severity
    assert (shown["severity"], shown["subject"], shown["version"], shown["action"]) == (
        *(severity, note.subject, version),
        note.action,
    )
    assert shown["source"] == note.source
    assert shown["fixed_in"] == [".".join(map(str, it)) for it in note.fixed]
    # Behind it, it is past; before it, still to come.
    assert note.what not in texts(Sandboxed(version), version)
    if no is not None:
        assert note.what not in texts(started(note, no), version)


@pytest.mark.parametrize("bad", BAD_RELEASES, ids=lambda it: ".".join(map(str, it.version)))
def test_a_bad_release_is_named_where_it_is_the_target(bad: UpgradeNote) -> None:
    version = ".".join(map(str, bad.version))
    yes, no = CONDITIONS[bad.concerns]
    (shown,) = [it for it in findings(started(bad, yes), version) if it["what"] == bad.what]
    assert (shown["severity"], shown["version"]) == (bad.severity, version)
    later = f"{version[:-1]}{bad.version[2] + 2}"
    assert bad.what not in texts(started(bad, yes), later)
    assert bad.what not in texts(started(bad, yes), version.rpartition(".")[0])
    if no is not None:
        assert bad.what not in texts(started(bad, no), version)


# --- the way -------------------------------------------------------------------------------------
def stops(here: Sandboxed, target: str) -> list[str]:
    """Return the stops on the way."""
    return [it["version"] for it in findings(here, target) if "required upgrade stop" in it["what"]]


@pytest.mark.parametrize(
    ("release", "target", "expected"),
    [
        ("17.9", "17.11", []),
        ("17.9", "18.0", ["17.11"]),
        ("17.9", "18.9", ["17.11", "18.2", "18.5", "18.8"]),
        ("17.9", "19.2", ["17.11", "18.2", "18.5", "18.8", "18.11"]),
        ("18.6", "18.8", []),
        ("18.6", "18.9.1", ["18.8"]),
        ("18.9", "18.10", []),
        ("18.11", "19.3", ["19.2"]),
    ],
)
def test_stops(release: str, target: str, expected: list[str]) -> None:
    assert stops(Sandboxed(release), target) == expected


@pytest.mark.parametrize("target", ["18.8", "17.11", "18.8.9-ee", "18.9.1", "18.9.4-ee"])
def test_an_older_release_is_no_target(target: str) -> None:
    result = Sandboxed("18.9.5").run(SUBJECT, target_version=target)
    assert result["failure"]["code"] == messages.NO_UPGRADE.code
    assert target in result["msg"]


@pytest.mark.parametrize("target", ["next", "18", "18.x", "", "18.9.", "v18.9"])
def test_what_is_no_release(target: str) -> None:
    here = Sandboxed("18.9")
    result = here.run(SUBJECT, target_version=target)
    assert result["failure"]["code"] == messages.INVALID_OPTION.code
    assert here.requests == []


def test_the_same_release_brings_nothing() -> None:
    here = Sandboxed("18.9", **GATEWAY)
    assert findings(here, "18.9") == findings(here, "18.9.2") == findings(here, "18.9.9") == []
    assert len(here.requests) == 3


@pytest.mark.parametrize(
    ("release", "target", "told"),
    [
        ("18.6.1", "18.6.2", True),
        ("18.6.0", "18.6", True),
        ("18.6.1", "18.7", True),
        ("18.5", "18.6.1", False),
        ("18.6.2", "18.7", False),
    ],
)
def test_what_a_patch_brings(release: str, target: str, told: bool) -> None:
    said = [it for it in texts(Sandboxed(release, **agents()), target) if "runners" in it]
    assert len(said) == told


@pytest.mark.parametrize(
    ("release", "target", "told"),
    [
        ("18.7", "18.8.8", True),
        ("18.7", "18.9", True),
        ("18.8.3", "18.8.4", True),
        ("18.8.9", "18.9.4", True),
        ("18.8.3", "18.8.9", False),
        ("18.9.5", "18.9", False),
        ("18.7", "18.10.3", False),
        ("18.7", "18.11", False),
        ("18.7", "19.0.1", False),
    ],
)
def test_a_fault_is_told_where_the_target_may_have_it(
    release: str, target: str, told: bool
) -> None:
    said = [it for it in texts(Sandboxed(release, **DAP), target) if "settings of groups" in it]
    assert len(said) == told


def test_the_gateway_goes_along() -> None:
    here = Sandboxed("18.6", **GATEWAY)
    result = here.run(SUBJECT, target_version="18.9", fail_on="never")
    assert result["gateway_image_tag"] == "self-hosted-v18.9.*-ee"
    (told,) = [it for it in result["findings"] if "newest image" in it["what"]]
    assert told["version"] == "18.9"
    assert told["what"].endswith("the newest image with the tag self-hosted-v18.9.*-ee.")
    assert "a gateway of 19.6 or later breaks flows of GitLab 19.5 and earlier" in told["action"]
    assert "!266527" in told["source"]
    assert not any("image tag" in it for it in texts(Sandboxed("18.6"), "18.9"))


def test_what_is_new() -> None:
    new = [it for it in findings(Sandboxed("18.3"), "18.4") if it["what"].startswith("New ")]
    (feature,) = new
    assert (feature["severity"], feature["version"]) == ("info", "18.4")
    assert "duo_agent_platform" in feature["what"]
    assert [it for it in texts(Sandboxed("18.2"), "18.3") if "model families" in it] == [
        "New model families from about this release on: general."
    ]


# --- what is declared ----------------------------------------------------------------------------
def test_declared_names_that_the_target_does_not_know() -> None:
    model = {"name": "m", "model_family": "general"}
    wish = {
        "models": [model, {**model, "name": "typo", "model_family": "lama3"}],
        "settings": [{"features": ["DUO_CHAT", "duo_agent_platform"], "provider": "disabled"}],
    }
    here = Sandboxed("17.9")
    breaking = [it for it in findings(here, "18.0", **wish) if it["severity"] == "breaking"]
    assert [it["what"] for it in breaking] == [
        "The declared feature duo_agent_platform is not known in GitLab 18.0.",
        "The declared model family general is not known in GitLab 18.0.",
        "The declared model family lama3 is not known in GitLab 18.0.",
    ]
    model_that_goes = {**model, "state": "absent"}
    assert not [it for it in texts(here, "18.0", models=[model_that_goes]) if "declared" in it]
    capital = {**model, "model_family": "Mistral"}
    assert not [it for it in texts(here, "18.0", models=[capital]) if "declared" in it]
    warned = findings(here, "18.0", **wish, when_unsupported="warn")
    said = {it["what"]: it["severity"] for it in warned if it["what"].startswith("The declared")}
    # What a later release has is skipped there; what no release has is a misspelt name.
    assert list(said.values()) == ["breaking", "info", "info"]
    later = [it for it in texts(here, "18.9", **wish) if it.startswith("The declared")]
    assert later == ["The declared model family lama3 is not known in GitLab 18.9."]


# --- what is looked at ---------------------------------------------------------------------------
@pytest.mark.parametrize("subject", upgrade_check.NOTE_SUBJECTS)
def test_only_the_subjects_that_are_asked_for(subject: str) -> None:
    here = Sandboxed("18.4", **GATEWAY, **agents())
    wish = {"models": [{"name": "typo", "model_family": "lama3"}]}
    everything = findings(here, "19.4", **wish)
    assert findings(here, "19.4", subjects=[subject], **wish) == [
        it for it in everything if it["subject"] == subject
    ]
    assert {it["subject"] for it in everything} == set(upgrade_check.NOTE_SUBJECTS)


@pytest.mark.parametrize("it", [*NOTES, *BAD_RELEASES], ids=lambda it: f"{it.version}-{it.subject}")
def test_every_note_can_be_asked_for(it: UpgradeNote) -> None:
    assert it.subject in upgrade_check.NOTE_SUBJECTS


@pytest.mark.parametrize(("subjects", "fails"), [(["gateway"], True), (["license"], False)])
def test_what_is_left_out_fails_nothing(subjects: list[str], fails: bool) -> None:
    result = Sandboxed("18.11", **GATEWAY).run(SUBJECT, target_version="19.2.0", subjects=subjects)
    assert result.get("failed", False) is fails


def test_no_subject_at_all_is_a_mistake() -> None:
    here = Sandboxed("18.9")
    result = here.run(SUBJECT, target_version="18.10", subjects=[])
    assert result["failure"]["code"] == messages.INVALID_OPTION.code
    assert "subjects" in result["msg"]
    assert here.requests == []


# --- order and judgement -------------------------------------------------------------------------
def test_the_worst_come_first() -> None:
    here = Sandboxed("18.4", **GATEWAY, **agents())
    found = findings(here, "19.2.0")
    assert {it["severity"] for it in found} == set(SEVERITIES)
    order = [
        (SEVERITIES.index(it["severity"]), [int(part) for part in it["version"].split(".")])
        for it in found
    ]
    assert order == sorted(order)
    assert found[0]["version"] == "19.2.0"


@pytest.mark.parametrize(
    ("target", "fail_on", "fails"),
    [
        ("19.2.0", "breaking", True),
        ("19.2.0", "any", True),
        ("19.2.0", "never", False),
        ("19.2.1", "breaking", False),
        ("19.2.1", "any", True),
        ("18.11", "any", False),
    ],
)
def test_what_fails(target: str, fail_on: str, fails: bool) -> None:
    here = Sandboxed("18.11", **GATEWAY)
    result = here.run(SUBJECT, target_version=target, fail_on=fail_on)
    assert result.get("failed", False) is fails
    assert bool(result["findings"]) is (target != "18.11")
    if fails:
        assert result["failure"]["code"] == messages.UPGRADE_FINDINGS.code
        assert result["findings"][0]["what"] in result["msg"]
        assert target in result["msg"]
        assert result["changed"] is False

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What releases offer, against the enums of GitLab's GraphQL schemas."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo import offers as _offers
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.offers import (
    FAMILIES,
    FEATURES,
    PROVIDERS,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

# The enums of GitLab's schemas: what each release added to the one before.
AI_FEATURES = {
    "17.9": "code_completions code_generations duo_chat duo_chat_explain_code duo_chat_fix_code "
    "duo_chat_refactor_code duo_chat_write_tests",
    "17.10": "duo_chat_troubleshoot_job",
    "18.0": "duo_chat_explain_vulnerability duo_chat_summarize_comments generate_commit_message "
    "glab_ask_git_command resolve_vulnerability summarize_new_merge_request summarize_review",
    "18.3": "review_merge_request",
    "18.4": "duo_agent_platform",
    "18.7": "duo_agent_platform_agentic_chat",
    "18.11": "sast_vulnerability_fp_detection sast_vulnerability_resolution "
    "secret_vulnerability_fp_detection",
    "19.1": "review_merge_request_dap",
    "19.3": "security_review feature_discovery_search resolve_dependency_bump",
    "19.4": "duo_developer",
    "19.5": "bl_security recommend_reviewers_assign",
}
AI_ACCEPTED_SELF_HOSTED_MODELS = {
    "17.9": "claude_3 codegemma codellama codestral deepseekcoder gpt llama3 mistral mixtral",
    "18.3": "general",
    "19.0": "gemini",
    "19.3": "embedding qwen",
}
AI_FEATURE_PROVIDERS = {"17.9": "disabled self_hosted vendored", "18.4": "unassigned"}
TABLES = [
    pytest.param(FEATURES, AI_FEATURES, id="features"),
    pytest.param(FAMILIES, AI_ACCEPTED_SELF_HOSTED_MODELS, id="families"),
    pytest.param(PROVIDERS, AI_FEATURE_PROVIDERS, id="providers"),
]
ALL = (
    *("17.9", "17.10", "17.11", "18.0", "18.3", "18.4", "18.6", "18.7", "18.9", "18.10", "18.11"),
    *("19.0", "19.1", "19.3", "19.4", "19.5", "19.6"),
)
# The release that certainly lacks what a later schema has: the last one that was read without it.
LACKS = {
    "17.9": "duo_chat_troubleshoot_job generate_commit_message",
    "17.10": "generate_commit_message summarize_review",
    "18.0": "review_merge_request duo_agent_platform general unassigned",
    "18.2": "review_merge_request",
    "18.3": "duo_agent_platform duo_agent_platform_agentic_chat gemini",
    "18.6": "duo_agent_platform_agentic_chat",
    "18.9": "sast_vulnerability_fp_detection review_merge_request_dap gemini embedding qwen",
    "18.11": "gemini review_merge_request_dap",
    "19.0": "review_merge_request_dap embedding qwen",
    "19.1": "security_review qwen",
    "19.3": "duo_developer",
    "19.4": "bl_security recommend_reviewers_assign",
}


def in_schema(added: dict[str, str], version: str) -> set[str]:
    """Return the values of an enum in a release."""
    until = release(version).minor
    return {
        name
        for first, names in added.items()
        if release(first).minor <= until
        for name in names.split()
    }


@pytest.mark.parametrize(("offers", "added"), TABLES)
@pytest.mark.parametrize("version", ALL)
def test_every_value_of_a_schema_is_offered(offers, added, version: str) -> None:
    assert {
        name: release(version).has(offers[name]) for name in in_schema(added, version)
    } == dict.fromkeys(in_schema(added, version), True)
    assert in_schema(added, version) <= set(release(version).names(offers))


@pytest.mark.parametrize(("offers", "added"), TABLES)
@pytest.mark.parametrize("version", ALL)
def test_what_no_schema_has_is_never_certain(offers, added, version: str) -> None:
    rest = set(offers) - in_schema(added, version)
    assert [name for name in rest if release(version).has(offers[name])] == []


@pytest.mark.parametrize(
    ("version", "name"), [(it, name) for it, names in LACKS.items() for name in names.split()]
)
def test_what_a_schema_lacks_is_not_offered(version: str, name: str) -> None:
    offer = {**FEATURES, **FAMILIES, **PROVIDERS}[name]
    assert release(version).has(offer) is False
    assert name not in release(version).names({name: offer})


# What a release may have or not, for it was not read: from the last that was read without it on.
OF_17_11 = AI_FEATURES["18.0"]
FLOWS = (
    f"{AI_FEATURES['18.11']} review_merge_request_dap security_review resolve_dependency_bump "
    "bl_security"
)
OPEN = {
    "17.10": "",
    "17.11": OF_17_11,
    "18.0": "",
    "18.1": "",
    "18.2": "unassigned",
    "18.3": "unassigned",
    "18.4": "",
    "18.7": "",
    "18.9": "",
    "18.10": AI_FEATURES["18.11"],
    "18.11": "",
    "19.0": "",
    "19.1": "embedding",
    "19.2": f"embedding qwen {AI_FEATURES['19.3']}",
    "19.3": "",
    "19.5": "",
    "19.6": "",
}


@pytest.mark.parametrize("version", OPEN)
def test_what_was_not_read_is_left_open(version: str) -> None:
    every = {**FEATURES, **FAMILIES, **PROVIDERS}
    it = release(version)
    left_open = {name for name, offer in every.items() if it.has(offer) is None}
    assert left_open == set(OPEN[version].split())


def test_beta() -> None:
    assert {name for name in FAMILIES if not _offers.is_beta_family(name)} == {
        "claude_3",
        "codestral",
        "gpt",
        "mistral",
        "mixtral",
    }
    assert not _offers.is_beta_family("unheard_of")


BETA = f"duo_chat_troubleshoot_job {AI_FEATURES['18.0']}"
SECRET = "secret_vulnerability_fp_detection"
SAST = "sast_vulnerability_fp_detection sast_vulnerability_resolution"


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("18.9", BETA),
        ("18.11", f"{BETA} {SAST} {SECRET}"),
        ("19.0", f"{BETA} {SAST} {SECRET}"),
        ("19.1", f"{BETA} {SAST}"),
        ("19.4", f"{BETA} {SAST} {AI_FEATURES['19.3']}"),
    ],
)
def test_beta_features(version: str, names: str) -> None:
    it = release(version)
    there = [name for name in it.names(FEATURES) if it.is_beta_feature(name)]
    assert sorted(there) == sorted(names.split())
    ultimate = {"duo_chat_explain_vulnerability", "resolve_vulnerability"}
    assert it.listed_with_beta == set(there) - ultimate
    assert not it.is_beta_feature("unheard_of")


C = "claude_3 general gpt llama3 mistral mixtral"


@pytest.mark.parametrize(
    ("version", "feature", "families"),
    [
        *((version, name, C) for version in ("18.9", "18.11") for name in BETA.split()),
        ("18.11", SECRET, "claude_3 general gpt"),
        ("19.4", "generate_commit_message", f"{C} qwen"),
        ("19.4", "security_review", "claude_3 general gpt"),
        ("19.4", "feature_discovery_search", "gemini"),
    ],
)
def test_families_that_fit(version: str, feature: str, families: str) -> None:
    assert sorted(release(version).families_of(feature) or ()) == families.split()


@pytest.mark.parametrize(
    ("version", "feature"),
    [
        ("18.8", "generate_commit_message"),
        ("19.3", "generate_commit_message"),
        ("19.5", "generate_commit_message"),
        # Always listed, so that GitLab itself tells.
        ("18.9", "code_completions"),
        ("18.9", "unheard_of"),
    ],
)
def test_families_that_are_not_known(version: str, feature: str) -> None:
    assert release(version).families_of(feature) is None


@pytest.mark.parametrize(
    ("version", "needed"), [("18.9", True), ("18.11", True), ("19.0", False), ("19.5", False)]
)
def test_what_a_model_needs(version: str, needed: bool) -> None:
    it = release(version)
    assert (it.model_needs_endpoint, it.prefix_decides_provider) == (needed, needed)


@pytest.mark.parametrize(
    ("now", "target", "stops"),
    [
        ("17.9", "17.11", []),
        ("17.11", "18.0", []),
        ("17.11", "18.3", [(18, 2)]),
        ("18.2", "18.8", [(18, 5)]),
        ("17.9", "19.4", [(17, 11), (18, 2), (18, 5), (18, 8), (18, 11), (19, 2)]),
        ("18.9", "18.9", []),
    ],
)
def test_stops_on_the_way(now: str, target: str, stops: list[tuple[int, int]]) -> None:
    assert release(now).stops_on_the_way(release(target)) == stops


@pytest.mark.parametrize(
    ("now", "target", "before", "passes"),
    [
        ("18.6", "18.7", True, True),
        ("18.6", "18.9", True, True),
        ("18.7", "18.7", False, False),
        ("18.7", "18.9", True, False),
        ("18.5", "18.6", True, False),
        ("19.0", "18.9", False, False),
    ],
)
def test_what_an_upgrade_passes(now: str, target: str, before: bool, passes: bool) -> None:
    it = release(now)
    assert it.is_before(release(target)) is before
    assert it.passes((18, 7), release(target)) is passes


@pytest.mark.parametrize(
    ("now", "target", "before"),
    [
        ("18.9.5", "18.9.6", True),
        ("18.9.5", "18.10.0", True),
        ("18.9.5", "18.9.5", False),
        ("18.9.5", "18.9.2", False),
        ("18.9.2", "18.9", False),
        ("18.9", "18.9.2", False),
    ],
)
def test_patches_count_where_both_are_named(now: str, target: str, before: bool) -> None:
    assert release(now).is_before(release(target)) is before


@pytest.mark.parametrize(
    ("version", "reached"),
    [
        ("18.5.9", False),
        ("18.6.1", False),
        ("18.6.2", True),
        ("18.6", True),
        ("18.5", False),
        ("19.0.0", True),
    ],
)
def test_what_came_with_a_patch(version: str, reached: bool) -> None:
    assert release(version).reaches((18, 6, 2)) is reached
    assert release("18.5.0").passes((18, 6, 2), release(version)) is reached
    assert release(version).is_patch((18, 6, 2)) is (version == "18.6.2")
    assert not release("18.6").is_patch((18, 6, 0))


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("18.7.9", False),
        ("18.7", False),
        ("18.8.0", True),
        ("18.8.9", False),
        ("18.8", True),
        ("18.9.5", True),
        ("18.9", True),
        ("18.10.3", False),
        ("18.11.0", False),
        ("19.0", False),
    ],
)
def test_a_fault_that_is_fixed_in_some_minors(version: str, fault: bool) -> None:
    fixed = ((18, 8, 9), (18, 10, 3), (18, 11))
    assert release(version).may_have((18, 8), fixed) is fault


def test_features_that_a_premium_licence_hides() -> None:
    assert set(filter(_offers.needs_ultimate, FEATURES)) == {
        "duo_chat_explain_vulnerability",
        "resolve_vulnerability",
    }
    assert not _offers.needs_ultimate("unheard_of")


@pytest.mark.parametrize(
    ("version", "doubtful", "needs_beta"),
    [("17.9", True, None), ("17.10", False, None), ("18.8", False, True), ("18.9", False, False)],
)
def test_what_is_doubted(version: str, doubtful: bool, needs_beta: bool | None) -> None:
    it = release(version)
    assert (it.probes_are_doubtful, it.agent_platform_needs_beta) == (doubtful, needs_beta)


def test_features_of_the_agent_platform() -> None:
    own = {
        *("duo_agent_platform", "duo_agent_platform_agentic_chat"),
        *("duo_developer", "recommend_reviewers_assign"),
    }
    assert set(filter(_offers.is_agent_feature, FEATURES)) == own
    assert set(filter(_offers.runs_on_agent_platform, FEATURES)) == {*own, *FLOWS.split()}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("17.8", (False, False, "vendored", False, False, ("ultimate",), True)),
        ("17.9", (True, False, "vendored", False, False, ("ultimate",), True)),
        ("17.10", (True, False, "vendored", False, False, ("ultimate",), True)),
        ("17.11", (True, True, "vendored", True, False, ("ultimate",), True)),
        ("18.0", (True, True, "vendored", True, False, ("ultimate", "premium"), True)),
        ("18.3", (True, True, "vendored", True, True, ("ultimate", "premium"), True)),
        ("18.6", (True, True, "unassigned", True, True, ("ultimate", "premium"), True)),
        ("18.7", (True, True, "unassigned", True, True, ("ultimate", "premium"), True)),
        ("18.9", (True, True, "unassigned", True, True, ("ultimate", "premium"), False)),
        ("19.5", (True, True, "unassigned", True, True, ("ultimate", "premium"), False)),
    ],
)
def test_what_differs_between_releases(version: str, expected: tuple) -> None:
    it = release(version)
    assert expected == (
        it.supported,
        it.many_features_per_update,
        it.default_provider,
        it.listing_shows_beta_on,
        it.listing_shows_beta_off,
        it.plans,
        it.online_needs_add_on,
    )
    place = "duo_self_hosted" if it.minor >= (17, 11) else "self_hosted_models"
    assert it.toggle_beta_path == f"/admin/ai/{place}/toggle_beta_models"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("17.9.0", ("17.9.0", (17, 9), 0)),
        ("18.9.2-ee", ("18.9.2", (18, 9), 2)),
        ("18.10.0-pre", ("18.10.0", (18, 10), 0)),
        ("19.5", ("19.5.0", (19, 5), 0)),
        ("18.9.10-ee.0", ("18.9.10", (18, 9), 10)),
        ("17.10.3-rc42-ee", ("17.10.3", (17, 10), 3)),
    ],
)
def test_parses(text: str, parsed: tuple) -> None:
    found = Release.parse(text)
    assert found
    assert (found.text, found.minor, found.patch) == parsed


@pytest.mark.parametrize("text", ["", "master", "None", "v18.9", "18", "ee-18.9.0", ".9"])
def test_refuses_what_is_no_version(text: str) -> None:
    assert Release.parse(text) is None


@pytest.mark.parametrize(
    ("version", "newer"), [("19.5", False), ("19.6", True), ("20.0", True), ("18.11", False)]
)
def test_knows_what_it_does_not_know(version: str, newer: bool) -> None:
    assert release(version).newer_than_known is newer


@pytest.mark.parametrize(
    ("name", "text"),
    [("unassigned", "18.4"), ("gemini", "19.0"), ("qwen", "19.3"), ("general", "18.3")],
)
def test_names_the_release_that_can_be_relied_on(name: str, text: str) -> None:
    assert {**FAMILIES, **PROVIDERS}[name].text == text

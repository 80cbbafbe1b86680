# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight against the stand-in GitLab: its findings, its requests, what it adds."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    preflight,
    preflight_state,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.preflights import (
    DECLARED,
    GATEWAY,
    MODEL,
    STORED,
    SUBJECT,
    found,
    settled,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from sandbox import credentials

LESS = ["ai_features"]
LIST = "outbound_local_requests_allowlist_raw"
DENY = {"deny_all_requests_except_allowed": True}
ALLOW = {"manage_outbound_allowlist": True}


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_stands_in_the_way(release: str) -> None:
    here = settled(release)
    result = here.run(SUBJECT, **DECLARED)
    assert (result["changed"], result["findings"], result["warnings"]) == (False, [], [])
    assert result["instance"]["version"].startswith(release)
    assert here.writes == []


# Seed, wish; then severity, subject and a part of the sentence.
FINDINGS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str, str]]] = {
    "scope": (
        {},
        {**DECLARED, "api_token": credentials.READONLY_TOKEN},
        ("warning", "token", "can read, but not write (scopes: read_api)"),
    ),
    "expired": (
        {"license": {"expires_at": "2026-01-01"}, "options": {}},
        DECLARED,
        ("error", "license", "no active licence|expired on|does not include|not permit"),
    ),
    "plan": (
        {"license": {"plan": "starter"}},
        DECLARED,
        ("error", "license", "starter plan does not include"),
    ),
    "no licence": ({"license": None}, DECLARED, ("error", "license", "no active licence")),
    "no administrator": (
        {},
        {**DECLARED, "api_token": credentials.USER_TOKEN},
        ("error", "license", "not an administrator"),
    ),
    "add-on": ({"add_ons": []}, DECLARED, ("warning", "license", "Duo Enterprise add-on")),
    "maintenance": (
        {"settings": {"maintenance_mode": True}},
        DECLARED,
        ("error", "instance", "Maintenance mode is on"),
    ),
    "silent": (
        {"settings": {"silent_mode_enabled": True}},
        DECLARED,
        ("warning", "instance", "Silent mode is on"),
    ),
    "never on": (
        {"settings": {"duo_availability": "never_on"}},
        DECLARED,
        ("warning", "instance", "never_on"),
    ),
    "Admin Mode": (
        {"options": {"admin_mode": True}},
        DECLARED,
        ("warning", "token", "application settings cannot be read"),
    ),
    "deny all": (
        {"settings": {**DENY, LIST: "aigw.example.com"}},
        DECLARED,
        ("error", "instance", "not in its allowlist: vllm.example.com."),
    ),
    "private": (
        {},
        {"gateway": {"ai_gateway_url": "http://10.1.2.3:5052"}},
        ("warning", "instance", "(10.1.2.3)"),
    ),
    "no way": (
        {},
        {"beta_features": True, "accept_testing_agreement": True},
        ("error", "beta features", "a token cannot open"),
    ),
    "agreement": (
        {},
        {"beta_features": True, **ROOT},
        ("error", "beta features", "Testing Agreement"),
    ),
    "no way to turn off": (
        {"beta_acceptances": ["root"]},
        {"beta_features": False},
        ("error", "beta features", "have to be turned off, but GitLab offers this only"),
    ),
    "nobody who accepts": (
        {},
        {"beta_features": True, "accept_testing_agreement": True, "via": "rails_runner"},
        ("error", "beta features", "records who accepted"),
    ),
    "allowlist that cannot be read": (
        {"options": {"admin_mode": True}},
        {**DECLARED, **ALLOW},
        ("error", "token", "added to the outbound allowlist: aigw.example.com, vllm.example.com."),
    ),
    "hidden features": (
        {},
        {"settings": [{"features": ["generate_commit_message"], "provider": "disabled"}]},
        ("warning", "beta features", "generate_commit_message"),
    ),
    "option": (
        {},
        {"gateway": {**GATEWAY, "duo_agent_platform_service_secure": False}},
        ("error", "AI gateway", "needs GitLab 18.10"),
    ),
    "family": (
        {},
        {"models": [{**MODEL, "model_family": "codestrall"}]},
        ("error", "self-hosted model codestral", "no model family codestrall"),
    ),
    "feature": (
        {},
        {**DECLARED, "settings": [{"features": ["code_completion"], "model": "codestral"}]},
        ("error", "feature code_completion", "no feature code_completion"),
    ),
    "model": (
        {},
        {"settings": [{"features": ["code_completions"], "model": "codestrall"}]},
        ("error", "feature code_completions", "no self-hosted model named codestrall"),
    ),
    "variable": (
        {},
        {"unknown_variables": ["duo_self_hosted_model"]},
        ("error", "variable duo_self_hosted_model", "no such variable"),
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finding(name: str) -> None:
    seed, wish, (severity, subject, part) = FINDINGS[name]
    here = settled("18.9", **seed)
    result = here.dry(SUBJECT, **wish)
    (finding,) = result["findings"]
    assert (finding["severity"], finding["subject"]) == (severity, subject)
    assert any(text in finding["what"] for text in part.split("|"))
    assert finding["action"]
    if severity == "warning":
        assert "failed" not in result
        assert result["warnings"] == [f"{finding['what']} {finding['action']}"]
        assert "models" in result
    else:
        assert result["failure"]["code"] == messages.PREFLIGHT_FINDING.code
        assert finding["what"] in result["msg"]
        assert "models" not in result
    assert here.writes == []


def test_everything_is_found_at_once() -> None:
    here = settled("18.9", settings={**DENY, "maintenance_mode": True, "silent_mode_enabled": 1})
    wish = {
        "gateway": GATEWAY,
        "models": [MODEL, {**MODEL, "name": "other", "model_family": "lama3"}],
        "settings": [{"features": ["duo_chatt", "code_completions"], "model": "codestral"}],
        "beta_features": True,
        "unknown_variables": ["duo_self_hosted_gatway", "duo_self_hosted_mine"],
        "known_variables": ["duo_self_hosted_gateway"],
    }
    result = here.run(SUBJECT, **wish, **ALLOW)
    severities = [it["severity"] for it in result["findings"]]
    assert severities == ["error"] * 7 + ["warning"] * 2
    assert result["failure"]["code"] == messages.PREFLIGHT_FINDINGS.code
    assert "(6) " in result["msg"]
    for part in ("Maintenance", "lama3", "duo_chatt", "gatway", "a token cannot open", "Agreement"):
        assert part in result["msg"]
    # What it could have added is left, too: something stands in the way.
    assert (result["changed"], here.writes) == (False, [])


def test_what_is_wrong_with_many_is_told_once() -> None:
    here = Sandboxed("18.9")
    features = ["code_completions", "code_generations", "duo_chat"]
    result = here.dry(SUBJECT, settings=[{"features": features, "model": "codestrall"}])
    assert [it["subject"] for it in result["findings"]] == [f"feature {name}" for name in features]
    assert result["msg"].count("codestrall") == 1
    assert f"Cannot continue: {', '.join(f'feature {it}' for it in features)}: " in (result["msg"])


@pytest.mark.parametrize("release", ["17.9", "18.9", "19.4"])
def test_two_requests_where_all_is_there(release: str) -> None:
    here = Sandboxed(release, gateway=GATEWAY, models=[STORED])
    assert "failed" not in here.run(SUBJECT, **DECLARED)
    # At the same time, so in any order.
    paths = {it["path"] for it in here.requests}
    assert paths == {"/api/graphql", "/api/v4/application/settings"}
    assert len(here.requests) == 2


SELF = "/api/v4/personal_access_tokens/self"


def test_a_real_run_reads_the_scopes_the_first_time_alone() -> None:
    here = Sandboxed("18.9", models=[STORED])
    here.run(SUBJECT, **DECLARED)
    assert [it["path"] for it in here.requests][2:] == [SELF]


# Everything as declared.
THERE: dict[str, Any] = {
    "gateway": GATEWAY,
    "models": [{**STORED, "identifier": MODEL["identifier"]}],
    "features": {"code_completions": {"provider": "self_hosted", "model": "codestral"}},
}
READS = {"api_token": credentials.READONLY_TOKEN}
# What a dry run has to do, with everything else as declared.
DRIFTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "all of it": ({}, {}),
    "one setting": ({"gateway": {"ai_gateway_url": "https://old.example.com"}}, {}),
    "the allowlist alone": ({"settings": {LIST: "10.0.0.1"}}, ALLOW),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_dry_run_with_a_token_that_only_reads(drift: str) -> None:
    """It shows what a real run would do, and that this token could not do it."""
    seed, wish = DRIFTS[drift]
    here = settled("18.9", **({**THERE, **seed} if seed else {}))
    result = here.dry(SUBJECT, **DECLARED, **READS, **wish)
    assert "failed" not in result
    assert bool(result["plan"]["changes"]) is (drift != "the allowlist alone")
    assert bool(result["changes"]) is (drift == "the allowlist alone")
    (warning,) = (it for it in result["warnings"] if "token" in it)
    assert "for the real run, use a token of an administrator with the scope api" in warning
    # What it could not do is refused before anything is written, if the run is a real one.
    if drift == "all of it":
        real = here.run(SUBJECT, **DECLARED, **READS, **wish)
        assert real["failure"]["code"] == messages.PREFLIGHT_FINDING.code
        assert "changes need the scope api" in real["msg"]


def test_nothing_to_do_needs_no_more_than_to_read() -> None:
    """As in an audit, which always looks at the token."""
    here = settled("18.9", **THERE)
    result = here.dry(SUBJECT, **DECLARED, **READS, check_token=True)
    assert (result["findings"], result["plan"]["to_do"]) == ([], False)
    assert SELF in [it["path"] for it in here.requests]
    assert set(result["token"]) == {"expires_at"}
    assert "token" not in here.dry(SUBJECT, **DECLARED, **READS)


def test_a_token_that_reads_less_is_refused_in_a_dry_run_too() -> None:
    here = Sandboxed("18.9", tokens=[{"token": "glpat-less", "username": "root", "scopes": LESS}])
    result = here.dry(SUBJECT, **DECLARED, api_token="glpat-less")
    assert ("error", "token") in {(it["severity"], it["subject"]) for it in result["findings"]}
    assert "The token has the scopes ai_features; changes need the scope api" in result["msg"]


def test_what_a_release_lacks_can_be_skipped() -> None:
    wish = {
        "gateway": {**GATEWAY, "ai_gateway_timeout_seconds": 90},
        "settings": [{"features": ["duo_agent_platform"], "provider": "disabled"}],
    }
    assert [it[0] for it in found(Sandboxed("17.9"), **wish)] == ["error", "error"]
    assert found(Sandboxed("17.9"), **wish, when_unsupported="warn") == []


def test_an_expired_licence_that_still_counts(monkeypatch) -> None:
    """GitLab may serve for some days more; that it ended is found before."""
    later = functools.partial(preflight_state.PreflightState, today=date(2100, 1, 1))
    monkeypatch.setattr(preflight, "PreflightState", later)
    ((severity, subject, what),) = found(settled("18.9"), **DECLARED)
    assert (severity, subject) == ("error", "license")
    assert what.startswith("The licence expired on 20")

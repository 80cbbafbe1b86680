# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight against the stand-in GitLab: its findings, its requests, what it adds."""

from __future__ import annotations

import functools
import threading
import time
from datetime import date
from typing import Any

import pytest
import requests

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    preflight,
    preflight_state,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import feature_model
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from sandbox import credentials

SUBJECT = preflight.SUBJECT
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
CODE = {"features": ["code_completions"], "model": "codestral"}
DECLARED = {"gateway": GATEWAY, "models": [MODEL], "settings": [CODE]}
LESS = ["ai_features"]
STORED = {"name": "codestral", "model": "codestral", "endpoint": MODEL["endpoint"]}
LIST = "outbound_local_requests_allowlist_raw"
DENY = {"deny_all_requests_except_allowed": True}
ALLOW = {"manage_outbound_allowlist": True}


def settled(release: str, **seed: Any) -> Sandboxed:
    """Return an instance on which no feature is left without a decision."""
    here = Sandboxed(release)
    off = {name: {"provider": "disabled"} for name in here.instance.catalog.features}
    return Sandboxed(release, **{**seed, "features": {**off, **seed.get("features", {})}})


def found(here: Sandboxed, **wish: Any) -> list[tuple[str, str, str]]:
    """Return severity, subject and sentence of the findings."""
    result = here.dry(SUBJECT, **wish)
    findings = result.get("findings", [])
    return [(it["severity"], it["subject"], it["what"]) for it in findings]


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


def test_hidden_features_are_no_finding_once_beta_is_declared() -> None:
    settings = [{"features": ["generate_commit_message"], "provider": "disabled"}]
    wish = {"settings": settings, "beta_features": True, "accept_testing_agreement": True, **ROOT}
    assert found(Sandboxed("18.9"), **wish) == []
    on = Sandboxed("18.9", beta_acceptances=["root"])
    # Nothing is to be turned on, so neither a password nor the agreement is asked for.
    assert found(on, settings=settings, beta_features=True) == []


VULNERABILITY = ["duo_chat_explain_vulnerability", "resolve_vulnerability"]


@pytest.mark.parametrize("beta", [[], ["root"]], ids=["off", "on"])
def test_what_a_premium_licence_hides_is_not_told_of_beta_features(beta: list[str]) -> None:
    names = [*VULNERABILITY, "generate_commit_message"]
    wish = {"settings": [{"features": names, "provider": "disabled"}]}
    here = Sandboxed("18.9", license={"plan": "premium"}, beta_acceptances=beta)
    told = found(here, **wish)
    assert [it[:2] for it in told] == [
        ("warning", "license"),
        *([] if beta else [("warning", "beta features")]),
    ]
    assert f"does not show the state of {', '.join(VULNERABILITY)}, whether beta" in told[0][2]
    assert not beta or here.run(feature_model.SUBJECT, **wish)["unseen"] == [
        f"feature {name}" for name in VULNERABILITY
    ]
    assert not any("vulnerability" in it[2] for it in told[1:])
    ultimate = Sandboxed("18.9", beta_acceptances=beta)
    assert all(it[1] == "beta features" for it in found(ultimate, **wish))


def test_what_a_model_serves_shows_with_a_premium_licence_too() -> None:
    setting = {"features": [VULNERABILITY[0]], "model": "gpt"}
    served = {VULNERABILITY[0]: {"provider": "self_hosted", "model": "gpt"}}
    model = {**STORED, "name": "gpt", "model": "gpt"}
    here = Sandboxed("18.9", license={"plan": "premium"}, models=[model], features=served)
    assert found(here, settings=[setting]) == []


@pytest.mark.parametrize(("plan", "told"), [("premium", True), ("ultimate", False)])
def test_an_isolated_site_is_told_what_no_switch_shows(plan: str, told: bool) -> None:
    here = Sandboxed("18.9", license={"plan": plan})
    result = here.dry(SUBJECT, isolated=True, gateway=GATEWAY)
    (action,) = {it["action"] for it in result["findings"] if "does not show" in it["what"]}
    assert "the state of beta features once they are on" in action
    never = f"With a Premium licence it never shows the state of {', '.join(VULNERABILITY)}."
    assert action.endswith(never) is told
    declared = [{"features": VULNERABILITY, "provider": "disabled"}]
    result = here.dry(SUBJECT, isolated=True, gateway=GATEWAY, settings=declared)
    assert "it never shows" not in result["msg"]


def test_where_beta_features_cannot_be_seen_a_way_to_them_is_enough() -> None:
    """Before 17.11 only who signs in knows; the preflight asks for what may be needed."""
    for enabled in (True, False):
        ((severity, _subject, what),) = found(Sandboxed("17.9"), beta_features=enabled)
        assert severity == "error"
        assert "the state of beta features has to be read first" in what
    assert found(Sandboxed("17.9"), beta_features=False, **ROOT) == []
    ((_severity, _subject, what),) = found(Sandboxed("17.9"), beta_features=True, **ROOT)
    assert "Agreement" in what


BETA_MODEL = {**MODEL, "name": "llama", "model_family": "llama3"}
STORED_BETA = {"name": "llama", "model": "llama3", "endpoint": MODEL["endpoint"]}
ON = {"beta_acceptances": ["root"]}


@pytest.mark.parametrize(
    ("seed", "wish"),
    [
        (ON, {"models": [BETA_MODEL]}),
        ({**ON, "models": [STORED_BETA]}, {"models": [BETA_MODEL]}),
        ({**ON, "models": [STORED_BETA]}, {"models": [{"name": "llama"}]}),
        (
            {**ON, "models": [STORED_BETA]},
            {"settings": [{"features": ["code_completions"], "model": "llama"}]},
        ),
        ({"models": [STORED_BETA]}, {"models": [BETA_MODEL]}),
        ({}, {"models": [BETA_MODEL]}),
    ],
    ids=["new", "there", "there, family not named", "used", "hidden", "off"],
)
@pytest.mark.parametrize("release", ["17.9", "18.9"])
def test_off_and_a_beta_family_contradict_each_other(
    release: str, seed: dict[str, Any], wish: dict[str, Any]
) -> None:
    """The first run would do it, and each later one would not find the model."""
    here = Sandboxed(release, **seed)
    ((severity, subject, what),) = found(here, beta_features=False, **ROOT, **wish)
    assert (severity, subject) == ("error", "self-hosted model llama")
    assert "beta" in what
    assert here.writes == []


def test_beta_families_that_do_not_stay_contradict_nothing() -> None:
    here = Sandboxed("18.9", **ON, models=[STORED_BETA])
    gone = [{**BETA_MODEL, "state": "absent"}]
    assert found(here, beta_features=False, models=gone, **ROOT) == []
    # Nor one that this release has not yet, and that is skipped.
    later = [{**BETA_MODEL, "model_family": "general"}]
    wish = {"beta_features": False, "when_unsupported": "warn", "models": later, **ROOT}
    assert found(Sandboxed("17.9"), **wish) == []


def test_what_a_release_lacks_can_be_skipped() -> None:
    wish = {
        "gateway": {**GATEWAY, "ai_gateway_timeout_seconds": 90},
        "settings": [{"features": ["duo_agent_platform"], "provider": "disabled"}],
    }
    assert [it[0] for it in found(Sandboxed("17.9"), **wish)] == ["error", "error"]
    assert found(Sandboxed("17.9"), **wish, when_unsupported="warn") == []


# --- GitLab that is still starting ---------------------------------------------------------------
STARTING = {
    "503": {"kind": "status", "status": 503, "times": 6},
    "502": {"kind": "status", "status": 502, "times": 6},
    "refused": {"kind": "drop_before", "times": 6},
}


@pytest.mark.parametrize("name", STARTING)
def test_it_waits_while_gitlab_starts(name: str, waits: list[float]) -> None:
    here = Sandboxed("18.9")
    here.faults(STARTING[name])
    assert "failed" not in here.run(SUBJECT, **DECLARED, ready_timeout=60, retries=1)
    assert sum(waits) > 10


class Clock:
    """Time of this thread, which passes only while it waits, for itself or for an answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.thread = threading.get_ident()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0
        # What is asked beside it takes no time of the one who waits.
        if threading.get_ident() == self.thread:
            self.now += seconds


def _hang(clock: Clock, timeout: float) -> Any:
    clock.sleep(timeout)
    raise requests.exceptions.ReadTimeout


def _refuse(clock: Clock, _timeout: float) -> Any:
    clock.sleep(0.01)
    raise requests.exceptions.ConnectionError


@pytest.mark.parametrize("seconds", [1, 7, 60, 300])
@pytest.mark.parametrize("answer", [_hang, _refuse, None], ids=["hang", "refuse", "busy"])
def test_it_waits_no_longer_than_told(monkeypatch, answer: Any, seconds: int) -> None:
    """With all timeouts and retries inside it: a try could last three minutes by itself."""
    here, clock = Sandboxed("18.9"), Clock(monkeypatch)
    here.threads = True
    if answer:
        monkeypatch.setattr(
            here.adapter, "send", lambda _request, **more: answer(clock, more["timeout"])
        )
    else:
        # GitLab asks for more than there is.
        here.faults({"kind": "status", "status": 503, "times": 0, "headers": {"Retry-After": "45"}})
    begun = clock.now
    result = here.run(SUBJECT, **DECLARED, ready_timeout=seconds, timeout=60, retries=3)
    assert result["failed"]
    assert seconds <= clock.now - begun <= seconds + 1.1


def test_it_does_not_wait_unless_told(waits: list[float]) -> None:
    here = Sandboxed("18.9")
    here.faults({**STARTING["503"], "times": 0})
    result = here.run(SUBJECT, **DECLARED, retries=0)
    assert (result["failure"]["code"], waits) == (http_messages.TRY_LATER.code, [])


def test_a_wrong_token_is_not_waited_for(waits: list[float]) -> None:
    here = Sandboxed("18.9")
    result = here.run(SUBJECT, api_token=credentials.EXPIRED_TOKEN, ready_timeout=600)
    assert (result["failure"]["code"], waits) == (messages.TOKEN_REFUSED.code, [])


def test_agents_need_beta_features() -> None:
    """Before 18.9 with an online licence; and only where a self-hosted model is to serve them."""
    agents = {"features": ["duo_agent_platform"]}
    gpt = {**MODEL, "model_family": "gpt"}
    wish = {"models": [gpt], "settings": [{**agents, "model": "codestral"}]}
    beta = {"beta_features": True, "accept_testing_agreement": True, **ROOT}
    for version, expected in (("18.6", "warning"), ("18.7", "error"), ("18.8", "error")):
        ((severity, subject, what),) = found(Sandboxed(version), **wish)
        assert (severity, subject) == (expected, "feature duo_agent_platform")
        assert "refuses a self-hosted model for the Agent Platform while beta features are" in what
        assert found(Sandboxed(version), **wish, **beta) == []
        assert found(Sandboxed(version, beta_acceptances=["root"]), **wish) == []
        assert found(Sandboxed(version), settings=[{**agents, "provider": "disabled"}]) == []
    assert found(Sandboxed("18.9"), **wish) == []


def test_an_expired_licence_that_still_counts(monkeypatch) -> None:
    """GitLab may serve for some days more; that it ended is found before."""
    later = functools.partial(preflight_state.PreflightState, today=date(2100, 1, 1))
    monkeypatch.setattr(preflight, "PreflightState", later)
    ((severity, subject, what),) = found(settled("18.9"), **DECLARED)
    assert (severity, subject) == ("error", "license")
    assert what.startswith("The licence expired on 20")

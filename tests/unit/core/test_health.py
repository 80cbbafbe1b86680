# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict of each health check: GitLab's probes, connections, settings, the gateway."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import health_connections
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_advice import (
    action_for,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_notes import (
    CHECK_NOTES,
    CODES,
    MODEL_PROBE,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_probes import Facts
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.connection_check import (
    is_late,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.healthy import (
    KEY,
    MODEL,
    SEED,
    SUBJECT,
    asked,
    failed,
    here,
    questions,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, Sandboxed
from sandbox import credentials

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "health.md"
FACTS = Facts(Release("18.9.2", (18, 9), 2))


# --- all well ------------------------------------------------------------------------------------
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("check", [False, True])
def test_all_well(release: str, check: bool) -> None:
    it = here(release)
    result = it.run(SUBJECT, check=check)
    assert "failed" not in result, result["msg"]
    aside = ["compatible_runner_probe"] if it.instance.release.at_least(19, 4) else []
    assert [one["name"] for one in failed(result)] == aside
    assert len(result["warnings"]) == len(aside)
    assert result["checks"][-1]["name"] == MODEL_PROBE
    assert result["instance"]["version"].startswith(release)
    # One for the state, one for the probes, one for the model.
    assert len(it.requests) == 3
    assert it.writes == []


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("url", ["https://aigw.example.com", None])
def test_every_probe_is_known(release: str, url: str | None) -> None:
    vendored = {"duo_chat": {"provider": "vendored"}, "code_completions": {"provider": "vendored"}}
    it = here(
        release,
        features=vendored,
        gateway={"ai_gateway_url": url, "duo_agent_platform_service_url": None},
        license={"type": "offline_cloud"},
        options={"cloud_reachable": False, "seat": False},
    )
    checks = asked(it, checks=["probes"], fail_on="never")["checks"]
    assert len(checks) > 5
    for one in checks:
        assert one["name"] in CHECK_NOTES
        assert one["proves"].endswith(".")
        assert bool(one["action"]) is not one["success"]
        assert "host" not in one["subject"] or "." in one["subject"]


@pytest.mark.parametrize(
    ("checks", "requests"), [([], 1), (["probes"], 2), (["connections"], 2), (["gateway"], 1)]
)
def test_asks_what_is_wanted(checks: list[str], requests: int) -> None:
    it = here(gateway={"ai_gateway_url": None}) if checks == ["gateway"] else here()
    asked(it, checks=checks)
    assert len(it.requests) == requests
    keys = [one for one in it.requests if "apiToken" in str(one)]
    assert keys == []


def test_names_choose_models() -> None:
    other = {**MODEL, "name": "other", "endpoint": "https://other.example.com/v1"}
    it = here(models=[other], answer={"code": 401})
    result = asked(it, checks=["connections"], models=["other", "other"])
    assert [one["subject"] for one in result["checks"]] == ["self-hosted model other"]
    assert questions(it) == 1


# --- models --------------------------------------------------------------------------------------
def test_a_cold_model_is_asked_again() -> None:
    it = here(answer={"timeouts": 2})
    assert failed(asked(it, checks=["connections"])) == []
    assert questions(it) == 3


def test_a_model_that_stays_cold_is_broken() -> None:
    it = here(answer={"timeouts": 9})
    result = asked(it, checks=["connections"], attempts=2)
    assert questions(it) == 2
    assert result["failure"]["code"] == "health-finding"
    assert "Net::ReadTimeout with #<TCPSocket:(closed)>. GitLab was asked 2 times." in result["msg"]
    assert "GitLab waits 3 s: warm up the model" in result["failure"]["next_step"]


def test_only_slow_models_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(health_connections.time, "sleep", waits.append)
    names = ["broken", "cold", "slow", "well"]
    it = Sandboxed("18.9", gateway=SEED["gateway"])
    it.seed(
        models=[{**MODEL, "name": name, "endpoint": f"https://{name}/v1"} for name in names],
        options={
            "connection_checks": {
                "https://broken/v1": {"code": 404},
                "https://cold/v1": {"timeouts": 1},
                "https://slow/v1": {"timeouts": 2},
            }
        },
    )
    result = asked(it, checks=["connections"], delay=7)
    assert [one["subject"].split()[-1] for one in failed(result)] == ["broken"]
    # All of them, then the two slow ones, then the slower one.
    assert questions(it) == 4 + 2 + 1
    assert waits == [7, 7]


@pytest.mark.parametrize(
    ("answer", "says", "action"),
    [
        ({"code": 401}, "code 401", "Set a valid API key"),
        ({"code": 404}, "code 404", "ends in /v1"),
        ({"code": 500}, "code 500", "model server runs"),
        ({"code": 429}, "code 429", "limits its rate"),
        ({"gateway_code": 401, "detail": "no"}, "AI Gateway returned code 401", "AIGW_GITLAB_URL"),
        ({"gateway_code": 422, "detail": "no"}, "code 422", "same release as GitLab"),
        ({"gateway_code": 502}, "code 502", "no proxy answers"),
        ({"gateway_code": 401}, "code 401: Unknown error", "AIGW_GITLAB_URL"),
        ({"gateway_code": 500}, "code 500: Unknown error", "The gateway itself failed"),
        ({"gateway_code": 421, "detail": "401"}, "server returned code 401", "valid API key"),
        ({"gateway_code": 421}, "server returned an error", "model server runs"),
        ({"message": "Something (A1004) happened"}, "A1004", CODES["A1004"][1]),
        ({"message": "Something\nelse"}, "Something else.", "logs of the gateway"),
    ],
)
def test_a_broken_model(answer: dict[str, Any], says: str, action: str) -> None:
    it = here(answer=answer)
    result = asked(it, checks=["connections"])
    assert result["msg"].startswith(
        "http://gitlab.example.com: One check failed: self-hosted model m: "
    )
    assert says in result["failure"]["what"]
    assert action in result["failure"]["next_step"]
    assert questions(it) == 1


def test_a_key_that_is_repeated_is_masked() -> None:
    it = here(answer={"message": f"Incorrect API key provided: {KEY}"})
    assert "provided: ********." in asked(it)["msg"]


def test_a_key_in_a_refusal_is_masked_too() -> None:
    it = here()
    key = MODEL["api_token"]
    it.faults({"kind": "graphql_error", "message": f"cannot use {key}", "at": 2})
    result = asked(it, checks=["connections"], attempts=1)
    assert "cannot use ********" in result["msg"]
    assert key not in str(result)


def test_several_failures_in_one_sentence() -> None:
    result = asked(here(options={"gateway_reachable": False, "seat": False}), attempts=1)
    assert result["failure"]["code"] == "health-findings"
    assert "3 of 4 checks failed: (1) host aigw.example.com: " in result["msg"]
    assert "(3) self-hosted model m: ERROR: Failed to open TCP connection" in result["msg"]


@pytest.mark.parametrize(
    ("seed", "text"),
    [
        ({"gateway": {"ai_gateway_url": None}}, "Set ai_gateway_url (duo_gateway)."),
        ({"settings": {"silent_mode_enabled": True}}, "Turn silent mode off"),
        ({"settings": {"deny_all_requests_except_allowed": True}}, "outbound allowlist"),
        ({"options": {"maintenance": True}}, "end the maintenance mode"),
        ({"options": {"gateway_reachable": False}}, "start the gateway, or correct ai_gateway_url"),
    ],
)
def test_what_hinders_every_model(seed: dict[str, Any], text: str) -> None:
    assert text in asked(here(**seed), checks=["connections"], attempts=1)["msg"]


def test_models_that_cannot_be_asked() -> None:
    on_beta = {**MODEL, "name": "b", "model": "llama3"}
    setting = {"duo_chat": {"provider": "self_hosted", "model": "b"}}
    hidden = asked(here(models=[on_beta], features=setting), checks=["connections"])
    assert [one["doubtful"] for one in failed(hidden)] == [True]
    assert "turn them on (duo_beta_features)" in hidden["warnings"][0]
    missing = asked(here(), checks=["connections"], models=["mm"])
    assert "There is no self-hosted model named mm. Models of this instance: m." in missing["msg"]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (credentials.READONLY_TOKEN, "health-finding"),
        (credentials.USER_TOKEN, "not-administrator"),
        (credentials.EXPIRED_TOKEN, "token-refused"),
    ],
)
def test_rights(token: str, code: str) -> None:
    result = asked(here(), api_token=token)
    assert result["failure"]["code"] == code
    if token == credentials.READONLY_TOKEN:
        assert "changes need the scope api" in result["msg"]
        # The probes need no more than reading.
        assert len(failed(result)) == 1 < len(result["checks"])


def test_no_licence() -> None:
    assert asked(here(license=None))["failure"]["code"] == "no-license"


# --- probes --------------------------------------------------------------------------------------
def test_no_seat() -> None:
    result = asked(here(options={"seat": False}))
    assert "Assign a GitLab Duo seat" in result["failure"]["next_step"]


@pytest.mark.parametrize(
    ("release", "seed"),
    [
        ("18.9", {"gateway": {"ai_gateway_url": "http://10.1.2.3:5052"}}),
        ("17.9", {"options": {"seat": False}}),
    ],
)
def test_a_doubtful_failure_is_a_warning(release: str, seed: dict[str, Any]) -> None:
    result = asked(here(release, **seed))
    assert "failed" not in result
    (only,) = failed(result)
    assert only["doubtful"] is True
    assert result["warnings"] == [f"{only['subject']}: {only['message']} {only['action']}"]


def test_never_fails() -> None:
    result = asked(here(answer={"code": 401}), fail_on="never")
    assert "failed" not in result
    assert len(result["warnings"]) == len(failed(result)) == 1


@pytest.mark.parametrize("field", ["cloudConnectorStatus", "aiSelfHostedModelConnectionCheck"])
def test_a_check_without_an_answer_hides_no_other(field: str) -> None:
    it = here()
    it.faults({"kind": "status", "status": 500, "match": {"field": field}, "times": 0})
    result = asked(it)
    assert len(failed(result)) == 1
    assert len(result["checks"]) in (2, 4)
    assert "GitLab answered 500" in result["msg"]
    assert "exceptions_json.log" in result["failure"]["next_step"]


# --- settings ------------------------------------------------------------------------------------
WANTED = [{"features": ["duo_chat", "code_completions"], "model": "m"}]


@pytest.mark.parametrize("release", RELEASES)
def test_settings(release: str) -> None:
    row = {"provider": "self_hosted", "model": "m"}
    it = here(release, features={"duo_chat": row, "code_completions": row})
    result = asked(it, checks=[], settings=WANTED)
    assert [one["success"] for one in result["checks"]] == [True]
    assert len(it.requests) == 1
    it.seed(features={"duo_chat": {"provider": "disabled"}})
    (only,) = failed(asked(it, checks=[], settings=WANTED))
    assert only["subject"] == "feature duo_chat"
    assert "(disabled -> self_hosted" in only["message"]


def test_settings_of_a_model_that_is_gone() -> None:
    wanted = [{"features": ["duo_chat"], "model": "gone"}]
    result = asked(here(), checks=[], settings=wanted)
    assert "feature duo_chat: There is no self-hosted model named gone." in result["msg"]


# --- texts ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("check", [True, False])
def test_declared_models_excuse_only_what_the_release_cannot_have(check: bool) -> None:
    settings = [{"features": ["duo_chat"], "model": "new"}]
    for family, told in (
        ("mistral", "There is no self-hosted model named new."),
        ("gemini", "model_family gemini needs GitLab"),
    ):
        declared = [{"name": "new", "model_family": family}]
        wanted = {"checks": [], "settings": settings, "declared_models": declared}
        assert told in here("18.0").run(SUBJECT, check=check, **wanted)["msg"]
        skipping = here("18.0").run(SUBJECT, check=check, **wanted, when_unsupported="warn")
        assert ("failed" in skipping) is (family == "mistral")


def test_the_documentation_has_every_code() -> None:
    rows = re.findall(r"^\| ([A-Z]+\d{4}) \| (.*) \| (.*) \|$", DOCS.read_text("utf-8"), re.M)
    assert {code: (meaning, action) for code, meaning, action in rows} == CODES


@pytest.mark.parametrize("code", CODES)
def test_a_code_tells_what_to_do(code: str) -> None:
    assert action_for(MODEL_PROBE, f"Error code: {code}", FACTS) == CODES[code][1]
    assert CODES[code][1].endswith(".")


@pytest.mark.parametrize(
    ("message", "late"),
    [
        ("ERROR: Net::ReadTimeout with #<TCPSocket:(closed)>", True),
        ("ERROR: AI Gateway could not connect to the model endpoint. Verify the model", True),
        ("ERROR: The provided identifier does not exist. Did you mean custom_openai/a?", False),
        ("ERROR: The self-hosted model server returned code 503", True),
        ("ERROR: The self-hosted model server returned code 500", False),
        ("ERROR: AI Gateway returned code 503: Unknown error", False),
    ],
)
def test_what_is_asked_again(message: str, late: bool) -> None:
    assert is_late(message) is late

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state in one request, and as variables that change nothing and can rebuild it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    feature_model,
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from sandbox import credentials

KEY = "key-that-must-not-show"
PASSWORD = "endpoint-Passw0rd"
ENDPOINT = "https://vllm.example.com/v1"
BEDROCK = "http://bedrockselfhostedmodel.com"


def stored(name: str, model: str, **more: Any) -> dict[str, Any]:
    """Return a model as it is seeded."""
    return {"name": name, "model": model, "endpoint": ENDPOINT, **more}


def cloud(provider: str) -> dict[str, Any]:
    """Return what a model has that lies in somebody's cloud (18.11)."""
    return {"provider": provider, "endpoint": "", "identifier": f"{provider}/claude"}


def lived_in(release: str, *, beta: bool = True) -> Sandboxed:
    """Return an instance that people have set up by clicking."""
    here = Sandboxed(
        release,
        gateway={"ai_gateway_url": "https://aigw.example.com"},
        beta_acceptances=["root"] if beta else [],
        models=[
            stored("plain", "codestral", identifier="custom_openai/codestral", api_token=KEY),
            stored("no prefix", "gpt", identifier="gpt-oss"),
            stored("no identifier", "mistral"),
            stored("no v1", "mixtral", identifier="custom_openai/m", endpoint="http://10.1.2.3"),
            stored("azure", "gpt", identifier="azure/gpt"),
            stored("old bedrock", "claude_3", identifier="bedrock/claude", endpoint=BEDROCK),
            stored("beta", "llama3", identifier="custom_openai/llama"),
        ],
        features={
            "code_completions": {"provider": "self_hosted", "model": "plain"},
            "code_generations": {"provider": "self_hosted", "model": "no prefix"},
            "duo_chat": {"provider": "disabled"},
        },
    )
    release_of = here.instance.release
    if release_of.at_least(17, 10):
        here.seed(features={"duo_chat_fix_code": {"provider": "self_hosted", "model": "beta"}})
    if release_of.at_least(18, 4):
        here.seed(
            gateway={"duo_agent_platform_service_url": "aigw.example.com:50052"},
            features={
                "duo_chat_explain_code": {"provider": "vendored", "offered_model_ref": "gpt_5"},
                "duo_agent_platform": {"provider": "self_hosted", "model": "no prefix"},
            },
        )
    if release_of.at_least(18, 11):
        # Models of a cloud need no endpoint from 19.0 on.
        endpoint = {} if release_of.at_least(19, 0) else {"endpoint": BEDROCK}
        here.seed(
            gateway={"self_hosted_duo_agent_platform_service_secure": False},
            models=[
                stored("bedrock", "claude_3", **{**cloud("bedrock"), **endpoint}),
                stored("vertex", "claude_3", **{**cloud("vertex_ai"), **endpoint}),
            ],
        )
    return here


def configuration(here: Sandboxed) -> dict[str, Any]:
    """Return the state as role variables, without the beginning of their names."""
    variables = here.run(info.SUBJECT, **ROOT)["configuration"]
    return {name.removeprefix("duo_self_hosted_"): it for name, it in variables.items()}


def applied(here: Sandboxed, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Run what the role runs with these variables, in its order; return the results."""
    beta = wanted.get("beta_features", {})
    wishes: list[tuple[Any, dict[str, Any]]] = [
        (
            preflight.SUBJECT,
            {
                "gateway": wanted["gateway"],
                "models": wanted["models"],
                "settings": wanted["features"],
                "beta_features": beta.get("enabled"),
                "accept_testing_agreement": beta.get("accept_testing_agreement", False),
                **ROOT,
            },
        ),
        (gateway.SUBJECT, wanted["gateway"]),
        *([(beta_features.SUBJECT, {**beta, **ROOT})] if beta else []),
        (self_hosted_model.SUBJECT, {"models": wanted["models"]}),
        (feature_model.SUBJECT, {"settings": wanted["features"]}),
    ]
    results = [here.run(subject, **wish) for subject, wish in wishes]
    for result in results:
        assert "failed" not in result, result["msg"]
    return results


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("status", [400, 500])
def test_one_document_at_a_time_shows_the_same(release: str, status: int) -> None:
    """Whether the answers come in one request or in many does not change what is seen."""
    here = lived_in(release)
    at_once = here.run(info.SUBJECT)
    here.faults({"kind": "status", "status": status})
    here.forget()
    assert here.run(info.SUBJECT) == at_once
    assert len(here.requests) > 2


# --- reading -------------------------------------------------------------------------------------
def test_one_request() -> None:
    here = lived_in("18.9")
    result = here.run(info.SUBJECT)
    assert len(here.requests) == 1
    assert result["instance"] == {
        "url": "http://gitlab.example.com",
        "version": "18.9.2",
        "enterprise": True,
    }
    assert result["gateway"]["ai_gateway_url"] == "https://aigw.example.com"
    assert result["beta_features"] == {"enabled": True}
    assert result["license"]["plan"] == "ultimate"
    plain = next(model for model in result["models"] if model["name"] == "plain")
    assert plain["has_api_key"] is True
    assert plain["features"] == ["code_completions"]
    assert len(result["features"]) == 18
    assert KEY not in json.dumps(result)
    assert "apiToken" not in json.dumps(here.requests)


@pytest.mark.parametrize("subject", [info.SUBJECT, preflight.SUBJECT])
def test_seats_come_along(subject: Any) -> None:
    """Of the add-ons that assign them, in the names that options have for these."""
    held = [("SELF_HOSTED_DAP", 9, 9), ("CODE_SUGGESTIONS", 5, 0), ("DUO_ENTERPRISE", 7, 3)]
    add_ons = [{"name": it, "purchased": bought, "assigned": used} for it, bought, used in held]
    here = Sandboxed("18.9", add_ons=add_ons)
    assert here.dry(subject)["seats"] == [
        {"add_on": "duo_enterprise", "purchased": 7, "assigned": 3},
        {"add_on": "duo_pro", "purchased": 5, "assigned": 0},
    ]
    here.seed(add_ons=[{**add_ons[2], "active": False}])
    assert here.dry(subject)["seats"] == []


def test_only_old_releases_need_a_sign_in_for_beta_features() -> None:
    old = Sandboxed("17.9", beta_acceptances=["root"])
    assert old.run(info.SUBJECT)["beta_features"] == {"enabled": None}
    assert "duo_self_hosted_beta_features" not in old.run(info.SUBJECT)["configuration"]
    assert old.run(info.SUBJECT, **ROOT)["beta_features"] == {"enabled": True}
    new = Sandboxed("18.9", beta_acceptances=["root"])
    assert new.run(info.SUBJECT, **ROOT)["beta_features"] == {"enabled": True}
    assert len(new.requests) == 1


def test_credentials_in_urls_are_masked() -> None:
    url = f"https://me:{PASSWORD}@x.example.com/v1"
    here = Sandboxed("18.9", gateway={"ai_gateway_url": url})
    here.seed(models=[stored("a", "gpt", endpoint=url)])
    result = here.run(info.SUBJECT)
    assert PASSWORD not in json.dumps(result)
    assert "********@x.example.com" in result["gateway"]["ai_gateway_url"]


def with_credentials(release: str) -> Sandboxed:
    """Return an instance with credentials in the URLs of its gateway and of a model."""
    here = Sandboxed(release, gateway={"ai_gateway_url": f"https://me:{PASSWORD}@gw.example.com"})
    url = f"https://me:{PASSWORD}@vllm.example.com/v1"
    here.seed(
        models=[
            stored("a", "gpt", endpoint=url, identifier="custom_openai/a", api_token=KEY),
            stored("b", "gpt", identifier="custom_openai/b"),
        ],
        features={"code_completions": {"provider": "self_hosted", "model": "a"}},
    )
    return here


@pytest.mark.parametrize("release", RELEASES)
def test_urls_with_credentials_are_left_out(release: str) -> None:
    """Masked they would be another URL; left out they stay as they are."""
    here = with_credentials(release)
    result = here.run(info.SUBJECT, **ROOT)
    wanted = configuration(here)
    names = ["AI gateway: ai_gateway_url", "self-hosted model a: endpoint"]
    assert result["left_out"] == names
    (warning,) = [text for text in result["warnings"] if "credentials" in text]
    assert all(name in warning for name in names)
    assert "*" not in json.dumps(wanted)
    assert "ai_gateway_url" not in wanted["gateway"]
    assert [model.get("endpoint") for model in wanted["models"]] == [None, ENDPOINT]
    before = here.stored()
    results = applied(here, wanted)
    assert [it["changed"] for it in results] == [False] * len(results)
    assert here.stored() == before

    # Another change of the model sends its URL along.
    wanted["models"][0]["identifier"] = "custom_openai/other"
    assert applied(here, wanted)[-2]["changed"]
    (model,) = [it for it in json.loads(here.stored())["models"] if it["name"] == "a"]
    assert model["endpoint"] == f"https://me:{PASSWORD}@vllm.example.com/v1"


def test_what_was_left_out_is_asked_for() -> None:
    wanted = configuration(with_credentials("18.9"))
    result = Sandboxed("18.9").run(self_hosted_model.SUBJECT, models=wanted["models"])
    assert result["failure"]["code"] == "model-incomplete"
    assert "creating it needs endpoint" in result["msg"]


def test_nothing_is_left_out_without_credentials() -> None:
    result = lived_in("18.9").run(info.SUBJECT)
    assert (result["left_out"], result["warnings"]) == ([], [])


def test_who_may_not_see_it_is_told() -> None:
    result = Sandboxed("18.9").run(info.SUBJECT, api_token=credentials.USER_TOKEN)
    assert result["failure"]["code"] == "not-administrator"


# --- as variables --------------------------------------------------------------------------------
def test_models_as_variables() -> None:
    declared = {it["name"]: it for it in configuration(lived_in("19.4"))["models"]}
    methods = {name: it["deployment_method"] for name, it in declared.items()}
    assert methods == {
        "plain": "vllm",
        "no prefix": "other",
        "no identifier": "other",
        "no v1": "other",
        "azure": "azure",
        "old bedrock": "other",
        "bedrock": "bedrock",
        "vertex": "vertex_ai",
        "beta": "vllm",
    }
    assert declared["plain"]["identifier"] == "custom_openai/codestral"
    assert declared["plain"]["endpoint"] == ENDPOINT
    assert "endpoint" not in declared["vertex"]


def test_features_as_variables() -> None:
    declared = {tuple(it["features"]): it for it in configuration(lived_in("18.9"))["features"]}
    assert declared[("duo_chat",)] == {"features": ["duo_chat"], "provider": "disabled"}
    assert declared[("duo_chat_explain_code",)]["gitlab_model"] == "gpt_5"
    assert declared[("code_completions",)]["model"] == "plain"
    both = ("code_generations", "duo_agent_platform")
    assert declared[both]["model"] == "no prefix"


@pytest.mark.parametrize("release", RELEASES)
def test_what_was_exported_changes_nothing(release: str) -> None:
    here = lived_in(release)
    wanted = configuration(here)
    here.forget()
    before = here.stored()
    results = applied(here, wanted)
    assert [it["changed"] for it in results] == [False] * len(results)
    assert (here.writes, here.stored()) == ([], before)


@pytest.mark.parametrize("release", RELEASES)
def test_what_was_exported_builds_it_again(release: str) -> None:
    wanted = configuration(lived_in(release))
    empty = Sandboxed(release)
    applied(empty, wanted)
    empty.wait(60)
    assert configuration(empty) == wanted


@pytest.mark.parametrize("release", RELEASES)
def test_a_hidden_model_is_not_exported_but_not_touched(release: str) -> None:
    here = lived_in(release, beta=False)
    wanted = configuration(here)
    assert "beta" not in [model["name"] for model in wanted["models"]]
    before = here.stored()
    results = applied(here, wanted)
    assert [it["changed"] for it in results] == [False] * len(results)
    assert here.stored() == before


def test_an_export_says_what_gitlab_does_not_tell_of_its_own_models() -> None:
    vendored = {"duo_chat": {"provider": "vendored"}}
    for reachable in (True, False):
        here = Sandboxed("18.9", features=vendored, options={"cloud_reachable": reachable})
        warnings = here.run(info.SUBJECT)["warnings"]
        told = [it for it in warnings if "which GitLab-managed models vendored features use" in it]
        assert bool(told) is not reachable

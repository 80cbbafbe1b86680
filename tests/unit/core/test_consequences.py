# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consequences of a declaration that GitLab does not mention are reported once, with a remedy."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.options import check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.misspelt import nearest
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.destinations import (
    DESTINATIONS,
    destinations,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import self_hosted_model
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.gateway import GatewayOptions
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed

GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral-22b",
}
CODE = ["code_completions", "code_generations"]
# The playbook that README begins with.
FIRST: dict[str, Any] = {
    "gateway": GATEWAY,
    "models": [MODEL],
    "settings": [
        {"features": CODE, "model": "codestral"},
        {"features": ["duo_chat"], "provider": "disabled"},
    ],
}


def unserved(here: Sandboxed, **wish: Any) -> str:
    """Return the preflight's warning of features without a model, or nothing."""
    result = here.dry(preflight.SUBJECT, **wish)
    told = [text for text in result["warnings"] if "have no model and fail" in text]
    assert len(told) <= 1
    return told[0] if told else ""


def pasted(told: str) -> list[str]:
    """Return the features of the item that a warning asks to add."""
    (item,) = yaml.safe_load(told[told.index("- {") :])
    assert item["provider"] == "disabled"
    features: list[str] = item["features"]
    return features


# --- features that reach the gateway without a model ---------------------------------------------
def test_what_the_first_playbook_leaves_is_listed() -> None:
    here = Sandboxed("18.9")
    told = unserved(here, **FIRST)
    shown = {it["feature"] for it in here.dry(info.SUBJECT)["features"]}
    assert set(pasted(told)) == shown - {*CODE, "duo_chat"}
    assert all(name in told.split("Declare")[0] for name in pasted(told))
    # Where no service is set, the agents may have another way.
    assert re.search(
        r"may go to GitLab's cloud instead, because .* is set: duo_agent_platform, \w+\.", told
    )
    service = {**GATEWAY, "duo_agent_platform_service_url": "aigw.example.com:50052"}
    assert "GitLab's cloud" not in unserved(here, **{**FIRST, "gateway": service})


@pytest.mark.parametrize("release", ["18.9", "19.4"])
def test_what_it_says_to_write_is_enough(release: str) -> None:
    here = Sandboxed(release)
    item = {"features": pasted(unserved(here, **FIRST)), "provider": "disabled"}
    assert unserved(here, **{**FIRST, "settings": [*FIRST["settings"], item]}) == ""


@pytest.mark.parametrize(
    ("release", "seed", "wish"),
    [
        ("18.9", {}, {}),
        ("18.9", {}, {"gateway": {"ai_gateway_timeout_seconds": 60}}),
        ("18.9", {"gateway": GATEWAY}, {"gateway": {"ai_gateway_url": ""}}),
        ("18.9", {"gateway": GATEWAY}, {"state": "absent"}),
        # Their default is GitLab's cloud, of which other warnings tell.
        ("18.0", {}, FIRST),
    ],
    ids=["no gateway", "still none", "cleared", "everything goes", "vendored"],
)
def test_without_a_gateway_of_ones_own_nothing_is_said(release: str, seed: Any, wish: Any) -> None:
    assert unserved(Sandboxed(release, **seed), **wish) == ""


def test_a_stored_gateway_and_what_becomes_of_features_count() -> None:
    model = {"name": "m", "model": "gpt", "endpoint": "https://m.example.com"}
    served = {"duo_chat": {"provider": "self_hosted", "model": "m"}}
    here = Sandboxed("18.9", gateway=GATEWAY, models=[model], features=served)
    assert "duo_chat" not in pasted(unserved(here))
    again = [{"features": ["duo_chat"], "provider": "unassigned"}]
    assert "duo_chat" in pasted(unserved(here, settings=again))
    gone = [{"name": "m", "state": "absent", "force": True}]
    assert "duo_chat" in pasted(unserved(here, models=gone))


def test_features_that_appear_with_beta_count_and_those_that_hide_do_not() -> None:
    beta = {"beta_features": True, "accept_testing_agreement": True, **ROOT}
    off = Sandboxed("18.9")
    told = unserved(off, **FIRST, **beta)
    assert "once beta features are on, these too, unless they were set before: " in told
    assert "summarize_review" in pasted(told)
    on = Sandboxed("18.9", beta_acceptances=["root"])
    assert set(pasted(unserved(on, **FIRST, **beta))) == set(pasted(told))
    hidden = unserved(on, **FIRST, **{**beta, "beta_features": False})
    assert set(pasted(hidden)) == set(pasted(unserved(off, **FIRST)))


# --- where requests go ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("provider", "url", "license_type", "destination"),
    [
        ("self_hosted", "https://g", "online_cloud", "model"),
        ("self_hosted", "", "online_cloud", "maybe_gitlab_cloud"),
        ("vendored", "https://g", "online_cloud", "gitlab_cloud"),
        ("vendored", "", "online_cloud", "gitlab_cloud"),
        ("vendored", "https://g", "offline_cloud", "maybe_gitlab_cloud"),
        ("unassigned", "https://g", "online_cloud", "gateway_without_model"),
        ("unassigned", "", "online_cloud", "gitlab_cloud"),
        ("disabled", "", "online_cloud", "nowhere"),
        ("disabled", "https://g", None, "nowhere"),
    ],
)
def test_destination(provider: str, url: str, license_type: str, destination: str) -> None:
    goes = destinations({"duo_chat": provider}, {"ai_gateway_url": url}, license_type)
    assert goes == {"duo_chat": destination}
    assert destination in DESTINATIONS


def test_info_tells_where_the_requests_of_each_feature_go() -> None:
    model = {"name": "m", "model": "gpt", "endpoint": "https://m.example.com"}
    features = {
        "duo_chat": {"provider": "self_hosted", "model": "m"},
        "code_completions": {"provider": "disabled"},
        "code_generations": {"provider": "vendored"},
    }
    here = Sandboxed("18.9", gateway=GATEWAY, models=[model], features=features)
    told = {it["feature"]: it["destination"] for it in here.dry(info.SUBJECT)["features"]}
    assert told["duo_chat"] == "model"
    assert told["code_completions"] == "nowhere"
    assert told["code_generations"] == "gitlab_cloud"
    left = {name: it for name, it in told.items() if name not in features}
    agents = {name for name, it in left.items() if it == "maybe_gitlab_cloud"}
    assert agents == {"duo_agent_platform", "duo_agent_platform_agentic_chat"}
    assert set(left.values()) == {"gateway_without_model", "maybe_gitlab_cloud"}
    here.seed(gateway={"duo_agent_platform_service_url": "aigw.example.com:50052"})
    told = {it["feature"]: it["destination"] for it in here.dry(info.SUBJECT)["features"]}
    assert {told[name] for name in agents} == {"gateway_without_model"}


# --- endpoints on loopback -----------------------------------------------------------------------
def of_endpoints(result: dict[str, Any]) -> list[str]:
    """Return the warnings that are about endpoints of models."""
    return [text for text in result["warnings"] if text.startswith("The AI gateway, not GitLab")]


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("http://localhost:8000/v1", "localhost"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1"),
        ("http://127.8.8.8/v1", "127.8.8.8"),
        ("http://[::1]:8000/v1", "::1"),
        ("http://0.0.0.0:8000/v1", "0.0.0.0"),
        ("http://me:secret-of-url@localhost:8000/v1", "localhost"),
        ("http://vllm.example.com/v1", None),
        ("http://10.0.0.1:8000/v1", None),
        ("http://localhost.example.com/v1", None),
    ],
)
def test_an_endpoint_on_loopback_is_the_gateways(endpoint: str, host: str | None) -> None:
    """The preflight and the module say it in the same words, so that Ansible shows it once."""
    here = Sandboxed("18.9")
    local = {**MODEL, "endpoint": endpoint}
    of_module = here.dry(self_hosted_model.SUBJECT, models=[local])["warnings"]
    of_preflight = of_endpoints(here.dry(preflight.SUBJECT, models=[local]))
    assert of_module == of_preflight
    assert [f" {host} (of codestral) means the gateway's own" in text for text in of_module] == (
        [True] if host else []
    )
    assert "secret-of-url" not in str(of_module)


def test_all_models_on_loopback_are_one_warning() -> None:
    models = [
        {**MODEL, "name": name, "endpoint": f"http://{host}/v1"}
        for name, host in (("a", "localhost"), ("b", "127.0.0.1"), ("c", "c.example.com"))
    ]
    gone = {"name": "d", "state": "absent", "endpoint": "http://localhost/v1"}
    (told,) = of_endpoints(Sandboxed("18.9").dry(preflight.SUBJECT, models=[*models, gone]))
    assert "127.0.0.1, localhost (of a, b)" in told


# --- options that contradict each other ----------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"ai_gateway_url": "https://g.example.com"}, "ai_gateway_url"),
        ({"ai_gateway_timeout_seconds": 90}, "ai_gateway_timeout_seconds"),
        ({"duo_agent_platform_service_secure": False}, "duo_agent_platform_service_secure"),
        (
            {"ai_gateway_timeout_seconds": 90, "duo_agent_platform_service_url": "g:50052"},
            "ai_gateway_timeout_seconds, duo_agent_platform_service_url",
        ),
        # What absent does anyway.
        ({"ai_gateway_url": "", "duo_agent_platform_service_url": ""}, None),
        ({}, None),
    ],
)
def test_a_gateway_that_is_to_be_absent_takes_no_settings(options: Any, names: str | None) -> None:
    given = {"state": "absent", **options}
    if names is None:
        assert check(GatewayOptions, given).state == "absent"
        return
    with pytest.raises(Failure) as caught:
        check(GatewayOptions, given)
    assert f"so {names} would be ignored" in caught.value.what


# --- variables that are nearly the role's --------------------------------------------------------
KNOWN = [
    f"duo_self_hosted_{name}"
    for name in (
        *("admin", "api_token", "api_url", "batch", "beta_features", "connection", "features"),
        *("gateway", "hosts", "isolated", "models", "models_exclusive", "report", "report_dir"),
        *("rotate_api_keys", "state", "verify", "when_unsupported"),
    )
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("model", "models"),
        ("modles", "models"),
        ("gatway", "gateway"),
        ("feature", "features"),
        ("beta_feature", "beta_features"),
        ("isolate", "isolated"),
        ("models_exclusiv", "models_exclusive"),
        ("rotate_api_key", "rotate_api_keys"),
        ("api_ulr", "api_url"),
        ("whenunsupported", "when_unsupported"),
        ("models_berlin", None),
        ("gateway_host", None),
        ("api_url_internal", None),
        ("vllm_host", None),
        ("common_models", None),
        ("site", None),
        ("team", None),
        ("token_of_vault", None),
    ],
)
def test_only_a_near_miss_is_misspelt(name: str, meant: str | None) -> None:
    found = nearest(f"duo_self_hosted_{name}", KNOWN)
    assert found == (meant and f"duo_self_hosted_{meant}")


def test_what_is_none_of_our_business_is_ignored() -> None:
    given = ["duo_self_hosted_gatway", "duo_self_hosted_vllm_host"]
    result = Sandboxed("18.9").dry(
        preflight.SUBJECT, unknown_variables=given, known_variables=KNOWN
    )
    (finding,) = result["findings"]
    assert finding["subject"] == "variable duo_self_hosted_gatway"
    assert re.match(r"Did you mean duo_self_hosted_gateway\?", finding["action"])

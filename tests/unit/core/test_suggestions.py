# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Suggestions for a refused value are accepted themselves, and keep all of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.invalid import names_of
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.options import check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.identifiers import (
    DEPLOYMENT_METHODS,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import connection
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.gateway import GatewayOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_model import ModelOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_setting import (
    SettingOptions,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.self_hosted_model import (
    ModelsOptions,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples

NAME = {"name": "m"}
URL = {"api_url": "https://gitlab.example.com", "api_token": "glpat-x"}
METHODS = [None, *DEPLOYMENT_METHODS]
# What people copy behind a base URL, which is a call and no part of it.
CALLS = {"chat", "completions", "embeddings", "models", "responses"}
SUGGESTION = re.compile(r"Write ((?:\S+: \S+)(?: and \S+: \S+)*)\. ")


def step(kind: Any, options: dict[str, Any]) -> str:
    """Return the next step of a refusal; nothing where the options are accepted."""
    try:
        check(kind, options)
    except Failure as failure:
        return failure.next_step
    return ""


def suggested(kind: Any, options: dict[str, Any]) -> dict[str, str]:
    """Return what the next step says to write, by option."""
    found = SUGGESTION.match(step(kind, options))
    pairs = found[1].split(" and ") if found else []
    return dict(pair.split(": ", 1) for pair in pairs)


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (
            {"deployment_method": "vllm", "identifier": "Qwen/Qwen2.5-Coder-7B"},
            {"identifier": "custom_openai/Qwen/Qwen2.5-Coder-7B"},
        ),
        (
            {"identifier": "Qwen/Qwen2.5-Coder-7B", "endpoint": "http://v:8000/v1"},
            {"identifier": "custom_openai/Qwen/Qwen2.5-Coder-7B"},
        ),
        (
            {"identifier": "Qwen/Qwen2.5-Coder-7B", "endpoint": "http://v:4000"},
            {"deployment_method": "other"},
        ),
        (
            {"deployment_method": "vllm", "identifier": "openai/gpt-oss-120b"},
            {"identifier": "custom_openai/openai/gpt-oss-120b"},
        ),
        (
            {"deployment_method": "vllm", "identifier": "Custom_OpenAI/Qwen/Q"},
            {"identifier": "custom_openai/Qwen/Q"},
        ),
        (
            {"deployment_method": "vllm", "identifier": "azure/gpt-4"},
            {"deployment_method": "azure"},
        ),
        (
            {"deployment_method": "bedrock", "identifier": "anthropic.claude-v2:1"},
            {"identifier": "bedrock/anthropic.claude-v2:1"},
        ),
        (
            {"deployment_method": "vllm", "endpoint": "https://v/x/v1/chat/completions"},
            {"endpoint": "https://v/x/v1"},
        ),
        ({"deployment_method": "vllm", "endpoint": "http://v/v1/"}, {"endpoint": "http://v/v1"}),
        ({"deployment_method": "vllm", "endpoint": "http://v/v1//"}, {"endpoint": "http://v/v1"}),
        ({"deployment_method": "vllm", "endpoint": "http://v/V1"}, {"endpoint": "http://v/v1"}),
        ({"deployment_method": "vllm", "endpoint": "http://v:8/"}, {"endpoint": "http://v:8/v1"}),
        (
            {"deployment_method": "vllm", "endpoint": "http://v/v1/models"},
            {"endpoint": "http://v/v1"},
        ),
        # OpenVINO's model server.
        ({"deployment_method": "vllm", "endpoint": "http://o/v3"}, {"deployment_method": "other"}),
        (
            {"deployment_method": "vllm", "endpoint": "http://o/v3/chat/completions"},
            {"deployment_method": "other"},
        ),
        (
            {"deployment_method": "vllm", "endpoint": "http://v/v1?key=x"},
            {"deployment_method": "other"},
        ),
        # Two rules at once.
        (
            {"deployment_method": "vllm", "identifier": "Qwen/Q", "endpoint": "http://v:8000"},
            {"identifier": "custom_openai/Qwen/Q", "endpoint": "http://v:8000/v1"},
        ),
        (
            {"endpoint": "vllm.example.com:8000/v1"},
            {"endpoint": "https://vllm.example.com:8000/v1"},
        ),
        ({"endpoint": "HTTP://vllm/v1"}, {"endpoint": "http://vllm/v1"}),
        (
            {"deployment_method": "vllm", "endpoint": "v:8000"},
            {"endpoint": "https://v:8000/v1"},
        ),
        ({"deployment_method": "vlm"}, {"deployment_method": "vllm"}),
        ({"identifier": "arn:aws:bedrock:eu:1:profile/x"}, {"deployment_method": "bedrock"}),
        # Nothing that would be accepted.
        ({"deployment_method": "vllm", "identifier": "x" * 250}, {}),
        ({"deployment_method": "vllm", "identifier": "custom_openai/"}, {}),
        ({"endpoint": "ftp://x"}, {}),
        ({"endpoint": "me:secret@host"}, {}),
        ({"endpoint": "host?api_key=secret"}, {}),
    ],
)
def test_models(options: dict[str, Any], meant: dict[str, str]) -> None:
    assert suggested(ModelOptions, {**NAME, **options}) == meant
    assert "secret" not in step(ModelOptions, {**NAME, **options})
    if meant:
        check(ModelOptions, {**NAME, **options, **meant})


@pytest.mark.parametrize(
    ("kind", "option", "value", "meant"),
    [
        ("gateway", "duo_agent_platform_service_url", "https://dap.test:50052", "dap.test:50052"),
        ("gateway", "duo_agent_platform_service_url", "grpc://dap.test:1/", "dap.test:1"),
        ("gateway", "duo_agent_platform_service_url", "dap.test:1/", "dap.test:1"),
        ("gateway", "duo_agent_platform_service_url", "https://dap.test/path", None),
        ("gateway", "duo_agent_platform_service_url", "https://me:secret@dap.test", None),
        ("gateway", "ai_gateway_url", "aigw.test:5052", "https://aigw.test:5052"),
        ("gateway", "ai_gateway_url", "Https://aigw.test", "https://aigw.test"),
        ("gateway", "ai_gateway_url", "aigw.test/<b>", None),
        ("connection", "api_url", "gitlab.test", "https://gitlab.test"),
        ("connection", "api_url", "https://gitlab.test/api/v4", "https://gitlab.test"),
        ("connection", "api_url", "https://gitlab.test/git/api/v4/", "https://gitlab.test/git"),
        ("connection", "api_url", "gitlab.test/api/graphql", "https://gitlab.test"),
        ("connection", "api_url", "gitlab.com", None),
        ("connection", "api_url", "https://gitlab.test?private_token=secret", None),
        # Nothing of a secret is shown, not even completed.
        ("connection", "proxy", "proxy.test:3128", None),
        ("setting", "provider", "self-hosted", "self_hosted"),
        ("setting", "provider", "vendor", "vendored"),
        ("setting", "provider", "nobody", None),
    ],
)
def test_others(kind: str, option: str, value: str, meant: str | None) -> None:
    model, others = {
        "gateway": (GatewayOptions, {}),
        "connection": (connection.Connection, URL),
        "setting": (SettingOptions, {"features": ["duo_chat"], "model": "m"}),
    }[kind]
    expected = {option: meant} if meant else {}
    if kind == "setting" and meant == "vendored":
        # It is accepted as a provider, and not beside this model.
        others = {"features": ["duo_chat"]}
    assert suggested(model, {**others, option: value}) == expected
    assert "secret" not in step(model, {**others, option: value})


def test_credentials_stay_and_do_not_show() -> None:
    options = {**NAME, "deployment_method": "vllm", "endpoint": "http://me:secret@v:8000"}
    assert step(ModelOptions, options) == (
        "Write endpoint: http://********@v:8000/v1. The credentials in it stay as they are. "
        "Nothing was sent to GitLab."
    )


def test_a_scheme_that_says_more_is_not_lost() -> None:
    """Of the Agent Platform, it is an option of its own."""
    said = step(GatewayOptions, {"duo_agent_platform_service_url": "https://dap.test:1"})
    assert "duo_agent_platform_service_secure: true" in said


# --- whatever is given ---------------------------------------------------------------------------
def parts(value: str) -> list[str]:
    """Return what stands between the separators of a value, in lower case."""
    return [part for part in re.split(r"[/]+", value.lower()) if part]


@examples(300, full=5000)
@given(st.sampled_from(METHODS), strategies.identifiers(), strategies.endpoints())
def test_a_suggestion_is_accepted_and_loses_nothing(
    method: str | None, identifier: str | None, endpoint: str | None
) -> None:
    options = {**NAME, "deployment_method": method, "identifier": identifier, "endpoint": endpoint}
    meant = suggested(ModelOptions, options)
    note(f"{options} {meant}")
    if not meant:
        return
    check(ModelOptions, {**options, **meant})
    if "identifier" in meant:
        assert meant["identifier"].lower().endswith((identifier or "").lower().lstrip("/"))
    if "endpoint" in meant:
        assert urlsplit(meant["endpoint"]).netloc in (endpoint or "")
        assert [it for it in parts(endpoint or "") if it not in CALLS] == [
            it for it in parts(meant["endpoint"]) if it not in CALLS and it in parts(endpoint or "")
        ]


@examples(100, full=2000)
@given(strategies.endpoints().filter(bool))
def test_a_suggested_base_url_is_accepted(value: Any) -> None:
    meant = suggested(connection.Connection, {**URL, "api_url": value})
    note(f"{value} {meant}")
    if meant:
        checked = check(connection.Connection, {**URL, **meant})
        assert (urlsplit(checked.api_url).hostname or "") in value.lower()
    meant = suggested(GatewayOptions, {"ai_gateway_url": value})
    if meant:
        assert check(GatewayOptions, meant)
        assert parts(value)[-1] in meant["ai_gateway_url"].lower()


# --- how options are called ----------------------------------------------------------------------
def test_the_role_calls_its_own_variables() -> None:
    names = names_of({"variables": {"models": "duo_self_hosted_models"}})
    models = [{"name": "a"}, {"name": "b", "deployment_method": "vllm", "endpoint": "http://v"}]
    with pytest.raises(Failure) as caught:
        check(ModelsOptions, {"models": models}, names)
    assert caught.value.sentence() == (
        "duo_self_hosted_models[1]: endpoint: must end in /v1 for vLLM: http://v/v1. "
        "Write duo_self_hosted_models[1].endpoint: http://v/v1. Nothing was sent to GitLab."
    )

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of options: each with accepted and refused values, and no secret in any message."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.options import check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import Connection
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.gateway import GatewayOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_model import ModelOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.self_hosted_model import (
    ModelsOptions,
)

URL = "https://gitlab.example.com"
SECRET = "must-not-show"
LONG_NAME = "x" * 2048
LONG_URL = "https://aigw.example.com/" + "x" * 2030


def refusal(kind: Any, options: dict[str, Any]) -> str:
    """Return the problems that a failure names."""
    with pytest.raises(Failure) as caught:
        check(kind, options)
    assert caught.value.code == messages.INVALID_OPTION.code
    step = caught.value.next_step.removesuffix(" Nothing was sent to GitLab.")
    assert re.match("(Add|Correct|Keep|Leave|Shorten|Write) .*[.]$", step), step
    assert SECRET not in caught.value.sentence()
    assert "Value error" not in caught.value.what
    assert "pydantic" not in caught.value.what
    return caught.value.what


def rejected(*rows: tuple[str, Any, str]) -> Any:
    """Return a table of one option, a value and the rule that the message tells."""
    return pytest.mark.parametrize(
        ("option", "value", "told"), [pytest.param(*row, id=f"{row[0]}: {row[2]}") for row in rows]
    )


# --- connection ----------------------------------------------------------------------------------
def connection(**options: Any) -> Connection:
    """Return checked connection options."""
    given = {"api_url": URL, "api_token": "glpat-x", **options}
    return check(Connection, given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (URL, URL),
        (URL + "/", URL),
        (URL + "//", URL),
        ("http://10.0.0.1:8080/gitlab/", "http://10.0.0.1:8080/gitlab"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://my.gitlab.com", "https://my.gitlab.com"),
        ("https://gitlab.example.com/apiary", "https://gitlab.example.com/apiary"),
    ],
)
def test_api_url(given: str, kept: str) -> None:
    assert connection(api_url=given).api_url == kept


@rejected(
    ("api_url", "gitlab.example.com", "must start with http:// or https://"),
    (
        "api_url",
        "HTTPS://gitlab.example.com",
        "must start with http:// or https:// (in lower case)",
    ),
    ("api_url", "ftp://gitlab.example.com", "must start with http"),
    ("api_url", "", "must start with http"),
    ("api_url", "https://", "has no host name"),
    ("api_url", "https://:443/x", "has no host name"),
    ("api_url", "https://gitlab.example.com:port", "is not a valid URL"),
    ("api_url", "https://gitlab.example.com:65536", "is not a valid URL"),
    ("api_url", "https://[::1", "is not a valid URL"),
    ("api_url", "https://gitlab.example.com/ x", "contains white space or control characters"),
    ("api_url", "https://gitlab.example.com\n", "ends with a line break"),
    ("api_url", LONG_URL, "is longer than the 2048 characters"),
    ("api_url", f"https://me:{SECRET}@gitlab.example.com", "must not contain user name"),
    ("api_url", f"{URL}?private_token={SECRET}", "must not contain ? or #"),
    ("api_url", URL + "#x", "must not contain ? or #"),
    ("api_url", URL + "/api/v4", "must be the base URL of GitLab, without /api"),
    ("api_url", URL + "/api/v4/", "must be the base URL of GitLab, without /api"),
    ("api_url", URL + "/api/graphql", "must be the base URL of GitLab, without /api"),
    ("api_url", URL + "/api", "must be the base URL of GitLab, without /api"),
    ("api_url", "https://gitlab.com", "GitLab.com is not self-managed"),
    ("api_url", "https://www.gitlab.com/", "GitLab.com is not self-managed"),
    ("api_url", None, "valid string"),
    ("api_token", "  ", "is blank"),
    ("api_token", "", "is empty"),
    ("api_token", f"{SECRET} x", "contains characters that never occur in a GitLab token"),
    ("api_token", f"{SECRET}\n", "ends with a line break"),
    ("api_token", f"{SECRET}é", "contains characters that never occur in a GitLab token"),
    ("api_token", f"\x00{SECRET}", "begins with the control character U+0000"),
    ("proxy", f"me:{SECRET}@proxy", "must start with http"),
    ("proxy", f"http://me:{SECRET} @proxy", "contains white space"),
    ("timeout", 0, "greater than or equal to 1"),
    ("timeout", 3601, "less than or equal to 3600"),
    ("retries", -1, "greater than or equal to 0"),
    ("retries", 21, "less than or equal to 20"),
)
def test_connection_refuses(option: str, value: Any, told: str) -> None:
    options = {"api_url": URL, "api_token": "glpat-x", option: value}
    text = refusal(Connection, options)
    assert f"{option}: " in text
    assert told in text


def test_a_client_key_needs_its_certificate() -> None:
    options = {"api_url": URL, "api_token": "x", "client_key": "/k"}
    assert "client_key: needs client_cert" in refusal(Connection, options)
    assert connection(client_key="/k", client_cert="/c").client_cert == "/c"


def test_secrets_of_the_connection_do_not_show() -> None:
    options = connection(api_token=SECRET, proxy=f"http://me:{SECRET}@proxy:3128")
    assert SECRET not in repr(options) + str(options)


def test_all_problems_are_told_at_once_and_unknown_options_refused() -> None:
    text = refusal(Connection, {"api_url": "x", "retries": 99, SECRET[:4]: SECRET})
    assert all(f"{name}: " in text for name in ("api_url", "api_token", "retries", "must"))
    assert text.count("; ") == 3


# --- gateway -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"ai_gateway_url": "http://aigw:5052/"}, {"ai_gateway_url": "http://aigw:5052"}),
        ({"ai_gateway_url": "http://h//"}, {"ai_gateway_url": "http://h"}),
        ({"ai_gateway_url": "http://h/X/"}, {"ai_gateway_url": "http://h/X"}),
        ({"ai_gateway_url": "http://192.168.1.9"}, {"ai_gateway_url": "http://192.168.1.9"}),
        # Whether GitLab takes it depends on its settings.
        ({"ai_gateway_url": "http://localhost:5052"}, {"ai_gateway_url": "http://localhost:5052"}),
        ({"ai_gateway_url": ""}, {"ai_gateway_url": ""}),
        ({"ai_gateway_timeout_seconds": 60}, {"ai_gateway_timeout_seconds": 60}),
        ({"ai_gateway_timeout_seconds": 600}, {"ai_gateway_timeout_seconds": 600}),
        ({"duo_agent_platform_service_url": ""}, {"duo_agent_platform_service_url": ""}),
        *[
            ({"duo_agent_platform_service_url": it}, {"duo_agent_platform_service_url": it})
            for it in (
                "dap.example.com:50052",
                "dap",
                "10.0.0.1:1",
                "[fd00::1]:50052",
                "[::1]",
                LONG_NAME,
            )
        ],
    ],
)
def test_gateway(options: dict[str, Any], kept: dict[str, Any]) -> None:
    checked = check(GatewayOptions, options)
    assert {name: getattr(checked, name) for name in kept} == kept


@rejected(
    ("ai_gateway_url", "aigw:5052", "must start with http"),
    ("ai_gateway_url", "HTTP://aigw", "in lower case"),
    ("ai_gateway_url", LONG_URL, "is longer than the 2048 characters"),
    ("ai_gateway_url", " http://aigw", "begins with a space"),
    ("ai_gateway_url", "http://aigw/?a=1&b=2", "contains <, > or &"),
    ("ai_gateway_url", "http://aigw/<b>", "contains <, > or &"),
    ("ai_gateway_url", "https://********@aigw", "is a masked URL, as results show it"),
    ("ai_gateway_timeout_seconds", 59, "greater than or equal to 60"),
    ("ai_gateway_timeout_seconds", 601, "less than or equal to 600"),
    ("duo_agent_platform_service_url", "https://dap:1", "must be host:port without a scheme"),
    ("duo_agent_platform_service_url", "dap:port", "must be host:port"),
    ("duo_agent_platform_service_url", "dap:1/x", "must be host:port"),
    ("duo_agent_platform_service_url", f"me:{SECRET}@dap:1", "must be host:port"),
    ("duo_agent_platform_service_url", "da p", "must be host:port"),
    ("duo_agent_platform_service_url", "dap\n", "ends with a line break"),
    ("duo_agent_platform_service_url", LONG_NAME + "x", "is longer than the 2048 characters"),
)
def test_gateway_refuses(option: str, value: Any, told: str) -> None:
    text = refusal(GatewayOptions, {option: value})
    assert text.startswith(f"{option}: ")
    assert told in text


# --- models --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({}, None),
        ({"identifier": ""}, "other"),
        ({"identifier": "custom_openai/m"}, "vllm"),
        ({"identifier": "custom_openai/org/m", "endpoint": "http://x/v1"}, "vllm"),
        ({"identifier": "bedrock/anthropic.claude"}, "bedrock"),
        ({"identifier": "azure/m", "endpoint": "https://x.azure.com/openai"}, "azure"),
        ({"identifier": "vertex_ai/m"}, "vertex_ai"),
        ({"identifier": "anthropic/m"}, "other"),
        ({"identifier": "openai/m"}, "other"),
        ({"identifier": "anything", "deployment_method": "OTHER"}, "other"),
        ({"deployment_method": "vllm", "endpoint": "http://x/v1"}, "vllm"),
        ({"deployment_method": "other", "endpoint": "http://localhost:4000"}, "other"),
        ({"name": "x" * 255, "identifier": "azure/" + "x" * 249}, "azure"),
        ({"name": "blanks  inside stay", "model_family": "LLAMA3", "api_key": ""}, None),
        ({"state": "absent", "identifier": "anything", "endpoint": "http://x"}, None),
    ],
)
def test_model(options: dict[str, Any], method: str | None) -> None:
    checked = check(ModelOptions, {"name": "m", **options})
    assert checked.method == method
    assert checked.model_family == (
        options["model_family"].lower() if "model_family" in options else None
    )
    assert checked.name == options.get("name", "m")


@rejected(
    ("name", "", "at least 1 character"),
    ("name", "   ", "is blank"),
    ("name", "x" * 256, "at most 255 characters"),
    ("name", "a\nb", "contains a line break"),
    ("new_name", "", "at least 1 character"),
    ("new_name", "x" * 256, "at most 255 characters"),
    ("new_name", "a\x00b", "contains the control character U+0000"),
    ("model_family", "x" * 256, "at most 255 characters"),
    ("endpoint", "", "cannot be cleared; leave it out to keep it"),
    ("endpoint", "vllm:8000/v1", "must start with http"),
    ("endpoint", LONG_URL, "is longer than the 2048 characters"),
    ("endpoint", "http://x /v1", "contains white space"),
    ("endpoint", "https://********@x/v1", "is a masked URL, as results show it"),
    ("deployment_method", "vlm", "'vlm' is not a deployment method; accepted: vllm, "),
    ("deployment_method", "", "accepted: azure, bedrock, other, vertex_ai, vllm"),
    ("identifier", "x" * 256, "at most 255 characters"),
    ("identifier", "codestral", "starts with none of custom_openai/, bedrock/, azure/, vertex_ai/"),
    ("state", 5, "valid string"),
    ("api_key", [SECRET], "valid string"),
)
def test_model_refuses(option: str, value: Any, told: str) -> None:
    text = refusal(ModelOptions, {"name": "m", option: value})
    assert text.startswith(f"{option}: ")
    assert told in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"deployment_method": "vllm", "identifier": "codestral"},
            "identifier: must start with custom_openai/ for vllm: custom_openai/codestral",
        ),
        (
            {"deployment_method": "bedrock", "identifier": "bedrock/"},
            "identifier: must start with bedrock/ for bedrock: bedrock/<name of the model>",
        ),
        (
            {"deployment_method": "azure", "identifier": "openai/org/gpt"},
            "identifier: must start with azure/ for azure: azure/openai/org/gpt",
        ),
        (
            {"deployment_method": "vllm", "identifier": ""},
            "identifier: is required for vllm: custom_openai/<name of the model>",
        ),
        (
            {"identifier": "custom_openai/m", "endpoint": "http://x:8000/"},
            "endpoint: must end in /v1 for vLLM: http://x:8000/v1",
        ),
        (
            {"identifier": "custom_openai/m", "endpoint": "http://x/v1/"},
            "endpoint: must end in /v1 for vLLM: http://x/v1.",
        ),
        (
            {"deployment_method": "vllm", "endpoint": f"http://me:{SECRET}@x"},
            "endpoint: must end in /v1 for vLLM: http://********@x/v1",
        ),
    ],
)
def test_the_identifier_fits_the_method(options: dict[str, Any], told: str) -> None:
    assert told in refusal(ModelOptions, {"name": "m", "api_key": SECRET, **options})


def test_a_problem_in_a_list_says_which_item_and_keys_do_not_show() -> None:
    models = [{"name": "a", "api_key": SECRET}, {"name": "b", "identifier": "x", "api_key": SECRET}]
    text = refusal(ModelsOptions, {"models": models})
    assert text.startswith("models[1]: identifier: starts with none of")
    text = refusal(ModelsOptions, {"models": [{"name": ""}]})
    assert text.startswith("models[0].name: ")
    checked = check(ModelsOptions, {"models": models[:1]})
    assert SECRET not in repr(checked)


@pytest.mark.parametrize(
    ("models", "twice"),
    [
        ([{"name": "a"}, {"name": "a"}], "a"),
        ([{"name": "a", "new_name": "b"}, {"name": "b"}], "b"),
        ([{"name": "b"}, {"name": "a", "new_name": "b"}], "b"),
        ([{"name": "a", "new_name": "c"}, {"name": "b", "new_name": "c"}], "c"),
        ([{"name": "a"}, {"name": "a", "state": "absent"}], "a"),
        ([{"name": "a"}, {"name": "A"}], None),
        ([{"name": "a", "new_name": "a"}], None),
    ],
)
def test_a_name_is_declared_once(models: list[dict[str, Any]], twice: str | None) -> None:
    if twice:
        text = refusal(ModelsOptions, {"models": models})
        assert text == f"models: '{twice}' is declared twice."
    else:
        assert check(ModelsOptions, {"models": models})

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user's mistakes: the message names option, rule and correction; through both doors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cases import Outcome

from sandbox import credentials

DOORS = ("action", "module")
KEY = "key-that-nobody-may-see"
FIXED = {"name": "codestral", "model_family": "codestral", "endpoint": "https://c.example.com/v1"}
CODESTRAL = {"name": "codestral", "model": "codestral", "endpoint": "https://c.example.com/v1"}
GEMMA = {"name": "gemma", "model": "codegemma", "endpoint": "https://g.example.com/v1"}

# What is refused before anything is sent: module, options, and what the message says, which begins
# with the option and names the rule.
UNSENT: list[tuple[str, dict[str, Any], str]] = [
    (
        "duo_self_hosted_model",
        {**FIXED, "identifier": "mistral-7b"},
        "identifier: starts with none of custom_openai/, bedrock/, azure/",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "vllm", "identifier": "mistral-7b"},
        "identifier: must start with custom_openai/ for vllm: custom_openai/mistral-7b",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "bedrock", "identifier": "anthropic.claude"},
        "identifier: must start with bedrock/ for bedrock: bedrock/anthropic.claude",
    ),
    (
        "duo_self_hosted_model",
        {
            **FIXED,
            "endpoint": "https://c.example.com",
            "identifier": "custom_openai/codestral",
        },
        "endpoint: must end in /v1 for vLLM: https://c.example.com/v1",
    ),
    (
        "duo_self_hosted_model",
        {"models": [FIXED, {**FIXED, "name": "b", "endpoint": "ftp://c.example.com"}]},
        "models[1].endpoint: must start with http:// or https://",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "deployment_method": "vlm"},
        "deployment_method: 'vlm' is not a deployment method; accepted: vllm, ",
    ),
    (
        "duo_gateway",
        {"duo_agent_platform_service_url": "https://aigw.example.com:50052"},
        "duo_agent_platform_service_url: must be host:port without a scheme",
    ),
    (
        "duo_gateway",
        {"ai_gateway_url": "grpc://aigw.example.com"},
        "ai_gateway_url: must start with http:// or https://",
    ),
    (
        "duo_gateway",
        {"ai_gateway_timeout_seconds": 30},
        "ai_gateway_timeout_seconds: ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "self-hosted"},
        "provider: 'self-hosted' is not a provider; accepted: self_hosted, ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "self_hosted"},
        "model: is required for provider self_hosted",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "provider": "disabled", "model": "codestral"},
        "model: cannot be combined with provider disabled",
    ),
    (
        "duo_self_hosted_model",
        {"models": [FIXED, {**FIXED, "name": "b", "api_key": f"{KEY}\n"}]},
        "models[1].api_key: ends with a line break",
    ),
    ("duo_info", {"password": f"{KEY}\u200b"}, "password: ends with a zero width space (U+200B)"),
    ("duo_info", {"api_url": "https://gitlab.com"}, "api_url: GitLab.com is not self-managed"),
    (
        "duo_info",
        {"api_url": "https://gitlab.example.com/api/v4"},
        "api_url: must be the base URL of GitLab, without /api",
    ),
]

# What only this instance can judge: in check mode already, and without a write.
JUDGED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "duo_feature_model",
        {"features": ["code_completion"], "model": "codestral"},
        "unknown-name",
        "features: GitLab 18.9.2 has no feature code_completion. Accepted here: code_completions, ",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "name": "new", "model_family": "mistrall"},
        "unknown-name",
        "model_family: GitLab 18.9.2 has no model family mistrall. Accepted here: mistral, ",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "model": "codestra"},
        "no-such-model",
        "There is no self-hosted model named codestra. Models of this instance: codestral",
    ),
    (
        "duo_feature_model",
        {"features": ["duo_chat"], "model": "gemma"},
        "incompatible",
        "The family codegemma of model gemma does not fit this feature. Families that fit: ",
    ),
    (
        "duo_self_hosted_model",
        {"name": "codestral", "state": "absent"},
        "model-in-use",
        "It is used by code_completions, code_generations",
    ),
    (
        "duo_self_hosted_model",
        {"name": "new", "model_family": "mistral"},
        "model-incomplete",
        "creating it needs endpoint",
    ),
    (
        "duo_self_hosted_model",
        {**FIXED, "name": "new", "deployment_method": "vertex_ai", "identifier": "vertex_ai/x"},
        "not-offered",
        "deployment_method vertex_ai needs GitLab 18.11 or later; this is 18.9.2",
    ),
    (
        "duo_gateway",
        {"duo_agent_platform_service_secure": True},
        "not-offered",
        "duo_agent_platform_service_secure needs GitLab 18.10 or later; this is 18.9.2",
    ),
    (
        "duo_gateway",
        {"ai_gateway_url": "https://unresolvable.example.com"},
        "refused",
        "Host cannot be resolved or invalid",
    ),
    (
        "duo_beta_features",
        {"enabled": False},
        "beta-needs-sign-in",
        "Set the username and password of an administrator",
    ),
]
SEED = {
    "models": [CODESTRAL, GEMMA],
    "beta_acceptances": ["root"],
    "features": {
        name: {"provider": "self_hosted", "model": "codestral"}
        for name in ("code_completions", "code_generations")
    },
}

# Who may not: the words that say which of token, role, licence and add-on is missing.
DENIED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "18.9",
        {"api_token": credentials.EXPIRED_TOKEN},
        "token-refused",
        "unknown, expired, revoked, or lacks the scope api",
    ),
    (
        "18.9",
        {"api_token": credentials.READONLY_TOKEN},
        "token-scope",
        "The token has the scopes read_api; changes need the scope api",
    ),
    ("18.9", {"api_token": credentials.USER_TOKEN}, "not-administrator", "not an administrator"),
    ("18.9", {"license": None}, "no-license", "no active licence"),
    (
        "17.9",
        {"license": {"plan": "premium"}},
        "plan-too-low",
        "The premium plan does not include self-hosted models in GitLab 17.9.2. It needs Ultimate",
    ),
    (
        "17.9",
        {"add_ons": []},
        "no-add-on",
        "no active GitLab Duo Enterprise add-on (active: none)",
    ),
    ("18.9", {"options": {"enterprise": False}}, "community-edition", "Community Edition"),
]


def _cases() -> list[Any]:
    """Return every case as a parameter with its mark, through each door."""
    made = []
    for door in DOORS:
        for number, (module, args, said) in enumerate(UNSENT):
            if door == "module" and number % 4:
                continue  # four of them tell that it goes the same way
            made.append(_case(f"unsent-{number}", door, "invalid-option", said, (module, args)))
        for number, (module, args, code, said) in enumerate(JUDGED):
            # GitLab itself refuses what only it can know, so that a dry run cannot.
            check = code != "refused"
            made.append(_case(f"{code}-{number}", door, code, said, (module, args), SEED, check))
        for release, problem, code, said in DENIED:
            token = {name: it for name, it in problem.items() if name == "api_token"}
            seed = {name: it for name, it in problem.items() if name != "api_token"}
            task = ("duo_gateway", {"ai_gateway_url": "https://aigw.example.com", **token})
            made.append(_case(code, door, code, said, task, seed, release=release))
    return made


def _case(
    name: str,
    door: str,
    code: str,
    said: str,
    task: Any,
    seed: Any = None,
    check: bool = False,
    release: str = "18.9",
) -> Any:
    mark = pytest.mark.case(task, door=door, seed=seed or {}, check=check, release=release)
    return pytest.param(code, said, marks=mark, id=f"{door}-{name}")


@pytest.mark.parametrize(("code", "said"), _cases())
def test_refused(outcome: Outcome, code: str, said: str) -> None:
    """It fails with a sentence that names option and rule, the instance, and what to do."""
    result = outcome.failure(code)
    assert said in result.message
    if code == "invalid-option":
        assert result.requests == []
        assert KEY not in str(result.values)
        step = result.values["failure"]["next_step"]
        assert re.match(
            r"(Add|Keep|Leave|Move|Shorten|Write) .+\. Nothing was sent to GitLab\.$", step
        )
        assert result.message.endswith(step)
    elif code not in ("refused", "token-scope"):
        assert outcome.writes == []
    assert not result.changed
    assert result.values["failure"]["instance"]
    assert result.values["failure"]["next_step"] or code == "refused"


MODEL_KEYS = "name, state, new_name, model_family, endpoint, deployment_method, identifier"
MODEL_KEYS += ", iam_role, api_key, update_api_key, force"
ASK_YAML = "where a survey or -e name=value gives the text, read it with "
# Module, options, what is said, and what to write.
ARGUMENTS = [
    (
        "duo_gateway",
        {"ai_gateway": "https://x"},
        "ai_gateway",
        "Write ai_gateway_url instead of ai_gateway.",
    ),
    (
        "duo_self_hosted_model",
        {},
        "one of the following is required: name, models",
        "Add one of name, models.",
    ),
    (
        "duo_self_hosted_model",
        {"name": "x", "models": []},
        "mutually exclusive",
        "Leave out all but one of name, models.",
    ),
    (
        "duo_self_hosted_model",
        {"state": "absent", "models": []},
        "state: would have no effect",
        "Move state into the items of models.",
    ),
    (
        "duo_feature_model",
        {"state": "absent", "settings": []},
        "state: would have no effect",
        "Move state into the items of settings.",
    ),
    (
        "duo_self_hosted_model",
        {"models": [{"name": "x", "nam": "y"}]},
        "nam",
        "Write name instead of models.nam.",
    ),
    (
        "duo_self_hosted_model",
        {"models": [{"name": "x"}, ["y"]]},
        "models[1] is not a dictionary",
        f"Write models[1] as a dictionary, with {MODEL_KEYS}.",
    ),
    (
        "duo_feature_model",
        {"settings": "duo_chat"},
        "settings is text; a list is needed: {{ … | from_yaml }}",
        f"Write settings as a list; {ASK_YAML}{{{{ settings | from_yaml }}}}, or give -e a JSON "
        "object.",
    ),
    (
        "duo_feature_model",
        {"features": "['duo_chat']", "provider": "disabled"},
        "features is text; a list is needed: {{ … | from_yaml }}",
        f"Write features as a list; {ASK_YAML}{{{{ features | from_yaml }}}}, or give -e a JSON "
        "object.",
    ),
    (
        "duo_preflight",
        {"gateway": "https://aigw.example.com"},
        "gateway is text; a dictionary is needed: {{ … | from_yaml }}",
        f"Write gateway as a dictionary; {ASK_YAML}{{{{ gateway | from_yaml }}}}, or give -e a "
        "JSON object.",
    ),
    (
        "duo_gateway",
        {"state": "gone"},
        "value of state must be one of: present, absent, got: gone",
        "Write one of these as state: present, absent.",
    ),
    (
        "duo_gateway",
        {"ai_gateway_timeout_seconds": "long"},
        "ai_gateway_timeout_seconds",
        "Write ai_gateway_timeout_seconds as a whole number.",
    ),
    ("duo_beta_features", {}, "missing required arguments: enabled", "Add enabled."),
    (
        "duo_preflight",
        {"models": [{"endpoint": "https://x"}]},
        "missing required arguments: name",
        "Add name to models.",
    ),
]


@pytest.mark.parametrize(
    ("said", "write"),
    [
        pytest.param(
            said,
            write,
            marks=[pytest.mark.case((module, args), door=door, name=door) for door in DOORS],
            id=str(number),
        )
        for number, (module, args, said, write) in enumerate(ARGUMENTS)
    ],
)
def test_arguments(outcomes: dict[str, Outcome], said: str, write: str) -> None:
    """What Ansible's own check of the arguments says is one of our failures, through both doors."""
    told = set()
    for door in DOORS:
        result = outcomes[door].only
        failure = result.values["failure"]
        assert (result.status, result.code) == ("failed", "invalid-option")
        what = f"{failure['instance']}: {failure['what']}"
        assert result.message == f"{what} {failure['next_step']}"
        assert failure["next_step"] == f"{write} Nothing was sent to GitLab."
        assert said in what
        assert result.requests == []
        told.add(failure["what"])
    assert len(told) == 1

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_self_hosted_model."""

from __future__ import annotations

from typing import Any

from scenarios import ABSENT, ALWAYS, UNCHANGED, Scenario, before, since

NEWEST = since("19.0")
BEFORE = before("19.0")
CODESTRAL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
STORED = {
    "name": "codestral",
    "model": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
    "api_token": "key-stored-1",
}
MISTRAL = {"name": "mistral", "model_family": "mistral", "endpoint": "https://m.example.com/v1"}
STORED_MISTRAL = {"name": "mistral", "model": "mistral", "endpoint": "https://m.example.com/v1"}
OTHERS_MAY_BE_HIDDEN = "It cannot be checked whether undeclared models are left"
USED = {"code_completions": {"provider": "self_hosted", "model": "codestral"}}
MAY_BE_HIDDEN = (
    "so models of beta families may be hidden. It cannot be checked whether codestral is really "
    "absent. A hidden model stays, with its API key.",
)


def model(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of the models."""
    return Scenario("model-" + name, "duo_self_hosted_model", args, **keywords)


def stored(**values: Any) -> dict[str, Any]:
    """Return a part of the state: the model codestral with these values."""
    return {"models": {"codestral": values}}


SCENARIOS = [
    model(
        "create-vllm",
        {**CODESTRAL, "api_key": "key-given-1"},
        returns={"model": {"name": "codestral", "model_family": "codestral", "has_api_key": True}},
        after={"models": {"codestral": STORED | {"api_token": "key-given-1"}}},
        steps=("create self-hosted model codestral",),
    ),
    model("create-without-key", CODESTRAL, after=stored(api_token=None)),
    model(
        "create-azure",
        {
            **CODESTRAL,
            "model_family": "gpt",
            "identifier": "azure/gpt-4",
            "endpoint": "https://a.example.com",
        },
        after=stored(model="gpt", identifier="azure/gpt-4"),
    ),
    model(
        "create-other",
        {
            "name": "codestral",
            "model_family": "GPT",
            "endpoint": "http://10.0.0.8:8000/openai",
            "deployment_method": "other",
            "identifier": "my-own",
        },
        after=stored(model="gpt", identifier="my-own"),
    ),
    model(
        "create-bedrock-placeholder",
        {"name": "codestral", "model_family": "claude_3", "identifier": "bedrock/anthropic.claude"},
        releases=BEFORE,
        # What GitLab's own page sends where a model of any provider needs an endpoint.
        after=stored(endpoint="http://bedrockselfhostedmodel.com"),
    ),
    model(
        "create-bedrock",
        {"name": "codestral", "model_family": "claude_3", "identifier": "bedrock/anthropic.claude"},
        releases=NEWEST,
        returns={"model": {"provider": "BEDROCK", "endpoint": ""}},
        after=stored(provider="bedrock", identifier="bedrock/anthropic.claude"),
    ),
    model(
        "connection-checked",
        {**CODESTRAL, "connection_check": True, "api_key": "key-given-6"},
        seed={"gateway": {"ai_gateway_url": "https://aigw.example.com"}},
        # One more than without: the check.
        requests=(1, 4, 1, 1),
        after=stored(api_token="key-given-6"),
    ),
    model(
        "iam-role",
        {
            "name": "codestral",
            "model_family": "claude_3",
            "identifier": "bedrock/anthropic.claude",
            "iam_role": "arn:aws:iam::123456789012:role/duo",
        },
        releases=since("19.5"),
        returns={"model": {"iam_role": "arn:aws:iam::123456789012:role/duo"}},
        after=stored(provider="bedrock", iam_role="arn:aws:iam::123456789012:role/duo"),
    ),
    model(
        "create-vertex",
        {"name": "codestral", "model_family": "claude_3", "identifier": "vertex_ai/claude"},
        releases=NEWEST,
        after=stored(provider="vertex_ai"),
    ),
    model(
        "create-beta-family",
        {**CODESTRAL, "model_family": "llama3"},
        seed={"beta_acceptances": ["root"]},
        after=stored(model="llama3"),
    ),
    model(
        "there",
        {**CODESTRAL, "api_key": "key-stored-1"},
        seed={"models": [STORED]},
        changed=UNCHANGED,
        returns={"model": {"has_api_key": True, "features": []}},
    ),
    model("only-named", {"name": "codestral"}, seed={"models": [STORED]}, changed=UNCHANGED),
    model(
        "endpoint-changed",
        {"name": "codestral", "endpoint": "https://new.example.com/v1"},
        seed={"models": [STORED], "features": USED},
        after=stored(**STORED | {"endpoint": "https://new.example.com/v1"}),
        steps=(
            "change self-hosted model codestral (endpoint: https://vllm.example.com/v1 -> "
            "https://new.example.com/v1)",
        ),
    ),
    model(
        "family-changed",
        {"name": "codestral", "model_family": "mistral"},
        seed={"models": [STORED]},
        after=stored(**STORED | {"model": "mistral"}),
    ),
    model(
        "key-rotated",
        {**CODESTRAL, "api_key": "key-given-2"},
        seed={"models": [STORED]},
        after=stored(**STORED | {"api_token": "key-given-2"}),
        steps=("change self-hosted model codestral (api_key: (set) -> (changed))",),
    ),
    model(
        "key-first-set",
        {"name": "mistral", "api_key": "key-given-3"},
        seed={"models": [STORED_MISTRAL]},
        after={"models": {"mistral": {"api_token": "key-given-3"}}},
        steps=("change self-hosted model mistral (api_key: (not set) -> (set))",),
    ),
    model(
        "key-cleared",
        {"name": "codestral", "api_key": ""},
        seed={"models": [STORED]},
        returns={"model": {"has_api_key": False}},
        after=stored(api_token=""),
        steps=("change self-hosted model codestral (api_key: (set) -> (cleared))",),
    ),
    model(
        "key-on-create-only",
        {**CODESTRAL, "api_key": "key-given-4", "update_api_key": "on_create"},
        seed={"models": [STORED]},
        changed=UNCHANGED,
        after=stored(api_token="key-stored-1"),
    ),
    model(
        "key-always",
        {**CODESTRAL, "api_key": "key-given-5", "update_api_key": "always"},
        seed={"models": [STORED]},
        changed=ALWAYS,
        after=stored(api_token="key-given-5"),
    ),
    model(
        "renamed",
        {"name": "codestral", "new_name": "code-model"},
        seed={"models": [STORED], "features": USED},
        returns={"model": {"name": "code-model", "features": ["code_completions"]}},
        after={
            "models": {"codestral": ABSENT, "code-model": {"api_token": "key-stored-1"}},
            "features": {"code_completions": {"model": "code-model"}},
        },
    ),
    model(
        "deleted",
        {"name": "codestral", "state": "absent"},
        seed={"models": [STORED], "beta_acceptances": ["root"]},
        releases=since("18.3"),
        requests=(1, 4, 1, 1),
        returns={"model": None},
        after={"models": {"codestral": ABSENT}},
        steps=("delete self-hosted model codestral",),
    ),
    model(
        "absent-unseen",
        {"name": "codestral", "state": "absent"},
        changed=UNCHANGED,
        warnings=MAY_BE_HIDDEN,
    ),
    model(
        "deleted-by-force",
        {"models": [{"name": "codestral", "state": "absent", "force": True}, MISTRAL]},
        seed={"models": [STORED, STORED_MISTRAL], "features": USED, "beta_acceptances": ["root"]},
        releases=since("18.3"),
        requests=(1, 4, 1, 1),
        after={"models": {"codestral": ABSENT}, "features": {"code_completions": ABSENT}},
        warnings=("Deleting self-hosted model codestral also drops the settings",),
        only_warns_of_changes=True,
    ),
    model(
        "many",
        {
            "models": [
                {**CODESTRAL, "api_key": "key-given-6"},
                {**MISTRAL, "endpoint": "https://m2.example.com/v1"},
                {**CODESTRAL, "name": "third", "api_key": "key-given-7"},
            ]
        },
        seed={"models": [STORED_MISTRAL]},
        # The updates travel together, and so do the new ones.
        requests=(1, 4, 1, 1),
        after={
            "models": {
                "codestral": {"api_token": "key-given-6"},
                "mistral": {"endpoint": "https://m2.example.com/v1"},
                "third": {"api_token": "key-given-7"},
            }
        },
    ),
    model(
        "many-there",
        {"models": [{**CODESTRAL, "api_key": "key-stored-1"}, MISTRAL], "exclusive": True},
        seed={"models": [STORED, STORED_MISTRAL]},
        changed=UNCHANGED,
        warnings=(OTHERS_MAY_BE_HIDDEN,),
    ),
    model(
        "exclusive",
        {"models": [MISTRAL], "exclusive": True},
        seed={"models": [STORED, STORED_MISTRAL, {**STORED, "name": "other"}]},
        # Before each deletion, the state is read once more.
        requests=(1, 4, 1, 1),
        warnings=(OTHERS_MAY_BE_HIDDEN,),
        after={"models": {"codestral": ABSENT, "other": ABSENT, "mistral": {"model": "mistral"}}},
    ),
    model(
        "exclusive-keeps-used",
        {"models": [], "exclusive": True},
        seed={"models": [STORED, STORED_MISTRAL], "features": USED},
        requests=(1, 4, 1, 1),
        warnings=(
            OTHERS_MAY_BE_HIDDEN,
            "Self-hosted model codestral is not declared, but is kept because it is used by "
            "code_completions",
        ),
        after={"models": {"codestral": {"model": "codestral"}, "mistral": ABSENT}},
    ),
]

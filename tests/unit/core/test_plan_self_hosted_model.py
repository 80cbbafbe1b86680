# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of self-hosted models: options and models in, mutations, diff and warnings out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.tests.unit.core.model_plans import found, plan
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    RELEASES,
    calls,
    gid,
    has_provider,
    model,
    shown,
)

KEY, OTHER_KEY = "a-key-that-must-not-show", "another-key-that-must-not-show"
CREATE, UPDATE = "aiSelfHostedModelCreate", "aiSelfHostedModelUpdate"
VLLM = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
SENT = {
    "name": "codestral",
    "model": "CODESTRAL",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}


# --- creating ------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", RELEASES)
def test_creates(version: str) -> None:
    made = plan({**VLLM, "api_key": KEY}, found(version=version))
    provider = {"provider": "API"} if has_provider(version) else {}
    assert calls(made) == [(CREATE, {**SENT, "apiToken": KEY, **provider})]
    after = {"state": "present", **VLLM, **provider, "api_key": "(set)"}
    assert shown(made) == {"self-hosted model codestral": ({"state": "absent"}, after)}
    assert [str(it) for it in made.changes] == ["create self-hosted model codestral"]
    assert made.warnings == ()
    assert made.predicted.state.models["codestral"].has_api_key
    assert [it.recheck for it in made.steps] == [False]


@pytest.mark.parametrize(
    ("version", "options", "sent"),
    [
        pytest.param(
            "17.9",
            {"identifier": "bedrock/claude", "model_family": "claude_3"},
            {
                "model": "CLAUDE_3",
                "identifier": "bedrock/claude",
                "endpoint": "http://bedrockselfhostedmodel.com",
            },
            id="Bedrock before models had a provider: the endpoint of GitLab's own page",
        ),
        pytest.param(
            "19.4",
            {"identifier": "bedrock/claude", "model_family": "claude_3"},
            {"model": "CLAUDE_3", "identifier": "bedrock/claude", "provider": "BEDROCK"},
            id="Bedrock with a provider needs no endpoint",
        ),
        pytest.param(
            "19.4",
            {"identifier": "vertex_ai/gemini", "model_family": "gemini"},
            {"model": "GEMINI", "identifier": "vertex_ai/gemini", "provider": "VERTEX_AI"},
            id="Vertex AI",
        ),
        pytest.param(
            "18.9",
            {"model_family": "GPT", "endpoint": "http://x", "deployment_method": "other"},
            {"model": "GPT", "endpoint": "http://x"},
            id="no identifier, no key",
        ),
        pytest.param(
            "18.9",
            {"model_family": "gpt", "endpoint": "http://x", "identifier": "", "api_key": ""},
            {"model": "GPT", "endpoint": "http://x", "identifier": ""},
            id="an empty key is no key",
        ),
        pytest.param(
            "18.9",
            {"model_family": "gpt", "endpoint": "http://x", "api_key": KEY, "new_name": "n"},
            {"name": "n", "model": "GPT", "endpoint": "http://x", "apiToken": KEY},
            id="rename: neither name exists",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["on_change", "on_create", "always"])
def test_creates_with(version: str, options: dict, sent: dict, mode: str) -> None:
    wanted = {"name": "m", **options, "update_api_key": mode}
    made = plan(wanted, found(version=version))
    assert calls(made) == [(CREATE, {"name": "m", **sent})]
    assert list(made.predicted.state.models) == [sent.get("name", "m")]


# --- changing ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "there"),
    [
        (VLLM, model()),
        ({"name": "codestral"}, model(endpoint="http://anywhere", identifier="anything")),
        ({**VLLM, "model_family": "CODESTRAL"}, model()),
        ({**VLLM, "api_key": ""}, model()),
        ({**VLLM, "api_key": "", "update_api_key": "always"}, model()),
        ({**VLLM, "api_key": KEY}, model(api_key=KEY, has_api_key=True)),
        ({**VLLM, "api_key": OTHER_KEY, "update_api_key": "on_create"}, model(has_api_key=True)),
        ({**VLLM, "api_key": KEY, "update_api_key": "on_create"}, model()),
        ({**VLLM, "name": "old", "new_name": "codestral"}, model()),
        ({**VLLM, "new_name": "codestral"}, model()),
        ({"name": "gone", "state": "absent"}, model()),
    ],
    ids=[
        "same",
        "only the name declared",
        "family in capitals",
        "no key, none wanted",
        "no key, none wanted, always",
        "same key",
        "key not read",
        "key never replaced",
        "renamed before",
        "renamed to itself",
        "already absent",
    ],
)
@pytest.mark.parametrize("version", RELEASES)
def test_changes_nothing(options: dict[str, Any], there: Any, version: str) -> None:
    state_now = found(there, version=version)
    made = plan(options, state_now)
    assert (made.steps, made.predicted, made.warnings) == ((), state_now, ())


@pytest.mark.parametrize(
    ("options", "there", "sent", "before", "after"),
    [
        pytest.param(
            {"endpoint": "https://new.example.com/v1"},
            {},
            {**SENT, "endpoint": "https://new.example.com/v1", "identifier": None},
            {"endpoint": SENT["endpoint"]},
            {"endpoint": "https://new.example.com/v1"},
            id="what is required goes along, what is optional stays out",
        ),
        pytest.param(
            {"model_family": "mistral"},
            {},
            {**SENT, "model": "MISTRAL", "identifier": None},
            {"model_family": "codestral"},
            {"model_family": "mistral"},
            id="family",
        ),
        pytest.param(
            {"identifier": ""},
            {},
            {**SENT, "identifier": ""},
            {"identifier": SENT["identifier"]},
            {"identifier": ""},
            id="clear the identifier",
        ),
        pytest.param(
            {"new_name": "n"},
            {},
            {**SENT, "name": "n", "identifier": None},
            {"name": "codestral"},
            {"name": "n"},
            id="rename: only the old name exists",
        ),
        pytest.param(
            {"name": "old", "new_name": "codestral", "model_family": "gpt"},
            {},
            {**SENT, "model": "GPT", "identifier": None},
            {"model_family": "codestral"},
            {"model_family": "gpt"},
            id="rename: only the new name exists, and differs",
        ),
        pytest.param(
            {"api_key": KEY},
            {},
            {**SENT, "apiToken": KEY, "identifier": None},
            {"api_key": "(not set)"},
            {"api_key": "(set)"},
            id="first key",
        ),
        pytest.param(
            {"api_key": KEY},
            {"api_key": OTHER_KEY, "has_api_key": True},
            {**SENT, "apiToken": KEY, "identifier": None},
            {"api_key": "(set)"},
            {"api_key": "(changed)"},
            id="another key",
        ),
        pytest.param(
            {"api_key": ""},
            {"api_key": KEY, "has_api_key": True},
            {**SENT, "apiToken": "", "identifier": None},
            {"api_key": "(set)"},
            {"api_key": "(cleared)"},
            id="clear the key",
        ),
        pytest.param(
            {"api_key": "", "update_api_key": "always"},
            {"has_api_key": True},
            {**SENT, "apiToken": "", "identifier": None},
            {"api_key": "(set)"},
            {"api_key": "(cleared)"},
            id="clear the key, always",
        ),
        pytest.param(
            {"endpoint": f"https://u:{OTHER_KEY}@vllm.example.com/v1"},
            {"endpoint": f"https://u:{KEY}@vllm.example.com/v1"},
            {**SENT, "endpoint": f"https://u:{OTHER_KEY}@vllm.example.com/v1", "identifier": None},
            {"endpoint": "(set)"},
            {"endpoint": "(changed)"},
            id="only the password inside the endpoint",
        ),
    ],
)
@pytest.mark.parametrize("version", ["17.9", "19.4"])
def test_changes(options, there, sent, before, after, version: str) -> None:
    made = plan({"name": "codestral", **options}, found(model(**there), version=version))
    provider = {"provider": "API"} if has_provider(version) else {}
    sent = {name: value for name, value in sent.items() if value is not None}
    assert calls(made) == [(UPDATE, {"id": gid(1), **sent, **provider})]
    assert shown(made) == {
        f"self-hosted model {made.changes[0].about.split()[-1]}": (before, after)
    }
    assert made.changes[0].about == "self-hosted model codestral"
    assert list(made.predicted.state.models) == [options.get("new_name", "codestral")]


def test_always_sends_the_key_each_time_and_says_that_nobody_can_see_it() -> None:
    wanted = {**VLLM, "api_key": KEY, "update_api_key": "always"}
    made = plan(wanted, found(model(has_api_key=True)))
    assert calls(made)[0][1]["apiToken"] == KEY
    assert [it.visible for it in made.changes] == [False]
    both = plan({**wanted, "model_family": "gpt"}, found(model(has_api_key=True)))
    assert [it.visible for it in both.changes] == [True]


@pytest.mark.parametrize(
    ("there", "options", "provider"),
    [
        ({"identifier": "bedrock/c"}, {"identifier": "bedrock/c"}, "BEDROCK"),
        ({"provider": "BEDROCK"}, {"identifier": "custom_openai/c"}, "API"),
        ({"provider": "BEDROCK"}, {"model_family": "gpt"}, "BEDROCK"),
        ({"provider": "BEDROCK"}, {"deployment_method": "other"}, "API"),
    ],
    ids=["from before the upgrade", "to vLLM", "unmanaged stays", "by the method alone"],
)
def test_the_provider_follows_the_method(there: dict, options: dict, provider: str) -> None:
    made = plan({"name": "codestral", **options}, found(model(**there), version="19.4"))
    assert calls(made)[0][1]["provider"] == provider

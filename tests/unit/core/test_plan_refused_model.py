# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Self-hosted models that the plan refuses, or skips if that is wanted."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    self_hosted_model as subject,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.model_plans import found, plan, refusal
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    BETA_ON,
    calls,
    foreseen,
    model,
)

UPDATE = "aiSelfHostedModelUpdate"
VLLM = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
NEW = {"name": "m", "model_family": "gpt", "endpoint": "http://x", "deployment_method": "other"}


@pytest.mark.parametrize(
    ("options", "there", "message", "told"),
    [
        (
            {**NEW, "model_family": "codestrall"},
            found(),
            messages.UNKNOWN_NAME,
            "model_family: GitLab 18.9.0 has no model family codestrall. "
            "Accepted here: codestral, ",
        ),
        (
            {**NEW, "model_family": "general"},
            found(version="17.9"),
            messages.NOT_OFFERED,
            "model_family general needs GitLab 18.3 or later; this is 17.9.0.",
        ),
        (
            {**NEW, "identifier": "vertex_ai/gemini", "deployment_method": None},
            found(),
            messages.NOT_OFFERED,
            "deployment_method vertex_ai needs GitLab 18.11 or later",
        ),
        ({**NEW, "model_family": "llama3"}, found(beta=False), messages.FAMILY_IS_BETA, "llama3"),
        (
            {"name": "m", "model_family": "llama3"},
            found(model("m"), beta=False),
            messages.FAMILY_IS_BETA,
            "llama3",
        ),
        ({"name": "m"}, found(), messages.MODEL_INCOMPLETE, "model_family, endpoint"),
        ({**NEW, "endpoint": None}, found(), messages.MODEL_INCOMPLETE, "needs endpoint"),
        (
            {**NEW, "deployment_method": "azure"},
            found(),
            messages.MODEL_INCOMPLETE,
            "identifier (azure/<name>)",
        ),
        (
            {"name": "m", "deployment_method": "vllm"},
            found(model("m", identifier="")),
            messages.INVALID_OPTION,
            "identifier (custom_openai/<name>)",
        ),
        (NEW, found(model("m", hidden=True)), messages.MODEL_HIDDEN, "exists but is hidden"),
        (
            {"name": "m", "new_name": "n"},
            found(model("m"), model("n", 2)),
            messages.RENAME_COLLISION,
            "cannot be renamed to n",
        ),
        (
            {"name": "m", "state": "absent"},
            found(model("m", features=("duo_chat", "code_completions"))),
            messages.MODEL_IN_USE,
            "used by code_completions, duo_chat",
        ),
    ],
)
def test_refuses(
    options: dict, there: subject.ObservedModels, message: messages.Message, told: str
) -> None:
    failure = refusal({k: v for k, v in options.items() if v is not None}, there)
    assert (failure.code, failure.about) == (message.code, "self-hosted model m")
    assert told in failure.sentence()


def test_what_is_there_already_is_not_refused() -> None:
    # A beta family stays as it is while beta is off; a family that this release does not list.
    for there in (model("m", family="llama3"), model("m", family="newest")):
        made = plan(
            {"name": "m", "model_family": there.family, "endpoint": "http://new/v1"},
            found(there, beta=False),
        )
        assert [field for field, _input in calls(made)] == [UPDATE]


@pytest.mark.parametrize(
    ("beta", "earlier", "refused"),
    [
        (True, [], False),
        (None, [], False),
        (False, [], True),
        (False, [BETA_ON], False),
        (False, [{**BETA_ON, "before": True, "after": False}], True),
    ],
)
def test_beta_counts_as_on_where_the_run_turns_it_on_before(beta, earlier, refused: bool) -> None:
    wanted = {**NEW, "model_family": "llama3"}
    there = foreseen(subject, found(beta=beta), *earlier)
    if refused:
        assert refusal(wanted, there).code == messages.FAMILY_IS_BETA.code
    else:
        assert len(plan(wanted, there).steps) == 1


def test_what_the_release_lacks_is_skipped_when_that_is_wanted() -> None:
    models = [{**NEW, "model_family": "general"}, {**VLLM}]
    made = plan({"models": models, "when_unsupported": "warn"}, found(version="17.9"))
    assert [sent["name"] for _field, sent in calls(made)] == ["codestral"]
    assert made.warnings == (
        "self-hosted model m is skipped: model_family general needs GitLab 18.3 or later; "
        "this is 17.9.0.",
    )
    wrong = {**NEW, "model_family": "typo", "when_unsupported": "warn"}
    assert refusal(wrong, found()).code == messages.UNKNOWN_NAME.code


@pytest.mark.parametrize("version", ["18.9", "18.11", "19.4"])
def test_the_placeholder_of_bedrock_is_no_endpoint_of_another_server(version: str) -> None:
    """Prompts would be sent to whoever owns that name."""
    provider = None if version == "18.9" else "BEDROCK"
    placeholder = "http://bedrockselfhostedmodel.com"
    stored = model("m", identifier="bedrock/x", endpoint=placeholder, provider=provider)
    failure = refusal(
        {"name": "m", "identifier": "custom_openai/x"}, found(stored, version=version)
    )
    assert "endpoint: is required for vllm" in failure.sentence()

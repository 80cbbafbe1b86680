# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM role of models on Amazon Bedrock, which GitLab has from 19.5 on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import health, info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import self_hosted_model
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out, planned
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import connection_check

SUBJECT = self_hosted_model.SUBJECT
ROLE = "arn:aws:iam::123456789012:role/duo"
OTHER = "arn:aws-us-gov:iam::123456789012:role/path/to/duo"
CLAUDE = {
    "name": "claude",
    "model_family": "claude_3",
    "deployment_method": "bedrock",
    "identifier": "bedrock/anthropic.claude",
}
STORED = {
    "name": "claude",
    "model": "claude_3",
    "endpoint": "",
    "identifier": "bedrock/anthropic.claude",
    "provider": "bedrock",
}


def here(release: str = "19.5", **more: Any) -> Sandboxed:
    """Return an instance with a model on Bedrock."""
    return Sandboxed(release, models=[{**STORED, **more}])


def role(there: Sandboxed) -> str | None:
    """Return the stored role of the only model."""
    (model,) = there.instance.models
    return model.iam_role


@pytest.mark.parametrize(
    ("there", "wish", "after", "told"),
    [
        (Sandboxed("19.5"), {**CLAUDE, "iam_role": ROLE}, ROLE, "create"),
        (here(), {"name": "claude", "iam_role": ROLE}, ROLE, f"(iam_role: none -> {ROLE})"),
        (here(iam_role=ROLE), {**CLAUDE, "iam_role": OTHER}, OTHER, f"{ROLE} -> {OTHER}"),
        (here(iam_role=ROLE), {"name": "claude", "iam_role": ""}, None, f"{ROLE} -> none"),
    ],
    ids=["with a new model", "first", "another", "cleared"],
)
def test_sets_the_role(there: Sandboxed, wish: dict[str, Any], after: str, told: str) -> None:
    dry, real = there.dry(SUBJECT, **wish), there.run(SUBJECT, **wish)
    for result in (dry, real):
        assert "failed" not in result, result["msg"]
        assert told in result["steps"][0]
        assert result["model"]["iam_role"] == (after or "")
    assert role(there) == after
    assert there.dry(SUBJECT, **wish)["changed"] is False


def test_what_is_left_out_is_kept_and_not_read() -> None:
    there = here(iam_role=ROLE)
    result = there.run(SUBJECT, name="claude", new_name="sonnet", api_key="a-key")
    assert result["changed"] is True
    assert "iam_role" not in result["model"]
    assert role(there) == ROLE
    assert there.dry(SUBJECT, name="sonnet")["changed"] is False


def test_a_model_that_leaves_bedrock_can_drop_it() -> None:
    there = here(iam_role=ROLE)
    wish = {
        "name": "claude",
        "deployment_method": "other",
        "identifier": "anthropic/claude",
        "endpoint": "https://llm.example.com",
    }
    refused = there.run(SUBJECT, **wish)
    assert "Iam role must be blank" in refused["msg"]
    assert "failed" not in there.run(SUBJECT, **wish, iam_role="")
    assert role(there) is None


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"iam_role": "duo"}, "iam_role: is not the ARN of an IAM role"),
        ({"iam_role": "arn:aws:iam::123456789012:user/duo"}, "is not the ARN of an IAM role"),
        ({"iam_role": f"{ROLE}{'x' * 2048}"}, "Shorten iam_role to 2048 characters"),
        (
            {"iam_role": ROLE, "deployment_method": "azure", "identifier": "azure/gpt"},
            "is only for Amazon Bedrock, but the deployment method is azure",
        ),
        ({"iam_role": ROLE, "identifier": "custom_openai/m"}, "deployment method is vllm"),
    ],
)
def test_refuses_before_anything_is_sent(wish: dict[str, Any], told: str) -> None:
    with pytest.raises(Failure) as caught:
        self_hosted_model.options({"name": "claude", **wish})
    assert caught.value.code == messages.INVALID_OPTION.code
    assert told in caught.value.sentence()


@pytest.mark.parametrize("more", [{}, {"model_family": "gpt", "endpoint": "https://a.example.com"}])
def test_refuses_a_model_that_is_not_on_bedrock(more: dict[str, Any]) -> None:
    stored = {**STORED, "provider": "api", "endpoint": "https://a.example.com"}
    there = Sandboxed("19.5", models=[] if more else [stored])
    result = there.dry(SUBJECT, name="claude", iam_role=ROLE, **more)
    assert "self-hosted model claude: iam_role: is only for Amazon Bedrock." in result["msg"]
    assert "deployment_method: bedrock" in result["msg"]


@pytest.mark.parametrize("release", ["17.9", "18.11", "19.4"])
def test_a_release_without_it_is_told_or_skipped(release: str) -> None:
    there = Sandboxed(release)
    refused = there.dry(SUBJECT, **CLAUDE, iam_role=ROLE)
    assert "iam_role needs GitLab 19.5 or later" in refused["msg"]
    skipped = there.run(SUBJECT, **CLAUDE, iam_role=ROLE, when_unsupported="warn")
    assert skipped["changed"] is False
    assert "iam_role needs GitLab 19.5" in skipped["warnings"][0]
    # To clear what it cannot have is no change.
    cleared = there.run(SUBJECT, **CLAUDE, iam_role="")
    assert "failed" not in cleared, cleared["msg"]


def test_a_run_plans_what_its_task_does() -> None:
    there = here()
    wish = {"models": [{**CLAUDE, "iam_role": ROLE}]}
    plan = planned(there, wish)
    (change,) = plan["changes"]
    assert (change["field"], change["before"], change["after"]) == ("iam_role", "", ROLE)
    real = carried_out(there, wish, plan)["models"]
    assert real["changes"] == plan["changes"]
    assert not planned(there, wish)["to_do"]


def test_an_export_keeps_it() -> None:
    there = here(iam_role=ROLE)
    shown = there.run(info.SUBJECT)
    (declared,) = shown["configuration"]["duo_self_hosted_models"]
    assert declared["iam_role"] == shown["models"][0]["iam_role"] == ROLE
    again = Sandboxed("19.5")
    assert "failed" not in again.run(SUBJECT, models=[declared])
    assert role(again) == ROLE
    assert not there.dry(preflight.SUBJECT, models=[declared])["plan"]["to_do"]


def test_the_connection_check_asks_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    there = here(iam_role=ROLE)
    asked = []
    monkeypatch.setattr(
        connection_check, "verdict", lambda _instance, model: asked.append(model.iam_role)
    )
    there.run(health.SUBJECT, checks=["connections"], fail_on="never", attempts=1)
    assert asked == [ROLE]

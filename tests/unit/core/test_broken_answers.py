# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value missing from an answer does not count as not set, because a write could lose it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.access import license_facts
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import client, transport
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Reading
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    gateway,
    self_hosted_model,
    stored,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Reply, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

URL = "https://aigw.example.com"
MODEL = {"name": "m", "model": "mistral", "endpoint": "https://m.example.com/v1"}
LINKED = {"code_completions": {"provider": "self_hosted", "model": "m"}}


@pytest.mark.parametrize("value", [None, [], 5, {}, {"nodes": None}, {"nodes": [None]}])
def test_nodes_that_are_not_there_are_not_none(value: Any) -> None:
    reading = Reading(release("18.9"), True, data={"aiFeatureSettings": value})
    assert reading.nodes("aiSelfHostedModels") == []
    with pytest.raises(Failure, match="aiFeatureSettings has an unexpected form"):
        reading.nodes("aiFeatureSettings")


@pytest.mark.parametrize(
    "data",
    [
        {"currentLicense": "ultimate"},
        {"currentLicense": {"plan": ["ultimate"]}},
        {"addOnPurchases": "DUO_ENTERPRISE"},
        {"addOnPurchases": ["DUO_ENTERPRISE"]},
    ],
)
def test_a_licence_of_another_form_is_a_failure(data: Any) -> None:
    with pytest.raises(Failure, match="could not be understood"):
        license_facts(data)


def test_a_gateway_that_could_not_be_read_is_not_cleared() -> None:
    here = Sandboxed("18.9", gateway={"ai_gateway_url": URL})
    here.faults(
        {
            "kind": "partial_errors",
            "message": "Timeout on something",
            "null_field": "duoSettings",
            "match": {"field": "duoSettings"},
            "times": 0,
        }
    )
    result = here.run(gateway.SUBJECT, ai_gateway_timeout_seconds=90)
    assert "Timeout on something" in result["msg"]
    assert here.instance.gateway.ai_gateway_url == URL


def test_a_model_whose_use_could_not_be_read_is_not_deleted() -> None:
    here = Sandboxed("18.9", models=[MODEL], features=LINKED)
    here.adapter.alter = lambda reply: Reply(
        reply.method,
        reply.status,
        reply.headers,
        reply.body.replace(b'"featureSettings"', b'"settings"'),
    )
    result = here.run(self_hosted_model.SUBJECT, name="m", state="absent")
    assert result["failure"]["code"] == "broken-answer"
    assert [model.name for model in here.instance.models] == ["m"]


def test_a_write_that_is_answered_with_anything_is_read_again() -> None:
    here = Sandboxed("18.9", models=[MODEL])
    here.adapter.alter = lambda reply: (
        Reply(reply.method, 200, reply.headers, b'{"data": 17}') if here.writes else reply
    )
    result = here.run(self_hosted_model.SUBJECT, name="m", state="absent")
    assert result["failure"]["unknown"] == ["delete self-hosted model m"]
    assert result["failure"]["not_done"] == []


# --- whose mistake it is --------------------------------------------------------------------------
# Place in the answer to a node, value, and what is told of it.
MISSHAPEN: list[tuple[str, Any, str]] = [
    ("name", 17, "aiSelfHostedModels.name"),
    ("model", None, "aiSelfHostedModels.model"),
    ("endpoint", ["x"], "aiSelfHostedModels.endpoint"),
    ("hasApiToken", {}, "aiSelfHostedModels.hasApiToken"),
    ("featureSettings", None, "aiSelfHostedModels.featureSettings"),
    ("featureSettings", {"nodes": [None]}, "aiSelfHostedModels.featureSettings.nodes.0"),
    ("featureSettings", {"nodes": [{"feature": 5}]}, "featureSettings.nodes.0.feature"),
    ("feature", None, "aiFeatureSettings.feature"),
    ("provider", ["self_hosted"], "aiFeatureSettings.provider"),
    ("compatibleLlms", "gpt", "aiFeatureSettings.compatibleLlms"),
    ("compatibleLlms", [None], "aiFeatureSettings.compatibleLlms.0"),
    ("selfHostedModel", [], "aiFeatureSettings.selfHostedModel"),
    ("releaseState", 5, "aiFeatureSettings.releaseState"),
    ("pageInfo", None, "aiSelfHostedModels.pageInfo"),
    ("pageInfo", {}, "aiSelfHostedModels.pageInfo.hasNextPage"),
]


def _with(answers: Any, name: str, value: Any, said: str) -> Any:
    connection = "aiFeatureSettings" if "aiFeatureSettings" in said else "aiSelfHostedModels"
    for answer in answers:
        found = (answer.get("data") or {}).get(connection)
        for it in [found, *found["nodes"]] if found else ():
            if name in it:
                it[name] = value
    return answers


@pytest.mark.parametrize(("name", "value", "said"), MISSHAPEN)
def test_an_answer_of_another_shape_is_gitlabs_mistake(name: str, value: Any, said: str) -> None:
    here = Sandboxed("18.9", models=[MODEL], features=LINKED)
    here.adapter.alter = lambda reply: Reply(
        *(reply.method, reply.status, reply.headers),
        json.dumps(_with(json.loads(reply.body), name, value, said)).encode(),
    )
    result = here.run(info.SUBJECT)
    assert result["failure"]["code"] == "broken-answer"
    assert f"{said} has an unexpected form" in result["msg"]


@pytest.mark.parametrize("error", [AttributeError, TypeError, KeyError, ValueError])
@pytest.mark.parametrize(
    "place",
    [
        (stored, "_model"),
        (stored, "_setting"),
        (stored, "_beta"),
        (stored, "models_part"),
        (info, "license_facts"),
        (client, "merge"),
        (transport, "settings"),
    ],
    ids=lambda place: place[1],
)
def test_a_mistake_of_ours_is_not_gitlabs(monkeypatch, place: Any, error: Any) -> None:
    """A mistake anywhere between the answer and what it means is raised, and so is `unexpected`."""

    def broken(*_anything: Any, **_more: Any) -> Any:
        raise error("value")

    here = Sandboxed("18.9", models=[MODEL], features=LINKED)
    monkeypatch.setattr(*place, broken)
    with pytest.raises(error):
        here.run(info.SUBJECT)


@pytest.mark.parametrize("status", [200, 400, 422, 500])
@pytest.mark.parametrize("body", [b"9" * 5000, b"[" * 200_000, b"\xff", b"{"])
def test_json_that_python_refuses_is_a_broken_answer(status: int, body: bytes) -> None:
    """Python refuses numbers of more than 4300 digits and deep nesting in ways of their own."""
    here = Sandboxed("18.9")
    here.adapter.alter = lambda reply: Reply(reply.method, status, reply.headers, body)
    result = here.run(info.SUBJECT)
    assert result["failure"]["code"] in ("broken-answer", "http-refused", "server-error")

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is missing in an answer is not taken for what is not set: a write could lose it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils import _gateway, _self_hosted_model
from ansible_collections.gitlab_ops.duo.plugins.module_utils._access import license_facts
from ansible_collections.gitlab_ops.duo.plugins.module_utils._errors import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._graphql import Reading
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Reply, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

URL = "https://aigw.example.com"
MODEL = {"name": "m", "model": "mistral", "endpoint": "https://m.example.com/v1"}
LINKED = {"code_completions": {"provider": "self_hosted", "model": "m"}}


@pytest.mark.parametrize("value", [None, [], 5, {}, {"nodes": None}, {"nodes": [None]}])
def test_nodes_that_are_not_there_are_not_none(value: Any) -> None:
    reading = Reading(release("18.9"), True, data={"aiFeatureSettings": value})
    assert reading.nodes("aiSelfHostedModels") == []
    with pytest.raises(Failure, match="aiFeatureSettings is not what it should be"):
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
    result = here.run(_gateway.SUBJECT, ai_gateway_timeout_seconds=90)
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
    result = here.run(_self_hosted_model.SUBJECT, name="m", state="absent")
    assert result["failure"]["code"] == "broken-answer"
    assert [model.name for model in here.instance.models] == ["m"]


def test_a_write_that_is_answered_with_anything_is_read_again() -> None:
    here = Sandboxed("18.9", models=[MODEL])
    here.adapter.alter = lambda reply: (
        Reply(reply.method, 200, reply.headers, b'{"data": 17}') if here.writes else reply
    )
    result = here.run(_self_hosted_model.SUBJECT, name="m", state="absent")
    assert result["failure"]["unknown"] == ["delete self-hosted model m"]
    assert result["failure"]["not_done"] == []

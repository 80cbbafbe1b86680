# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks after a write wait for GitLab's processes: verify, isolated, the connections of models."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import health, info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_connections import (
    TOGETHER,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.settle import (
    LOOKS_BEFORE_FAILURE,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

URL = "https://aigw.example.com"
SOUND = {
    "models": [{**{"name": "m", "model": "mistral"}, "endpoint": "https://vllm.example.com/v1"}],
    "features": {"duo_chat": {"provider": "self_hosted", "model": "m"}},
}


@pytest.mark.parametrize(("declared", "processes"), [(True, 2), (True, 4), (False, 2)])
def test_verify_waits_for_the_process_that_still_has_no_gateway(
    waits: list[float], processes: int, declared: bool
) -> None:
    for ahead in range(processes):
        here = Sandboxed("19.4", **SOUND, options={"processes": processes, "runner": True})
        here.run(gateway.SUBJECT, ai_gateway_url=URL)
        for _turn in range(ahead):
            here.run(info.SUBJECT)
        told = {"declared_gateway": {"ai_gateway_url": URL}} if declared else {}
        late = here.run(health.SUBJECT, **told)
        here.wait(60)
        settled = here.run(health.SUBJECT)
        assert late["checks"] == settled["checks"]
    assert sum(waits) < 70 * processes


def of_models(number: int, **options: Any) -> Sandboxed:
    """Return a GitLab 19.4 whose processes have seen no gateway, and models of a feature."""
    common = {"model": "mistral", "endpoint": "https://vllm.example.com/v1"}
    return Sandboxed(
        "19.4",
        models=[{"name": f"m{it}", **common} for it in range(number)],
        features={"duo_chat": {"provider": "self_hosted", "model": "m0"}},
        options=options,
    )


VERIFY = {
    "settings": [{"features": ["duo_chat"], "model": "m0"}],
    "declared_gateway": {"ai_gateway_url": URL},
}


@pytest.mark.parametrize("models", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_verify_of_many_models_is_over_before_the_minute(
    waits: list[float], processes: int, models: int
) -> None:
    """Nothing is waited for: each check is asked until it reaches a process that knows."""
    for ahead in range(processes):
        here = of_models(models, processes=processes)
        here.run(gateway.SUBJECT, ai_gateway_url=URL)
        for _turn in range(ahead):
            here.run(info.SUBJECT)
        here.forget()
        found = here.run(health.SUBJECT, **VERIFY)
        assert "failed" not in found, found["msg"]
        assert len(found["checks"]) > models
        assert sum(waits) < 1
        # The state once; then the probes, and the models together, until they reach that process.
        most = (processes + 2) * (1 + math.ceil(models / TOGETHER)) if processes > 1 else 1 + models
        assert len(here.requests) <= 1 + most


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "drop_after"}])
def test_models_whose_common_answer_is_lost_are_asked_alone(fault: dict[str, Any]) -> None:
    here = of_models(3, processes=2)
    here.run(gateway.SUBJECT, ai_gateway_url=URL)
    here.forget()
    here.faults({**fault, "match": {"field": "aiSelfHostedModelConnectionCheck"}})
    found = here.run(health.SUBJECT, retries=0, **VERIFY)
    assert "failed" not in found, found["msg"]
    asked = [it for it in here.requests if "ConnectionCheck" in str(it["operations"])]
    assert asked[0]["multiplex"] == 3
    assert {it["multiplex"] for it in asked[1:4]} == {1}


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_a_model_that_does_not_answer_is_told_within_the_minute_too(
    waits: list[float], processes: int
) -> None:
    dead = {"https://vllm.example.com/v1": {"code": 404}}
    here = of_models(2, processes=processes, connection_checks=dead)
    here.run(gateway.SUBJECT, ai_gateway_url=URL)
    found = here.run(health.SUBJECT, **VERIFY)
    assert [it["subject"] for it in found["checks"] if "model m" in it["subject"]] == [
        "self-hosted model m0",
        "self-hosted model m1",
    ]
    assert "code 404" in found["msg"]
    assert sum(waits) <= (0 if processes == 1 else 70)


ISOLATED = {
    "beta_acceptances": ["root"],
    "gateway": {"duo_agent_platform_service_url": "dap.example.com:50052"},
}


@pytest.mark.parametrize("processes", [2, 4])
def test_isolated_waits_for_the_process_that_still_has_no_gateway(processes: int) -> None:
    for ahead in range(processes):
        here = Sandboxed("19.4", **ISOLATED, options={"processes": processes})
        here.run(gateway.SUBJECT, ai_gateway_url=URL)
        for _turn in range(ahead):
            here.run(info.SUBJECT)
        for subject, options in (
            (preflight.SUBJECT, {}),
            (preflight.SUBJECT, {"gateway": {"ai_gateway_url": URL}}),
            (info.SUBJECT, {"declared_gateway": {"ai_gateway_url": URL}}),
            (info.SUBJECT, {}),
        ):
            result = here.run(subject, isolated=True, **options)
            assert "failed" not in result, result["msg"]


def test_what_really_leaves_is_told_at_once(waits: list[float]) -> None:
    here = Sandboxed("19.4")
    result = here.run(info.SUBJECT, isolated=True)
    assert result["failed"]
    assert (waits, len(here.requests)) == ([], 1 + LOOKS_BEFORE_FAILURE)
    older = Sandboxed("19.1")
    assert older.run(info.SUBJECT, isolated=True)["failed"]
    assert len(older.requests) == 1

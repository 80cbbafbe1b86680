# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance with a gateway and a model, and the results of duo_health for it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import health
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = health.SUBJECT
KEY = "key-that-must-not-show-0001"
ENDPOINT = "https://m.example.com/v1"
MODEL = {
    "name": "m",
    "model": "mistral",
    "endpoint": ENDPOINT,
    "identifier": "custom_openai/m",
    "api_token": KEY,
}
SEED: dict[str, Any] = {
    "gateway": {"ai_gateway_url": "https://aigw.example.com"},
    "models": [MODEL],
}


def here(release: str = "18.9", answer: dict[str, Any] | None = None, **seed: Any) -> Sandboxed:
    """Return an instance with a gateway and a model, whose connection check answers this."""
    made = Sandboxed(release, **SEED)
    made.seed(**seed)
    if answer:
        made.seed(options={"connection_checks": {ENDPOINT: answer}})
    return made


def asked(it: Sandboxed, **options: Any) -> dict[str, Any]:
    """Return the result of a task that does not wait; it changes nothing, whatever it finds."""
    before = it.stored()
    result = it.run(SUBJECT, **{"delay": 0, **options})
    assert (result["changed"], it.writes, it.stored()) == (False, [], before)
    assert KEY not in str(result)
    return result


def failed(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the checks that failed."""
    return [it for it in result["checks"] if not it["success"]]


def questions(it: Sandboxed) -> int:
    """Return how often a model was asked."""
    return sum("aiSelfHostedModelConnectionCheck" in str(one["operations"]) for one in it.requests)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_health: it changes nothing, in check mode and without."""

from __future__ import annotations

from typing import Any

from scenarios import UNCHANGED, Scenario, before, since

URL = "https://aigw.example.com"
ONE = {
    "name": "one",
    "model": "mistral",
    "endpoint": "https://one.example.com/v1",
    "identifier": "custom_openai/one",
    "api_token": "key-of-one-0001",
}
TWO = {**ONE, "name": "two", "endpoint": "https://two.example.com/v1"}
SEED: dict[str, Any] = {
    "gateway": {"ai_gateway_url": URL},
    "models": [ONE, TWO],
    "options": {"runner": True},
}
SERVED = {"duo_chat": {"provider": "self_hosted", "model": "one"}}


def answers(**checks: dict[str, Any]) -> dict[str, Any]:
    """Return the seed of an instance with these connection checks, by model."""
    of = {f"https://{name}.example.com/v1": answer for name, answer in checks.items()}
    return {**SEED, "options": {"connection_checks": of, **SEED["options"]}}


def health(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario that changes nothing."""
    return Scenario("health-" + name, "duo_health", args, changed=UNCHANGED, **keywords)


# The state, the probes, and each model.
ALL = (4, 4, 4, 4)
SCENARIOS = [
    health("well", {}, seed=SEED, requests=ALL),
    health(
        "cold",
        {"delay": 0},
        seed=answers(two={"timeouts": 2}),
        requests=(6, 4, 4, 4),
    ),
    health(
        "broken",
        {"fail_on": "never"},
        seed=answers(one={"code": 401}, two={"code": 404}),
        requests=ALL,
        looks=5,
        warnings=("self-hosted model one: ERROR", "self-hosted model two: ERROR"),
    ),
    health(
        "gateway-down",
        {"fail_on": "never", "attempts": 1},
        seed={**SEED, "options": {"gateway_reachable": False, **SEED["options"]}},
        requests=ALL,
        looks=5,
        warnings=("host aigw.example.com: ", "model one: ERROR", "model two: ERROR"),
    ),
    health(
        "no-seat",
        {"fail_on": "never", "checks": ["probes"]},
        seed={**SEED, "options": {"seat": False, **SEED["options"]}},
        requests=(2, 2, 2, 2),
        looks=5,
        warnings=("you lack the necessary permissions",),
    ),
    health(
        "no-seat-17.9",
        {"checks": ["probes"]},
        seed={**SEED, "options": {"seat": False, **SEED["options"]}},
        releases=before("17.10"),
        requests=(2, 2, 2, 2),
        warnings=("you lack the necessary permissions",),
    ),
    health(
        "local-address",
        {"checks": ["probes"]},
        seed={**SEED, "gateway": {"ai_gateway_url": "http://10.1.2.3:5052"}},
        requests=(2, 2, 2, 2),
        warnings=("The features still work",),
    ),
    # What 19.4 looks for on every instance does not count where no feature needs it.
    health(
        "no-runner-no-cloud",
        {"checks": ["probes"], "settings": [{"features": ["duo_chat"], "model": "one"}]},
        seed={**SEED, "features": SERVED, "options": {"runner": False, "cloud_reachable": False}},
        releases=since("19.4"),
        requests=(2, 2, 2, 2),
        warnings=("These failed probes of GitLab do not count",),
    ),
    health(
        "agents-only-offline",
        {"checks": ["probes"], "settings": [{"features": ["duo_agent_platform"], "model": "one"}]},
        seed={
            **SEED,
            "models": [{**ONE, "model": "claude_3"}],
            "features": {"duo_agent_platform": {"provider": "self_hosted", "model": "one"}},
            "license": {"type": "offline_cloud"},
            "add_ons": [{"name": "SELF_HOSTED_DAP"}],
        },
        releases=since("18.9"),
        requests=(2, 2, 2, 2),
        warnings=("License does not provide access to Code Suggestions",),
    ),
    health(
        "settings",
        {"checks": [], "settings": [{"features": ["duo_chat"], "model": "one"}]},
        seed={**SEED, "features": SERVED},
        returns={"checks": [{"name": "feature_setting", "subject": "features", "success": True}]},
    ),
    health(
        "without-endpoint",
        {"checks": ["connections"]},
        seed={
            "gateway": {"ai_gateway_url": URL},
            "models": [
                {
                    "name": "cloud",
                    "model": "claude_3",
                    "identifier": "bedrock/anthropic.claude",
                    "provider": "bedrock",
                }
            ],
        },
        releases=since("19.0"),
        requests=(2, 2, 2, 2),
        returns={"checks": [{"subject": "self-hosted model cloud", "success": True}]},
    ),
]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_gateway."""

from __future__ import annotations

from typing import Any

from scenarios import UNCHANGED, Scenario, before, since

URL = "https://aigw.example.com"
SEEDED = {"gateway": {"ai_gateway_url": URL}}
# With the URL gone, a feature that nobody set goes to GitLab's cloud; older releases call it
# vendored from the start.
LEAVES = ("requests of these features go, or may go, to GitLab's cloud",)


def gateway(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of the gateway."""
    return Scenario("gateway-" + name, "duo_gateway", args, **keywords)


SCENARIOS = [
    gateway(
        "url-set",
        {"ai_gateway_url": URL},
        returns={"gateway": {"ai_gateway_url": URL}},
        after={"gateway": {"ai_gateway_url": URL}},
        steps=(f"change AI gateway (ai_gateway_url: none -> {URL})",),
    ),
    gateway(
        "url-with-slash",
        {"ai_gateway_url": URL + "/"},
        returns={"gateway": {"ai_gateway_url": URL}},
        after={"gateway": {"ai_gateway_url": URL}},
    ),
    gateway(
        "url-changed",
        {"ai_gateway_url": "http://10.0.0.7:5052"},
        seed=SEEDED,
        after={"gateway": {"ai_gateway_url": "http://10.0.0.7:5052"}},
        steps=(f"change AI gateway (ai_gateway_url: {URL} -> http://10.0.0.7:5052)",),
    ),
    gateway("url-there", {"ai_gateway_url": URL}, seed=SEEDED, changed=UNCHANGED),
    gateway(
        "slash-stored",
        # As the variable AI_GATEWAY_URL leaves it: only the mutation removes a slash.
        {"ai_gateway_url": URL},
        seed={"gateway": {"ai_gateway_url": URL + "/"}},
        changed=UNCHANGED,
    ),
    gateway("nothing-asked", {}, seed=SEEDED, changed=UNCHANGED),
    gateway(
        "timeout-alone",
        {"ai_gateway_timeout_seconds": 120},
        seed=SEEDED,
        releases=since("18.7"),
        returns={"gateway": {"ai_gateway_url": URL, "ai_gateway_timeout_seconds": 120}},
        after={"gateway": {"ai_gateway_url": URL, "ai_gateway_timeout_seconds": 120}},
    ),
    gateway(
        "everything",
        {
            "ai_gateway_url": URL,
            "ai_gateway_timeout_seconds": 600,
            "duo_agent_platform_service_url": "aigw.example.com:50052",
            "duo_agent_platform_service_secure": False,
        },
        releases=since("18.10"),
        after={
            "gateway": {
                "ai_gateway_url": URL,
                "ai_gateway_timeout_seconds": 600,
                "duo_agent_platform_service_url": "aigw.example.com:50052",
                "self_hosted_duo_agent_platform_service_secure": False,
            }
        },
    ),
    gateway(
        "not-on-this-release",
        {
            "ai_gateway_url": URL,
            "ai_gateway_timeout_seconds": 120,
            "when_unsupported": "warn",
        },
        releases=before("18.6"),
        warnings=("ai_gateway_timeout_seconds is skipped: ",),
        after={"gateway": {"ai_gateway_url": URL}},
    ),
    gateway(
        "service-cleared",
        {"duo_agent_platform_service_url": ""},
        seed={
            "gateway": {
                "ai_gateway_url": URL,
                "duo_agent_platform_service_url": "aigw.example.com:50052",
            }
        },
        # Before, a feature that nobody set goes there in any case.
        releases=since("18.7"),
        # GitLab has a service of its own in its cloud.
        warnings=("Without duo_agent_platform_service_url, requests of these features go",),
        only_warns_of_changes=True,
        after={"gateway": {"ai_gateway_url": URL, "duo_agent_platform_service_url": None}},
    ),
    gateway(
        "absent-17",
        {"state": "absent"},
        seed=SEEDED,
        releases=before("18.4"),
        returns={"gateway": {"ai_gateway_url": ""}},
        after={"gateway": {"ai_gateway_url": None}},
    ),
    gateway(
        "absent",
        {"state": "absent"},
        seed={
            "gateway": {
                "ai_gateway_url": URL,
                "duo_agent_platform_service_url": "aigw.example.com:50052",
            }
        },
        releases=since("18.7"),
        warnings=LEAVES,
        only_warns_of_changes=True,
        returns={"gateway": {"ai_gateway_url": "", "duo_agent_platform_service_url": ""}},
        after={"gateway": {"ai_gateway_url": None, "duo_agent_platform_service_url": None}},
    ),
    gateway("absent-already", {"state": "absent"}, changed=UNCHANGED),
]

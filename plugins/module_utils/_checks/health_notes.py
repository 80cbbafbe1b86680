# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what each health check proves, and explain the codes that users see.

Sources: GitLab's probes and their texts (18.9 and 19.4), and its pages on troubleshooting GitLab
Duo Self-Hosted, GitLab Duo Chat and the health check (17.9 to 19.x).
"""

from __future__ import annotations

from dataclasses import dataclass

from .health_probes import (
    BILLING_PROBES,
    CLOUD_PROBE,
    HOST_PROBE,
    LICENSE_PROBE,
    PRESENCE_PROBE,
    RUNNER_PROBE,
    SEAT_PROBE,
    SERVICE_PROBE,
)


@dataclass(frozen=True)
class CheckNote:
    """One kind of check."""

    # The subject of the check, unless it names a host or a model.
    subject: str
    proves: str
    # What to do about a failure for which no rule of health_advice.py fits.
    action: str


MODEL_PROBE = "model_configuration_probe"
# Checks of this collection; all other names are GitLab's.
PROBES = "probes"
FEATURE_SETTING = "feature_setting"
FROM_CONTROLLER = "gateway_from_controller"

CHECK_NOTES: dict[str, CheckNote] = {
    PRESENCE_PROBE: CheckNote(
        "AI gateway",
        "A gateway URL is set, but not that anything answers there.",
        "Set ai_gateway_url (duo_gateway).",
    ),
    HOST_PROBE: CheckNote(
        "host",
        "GitLab gets an HTTP answer from this host, even if it is an error, but not that it is "
        "the right service.",
        "Check DNS, firewall, proxy and the certificate from a GitLab node to this host.",
    ),
    SEAT_PROBE: CheckNote(
        "license",
        "Licence and add-on include Code Suggestions, and the token's user has a seat, but not "
        "that others have one.",
        "Assign a seat of an add-on such as GitLab Duo Enterprise to the token's user (duo_seats).",
    ),
    LICENSE_PROBE: CheckNote(
        "license",
        "GitLab can synchronise this subscription. It runs only where a feature may use GitLab's "
        "cloud.",
        "Check the licence under Admin > Subscription.",
    ),
    "access_probe": CheckNote(
        "subscription", "The subscription was synchronised. It runs only with GitLab's cloud.", ""
    ),
    "token_probe": CheckNote(
        "subscription",
        "GitLab holds valid credentials for its cloud. It runs only with GitLab's cloud.",
        "",
    ),
    CLOUD_PROBE: CheckNote(
        "GitLab's cloud",
        "GitLab's cloud accepts this instance for Code Suggestions. It says nothing about the "
        "self-hosted gateway.",
        "Check the way to cloud.gitlab.com, and the licence (duo_subscription).",
    ),
    SERVICE_PROBE: CheckNote(
        "Agent Platform service",
        "The Agent Platform service answers GitLab, but not that its model does.",
        "Check port 50052 of the service, duo_agent_platform_service_secure against its TLS, and "
        "its JWT keys.",
    ),
    "allow_flow_execution_probe": CheckNote(
        "flow execution",
        "Flows may run on this instance, but not that they do.",
        "Turn flow execution on (Admin > GitLab Duo) if flows are to be used.",
    ),
    "allow_foundational_flows_probe": CheckNote(
        "foundational flows",
        "GitLab's own flows may run on this instance, but not that they do.",
        "Turn foundational flows on (Admin > GitLab Duo) if they are to be used.",
    ),
    RUNNER_PROBE: CheckNote(
        "runner for flows",
        "An instance runner with the tag gitlab--duo exists, but not that it can run flows.",
        "Register an instance runner with the tag gitlab--duo and an executor that runs "
        "containers, if flows are to run on this instance.",
    ),
    **{
        name: CheckNote(
            "usage billing",
            "GitLab reaches the part of its cloud to which it reports the use of the Agent "
            "Platform. It says nothing about the self-hosted services.",
            "",
        )
        for name in BILLING_PROBES
    },
    MODEL_PROBE: CheckNote(
        "self-hosted model",
        "GitLab reaches the gateway, and the gateway gets an answer from this model with the "
        "stored key, but not that the model serves a feature well or fast enough.",
        "See the logs of the gateway.",
    ),
    PROBES: CheckNote(
        "GitLab's health check",
        "Nothing: GitLab did not carry out its probes.",
        "",
    ),
    FEATURE_SETTING: CheckNote(
        "features", "GitLab holds the feature settings that are declared.", ""
    ),
    FROM_CONTROLLER: CheckNote(
        "AI gateway",
        "The gateway answers the host that runs the task, but not that it answers GitLab or that "
        "any model works.",
        "Check that the gateway, and not a proxy in its place, answers at this URL; see its log.",
    ),
}
# For a probe that this collection does not know.
OTHER = CheckNote(
    "GitLab",
    "Only what GitLab says about it, because this collection does not know this probe.",
    "This collection does not know this probe, so it does not count: see GitLab's page on the "
    "health check of GitLab Duo.",
)
TAG = "Run the gateway image of the same release as GitLab (self-hosted-vX.Y.*-ee)."
# Code that users see in GitLab -> its meaning, and what to do with self-hosted models.
CODES: dict[str, tuple[str, str]] = {
    "A1000": (
        "Timeout while the request was processed",
        "Raise ai_gateway_timeout_seconds (duo_gateway, 18.7), or use a faster model or network.",
    ),
    "A1001": (
        "The AI service failed, or the request never reached the gateway",
        "Check URL and reachability of the gateway first (duo_health), then its log.",
    ),
    "A1002": ("No events, or unreadable ones, from the gateway", f"See its log. {TAG}"),
    "A1003": (
        "Streaming failed",
        "Turn off buffering in proxies; to confirm the cause, turn off streaming in the gateway "
        "(AIGW_CUSTOM_MODELS__DISABLE_STREAMING=true).",
    ),
    "A1004": ("Error inside the gateway", "See the log of the gateway."),
    "A1005": (
        "The prompt is too long for the model",
        "Start a new conversation, or use a model with a larger context.",
    ),
    "A1006": ("The agent found no answer", "Use a better model."),
    "A1007": ("Error inside the Agent Platform", "See the log of its service."),
    "A1008": ("The model of the Agent Platform failed", "Check that model (duo_health)."),
    "A6000": ("A fallback was used", "See the logs, by correlation id."),
    "A9999": ("Unknown error", "See the logs, by correlation id."),
    "M2000": ("No documentation was found", "Where the site is isolated, host GitLab's own docs."),
    "M3002": ("GitLab Duo is off for this group or project", "Turn it on in its settings."),
    "M3003": ("No access to the item", "Check the user's rights."),
    "M3004": ("No access to Chat", "Assign a seat to the user (duo_seats)."),
    "M3005": (
        "Not part of the subscription",
        "Check add-ons (duo_subscription) and seats (duo_seats).",
    ),
    "M3006": (
        "Not part of the subscription",
        "Check add-ons (duo_subscription) and seats (duo_seats).",
    ),
    "M4000": ("A slash command or its content could not be processed", "Try again; see the logs."),
    "M5000": ("A slash command or its content could not be processed", "Try again; see the logs."),
    "G3001": ("Not part of the subscription", "Check the add-ons (duo_subscription)."),
    "G3002": ("No default namespace for GitLab Duo", "The user chooses one in the preferences."),
    "DCR4005": (
        "The code review flow failed",
        # The second: issue 631401 of gitlab-org/gitlab, seen on 19.4.1.
        f"{TAG} With an offline licence assign a self-hosted model to duo_agent_platform too.",
    ),
}


def note_of(name: str) -> CheckNote:
    """Return the note on a check."""
    return CHECK_NOTES.get(name, OTHER)

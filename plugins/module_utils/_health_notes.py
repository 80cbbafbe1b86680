# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each health check proves, what its failures mean, and what to do about them.

Sources: GitLab's probes and their texts (18.9), its pages on troubleshooting GitLab Duo
Self-Hosted, GitLab Duo Chat and the health check (17.9 to 19.x).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One kind of check."""

    # What it is about; a check that names a host or a model is about that.
    subject: str
    proves: str
    # What to do when it fails and the message does not tell more.
    action: str


CONNECTION = "model_configuration_probe"
HOST = "host_probe"
# Of this collection: the others are GitLab's names.
PROBES = "probes"
SETTINGS = "feature_setting"
GATEWAY = "gateway_from_controller"

_SYNC = "Synchronise the subscription (duo_subscription)."
NOTES: dict[str, Note] = {
    "ai_gateway_url_presence_probe": Note(
        "AI gateway",
        "A gateway URL is set; not that anything answers there.",
        "Set ai_gateway_url (duo_gateway).",
    ),
    HOST: Note(
        "host",
        "GitLab gets some HTTP answer from this host, be it an error; not that it is the right "
        "service.",
        "Check DNS, firewall, proxy and the certificate from a GitLab node to this host.",
    ),
    "code_suggestions_license_probe": Note(
        "license",
        "Licence and add-on include Code Suggestions, and the token's user has a seat; not that "
        "others have one.",
        "Buy the add-on or assign a seat to the token's user, and synchronise the subscription "
        "(duo_subscription).",
    ),
    "license_probe": Note(
        "license",
        "GitLab can synchronise this subscription; runs only where a feature uses GitLab's cloud.",
        "An offline licence is never synchronised: set vendored features to another provider "
        "(duo_feature_model). Otherwise check the licence under Admin > Subscription.",
    ),
    "access_probe": Note(
        "subscription", "The subscription was synchronised; runs only with GitLab's cloud.", _SYNC
    ),
    "token_probe": Note(
        "subscription",
        "GitLab holds valid credentials for its cloud; runs only with GitLab's cloud.",
        _SYNC,
    ),
    "end_to_end_probe": Note(
        "GitLab's cloud",
        "GitLab's cloud accepts this instance for Code Suggestions; says nothing of the "
        "self-hosted gateway.",
        "Check the way to cloud.gitlab.com, and synchronise the subscription (duo_subscription).",
    ),
    "duo_agent_platform_probe": Note(
        "Agent Platform",
        "The Agent Platform service answers GitLab; not that its model does.",
        "Check port 50052 of the service, duo_agent_platform_service_secure against its TLS, and "
        "its JWT keys.",
    ),
    CONNECTION: Note(
        "self-hosted model",
        "GitLab reaches the gateway, and the gateway gets an answer of this model with the stored "
        "key; not that it serves a feature well, nor fast enough.",
        "Look into the logs of the gateway.",
    ),
    PROBES: Note(
        "GitLab's health check",
        "Nothing: GitLab did not carry out its probes.",
        "",
    ),
    SETTINGS: Note("features", "GitLab holds the feature settings that are declared.", ""),
    GATEWAY: Note(
        "AI gateway",
        "The gateway answers the host that runs the task: not that it answers GitLab, nor that "
        "any model works.",
        "Check that the gateway answers at this URL, and no proxy in its place; see its log.",
    ),
}
# A probe of a release that is not known here.
OTHER = Note("GitLab", "What GitLab says of it; this collection does not know this probe.", "")
_SEE_GITLAB = "See GitLab's page on the health check of GitLab Duo, and its logs."

_TAG = "Run the gateway image of the same release as GitLab (self-hosted-vX.Y.*-ee)."
# Texts of failures, and what to do; the first that fits counts.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"Requests to the local network",
        "The features work all the same: only this probe refuses local addresses. For a green "
        "health check add the host to the outbound allowlist (duo_preflight with "
        "manage_outbound_allowlist).",
    ),
    (
        r"not on the Allow List",
        "GitLab denies all outbound requests but to allowed hosts: add the host to the outbound "
        "allowlist (duo_preflight with manage_outbound_allowlist).",
    ),
    (
        r"silent mode",
        "Turn silent mode off: it blocks every request of GitLab to the gateway.",
    ),
    (r"not configured your local AI gateway|no gateway URL", "Set ai_gateway_url (duo_gateway)."),
    (r"cannot be resolved|getaddrinfo", "Correct the name, or the DNS of the GitLab nodes."),
    (
        r"model server returned code 40[13]",
        "Send a valid API key (api_key of duo_self_hosted_model); for Bedrock check the "
        "credentials of the gateway. GitLab 18.4.0 says 403 by a bug of its own.",
    ),
    (
        r"model server returned code 404",
        "Check endpoint (for vLLM it ends in /v1) and identifier (custom_openai/ and the name that "
        "the model server lists).",
    ),
    (
        r"model server returned code 429",
        "The model server limits its rate: wait, or raise its limit.",
    ),
    (
        r"model server returned code",
        "Check that the model server runs and that the gateway reaches it, and see its log.",
    ),
    (
        r"AI Gateway returned code 40[13]",
        "The gateway cannot check GitLab's token: check AIGW_GITLAB_URL of the gateway, its way to "
        "GitLab and its trust in GitLab's certificate, and the clocks.",
    ),
    (r"AI Gateway returned code (404|422)", f"The gateway does not know this model family. {_TAG}"),
    (
        r"AI Gateway returned code",
        "Check that no proxy answers in place of the gateway, and see the log of the gateway.",
    ),
    (
        r"ReadTimeout|execution expired|[Tt]imed? ?out",
        "GitLab waits 3 s: warm the model up, or raise attempts and delay. If it stays, check that "
        "GitLab reaches the gateway, and the gateway the model.",
    ),
)
# What a model looks like that has not started yet.
_LATE = re.compile(r"ReadTimeout|execution expired|[Tt]imed? ?out|server returned code 50[234]")
# Failures that GitLab is known to report although the features work.
_DOUBTFUL = re.compile(r"Requests to the local network|401 response from the AI gateway")

# Codes that users see in GitLab: meaning, and what to do with self-hosted models.
CODES: dict[str, tuple[str, str]] = {
    "A1000": (
        "Timeout while the request was processed",
        "Raise ai_gateway_timeout_seconds (duo_gateway, 18.7), or use a faster model or network.",
    ),
    "A1001": (
        "The AI service failed, or the request never reached the gateway",
        "Check URL and reachability of the gateway first (duo_health), then its log.",
    ),
    "A1002": ("No events, or unreadable ones, from the gateway", f"See its log. {_TAG}"),
    "A1003": (
        "Streaming failed",
        "Turn buffering off in proxies; to find out, turn streaming off in the gateway "
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
    "M3004": ("No access to Chat", "Assign a seat to the user."),
    "M3005": ("Not part of the subscription", "Check add-ons and seats (duo_subscription)."),
    "M3006": ("Not part of the subscription", "Check add-ons and seats (duo_subscription)."),
    "M4000": ("A slash command or its content could not be processed", "Try again; see the logs."),
    "M5000": ("A slash command or its content could not be processed", "Try again; see the logs."),
    "G3001": ("Not part of the subscription", "Check the add-ons (duo_subscription)."),
    "G3002": ("No default namespace for GitLab Duo", "The user chooses one in the preferences."),
    "DCR4005": ("The code review flow failed", _TAG),
}


def note_of(name: str) -> Note:
    """Return what is known of a check."""
    return NOTES.get(name, OTHER)


def action_for(name: str, message: str) -> str:
    """Return what to do about a failed check."""
    for pattern, action in _MEANINGS:
        if re.search(pattern, message):
            return action
    codes = [code for code in re.findall(r"\b[A-Z]+\d{4}\b", message) if code in CODES]
    return CODES[codes[0]][1] if codes else note_of(name).action or _SEE_GITLAB


def is_late(message: str) -> bool:
    """Return whether a model may only have been too slow, so that it is asked again."""
    return bool(_LATE.search(message))


def is_doubtful(message: str) -> bool:
    """Return whether GitLab is known to report this failure although the features work."""
    return bool(_DOUBTFUL.search(message))

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what to do about a failed check, by probe, host, licence and GitLab's words.

Sources: answers of GitLab 18.9 and 19.4, and its pages on troubleshooting GitLab Duo Self-Hosted,
GitLab Duo Chat and the health check (17.9 to 19.x).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .._duo.licences import LEGACY
from .._subjects.connection_check import NOT_CONNECTED, SLOW
from .health_notes import CODES, FROM_CONTROLLER, MODEL_PROBE, TAG, note_of
from .health_probes import (
    BILLING_HOSTS,
    BILLING_PROBES,
    CLOUD_PROBE,
    HOST_PROBE,
    LICENSE_PROBE,
    SEAT_PROBE,
    SERVICE_PROBE,
    SYNC_PROBES,
    Facts,
    Probe,
)

_SEE_GITLAB = "See GitLab's page on the health check of GitLab Duo, and its logs."


@dataclass(frozen=True)
class _Rule:
    """What to do about failures of these checks if the text matches and the condition holds."""

    checks: tuple[str, ...]  # all, if empty
    text: str
    action: str
    holds: Callable[[Facts, bool], bool] = lambda _facts, _own: True


def _of_site(_facts: Facts, own: bool) -> bool:
    return own


def _in_cloud(_facts: Facts, own: bool) -> bool:
    return not own


def _offline(facts: Facts, own: bool) -> bool:
    return facts.offline and not own


def _offline_without_gateway(facts: Facts, own: bool) -> bool:
    return _offline(facts, own) and not facts.gateway_url


def _never_synchronised(facts: Facts, _own: bool) -> bool:
    return facts.license_type is not None and facts.last_sync is None


_NOT_SYNCHRONISED = (
    "An offline licence is never synchronised and does not use GitLab's cloud; GitLab checks this "
    "only "
)
_SYNC = (
    "Synchronise the subscription (duo_subscription), for which GitLab must be able to reach "
    "customers.gitlab.com and cloud.gitlab.com"
)
_OF_CLOUD = (LICENSE_PROBE, *SYNC_PROBES, CLOUD_PROBE, HOST_PROBE)
_HOSTS = (HOST_PROBE, *BILLING_HOSTS)
_REFUSED = "Connection refused|No route to host|[Nn]etwork is unreachable"
_UNRESOLVED = "cannot be resolved|getaddrinfo|Domain name not found"

# The first rule that fits counts. {host} is the one in GitLab's text.
_RULES = (
    # --- GitLab's cloud and the licence ---
    _Rule(
        _OF_CLOUD, "",
        _NOT_SYNCHRONISED + "because no gateway URL is set: set ai_gateway_url (duo_gateway).",
        _offline_without_gateway,
    ),
    _Rule(
        _OF_CLOUD, "",
        _NOT_SYNCHRONISED + "because features are vendored: set them to another provider "
        "(duo_feature_model).",
        _offline,
    ),
    _Rule(
        (LICENSE_PROBE, *SYNC_PROBES), "",
        "A legacy licence file is never synchronised: get an online licence to use GitLab's cloud, "
        "or set vendored features to another provider (duo_feature_model).",
        lambda facts, _own: facts.license_type == LEGACY,
    ),
    _Rule(
        SYNC_PROBES, "",
        "Synchronise the subscription (duo_subscription), unless the licence is an offline one.",
        lambda facts, _own: facts.license_type is None,
    ),
    _Rule(SYNC_PROBES, "", f"{_SYNC}: it has never been synchronised.", _never_synchronised),
    _Rule(
        SYNC_PROBES, "",
        f"{_SYNC}. The licence was synchronised, but not what GitLab's cloud adds to it, so use "
        "sync: always.",
    ),
    _Rule(
        (SEAT_PROBE,), "does not provide access",
        "The licence has no add-on for features outside the Agent Platform, such as GitLab Duo "
        "Enterprise: get a licence that has one, and add it under Admin > Subscription.",
        lambda facts, _own: facts.offline,
    ),
    _Rule(
        (SEAT_PROBE,), "does not provide access",
        "Buy an add-on for features outside the Agent Platform, such as GitLab Duo Enterprise, "
        "and synchronise the subscription (duo_subscription).",
    ),
    _Rule(
        (SEAT_PROBE,), "necessary permissions",
        "Assign a GitLab Duo seat to the token's user (duo_seats).",
        lambda facts, _own: facts.offline or facts.license_type == LEGACY,
    ),
    _Rule(
        (SEAT_PROBE,), "necessary permissions",
        f"Seats do not count until GitLab knows what the add-ons include. {_SYNC}; then assign a "
        "seat to the token's user, if it has none (duo_seats).",
        _never_synchronised,
    ),
    _Rule(
        (SEAT_PROBE,), "necessary permissions",
        "Assign a GitLab Duo seat to the token's user (duo_seats). If it has one, GitLab "
        f"does not know what the add-on includes, which it learns from its cloud. {_SYNC}; use "
        "sync: always.",
        lambda facts, _own: bool(facts.seats),
    ),
    # --- hosts ---
    _Rule(
        (HOST_PROBE,), "Requests to (the )?(local|loopback|link local)",
        "The features still work: only this probe refuses local addresses. For a green health "
        "check, add the host to the outbound allowlist (duo_preflight with "
        "manage_outbound_allowlist).",
        _of_site,
    ),
    _Rule(
        _HOSTS, "not on the Allow List",
        "GitLab denies all outbound requests except to allowed hosts. If GitLab is to reach "
        "{host}, add it to the outbound allowlist (Admin > Settings > Network > Outbound "
        "requests).",
        _in_cloud,
    ),
    _Rule(
        (), "not on the Allow List",
        "GitLab denies all outbound requests except to allowed hosts: add the host to the "
        "outbound allowlist (duo_preflight with manage_outbound_allowlist).",
    ),
    _Rule(
        BILLING_PROBES, "",
        "With an online licence GitLab reports the use of the Agent Platform to its cloud, and "
        "blocks the Agent Platform if it cannot. Allow each GitLab node to reach {host} (DNS, "
        "firewall, proxy), or use an offline licence.",
    ),
    _Rule(
        (HOST_PROBE, CLOUD_PROBE), "",
        "GitLab asks its cloud because no gateway URL is set: set ai_gateway_url (duo_gateway). "
        "If features are to use GitLab's cloud, allow each GitLab node to reach it (DNS, "
        "firewall, proxy).",
        lambda facts, own: not own and not facts.gateway_url,
    ),
    _Rule(
        (HOST_PROBE,), "",
        "Vendored features use GitLab's cloud: allow each GitLab node to reach {host} (DNS, "
        "firewall, proxy), or set them to another provider (duo_feature_model).",
        _in_cloud,
    ),
    _Rule(
        (HOST_PROBE, MODEL_PROBE), _REFUSED,
        "Nothing answers GitLab at the host and port of the gateway: start the gateway, or correct "
        "ai_gateway_url (duo_gateway); its usual port is 5052.",
    ),
    _Rule(
        (HOST_PROBE, MODEL_PROBE), _UNRESOLVED,
        "Correct the name in ai_gateway_url (duo_gateway), or the DNS of the GitLab nodes.",
    ),
    _Rule(
        (HOST_PROBE, MODEL_PROBE), "[Cc]ertificate|SSL_",
        "Make GitLab trust the certificate of the gateway: add its CA to GitLab's trusted "
        "certificates.",
    ),
    # --- the Agent Platform service ---
    _Rule(
        (SERVICE_PROBE,), "TLS mismatch",
        "Set duo_agent_platform_service_secure: false (duo_gateway) where the service has no TLS; "
        "otherwise correct its certificate.",
        _of_site,
    ),
    _Rule(
        (SERVICE_PROBE,), "",
        "With an offline licence GitLab does not use its cloud: set "
        "duo_agent_platform_service_url (duo_gateway) to a service of your own.",
        _offline,
    ),
    _Rule(
        (SERVICE_PROBE,), "",
        "Allow each GitLab node to reach {host} (HTTP/2), or set duo_agent_platform_service_url "
        "(duo_gateway) to a service of your own.",
        _in_cloud,
    ),
    # --- a connection check ---
    _Rule(
        (), "silent mode",
        "Turn silent mode off: it blocks every request of GitLab to the gateway.",
    ),
    _Rule(
        (MODEL_PROBE, FROM_CONTROLLER), "not configured your local AI gateway|no gateway URL",
        "Set ai_gateway_url (duo_gateway).",
    ),
    _Rule(
        (MODEL_PROBE,), "identifier does not exist",
        "Set identifier (duo_self_hosted_model) to one of the names that the model server lists.",
    ),
    _Rule(
        (MODEL_PROBE,), "model server returned code 403",
        "This is a bug of GitLab 18.4.0: upgrade to a later patch of 18.4.",
        lambda facts, _own: facts.release.is_patch((18, 4, 0)),
    ),
    _Rule(
        (MODEL_PROBE,), "model server returned code 40[13]",
        "Set a valid API key (api_key of duo_self_hosted_model); for Bedrock, check the "
        "credentials of the gateway.",
    ),
    _Rule(
        (MODEL_PROBE,), "model server returned code 404",
        "Check endpoint (for vLLM it ends in /v1) and identifier (custom_openai/ and the name that "
        "the model server lists).",
    ),
    _Rule(
        (MODEL_PROBE,), "model server returned code 429",
        "The model server limits its rate: wait, or raise its limit.",
    ),
    _Rule(
        (MODEL_PROBE,), "model server returned",
        "Check that the model server runs and that the gateway can reach it, and see its log.",
    ),
    _Rule(
        (MODEL_PROBE,), "AI Gateway returned code 40[13]",
        "The gateway cannot verify GitLab's token: check AIGW_GITLAB_URL of the gateway, that the "
        "gateway reaches GitLab and trusts its certificate, and that the clocks agree.",
    ),
    _Rule(
        (MODEL_PROBE,), "AI Gateway returned code (404|422)",
        f"The gateway does not know this model family. {TAG}",
    ),
    _Rule(
        (MODEL_PROBE,), "AI Gateway returned code 500",
        "The gateway itself failed: see its log. The model may still work.",
    ),
    _Rule(
        (MODEL_PROBE,), "AI Gateway returned code",
        "Check that no proxy answers in place of the gateway, and see the log of the gateway.",
    ),
    _Rule(
        (MODEL_PROBE,), NOT_CONNECTED,
        "GitLab waits {seconds} s, and says the same when the gateway is down: look at the check "
        "of the gateway's host first. If that passes, warm up the model, or raise attempts and "
        "delay; if the failure persists, check that the gateway reaches the model's endpoint.",
    ),
    _Rule(
        (MODEL_PROBE,), SLOW,
        "GitLab waits {seconds} s: warm up the model, or raise attempts and delay. If the failure "
        "persists, check that GitLab reaches the gateway and that the gateway reaches the model.",
    ),
)  # fmt: skip

# Failures that GitLab is known to report although the features work.
_DOUBTFUL = re.compile(
    r"Requests to (the )?(local|loopback|link local)|401 response from the AI gateway"
)


def action_for(name: str, message: str, facts: Facts) -> str:
    """Return what to do about a failed check."""
    probe = Probe.of(name, False, message, facts)
    own = probe.own or name in (MODEL_PROBE, FROM_CONTROLLER)
    for rule in _RULES:
        fits = not rule.checks or name in rule.checks
        if fits and re.search(rule.text, message) and rule.holds(facts, own):
            seconds = facts.release.connection_check_seconds
            return rule.action.format(host=probe.host or "it", seconds=seconds)
    codes = [code for code in re.findall(r"\b[A-Z]+\d{4}\b", message) if code in CODES]
    return CODES[codes[0]][1] if codes else note_of(name).action or _SEE_GITLAB


def is_doubtful(message: str) -> bool:
    """Return whether GitLab is known to report this failure although the features work."""
    return bool(_DOUBTFUL.search(message))

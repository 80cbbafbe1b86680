# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes of GitLab's health check, one function each, with GitLab's words.

Texts as 18.9 and 19.4 answered them. Not seen, and so only likely: what a runner that fits says,
a service that cannot be reached although TLS is no matter, and billing that works.
"""

from __future__ import annotations

from typing import Any

from .state import Instance
from .url_blocker import (
    DENIED,
    LOCALHOST,
    LOOPBACK,
    UNRESOLVED,
    Blocked,
    Parts,
    address_of,
    allowlisted,
    parse,
    resolves,
)

CLOUD = "cloud.gitlab.com"
PORTAL = "customers.gitlab.com"
CLOUD_SERVICE = "duo-workflow-svc.runway.gitlab.net:443"
FIREWALL = "If you use firewalls or proxy servers, they must allow traffic to this host."
LOCAL_NETWORK = "Requests to the local network are not allowed"
NO_SEAT = (
    "License includes access to Code Suggestions, "
    "but you lack the necessary permissions to use this feature."
)
NO_RUNNER = (
    "No instance runner with the 'gitlab--duo' tag is registered. Register an active instance "
    "runner with this tag and a Docker-compatible executor (such as docker, docker-autoscaler, or "
    "kubernetes) to run foundational flows."
)
#: It ends with a space, because a link follows on the page.
TLS_MISMATCH = (
    "It fails with a TLS mismatch error. If your self-hosted Duo Agent Platform service endpoint "
    "does not support TLS, turn off TLS connection to the GitLab Duo Agent Platform service "
)
NO_SUCH_NAME = (
    "errors resolving {host}: [field:hostname lookup error:address lookup failed for {host}: "
    "Domain name not found]"
)
NO_TLS = (
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:{host}: Ssl handshake failed "
    "(TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:100000f7:SSL routines:OPENSSL_internal:"
    "WRONG_VERSION_NUMBER: Invalid certificate verification context"
)


def _probe(name: str, failure: str | None, success: str) -> dict[str, Any]:
    """Return a probe's answer, without GitLab's details, which only show the licence."""
    return {
        "name": name,
        "success": failure is None,
        "message": failure if failure is not None else success,
        "details": {},
        "errors": [failure] if failure is not None else [],
    }


# --- licence and subscription --------------------------------------------------------------------
def syncable(instance: Instance) -> bool:
    return instance.license is not None and instance.license.type == "online_cloud"


def license_(instance: Instance) -> dict[str, Any]:
    failure = None if syncable(instance) else "Subscription cannot be synchronized."
    return _probe("license_probe", failure, "Subscription can be synchronized.")


def access(instance: Instance) -> dict[str, Any]:
    synced = syncable(instance) and instance.catalogue_known
    failure = "Subscription has not yet been synchronized. Synchronize your subscription."
    success = "Subscription synchronized successfully."
    return _probe("access_probe", None if synced else failure, success)


def token(instance: Instance) -> dict[str, Any]:
    synced = syncable(instance) and instance.catalogue_known
    failure = "Access credentials not found. Synchronize your subscription."
    return _probe("token_probe", None if synced else failure, "Access credentials are valid.")


def suggestions(instance: Instance, username: str) -> dict[str, Any]:
    failure = None
    if not instance.add_on_active("DUO_ENTERPRISE", "CODE_SUGGESTIONS", "DUO_CORE"):
        failure = "License does not provide access to Code Suggestions."
    elif not instance.has_seat(username) or not instance.catalogue_known:
        failure = NO_SEAT
    return _probe(
        "code_suggestions_license_probe",
        failure,
        "License includes access to Code Suggestions.",
    )


# --- hosts ---------------------------------------------------------------------------------------
def _blocked(text: str) -> str:
    return f"URL is blocked: {text}"


def _denied(instance: Instance, parts: Parts) -> bool:
    denies = instance.settings.get("deny_all_requests_except_allowed")
    return bool(denies) and not allowlisted(instance, parts)


def _host(host: str, error: str | None, name: str = "host_probe") -> dict[str, Any]:
    failure = f"{host} connection failed: {error}.\n\n{FIREWALL}" if error else None
    return _probe(name, failure, f"{host} reachable.")


def _cloud_error(instance: Instance, host: str) -> str | None:
    """Return the error if the cloud is out of reach: as was seen, its name cannot be resolved."""
    if _denied(instance, parse(f"https://{host}")):
        return _blocked(DENIED)
    return None if instance.options.cloud_reachable else _blocked(UNRESOLVED)


def cloud_host(instance: Instance, host: str) -> dict[str, Any]:
    return _host(host, _cloud_error(instance, host))


def presence(instance: Instance, url: str) -> dict[str, Any]:
    brand = "GitLab" if instance.release.at_least(19, 4) else "Gitlab"
    return _probe(
        "ai_gateway_url_presence_probe",
        None,
        f"Self hosted AI Gateway URL is set to {url}. "
        f"It can be changed in the {brand} Duo configuration.",
    )


def gateway_host(instance: Instance, url: str) -> dict[str, Any]:
    """An ordinary request: a local address fails here although features work."""
    try:
        parts = parse(url)
    except Blocked:
        return _probe("host_probe", f"{url} is not a valid URL.", "")
    return _host(parts.host, _gateway_error(instance, parts))


def _gateway_error(instance: Instance, parts: Parts) -> str | None:
    if not resolves(instance, parts.host):
        return _blocked(UNRESOLVED)
    if not allowlisted(instance, parts):
        if _denied(instance, parts):
            return _blocked(DENIED)
        local = _local(instance, parts.host)
        if local:
            return _blocked(local)
    return None if instance.options.gateway_reachable else refused(parts)


def _local(instance: Instance, host: str) -> str | None:
    if instance.settings.get("allow_local_requests_from_web_hooks_and_services"):
        return None
    address = address_of(host)
    if host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", *instance.options.own_addresses):
        return LOCALHOST
    if address is not None and address.is_loopback:
        return LOOPBACK
    return LOCAL_NETWORK if address is not None and address.is_private else None


def refused(parts: Parts) -> str:
    """Return Ruby's words for a port on which nothing listens."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (
        f"Failed to open TCP connection to {parts.host}:{port} "
        f'(Connection refused - connect(2) for "{parts.host}" port {port})'
    )


# --- GitLab's cloud, and the Agent Platform ------------------------------------------------------
def end_to_end(instance: Instance) -> dict[str, Any]:
    error = _cloud_error(instance, CLOUD)
    if error is None and not syncable(instance):
        error = "no answer"
    failure = f"Authentication with the AI gateway services failed: {error}" if error else None
    return _probe(
        "end_to_end_probe", failure, "Authentication with the AI gateway services succeeded."
    )


def agent_platform(instance: Instance, service: str | None) -> dict[str, Any]:
    """Return the probe of a self-hosted service, or of GitLab's own if no URL is given."""
    host = service or CLOUD_SERVICE
    options = instance.options
    mismatch = (
        service is not None
        and not options.service_tls
        and instance.gateway.self_hosted_duo_agent_platform_service_secure
    )
    up = options.service_reachable if service else options.cloud_reachable
    if not instance.release.at_least(19, 4):
        said = f"GitLab Duo Workflow Service at {host} is"
        failure = f"{said} not operational." if mismatch or not up else None
        found = _probe("duo_agent_platform_probe", failure, f"{said} operational.")
    else:
        kind = "self-hosted" if service else "cloud-connected"
        said = f"The {kind} GitLab Duo Agent Platform service at {host} is"
        failure = f"{said} not reachable." if mismatch or not up else None
        if mismatch:
            failure = f"{failure} {TLS_MISMATCH}"
        found = _probe("duo_agent_platform_probe", failure, f"{said} operational.")
    if mismatch:
        found["errors"] = [_grpc(NO_TLS.format(host=host))]
    elif failure and not service:
        found["errors"] = [_grpc(NO_SUCH_NAME.format(host=host))]
    return found


def _grpc(said: str) -> str:
    """Return the words of the gRPC library, whose last parts come in either order."""
    return (
        f"14:{said}. debug_error_string:{{UNKNOWN:Error received from peer  "
        f'{{grpc_message:"{said}", grpc_status:14}}}}'
    )


def billing(instance: Instance) -> list[dict[str, Any]]:
    """Return the probes of the hosts to which GitLab reports use, with an online licence."""
    up = instance.options.cloud_reachable
    failure = (
        f"The cloud GitLab Duo Agent Platform service at {CLOUD_SERVICE} is not reachable. "
        "Self-hosted GitLab Duo usage billing will fail until connectivity is restored."
    )
    success = f"The cloud GitLab Duo Agent Platform service at {CLOUD_SERVICE} is operational."
    service = _probe("billing_duo_workflow_service_probe", None if up else failure, success)
    if not up:
        service["errors"] = [_grpc(NO_SUCH_NAME.format(host=CLOUD_SERVICE))]
    return [
        _host(PORTAL, _cloud_error(instance, PORTAL), "billing_customers_dot_probe"),
        _host(CLOUD, _cloud_error(instance, CLOUD), "billing_cloud_ai_gateway_probe"),
        service,
    ]


# --- flows ---------------------------------------------------------------------------------------
def setting(instance: Instance, name: str, key: str) -> dict[str, Any]:
    said = f"The {name.replace('_', ' ')} setting is"
    failure = None if instance.settings.get(key, True) else f"{said} disabled."
    return _probe(f"{name}_probe", failure, f"{said} enabled.")


def runner(instance: Instance) -> dict[str, Any]:
    """A fresh GitLab has no such runner."""
    failure = None if instance.options.runner else NO_RUNNER
    success = "An instance runner with the 'gitlab--duo' tag is registered."
    return _probe("compatible_runner_probe", failure, success)

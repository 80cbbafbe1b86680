# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's own health check: which probes run, and what they say.

Source: GitLab 18.9, ee/lib/cloud_connector/status_checks.
"""

from __future__ import annotations

from typing import Any

from .state import Instance
from .url_blocker import DENIED, Blocked, Parts, address_of, allowlisted, parse, resolves

CLOUD = "cloud.gitlab.com"
PORTAL = "customers.gitlab.com"
CLOUD_SERVICE = "duo-workflow-svc.runway.gitlab.net:443"
FIREWALL = "If you use firewalls or proxy servers, they must allow traffic to this host."


def _probe(name: str, failure: str | None, success: str) -> dict[str, Any]:
    return {
        "name": name,
        "success": failure is None,
        "message": failure if failure is not None else success,
        "details": {},
        "errors": [failure] if failure is not None else [],
    }


def status(instance: Instance) -> dict[str, Any]:
    """All probes in GitLab's order; `success` is the AND of them."""
    url = instance.gateway.ai_gateway_url
    vendored = {row.feature for row in instance.features if row.provider == "vendored"}
    probes: list[dict[str, Any]] = []
    if not url or vendored:
        probes += [_license(instance), _cloud_host(instance, PORTAL), _cloud_host(instance, CLOUD)]
        probes += [_access(instance), _token(instance)]
        if not url or "code_completions" in vendored:
            probes.append(_end_to_end(instance))
        if instance.release.at_least(18, 4):
            probes.append(_agent_platform(instance))
    if url:
        probes += [_presence(url), _gateway_host(instance, url), _suggestions(instance)]
        if not vendored and _asks_service(instance):
            probes.append(_agent_platform(instance))
    return {"success": all(one["success"] for one in probes), "probeResults": probes}


def _asks_service(instance: Instance) -> bool:
    """18.9: if the service URL is set; 19.x: if an Agent Platform feature is self-hosted."""
    if instance.release.at_least(19, 0):
        rows = [row for row in instance.features if row.feature.startswith("duo_agent_platform")]
        return any(row.provider == "self_hosted" for row in rows)
    return bool(instance.gateway.duo_agent_platform_service_url)


def _syncable(instance: Instance) -> bool:
    return instance.license is not None and instance.license.type == "online_cloud"


def _license(instance: Instance) -> dict[str, Any]:
    failure = None if _syncable(instance) else "Subscription cannot be synchronized."
    return _probe("license_probe", failure, "Subscription can be synchronized.")


def _access(instance: Instance) -> dict[str, Any]:
    synced = instance.license is not None and instance.license.last_sync is not None
    failure = None if synced else "Subscription has not yet been synchronized."
    return _probe("access_probe", failure, "Subscription synchronized successfully.")


def _token(instance: Instance) -> dict[str, Any]:
    synced = instance.license is not None and instance.license.last_sync is not None
    failure = None if synced else "Access credentials not found."
    return _probe("token_probe", failure, "Access credentials are valid.")


def _end_to_end(instance: Instance) -> dict[str, Any]:
    reached = instance.options.cloud_reachable and _syncable(instance)
    failure = None if reached else "Authentication with the AI gateway services failed: no answer"
    return _probe(
        "end_to_end_probe", failure, "Authentication with the AI gateway services succeeded."
    )


def _agent_platform(instance: Instance) -> dict[str, Any]:
    host = instance.gateway.duo_agent_platform_service_url
    up = instance.options.service_reachable if host else instance.options.cloud_reachable
    host = host or CLOUD_SERVICE
    failure = None if up else f"GitLab Duo Workflow Service at {host} is not operational."
    return _probe(
        "duo_agent_platform_probe",
        failure,
        f"GitLab Duo Workflow Service at {host} is operational.",
    )


def _presence(url: str) -> dict[str, Any]:
    text = (
        f"Self hosted AI Gateway URL is set to {url}. "
        "It can be changed in the Gitlab Duo configuration."
    )
    return _probe("ai_gateway_url_presence_probe", None, text)


def _denied(instance: Instance, parts: Parts) -> bool:
    denies = instance.settings.get("deny_all_requests_except_allowed")
    return bool(denies) and not allowlisted(instance, parts)


def _cloud_host(instance: Instance, host: str) -> dict[str, Any]:
    if _denied(instance, parse(f"https://{host}")):
        return _host(host, DENIED)
    return _host(host, None if instance.options.cloud_reachable else "execution expired")


def _host(host: str, error: str | None) -> dict[str, Any]:
    failure = f"{host} connection failed: {error}.\n\n{FIREWALL}" if error else None
    return _probe("host_probe", failure, f"{host} reachable.")


def _gateway_host(instance: Instance, url: str) -> dict[str, Any]:
    """An ordinary request: a private address fails here although features work (inference)."""
    try:
        parts = parse(url)
    except Blocked:
        return _probe("host_probe", f"{url} is not a valid URL.", "")
    if _denied(instance, parts):
        return _host(parts.host, DENIED)
    address = address_of(parts.host)
    local = instance.settings.get("allow_local_requests_from_web_hooks_and_services")
    if address is not None and address.is_private and not local:
        if not allowlisted(instance, parts):
            return _host(parts.host, "Requests to the local network are not allowed")
    elif not resolves(instance, parts.host):
        return _host(parts.host, "getaddrinfo: Name or service not known")
    reachable = instance.options.gateway_reachable
    return _host(parts.host, None if reachable else "execution expired")


def _suggestions(instance: Instance) -> dict[str, Any]:
    licensed = instance.add_on_active("DUO_ENTERPRISE", "CODE_SUGGESTIONS", "DUO_CORE")
    failure = None
    if not licensed:
        failure = "License does not provide access to Code Suggestions."
    elif not instance.options.seat:
        failure = (
            "License includes access to Code Suggestions, "
            "but you lack the necessary permissions to use this feature."
        )
    return _probe(
        "code_suggestions_license_probe", failure, "License includes access to Code Suggestions."
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's own health check: which probes run, in which order.

Source: GitLab 18.9, ee/lib/cloud_connector/status_checks. 18.9 and 19.4 answer as GitLab itself
was seen to; when the probes of 19.4 came is not known.
"""

from __future__ import annotations

from typing import Any

from . import probes
from .state import Instance

Probes = list[dict[str, Any]]


def status(instance: Instance, username: str) -> dict[str, Any]:
    """All probes in GitLab's order, for one user; `success` is the AND of them."""
    newer = instance.release.at_least(19, 4)
    found = (_newer if newer else _older)(instance, username)
    return {"success": all(one["success"] for one in found), "probeResults": found}


def _vendored(instance: Instance) -> set[str]:
    return {row.feature for row in instance.features if row.provider == "vendored"}


def _cloud(instance: Instance) -> Probes:
    """Return the probes of GitLab's cloud, which run if any feature may use it."""
    found = [
        probes.license_(instance),
        probes.cloud_host(instance, probes.PORTAL),
        probes.cloud_host(instance, probes.CLOUD),
        probes.access(instance),
        probes.token(instance),
    ]
    if not instance.gateway.ai_gateway_url or "code_completions" in _vendored(instance):
        found.append(probes.end_to_end(instance))
    return found


def _local(instance: Instance, url: str, username: str) -> Probes:
    return [
        probes.presence(instance, url),
        probes.gateway_host(instance, url),
        probes.suggestions(instance, username),
    ]


def _older(instance: Instance, username: str) -> Probes:
    url, vendored = instance.gateway.ai_gateway_url, _vendored(instance)
    service = instance.gateway.duo_agent_platform_service_url
    found: Probes = []
    if not url or vendored:
        found += _cloud(instance)
        if instance.release.at_least(18, 4):
            found.append(probes.agent_platform(instance, service))
    if url:
        found += _local(instance, url, username)
        if not vendored and _asks_service(instance):
            found.append(probes.agent_platform(instance, service))
    return found


def _asks_service(instance: Instance) -> bool:
    """18.9: if the service URL is set; 19.x: if an Agent Platform feature is self-hosted."""
    if instance.release.at_least(19, 0):
        rows = [row for row in instance.features if row.feature.startswith("duo_agent_platform")]
        return any(row.provider == "self_hosted" for row in rows)
    return bool(instance.gateway.duo_agent_platform_service_url)


def _newer(instance: Instance, username: str) -> Probes:
    """19.4: the flows' settings and runner, and each Agent Platform service on its own.

    Seen for a gateway, for none, and for one beside vendored features; a service URL was seen with
    a gateway only.
    """
    url = instance.gateway.ai_gateway_url
    flows = [
        probes.setting(instance, "allow_flow_execution", "duo_remote_flows_enabled"),
        probes.setting(instance, "allow_foundational_flows", "duo_foundational_flows_enabled"),
        probes.runner(instance),
    ]
    if not url:
        return _cloud(instance) + _platform(instance) + flows
    local, platform = _local(instance, url, username), _platform(instance)
    if _vendored(instance):
        return _cloud(instance) + flows + local + platform
    return local + flows + platform


def _platform(instance: Instance) -> Probes:
    service = instance.gateway.duo_agent_platform_service_url
    online = probes.syncable(instance)
    offline = instance.license is not None and instance.license.type == "offline_cloud"
    found = [] if offline else [probes.agent_platform(instance, None)]
    if service:
        found.append(probes.agent_platform(instance, service))
    if service and online:
        found += probes.billing(instance)
    return found

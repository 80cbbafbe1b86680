# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of `duoSettingsUpdate`: what is stored and refused.

Source: GitLab 18.9, ee/app/models/ai/setting.rb.
"""

from __future__ import annotations

from typing import Any

from . import application_urls
from .abilities import Abilities
from .errors import GENERAL, FieldError, ServerFault, no_permission
from .state import Instance
from .url_blocker import Blocked, check_gateway

MAX_URL = 2048
#: Refused by the mutation itself (`duoCliEnabled` came with 19.0).
NEVER_NULL = ("duoCoreFeaturesEnabled", "duoCliEnabled")
#: Columns that the database refuses null for.
NOT_NULL = (
    "self_hosted_duo_agent_platform_service_secure",
    "include_recommended_allowed",
    "allow_all_unix_sockets",
    "allow_project_extension",
)
#: Access levels, and the lowest that each argument takes (18.9, executed with the flag on).
LEVELS = {
    "NO_ACCESS": 0, "MINIMAL_ACCESS": 5, "GUEST": 10, "PLANNER": 15, "REPORTER": 20,
    "SECURITY_MANAGER": 25, "DEVELOPER": 30, "MAINTAINER": 40, "OWNER": 50, "ADMIN": 60,
}  # fmt: skip
LOWEST = {
    "minimum_access_level_execute": 10,
    "minimum_access_level_execute_async": 30,
    "minimum_access_level_manage": 30,
    "minimum_access_level_enable_on_projects": 30,
}
#: Columns whose change leaves an audit event (19.4, executed).
AUDITED = ("ai_gateway_url", "ai_gateway_timeout_seconds")

#: Argument, column and needed ability, in the order GitLab checks permissions. Where keys newer
#: than 18.9 stand is not known; they need what their neighbours need.
ARGUMENTS = (
    ("aiGatewayUrl", "ai_gateway_url", "models"),
    ("duoAgentPlatformServiceUrl", "duo_agent_platform_service_url", "models"),
    (
        "selfHostedDuoAgentPlatformServiceSecure",
        "self_hosted_duo_agent_platform_service_secure",
        "models",
    ),
    ("aiGatewayTimeoutSeconds", "ai_gateway_timeout_seconds", "timeout"),
    ("duoCoreFeaturesEnabled", "duo_core_features_enabled", "core"),
    ("minimumAccessLevelExecute", "minimum_access_level_execute", "core"),
    ("minimumAccessLevelExecuteAsync", "minimum_access_level_execute_async", "core"),
    ("minimumAccessLevelManage", "minimum_access_level_manage", "core"),
    ("minimumAccessLevelEnableOnProjects", "minimum_access_level_enable_on_projects", "core"),
    ("duoCliEnabled", "duo_cli_enabled", "core"),
    ("includeRecommendedAllowed", "include_recommended_allowed", "core"),
    ("allowAllUnixSockets", "allow_all_unix_sockets", "core"),
    ("allowProjectExtension", "allow_project_extension", "core"),
)


def may(abilities: Abilities, column: str) -> bool:
    need = next(need for _argument, name, need in ARGUMENTS if name == column)
    if need == "timeout":
        return abilities.manage_gateway_timeout
    return abilities.manage_self_hosted if need == "models" else abilities.manage_duo_core


def _without_slash(url: str | None) -> str | None:
    """Remove one trailing slash; a blank rest becomes null, but spaces around a URL stay."""
    if url is not None and url.endswith("/"):
        url = url[:-1]
    return url if url and url.strip() else None


def update(instance: Instance, abilities: Abilities, data: dict[str, Any]) -> list[str]:
    """Store the given values; the messages are one string, joined by commas."""
    if instance.release.at_least(19, 4) and not abilities.admin:
        # `authorize :admin_all_resources` before everything, even if nothing is sent.
        raise FieldError(GENERAL)
    for argument in NEVER_NULL:
        if argument in data and data[argument] is None:
            raise FieldError(f"{argument} can't be null")
    modern = instance.release.at_least(18, 0)
    if modern:
        for argument, column, _need in ARGUMENTS:
            if argument in data and not may(abilities, column):
                raise no_permission(column)
    elif not abilities.manage_self_hosted:
        raise FieldError(GENERAL)
    given = {column: data[argument] for argument, column, _need in ARGUMENTS if argument in data}
    if not modern:
        # The service is always called with the key: leaving it out clears the URL.
        given.setdefault("ai_gateway_url", None)
    if not instance.flag("dap_instance_customizable_permissions"):
        given = {k: v for k, v in given.items() if not k.startswith("minimum_access_level")}
    for column in ("ai_gateway_url", "duo_agent_platform_service_url"):
        if column in given:
            given[column] = _without_slash(given[column])
    found = problems(instance, given)
    if found:
        return [", ".join(found)]
    if any(name in given and given[name] is None for name in NOT_NULL):
        # Only a constraint of the database refuses it; 19.4 rescues it.
        if not instance.release.at_least(19, 0):
            raise ServerFault
        return ["Unable to update AI settings"]
    _save(instance, given)
    return []


def _save(instance: Instance, given: dict[str, Any]) -> None:
    changed = instance.write_gateway(given)
    if instance.release.at_least(19, 4) and changed & set(AUDITED):
        instance.audit("ai_setting_updated")


def problems(instance: Instance, given: dict[str, Any]) -> list[str]:
    """In GitLab's order: both lengths, the URL's refusal, the timeout."""
    found = []
    if instance.release.at_least(19, 2):
        # The settings are columns of the application settings, a row that is checked as a whole.
        blocked = application_urls.blocked(instance)
        found += [f"{name.replace('_', ' ').capitalize()} {why}" for name, why in blocked.items()]
    url = given.get("ai_gateway_url") or ""
    if len(url) > MAX_URL:
        found.append("Ai gateway url is too long (maximum is 2048 characters)")
    if len(given.get("duo_agent_platform_service_url") or "") > MAX_URL:
        found.append("Duo agent platform service url is too long (maximum is 2048 characters)")
    # Validations look at the whole record, so an unchanged URL is looked up again. Whether GitLab
    # skips it then is not known: the stricter reading.
    url = url if "ai_gateway_url" in given else instance.gateway.ai_gateway_url or ""
    if url:
        try:
            check_gateway(instance, url)
        except Blocked as reason:
            joint = " " if instance.release.at_least(18, 0) else " is not allowed: "
            found.append(f"Ai gateway url{joint}{reason}")
    for column, lowest in LOWEST.items():
        level = given.get(column)
        if level is not None and LEVELS[level] < lowest:
            name = column.replace("_", " ").capitalize()
            found.append(f"{name} must be greater than or equal to {lowest}")
    if "ai_gateway_timeout_seconds" in given:
        seconds = given["ai_gateway_timeout_seconds"]
        if seconds is None and instance.release.at_least(19, 2):
            pass
        elif seconds is None:
            found.append("Ai gateway timeout seconds is not a number")
        elif seconds < 60:
            found.append("Ai gateway timeout seconds must be greater than or equal to 60")
        elif seconds > 600:
            found.append("Ai gateway timeout seconds must be less than or equal to 600")
    return found

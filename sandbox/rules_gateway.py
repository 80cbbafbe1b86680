# SPDX-License-Identifier: GPL-3.0-or-later
"""`duoSettingsUpdate`: what is stored, what is refused.

Source: GitLab 18.9, ee/app/models/ai/setting.rb.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import application_urls
from .abilities import Abilities
from .errors import GENERAL, FieldError, no_permission
from .state import Instance, now
from .url_blocker import Blocked, check_gateway

MAX_URL = 2048

#: Argument, column and needed ability, in the order GitLab checks permissions. Where keys newer
#: than 18.9 stand is not known; they need what their neighbours need.
ARGUMENTS = (
    ("aiGatewayUrl", "ai_gateway_url", "models"),
    ("duoAgentPlatformServiceUrl", "duo_agent_platform_service_url", "models"),
    ("aiGatewayTimeoutSeconds", "ai_gateway_timeout_seconds", "models"),
    ("duoCoreFeaturesEnabled", "duo_core_features_enabled", "core"),
    ("minimumAccessLevelExecute", "minimum_access_level_execute", "core"),
    ("minimumAccessLevelExecuteAsync", "minimum_access_level_execute_async", "core"),
    ("minimumAccessLevelManage", "minimum_access_level_manage", "core"),
    ("minimumAccessLevelEnableOnProjects", "minimum_access_level_enable_on_projects", "core"),
    (
        "selfHostedDuoAgentPlatformServiceSecure",
        "self_hosted_duo_agent_platform_service_secure",
        "models",
    ),
    ("duoCliEnabled", "duo_cli_enabled", "core"),
    ("includeRecommendedAllowed", "include_recommended_allowed", "core"),
    ("allowAllUnixSockets", "allow_all_unix_sockets", "core"),
    ("allowProjectExtension", "allow_project_extension", "core"),
)


def may(abilities: Abilities, column: str) -> bool:
    need = next(need for _argument, name, need in ARGUMENTS if name == column)
    return abilities.manage_self_hosted if need == "models" else abilities.manage_duo_core


def _without_slash(url: str | None) -> str | None:
    """Exactly one trailing slash goes, then blank becomes null; blanks around it stay."""
    if url is not None and url.endswith("/"):
        url = url[:-1]
    return url if url and url.strip() else None


def update(instance: Instance, abilities: Abilities, data: dict[str, Any]) -> list[str]:
    """Store what was given; the messages are one string, joined by commas."""
    if "duoCoreFeaturesEnabled" in data and data["duoCoreFeaturesEnabled"] is None:
        raise FieldError("duoCoreFeaturesEnabled can't be null")
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
    changed = replace(instance.gateway, **given)
    if changed != instance.gateway:
        changed.updated_at = now()
        instance.gateway = changed
    return []


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
    if "ai_gateway_timeout_seconds" in given:
        seconds = given["ai_gateway_timeout_seconds"]
        if seconds is None:
            found.append("Ai gateway timeout seconds is not a number")
        elif seconds < 60:
            found.append("Ai gateway timeout seconds must be greater than or equal to 60")
        elif seconds > 600:
            found.append("Ai gateway timeout seconds must be less than or equal to 600")
    return found

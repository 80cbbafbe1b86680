# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings that REST reads and writes.

Source: GitLab 18.9, ee/app/helpers/ee/application_settings_helper.rb.
"""

from __future__ import annotations

import re
from typing import Any

from .versions import Release

#: Name: (first release, default). Releases from the documentation; 17.9 stands for "or earlier".
KNOWN: dict[str, tuple[tuple[int, int], Any]] = {
    "duo_availability": ((17, 9), "default_on"),
    "duo_features_enabled": ((17, 9), True),
    "lock_duo_features_enabled": ((17, 9), False),
    "instance_level_ai_beta_features_enabled": ((17, 9), False),
    "enabled_expanded_logging": ((17, 9), False),
    "disabled_direct_code_suggestions": ((17, 9), False),
    "model_prompt_cache_enabled": ((18, 3), True),
    "lock_model_prompt_cache_enabled": ((18, 3), False),
    "duo_chat_expiration_days": ((18, 1), 30),
    "duo_chat_expiration_column": ((18, 1), "last_updated_at"),
    "duo_agent_platform_enabled": ((18, 7), True),
    "duo_remote_flows_enabled": ((18, 3), True),
    "duo_remote_flows_availability": ((18, 4), True),
    "duo_foundational_flows_enabled": ((18, 7), True),
    "duo_foundational_flows_availability": ((18, 7), True),
    "enabled_foundational_flows": ((18, 7), []),
    "foundational_agents_default_enabled": ((18, 6), True),
    "foundational_agents_statuses": ((18, 6), []),
    "duo_workflows_default_image_registry": ((18, 9), None),
    "duo_namespace_access_rules": ((18, 8), []),
    "allow_local_requests_from_web_hooks_and_services": ((17, 9), False),
    "outbound_local_requests_allowlist_raw": ((17, 9), ""),
    "deny_all_requests_except_allowed": ((17, 9), False),
    "dns_rebinding_protection_enabled": ((17, 9), True),
    "home_page_url": ((17, 9), None),
    "help_page_support_url": ((17, 9), None),
    "help_page_documentation_base_url": ((17, 9), "https://docs.gitlab.com"),
    "after_sign_out_path": ((17, 9), None),
    "diagramsnet_enabled": ((17, 9), True),
    "diagramsnet_url": ((17, 9), "https://embed.diagrams.net"),
    "update_runner_versions_enabled": ((17, 9), True),
    "silent_mode_enabled": ((17, 9), False),
    "signup_enabled": ((17, 9), True),
}
#: Shown and accepted only with a licence that has them; a write is dropped without a word.
LICENSED = ("disabled_direct_code_suggestions", "duo_workflows_default_image_registry")
AVAILABILITIES = ("default_on", "default_off")
ALLOWLIST = "outbound_local_requests_allowlist_raw"
TRUE = (True, 1, "1", "true", "t", "yes", "on")
FALSE = (False, 0, "0", "false", "f", "no", "off")


class Refused(ValueError):
    """A value of the wrong kind."""


def defaults(release: Release) -> dict[str, Any]:
    return {name: value for name, (since, value) in KNOWN.items() if release.at_least(*since)}


def problems(given: dict[str, Any]) -> dict[str, list[str]]:
    """Values that GitLab's model refuses, by its own field."""
    found: dict[str, list[str]] = {}
    days = given.get("duo_chat_expiration_days")
    if days is not None and not (str(days).isdigit() and 1 <= int(days) <= 30):
        found["duo_chat_expiration_days"] = ["must be between 1 and 30"]
    # `application_setting.rb`, `qualified_domain_array_validator.rb`; the field has its old name.
    entries = set(re.split(r"[\s,;]+", str(given.get(ALLOWLIST) or "")))
    texts = ["is too long (maximum is 1000 entries)"] if len(entries - {""}) > 1000 else []
    if any(len(entry) > 255 for entry in entries):
        texts.append("entries cannot be larger than 255 characters")
    if texts:
        found["outbound_local_requests_whitelist"] = texts
    return found


def normalised(given: dict[str, Any]) -> dict[str, Any]:
    """What GitLab stores for what was sent."""
    stored: dict[str, Any] = {}
    for name, value in given.items():
        default = KNOWN.get(name, ((17, 9), None))[1]
        if isinstance(default, bool):
            if value not in TRUE and value not in FALSE:
                raise Refused(f"{name} is invalid")
            value = value in TRUE
        stored[name] = value
    if "duo_availability" in stored and stored["duo_availability"] not in AVAILABILITIES:
        stored["duo_availability"] = "never_on"
        stored["instance_level_ai_beta_features_enabled"] = False
    return stored

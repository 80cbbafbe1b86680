# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings that REST reads and writes, and how they are shown.

Source: GitLab 18.9, ee/app/helpers/ee/application_settings_helper.rb and
ee/app/models/ee/application_setting.rb; the rest from answers of 18.9 and 19.4
(tests/unit/recorded).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .abilities import Abilities, Caller
from .state import Instance
from .versions import Release

ALLOWLIST = "outbound_local_requests_allowlist_raw"
AVAILABILITY = "duo_availability"
BETA = "instance_level_ai_beta_features_enabled"
DIRECT = "disabled_direct_code_suggestions"
REVIEW = "auto_duo_code_review_enabled"
RULES = "duo_namespace_access_rules"
STATUSES = "foundational_agents_statuses"
DUO = ("duo_features_enabled", "lock_duo_features_enabled")


@dataclass(frozen=True)
class Setting:
    """One setting. `since` is from the documentation; 17.9 stands for "or earlier"."""

    since: tuple[int, int]
    default: Any
    #: A boolean that accepts any text: everything but "false" and the like is true.
    lenient: bool = False
    #: What null does to a boolean: "refused" by the model, "kept", or "fails" with 500.
    null: str = "refused"
    #: Shown, and written, only with a paid plan; otherwise a write is dropped without a word.
    paid: bool = False
    #: Stored, and never shown.
    hidden: bool = False
    #: Alone it is no parameter: GitLab's "at least one of" forgets it.
    companion: bool = False
    #: A row of its own, saved before the others are looked at: a refusal does not undo it.
    apart: bool = False


AGENTS = (
    (
        "duo_planner",
        "Planner",
        "Get help with planning and workflow management. Organize, edit, create, and track work "
        "more effectively in GitLab.\n",
    ),
    (
        "security_analyst_agent",
        "Security Analyst",
        "Automate vulnerability management and security workflows. The Security Analyst Agent acts "
        "as an\nAI team member that can autonomously analyze,\ntriage, and remediate security "
        "vulnerabilities, reducing manual security tasks while ensuring\ncritical exploitable "
        "vulnerabilities are immediately surfaced and addressed.\n",
    ),
    (
        "analytics_agent",
        "Data Analyst",
        "Beta AI assistant for analyzing data in GitLab, powered by GLQL\n",
    ),
)
NO_STATUS = [
    {"reference": reference, "name": name, "description": text, "enabled": None}
    for reference, name, text in AGENTS
]

KNOWN: dict[str, Setting] = {
    "duo_features_enabled": Setting((17, 9), True),
    "lock_duo_features_enabled": Setting((17, 9), False),
    BETA: Setting((17, 9), False),
    "enabled_expanded_logging": Setting((17, 9), False, lenient=True, null="fails"),
    DIRECT: Setting((17, 9), False, lenient=True),
    "model_prompt_cache_enabled": Setting((18, 3), True),
    "lock_model_prompt_cache_enabled": Setting((18, 3), False),
    "duo_chat_expiration_days": Setting((18, 1), 30),
    "duo_chat_expiration_column": Setting((18, 1), "last_updated_at"),
    REVIEW: Setting((18, 3), False, paid=True),
    "duo_agent_platform_enabled": Setting((18, 7), True, lenient=True, null="fails", apart=True),
    "duo_remote_flows_enabled": Setting((18, 3), True),
    "lock_duo_remote_flows_enabled": Setting((18, 3), False, null="fails", hidden=True),
    "duo_foundational_flows_enabled": Setting((18, 7), True),
    "lock_duo_foundational_flows_enabled": Setting((18, 7), False, hidden=True, companion=True),
    "enabled_foundational_flows": Setting((18, 7), []),
    "foundational_agents_default_enabled": Setting((18, 6), True, lenient=True, null="kept"),
    STATUSES: Setting((18, 6), NO_STATUS),
    "duo_workflow_oauth_application_id": Setting((18, 9), None),
    "duo_workflows_default_image_registry": Setting((18, 9), None, paid=True, companion=True),
    RULES: Setting((18, 8), []),
    "duo_cli_enabled": Setting((19, 0), True, lenient=True, null="fails", apart=True),
    "tool_approval_for_session_enabled": Setting((19, 0), True, lenient=True, null="fails"),
    "lock_tool_approval_for_session_enabled": Setting((19, 0), False, hidden=True, companion=True),
    "ai_audit_events_streaming_enabled": Setting(
        (19, 1), False, lenient=True, null="fails", apart=True
    ),
    "duo_custom_agents_enabled": Setting((19, 1), True),
    "lock_duo_custom_agents_enabled": Setting((19, 1), False, paid=True),
    "duo_custom_flows_enabled": Setting((19, 1), True),
    "lock_duo_custom_flows_enabled": Setting((19, 1), False, paid=True),
    "duo_external_agents_enabled": Setting((19, 1), True),
    "lock_duo_external_agents_enabled": Setting((19, 1), False, paid=True),
    "duo_template_project_id": Setting((19, 3), None, paid=True),
    "ai_action_api_rate_limit": Setting((17, 9), 160),
    "code_suggestions_api_rate_limit": Setting((17, 9), 60),
    "allow_local_requests_from_web_hooks_and_services": Setting((17, 9), False),
    "allow_local_requests_from_system_hooks": Setting((17, 9), True),
    ALLOWLIST: Setting((17, 9), ""),
    "deny_all_requests_except_allowed": Setting((17, 9), False),
    "dns_rebinding_protection_enabled": Setting((17, 9), True),
    "home_page_url": Setting((17, 9), None),
    "help_page_support_url": Setting((17, 9), None),
    "help_page_documentation_base_url": Setting((17, 9), "https://docs.gitlab.com"),
    "after_sign_out_path": Setting((17, 9), None),
    "diagramsnet_enabled": Setting((17, 9), True),
    "diagramsnet_url": Setting((17, 9), "https://embed.diagrams.net"),
    "update_runner_versions_enabled": Setting((17, 9), True),
    "silent_mode_enabled": Setting((17, 9), False),
    "signup_enabled": Setting((17, 9), True),
}
#: Two words for one: `…_availability` and the two settings that it stands for.
SWITCHES = {
    "duo_remote_flows_availability": ((18, 4), "duo_remote_flows_enabled"),
    "duo_foundational_flows_availability": ((18, 7), "duo_foundational_flows_enabled"),
    "duo_custom_agents_availability": ((19, 1), "duo_custom_agents_enabled"),
    "duo_custom_flows_availability": ((19, 1), "duo_custom_flows_enabled"),
    "duo_external_agents_availability": ((19, 1), "duo_external_agents_enabled"),
}
TOOL_APPROVAL = "tool_approval_for_session_availability"
CODE_COMPLETION = ("CODE_SUGGESTIONS", "DUO_ENTERPRISE")


def states(release: Release) -> dict[str, tuple[bool, bool]]:
    """Availability of GitLab Duo: enabled, and locked. `always_on` came with 19.1."""
    always = {"always_on": (True, True)} if release.at_least(19, 1) else {}
    return {"default_on": (True, False), "default_off": (False, False), **always}


def defaults(release: Release) -> dict[str, Any]:
    """What a fresh instance stores."""
    return {name: one.default for name, one in KNOWN.items() if release.at_least(*one.since)}


def parameters(release: Release) -> list[str]:
    """What REST takes."""
    words = [word for word, (since, _name) in SWITCHES.items() if release.at_least(*since)]
    if release.at_least(19, 0):
        words.append(TOOL_APPROVAL)
    hidden = ("lock_duo_foundational_flows_enabled", "lock_tool_approval_for_session_enabled")
    stored = [name for name in defaults(release) if name not in hidden]
    return [AVAILABILITY, *stored, *words]


def stored(instance: Instance) -> dict[str, Any]:
    return {**defaults(instance.release), **instance.settings}


def shown(instance: Instance) -> dict[str, Any]:
    """The settings as REST and the administrator's pages show them."""
    values = stored(instance)
    if paid(instance):
        values.setdefault("maintenance_mode", instance.options.maintenance)
        values.setdefault("maintenance_mode_message", None)
    enabled, locked = (bool(values[name]) for name in DUO)
    known = {state: name for name, state in states(instance.release).items()}
    values[AVAILABILITY] = known.get((enabled, locked), "never_on")
    for word, (since, name) in SWITCHES.items():
        if instance.release.at_least(*since):
            values[word] = values[name]
    if instance.release.at_least(19, 0):
        on, lock = (values[f"{p}tool_approval_for_session_enabled"] for p in ("", "lock_"))
        values[TOOL_APPROVAL] = "never_on" if lock else "default_on" if on else "default_off"
    if not enabled:
        values.pop(REVIEW, None)
    if RULES in values and not paid(instance):
        values[RULES] = {}
    return {name: value for name, value in values.items() if visible(instance, name)}


def paid(instance: Instance) -> bool:
    return Abilities(instance, Caller()).paid_plan


def visible(instance: Instance, name: str) -> bool:
    one = KNOWN.get(name)
    if name == DIRECT:
        known = instance.catalogue_known and instance.add_on_active(*CODE_COMPLETION)
        return paid(instance) and known
    return one is None or not (one.hidden or (one.paid and not paid(instance)))


def writable(instance: Instance, name: str) -> bool:
    """Return whether a write has an effect and is not silently dropped."""
    return KNOWN[name].hidden or visible(instance, name)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_settings."""

from __future__ import annotations

from typing import Any

from scenarios import UNCHANGED, Scenario, before, since

READING = (2, 2, 2, 2)
KEPT = {"flags": {"dap_instance_customizable_permissions": True}}
IN_17_9: dict[str, Any] = {
    "availability": "default_off",
    "expanded_logging": True,
    "direct_code_suggestions": False,
    "experiment_and_beta_features": True,
    "documentation_url": "https://docs.example.com",
}
STORED_17_9 = {
    "duo_features_enabled": False,
    "lock_duo_features_enabled": False,
    "enabled_expanded_logging": True,
    "disabled_direct_code_suggestions": True,
    "instance_level_ai_beta_features_enabled": True,
    "help_page_documentation_base_url": "https://docs.example.com",
}
IN_18_9: dict[str, Any] = {
    **IN_17_9,
    "duo_core": True,
    "chat_retention_days": 7,
    "chat_retention_from": "created_at",
    "remote_flows": False,
    "foundational_flows": False,
    "agent_platform": False,
    "workflow_image_registry": "registry.example.com:5000",
    "minimum_access_level_execute": "guest",
    "minimum_access_level_execute_async": "developer",
    "minimum_access_level_manage": "owner",
    "minimum_access_level_enable_on_projects": "admin",
}
STORED_18_9 = {
    **STORED_17_9,
    "duo_chat_expiration_days": 7,
    "duo_chat_expiration_column": "created_at",
    "duo_remote_flows_enabled": False,
    "lock_duo_remote_flows_enabled": True,
    "duo_foundational_flows_enabled": False,
    "duo_agent_platform_enabled": False,
    "duo_workflows_default_image_registry": "registry.example.com:5000",
}
GRAPHQL_18_9 = {
    "duo_core_features_enabled": True,
    "minimum_access_level_execute": "GUEST",
    "minimum_access_level_execute_async": "DEVELOPER",
    "minimum_access_level_manage": "OWNER",
    "minimum_access_level_enable_on_projects": "ADMIN",
}
IN_19_1: dict[str, Any] = {
    **IN_18_9,
    "availability": "always_on",
    "duo_cli": False,
    "session_tool_approval": "never_on",
    "ai_audit_event_streaming": True,
    "custom_agents": False,
    "custom_flows": False,
    "external_agents": False,
}


def settings(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of the instance-wide settings."""
    return Scenario("settings-" + name, "duo_settings", args, **keywords)


SCENARIOS = [
    settings(
        "everything-17.9",
        IN_17_9,
        requests=(2, 5, 2, 2),
        returns={"settings": IN_17_9},
        after={"settings": STORED_17_9},
    ),
    settings(
        "everything-18.9",
        IN_18_9,
        seed=KEPT,
        releases=since("18.9"),
        # One write over GraphQL, one over REST, and one for the switch that has to be alone.
        requests=(2, 7, 2, 2),
        warnings=("dap_instance_customizable_permissions is on, which it does not show",),
        only_warns_of_changes=True,
        returns={"settings": IN_18_9},
        after={"settings": STORED_18_9, "gateway": GRAPHQL_18_9},
    ),
    settings(
        "everything-19.4",
        IN_19_1,
        seed=KEPT,
        releases=since("19.4"),
        requests=(2, 9, 2, 2),
        warnings=("dap_instance_customizable_permissions is on, which it does not show",),
        only_warns_of_changes=True,
        returns={"settings": IN_19_1},
        after={
            "settings": {
                "duo_features_enabled": True,
                "lock_duo_features_enabled": True,
                "duo_cli_enabled": False,
                "lock_tool_approval_for_session_enabled": True,
                "ai_audit_events_streaming_enabled": True,
                "duo_custom_agents_enabled": False,
                "lock_duo_custom_flows_enabled": True,
                "lock_duo_external_agents_enabled": True,
            }
        },
    ),
    settings(
        "not-on-this-release",
        {**IN_18_9, "when_unsupported": "warn"},
        releases=before("17.10"),
        requests=(2, 5, 2, 2),
        warnings=("Skipped on GitLab 17.9.2: duo_core (needs 18.0), chat_retention_days (needs",),
        returns={"settings": IN_17_9},
        after={"settings": STORED_17_9},
    ),
    settings(
        "not-with-this-licence",
        {
            "expanded_logging": True,
            "workflow_image_registry": "registry.example.com",
            "when_unsupported": "warn",
        },
        seed={"license": {"plan": "starter"}},
        releases=since("18.9"),
        requests=(2, 5, 2, 2),
        warnings=("workflow_image_registry is skipped: ",),
        after={"settings": {"enabled_expanded_logging": True}},
    ),
    settings(
        "duo-core-alone",
        {"duo_core": False},
        seed={"gateway": {"duo_core_features_enabled": True}},
        releases=since("18.4"),
        # GitLab's answer to the write proves it.
        requests=(2, 3, 2, 2),
        after={"gateway": {"duo_core_features_enabled": False}},
        steps=("change GitLab Duo setting duo_core (true -> false)",),
    ),
    settings("nothing-asked", {}, changed=UNCHANGED, requests=READING),
    settings(
        "there-already",
        IN_17_9,
        seed={"settings": STORED_17_9},
        changed=UNCHANGED,
        requests=READING,
    ),
]

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance-wide settings of GitLab Duo: their names in GitLab's APIs, and what each needs, as data.

``ee/app/helpers/ee/application_settings_helper.rb`` (REST) and ``mutations/ai/duo_settings/update``
(GraphQL) of GitLab 18.9, 18.11, 19.0, 19.1 and 19.4, whose answers were looked at key by key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._base.version import Minor
from .offers import Offer

REST, GRAPHQL = "rest", "graphql"


@dataclass(frozen=True)
class InstanceSetting(Offer):
    """A setting: ``key`` is its name in the API."""

    key: str
    api: str = REST
    # GitLab stores the opposite.
    inverted: bool = False
    # GitLab saves it before it looks at what came with it: a refusal does not undo it. So it is
    # sent alone.
    apart: bool = False
    # GitLab forgets it in its "at least one parameter": alone it is refused.
    companion: bool = False
    # Without which GitLab does not show it, accepts a value all the same, and does not keep it.
    needs: str = "a licence or an add-on that this GitLab lacks"
    # What else it needs, which does not show: GitLab tells only by not keeping a value.
    flag: str = ""


_PAID = "a Premium or Ultimate licence"
_FLAG = "GitLab's feature flag dap_instance_customizable_permissions"
# That GitLab has from its first supported release on; and since a release whose sources were read.
_OLD: Minor = (17, 9)


def _since(minor: Minor, key: str, **more: Any) -> InstanceSetting:
    return InstanceSetting(minor, minor, key, **more)


def _level(key: str) -> InstanceSetting:
    return _since((18, 7), f"minimumAccessLevel{key}", api=GRAPHQL, needs=_PAID, flag=_FLAG)


SETTINGS: dict[str, InstanceSetting] = {
    "availability": _since(_OLD, "duo_availability"),
    "expanded_logging": _since(_OLD, "enabled_expanded_logging"),
    "direct_code_suggestions": _since(
        _OLD,
        "disabled_direct_code_suggestions",
        inverted=True,
        needs="a Premium or Ultimate licence and an active add-on with Code Suggestions, which an "
        "online licence shows only once the subscription was synchronised",
    ),
    "experiment_and_beta_features": _since(_OLD, "instance_level_ai_beta_features_enabled"),
    "documentation_url": _since(_OLD, "help_page_documentation_base_url"),
    "duo_core": _since((18, 0), "duoCoreFeaturesEnabled", api=GRAPHQL, needs=_PAID),
    "chat_retention_days": _since((18, 1), "duo_chat_expiration_days"),
    "chat_retention_from": _since((18, 1), "duo_chat_expiration_column"),
    "remote_flows": _since((18, 4), "duo_remote_flows_availability"),
    "foundational_flows": _since((18, 7), "duo_foundational_flows_availability"),
    "agent_platform": _since((18, 7), "duo_agent_platform_enabled", apart=True),
    "workflow_image_registry": _since(
        (18, 9), "duo_workflows_default_image_registry", companion=True, needs=_PAID
    ),
    "minimum_access_level_execute": _level("Execute"),
    "minimum_access_level_execute_async": _level("ExecuteAsync"),
    "minimum_access_level_manage": _level("Manage"),
    "minimum_access_level_enable_on_projects": _level("EnableOnProjects"),
    "duo_cli": _since((19, 0), "duo_cli_enabled", apart=True),
    "session_tool_approval": _since((19, 0), "tool_approval_for_session_availability"),
    "ai_audit_event_streaming": _since((19, 1), "ai_audit_events_streaming_enabled", apart=True),
    "custom_agents": _since((19, 1), "duo_custom_agents_availability"),
    "custom_flows": _since((19, 1), "duo_custom_flows_availability"),
    "external_agents": _since((19, 1), "duo_external_agents_availability"),
}
# What travels with a setting that is refused alone, as it is: hardly anybody changes it, and no
# rule of GitLab's can refuse a value that it shows.
COMPANION = "chat_retention_from"
# Values that are none of a release before; to 18.x always_on would even mean never_on.
VALUES_SINCE: dict[tuple[str, str], Offer] = {
    ("availability", "always_on"): Offer((19, 1), (19, 1)),
}
# An image registry with a path, a tag or a digest; of 18.10 to 18.11 not read.
REGISTRY_WITH_PATH = Offer((18, 10), (19, 0))

# From the value that lets the least happen to the one that lets the most.
_SCALES: dict[str, tuple[Any, ...]] = {
    "availability": ("never_on", "default_off", "default_on", "always_on"),
    "session_tool_approval": ("never_on", "default_off", "default_on"),
}


def closes(name: str, before: Any, after: Any) -> bool:
    """Return whether a change of a setting lets less happen than before."""
    scale = _SCALES.get(name, (False, True))
    known = before in scale and after in scale
    return known and scale.index(after) < scale.index(before)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance-wide settings of GitLab Duo, in every place where they appear."""

from __future__ import annotations

from textwrap import indent

_OPTIONS = """\
availability:
  description:
    - Whether GitLab Duo is available. With V(default_on) and V(default_off) groups and projects may
      choose otherwise, with V(never_on) and V(always_on) they may not.
    - It is one setting for C(duo_availability), C(duo_features_enabled) and
      C(lock_duo_features_enabled). V(always_on) needs GitLab 19.1 or later.
    - With V(never_on) GitLab turns O(experiment_and_beta_features) off too.
  type: str
  choices: [default_on, default_off, never_on, always_on]
expanded_logging:
  description:
    - AI logs. GitLab and the AI gateway then log prompts and answers, and so what users write.
  type: bool
direct_code_suggestions:
  description:
    - Whether editors may send requests for code suggestions to the gateway directly, which then has
      to be reachable from where users work. If not, they send them to GitLab.
    - GitLab stores the opposite, C(disabled_direct_code_suggestions). It needs an active add-on
      with Code Suggestions.
  type: bool
experiment_and_beta_features:
  description:
    - Experiment and beta features of GitLab Duo as a whole
      (C(instance_level_ai_beta_features_enabled)). These are not the self-hosted beta models and
      features, which M(gitlab_ops.duo.duo_beta_features) turns on.
  type: bool
documentation_url:
  description:
    - Where GitLab's help links lead, for sites that host GitLab's documentation themselves
      (C(help_page_documentation_base_url)). An empty string clears it.
    - GitLab resolves the name when it saves any of its settings, if it refuses all outbound
      requests but those that are allowed.
  type: str
duo_core:
  description:
    - GitLab Duo Core, which GitLab's cloud serves. GitLab 18.0 and later.
  type: bool
chat_retention_days:
  description: Days after which GitLab deletes chats, 1 to 30. GitLab 18.1 and later.
  type: int
chat_retention_from:
  description: Whether these days count from the last message or the first. GitLab 18.1 and later.
  type: str
  choices: [last_updated_at, created_at]
remote_flows:
  description:
    - Whether flows may run on runners. If not, groups and projects may not turn them on either.
      GitLab 18.4 and later.
  type: bool
foundational_flows:
  description:
    - Whether GitLab's own flows may run. If not, groups and projects may not turn them on either.
      GitLab 18.7 and later.
  type: bool
agent_platform:
  description: GitLab Duo Agent Platform. GitLab 18.7 and later.
  type: bool
workflow_image_registry:
  description:
    - Registry from which flows take their default image, as host with an optional port. GitLab 18.9
      and later; from 19.0 on also with a path, tag and digest. An empty string clears it.
  type: str
minimum_access_level_execute:
  description:
    - Lowest role that may use the Agent Platform; V(default) leaves it to GitLab. GitLab 18.7 and
      later.
    - GitLab keeps it only while its feature flag C(dap_instance_customizable_permissions) is on,
      and otherwise accepts it without keeping it. The task then fails, and says so.
  type: str
  choices: [default, guest, planner, reporter, developer, maintainer, owner, admin]
minimum_access_level_execute_async:
  description:
    - Lowest role that may run flows on runners; see O(minimum_access_level_execute).
  type: str
  choices: [default, developer, maintainer, owner, admin]
minimum_access_level_manage:
  description:
    - Lowest role that may manage agents and flows; see O(minimum_access_level_execute).
  type: str
  choices: [default, developer, maintainer, owner, admin]
minimum_access_level_enable_on_projects:
  description:
    - Lowest role that may turn agents and flows on in a project; see
      O(minimum_access_level_execute).
  type: str
  choices: [default, developer, maintainer, owner, admin]
duo_cli:
  description: GitLab Duo CLI. GitLab 19.0 and later.
  type: bool
session_tool_approval:
  description:
    - Whether users may approve a tool of an agent once for a whole session. GitLab 19.0 and later.
  type: str
  choices: [default_on, default_off, never_on]
ai_audit_event_streaming:
  description: Whether audit events of AI features are streamed. GitLab 19.1 and later.
  type: bool
custom_agents:
  description:
    - Whether users may make agents. If not, groups and projects may not allow it either. GitLab
      19.1 and later.
  type: bool
custom_flows:
  description:
    - Whether users may make flows. If not, groups and projects may not allow it either. GitLab 19.1
      and later.
  type: bool
external_agents:
  description:
    - Whether agents of other vendors may be used. If not, groups and projects may not allow it
      either. GitLab 19.1 and later.
  type: bool
"""


class ModuleDocFragment:
    """The options themselves, and as one that holds them."""

    DOCUMENTATION: str
    OPTION: str


# Outside the class, where linters expect literals and cannot follow how the parts are put together.
ModuleDocFragment.DOCUMENTATION = f"""
options:
{indent(_OPTIONS, "  ")}
"""

# An option inside of another has that one in its name.
ModuleDocFragment.OPTION = f"""
options:
  duo_settings:
    description:
      - The instance-wide settings that will be declared, with the options of
        M(gitlab_ops.duo.duo_settings).
    type: dict
    default: {{}}
    suboptions:
{indent(_OPTIONS.replace("O(", "O(duo_settings."), "      ")}
"""

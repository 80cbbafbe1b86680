# SPDX-License-Identifier: GPL-3.0-or-later
"""The data attributes with which the administrator's pages of GitLab Duo start their frontend.

Source: pages of GitLab 18.9 and 19.4 (tests/unit/recorded). What earlier releases showed is not
known beyond the first few: the rest is left out there, the stricter reading.
"""

from __future__ import annotations

import json
from typing import Any

from . import settings
from .abilities import DUO_ADD_ONS, Abilities
from .pages import Visit
from .state import Gateway, Instance
from .versions import Release

OLD_TOGGLE = "/admin/ai/self_hosted_models/toggle_beta_models"
NEW_TOGGLE = "/admin/ai/duo_self_hosted/toggle_beta_models"
DUO = "/admin/gitlab_duo"
CONFIGURATION = f"{DUO}/configuration"
SELF_HOSTED = f"{DUO}/self_hosted"
MODEL_SELECTION = f"{DUO}/model_selection"
SEATS = f"{DUO}/seat_utilization"
WORKFLOW = "/admin/ai/duo_workflow_settings"
DISCONNECT = f"{WORKFLOW}/disconnect"
SUBSCRIPTION = "A-S00000001"
PORTAL = f"https://customers.gitlab.com/gitlab/subscriptions/{SUBSCRIPTION}"

#: Application settings that the page shows under their own name.
SETTINGS_ON_PAGE = (
    "duo_chat_expiration_column",
    "duo_chat_expiration_days",
    "duo_agent_platform_enabled",
    "duo_remote_flows_availability",
    "duo_foundational_flows_availability",
    "duo_workflows_default_image_registry",
    "foundational_agents_default_enabled",
)
SETTINGS_SINCE_19 = (
    "ai_audit_events_streaming_enabled",
    "duo_cli_enabled",
    "duo_custom_agents_availability",
    "duo_custom_flows_availability",
    "duo_external_agents_availability",
    "tool_approval_for_session_availability",
)
LEVELS = {
    "GUEST": 10,
    "PLANNER": 15,
    "REPORTER": 20,
    "DEVELOPER": 30,
    "MAINTAINER": 40,
    "OWNER": 50,
    "ADMIN": 100,
}


def toggle_path(release: Release) -> str:
    """The route moved in 17.10 or 17.11; the sandbox moves it in 17.11."""
    return NEW_TOGGLE if release.at_least(17, 11) else OLD_TOGGLE


def models_path(release: Release) -> str:
    """Seen on 19.4; with which release it moved is not known."""
    return MODEL_SELECTION if release.at_least(19, 4) else SELF_HOSTED


def configuration(visit: Visit) -> dict[str, Any]:
    instance, release = visit.instance, visit.instance.release
    stored = {**settings.stored(instance), **settings.shown(instance)}
    gateway, abilities = instance.gateway, visit.abilities
    data: dict[str, Any] = {
        "beta-self-hosted-models-enabled": instance.beta_on,
        "toggle-beta-models-path": visit.path(toggle_path(release)),
        "redirect-path": visit.path(DUO),
        "duo-availability": stored["duo_availability"],
        "experiment-features-enabled": stored["instance_level_ai_beta_features_enabled"],
        "are-experiment-settings-allowed": abilities.duo_add_on,
        "duo-pro-visible": abilities.duo_add_on,
        "disabled-direct-connection-method": stored["disabled_direct_code_suggestions"],
        "can-configure-ai-logging": True,
        "enabled-expanded-logging": stored["enabled_expanded_logging"],
        "on-general-settings-page": False,
    }
    if release.at_least(18, 0):
        data["duo-core-features-enabled"] = gateway.duo_core_features_enabled
    if release.at_least(18, 4):
        data["expose-duo-agent-platform-service-url"] = abilities.agent_platform
    if not release.at_least(19, 4):
        data.update(_gateway(gateway, release))
    if release.at_least(18, 9):
        execute, later = (
            gateway.minimum_access_level_execute,
            gateway.minimum_access_level_execute_async,
        )
        data.update(
            {
                # Whether earlier pages say this is not known.
                "can-manage-self-hosted-models": abilities.manage_self_hosted,
                "are-prompt-cache-settings-allowed": True,
                "prompt-cache-enabled": stored["model_prompt_cache_enabled"],
                "show-foundational-agents-availability": True,
                "show-foundational-agents-per-agent-availability": True,
                "show-duo-agent-platform-enablement-setting": True,
                "ai-minimum-access-level-to-execute": LEVELS.get(execute or ""),
                "ai-minimum-access-level-to-execute-async": LEVELS[later or "DEVELOPER"],
                "namespace-access-rules": json.dumps(stored["duo_namespace_access_rules"]),
                "foundational-agents-statuses": json.dumps(stored["foundational_agents_statuses"]),
                **_named(stored, SETTINGS_ON_PAGE),
            }
        )
    if release.at_least(19, 4):
        data.update(
            {
                "allow-all-unix-sockets": gateway.allow_all_unix_sockets,
                "allow-project-extension": gateway.allow_project_extension,
                "include-recommended-allowed": gateway.include_recommended_allowed,
                "enforce-on-local-clients": False,
                "can-manage-aigw-timeout": True,
                "duo-instance-model-selection-path": visit.path(MODEL_SELECTION),
                "duo-template-project": None,
                "show-duo-template-project": True,
                "new-group-path": visit.path("/groups/new"),
                "show-gitlab-managed-model-alert": _chooses_models(abilities),
                **_named(stored, SETTINGS_SINCE_19),
            }
        )
    return data


def _gateway(gateway: Gateway, release: Release) -> dict[str, Any]:
    """Return the gateway settings, which no page shows from 19.4 on."""
    data: dict[str, Any] = {"ai-gateway-url": gateway.ai_gateway_url}
    if release.at_least(18, 4):
        data["duo-agent-platform-service-url"] = gateway.duo_agent_platform_service_url
    if release.at_least(18, 6):
        data["ai-gateway-timeout-seconds"] = gateway.ai_gateway_timeout_seconds
    return data


def _named(stored: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name.replace("_", "-"): stored[name] for name in names}


def _chooses_models(abilities: Abilities) -> bool:
    """Return whether the user can choose GitLab's own models, which need an online licence."""
    license_ = abilities.instance.license
    online = license_ is not None and license_.type == "online_cloud"
    return online and abilities.manage_instance_model_selection


def duo_home(visit: Visit) -> dict[str, Any]:
    instance, release, abilities = visit.instance, visit.instance.release, visit.abilities
    moved = release.at_least(19, 4)
    models = "duo-instance-model-selection-path" if moved else "duo-self-hosted-path"
    data: dict[str, Any] = {
        "duo-configuration-path": visit.path(CONFIGURATION),
        models: visit.path(models_path(release)),
    }
    if not release.at_least(18, 9):
        return data
    stored = {**settings.stored(instance), **settings.shown(instance)}
    data.update(
        {
            "beta-self-hosted-models-enabled": instance.beta_on,
            "can-manage-self-hosted-models": abilities.manage_self_hosted,
            "can-manage-instance-model-selection": abilities.manage_instance_model_selection,
            "are-duo-core-features-enabled": instance.gateway.duo_core_features_enabled,
            "are-experiment-settings-allowed": abilities.duo_add_on,
            "are-prompt-cache-settings-allowed": True,
            "direct-code-suggestions-enabled": not stored["disabled_direct_code_suggestions"],
            "duo-availability": stored["duo_availability"],
            "enabled-expanded-logging": stored["enabled_expanded_logging"],
            "experiment-features-enabled": stored["instance_level_ai_beta_features_enabled"],
            "expose-duo-agent-platform-service-url": abilities.agent_platform,
            "prompt-cache-enabled": stored["model_prompt_cache_enabled"],
            "add-duo-pro-seats-url": f"{PORTAL}/duo_pro_seats",
            "duo-seat-utilization-path": visit.path(SEATS),
            "gitlab-credits-dashboard-path": visit.path("/admin/gitlab_credits_dashboard"),
            "is-bulk-add-on-assignment-enabled": True,
            "is-saas": False,
            "redirect-path": visit.path(DUO),
            "subscription-name": SUBSCRIPTION,
            **_add_on(instance),
            **_amazon_q(visit),
        }
    )
    if moved:
        return {**data, "is-sm-trial": None, "show-sm-purchase-button": False}
    return {**data, **_workflow(visit, abilities)}


def _workflow(visit: Visit, abilities: Abilities) -> dict[str, Any]:
    """Return the data on the Agent Platform, which no page shows from 19.4 on."""
    gateway = visit.instance.gateway
    user = visit.instance.workflow_user
    data: dict[str, Any] = {
        "ai-gateway-url": gateway.ai_gateway_url,
        "duo-agent-platform-service-url": gateway.duo_agent_platform_service_url,
        "duo-workflow-settings-path": visit.path(WORKFLOW),
        "duo-workflow-disable-path": visit.path(DISCONNECT),
        "duo-workflow-enabled": visit.instance.workflow_on and abilities.paid_plan,
    }
    if user is not None:
        account = {"id": user.id, "username": user.username, "name": user.name, "avatar_url": None}
        data["duo-workflow-service-account"] = json.dumps(account)
    return data


def _add_on(instance: Instance) -> dict[str, Any]:
    license_ = instance.license
    if license_ is None or not instance.add_on_active("DUO_ENTERPRISE", "CODE_SUGGESTIONS"):
        return {}
    end = license_.expires_at
    return {
        "duo-add-on-start-date": license_.starts_at.isoformat(),
        "duo-add-on-end-date": end.isoformat() if end else None,
    }


def _amazon_q(visit: Visit) -> dict[str, Any]:
    """Return the data on Amazon Q, which is offered if there is no Duo add-on."""
    abilities = visit.abilities
    if not abilities.offline or visit.instance.add_on_active(*DUO_ADD_ONS):
        return {}
    return {
        "amazon-q-auto-review-enabled": False,
        "amazon-q-configuration-path": visit.path(
            "/admin/application_settings/integrations/amazon_q/edit"
        ),
        "amazon-q-ready": False,
    }


def models(visit: Visit) -> dict[str, Any]:
    """The page of the models."""
    instance, release, abilities = visit.instance, visit.instance.release, visit.abilities
    families = sorted(
        (
            {
                "modelValue": name.upper(),
                "modelName": family.display_name,
                "releaseState": family.release_state,
            }
            for name, family in instance.catalog.families.items()
            if instance.beta_on or family.release_state != "BETA"
        ),
        key=lambda one: one["modelName"],
    )
    view: dict[str, Any] = {
        "basePath": visit.path(models_path(release)),
        "modelOptions": families,
        "isDedicatedInstance": False,
        "duoConfigurationSettingsPath": visit.address(CONFIGURATION),
    }
    if release.at_least(18, 9):
        view["betaModelsEnabled"] = instance.beta_on
        view["canManageSelfHostedModels"] = abilities.manage_self_hosted
        view["canManageInstanceModelSelection"] = abilities.manage_instance_model_selection
        view["canManageDapSelfHostedModels"] = abilities.manage_agent_platform_models
    if release.at_least(19, 4):
        view["modelSelectionAllowlistAvailable"] = _chooses_models(abilities)
    return {"view-model": json.dumps(view)}

# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's pages that no token reaches (GitLab 18.9, ee/app/controllers/admin)."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response

from . import html, settings
from .pages import Handler, Visit, gate, not_found
from .state import Acceptance
from .subscription import queue_sync
from .versions import Release

OLD_TOGGLE = "/admin/ai/self_hosted_models/toggle_beta_models"
NEW_TOGGLE = "/admin/ai/duo_self_hosted/toggle_beta_models"

#: Application settings that the 18.9 page shows under their own name.
SETTINGS_ON_PAGE = (
    "duo_chat_expiration_column",
    "duo_chat_expiration_days",
    "duo_agent_platform_enabled",
    "duo_remote_flows_availability",
    "duo_foundational_flows_availability",
    "duo_workflows_default_image_registry",
    "foundational_agents_default_enabled",
)


def toggle_path(release: Release) -> str:
    """The route moved in 17.10 or 17.11; the sandbox moves it in 17.11."""
    return NEW_TOGGLE if release.at_least(17, 11) else OLD_TOGGLE


def enterprise_only(handler: Handler) -> Handler:
    """The Community Edition does not have these routes."""

    def page(visit: Visit) -> Response:
        if not visit.instance.options.enterprise:
            return not_found(visit)
        return handler(visit)

    return page


def admin_home(visit: Visit) -> Response:
    return gate(visit) or visit.html("Admin", "<h1>Admin area</h1>")


def configuration(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    abilities = visit.abilities
    if not abilities.duo_add_on or not abilities.paid_plan:
        return visit.redirect("/admin/gitlab_duo")
    element = html.data_element("js-ai-settings", _configuration_data(visit))
    return visit.html("GitLab Duo configuration", element)


def _configuration_data(visit: Visit) -> dict[str, Any]:
    instance, release = visit.instance, visit.instance.release
    stored = {**settings.defaults(release), **instance.settings}
    data: dict[str, Any] = {
        "ai-gateway-url": instance.gateway.ai_gateway_url,
        "beta-self-hosted-models-enabled": instance.beta_on,
        "toggle-beta-models-path": visit.path(toggle_path(release)),
        "redirect-path": visit.path("/admin/gitlab_duo"),
        "duo-availability": stored["duo_availability"],
        "experiment-features-enabled": stored["instance_level_ai_beta_features_enabled"],
        "are-experiment-settings-allowed": visit.abilities.duo_add_on,
        "duo-pro-visible": visit.abilities.duo_add_on,
        "disabled-direct-connection-method": stored["disabled_direct_code_suggestions"],
        "can-configure-ai-logging": True,
        "enabled-expanded-logging": stored["enabled_expanded_logging"],
        "on-general-settings-page": False,
    }
    if release.at_least(18, 0):
        data["duo-core-features-enabled"] = instance.gateway.duo_core_features_enabled
    if release.at_least(18, 4):
        url = instance.gateway.duo_agent_platform_service_url
        data["duo-agent-platform-service-url"] = url
        agent = visit.abilities.manage_agent_platform_models
        data["expose-duo-agent-platform-service-url"] = agent
    if release.at_least(18, 6):
        data["ai-gateway-timeout-seconds"] = instance.gateway.ai_gateway_timeout_seconds
    if release.at_least(18, 9):
        # Whether earlier pages say this is not known; the stricter reading is that they do not.
        data["can-manage-self-hosted-models"] = visit.abilities.manage_self_hosted
        data["are-prompt-cache-settings-allowed"] = True
        data["prompt-cache-enabled"] = stored["model_prompt_cache_enabled"]
        data["show-foundational-agents-availability"] = True
        data["show-foundational-agents-per-agent-availability"] = True
        data["show-duo-agent-platform-enablement-setting"] = True
        gateway = instance.gateway
        data["ai-minimum-access-level-to-execute"] = gateway.minimum_access_level_execute
        execute_async = gateway.minimum_access_level_execute_async
        data["ai-minimum-access-level-to-execute-async"] = execute_async
        data["namespace-access-rules"] = json.dumps(stored["duo_namespace_access_rules"])
        data["foundational-agents-statuses"] = json.dumps(stored["foundational_agents_statuses"])
        for name in SETTINGS_ON_PAGE:
            data[name.replace("_", "-")] = stored[name]
    return data


def duo_home(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    if not visit.abilities.paid_plan:
        return not_found(visit)
    data: dict[str, Any] = {
        "duo-configuration-path": visit.path("/admin/gitlab_duo/configuration"),
        "duo-self-hosted-path": visit.path("/admin/gitlab_duo/self_hosted"),
    }
    if visit.instance.release.at_least(18, 9):
        # Not known for earlier releases: left out there, the stricter reading.
        data["beta-self-hosted-models-enabled"] = visit.instance.beta_on
        data["can-manage-self-hosted-models"] = visit.abilities.manage_self_hosted
        data["ai-gateway-url"] = visit.instance.gateway.ai_gateway_url
    return visit.html("GitLab Duo", html.data_element("js-gitlab-duo-admin-page", data))


def self_hosted(visit: Visit) -> Response:
    refused = gate(visit)
    if refused:
        return refused
    abilities = visit.abilities
    if not abilities.manage_self_hosted:
        return not_found(visit)
    view: dict[str, Any] = {"modelOptions": sorted(visit.instance.catalog.families)}
    if visit.instance.release.at_least(18, 9):
        view["betaModelsEnabled"] = visit.instance.beta_on
        view["canManageSelfHostedModels"] = True
        view["canManageInstanceModelSelection"] = abilities.manage_instance_model_selection
        view["canManageDapSelfHostedModels"] = abilities.manage_agent_platform_models
    element = html.data_element("js-duo-self-hosted", {"view-model": json.dumps(view)})
    return visit.html("GitLab Duo Self-Hosted", element)


def toggle_beta(visit: Visit) -> Response:
    """Toggles the caller's own row only; 204 with an empty body."""
    refused = gate(visit, write=True)
    if refused:
        return refused
    user = visit.user
    if user is None or not visit.abilities.manage_self_hosted:
        return not_found(visit)
    instance = visit.instance
    mine = [row for row in instance.acceptances if row.user_id == user.id]
    if mine:
        instance.acceptances.remove(mine[0])
    else:
        instance.acceptances.append(Acceptance(user.id, user.email))
        instance.audit("self_hosted_model_terms_accepted")
    return Response(status_code=204)


def sync_seat_link(visit: Visit) -> Response:
    """200 only means that a job is queued; 422 that there is nothing to sync."""
    if not visit.request.url.path.endswith(".json"):
        return gate(visit, write=True, sync=True) or not_found(visit)
    refused = gate(visit, write=True, sync=True)
    if refused:
        return refused
    queued = queue_sync(visit.instance)
    return JSONResponse({"success": queued}, 200 if queued else 422)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitLab's releases change for Duo Self-Hosted, as data for the upgrade check.

Each note says what changes from a release on, what to do about it, and for which instances it
matters (``concerns``: the name of a condition in ``_upgrade_check.py``). ``source`` names the
page of GitLab's documentation, the issue (#) or the merge request (!) of gitlab-org/gitlab.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._offers import Minor
from ._releases import Patch


@dataclass(frozen=True)
class Note:
    """One change: ``severity`` is ``breaking``, ``action`` or ``info``."""

    version: Minor | Patch
    severity: str
    subject: str
    what: str
    action: str
    source: str
    concerns: str = "everyone"
    # Of a fault that later releases have no more: see Release.may_have.
    fixed: tuple[Minor | Patch, ...] = ()


@dataclass(frozen=True)
class BadRelease:
    """A release that must not be the end, or a stop, of an upgrade."""

    version: Patch
    severity: str
    subject: str
    what: str
    action: str
    source: str
    concerns: str = "everyone"


BAD_RELEASES = (
    BadRelease(
        (18, 3, 0),
        "action",
        "license",
        "With LDAP, the seat synchronisation of 18.3.0 and 18.3.1 can remove all seats nightly.",
        "Take 18.3.2 or later, and check the seats afterwards.",
        "update/versions/gitlab_18_changes, #565064",
    ),
    BadRelease(
        (18, 3, 1),
        "action",
        "license",
        "With LDAP, the seat synchronisation of 18.3.0 and 18.3.1 can remove all seats nightly.",
        "Take 18.3.2 or later, and check the seats afterwards.",
        "update/versions/gitlab_18_changes, #565064",
    ),
    BadRelease(
        (18, 4, 0),
        "breaking",
        "features",
        "The query for feature settings ends in a server error: the configuration page, this "
        "collection and the features themselves do not work.",
        "Take a later patch of 18.4, and read the state right after the upgrade (duo_info).",
        "#571212, !205687",
    ),
    BadRelease(
        (19, 2, 0),
        "breaking",
        "gateway",
        "The upgrade to 19.2.0 empties the gateway URL and the Agent Platform URL and resets the "
        "timeout, the AI logs and the TLS switch, so features stop (Linux package).",
        "Upgrade to 19.2.1 or later. If it must be 19.2.0, export the state before "
        "(gitlab_ops.duo.export) and restore it afterwards (gitlab_ops.duo.restore).",
        "update/versions/gitlab_19_changes, #606458, !246616",
        concerns="gateway",
    ),
)

NOTES = (
    Note(
        (17, 10), "info", "features",
        "Root Cause Analysis can use self-hosted models (beta).",
        "Turn beta features on to use it.",
        "administration/gitlab_duo_self_hosted",
    ),
    Note(
        (17, 11), "info", "features",
        "The GraphQL mutation for feature settings takes a list; scripts of your own that send a "
        "single feature break.",
        "Change such scripts; this collection sends what the release takes.",
        "GraphQL reference of 17.10 and 17.11, !183319",
    ),
    Note(
        (18, 0), "info", "license",
        "The Premium plan may use self-hosted models, with GitLab Duo Enterprise.",
        "Nothing to do.",
        "administration/gitlab_duo_self_hosted",
    ),
    Note(
        (18, 0), "action", "license",
        "GitLab Duo Core becomes part of Premium and Ultimate, and activating a licence can turn "
        "it on; its requests go to GitLab's cloud.",
        "Where data must stay inside, check after the upgrade that Duo Core is off.",
        "subscriptions/subscription-add-ons, #583716",
        concerns="online",
    ),
    Note(
        (18, 1), "action", "features",
        "Beta features work from 18.1.2; before that they are listed but not served.",
        "Take 18.1.2 or later.",
        "administration/gitlab_duo_self_hosted, !190817",
        concerns="beta",
    ),
    Note(
        (18, 3), "info", "models",
        "The beta family general takes any model with an OpenAI-compatible API.",
        "Nothing to do.",
        "supported_models_and_hardware_requirements",
    ),
    Note(
        (18, 4), "action", "features",
        "Every reading of feature settings asks GitLab's cloud for its models, with a timeout of "
        "5 s: slow where the cloud cannot be reached.",
        "Keep the option timeout at 30 s or more where GitLab has no way to cloud.gitlab.com.",
        "ee/app/services/ai/model_selection of 18.9",
        concerns="online",
    ),
    Note(
        (18, 4), "info", "gateway",
        "The Agent Platform can use self-hosted models: it needs port 50052 and JWT keys on the "
        "gateway, and where that has no TLS, DUO_AGENT_PLATFORM_SERVICE_SECURE=false on GitLab's "
        "nodes (until 18.10).",
        "To use it, open the port, add the keys and set duo_agent_platform_service_url.",
        "install/install_ai_gateway, !206002",
    ),
    Note(
        (18, 6), "action", "models",
        "Mistral 7B-it, Mixtral 8x7B and Mixtral 8x22B are no longer supported (still selectable).",
        "Replace them, for example by Mistral Small 24B Instruct 2506.",
        "update/deprecations, #557156",
        concerns="early_mistral",
    ),
    Note(
        (18, 6, 2), "action", "platform",
        "Only suitable runners, with the tag gitlab--duo, take jobs of the Agent Platform.",
        "Give the tag to the runners that are to take them.",
        "update/versions/gitlab_18_changes, user/duo_agent_platform/flows/execution",
        concerns="agent_platform",
    ),
    Note(
        (18, 7), "info", "gateway",
        "The timeout of requests to the gateway can be set (60 to 600 s).",
        "Raise it when users see the error A1000.",
        "configure_duo_features",
    ),
    Note(
        (18, 7), "action", "features",
        "Agentic Chat becomes a feature of its own. The upgrade copies the setting of "
        "duo_agent_platform to duo_agent_platform_agentic_chat once; from then on they are apart.",
        "Declare duo_agent_platform_agentic_chat beside duo_agent_platform, or it stays on the "
        "model of the day of the upgrade.",
        "migration AgenticChatSelfHostedMigration",
        concerns="agent_platform",
    ),
    Note(
        (18, 7), "action", "features",
        "A feature that nobody configured is unassigned, no longer vendored: with a gateway URL "
        "its requests go to the self-hosted gateway without a model, and fail there.",
        "Assign or disable every feature that users can see.",
        "ee/app/models/ai/feature_setting.rb of 18.9",
        concerns="default_features",
    ),
    Note(
        (18, 7), "info", "features",
        "GitLab-managed models can be chosen for each feature by default; requests of such a "
        "feature go to GitLab's cloud.",
        "On isolated sites, declare no feature with provider vendored.",
        "administration/gitlab_duo_self_hosted, !214030",
    ),
    Note(
        (18, 7), "action", "beta features",
        "On 18.7 and 18.8 the Agent Platform with self-hosted models needs beta features with an "
        "online licence.",
        "Turn beta features on, or go to 18.9.",
        "configure_duo_features, !217956",
        concerns="agent_platform_online",
    ),
    Note(
        (18, 8), "breaking", "license",
        "With an offline licence the Agent Platform needs the add-on GitLab Duo Agent Platform "
        "Self-Hosted.",
        "Get the add-on before the upgrade.",
        "subscriptions/subscription-add-ons",
        concerns="agent_platform_offline",
    ),
    Note(
        (18, 8), "action", "platform",
        "With the add-on GitLab Duo Agent Platform Self-Hosted, the settings of groups for flows "
        "are missing from 18.8 to 18.10 (a bug).",
        "Take 18.8.9, 18.9.5, 18.10.3 or a later patch of one of them, or 18.11.",
        "!228595, !231082",
        concerns="agent_platform_add_on",
        fixed=((18, 8, 9), (18, 9, 5), (18, 10, 3), (18, 11)),
    ),
    Note(
        (18, 8), "action", "license",
        "Early patches of 18.8 can refuse the Agent Platform to an online licence with Duo "
        "Enterprise.",
        "Take the latest patch of 18.8, or 18.9.",
        "!225856, #588101",
        concerns="agent_platform_online",
    ),
    Note(
        (18, 9), "action", "license",
        "With an online licence the Agent Platform is billed by use and needs outbound HTTPS to "
        "customers.gitlab.com, cloud.gitlab.com and duo-workflow-svc.runway.gitlab.net; if that is "
        "blocked, its features stop.",
        "Open the firewall, or use an offline licence.",
        "administration/gitlab_duo_self_hosted (19.x)",
        concerns="agent_platform_online",
    ),
    Note(
        (18, 9), "info", "license",
        "With an online licence the model pages no longer need Duo Enterprise; the classic "
        "features still need its seats.",
        "Nothing to do.",
        "ee/app/policies/ee/global_policy.rb of 18.9",
    ),
    Note(
        (18, 9), "action", "platform",
        "Flows of the Agent Platform run on isolated sites too; GitLab takes the image that runs "
        "them from the registry in duo_workflows_default_image_registry.",
        "If flows are to be used, mirror the image and point that application setting at the "
        "internal registry.",
        "administration/gitlab_duo_self_hosted/offline_deployment (19.x)",
        concerns="offline",
    ),
    Note(
        (18, 10), "action", "gateway",
        "TLS to the Agent Platform service is a setting of GitLab, on by default; the environment "
        "variable DUO_AGENT_PLATFORM_SERVICE_SECURE no longer counts.",
        "Where the service is plain gRPC, declare duo_agent_platform_service_secure: false.",
        "install/install_ai_gateway (19.x)",
        concerns="agent_platform_url",
    ),
    Note(
        (18, 10), "action", "gateway",
        "The gateway needs signing and validation keys (AIGW_SELF_SIGNED_JWT__*, "
        "DUO_WORKFLOW_SELF_SIGNED_JWT__*) and DUO_WORKFLOW_AUTH__ENABLED; without them: 'Token "
        "creation failed'. The exact release is not certain.",
        "Add the keys to the environment of the gateway.",
        "install/install_ai_gateway (19.x)",
        concerns="gateway",
    ),
    Note(
        (18, 11), "action", "models",
        "Models have a provider (18.11 or 19.0). Bedrock models of before keep working as provider "
        "API; scripts of your own that create or change models break, for it is required.",
        "Declare Bedrock models with their bedrock/ identifier: the next run sets their provider.",
        "ee/app/models/ai/self_hosted_model.rb of 19.x",
        concerns="bedrock",
    ),
    Note(
        (19, 0), "action", "gateway",
        "An offline gateway needs AIGW_CUSTOMER_PORTAL_URL and "
        "DUO_WORKFLOW_AUTH__OIDC_CUSTOMER_PORTAL_URL set to the URL of GitLab, or each request "
        "takes 20 s longer.",
        "Change the environment of the gateway.",
        "install/install_ai_gateway of 18.9 and 19.x",
        concerns="offline",
    ),
    Note(
        (19, 0), "info", "platform",
        "The Helm chart replaces its NGINX Ingress by the Gateway API, and PostgreSQL 17 is the "
        "minimum.",
        "Check the route to a gateway that used the ingress of the chart.",
        "update/versions/gitlab_19_changes",
    ),
    Note(
        (19, 1), "info", "platform",
        "Duo settings of groups cannot be saved while custom agents or flows are off for the "
        "instance (a bug).",
        "Leave them on, or take a release with the fix.",
        "#606282",
    ),
    Note(
        (19, 2), "action", "gateway",
        "The gateway settings move to another table: 19.2.0 loses them, 19.2.1 keeps them.",
        "Export the state before the upgrade (gitlab_ops.duo.export), stop at 19.2.1 or later, "
        "then compare and re-apply (gitlab_ops.duo.restore).",
        "update/versions/gitlab_19_changes, #606458, !246616",
        concerns="gateway",
    ),
    Note(
        (19, 2), "info", "platform",
        "Console snippets with Ai::Setting.instance stop working; GraphQL stays the same.",
        "Use this collection instead of such snippets.",
        "!243574",
    ),
    Note(
        (19, 6), "action", "gateway",
        "A gateway of 19.6 or later breaks flows of GitLab 19.5 and earlier (DCR4005).",
        "Upgrade GitLab first, the gateway directly after it.",
        "!266527",
        concerns="gateway",
    ),
)  # fmt: skip

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the changes in GitLab 17.10 to 18.11 that matter to Duo Self-Hosted."""

from __future__ import annotations

from .upgrade_note import UpgradeNote

NOTES = (
    UpgradeNote(
        (17, 10), "info", "features",
        "Root Cause Analysis can use self-hosted models (beta).",
        "Turn beta features on to use it.",
        "administration/gitlab_duo_self_hosted",
    ),
    UpgradeNote(
        (17, 11), "info", "features",
        "The GraphQL mutation for feature settings takes a list; scripts of your own that send a "
        "single feature break.",
        "Change such scripts; this collection sends what the release takes.",
        "GraphQL reference of 17.10 and 17.11, !183319",
    ),
    UpgradeNote(
        (18, 0), "info", "license",
        "The Premium plan may use self-hosted models, with GitLab Duo Enterprise.",
        "Nothing to do.",
        "administration/gitlab_duo_self_hosted",
    ),
    UpgradeNote(
        (18, 0), "action", "license",
        "GitLab Duo Core becomes part of Premium and Ultimate, and activating a licence can turn "
        "it on; its requests go to GitLab's cloud.",
        "Where data must stay inside, check after the upgrade that Duo Core is off.",
        "subscriptions/subscription-add-ons, #583716",
        concerns="online",
    ),
    UpgradeNote(
        (18, 1), "action", "features",
        "Beta features work from 18.1.2; before that they are listed but not served.",
        "Take 18.1.2 or later.",
        "administration/gitlab_duo_self_hosted, !190817",
        concerns="beta",
    ),
    UpgradeNote(
        (18, 3), "info", "models",
        "The beta family general takes any model with an OpenAI-compatible API.",
        "Nothing to do.",
        "supported_models_and_hardware_requirements",
    ),
    UpgradeNote(
        (18, 4), "action", "features",
        "Every reading of feature settings asks GitLab's cloud for its models, with a timeout of "
        "5 s, which is slow where the cloud cannot be reached.",
        "Keep the option timeout at 30 s or more where GitLab cannot reach cloud.gitlab.com.",
        "ee/app/services/ai/model_selection of 18.9",
        concerns="online",
    ),
    UpgradeNote(
        (18, 4), "info", "gateway",
        "The Agent Platform can use self-hosted models: it needs port 50052 and JWT keys on the "
        "gateway, and where that has no TLS, DUO_AGENT_PLATFORM_SERVICE_SECURE=false on GitLab's "
        "nodes (until 18.10).",
        "To use it, open the port, add the keys and set duo_agent_platform_service_url.",
        "install/install_ai_gateway, !206002",
    ),
    UpgradeNote(
        (18, 6), "action", "models",
        "Mistral 7B-it, Mixtral 8x7B and Mixtral 8x22B are no longer supported (still selectable).",
        "Replace them, for example with Mistral Small 24B Instruct 2506.",
        "update/deprecations, #557156",
        concerns="early_mistral",
    ),
    UpgradeNote(
        (18, 6, 2), "action", "platform",
        "Only suitable runners, with the tag gitlab--duo, take jobs of the Agent Platform.",
        "Add the tag to the runners that are to take these jobs.",
        "update/versions/gitlab_18_changes, user/duo_agent_platform/flows/execution",
        concerns="agent_platform",
    ),
    UpgradeNote(
        (18, 7), "info", "gateway",
        "The timeout of requests to the gateway can be set (60 to 600 s).",
        "Raise it when users see the error A1000.",
        "configure_duo_features",
    ),
    UpgradeNote(
        (18, 7), "action", "features",
        "Agentic Chat becomes a feature of its own. The upgrade copies the setting of "
        "duo_agent_platform to duo_agent_platform_agentic_chat once; from then on the two are "
        "independent.",
        "Declare duo_agent_platform_agentic_chat beside duo_agent_platform, or it keeps the model "
        "that it had on the day of the upgrade.",
        "migration AgenticChatSelfHostedMigration",
        concerns="agent_platform",
    ),
    UpgradeNote(
        (18, 7), "action", "features",
        "A feature that nobody configured is unassigned, no longer vendored: with a gateway URL "
        "its requests go to the self-hosted gateway without a model, and fail there.",
        "Assign or disable every feature that users can see.",
        "ee/app/models/ai/feature_setting.rb of 18.9",
        concerns="default_features",
    ),
    UpgradeNote(
        (18, 7), "info", "features",
        "GitLab-managed models can be chosen for each feature by default; requests of such a "
        "feature go to GitLab's cloud.",
        "On isolated sites, declare no feature with provider vendored.",
        "administration/gitlab_duo_self_hosted, !214030",
    ),
    UpgradeNote(
        (18, 7), "action", "beta_features",
        "On 18.7 and 18.8 the Agent Platform with self-hosted models needs beta features with an "
        "online licence.",
        "Turn beta features on, or upgrade to 18.9.",
        "configure_duo_features, !217956",
        concerns="agent_platform_online",
    ),
    UpgradeNote(
        (18, 8), "breaking", "license",
        "With an offline licence the Agent Platform needs the add-on GitLab Duo Agent Platform "
        "Self-Hosted.",
        "Get the add-on before the upgrade.",
        "subscriptions/subscription-add-ons",
        concerns="agent_platform_offline",
    ),
    UpgradeNote(
        (18, 8), "action", "platform",
        "With the add-on GitLab Duo Agent Platform Self-Hosted, the settings of groups for flows "
        "are missing from 18.8 to 18.10 (a bug).",
        "Take 18.8.9, 18.9.5, 18.10.3 or a later patch of one of them, or 18.11.",
        "!228595, !231082",
        concerns="agent_platform_add_on",
        fixed=((18, 8, 9), (18, 9, 5), (18, 10, 3), (18, 11)),
    ),
    UpgradeNote(
        (18, 8), "action", "license",
        "Early patches of 18.8 can refuse the Agent Platform to an online licence with Duo "
        "Enterprise.",
        "Take the latest patch of 18.8, or 18.9.",
        "!225856, #588101",
        concerns="agent_platform_online",
    ),
    UpgradeNote(
        (18, 8), "action", "platform",
        "Early patches of 18.8 (seen on 18.8.2) do not start the code review flow of the Agent "
        "Platform for users without a seat of GitLab Duo Enterprise, where others have one.",
        "Take the latest patch of 18.8, or 18.9.",
        "#588384, !221535, !222214",
        concerns="agent_platform",
        fixed=((18, 9),),
    ),
    UpgradeNote(
        (18, 9), "action", "license",
        "With an online licence the Agent Platform is billed by use and needs outbound HTTPS to "
        "customers.gitlab.com, cloud.gitlab.com and duo-workflow-svc.runway.gitlab.net; if that is "
        "blocked, its features stop.",
        "Open the firewall, or use an offline licence.",
        "administration/gitlab_duo_self_hosted (19.x)",
        concerns="agent_platform_online",
    ),
    UpgradeNote(
        (18, 9), "info", "license",
        "With an online licence the model pages no longer need Duo Enterprise; the classic "
        "features, such as Code Suggestions, still need its seats.",
        "Nothing to do.",
        "ee/app/policies/ee/global_policy.rb of 18.9, #593893",
    ),
    UpgradeNote(
        (18, 9), "action", "platform",
        "Flows of the Agent Platform run on isolated sites too; GitLab takes the image that runs "
        "them from the registry in duo_workflows_default_image_registry.",
        "If flows are to be used, mirror the image and point that application setting at the "
        "internal registry.",
        "administration/gitlab_duo_self_hosted/offline_deployment (19.x)",
        concerns="offline",
    ),
    UpgradeNote(
        (18, 10), "action", "gateway",
        "TLS to the Agent Platform service is a setting of GitLab. The upgrade copies it from the "
        "environment variable DUO_AGENT_PLATFORM_SERVICE_SECURE of the node that migrates (unset: "
        "on), and the variable no longer counts afterwards.",
        "Where the service is plain gRPC, declare duo_agent_platform_service_secure: false. This "
        "changes nothing if the node that migrates has the variable.",
        "migration of 18.10, install/install_ai_gateway (19.x)",
        concerns="agent_platform_url",
    ),
    UpgradeNote(
        (18, 10), "action", "gateway",
        "The gateway needs signing and validation keys (AIGW_SELF_SIGNED_JWT__*, "
        "DUO_WORKFLOW_SELF_SIGNED_JWT__*) and DUO_WORKFLOW_AUTH__ENABLED; without them: 'Token "
        "creation failed'. The exact release is not certain.",
        "Add the keys to the environment of the gateway.",
        "install/install_ai_gateway (19.x)",
        concerns="gateway",
    ),
    UpgradeNote(
        (18, 10), "action", "platform",
        "GitLab has an issue about self-hosted models in 18.10. What goes wrong, and which patch "
        "fixes it, is not known here.",
        "Read the issue (https://gitlab.com/gitlab-org/gitlab/-/work_items/596569) before the "
        "upgrade, and take the newest patch.",
        "#596569",
        concerns="gateway",
        fixed=((18, 11),),
    ),
    UpgradeNote(
        (18, 11), "info", "models",
        "Models get a provider. The upgrade sets provider API for existing models, Bedrock models "
        "included, which keep working; 19.0 corrects the provider of Bedrock models.",
        "Nothing to do.",
        "ee/app/models/ai/self_hosted_model.rb of 18.11, migration of 19.0",
        concerns="bedrock",
    ),
    UpgradeNote(
        (18, 11), "action", "features",
        "With an offline licence and GitLab Duo Enterprise, without the add-on for the Agent "
        "Platform, replies of @GitLabDuo in merge requests fail with 401 (Forbidden by auth "
        "provider). Confirmed on 19.2.1, reported from 18.11.7 on; reviews and Chat work.",
        "Inform the users, or upgrade to 19.5.",
        "#621674, !254156, !256656",
        concerns="offline_reviews",
        fixed=((19, 5),),
    ),
    UpgradeNote(
        (18, 11), "action", "platform",
        "GitLab has an issue about self-hosted models in 18.11. What goes wrong, and which patch "
        "fixes it, is not known here.",
        "Read the issue (https://gitlab.com/gitlab-org/gitlab/-/work_items/598659) before the "
        "upgrade, and take the newest patch.",
        "#598659",
        concerns="gateway",
        fixed=((19, 0),),
    ),
)  # fmt: skip

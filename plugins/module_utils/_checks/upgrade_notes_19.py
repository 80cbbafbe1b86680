# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the changes in GitLab 19.0 and later that matter to Duo Self-Hosted."""

from __future__ import annotations

from .upgrade_note import UpgradeNote

NOTES = (
    UpgradeNote(
        (19, 0), "action", "gateway",
        "An offline gateway needs AIGW_CUSTOMER_PORTAL_URL and "
        "DUO_WORKFLOW_AUTH__OIDC_CUSTOMER_PORTAL_URL set to the URL of GitLab, or each request "
        "takes 20 s longer.",
        "Change the environment of the gateway.",
        "install/install_ai_gateway of 18.9 and 19.x",
        concerns="offline",
    ),
    UpgradeNote(
        (19, 0), "info", "platform",
        "The Helm chart replaces its NGINX Ingress with the Gateway API, and requires PostgreSQL "
        "17 or later.",
        "Check the route to a gateway that used the ingress of the chart.",
        "update/versions/gitlab_19_changes",
    ),
    UpgradeNote(
        (19, 0), "info", "models",
        "The upgrade sets provider BEDROCK or VERTEX_AI for models whose identifier begins with "
        "bedrock/ or vertex_ai/. The endpoint that older releases asked for stays and is not used.",
        "Nothing to do.",
        "migration of 19.0, ee/app/models/ai/self_hosted_model.rb of 19.4",
        concerns="bedrock",
    ),
    UpgradeNote(
        (19, 0), "info", "models",
        "Creating, changing and checking a model needs a provider and, for Bedrock and Vertex AI, "
        "no endpoint; scripts of your own that send no provider break.",
        "Change such scripts; this collection sends what the release takes.",
        "ee/app/graphql/mutations/ai/self_hosted_models/base.rb of 18.11 and 19.4",
        concerns="models",
    ),
    UpgradeNote(
        (19, 1), "info", "platform",
        "Duo settings of groups cannot be saved while custom agents or flows are off for the "
        "instance (a bug).",
        "Leave them on, or take a release with the fix.",
        "#606282",
    ),
    UpgradeNote(
        (19, 2), "action", "gateway",
        "The gateway settings move to another table: 19.2.0 loses them, 19.2.1 keeps them.",
        "Export the state before the upgrade (gitlab_ops.duo.export), stop at 19.2.1 or later, "
        "then compare and re-apply (gitlab_ops.duo.restore).",
        "update/versions/gitlab_19_changes, #606458, !246616",
        concerns="gateway",
    ),
    UpgradeNote(
        (19, 2), "info", "platform",
        "Console snippets with Ai::Setting.instance stop working; GraphQL stays the same.",
        "Use this collection instead of such snippets.",
        "!243574",
    ),
    UpgradeNote(
        (19, 2), "info", "gateway",
        "GitLab's processes keep the gateway settings for a minute, so that a page or a script may "
        "show old values right after a change; while deny_all_requests_except_allowed is on, a "
        "change is refused if any other URL of the application settings cannot be resolved.",
        "On isolated sites, clear or allow the URLs that GitLab names, such as the URL of its "
        "documentation.",
        "ee/app/graphql/mutations/ai/duo_settings/update.rb of 19.4",
        concerns="gateway",
    ),
    UpgradeNote(
        (19, 4), "breaking", "features",
        "In 19.4.0 and 19.4.1 with an online licence, every request of Code Suggestions on a "
        "self-hosted model fails with 403 (Forbidden by auth provider), because GitLab cannot "
        "report its use.",
        "Take 19.4.2 or later.",
        "#630581, !258285, !259763",
        concerns="online_code_suggestions",
        fixed=((19, 4, 2), (19, 5)),
    ),
    UpgradeNote(
        (19, 4), "action", "platform",
        "With an offline licence, a flow on a self-hosted model fails with DCR4005 while "
        "duo_agent_platform has no such model (seen on 19.4.1).",
        "Assign a self-hosted model to duo_agent_platform too.",
        "#631401, !260186",
        concerns="offline_flows_alone",
    ),
    UpgradeNote(
        (19, 4), "action", "features",
        "The flow Developer becomes a feature of its own. The upgrade copies the setting of "
        "duo_agent_platform to duo_developer once; from then on the two are independent.",
        "Declare duo_developer beside duo_agent_platform, or it keeps the model that it had on "
        "the day of the upgrade.",
        "migration of 19.4, !251961",
        concerns="agent_platform",
    ),
    UpgradeNote(
        (19, 4), "info", "platform",
        "GitLab's health check asks its cloud and looks for a runner with the tag gitlab--duo on "
        "every instance, so it is not green without them; duo_health ignores what no feature in "
        "use needs. After a 404, GitLab itself asks a model server for its models.",
        "To see the names that the model servers list, allow the GitLab nodes to reach them.",
        "health check of 19.4",
        concerns="gateway",
    ),
    UpgradeNote(
        (19, 5), "action", "features",
        "Recommending reviewers becomes a feature of its own. The upgrade copies the setting of "
        "duo_agent_platform to recommend_reviewers_assign once; from then on the two are "
        "independent.",
        "Declare recommend_reviewers_assign beside duo_agent_platform, or it keeps the model that "
        "it had on the day of the upgrade.",
        "migration of 19.5, !258913",
        concerns="agent_platform",
    ),
    UpgradeNote(
        (19, 5), "info", "gateway",
        "GitLab drops the columns that held the gateway settings before 19.2. After that, only "
        "your own copy can bring back what the upgrade to 19.2.0 lost.",
        "On the way from 19.2.0, stop at 19.2.1 or a later patch of 19.2, or restore your copy "
        "(gitlab_ops.duo.restore).",
        "migration of 19.5",
        concerns="gateway",
    ),
    UpgradeNote(
        (19, 6), "action", "gateway",
        "A gateway of 19.6 or later breaks flows of GitLab 19.5 and earlier (DCR4005).",
        "Upgrade GitLab first and the gateway directly after it.",
        "!266527",
        concerns="gateway",
    ),
)  # fmt: skip

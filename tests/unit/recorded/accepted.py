# SPDX-License-Identifier: GPL-3.0-or-later

"""Accepted differences between sandbox and GitLab, each with its reason."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.comparison import Difference

#: So many for each release: a longer list would be a second description of GitLab.
AT_MOST = 25
ABSENT = "(absent)"


@dataclass(frozen=True)
class Accepted:
    """Patterns of the shell, where `*` stands for dots too."""

    reason: str
    path: str
    name: str = "*"
    world: str = "*"
    recorded: str = "*"
    answered: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Return whether this is such a difference."""
        return all(
            fnmatch.fnmatchcase(str(value), pattern)
            for value, pattern in (
                (difference.path, self.path),
                (difference.name, self.name),
                (difference.world, self.world),
                (difference.recorded, self.recorded),
                (difference.answered, self.answered),
            )
        )


HOST = Accepted(
    "every name below example.com resolved, even one that no resolver takes",
    "body.data.duoSettingsUpdate.*",
    name="url 'https://hhhhh*",
)
COMMON = (
    Accepted("the recorded GitLab was a development build", "body*version", recorded="18.9.0-pre"),
    Accepted(
        "GitLab names its hundreds of parameters, the sandbox those it knows",
        "body*.error",
        recorded="abuse_notification_email, *",
    ),
)
SETTINGS = Accepted(
    "settings that neither GitLab Duo nor this collection looks at",
    "body.*",
    name="*GET settings",
    answered=ABSENT,
)
DETAILS = Accepted(
    "details of a probe: the licence, which GitLab shows elsewhere",
    "body.data.cloudConnectorStatus.probeResults.*.details.*",
)
LICENCE = (
    Accepted("nobody had been counted yet", "body.historical_max", recorded="0"),
    Accepted("nobody had been counted yet", "body.maximum_user_count", recorded="0"),
    Accepted("nobody had been counted yet", "body.active_users", recorded="0"),
    Accepted("the licence of the world before was still there", "body.id", "REST licence"),
)
PARSER = Accepted("words of Ruby's JSON parser", "body.errors.0.message", "body: variables broken*")
ACCEPTED: dict[str, tuple[Accepted, ...]] = {
    "18.9": (
        *COMMON,
        DETAILS,
        SETTINGS,
        *LICENCE,
        Accepted("GitLab's revision", "body.revision"),
        Accepted(
            "a rule of the run before was still there",
            "body.duo_namespace_access_rules.*",
            world="day 2 settings",
            answered=ABSENT,
        ),
        HOST,
        PARSER,
        Accepted(
            "ids and pictures of users",
            "body.elements.*.data-duo-workflow-service-account.*",
            "page after",
        ),
    ),
    "18.11": (
        *LICENCE,
        HOST,
        Accepted("another patch", "body*version", recorded="18.11.0-ee"),
        Accepted(
            "one model of GitLab's own was at hand, the sandbox has two",
            "body.data.aiFeatureSettings.nodes.*.validGitlabModels.nodes.1",
            name="gitlab models",
        ),
    ),
    "19.4": (
        *COMMON,
        *LICENCE,
        HOST,
        PARSER,
        Accepted(
            "the pages of these worlds were 18.9's; the worlds `pages ...` have 19.4's own",
            "*",
            name="page /admin/*",
            world="[lno]*",
        ),
        Accepted(
            "the first validation of a process that had just begun took too long",
            "body.errors.*",
            name="variable: unknown type",
        ),
        Accepted(
            "the refused value is shown once, with the error; the next reading has the stored one",
            "body.data.duoSettingsUpdate.duoSettings.selfHostedDuoAgentPlatformServiceSecure",
            name="admin: selfHostedDuoAgentPlatformServiceSecure=None",
        ),
        Accepted(
            "no answer of this world says which model has the id",
            "body.data.aiFeatureSettingUpdate.aiFeatureSettings.0.selfHostedModel.name",
            world="x vendored once",
        ),
        Accepted(
            "entered by hand, at first without the constraint",
            "*",
            name='{"duo_template_project_id": *',
            world="rest",
        ),
        Accepted(
            "entered by hand, at first without the constraint",
            "*",
            name='{"duo_namespace_access_rules": *',
            world="rest",
        ),
        Accepted(
            "the disconnecting was 18.9's, and did not find what 19.4's page connects",
            "status",
            name="disconnect",
            world="pages onboarding",
        ),
        DETAILS,
        Accepted(
            "the parts of a gRPC error come in either order",
            "body.data.cloudConnectorStatus.probeResults.*.errors.*",
            recorded="14:*{grpc_status:14, grpc_message:*",
            answered="14:*{grpc_message:*, grpc_status:14}*",
        ),
        Accepted(
            "words of Ruby's JSON parser",
            "body.data.aiSelfHostedModelConnectionCheck.result.*",
            name="check r421-plain",
        ),
    ),
}


def is_accepted(release: str, difference: Difference) -> bool:
    """Return whether an entry of the list covers it."""
    return any(entry.covers(difference) for entry in ACCEPTED[release])

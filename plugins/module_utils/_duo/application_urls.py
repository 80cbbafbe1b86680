# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs among GitLab's application settings that can keep GitLab from saving any of them.

``app/models/application_setting.rb``: with ``deny_all_requests_except_allowed``, GitLab refuses to
save the row if one of these URLs does not resolve or is not in the allowlist. REST writes that row,
and so does ``duoSettingsUpdate`` from 19.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._base import permission_messages
from .._base.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

# Setting -> the switch without which GitLab does not check it, or None if it always does.
URLS: dict[str, str | None] = {
    "home_page_url": None,
    "help_page_support_url": None,
    "help_page_documentation_base_url": None,
    "after_sign_out_path": None,
    "diagramsnet_url": "diagramsnet_enabled",
    "gitpod_url": "gitpod_enabled",
    "static_objects_external_storage_url": None,
    "external_authorization_service_url": "external_authorization_service_enabled",
    "external_pipeline_validation_service_url": None,
    "jira_connect_proxy_url": None,
    "jira_connect_additional_audience_url": None,
    "sentry_dsn": "sentry_enabled",
    "sentry_clientside_dsn": "sentry_enabled",
    "error_tracking_api_url": "error_tracking_enabled",
    "public_runner_releases_url": "update_runner_versions_enabled",
}
# GitLab never shows this one; this is its default.
UNSEEN = {
    "public_runner_releases_url": (
        "https://gitlab.com/api/v4/projects/gitlab-org%2Fgitlab-runner/releases"
    )
}
_BLOCKED = re.compile(r"(?:^|, )(\w[\w ]*?) is blocked: ")


def named_in(said: str) -> list[str]:
    """Return the settings that GitLab names in a refusal, from REST or GraphQL."""
    names = (name.lower().replace(" ", "_") for name in _BLOCKED.findall(said))
    return [name for name in names if name in URLS]


def failure(names: Iterable[str], subject: str, about: str = "") -> Failure:
    """Return the failure that names the settings, and what to do about each.

    :param subject: the setting that could not be saved because of them.
    """
    names = list(names)
    steps = dict.fromkeys(f"{URLS[name]}: false" if URLS[name] else f'{name}: ""' for name in names)
    return Failure(
        permission_messages.OTHER_URLS_BLOCKED,
        about=about,
        subject=subject,
        names=", ".join(names),
        clearing=", ".join(steps),
    )

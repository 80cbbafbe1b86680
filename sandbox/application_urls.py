# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs among the application settings, which GitLab checks whenever it saves any of them.

`app/models/application_setting.rb`: with `deny_all_requests_except_allowed` each has to resolve
and to be in the allowlist. REST saves that row (18.9, executed); from 19.2 on the gateway's URL and
timeout are columns of it too, so `duoSettingsUpdate` gets the same refusals (19.4, executed).
"""

from __future__ import annotations

from typing import Any

from .settings import defaults
from .state import Instance
from .url_blocker import Blocked, check_endpoint, is_own

RUNNER_RELEASES = "https://gitlab.com/api/v4/projects/gitlab-org%2Fgitlab-runner/releases"
DENY_ALL = "deny_all_requests_except_allowed"

#: Setting, and the switch that has to be on for GitLab to check it, in the order of its messages.
URLS = (
    ("home_page_url", None),
    ("help_page_support_url", None),
    ("help_page_documentation_base_url", None),
    ("after_sign_out_path", None),
    ("diagramsnet_url", "diagramsnet_enabled"),
    # Neither REST nor a page shows this one.
    ("public_runner_releases_url", "update_runner_versions_enabled"),
)


def blocked(instance: Instance, given: dict[str, Any] | None = None) -> dict[str, str]:
    """Return setting -> reason that prevents saving the row; `given` are the values to save."""
    values = {
        "public_runner_releases_url": RUNNER_RELEASES,
        **defaults(instance.release),
        **instance.settings,
        **(given or {}),
    }
    if not values[DENY_ALL]:
        return {}
    # The stored allowlist applies, but the new value of whether everything is denied.
    before = instance.settings
    instance.settings = {**before, DENY_ALL: True}
    try:
        return {
            name: reason
            for name, switch in URLS
            if (values[switch] if switch else True) and (reason := _reason(instance, values[name]))
        }
    finally:
        instance.settings = before


def _reason(instance: Instance, url: Any) -> str:
    if not url or is_own(instance, str(url)):
        return ""
    try:
        check_endpoint(instance, str(url))
    except Blocked as refusal:
        return f"is blocked: {refusal}"
    return ""

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the AI gateway, in every place where they appear."""

from __future__ import annotations

from textwrap import indent

_OPTIONS = """\
ai_gateway_url:
  description:
    - URL of the AI gateway, as the GitLab nodes reach it. A trailing slash is ignored.
    - GitLab resolves the name when it saves the URL. It refuses C(localhost) and other names of its
      own machine, unless its outbound allowlist has that host or the URL is GitLab's own.
  type: str
ai_gateway_timeout_seconds:
  description: Timeout of requests to the gateway in seconds, 60 to 600. GitLab 18.7 and later.
  type: int
duo_agent_platform_service_url:
  description:
    - Host and port of the Agent Platform service, without a scheme. GitLab 18.4 and later.
  type: str
duo_agent_platform_service_secure:
  description: Whether the Agent Platform service uses TLS. GitLab 18.10 and later.
  type: bool
"""


class ModuleDocFragment:
    """The options themselves, and as one that holds them."""

    DOCUMENTATION: str
    OPTION: str
    DECLARED: str


# Outside the class, where linters expect literals and cannot follow how the parts are put together.
ModuleDocFragment.DOCUMENTATION = f"""
options:
{indent(_OPTIONS, "  ")}
"""

ModuleDocFragment.OPTION = f"""
options:
  gateway:
    description:
      - The gateway settings that will be declared, with the options of
        M(gitlab_ops.duo.duo_gateway).
    type: dict
    default: {{}}
    suboptions:
{indent(_OPTIONS, "      ")}
"""

ModuleDocFragment.DECLARED = f"""
options:
  declared_gateway:
    description:
      - What the same run has declared for the gateway, with the options of
        M(gitlab_ops.duo.duo_gateway).
      - From GitLab 19.2 on, each of GitLab's processes may show older settings for a minute. While
        one does and something is wrong, GitLab is asked again for up to O(settle_timeout) seconds.
    type: dict
    default: {{}}
    suboptions:
{indent(_OPTIONS, "      ")}
"""

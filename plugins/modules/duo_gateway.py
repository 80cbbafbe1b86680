#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the AI gateway of GitLab Duo Self-Hosted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_gateway
short_description: Set the AI gateway of GitLab Duo Self-Hosted
version_added: 0.1.0
description:
  - Sets the URL of the self-hosted AI gateway, its timeout, and the GitLab Duo Agent Platform
    service beside it.
  - An option that is left out is not managed; an empty string clears a URL.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.gateway
  - gitlab_ops.duo.plan
options:
  state:
    description:
      - V(present) sets the options that are given.
      - V(absent) clears both URLs. A warning names the features whose requests then go, or may go,
        to GitLab's cloud.
    type: str
    choices: [present, absent]
    default: present
  when_unsupported:
    description:
      - What to do with an option that only a later release of GitLab has. V(fail) fails before
        anything is changed, V(warn) skips it with a warning, so that one declaration fits instances
        of different releases. A misspelt name always fails.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: gitlab_ops.duo.duo_self_hosted_model
  - module: gitlab_ops.duo.duo_info
  - name: Configure GitLab to access GitLab Duo Self-Hosted
    description: The steps in GitLab's own documentation.
    link: https://docs.gitlab.com/administration/gitlab_duo_self_hosted/configure_duo_features/
"""

EXAMPLES = r"""
- name: Point GitLab at the AI gateway
  gitlab_ops.duo.duo_gateway:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    ai_gateway_url: https://aigw.example.com
  delegate_to: localhost

- name: Give the gateway two minutes, and set the Agent Platform service (GitLab 18.7 and later)
  gitlab_ops.duo.duo_gateway:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    ai_gateway_timeout_seconds: 120
    duo_agent_platform_service_url: aigw.example.com:50052
  delegate_to: localhost

- name: Take the gateway away
  gitlab_ops.duo.duo_gateway:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
gateway:
  description: The settings that this release of GitLab offers, as they are or would be.
  returned: success
  type: dict
  contains:
    ai_gateway_url:
      description: URL of the AI gateway, empty if there is none.
      type: str
    ai_gateway_timeout_seconds:
      description: Timeout in seconds.
      type: int
    duo_agent_platform_service_url:
      description: Host and port of the Agent Platform service, empty if there is none.
      type: str
    duo_agent_platform_service_secure:
      description: Whether that service uses TLS.
      type: bool
  sample:
    ai_gateway_url: https://aigw.example.com
    ai_gateway_timeout_seconds: 60
instance:
  description: The GitLab instance (C(url), and C(version) if it was read).
  returned: always
  type: dict
  sample: {url: https://gitlab.example.com, version: 18.9.2}
changes:
  description:
    - What was changed, or would be changed in check mode, in the order in which it is carried out;
      one item for each field. After a failure, what was changed before it.
    - C(before) is null for an object that is created, C(after) for one that is deleted. Secrets are
      C((set)), C((changed)) or C((cleared)).
  returned: always
  type: list
  elements: dict
  contains:
    subject:
      description: C(gateway).
      type: str
    name:
      description: Empty, because there is only one.
      type: str
    field:
      description: The setting.
      type: str
    before:
      description: Its value before.
      type: raw
    after:
      description: Its value afterwards.
      type: raw
  sample:
    - subject: gateway
      name: ""
      field: ai_gateway_url
      before: ""
      after: https://aigw.example.com
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["change AI gateway (ai_gateway_url: none -> https://aigw.example.com)"]
unseen:
  description:
    - Objects in RV(steps) whose state GitLab does not show, so that their change cannot be
      verified by reading it again.
  returned: success
  type: list
  elements: str
  sample: []
failure:
  description: The failure as data. C(msg) says the same in one sentence.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - The kind of failure, for programs. The documentation has a page of all codes, with cause
          and remedy.
      returned: always
      type: str
      sample: token-refused
    instance:
      description: The URL of the GitLab.
      returned: always
      type: str
    about:
      description: The object that it is about. Empty if that is the instance as a whole.
      returned: always
      type: str
    what:
      description: What happened.
      returned: always
      type: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
    done:
      description: The changes that were made before the failure.
      returned: always
      type: list
      elements: str
    not_done:
      description: The changes that were not made.
      returned: always
      type: list
      elements: str
    unknown:
      description: The changes that may have been made.
      returned: always
      type: list
      elements: str
    where:
      description: The place in the code of the collection, as file, line and function.
      returned: if the collection itself failed (V(unexpected))
      type: str
    trace:
      description: The traceback, for a bug report.
      returned: if the collection itself failed, with C(-vvv)
      type: list
      elements: str
"""

from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.gateway import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set instance-wide settings of GitLab Duo."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_settings
short_description: Set instance-wide settings of GitLab Duo
version_added: 0.1.0
description:
  - Sets what GitLab Duo does on the whole instance, such as whether it is available at all, AI
    logs, how long chats are kept, and what the Agent Platform may do.
  - An option that is left out is not managed. With none, the module only reads.
  - Reads with two requests at the same time. Changes take one request over REST and one over
    GraphQL. GitLab stores three of the settings even if it refuses the others of a request
    (O(agent_platform), O(duo_cli), O(ai_audit_event_streaming)), so each of these has its own.
  - If GitLab refuses a change, the settings are read again, and the message says which were stored
    all the same.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.settings
  - gitlab_ops.duo.plan
options:
  when_unsupported:
    description:
      - What to do with an option that this instance lacks, because its release is older, or because
        its licence or add-ons do not include it. GitLab does not show such a setting, and drops its
        value without saying so.
      - V(fail) fails before anything is changed, V(warn) skips the option with a warning.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: gitlab_ops.duo.duo_beta_features
  - module: gitlab_ops.duo.duo_gateway
  - module: gitlab_ops.duo.duo_info
"""

EXAMPLES = r"""
- name: Make GitLab Duo available, without AI logs and without what GitLab's cloud serves
  gitlab_ops.duo.duo_settings:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    availability: default_on
    expanded_logging: false
    duo_core: false
  delegate_to: localhost

- name: Prepare the Agent Platform of an isolated site (GitLab 18.9 and later)
  gitlab_ops.duo.duo_settings:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    agent_platform: true
    workflow_image_registry: registry.example.com:5000
    documentation_url: https://docs.example.com
  delegate_to: localhost

- name: Turn GitLab Duo off for everybody
  gitlab_ops.duo.duo_settings:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    availability: never_on
  delegate_to: localhost
"""

RETURN = r"""
settings:
  description:
    - The settings that GitLab shows, by the names of the options, as they are or would be.
  returned: success
  type: dict
  sample: {availability: default_on, expanded_logging: false, duo_core: false}
instance:
  description: The GitLab instance (C(url), and C(version) if it was read).
  returned: always
  type: dict
  sample: {url: https://gitlab.example.com, version: 18.9.2}
changes:
  description:
    - What was changed, or would be changed in check mode, in the order in which it is carried out;
      one item for each field. After a failure, what was changed before it.
  returned: always
  type: list
  elements: dict
  contains:
    subject:
      description: C(setting).
      type: str
    name:
      description: The setting, by the name of its option.
      type: str
    field:
      description: C(value).
      type: str
    before:
      description: Its value before.
      type: raw
    after:
      description: Its value afterwards.
      type: raw
  sample:
    - subject: setting
      name: availability
      field: value
      before: never_on
      after: default_on
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["change GitLab Duo setting availability (never_on -> default_on)"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.settings import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

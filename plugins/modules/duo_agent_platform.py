#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect or disconnect the account with which flows of the GitLab Duo Agent Platform act."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_agent_platform
short_description: Connect the account with which flows of the GitLab Duo Agent Platform act
version_added: 0.1.0
description:
  - Flows of the GitLab Duo Agent Platform act with an account of the instance, C(@duo-developer),
    on behalf of the user who starts them. GitLab calls this composite identity. Flows need it.
  - GitLab makes the account when it is connected for the first time, blocks it when it is
    disconnected, and unblocks it when it is connected again.
  - There is no API for it. The module does what an administrator does under Admin > GitLab Duo, so
    it signs in to GitLab in every run, in check mode too.
  - While GitLab Duo is off on the instance, GitLab connects nothing, and shows what is connected as
    disconnected.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.connection.sign_in
  - gitlab_ops.duo.plan
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
attributes:
  idempotent:
    support: partial
    details:
      - The admin page of GitLab 18.9 shows whether the account is connected, that of 19.4 does not;
        for the releases in between, the module looks at whether the page shows it. Where it is not
        shown, each run applies the state again, reports a change and warns; see O(when_unknown).
        Applying it again is harmless.
options:
  state:
    description: Whether flows can act with the account.
    type: str
    choices: [connected, disconnected]
    required: true
  when_unknown:
    description:
      - What to do where GitLab does not show whether the account is connected. V(apply) applies
        O(state) in every run, and so reports a change in every run. V(keep) leaves it as it is,
        with a warning, for instances on which it has been applied once.
    type: str
    choices: [apply, keep]
    default: apply
  when_unsupported:
    description:
      - What to do if GitLab is older than 18.4. V(fail) fails, V(warn) skips it with a warning, so
        that one declaration fits instances of different releases.
    type: str
    choices: [fail, warn]
    default: fail
  via:
    description:
      - Takes the same values as in the other modules, so that one dictionary fits all of them, but
        this module always uses the session.
  rails_command:
    description: Not used by this module; it is accepted for the same reason as O(via).
seealso:
  - module: gitlab_ops.duo.duo_feature_model
  - module: gitlab_ops.duo.duo_gateway
"""

EXAMPLES = r"""
- name: Connect the account with which flows act
  gitlab_ops.duo.duo_agent_platform:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    state: connected
    username: root
    password: "{{ root_password }}"
  delegate_to: localhost

- name: The same with the session of a browser, on instances of any release
  gitlab_ops.duo.duo_agent_platform:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    state: connected
    when_unsupported: warn
    session_cookie: "{{ gitlab_session }}"
  delegate_to: localhost

- name: Disconnect it
  gitlab_ops.duo.duo_agent_platform:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    state: disconnected
    username: root
    password: "{{ root_password }}"
  delegate_to: localhost
"""

RETURN = r"""
agent_platform:
  description: The state, as it is or would be.
  returned: success
  type: dict
  contains:
    connected:
      description: Whether the account is connected; null where GitLab does not show it.
      type: bool
  sample:
    connected: true
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
      description: C(agent_platform).
      type: str
    name:
      description: Empty, because there is only one.
      type: str
    field:
      description: The setting.
      type: str
    before:
      description: Its value before; C((not shown)) where GitLab does not show it.
      type: raw
    after:
      description: Its value afterwards.
      type: raw
  sample:
    - subject: agent_platform
      name: ""
      field: connected
      before: false
      after: true
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["change account of the Agent Platform (connected: false -> true)"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.agent_platform import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

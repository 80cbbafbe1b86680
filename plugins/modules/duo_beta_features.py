#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn self-hosted beta models and features on or off."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_beta_features
short_description: Turn self-hosted beta models and features on or off
version_added: 0.1.0
description:
  - Turns on or off the self-hosted beta models and features of a GitLab instance.
  - GitLab keeps an acceptance of the GitLab Testing Agreement for each user, and beta features are
    on as soon as one administrator has accepted. There is no API for it, so a change is made on
    the admin page, as the administrator would do it in a browser, or with C(gitlab-rails runner).
  - The switch on the page turns beta features off only for one administrator. If others have
    accepted it too, beta features stay on and the module fails; with O(via=rails_runner) all
    acceptances are withdrawn.
  - From GitLab 18.1 the state is read with the token, so a run that has nothing to change does not
    sign in.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.connection.sign_in
  - gitlab_ops.duo.plan
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
options:
  enabled:
    description: Whether beta models and features are on.
    type: bool
    required: true
  accept_testing_agreement:
    description:
      - Whether you accept the
        L(GitLab Testing Agreement,https://handbook.gitlab.com/handbook/legal/testing-agreement/).
        Must be V(true) to turn beta features on.
    type: bool
    default: false
seealso:
  - module: gitlab_ops.duo.duo_self_hosted_model
  - module: gitlab_ops.duo.duo_feature_model
"""

EXAMPLES = r"""
- name: Turn beta features on
  gitlab_ops.duo.duo_beta_features:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    enabled: true
    accept_testing_agreement: true
    username: root
    password: "{{ root_password }}"
  delegate_to: localhost

- name: The same with the session of a browser, for single sign-on
  gitlab_ops.duo.duo_beta_features:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    enabled: true
    accept_testing_agreement: true
    session_cookie: "{{ gitlab_session }}"
  delegate_to: localhost

- name: Turn beta features off for all, on a GitLab node of the Linux package
  gitlab_ops.duo.duo_beta_features:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    enabled: false
    via: rails_runner
  become: true

- name: Turn beta features off
  gitlab_ops.duo.duo_beta_features:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    enabled: false
    username: root
    password: "{{ root_password }}"
  delegate_to: localhost
"""

RETURN = r"""
beta_features:
  description: The state, as it is or would be.
  returned: success
  type: dict
  contains:
    enabled:
      description: Whether beta models and features are on.
      type: bool
  sample:
    enabled: true
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
      description: C(beta_features).
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
    - subject: beta_features
      name: ""
      field: enabled
      before: false
      after: true
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["change beta features (enabled: false -> true)"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.beta_features import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

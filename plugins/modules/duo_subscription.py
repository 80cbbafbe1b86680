#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read licence and add-ons, and synchronise the subscription of GitLab."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_subscription
short_description: Read licence and add-ons, and synchronise the subscription of GitLab
version_added: 0.1.0
description:
  - Reads licence and add-ons with the token, and synchronises the subscription with GitLab's
    customers portal. After a purchase, GitLab shows the self-hosted models only once that is done.
  - There is no API for the synchronisation, so it is started on the admin page or with
    C(gitlab-rails runner). GitLab queues it; the module waits for its effect, up to
    O(settle_timeout).
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.connection.sign_in
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
attributes:
  idempotent:
    support: partial
    details:
      - With O(sync=always) every run synchronises.
      - With O(sync=if_needed) a run within ten minutes of a synchronisation changes nothing. A
        later run synchronises again as long as the models are not shown.
options:
  sync:
    description:
      - V(if_needed) synchronises if the plan of the licence includes self-hosted models (Ultimate,
        from GitLab 18.0 also Premium) but they are not shown, or the last synchronisation is older
        than a day. If it is less than ten minutes old and the models are still not shown, a warning
        says so. V(always) does it in every run, V(never) only reads.
      - GitLab synchronises only an online cloud licence with an expiry date, neither an offline nor
        a legacy one. With any other licence, V(if_needed) warns if a synchronisation is needed, and
        V(always) fails and says why.
    type: str
    choices: [if_needed, always, never]
    default: if_needed
seealso:
  - module: gitlab_ops.duo.duo_info
"""

EXAMPLES = r"""
- name: Synchronise after a purchase
  gitlab_ops.duo.duo_subscription:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    username: root
    password: "{{ root_password }}"
  delegate_to: localhost

- name: Only read the licence
  gitlab_ops.duo.duo_subscription:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    sync: never
  delegate_to: localhost
  register: subscription
"""

RETURN = r"""
license:
  description: The licence and its active add-ons.
  returned: success
  type: dict
  contains:
    plan:
      description: Plan, such as C(ultimate); null without a licence.
      type: str
    type:
      description: C(online_cloud), C(offline_cloud) or C(legacy_license).
      type: str
    expires_at:
      description: Day on which it expires.
      type: str
    last_sync:
      description: Time of the last synchronisation, in UTC.
      type: str
    add_ons:
      description: Active add-ons with their seats (C(name), C(purchased), C(assigned)).
      type: list
      elements: dict
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
      description: C(subscription).
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
    - subject: subscription
      name: ""
      field: last_sync
      before: "2026-11-01T10:00:00Z"
      after: (now)
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: []
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.subscription import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

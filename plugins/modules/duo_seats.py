#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign the seats of a GitLab Duo add-on to users."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_seats
short_description: Assign the seats of a GitLab Duo add-on to users
version_added: 0.1.0
description:
  - The classic features of GitLab Duo, such as Code Suggestions and Chat, work only for users who
    have a seat of an add-on. This module assigns seats, and takes them away.
  - It reads the users who can have a seat page by page (100 users each), until it knows all that
    matter, and writes for up to 100 users at once, of which GitLab does all or nothing. Seats are
    taken away first, because other users may need them.
  - If O(add_on) is not active or has too few free seats, or if one of O(users) does not exist or
    cannot have a seat, the task fails before it changes anything, in check mode as well. With
    O(state=absent) such an add-on or user only causes a warning, because there is no seat to take
    away.
notes:
  - If GitLab synchronises seats with LDAP groups (C(duo_add_on_groups) in the LDAP configuration),
    it does so every night, and takes away what is assigned here to others. No API shows whether it
    does. Manage the seats in LDAP then, or leave that setting out.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.seats
  - gitlab_ops.duo.plan
seealso:
  - module: gitlab_ops.duo.duo_subscription
  - module: gitlab_ops.duo.duo_health
  - module: gitlab_ops.duo.duo_info
  - name: Assign GitLab Duo seats by using GraphQL
    description: The mutation in GitLab's own documentation.
    link: https://docs.gitlab.com/api/graphql/assign_gitlab_duo_seats/
"""

EXAMPLES = r"""
- name: Give two users a seat of GitLab Duo Enterprise
  gitlab_ops.duo.duo_seats:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    add_on: duo_enterprise
    users: [alice, root]
  delegate_to: localhost

- name: Take the seat of somebody who has left the team
  gitlab_ops.duo.duo_seats:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    add_on: duo_enterprise
    users: [alice]
    state: absent
  delegate_to: localhost

- name: Let these users have seats, and nobody else
  gitlab_ops.duo.duo_seats:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    add_on: duo_enterprise
    users: [root, second]
    exclusive: true
  delegate_to: localhost
"""

RETURN = r"""
seats:
  description: The seats of the add-on, as they are or would be.
  returned: success
  type: dict
  contains:
    add_on:
      description: The add-on.
      type: str
    purchased:
      description: How many seats were bought.
      type: int
    assigned:
      description: How many of them are assigned, also to users whom GitLab does not list.
      type: int
    users:
      description: Those of O(users) who have a seat, in the order of their names.
      type: list
      elements: str
  sample:
    add_on: duo_enterprise
    purchased: 10
    assigned: 2
    users: [alice, root]
instance:
  description: The GitLab instance (C(url), and C(version) if it was read).
  returned: always
  type: dict
  sample: {url: https://gitlab.example.com, version: 18.9.2}
changes:
  description:
    - What was changed, or would be changed in check mode, in the order in which it is carried out;
      one item for each user. After a failure, what was changed before it.
  returned: always
  type: list
  elements: dict
  contains:
    subject:
      description: C(seat).
      type: str
    name:
      description: The user name.
      type: str
    field:
      description: C(add_on).
      type: str
    before:
      description: The add-on, or null for a user without a seat.
      type: raw
    after:
      description: The same afterwards.
      type: raw
  sample:
    - {subject: seat, name: alice, field: add_on, before: null, after: duo_enterprise}
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["assign seat of alice"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.seats import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

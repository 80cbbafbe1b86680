#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a GitLab whether it is as this collection believes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_conformance
short_description: Check whether a GitLab instance behaves as this collection expects
version_added: 0.1.0
description:
  - Checks, belief by belief, whether a GitLab instance is as this collection expects it to be. It
    asks what the token and the licence allow, which fields, arguments and enum values exist, and
    which values GitLab returns.
  - Reads only, unless O(write) is set. Because GitLab does not answer introspection, its schema is
    explored with documents that it refuses before running anything.
  - The files in O(folder) may be attached to an issue. They hold none of the names, addresses, ids
    and keys of the instance, because no value of an answer is copied into them.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.attributes.info
  - gitlab_ops.duo.attributes.action_group
attributes:
  check_mode:
    description: Reads only.
    support: partial
    details:
      - With O(write) it does not predict what a real run would find, because that is seen by
        writing alone.
  idempotent:
    description: Changes nothing for good; what O(write) changes is undone in the same run.
    support: full
options:
  write:
    description:
      - Also check what can only be seen by writing. This creates models whose names begin with
        C(duo-conformance-), sets one feature that nobody configured to such a model, sends the
        gateway URL again with a slash at its end, and changes the timeout of the gateway by one
        second.
      - Everything is undone at the end, even after a failure or Ctrl-C. The next run removes what a
        killed run left behind.
      - Refused where a feature uses a self-hosted model, because its users might notice.
      - Ignored in check mode. GitLab keeps the audit events of these changes.
    type: bool
    default: false
  production:
    description: Mark the instance as a production instance, on which O(write) is refused.
    type: bool
    default: false
  folder:
    description:
      - Folder for C(conformance.json) and C(conformance.md), which are written in check mode too.
        It is created if it is missing. If not set, no files are written.
    type: path
  username:
    description: User name of an administrator. If it is set, the admin pages are checked as well.
    type: str
  password:
    description: Password of this user.
    type: str
  session_cookie:
    description: Value of C(_gitlab_session) of an administrator who is signed in, instead of a
      password.
    type: str
  fail_on:
    description:
      - Whether the task fails if V(any) belief differs. With V(never), a difference is a warning.
    type: str
    choices: [any, never]
    default: any
seealso:
  - module: gitlab_ops.duo.duo_health
    description: Whether the features work.
"""

EXAMPLES = r"""
- name: Ask whether this GitLab is as the collection believes
  gitlab_ops.duo.duo_conformance:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    folder: duo-conformance
  delegate_to: localhost

- name: Ask a GitLab for tests what only writing shows
  gitlab_ops.duo.duo_conformance:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    write: true
  delegate_to: localhost
"""

RETURN = r"""
conformance:
  description: The outcome, as in the JSON file; returned on failure too.
  returned: success
  type: dict
  contains:
    gitlab:
      description: The release.
      type: str
      sample: 18.9.2
    wrote:
      description: Whether the check also wrote to the instance.
      type: bool
    conforms:
      description: Whether every belief that was asked holds.
      type: bool
    verdict:
      description: The outcome in one sentence.
      type: str
    beliefs:
      description:
        - All beliefs held for this release, each with C(number), C(subject), C(belief),
          C(releases), C(established), C(answered) and C(state) (V(holds), V(differs) or
          V(not asked)).
      type: list
      elements: dict
table:
  description: The same as lines to print.
  returned: success
  type: list
  elements: str
paths:
  description: The files that were written.
  returned: success
  type: list
  elements: str
  sample: [duo-conformance/conformance.json, duo-conformance/conformance.md]
instance:
  description: The GitLab instance (C(url), and C(version) if it was read).
  returned: always
  type: dict
  sample: {url: https://gitlab.example.com, version: 18.9.2}
changes:
  description: Always empty, because this module changes nothing.
  returned: always
  type: list
  elements: dict
  sample: []
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

from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.conformance import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

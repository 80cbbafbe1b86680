#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a GitLab whether it is as this collection believes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_conformance
short_description: Check whether a GitLab behaves as this collection expects
version_added: 0.1.0
description:
  - Asks a GitLab, belief by belief, whether it is as this collection expects it to be. It asks what
    the token and the licence may do, which fields, arguments and enum values there are, and which
    values are answered.
  - Reads only, unless O(write) is set. GitLab answers no introspection, so its schema is asked
    about with documents that it refuses before it carries anything out.
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
    description: Reads only; O(write) is ignored.
    support: full
  idempotent:
    description: Leaves nothing changed; what O(write) changes is undone in the same run.
    support: full
options:
  write:
    description:
      - Also asks what can only be seen by writing. It creates models whose names begin with
        C(duo-conformance-), sets one feature that nobody configured to such a model, sends the
        gateway URL again with a slash at its end, and changes the timeout of the gateway by one
        second.
      - Everything is undone at the end, also after a failure and after Ctrl-C. What a killed run
        left is removed by the next one.
      - Refused where a feature uses a self-hosted model, because somebody might notice.
      - Ignored in check mode. GitLab keeps the audit events of these changes.
    type: bool
    default: false
  production:
    description: Marks the instance as one on which nothing may be tried; O(write) is refused there.
    type: bool
    default: false
  folder:
    description:
      - Where C(conformance.json) and C(conformance.md) are written, in check mode too. A folder is
        made if it is missing. If not set, no file is written.
    type: path
  username:
    description: Administrator to sign in as, to look at the admin pages as well.
    type: str
  password:
    description: Their password.
    type: str
  session_cookie:
    description: Value of C(_gitlab_session) of an administrator who is signed in, instead of a
      password.
    type: str
  fail_on:
    description:
      - Whether the task fails if V(any) belief differs, or V(never); then it is a warning.
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
      description: Whether it was also written to.
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
  description: The same as lines to be printed.
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
  description: The GitLab (C(url), and C(version) as far as it was read).
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
  description:
    - The failure as data; C(msg) has the same as a sentence.
    - C(code) is the kind of failure, C(instance) the GitLab, C(about) the object, C(what) what
      happened, C(next_step) what to do about it. C(done), C(not_done) and C(unknown) list the
      changes that were made, were not, or may have been.
  returned: failure
  type: dict
"""

from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.conformance import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

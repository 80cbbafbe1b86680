#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what an upgrade of GitLab changes for GitLab Duo Self-Hosted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_upgrade_check
short_description: Show what an upgrade of GitLab changes for GitLab Duo Self-Hosted
version_added: 0.1.0
description:
  - Reads the current state of an instance in one request and returns findings for every release on
    the way to the target, each with what to do about it.
  - It knows required upgrade stops, releases that must be avoided, the gateway image that fits,
    features and model families that appear, and changes of licensing. It returns only what concerns
    the instance, judged by its licence, its settings, and the features that it uses or that
    O(settings) declares.
  - Its knowledge ends with a release and a day, which RV(knowledge) names. A target beyond that
    release leads to a warning.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.attributes.info
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.model.list
  - gitlab_ops.duo.setting.list
options:
  target_version:
    description:
      - Release to upgrade to, such as V(19.2.1), or V(19.2) if the patch is not known yet. A
        release that must be avoided is found only if the patch is given.
      - A release older than that of the instance is refused, even if only its patch is older.
    type: str
    required: true
  when_unsupported:
    description:
      - How to rate a declared feature or model family that only a later release than the target
        has. With V(warn) the other modules skip it there, so the finding is C(info) instead of
        C(breaking). A misspelt name is always C(breaking).
    type: str
    choices: [fail, warn]
    default: fail
  subjects:
    description:
      - Subjects to look at. Findings about others are left out of RV(findings), so they never fail
        the task. If not set, all subjects count.
    type: list
    elements: str
    choices: [platform, license, gateway, models, features, beta_features]
  fail_on:
    description:
      - Which findings fail the task. V(breaking) is what stops GitLab Duo Self-Hosted from working
        if nothing is done before the upgrade.
    type: str
    choices: [breaking, any, never]
    default: breaking
seealso:
  - module: gitlab_ops.duo.duo_info
    description: Its C(configuration) is the safety copy to take before an upgrade.
"""

EXAMPLES = r"""
- name: What the upgrade to 19.2.1 will bring
  gitlab_ops.duo.duo_upgrade_check:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    target_version: 19.2.1
    fail_on: never
  delegate_to: localhost
  register: upgrade

- name: Show what to do
  ansible.builtin.debug:
    msg: "{{ item.version }} {{ item.severity }}: {{ item.what }} {{ item.action }}"
  loop: "{{ upgrade.findings }}"
  loop_control:
    label: "{{ item.subject }}"
"""

RETURN = r"""
instance:
  description: The GitLab instance as it is (C(url), and C(version) if it was read).
  returned: always
  type: dict
target_version:
  description: The release that the findings lead to.
  returned: success
  type: str
gateway_image_tag:
  description: Pattern of the tags of the gateway image that fits the target; take the newest.
  returned: success
  type: str
  sample: self-hosted-v19.2.*-ee
knowledge:
  description: How far the findings reach.
  returned: success
  type: dict
  contains:
    release:
      description: The newest release of GitLab that is known.
      type: str
      sample: '19.5'
    date:
      description: The day on which GitLab's issues and release notes were read.
      type: str
      sample: '2026-11-28'
findings:
  description: What the upgrade changes, worst first; returned on failure too.
  returned: success
  type: list
  elements: dict
  contains:
    severity:
      description: C(breaking), C(action) or C(info).
      type: str
    version:
      description: Release that introduces it.
      type: str
    subject:
      description: What it is about, one of the choices of O(subjects).
      type: str
    what:
      description: What changes.
      type: str
    action:
      description: What to do about it.
      type: str
    source:
      description: Page, issue (#) or merge request (!) of GitLab that says so.
      type: str
    fixed_in:
      description: For a fault that later releases fix, the first releases without it.
      type: list
      elements: str
      sample: ['19.4.2', '19.5']
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

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.upgrade_check import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the health of GitLab Duo Self-Hosted: its probes, and a connection check of each model."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_health
short_description: Check the health of GitLab Duo Self-Hosted
version_added: 0.1.0
description:
  - Has GitLab run its own probes and a connection check of each self-hosted model, which goes from
    GitLab through the gateway to the model. Each check is judged on its own, with what to do about
    a failure and what the check does and does not prove.
  - Changes nothing. The connection check stores nothing either, but it asks the model a tiny
    question, in check mode too. It needs the stored API key of the model, which is read for this
    purpose and never shown.
  - With O(settings) it also checks that the feature settings are as declared.
  - GitLab's probes cover everything that GitLab can do. A failed probe counts only if it concerns a
    feature in use, which is a feature that O(settings) declares with a model or, without
    O(settings), a feature that has a model in GitLab. Other failed probes, and those that this
    collection does not know, are warnings.
  - Failures that GitLab is known to report although the features work do not fail the task, but are
    warnings. These are all probes before 17.10, local addresses that only the health check refuses,
    and the message C(401 response from the AI gateway). A model that is hidden because beta
    features are off is a warning too, because it cannot be checked.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.gateway.declared
  - gitlab_ops.duo.attributes.info
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.model.declared
  - gitlab_ops.duo.setting.list
options:
  checks:
    description:
      - Which checks to run. V(probes) is GitLab's health check, which also fails if the token's
        user has no GitLab Duo seat. V(connections) is the connection check of the models.
      - V(gateway) is the gateway's own health endpoint (C(/monitoring/healthz)), asked by the host
        that runs the task, with the TLS options and the proxy of the connection and without a
        token. It proves only that this host reaches the gateway, not that GitLab does.
    type: list
    elements: str
    choices: [probes, connections, gateway]
    default: [probes, connections]
  models:
    description: Names of the models to check. If not set, all that GitLab shows.
    type: list
    elements: str
  attempts:
    description:
      - How often a model is asked in total, from 1 to 20, before it counts as broken. GitLab waits
        3 seconds for its answer (15 from GitLab 19.4), so a cold model fails at first. A model is
        asked again only after a timeout or one of the codes 502, 503 and 504 of the model server.
    type: int
    default: 3
  delay:
    description: Seconds to wait before asking again, for all slow models at once; 0 to 300.
    type: int
    default: 5
  when_unsupported:
    description:
      - What to do about a declared setting that only a later release of GitLab has. V(warn) leaves
        it out of the check.
    type: str
    choices: [fail, warn]
    default: fail
  fail_on:
    description:
      - Whether the task fails if V(any) check fails. With V(never), failed checks are warnings.
    type: str
    choices: [any, never]
    default: any
seealso:
  - module: gitlab_ops.duo.duo_preflight
    description: Finds everything that would prevent the configuration.
"""

EXAMPLES = r"""
- name: Have GitLab test itself and each model
  gitlab_ops.duo.duo_health:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
  delegate_to: localhost

- name: Give a model that was scaled to zero five minutes
  gitlab_ops.duo.duo_health:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    checks: [connections]
    models: [codestral]
    attempts: 11
    delay: 30
  delegate_to: localhost

- name: Look at everything, the way from the controller to the gateway too
  gitlab_ops.duo.duo_health:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    checks: [probes, connections, gateway]
    fail_on: never
  delegate_to: localhost
  register: health

- name: Show what failed, and what to do
  ansible.builtin.debug:
    msg: "{{ item.subject }}: {{ item.message }} {{ item.action }}"
  loop: "{{ health.checks | rejectattr('success') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
instance:
  description: The GitLab instance (C(url), and C(version) if it was read).
  returned: always
  type: dict
checks:
  description: All checks, each with its own verdict; returned on failure too.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - Name of the probe as GitLab calls it, C(model_configuration_probe) for the connection
          check of a model, C(gateway_from_controller), or C(feature_setting).
      type: str
    subject:
      description:
        - What it is about, such as a host or a model. It tells probes of the same name apart.
      type: str
    success:
      description: The verdict.
      type: bool
    message:
      description: What GitLab says.
      type: str
    action:
      description: What to do about a failure.
      type: str
    proves:
      description: What a success proves, and what it does not.
      type: str
    doubtful:
      description: Whether it is a failure that GitLab is known to report although features work.
      type: bool
    concerns:
      description:
        - Whether it concerns a feature in use, so that its failure counts. It is V(false) for a
          probe that this collection does not know.
      type: bool
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

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

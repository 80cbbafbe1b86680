#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the provider and model of GitLab Duo features."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_feature_model
short_description: Choose the provider and model of GitLab Duo features
version_added: 0.1.0
description:
  - Sets which provider and model serve GitLab Duo features, one assignment or many in a task.
  - From GitLab 17.11 all features of an assignment are set with one mutation.
  - If GitLab would refuse a setting because of the licence, add-ons, release or beta features, the
    task fails before anything is written, in check mode too, and names the features. If GitLab may
    refuse it, the task warns.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.setting
  - gitlab_ops.duo.plan
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
attributes:
  idempotent:
    support: partial
    details:
      - GitLab does not show the state of every feature, for example of beta features while beta
        features are off. Such a feature is visible only through the self-hosted model that it uses;
        with another provider it is set again in every run, with a warning.
options:
  features:
    description:
      - Names of the features, such as V(code_completions), V(code_generations), V(duo_chat).
      - Which features exist depends on the release; the error about a wrong name lists those of the
        instance.
      - Either this or O(settings) is required.
    type: list
    elements: str
  when_unsupported:
    description:
      - What to do with a feature, provider or model that only a later release of GitLab has.
        V(fail) fails before anything is changed, V(warn) skips it with a warning, so that one
        declaration fits instances of different releases. A misspelt name always fails.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: gitlab_ops.duo.duo_self_hosted_model
  - module: gitlab_ops.duo.duo_beta_features
"""

EXAMPLES = r"""
- name: Code suggestions with a self-hosted model
  gitlab_ops.duo.duo_feature_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    features:
      - code_completions
      - code_generations
    model: codestral
  delegate_to: localhost

- name: Several assignments at once
  gitlab_ops.duo.duo_feature_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    settings:
      - features: [code_completions, code_generations]
        model: codestral
      - features: [duo_chat]
        provider: disabled
  delegate_to: localhost

- name: Hand a feature back to GitLab's default
  gitlab_ops.duo.duo_feature_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    features: [duo_chat]
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
features:
  description: The declared features, as they are or would be.
  returned: success
  type: list
  elements: dict
  contains:
    feature:
      description: Name of the feature.
      type: str
    provider:
      description: Provider of the feature.
      type: str
    model:
      description: Name of the self-hosted model, or null.
      type: str
    gitlab_model:
      description: Reference of the GitLab-managed model, or null.
      type: str
  sample:
    - feature: code_completions
      provider: self_hosted
      model: codestral
      gitlab_model: null
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
      description: C(feature_model).
      type: str
    name:
      description: Name of the feature.
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
    - subject: feature_model
      name: duo_chat
      field: provider
      before: vendored
      after: self_hosted
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["change feature code_completions (provider: disabled -> self_hosted)"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.feature_model import SUBJECT


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

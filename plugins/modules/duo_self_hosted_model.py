#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage self-hosted models of GitLab Duo Self-Hosted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_self_hosted_model
short_description: Manage self-hosted models of GitLab Duo Self-Hosted
version_added: 0.1.0
description:
  - Creates, changes, renames and deletes self-hosted models, one or many in a task.
  - An option that is left out is not managed. An empty string clears O(api_key), O(iam_role),
    O(endpoint) on Bedrock and Vertex AI, and O(identifier) where the deployment method is V(other).
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.model
  - gitlab_ops.duo.plan
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_api_key=always) every run stores the API key again, and reports a change.
options:
  name:
    description:
      - Name of the model, which GitLab calls deployment name. It is case-sensitive.
      - Either this or O(models) is required.
    type: str
  exclusive:
    description:
      - Delete the models that O(models) does not name. A model that a feature uses is kept, with a
        warning.
    type: bool
    default: false
  connection_check:
    description:
      - Let GitLab check the connection of each model that would be created or changed, with the
        values that it would have, before any of them is stored. If one connection does not work,
        nothing is stored. A model that is only renamed is not checked.
      - GitLab asks through the AI gateway, so the gateway must have been set before.
      - The check needs the API key. If O(api_key) is left out for a model that exists, the key that
        GitLab holds is read for it.
      - In check mode nothing is checked, because the gateway may not have been set yet.
    type: bool
    default: false
  connection_check_timeout:
    description:
      - For how many seconds a model that does not answer yet is checked again with
        O(connection_check), for models that start when they are used. From 0 to 600.
    type: int
    default: 60
  when_unsupported:
    description:
      - What to do with a model that only a later release of GitLab has. V(fail) fails before
        anything is changed, V(warn) skips it with a warning, so that one declaration fits instances
        of different releases. A misspelt name always fails.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: gitlab_ops.duo.duo_feature_model
  - module: gitlab_ops.duo.duo_beta_features
    description: Models of beta families can be managed only while beta features are on.
"""

EXAMPLES = r"""
- name: A model served by vLLM
  gitlab_ops.duo.duo_self_hosted_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    name: codestral
    model_family: codestral
    endpoint: https://vllm.example.com/v1
    identifier: custom_openai/codestral-22b
    api_key: "{{ vllm_key }}"
  delegate_to: localhost

- name: A model that is stored only if it answers, within three minutes
  gitlab_ops.duo.duo_self_hosted_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    name: mixtral
    model_family: mixtral
    endpoint: https://vllm.example.com/v1
    identifier: custom_openai/mixtral
    connection_check: true
    connection_check_timeout: 180
  delegate_to: localhost

- name: Several models at once
  gitlab_ops.duo.duo_self_hosted_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    models:
      - name: mistral
        model_family: mistral
        endpoint: https://vllm.example.com/v1
        identifier: custom_openai/mistral-small
      - name: claude
        model_family: claude_3
        identifier: bedrock/anthropic.claude-sonnet-4
      - name: gpt
        model_family: gpt
        endpoint: https://example.openai.azure.com
        identifier: azure/gpt-4o
        api_key: "{{ azure_key }}"
  delegate_to: localhost

- name: Rename a model; its features keep using it
  gitlab_ops.duo.duo_self_hosted_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    name: mistral
    new_name: mistral-small
  delegate_to: localhost

- name: Delete a model that no feature uses
  gitlab_ops.duo.duo_self_hosted_model:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    name: gpt
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
model:
  description: The model, as it is or would be; null if it is absent.
  returned: success, with O(name)
  type: dict
  contains: &model
    id:
      description: Global ID of the model; null in check mode if it would be created.
      type: str
    name:
      description: Name of the model.
      type: str
    model_family:
      description: Family of the model.
      type: str
    endpoint:
      description: URL of the model.
      type: str
    identifier:
      description: Identifier of the model.
      type: str
    provider:
      description: API, BEDROCK or VERTEX_AI; only where GitLab has it (from 18.11 on).
      type: str
    iam_role:
      description: ARN of the IAM role; only of models on Bedrock, where it was read (O(iam_role)).
      type: str
    has_api_key:
      description: Whether GitLab holds a key for it.
      type: bool
    features:
      description: Features whose settings point to the model.
      type: list
      elements: str
  sample:
    id: gid://gitlab/Ai::SelfHostedModel/1
    name: codestral
    model_family: codestral
    endpoint: https://vllm.example.com/v1
    identifier: custom_openai/codestral-22b
    has_api_key: true
    features: [code_completions, code_generations]
models:
  description: The declared models, as they are or would be.
  returned: success, with O(models)
  type: list
  elements: dict
  contains: *model
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
      description: C(self_hosted_model).
      type: str
    name:
      description: Name of the model before the change.
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
    - subject: self_hosted_model
      name: codestral
      field: api_key
      before: (set)
      after: (changed)
steps:
  description: One line for each change that was made, or would be made in check mode.
  returned: success
  type: list
  elements: str
  sample: ["create self-hosted model codestral"]
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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.self_hosted_model import (
    SUBJECT,
)


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

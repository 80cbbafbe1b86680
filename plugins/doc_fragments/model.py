# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of self-hosted models, in every place where they appear."""

from __future__ import annotations

from textwrap import indent

_NAME = """\
name:
  description: Name of the model, which GitLab calls deployment name. It is case-sensitive.
  type: str
  required: true
"""

_OPTIONS = """\
state:
  description:
    - V(present) creates the model or changes what differs.
    - V(absent) deletes it. A model that features use is not deleted, unless C(force) is set.
  type: str
  choices: [present, absent]
  default: present
new_name:
  description:
    - New name of the model. Features that use it stay with it.
    - If the model has this name already, nothing changes.
  type: str
model_family:
  description:
    - Family of the model, such as V(mistral), V(codestral), V(mixtral), V(claude_3), V(gpt),
      or one of the beta families V(llama3), V(codegemma), V(codellama), V(deepseekcoder),
      V(general), V(gemini), V(qwen).
    - Which families exist depends on the release; the error about a wrong name lists those of the
      instance. Required to create a model.
  type: str
endpoint:
  description:
    - URL of the model. For vLLM it ends in C(/v1).
    - Required to create a model, except for Bedrock and, from GitLab 19.0 on, for Vertex AI. Where
      GitLab itself requires one for Bedrock (before 19.0), the placeholder of its own page is sent.
    - An empty string clears the endpoint of a model on Bedrock or Vertex AI, which is otherwise
      kept.
  type: str
deployment_method:
  description:
    - How the model is deployed, V(vllm), V(bedrock), V(azure), V(vertex_ai) (GitLab 18.11 and
      later) or V(other). If not set, it follows from the prefix of the identifier.
    - From 18.11 on, this sets the provider that GitLab stores for the model.
  type: str
identifier:
  description:
    - Identifier of the model, C(custom_openai/<name>) for vLLM, C(bedrock/<model ID>) for
      Bedrock, C(azure/<deployment>) for Azure OpenAI, C(vertex_ai/<id>) for Vertex AI.
    - Required for these methods, and free for V(other). C(bedrock_mantle/<model>) is V(other) with
      the URL of Bedrock Mantle as endpoint.
    - Bedrock also takes the ARN of an inference profile, as C(bedrock/converse/<ARN>) or alone with
      C(deployment_method=bedrock).
  type: str
iam_role:
  description:
    - ARN of the IAM role that the AI gateway assumes for a model on Amazon Bedrock, from GitLab
      19.5 on. An empty string clears it.
    - GitLab 19.5 does not use it for code completion yet.
  type: str
api_key:
  description:
    - Key for the model. An empty string removes it. It is never returned or shown.
  type: str
update_api_key:
  description:
    - V(on_change) compares the key with the one that GitLab holds, and sends it if it differs.
    - V(on_create) sends it only with a new model. The key that GitLab holds is not read.
    - V(always) sends it in every run, which then always reports a change.
  type: str
  choices: [on_change, on_create, always]
  default: on_change
force:
  description:
    - Delete the model even if features use it. GitLab then drops the settings of these
      features. They fall back to its default provider, which can send their requests to its
      cloud.
  type: bool
  default: false
"""


class ModuleDocFragment:
    """The options of one, of a list, and of a list that the same run declares."""

    DOCUMENTATION: str
    DECLARED: str
    LIST: str


# Outside the class, where linters expect literals and cannot follow how the parts are put together.
ModuleDocFragment.DOCUMENTATION = f"""
options:
{indent(_OPTIONS, "  ")}
  models:
    description:
      - Several models, planned together against one reading of GitLab.
      - The options of one model are set in each item, and not beside the list.
    type: list
    elements: dict
    suboptions:
{indent(_NAME + _OPTIONS, "      ")}
"""

ModuleDocFragment.DECLARED = f"""
options:
  declared_models:
    description:
      - The models that the same run has declared. A feature on one that this release of GitLab
        lacks is left out of the check where O(when_unsupported) is V(warn).
      - Names, family, deployment method, identifier and state count; the rest is ignored.
    type: list
    elements: dict
    suboptions:
{indent(_NAME + _OPTIONS, "      ")}
"""

ModuleDocFragment.LIST = f"""
options:
  models:
    description: The declared models of the instance, which are checked. They are not changed.
    type: list
    elements: dict
    default: []
    suboptions:
{indent(_NAME + _OPTIONS, "      ")}
"""

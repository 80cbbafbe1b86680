#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the GitLab Duo Self-Hosted state of an instance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_info
short_description: Read the GitLab Duo Self-Hosted state of an instance
version_added: 0.1.0
description:
  - Reads version, licence, gateway, self-hosted models, beta features and feature settings of a
    GitLab instance in one request.
  - On GitLab 17.9 to 18.0 the token may not show the state of beta features. It is then read on an
    admin page or with C(gitlab-rails runner) if the options for signing in are given, and unknown
    otherwise.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.gateway.declared
  - gitlab_ops.duo.connection.sign_in
  - gitlab_ops.duo.attributes.info
  - gitlab_ops.duo.attributes.action_group
options:
  isolated:
    description:
      - Fail if the requests of a feature leave the site, or may leave it; RV(leaving) says why.
      - It covers prompts, code and answers, but not what GitLab itself sends with an online licence
        (see the option of the same name of M(gitlab_ops.duo.duo_preflight)).
    type: bool
    default: false
  settings:
    description:
      - Read the instance-wide settings of M(gitlab_ops.duo.duo_settings) as well, which takes one
        more request.
    type: bool
    default: false
  agent_platform:
    description:
      - Read as well whether the account with which flows of the Agent Platform act is connected,
        as far as GitLab shows it. The task signs in for it, with O(username) and O(password), or
        O(session_cookie); without them it is not read.
    type: bool
    default: false
seealso:
  - module: gitlab_ops.duo.duo_gateway
  - module: gitlab_ops.duo.duo_self_hosted_model
  - module: gitlab_ops.duo.duo_beta_features
  - module: gitlab_ops.duo.duo_feature_model
"""

EXAMPLES = r"""
- name: Read the state
  gitlab_ops.duo.duo_info:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
  delegate_to: localhost
  register: duo

- name: Show which model serves which feature
  ansible.builtin.debug:
    msg: "{{ duo.features }}"

- name: Fail if a feature sends its requests to GitLab's cloud
  gitlab_ops.duo.duo_info:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    isolated: true
  delegate_to: localhost

- name: Keep the state as variables of the role
  ansible.builtin.copy:
    content: "{{ duo.configuration | gitlab_ops.duo.to_variables }}"
    dest: duo-{{ inventory_hostname }}.yml
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
instance:
  description: What GitLab says about itself; on failure only C(url), and C(version) if it was read.
  returned: always
  type: dict
  contains:
    url:
      description: Base URL.
      type: str
    version:
      description: Version.
      type: str
    enterprise:
      description: Whether it is the Enterprise Edition.
      type: bool
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
      description: Time of the last synchronisation of the subscription.
      type: str
    add_ons:
      description: Active add-ons with their seats.
      type: list
      elements: dict
seats:
  description: The active add-ons whose seats are assigned to users.
  returned: success
  type: list
  elements: dict
  contains:
    add_on:
      description: C(duo_enterprise) or C(duo_pro).
      type: str
    purchased:
      description: How many seats were bought.
      type: int
    assigned:
      description: How many of them are assigned.
      type: int
  sample:
    - {add_on: duo_enterprise, purchased: 100, assigned: 42}
gateway:
  description: The gateway settings that this release offers, as in M(gitlab_ops.duo.duo_gateway).
  returned: success
  type: dict
models:
  description:
    - All self-hosted models, as in M(gitlab_ops.duo.duo_self_hosted_model). Models of beta families
      are hidden while beta features are off.
  returned: success
  type: list
  elements: dict
beta_features:
  description: Whether beta features are on (C(enabled)); null where this cannot be read.
  returned: success
  type: dict
features:
  description:
    - Settings of all features that GitLab shows, as in M(gitlab_ops.duo.duo_feature_model).
    - C(destination) is where the requests of a feature go. C(model) is its self-hosted model,
      C(gitlab_cloud) is GitLab's cloud, and C(nowhere) means that it is disabled.
      C(gateway_without_model) means that the feature is unassigned behind a gateway of your own,
      where it fails. C(maybe_gitlab_cloud) stands for the ways in RV(leaving) that are not certain.
  returned: success
  type: list
  elements: dict
  sample:
    - {feature: duo_chat, provider: disabled, model: null, gitlab_model: null, destination: nowhere}
unseen_features:
  description: Features of this release whose state GitLab does not show.
  returned: success
  type: list
  elements: str
  sample: []
leaving:
  description:
    - Features whose requests GitLab sends to its cloud, or may send there. C(reason) is
      C(vendored), C(no_gateway) (there is no gateway URL), C(no_agent_platform) (there is no URL
      of the Agent Platform service), or C(gitlabs_gateway), C(gitlabs_agent_platform) or
      C(gitlabs_model) (the gateway URL, the URL of that service, or the endpoint of the model leads
      to one of GitLab's own hosts).
    - C(certain) is false where GitLab's documentation and sources do not say so, or where only the
      offline licence closes the way.
  returned: success
  type: list
  elements: dict
  sample:
    - {feature: duo_chat, provider: vendored, reason: vendored, certain: true}
settings:
  description:
    - The instance-wide settings that GitLab shows, by the names of the options of
      M(gitlab_ops.duo.duo_settings); null where the token may not read them.
  returned: O(settings=true)
  type: dict
  sample: {availability: default_on, expanded_logging: false, duo_core: false}
agent_platform:
  description:
    - Whether the account is connected (C(connected)); null where GitLab does not show it.
  returned: O(agent_platform=true)
  type: dict
  sample: {connected: true}
configuration:
  description:
    - The same as variables of the role P(gitlab_ops.duo.duo_self_hosted#role), without keys and
      without RV(left_out).
    - Write it to a file with P(gitlab_ops.duo.to_variables#filter), because text in it may look
      like a template.
  returned: success
  type: dict
left_out:
  description:
    - URLs that RV(configuration) lacks because they contain credentials. Existing objects keep
      their URL when the configuration is applied; to create them anew, declare the URL.
  returned: success
  type: list
  elements: str
  sample: ["AI gateway: ai_gateway_url", "self-hosted model codestral: endpoint"]
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

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.info import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

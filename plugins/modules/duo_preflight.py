#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what would prevent the configuration of GitLab Duo Self-Hosted, and plan it as a whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_preflight
short_description: Find what prevents the configuration of GitLab Duo Self-Hosted, and plan it
version_added: 0.1.0
description:
  - Checks, before the first write, that GitLab can be reached and has a supported release and
    edition. It also checks token, scopes, licence, add-ons, maintenance mode, silent mode, whether
    GitLab Duo is switched off, the outbound rules, and whether beta features can be turned on or
    off as declared.
  - Plans everything that is declared, in the order of the role, each step against what the steps
    before it will leave. So it finds every misspelt feature or model, every family that does not
    fit a feature, and every option that the release lacks, and returns all changes as RV(plan).
  - With O(plan_file) a dry run keeps this plan in a file. With O(approved_plan) a real run fails
    before its first write unless its plan is the one in that file.
  - Warns of consequences that GitLab does not mention, such as features that reach a gateway of
    your own without a model, and model endpoints on loopback addresses, which mean the gateway's
    own machine.
  - All findings are returned at once, each with the next step. The task fails if any finding is an
    error; the others are warnings.
  - Takes two requests. More are needed for seats, for signing in, and for the scopes and the expiry
    date of the token, in a first run, in a dry run that has something to change, or with
    O(check_token=true).
  - In check mode a token with the scope C(read_api) is enough. If there is something to change, a
    warning then says that the real run needs the scope C(api), without which it is refused.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
extends_documentation_fragment:
  - gitlab_ops.duo.connection
  - gitlab_ops.duo.connection.sign_in
  - gitlab_ops.duo.attributes
  - gitlab_ops.duo.attributes.action_group
  - gitlab_ops.duo.gateway.option
  - gitlab_ops.duo.model.list
  - gitlab_ops.duo.setting.list
  - gitlab_ops.duo.seats.dictionary
  - gitlab_ops.duo.settings.option
options:
  when_unsupported:
    description: What to do with something that only a later release of GitLab has.
    type: str
    choices: [fail, warn]
    default: fail
  variables:
    description:
      - Names of options of this module, each with the variable that its value comes from. Messages
        about an option then name the variable. The role sets it.
    type: dict
    default: {}
  unknown_variables:
    description:
      - Names of variables that were given but are not known. A name that resembles one of
        O(known_variables) is an error, because it is probably misspelt; others are ignored.
    type: list
    elements: str
    default: []
  known_variables:
    description:
      - Names of the variables that are known. Without any, each of O(unknown_variables) is an
        error.
    type: list
    elements: str
    default: []
  beta_features:
    description:
      - Whether beta features will be declared as on, or as off. Off is an error beside a model of a
        beta family, which GitLab would hide.
    type: bool
  accept_testing_agreement:
    description: Whether you accept the GitLab Testing Agreement.
    type: bool
    default: false
  agent_platform:
    description:
      - How the account with which flows of the Agent Platform act will be declared. The task signs
        in to look at it, with O(username) and O(password), or O(session_cookie).
    type: dict
    default: {}
    suboptions:
      state:
        description: Whether flows can act with the account.
        type: str
        choices: [connected, disconnected]
      when_unknown:
        description: What to do where GitLab does not show whether the account is connected.
        type: str
        choices: [apply, keep]
        default: apply
  models_exclusive:
    description: Whether the models that O(models) does not name will be deleted.
    type: bool
    default: false
  manage_outbound_allowlist:
    description:
      - Add the hosts of the gateway and of the endpoints of O(models) to the outbound allowlist of
        GitLab, if they are missing. All other entries are kept. It is an error if the token may not
        read the list.
    type: bool
    default: false
  isolated:
    description:
      - Whether the site is isolated, so that no request may leave it. It is then an error if
        anything, declared or not, sends requests of a feature to GitLab's cloud, or may send them
        there, at the end or during the run.
      - An offline licence closes these ways too, but is not counted on, because a licence can be
        replaced between two runs. Every feature whose state GitLab does not show has to be
        declared.
      - A gateway, Agent Platform service or model at one of GitLab's own hosts (C(gitlab.com),
        C(gitlab.net) and all below them) counts as GitLab's cloud.
      - It covers prompts, code and answers of GitLab Duo features. With an online licence GitLab
        itself still synchronises the subscription, and from 18.9 reports how much the Agent
        Platform is used, for billing; a warning says so. With an offline licence it sends neither.
    type: bool
    default: false
  state:
    description:
      - With O(isolated=true), V(absent) means that the features are set as O(settings) says first,
        and the URLs of the gateway are cleared afterwards.
    type: str
    choices: [present, absent]
    default: present
  ready_timeout:
    description:
      - Seconds to wait for a GitLab that is still starting, and so refuses connections or answers
        502 or 503. All tries together, with what O(timeout) and O(retries) allow each of them, end
        after this time.
    type: int
    default: 0
  expiry_days:
    description:
      - Warn of a licence or token that expires within this many days. GitLab's API does not show
        when an add-on expires.
    type: int
    default: 14
  check_token:
    description:
      - Always read the expiry date of the token, which takes one more request. Otherwise it is
        read, together with the scopes, only in a first run, in a dry run that has something to
        change, and where GitLab refuses to show something.
    type: bool
    default: false
  plan_file:
    description:
      - File to which a dry run writes the plan as JSON; its name ends in C(.json). A version for
        people is written beside it, with C(.md) instead. A real run does not write it.
      - The files are on the host that runs the task. Their folder is created where it is missing;
        if it cannot be written, the task fails before the first request.
    type: path
  approved_plan:
    description:
      - File that O(plan_file) made and a person has approved. A real run then fails before its
        first write unless its changes are exactly those, and says which are new, gone or different.
      - With nothing to change it is not held to the plan, so a finished run can be repeated.
      - A dry run is held to it too, so it shows whether a real run would be refused. With
        O(plan_file) it makes a new plan instead.
    type: path
  plan_max_age:
    description: How old O(approved_plan) may be, in hours. With V(0) it may be of any age.
    type: int
    default: 0
seealso:
  - module: gitlab_ops.duo.duo_info
"""

EXAMPLES = r"""
- name: Check before anything is changed, and wait for a new instance
  gitlab_ops.duo.duo_preflight:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    gateway:
      ai_gateway_url: https://aigw.example.com
    ready_timeout: 300
  delegate_to: localhost

- name: Plan the same, and keep the plan in a file
  gitlab_ops.duo.duo_preflight:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    gateway:
      ai_gateway_url: https://aigw.example.com
    plan_file: plans/gitlab.json
  delegate_to: localhost
  check_mode: true
  register: preflight

- name: Carry out what was planned for the gateway
  gitlab_ops.duo.duo_gateway:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    ai_gateway_url: https://aigw.example.com
    plan: "{{ preflight.plan.steps.gateway }}"
  delegate_to: localhost
  when: preflight.plan.steps.gateway.to_do
"""

RETURN = r"""
findings:
  description: What prevents the configuration or should be known, errors first; returned on failure
    too.
  returned: success
  type: list
  elements: dict
  contains:
    severity:
      description: C(error) or C(warning).
      type: str
    subject:
      description: What it is about.
      type: str
    kind:
      description: The subject of that object, as in RV(changes); empty where it has none.
      type: str
    what:
      description: What was found.
      type: str
    action:
      description: What to do about it.
      type: str
check_mode:
  description:
    - Whether this is a dry run. Unlike C(ansible_check_mode), it is also true where the play or the
      task says C(check_mode).
  returned: success
  type: bool
declared:
  description:
    - Which of C(gateway), C(models), C(features) (O(settings)), C(agent_platform), C(settings)
      (O(duo_settings)) and C(seats) are declared, as booleans. C(beta_features) is how they are
      declared, or null.
  returned: success
  type: dict
  sample:
    gateway: true
    models: true
    beta_features: null
    features: true
    agent_platform: false
    settings: false
    seats: false
plan:
  description:
    - What a run that carries out the declaration changes, in the order of the role. The outbound
      allowlist is not in it, because this module changes that itself; see RV(changes).
  returned: success, where the state could be read
  type: dict
  contains:
    to_do:
      description: Whether any step has something to do.
      type: bool
    changes:
      description: All changes in their order, as RV(changes) of the modules have them.
      type: list
      elements: dict
    steps:
      description:
        - The plan of each step, for the option C(plan) of the module that carries it out.
        - C(gateway) is for M(gitlab_ops.duo.duo_gateway), C(beta_features_on) and
          C(beta_features_off) are for M(gitlab_ops.duo.duo_beta_features), C(features) is for
          M(gitlab_ops.duo.duo_feature_model), C(agent_platform) is for
          M(gitlab_ops.duo.duo_agent_platform), C(seats) is for M(gitlab_ops.duo.duo_seats).
          M(gitlab_ops.duo.duo_self_hosted_model) creates and changes models (C(models)), and
          deletes them (C(clean_up)).
          M(gitlab_ops.duo.duo_settings) has two steps, C(settings_closing) with what lets less
          happen than before, which comes first, and C(settings_opening) with all else.
      type: dict
      contains:
        settings_closing: &step
          description: The plan of this step.
          type: dict
          contains:
            to_do:
              description: Whether it has something to do, or an earlier step may show that it has.
              type: bool
            certain:
              description: Whether C(changes) are all of its changes.
              type: bool
            approved:
              description: Whether C(changes) have been approved, so that no others may be made.
              type: bool
            first:
              description: Whether no earlier run can have made these changes.
              type: bool
            watched:
              description: Whether the steps after it wait until GitLab shows them these changes.
              type: bool
            changes:
              description: What it changes.
              type: list
              elements: dict
            preceding:
              description: What the steps before it change.
              type: list
              elements: dict
            unsupported:
              description:
                - Models that the steps before it skip because this release lacks something that
                  they need (C(name), C(what)).
              type: list
              elements: dict
        gateway: *step
        beta_features_on: *step
        models: *step
        features: *step
        agent_platform: *step
        clean_up: *step
        beta_features_off: *step
        settings_opening: *step
        seats: *step
    clean_up:
      description:
        - The option C(models) of the step that deletes. It holds the models to delete and, by name,
          those to keep.
      type: list
      elements: dict
    settings:
      description:
        - The options of O(duo_settings) as the two steps that are about them get them
          (C(closing) and C(opening)).
      type: dict
  sample:
    to_do: true
    changes:
      - &sample
        subject: gateway
        name: ""
        field: ai_gateway_url
        before: ""
        after: https://aigw.example.com
    steps:
      gateway:
        to_do: true
        certain: true
        approved: false
        first: true
        watched: true
        changes: [*sample]
        preceding: []
        unsupported: []
    clean_up: []
instance:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: always
  type: dict
license:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: dict
gateway:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: dict
models:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: list
  elements: dict
beta_features:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: dict
features:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: list
  elements: dict
unseen_features:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: list
  elements: str
seats:
  description: As in M(gitlab_ops.duo.duo_info).
  returned: success
  type: list
  elements: dict
token:
  description:
    - What GitLab says of the token, as C(expires_at), the day on which it ends. Null where GitLab
      does not say it.
  returned: if O(check_token) is set, in a first run, and where GitLab refused to show something
  type: dict
leaving:
  description: As in M(gitlab_ops.duo.duo_info), before anything is changed.
  returned: success
  type: list
  elements: dict
changes:
  description:
    - What was changed, or would be changed in check mode, in the order in which it is carried out;
      one item for each field. After a failure, what was changed before it.
  returned: always
  type: list
  elements: dict
  contains:
    subject:
      description: C(outbound_allowlist).
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
    - subject: outbound_allowlist
      name: ""
      field: hosts
      before: []
      after: [aigw.example.com]
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

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.preflight import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import run


def main() -> None:
    """Run the module."""
    run(SUBJECT)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a report from registered results, or merge reports; see plugins/action/duo_report.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duo_report
short_description: Write a report from registered results, or merge reports
version_added: 0.1.0
description:
  - Writes the same report as the callback P(gitlab_ops.duo.report#callback), as one task at the end
    of a playbook, where a callback cannot be enabled.
  - Merges JSON reports, for example of job slices. If several hold the same instance, the latest
    result counts, and the report says so.
  - Is an action plugin, so it runs on the controller, and it does not contact GitLab.
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
options:
  folder:
    description: Folder for the files. It is created if it is missing.
    type: path
    required: true
  formats:
    description: As in the callback.
    type: list
    elements: str
    choices: [html, json, markdown, junit, limit, metrics]
    default: [html, json]
  title:
    description: Title of the report.
    type: str
    default: GitLab Duo Self-Hosted
  registered:
    description:
      - Names of registered variables, each with the module whose results it holds, such as
        C(duo_gateway), in the order of the tasks.
      - Every host of the inventory that has one of them is an instance of the report, also if it
        failed.
      - Either this or O(reports) is required.
    type: dict
  dry_run:
    description: Whether the results are those of check mode. If not set, the check mode of this
      task decides.
    type: bool
  reports:
    description: JSON reports to merge, as paths or patterns.
    type: list
    elements: path
  fail_on:
    description:
      - V(errors) fails the task if instances failed, could not be reached or were not tried.
      - V(drift) fails it as well if instances would change.
      - RV(summary) says which of the two it is.
    type: str
    choices: [never, errors, drift]
    default: never
  errors_exit_with_4:
    description:
      - With O(fail_on), ends the task as unreachable instead of failed if instances failed, could
        not be reached or were not tried. C(ansible-playbook) then exits with 4, and with 2 if
        instances would change.
      - Ansible leaves the host out of the rest of the run, and C(ignore_errors) and C(rescue) do
        not apply. Set it only in the last task of a playbook.
    type: bool
    default: false
attributes:
  check_mode:
    description: Writes the report in check mode as well, because that does not change an instance.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: N/A
  idempotent:
    description: Replaces the files with those of the current results. They hold the time of the
      run, so they differ each time.
    support: partial
    details:
      - The task reports no change, since nothing of GitLab changes.
  platform:
    description: Works on files of the controller.
    platforms: posix
    support: full
"""

EXAMPLES = r"""
- name: Set the gateway
  gitlab_ops.duo.duo_gateway:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    ai_gateway_url: https://aigw.example.com
  delegate_to: localhost
  register: gateway

- name: Write a report
  gitlab_ops.duo.duo_report:
    folder: duo-report
    registered:
      gateway: duo_gateway
  delegate_to: localhost
  run_once: true

- name: Merge the reports of job slices
  gitlab_ops.duo.duo_report:
    folder: duo-report
    reports:
      - slices/*/report.json
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
paths:
  description: The files that were written.
  returned: when the report was written, also if O(fail_on) then fails the task
  type: list
  elements: str
  sample: [duo-report/report.html, duo-report/report.json]
summary:
  description:
    - As in the JSON report, with C(verdict), C(sentence), C(instances), C(states) and C(leaves).
  returned: when the report was written, also if O(fail_on) then fails the task
  type: dict
"""

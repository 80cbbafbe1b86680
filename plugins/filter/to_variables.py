# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write values to a file of variables such that none of them is run as a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_variables
short_description: Write values as YAML that Ansible reads back unchanged
version_added: 0.1.0
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
description:
  - Writes values as YAML for a file of variables. Text with braces that Ansible would take for a
    template is marked C(!unsafe), so that loading the file gives the text itself.
  - Ansible trusts files of variables and runs templates in them. GitLab's administrators choose the
    names in it, so with C(to_nice_yaml) they could run commands on the controller.
options:
  _input:
    description: The values, for example RV(gitlab_ops.duo.duo_info#module:configuration).
    type: raw
    required: true
seealso:
  - module: gitlab_ops.duo.duo_info
"""

EXAMPLES = r"""
- name: Read the state
  gitlab_ops.duo.duo_info:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
  delegate_to: localhost
  register: duo

- name: Write the models as a variable with a name of your own
  ansible.builtin.copy:
    content: "{{ {'my_models': duo.models} | gitlab_ops.duo.to_variables }}"
    dest: models.yml
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The values as YAML.
  type: str
"""

import re
from typing import Any

import yaml

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._plain import plain

# ansible-core takes text with one of these for a template.
TEMPLATE = re.compile(r"\{[{%#]")


class _Dumper(yaml.SafeDumper):
    """Writes YAML without anchors, and marks text that looks like a template as unsafe."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a repeated value each time, without anchors."""
        return True

    def text(self, value: str) -> yaml.Node:
        """Return the text; in double quotes if it has line breaks or invisible characters."""
        tag = "!unsafe" if TEMPLATE.search(value) else "tag:yaml.org,2002:str"
        return self.represent_scalar(tag, value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.text)
# For ansible-core's own subclasses of str.
_Dumper.add_multi_representer(str, _Dumper.text)


def to_variables(values: Any) -> str:
    """Return the values as YAML."""
    text: str = yaml.dump(
        plain(values), Dumper=_Dumper, indent=2, width=100, allow_unicode=True, sort_keys=True
    )
    return text


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Any]:
        """Return the filter by its name."""
        return {"to_variables": to_variables}

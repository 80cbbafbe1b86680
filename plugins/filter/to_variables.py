# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as a file of variables that mean themselves, whatever somebody wrote into them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_variables
short_description: Write values as YAML that Ansible reads back as they are
version_added: 0.1.0
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
description:
  - Writes values as YAML for a file of variables. Text with braces that Ansible would take for a
    template is marked C(!unsafe), so that loading the file gives the text itself.
  - Files of variables are trusted, what they hold is run. The names in a GitLab are given by its
    administrators, so C(to_nice_yaml) would let these run commands on the
    controller.
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

- name: Keep the models as a variable of a name of your own
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

# With one of these ansible-core takes text for a template.
TEMPLATE = re.compile(r"\{[{%#]")


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, in which what looks like a template is text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what is there twice as often as it is there."""
        return True

    def text(self, value: str) -> yaml.Node:
        """Return the text; on one line if a line break in it would be read as another one."""
        tag = "!unsafe" if TEMPLATE.search(value) else "tag:yaml.org,2002:str"
        return self.represent_scalar(tag, value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.text)
# ansible-core's own kinds of text.
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

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of feature settings, in every place where they appear."""

from __future__ import annotations

from textwrap import indent

_NAME = """\
features:
  description: Names of the features.
  type: list
  elements: str
  required: true
"""

_OPTIONS = """\
state:
  description:
    - V(present) sets the features.
    - V(absent) hands them back to GitLab's default provider, V(vendored) or, from 18.7,
      V(unassigned). Their requests may then leave the site.
  type: str
  choices: [present, absent]
  default: present
provider:
  description:
    - V(self_hosted) sends requests to the gateway with the given model, V(vendored) to
      GitLab's cloud, V(disabled) turns the feature off, V(unassigned) leaves it to GitLab.
    - If not set, it follows from the model that is given.
  type: str
model:
  description: Name of the self-hosted model.
  type: str
gitlab_model:
  description: Reference of a GitLab-managed model, for V(vendored). GitLab 18.4 and later.
  type: str
"""


class ModuleDocFragment:
    """The options of one, of a list, and of a list that is only checked."""

    DOCUMENTATION: str
    LIST: str


# Outside the class, where linters expect literals and cannot follow how the parts are put together.
ModuleDocFragment.DOCUMENTATION = f"""
options:
{indent(_OPTIONS, "  ")}
  settings:
    description:
      - Several assignments, planned together against one reading of GitLab.
      - The options of one assignment are set in each item, and not beside the list.
    type: list
    elements: dict
    suboptions:
{indent(_NAME + _OPTIONS, "      ")}
"""

ModuleDocFragment.LIST = f"""
options:
  settings:
    description: The declared feature settings, which are checked. They are not changed.
    type: list
    elements: dict
    default: []
    suboptions:
{indent(_NAME + _OPTIONS, "      ")}
"""

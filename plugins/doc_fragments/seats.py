# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of seats, in every place where they appear."""

from __future__ import annotations

from textwrap import indent

_OPTIONS = """\
add_on:
  description:
    - The add-on whose seats are assigned, GitLab Duo Enterprise (V(duo_enterprise)) or GitLab Duo
      Pro (V(duo_pro)).
  type: str{required}
users:
  description: User names; GitLab ignores their case.
  type: list
  elements: str{required}
state:
  description:
    - V(present) gives each of O({path}users) a seat.
    - V(absent) takes their seats away.
  type: str
  choices: [present, absent]
  default: present
exclusive:
  description:
    - Whether nobody but O({path}users) may have a seat. All others lose theirs.
    - GitLab does not list blocked and deactivated users and bots. If they have seats, these stay
      until GitLab takes them away itself.
  type: bool
  default: false
confirm_empty:
  description:
    - With O({path}exclusive=true), an empty list of O({path}users) takes every seat away. A real
      run does so only if this is V(true); check mode shows who would lose a seat in any case.
  type: bool
  default: false
"""


class ModuleDocFragment:
    """The options of the module, and of a dictionary that is planned with others."""

    DOCUMENTATION: str
    DICTIONARY: str


# Outside the class, where linters expect literals and cannot follow how the parts are put together.
ModuleDocFragment.DOCUMENTATION = f"""
options:
{indent(_OPTIONS.format(path="", required=chr(10) + "  required: true"), "  ")}"""

ModuleDocFragment.DICTIONARY = f"""
options:
  seats:
    description:
      - The declared seats, which are planned but not assigned; O(seats.add_on) and O(seats.users)
        are needed. Users are read only if seats are declared.
    type: dict
    default: {{}}
    suboptions:
{indent(_OPTIONS.format(path="seats.", required=""), "      ")}"""

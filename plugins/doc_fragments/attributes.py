# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of the modules."""

from __future__ import annotations


class ModuleDocFragment:
    """What a module supports."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Predicts what a real run would change, without writing anything.
    support: full
  diff_mode:
    description: Returns all that changes or would change before and after, with secrets as markers.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  platform:
    description: Works on GitLab through its API, from any machine that runs modules of Ansible.
      With a local connection, that is the controller itself.
    platforms: posix
    support: full
"""

    ACTION_GROUP = r"""
attributes:
  action_group:
    description:
      - Use C(group/gitlab_ops.duo.all) in C(module_defaults) to set the connection options of all
        modules that talk to GitLab, in tasks of your own. The role does not take them from there.
    support: full
    membership:
      - gitlab_ops.duo.all
"""

    INFO = r"""
attributes:
  check_mode:
    description: Reads only, so it works the same in check mode.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
  platform:
    description: Works on GitLab through its API, from any machine that runs modules of Ansible.
      With a local connection, that is the controller itself.
    platforms: posix
    support: full
"""

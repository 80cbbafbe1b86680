# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option with which a task gets its part of the plan of a run."""

from __future__ import annotations


class ModuleDocFragment:
    """The option, for each module that changes something."""

    DOCUMENTATION = r"""
options:
  plan:
    description:
      - What M(gitlab_ops.duo.duo_preflight) has planned for this task, which is one of its
        RV(gitlab_ops.duo.duo_preflight#module:plan.steps). The role sets it; a task alone needs
        none.
      - The task reads GitLab and plans anew, whatever is given here. In check mode it counts the
        changes of O(plan.preceding) as made. In a real run it warns of a change that is not in
        O(plan.changes), because somebody else has changed GitLab since the preflight read it.
    type: dict
    suboptions:
      to_do:
        description: Whether the task has something to do. A task that runs does not look at it.
        type: bool
      certain:
        description:
          - Whether O(plan.changes) are all changes. There may be more where an earlier task of the
            run turns beta features on, because GitLab then shows models that it hid before. The
            task does not warn of these.
        type: bool
        default: true
      approved:
        description:
          - Whether a person has approved O(plan.changes), and nothing else. A change that is not
            among them then fails the task before it writes anything.
        type: bool
        default: false
      changes:
        description:
          - What the task changes, as in its return value RV(changes). Without it, nothing is
            compared.
        type: list
        elements: dict
      first:
        description:
          - Whether no earlier run can have made these changes, because a model that would have
            followed them does not exist. The task then needs no second look at settings that
            GitLab's processes keep for a minute.
        type: bool
        default: false
      watched:
        description:
          - Whether the tasks after it wait until GitLab shows them these changes. If so, GitLab's
            answer to a change proves it, where it shows what was stored, and nothing is read again.
        type: bool
        default: false
      preceding:
        description:
          - What the tasks before it change, in the same form. A real run waits until GitLab shows
            it, for O(settle_timeout) at most, because a replica of its database may be late.
        type: list
        elements: dict
        default: []
      unsupported:
        description:
          - The models that the tasks before it skip because this release of GitLab lacks something
            that they need, each with C(name) and the reason (C(what)). A feature that is to use
            one is skipped as well, or refused, as C(when_unsupported) says.
        type: list
        elements: dict
        default: []
"""

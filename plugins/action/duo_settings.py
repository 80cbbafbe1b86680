# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work as the module of this name, in the controller's process."""

from __future__ import annotations

from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.settings import SUBJECT
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._action import DuoAction


class ActionModule(DuoAction):
    """Door for action plugins."""

    subject = SUBJECT

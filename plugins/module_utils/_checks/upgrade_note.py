# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a note of the upgrade check on a release of GitLab."""

from __future__ import annotations

from dataclasses import dataclass

from .._base.version import Minor, Patch


@dataclass(frozen=True)
class UpgradeNote:
    """One change: ``severity`` is ``breaking``, ``action`` or ``info``."""

    version: Minor | Patch
    severity: str
    subject: str
    what: str
    action: str
    # Page of GitLab's documentation, issue (#) or merge request (!) of gitlab-org/gitlab.
    source: str
    # Name of the condition in upgrade_check.py under which it matters.
    concerns: str = "everyone"
    # For a fault: the releases without it, as in Release.may_have.
    fixed: tuple[Minor | Patch, ...] = ()

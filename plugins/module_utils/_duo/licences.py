# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences and add-ons by the names that GitLab's API has for them (``currentLicense``)."""

from __future__ import annotations

# Type of a licence that never talks to GitLab's cloud, as currentLicense has it.
OFFLINE = "offline_cloud"
# Type of a licence file that is not synchronised.
LEGACY = "legacy_license"
ENTERPRISE_ADD_ON = "DUO_ENTERPRISE"
# An offline licence for the Agent Platform alone is enough too (18.8).
AGENTS_ADD_ON = "SELF_HOSTED_DAP"
ENOUGH = (ENTERPRISE_ADD_ON, AGENTS_ADD_ON)

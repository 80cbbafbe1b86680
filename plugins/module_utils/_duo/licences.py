# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name licences and add-ons as GitLab's API does (``currentLicense``)."""

from __future__ import annotations

# Type of a licence with which GitLab never talks to its cloud.
OFFLINE = "offline_cloud"
# Type of a licence file that is not synchronised.
LEGACY = "legacy_license"
ENTERPRISE_ADD_ON = "DUO_ENTERPRISE"
# Also enough with an offline licence, although it covers the Agent Platform alone (18.8).
AGENTS_ADD_ON = "SELF_HOSTED_DAP"
ENOUGH = (ENTERPRISE_ADD_ON, AGENTS_ADD_ON)
# Add-ons whose seats are assigned to users: as options name them -> as GitLab's API does.
SEAT_ADD_ONS = {"duo_enterprise": ENTERPRISE_ADD_ON, "duo_pro": "CODE_SUGGESTIONS"}

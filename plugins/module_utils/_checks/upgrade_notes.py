# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the changes in GitLab's releases that matter to Duo Self-Hosted, for the upgrade check.

Each note says what changes from a release on, what to do about it, and for which instances it
matters. Each major release has a file of its own.
"""

from __future__ import annotations

from .._duo.releases import NEWEST
from . import upgrade_notes_18, upgrade_notes_19
from .upgrade_note import UpgradeNote

# The day until which issues, merge requests and release notes were read, and the newest release.
KNOWN_UNTIL = "2026-11-28"
KNOWN_RELEASE = ".".join(map(str, NEWEST))

NOTES = (*upgrade_notes_18.NOTES, *upgrade_notes_19.NOTES)

# Releases that should be neither the target of an upgrade nor a stop on the way.
BAD_RELEASES = (
    UpgradeNote(
        (18, 3, 0),
        "action",
        "license",
        "With LDAP, the seat synchronisation of 18.3.0 and 18.3.1 can remove all seats nightly.",
        "Take 18.3.2 or later, and check the seats afterwards.",
        "update/versions/gitlab_18_changes, #565064",
    ),
    UpgradeNote(
        (18, 3, 1),
        "action",
        "license",
        "With LDAP, the seat synchronisation of 18.3.0 and 18.3.1 can remove all seats nightly.",
        "Take 18.3.2 or later, and check the seats afterwards.",
        "update/versions/gitlab_18_changes, #565064",
    ),
    UpgradeNote(
        (18, 4, 0),
        "breaking",
        "features",
        "The query for feature settings ends in a server error: the configuration page, this "
        "collection and the features themselves do not work.",
        "Take a later patch of 18.4, and read the state right after the upgrade (duo_info).",
        "#571212, !205687",
    ),
    UpgradeNote(
        (19, 2, 0),
        "breaking",
        "gateway",
        "The upgrade to 19.2.0 empties the gateway URL and the Agent Platform URL and resets the "
        "timeout, the AI logs and the TLS switch, so features stop (Linux package).",
        "Upgrade to 19.2.1 or later. If it must be 19.2.0, export the state first "
        "(gitlab_ops.duo.export) and restore it afterwards (gitlab_ops.duo.restore).",
        "update/versions/gitlab_19_changes, #606458, !246616",
        concerns="gateway",
    ),
)

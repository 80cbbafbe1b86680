# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the background job that synchronises the subscription (GitLab 18.9, Gitlab::SeatLinkData)."""

from __future__ import annotations

from datetime import timedelta

from .state import Instance, now


def queue_sync(instance: Instance) -> bool:
    """Queue the job; false if there is nothing to sync. The state settles when it is due."""
    license_ = instance.license
    syncable = (
        license_ is not None
        and license_.type == "online_cloud"
        and license_.expires_at is not None
        # An identical job that is still queued (inference).
        and instance.sync_due is None
    )
    if syncable:
        instance.sync_due = now() + timedelta(seconds=instance.options.sync_delay_seconds)
    return syncable

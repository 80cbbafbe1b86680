# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of the conformance check: what happened, and what to do next."""

from __future__ import annotations

from .failure import Message

# --- conformance -------------------------------------------------------------------------------
NOT_AS_BELIEVED = Message(
    "not-as-believed",
    "{verdict} The first: {first}.",
    "Attach the Markdown of this check to an issue of the collection: it contains nothing private.",
)
TRIAL_IN_PRODUCTION = Message(
    "trial-in-production",
    "The check may not write to an instance that is marked as production.",
    "Omit write: the check then only reads.",
)
TRIAL_ON_FEATURES = Message(
    "trial-on-features",
    "The check does not write where features use self-hosted models ({features}).",
    "Use a test instance, or omit write: the check then only reads.",
)
TRIAL_LEFTOVER = Message(
    "trial-leftover",
    "The remains of an earlier check cannot be removed: {left}.",
    "Remove them by hand under Admin > GitLab Duo, and run again.",
)
NOT_WRITTEN = Message(
    "not-written",
    "The files cannot be written to {folder}: {reason}.",
    "Choose a writable folder.",
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name an object in words."""

from __future__ import annotations

# Subjects that are not listed here are named by their identifier.
_WORDS = {
    "gateway": "AI gateway",
    "self_hosted_model": "self-hosted model",
    "feature_model": "feature",
    "agent_platform": "account of the Agent Platform",
    "seat": "seat of",
    "setting": "GitLab Duo setting",
}


def about(subject: str, name: str = "") -> str:
    """Return the name of an object in messages, such as ``self-hosted model codestral``."""
    words = _WORDS.get(subject, subject.replace("_", " "))
    return f"{words} {name}" if name else words

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an object is called: as data by its subject and its name, in words in a text."""

from __future__ import annotations

# A subject that is missing here is called as it is.
_WORDS = {
    "gateway": "AI gateway",
    "self_hosted_model": "self-hosted model",
    "feature_model": "feature",
}


def about(subject: str, name: str = "") -> str:
    """Return how messages and diffs call an object, for example ``self-hosted model codestral``."""
    words = _WORDS.get(subject, subject.replace("_", " "))
    return f"{words} {name}" if name else words

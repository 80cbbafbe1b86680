# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one finding of the preflight is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way (``error``), or that should be known (``warning``)."""

    severity: str
    subject: str
    what: str
    action: str
    # Subject of the object that it is about, as in ``changes``; empty for what has none.
    kind: str = ""

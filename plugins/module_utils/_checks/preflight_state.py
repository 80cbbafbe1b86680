# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight judges: what was read of the instance, and the plan of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .._base.failure import Failure
from .._engine.access import Token
from .._engine.plan_file import SavedPlan
from . import info as _info
from .composition import Composition


@dataclass(frozen=True)
class PreflightState:
    """What was read; ``info`` is None where the token may not see it."""

    info: _info.ObservedInstance | None
    settings: dict[str, Any] | None
    token: Token | None = None  # None where it was not asked for
    refused: Failure | None = None
    today: date = field(default_factory=date.today)
    # The plan of the run; None where the state could not be read.
    composition: Composition | None = None
    # What a person has approved, where only that may be applied.
    approved: SavedPlan | None = None
    # Whether the run has anything to write.
    to_do: bool = False

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define what the preflight judges: the state that was read, and the plan of the run."""

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
    """The state that was read; ``info`` is None if the token may not see it."""

    info: _info.ObservedInstance | None
    settings: dict[str, Any] | None
    token: Token | None = None  # None if it was not asked for
    refused: Failure | None = None
    today: date = field(default_factory=date.today)
    # The plan of the run; None if the state could not be read.
    composition: Composition | None = None
    # The approved plan, if no other may be applied.
    approved: SavedPlan | None = None
    # Whether the run has anything to write.
    to_do: bool = False

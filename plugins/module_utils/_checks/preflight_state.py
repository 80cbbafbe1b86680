# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight judges: what is declared, and what was read of the instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .._base.failure import Failure
from .._engine.access import Token
from .._gitlab.sign_in import SignIn
from .._subjects.feature_model import FeaturesOptions
from .._subjects.gateway import GatewayOptions
from .._subjects.self_hosted_model import ModelsOptions
from . import info as _info


@dataclass(frozen=True)
class PreflightOptions(SignIn):
    """Options of ``duo_preflight``."""

    gateway: GatewayOptions = field(default_factory=GatewayOptions)
    models: ModelsOptions = field(default_factory=lambda: ModelsOptions(models=[]))
    settings: FeaturesOptions = field(default_factory=lambda: FeaturesOptions(settings=[]))
    unknown_variables: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    known_variables: list[str] = field(default_factory=list)
    beta_features: bool | None = None
    accept_testing_agreement: bool = False
    manage_outbound_allowlist: bool = False
    isolated: bool = False
    state: str = "present"
    ready_timeout: int = 0
    expiry_days: int = 14
    check_token: bool = False

    @property
    def features(self) -> set[str]:
        """Features that are declared."""
        return {name for it in self.settings.settings for name in it.features}


@dataclass(frozen=True)
class PreflightState:
    """What was read; ``info`` is None where the token may not see it."""

    info: _info.ObservedInstance | None
    settings: dict[str, Any] | None
    token: Token | None = None  # None where it was not asked for
    refused: Failure | None = None
    today: date = field(default_factory=date.today)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the options of the preflight: the declaration of a whole run."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._gitlab.sign_in import SignIn
from .._subjects.agent_platform import AgentPlatformOptions
from .._subjects.feature_model import FeaturesOptions
from .._subjects.gateway import GatewayOptions
from .._subjects.seats import SeatsOptions
from .._subjects.self_hosted_model import ModelsOptions
from .._subjects.settings_options import SettingsOptions


@dataclass(frozen=True)
class PreflightOptions(SignIn):
    """Options of ``duo_preflight``."""

    gateway: GatewayOptions = field(default_factory=GatewayOptions)
    models: ModelsOptions = field(default_factory=lambda: ModelsOptions(models=[]))
    settings: FeaturesOptions = field(default_factory=lambda: FeaturesOptions(settings=[]))
    unknown_variables: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    known_variables: list[str] = field(default_factory=list)
    duo_settings: SettingsOptions = field(default_factory=SettingsOptions)
    beta_features: bool | None = None
    accept_testing_agreement: bool = False
    agent_platform: AgentPlatformOptions | None = None
    seats: SeatsOptions | None = None
    models_exclusive: bool = False
    manage_outbound_allowlist: bool = False
    isolated: bool = False
    state: str = "present"
    ready_timeout: int = 0
    expiry_days: int = 14
    check_token: bool = False
    plan_file: str | None = None
    approved_plan: str | None = None
    plan_max_age: int = 0  # hours; 0 is any age

    @property
    def features(self) -> set[str]:
        """The declared features."""
        return {name for it in self.settings.settings for name in it.features}

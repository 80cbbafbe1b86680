# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide who may do what, by licence, add-ons, administrator rights and release.

Source: GitLab 18.9, ee/app/policies/ee/global_policy.rb.
"""

from __future__ import annotations

from dataclasses import dataclass

from .state import Instance, User

DUO_ADD_ONS = ("DUO_CORE", "CODE_SUGGESTIONS", "DUO_ENTERPRISE")
PAID = ("premium", "ultimate")
SELF_HOSTED = "manage_self_hosted_models_settings"


@dataclass(frozen=True)
class Caller:
    """Who sent the request, and with which credentials."""

    user: User | None = None
    scopes: tuple[str, ...] = ()
    by_token: bool = False
    #: With Admin Mode on, an administrator with a session counts as one only after entering it.
    admin_mode: bool = False


class Abilities:
    """GitLab's policies for one caller on one instance."""

    def __init__(self, instance: Instance, caller: Caller) -> None:
        self.instance = instance
        self.caller = caller

    @property
    def admin(self) -> bool:
        """GraphQL with a token bypasses Admin Mode; a session does not."""
        user = self.caller.user
        if user is None or not user.admin:
            return False
        bypass = self.caller.by_token or self.caller.admin_mode
        return bypass or not self.instance.options.admin_mode

    @property
    def paid_plan(self) -> bool:
        """An expired licence counts as none (inference, the stricter reading)."""
        license_ = self.instance.license
        return self.licensed and license_ is not None and license_.plan in PAID

    @property
    def licensed(self) -> bool:
        license_ = self.instance.license
        return license_ is not None and not license_.expired

    @property
    def offline(self) -> bool:
        license_ = self.instance.license
        return license_ is not None and license_.type == "offline_cloud"

    @property
    def duo_add_on(self) -> bool:
        return self.instance.add_on_active(*DUO_ADD_ONS, "SELF_HOSTED_DAP")

    @property
    def agent_platform(self) -> bool:
        """`global_policy.rb:357`; before 18.9 the flag did not exist and counts as off.

        The add-on came with 18.8: before it, an offline licence is read like any other (inference).
        """
        if self.offline and self.instance.release.at_least(18, 8):
            return self.instance.add_on_active("SELF_HOSTED_DAP")
        if self.instance.flag("self_hosted_dap_per_request_billing"):
            return True
        return self.instance.add_on_active("DUO_ENTERPRISE") and self.instance.beta_on

    @property
    def _self_hosted_possible(self) -> bool:
        if self.instance.options.amazon_q or not self.instance.options.enterprise:
            return False
        return self.paid_plan

    @property
    def manage_self_hosted(self) -> bool:
        if not self.admin or not self._self_hosted_possible:
            return False
        release, license_ = self.instance.release, self.instance.license
        enterprise = self.instance.add_on_active("DUO_ENTERPRISE")
        if not release.at_least(18, 0):
            return license_ is not None and license_.plan == "ultimate" and enterprise
        if not release.at_least(18, 9):
            return enterprise
        any_duo = self.instance.add_on_active(*DUO_ADD_ONS)
        return (any_duo or self.agent_platform) and (enterprise or self.agent_platform)

    @property
    def manage_instance_model_selection(self) -> bool:
        """18.4 and later. "First condition" is read as: paid plan and any Duo add-on or DAP."""
        if not self.admin or not self._self_hosted_possible or self.offline:
            return False
        if not self.instance.release.at_least(18, 4):
            return False
        return self.instance.add_on_active(*DUO_ADD_ONS) or self.agent_platform

    @property
    def read_feature_settings(self) -> bool:
        """Everybody until 18.11 (executed); from about 19.0 on, those who may manage some of it."""
        if not self.instance.release.at_least(19, 0):
            return True
        return self.manage_self_hosted or self.manage_instance_model_selection

    @property
    def manage_agent_platform_models(self) -> bool:
        return self.admin and self.paid_plan and self.agent_platform

    @property
    def manage_gateway_timeout(self) -> bool:
        """`update_ai_gateway_timeout` (19.4): every administrator, even without a licence."""
        return self.admin if self.instance.release.at_least(19, 4) else self.manage_self_hosted

    @property
    def manage_duo_core(self) -> bool:
        return self.admin and self.paid_plan and self.instance.options.enterprise

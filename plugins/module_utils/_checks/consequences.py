# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn of a silent consequence of a declaration: features without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._duo.destinations import NO_AGENT_PLATFORM, ways_out
from .._engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .info import ObservedInstance
    from .preflight_options import PreflightOptions
    from .preflight_state import PreflightState


def unserved(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield one warning about the features that will reach the gateway without a model."""
    info, run = found.info, found.composition
    if not info or not run or wanted.state == "absent":
        return
    seen = {name: it.provider for name, it in run.state.settings.items()}
    if wanted.beta_features is False:
        seen = {name: it for name, it in seen.items() if not info.release.is_beta_feature(name)}
    appearing = {name: it for name, it in _appearing(wanted, info).items() if name not in seen}
    gateway = dict(run.gateway)
    if not gateway.get("ai_gateway_url"):
        return
    ways = {it.feature: it.reason for it in ways_out({**seen, **appearing}, gateway, None)}
    instead = (
        "these may go to GitLab's cloud instead, because no service of the Agent Platform is set"
    )
    later = "once beta features are on, these too, unless they were set before"
    groups = {
        "": _unassigned(seen, ways, [""]),
        f"{instead}: ": _unassigned(seen, ways, [NO_AGENT_PLATFORM]),
        f"{later}: ": _unassigned(appearing, ways, ["", NO_AGENT_PLATFORM]),
    }
    failing = [name for of_group in groups.values() for name in of_group]
    if not failing:
        return
    names = "; ".join(f"{when}{', '.join(of_when)}" for when, of_when in groups.items() if of_when)
    item = f"- {{features: [{', '.join(failing)}], provider: disabled}}"
    yield Finding(
        "warning",
        "features",
        "These features are unassigned, so behind a gateway of your own they have no model and "
        f"fail: {names}.",
        "Declare a model for each, or turn them off with this item of duo_self_hosted_features: "
        + item,
        kind="feature_model",
    )


def _unassigned(providers: dict[str, str], ways: dict[str, str], reasons: list[str]) -> list[str]:
    """Return the unassigned features whose way out of the site has one of these reasons."""
    return sorted(
        name
        for name, provider in providers.items()
        if provider == "unassigned" and ways.get(name, "") in reasons
    )


def _appearing(wanted: PreflightOptions, info: ObservedInstance) -> dict[str, str]:
    """Return feature -> provider for features that turning beta features on will reveal.

    GitLab keeps settings from before without showing them; mostly there are none.
    """
    if not wanted.beta_features or info.beta is not False:
        return {}
    shown = set(info.unseen_features) - info.hidden_by_plan
    provider = info.state.default_provider(info.release)
    return dict.fromkeys(filter(info.release.is_beta_feature, shown), provider)

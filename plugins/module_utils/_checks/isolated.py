# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what a declaration lets out of an isolated site, after the run or during it.

An offline licence does not count as protection, because it can be replaced between two runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base import isolated_messages
from .._base.messages import Failure
from .._duo.destinations import (
    GITLABS_AGENT_PLATFORM,
    GITLABS_GATEWAY,
    GITLABS_MODEL,
    NO_AGENT_PLATFORM,
    NO_GATEWAY,
    VENDORED,
    ways_out,
)
from .._duo.licences import LEGACY, OFFLINE
from .._engine.finding import Finding
from .._subjects import gateway as _gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._duo.releases import Release
    from .composition import Composition
    from .info import ObservedInstance
    from .preflight_options import PreflightOptions
    from .preflight_state import PreflightState

ABOUT = "isolated site"
_MESSAGES = {
    VENDORED: isolated_messages.LEAVES_VENDORED,
    NO_GATEWAY: isolated_messages.LEAVES_WITHOUT_GATEWAY,
    NO_AGENT_PLATFORM: isolated_messages.LEAVES_WITHOUT_AGENT_PLATFORM,
    GITLABS_GATEWAY: isolated_messages.LEAVES_TO_GITLABS_GATEWAY,
    GITLABS_AGENT_PLATFORM: isolated_messages.LEAVES_TO_GITLABS_AGENT_PLATFORM,
    GITLABS_MODEL: isolated_messages.LEAVES_TO_GITLABS_MODEL,
}


def isolation(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield a finding for everything that sends, or may send, requests out of an isolated site."""
    info = found.info
    if not wanted.isolated or not info or not found.composition:
        return
    never = ", ".join(sorted(info.hidden_by_plan & set(info.unseen_features) - wanted.features))
    for leak in _leaks(wanted, info, found.composition):
        action = leak.next_step
        if never and leak.code == isolated_messages.LEAVES_UNSEEN.code:
            action += f" With a Premium licence it never shows the state of {never}."
        yield Finding("error", ABOUT, leak.what, action)
    if sent := _beside(info.release, info.license["type"]):
        yield Finding(
            "warning",
            ABOUT,
            "Isolated means that no prompt, code or answer of a GitLab Duo feature leaves the "
            f"site. With this licence GitLab still {', and '.join(sent)}.",
            "With an offline licence GitLab sends none of this.",
        )


def _leaks(
    wanted: PreflightOptions, found: ObservedInstance, run: Composition
) -> Iterator[Failure]:
    """Yield a failure for each way out, with the names of the features and what to declare."""
    declared = wanted.features
    providers = {name: it.provider for name, it in run.state.settings.items()}
    # For state absent, the URLs are cleared last; otherwise the gateway comes first.
    if wanted.state == "absent":
        cleared = {**found.gateway, **dict.fromkeys(_gateway.URLS, "")}
        if ways := ways_out(providers, cleared, None):
            left = ", ".join(way.feature for way in ways)
            yield Failure(isolated_messages.LEAVES_AFTERWARDS, features=left)
        return
    after = dict(run.gateway)
    endpoints = run.state.endpoints
    groups: dict[tuple[str, str], list[str]] = {}
    for way in ways_out(providers, after, None, endpoints):
        origin = "declared" if way.feature in declared else "not declared"
        groups.setdefault((way.reason, origin), []).append(way.feature)
    for (reason, origin), names in groups.items():
        yield Failure(_MESSAGES[reason], features=", ".join(names), origin=origin)
    unseen = set(found.unseen_features) - set(providers)
    if wanted.beta_features is False:
        unseen |= set(filter(found.release.is_beta_feature, found.state.settings)) - declared
    if unseen:
        yield Failure(isolated_messages.LEAVES_UNSEEN, features=", ".join(sorted(unseen)))
    yield from _meanwhile(after, found)
    if run.settings.get("duo_core", found.duo_core):
        yield Failure(isolated_messages.LEAVES_DUO_CORE)


def _beside(release: Release, license_type: str | None) -> list[str]:
    """Return what GitLab itself sends out with this licence, whatever the features do.

    Sources: GitLab's pages on subscription data and on billing for the Agent Platform (18.9).
    """
    if license_type == OFFLINE:
        return []
    sent = []
    if license_type != LEGACY:
        sent.append("synchronises the subscription with customers.gitlab.com (licence and users)")
    if release.bills_agent_requests:
        sent.append(
            "reports how much the Agent Platform is used, for billing (to customers.gitlab.com, "
            "cloud.gitlab.com and duo-workflow-svc.runway.gitlab.net)"
        )
    return sent


def _meanwhile(after: dict[str, object], found: ObservedInstance) -> Iterator[Failure]:
    """Yield the failure if clearing a URL opens a way out before the features are set."""
    providers = {name: it.provider for name, it in found.state.settings.items()}
    for name in found.unseen_features:
        providers[name] = found.state.default_provider(found.release)
    before = {way.feature for way in ways_out(providers, found.gateway, None)}
    opened = [
        way.feature
        for way in ways_out(providers, after, None)
        if way.feature not in before and way.reason in (NO_GATEWAY, NO_AGENT_PLATFORM)
    ]
    if opened:
        cleared = [name for name in _gateway.URLS if found.gateway.get(name) and not after[name]]
        yield Failure(
            isolated_messages.LEAVES_MEANWHILE,
            features=", ".join(opened),
            options=" and ".join(cleared),
        )

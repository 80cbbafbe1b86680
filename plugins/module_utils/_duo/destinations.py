# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say where GitLab sends the requests of a feature: to the gateway, to its cloud, or nowhere.

From FeatureSettingSelectionService and feature_setting.rb of GitLab 18.9: ``vendored`` goes to
GitLab's cloud even if a gateway is set, ``unassigned`` only if none is, ``disabled`` nowhere; with
an offline licence nothing goes to the cloud. Conclusions beyond that are marked as not certain.
A URL of one of GitLab's own hosts leads out of the site whatever the provider and the licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .gitlab_hosts import is_gitlabs
from .licences import OFFLINE
from .offers import runs_on_agent_platform

if TYPE_CHECKING:
    from collections.abc import Mapping

VENDORED = "vendored"
NO_GATEWAY = "no_gateway"
NO_AGENT_PLATFORM = "no_agent_platform"
GITLABS_GATEWAY = "gitlabs_gateway"
GITLABS_AGENT_PLATFORM = "gitlabs_agent_platform"
GITLABS_MODEL = "gitlabs_model"
# Ways out that an offline licence does not close, because GitLab uses the URL as it is.
_BY_URL = (GITLABS_GATEWAY, GITLABS_AGENT_PLATFORM, GITLABS_MODEL)

# Where the requests of a feature go, with the words that users read.
MODEL = "model"
CLOUD = "gitlab_cloud"
MAYBE_CLOUD = "maybe_gitlab_cloud"
WITHOUT_MODEL = "gateway_without_model"
NOWHERE = "nowhere"
DESTINATIONS = {
    MODEL: "to the model",
    CLOUD: "to GitLab's cloud",
    MAYBE_CLOUD: "to GitLab's cloud, or nowhere",
    WITHOUT_MODEL: "to the gateway, without a model: fails",
    NOWHERE: "nowhere (disabled)",
}

_GATEWAY = "ai_gateway_url"
_SERVICE = "duo_agent_platform_service_url"


@dataclass(frozen=True)
class WayOut:
    """A feature whose requests GitLab sends to its cloud, or may send there."""

    feature: str
    provider: str
    reason: str
    # False if the sources do not say so, or if only the offline licence closes the way, because a
    # licence can be replaced between two runs.
    certain: bool


def ways_out(
    providers: Mapping[str, str],
    gateway: Mapping[str, Any],
    license_type: str | None,
    endpoints: Mapping[str, str] | None = None,
) -> list[WayOut]:
    """Return the features whose requests leave the site, or may, sorted by name.

    :param gateway: the gateway settings that this release has, ``""`` or None for an empty URL.
    :param endpoints: feature -> endpoint of the model that serves it, as far as known.
    """
    found = []
    for feature, provider in sorted(providers.items()):
        endpoint = (endpoints or {}).get(feature, "")
        reason, certain = _way_out(feature, provider, gateway, endpoint)
        if reason:
            certain = certain and (license_type != OFFLINE or reason in _BY_URL)
            found.append(WayOut(feature, provider, reason, certain))
    return found


def destinations(
    providers: Mapping[str, str],
    gateway: Mapping[str, Any],
    license_type: str | None,
    endpoints: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return feature -> where its requests go, one of :data:`DESTINATIONS`.

    With ``unassigned`` GitLab names no model in its requests, and a self-hosted gateway refuses
    those, because it has no model of GitLab's to fall back on.
    """
    out = {way.feature: way for way in ways_out(providers, gateway, license_type, endpoints)}
    inside = {"disabled": NOWHERE, "unassigned": WITHOUT_MODEL}
    return {
        feature: (CLOUD if out[feature].certain else MAYBE_CLOUD)
        if feature in out
        else inside.get(provider, MODEL)
        for feature, provider in providers.items()
    }


def _way_out(
    feature: str, provider: str, gateway: Mapping[str, Any], endpoint: str
) -> tuple[str, bool]:
    if provider == "disabled":
        return "", True
    if provider == "vendored":
        return VENDORED, True
    if is_gitlabs(gateway.get(_GATEWAY)):
        return GITLABS_GATEWAY, True
    if runs_on_agent_platform(feature) and is_gitlabs(gateway.get(_SERVICE)):
        return GITLABS_AGENT_PLATFORM, True
    if provider == "self_hosted" and is_gitlabs(endpoint):
        return GITLABS_MODEL, True
    if not gateway.get(_GATEWAY):
        # Where self_hosted goes then is not known.
        return NO_GATEWAY, provider == "unassigned"
    if _SERVICE in gateway and not gateway[_SERVICE] and runs_on_agent_platform(feature):
        # GitLab has a service of its own in its cloud; whether it uses it then is not known.
        return NO_AGENT_PLATFORM, False
    return "", True

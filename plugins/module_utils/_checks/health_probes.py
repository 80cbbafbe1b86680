# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what one of GitLab's probes is about, and whether its failure counts.

GitLab runs its probes for everything that it can do, not for what a site uses: from 19.4 it asks
its own cloud and looks for a runner on every instance. So a failed probe fails the task only if it
concerns a feature in use. A feature is in use if it is declared (``settings``) with a model,
self-hosted or GitLab's own; if nothing is declared, it is in use if GitLab shows it with a model.
If that is true of no feature, the probes of the site's own hosts and of the seat count, and without
a gateway also those of GitLab's cloud; those of flows do not.

A probe that is not in the table below never fails the task, because we cannot say which feature it
concerns: it is a warning, in GitLab's words. The connection checks show whether the models answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._duo.licences import OFFLINE
from .._duo.offers import runs_on_agent_platform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._duo.releases import Release

# Its message contains the URL of the gateway in use.
PRESENCE_PROBE = "ai_gateway_url_presence_probe"
HOST_PROBE = "host_probe"
SEAT_PROBE = "code_suggestions_license_probe"
SERVICE_PROBE = "duo_agent_platform_probe"
RUNNER_PROBE = "compatible_runner_probe"
FLOW_PROBES = ("allow_flow_execution_probe", "allow_foundational_flows_probe")
# Probes of GitLab's cloud, which run while a feature is vendored or no gateway is set.
LICENSE_PROBE = "license_probe"
SYNC_PROBES = ("access_probe", "token_probe")
CLOUD_PROBE = "end_to_end_probe"
# Probes of the hosts to which GitLab reports use, with an online licence and a self-hosted Agent
# Platform service (19.4).
BILLING_HOSTS = ("billing_customers_dot_probe", "billing_cloud_ai_gateway_probe")
BILLING_PROBES = (*BILLING_HOSTS, "billing_duo_workflow_service_probe")

# The features that a probe concerns, in words for messages.
ALL_FEATURES = "every feature"
CLASSIC_FEATURES = "features outside the Agent Platform"
CLOUD_FEATURES = "features on GitLab's cloud"
AGENT_FEATURES = "features of the Agent Platform"
CLOUD_AGENT_FEATURES = "Agent Platform features on GitLab's own service"
FLOW_FEATURES = "flows of the Agent Platform"
UNKNOWN_FEATURES = "not known"

_CONCERNS = {
    PRESENCE_PROBE: ALL_FEATURES,
    SEAT_PROBE: CLASSIC_FEATURES,
    LICENSE_PROBE: CLOUD_FEATURES,
    **dict.fromkeys(SYNC_PROBES, CLOUD_FEATURES),
    CLOUD_PROBE: CLOUD_FEATURES,
    **dict.fromkeys((*FLOW_PROBES, RUNNER_PROBE), FLOW_FEATURES),
    **dict.fromkeys(BILLING_PROBES, AGENT_FEATURES),
}
# Agents in an IDE and in Chat need neither a runner nor permission to run flows.
_WITHOUT_RUNNER = ("duo_agent_platform", "duo_agent_platform_agentic_chat")
# Texts that name a host, from 17.9 to 19.4.
_HOST = re.compile(r"(\S+) (?:reachable|connection failed)| at (\S+) is (?:not )?\w+\.")


@dataclass(frozen=True)
class Facts:
    """The facts that verdicts and advice depend on, beside GitLab's words."""

    release: Release
    # Each fact about the licence is None if GitLab does not show it.
    license_type: str | None = None
    last_sync: str | None = None
    seats: int | None = None  # assigned, of all add-ons
    gateway_url: str = ""
    service_url: str = ""
    # Feature -> provider (self_hosted or vendored) of those in use; None if nothing is declared and
    # GitLab shows no feature with a model.
    used: Mapping[str, str] | None = None

    @property
    def offline(self) -> bool:
        """Whether the licence is an offline one: never synchronised, without GitLab's cloud."""
        return self.license_type == OFFLINE


@dataclass(frozen=True)
class Probe:
    """One probe with GitLab's verdict."""

    name: str
    success: bool
    message: str
    # The host in its text, and whether it is the site's own gateway or service.
    host: str
    own: bool
    concerns: str

    @classmethod
    def of(cls, name: str, success: bool, message: str, facts: Facts) -> Probe:
        """Return the probe in GitLab's answer. Probes of the same name differ only in the host."""
        found = _HOST.match(message) or _HOST.search(message)
        host = (found[1] or found[2]) if found else ""
        if name == HOST_PROBE:
            own = not host or host == (urlsplit(facts.gateway_url).hostname or "")
            concerns = ALL_FEATURES if own else CLOUD_FEATURES
        elif name == SERVICE_PROBE:
            own = bool(facts.service_url) and host == facts.service_url
            concerns = AGENT_FEATURES if own else CLOUD_AGENT_FEATURES
        else:
            own, concerns = False, _CONCERNS.get(name, UNKNOWN_FEATURES)
        return cls(name, success, message, host, own, concerns)

    def counts(self, facts: Facts) -> bool:
        """Return whether it concerns a feature in use, as this file's docstring defines it."""
        used, nothing_said = facts.used or {}, facts.used is None
        agents = [name for name in used if runs_on_agent_platform(name)]
        in_cloud = [name for name, provider in used.items() if provider == "vendored"]
        return {
            ALL_FEATURES: True,
            CLASSIC_FEATURES: nothing_said or len(agents) < len(used),
            CLOUD_FEATURES: bool(in_cloud) or not facts.gateway_url,
            AGENT_FEATURES: bool(agents) or (nothing_said and self.own),
            CLOUD_AGENT_FEATURES: any(name in in_cloud or not facts.service_url for name in agents),
            FLOW_FEATURES: any(name not in _WITHOUT_RUNNER for name in agents),
            UNKNOWN_FEATURES: False,
        }[self.concerns]

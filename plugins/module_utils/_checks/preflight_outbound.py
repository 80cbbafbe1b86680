# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the findings of the preflight about GitLab's outbound rules and the URLs they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base.messages import Failure
from .._duo import application_urls
from .._duo.instance_settings import REST, SETTINGS
from .._duo.outbound_rules import (
    DENY_ALL,
    LONGEST_ENTRY,
    MOST_ENTRIES,
    blocked_urls,
    entries,
    is_private,
)
from .._engine.finding import Finding
from .._subjects import gateway, one_model
from .outbound import missing_hosts, refused_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._engine.run_plan import Entry
    from . import info as _info
    from .preflight_options import PreflightOptions
    from .preflight_state import PreflightState


def outbound(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield the declared hosts and the stored URLs that GitLab's outbound rules refuse."""
    yield from _of_hosts(wanted, found)
    yield from _other_urls(wanted, found)


def _of_hosts(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    settings = found.settings
    if settings is None:
        return
    missing = missing_hosts(wanted, found.info, settings)
    if wanted.manage_outbound_allowlist:
        yield from _too_much(entries(settings), missing)
        return
    refused = refused_loopback(wanted, found.info, settings)
    private = [host for host in missing if is_private(host) and host != refused]
    if missing and settings.get(DENY_ALL):
        bedrock = one_model.BEDROCK_ENDPOINT.removeprefix("http://")
        explained = f" {bedrock} stands for the endpoint of a Bedrock model."
        yield Finding(
            "error",
            "instance",
            "GitLab denies all outbound requests except to allowed hosts, and these are not in its "
            f"allowlist: {', '.join(missing)}.{explained if bedrock in missing else ''}",
            "Add them under Admin > Settings > Network > Outbound requests, or set "
            "manage_outbound_allowlist: true.",
        )
        return
    if refused:
        yield Finding(
            "error",
            gateway.ABOUT,
            f"GitLab refuses {refused} as the host of the gateway, because it is not in the "
            "outbound allowlist.",
            "Declare a name that GitLab's own nodes can reach, add it under Admin > Settings > "
            "Network > Outbound requests, or set manage_outbound_allowlist: true.",
            kind="gateway",
        )
    if private:
        yield Finding(
            "warning",
            "instance",
            "The health check of GitLab refuses local addresses that are not in the outbound "
            f"allowlist ({', '.join(private)}); the features themselves work.",
            "Add them to the allowlist for a green health check, or set manage_outbound_allowlist: "
            "true.",
        )


def _other_urls(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield an error if other URLs of the application settings prevent a write of the run."""
    settings, info = found.settings, found.info
    if settings is None or info is None:
        return
    written = []
    if wanted.manage_outbound_allowlist and missing_hosts(wanted, info, settings):
        written.append("the outbound allowlist")
    if info.release.gateway_is_application_setting and _writes_gateway(wanted, info):
        written.append(f"the {gateway.ABOUT}")
    if found.composition and any(map(_is_application_setting, found.composition.changes)):
        written.append("the settings of GitLab Duo")
    names = blocked_urls(settings, info.url)
    if written and names:
        refusal = application_urls.failure(names, " and ".join(written))
        yield Finding("error", "instance", refusal.what, refusal.next_step)


def _is_application_setting(change: Entry) -> bool:
    return change["subject"] == "setting" and SETTINGS[change["name"]].api == REST


def _writes_gateway(wanted: PreflightOptions, info: _info.ObservedInstance) -> bool:
    now = gateway.ObservedGateway(release=info.release, values=info.gateway)
    wish = wanted.gateway
    if wanted.state == "absent":
        wish = wish.model_copy(update={"state": "absent"})
    try:
        return bool(gateway.plan(wish, now).steps)
    except Failure:
        return False  # the refusal is a finding of its own


def _too_much(before: list[str], missing: list[str]) -> Iterator[Finding]:
    """Yield errors for hosts to be added that do not fit into the allowlist."""
    count = len({*before, *missing})
    if missing and count > MOST_ENTRIES:
        yield Finding(
            "error",
            "instance",
            f"The outbound allowlist of GitLab holds at most {MOST_ENTRIES} entries, but would "
            f"have {count} with the hosts to be added.",
            "Replace some with ranges under Admin > Settings > Network > Outbound requests.",
        )
    for host in missing:
        if len(host) > LONGEST_ENTRY:
            yield Finding(
                "error",
                "instance",
                f"An entry of GitLab's outbound allowlist has at most {LONGEST_ENTRY} characters, "
                f"but the host {host[:50]}... is longer.",
                "Declare a shorter name for it.",
            )

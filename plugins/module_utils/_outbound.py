# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's outbound rules: which declared hosts need an entry in its allowlist, and which have one.

Settings of ``/application/settings``. What GitLab does with them: UrlBlocker of 18.9.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._application_urls import UNSEEN, URLS
from ._model_steps import Form, target, update
from ._self_hosted_model import not_offered
from ._urls import is_loopback

if TYPE_CHECKING:
    from ._info import Found
    from ._preflight import PreflightOptions
    from ._validators import ModelOptions

SETTINGS = "/application/settings"
ALLOWLIST = "outbound_local_requests_allowlist_raw"
DENY_ALL = "deny_all_requests_except_allowed"
# GitLab refuses a list that has more.
MOST_ENTRIES = 1000
LONGEST_ENTRY = 255


def lists(settings: dict[str, Any], url: str) -> bool:
    """Return whether an entry of the allowlist covers the host and port of a URL."""
    _scheme, host, port = _place(url)
    return _is_covered(settings, host, port)


def entries(settings: dict[str, Any]) -> list[str]:
    """Return the entries of the allowlist, which are separated by line breaks, commas or spaces."""
    text = str(settings.get(ALLOWLIST) or "")
    return text.replace(",", " ").replace(";", " ").split()


def hosts(
    wanted: PreflightOptions, info: Found | None, settings: dict[str, Any] | None
) -> dict[str, set[int]]:
    """Return the hosts that GitLab sends requests to, or looks up in its list, and their ports."""
    denied = bool((settings or {}).get(DENY_ALL))
    models = (model for model in wanted.models.models if model.state == "present")
    urls = [wanted.gateway.ai_gateway_url, *(_endpoint(model, info, denied) for model in models)]
    found: dict[str, set[int]] = {}
    for url in urls:
        _scheme, host, port = _place(url or "")
        if host:
            found.setdefault(host, set()).add(port)
    return found


def missing_hosts(
    wanted: PreflightOptions, info: Found | None, settings: dict[str, Any]
) -> list[str]:
    """Return the hosts that no entry of the allowlist covers on each of their ports."""
    return [
        host
        for host, ports in hosts(wanted, info, settings).items()
        if not all(_is_covered(settings, host, port) for port in ports)
    ]


def refused_loopback(wanted: PreflightOptions, info: Found | None, settings: dict[str, Any]) -> str:
    """Return the host of the declared gateway if GitLab refuses it as its own machine, or ``""``.

    GitLab takes its own URL, and what its allowlist has. What it has stored is not asked again.
    """
    url = wanted.gateway.ai_gateway_url or ""
    place = _scheme, host, port = _place(url)
    if info is None or not is_loopback(host):
        return ""
    stored = str(info.gateway.get("ai_gateway_url") or "").removesuffix("/")
    accepted = url == stored or place == _place(info.url) or _is_covered(settings, host, port)
    return "" if accepted else host


def blocked_urls(settings: dict[str, Any], own_url: str) -> list[str]:
    """Return the application settings whose URL stands against saving any of them.

    :param own_url: of GitLab, to which it may always send requests.
    """
    if not settings.get(DENY_ALL):
        return []
    found = []
    for name, switch in URLS.items():
        _scheme, host, port = place = _place(str(settings.get(name) or UNSEEN.get(name) or ""))
        looked_at = bool(host) and (switch is None or bool(settings.get(switch)))
        if looked_at and place != _place(own_url) and not _is_covered(settings, host, port):
            found.append(name)
    return found


def is_private(host: str) -> bool:
    """Return whether a host is an address of a private network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _endpoint(model: ModelOptions, info: Found | None, denied: bool) -> str | None:
    """Return the endpoint of a declared model that GitLab gets to check, if there is one.

    A model need not declare one: it keeps that which it has, or GitLab's stand-in for Bedrock is
    sent. Only where everything is denied that the list has not, GitLab looks these up in it.
    """
    if info is None:
        return model.endpoint
    state = info.state
    if not_offered(model, info.release, state):
        return None
    if model.endpoint or not denied:
        return model.endpoint
    current = state.models.get(model.new_name or model.name) or state.models.get(model.name)
    if current and current.hidden:
        return None
    # Stored keys were not read, so whether a key differs is not known.
    wish = model.model_copy(update={"api_key": None})
    form = Form.of(info.release, state)
    new = target(wish, current, form)
    saved = current is None or update(wish, current, new, form)
    return new.endpoint if saved else None


def _place(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL; no host of what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port or (443 if parts.scheme == "https" else 80)


def _is_covered(settings: dict[str, Any], host: str, port: int) -> bool:
    return any(_covers(entry, host, port) for entry in entries(settings))


def _covers(entry: str, host: str, port: int) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _colon, only = entry.rpartition(":")
        if name and only.isdigit() and int(only) == port:
            entry = name
        return entry.strip("[]").lower() == host.lower()

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply GitLab's outbound rules: its allowlist, and the settings whose URLs must be in it.

All are settings of ``/application/settings``; UrlBlocker of GitLab 18.9 applies them.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from .application_urls import UNSEEN, URLS

APPLICATION_SETTINGS = "/application/settings"
ALLOWLIST = "outbound_local_requests_allowlist_raw"
DENY_ALL = "deny_all_requests_except_allowed"
# GitLab refuses a longer list.
MOST_ENTRIES = 1000
LONGEST_ENTRY = 255


def lists(settings: dict[str, Any], url: str) -> bool:
    """Return whether an entry of the allowlist covers the host and port of a URL."""
    _scheme, host, port = place_of(url)
    return is_covered(settings, host, port)


def entries(settings: dict[str, Any]) -> list[str]:
    """Return the entries of the allowlist, which GitLab splits at white space, ``,`` and ``;``."""
    text = str(settings.get(ALLOWLIST) or "")
    return text.replace(",", " ").replace(";", " ").split()


def blocked_urls(settings: dict[str, Any], own_url: str) -> list[str]:
    """Return the application settings whose URL keeps GitLab from saving any of them.

    :param own_url: GitLab's own, to which it may always send requests.
    """
    if not settings.get(DENY_ALL):
        return []
    found = []
    for name, switch in URLS.items():
        _scheme, host, port = place = place_of(str(settings.get(name) or UNSEEN.get(name) or ""))
        looked_at = bool(host) and (switch is None or bool(settings.get(switch)))
        if looked_at and place != place_of(own_url) and not is_covered(settings, host, port):
            found.append(name)
    return found


def is_private(host: str) -> bool:
    """Return whether a host is an address of a private network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def place_of(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL; ``"", "", 0`` if it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port or (443 if parts.scheme == "https" else 80)


def is_covered(settings: dict[str, Any], host: str, port: int) -> bool:
    return any(_covers(entry, host, port) for entry in entries(settings))


def _covers(entry: str, host: str, port: int) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _colon, only = entry.rpartition(":")
        if name and only.isdigit() and int(only) == port:
            entry = name
        return entry.strip("[]").lower() == host.lower()

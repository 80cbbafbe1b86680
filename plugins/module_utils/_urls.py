# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs: what GitLab accepts, and how to show one without its credentials."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit


def web_url(value: str, longest: int = 2048) -> str:
    """Return the URL, or refuse what GitLab's own URL check refuses whatever its settings.

    Source: UrlBlocker of GitLab 18.9.

    :raises ValueError: saying which rule it breaks.
    """
    if len(value) > longest:
        raise ValueError(f"is longer than {longest} characters, the most that GitLab stores")
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("contains white space or control characters")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https:// (in lower case)")
    if not host:
        raise ValueError("has no host name")
    return value


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def without_credentials(url: str) -> str:
    """Return the URL with user name and password masked, for messages and results."""
    # Up to the last @ before the path: a password may hold one itself.
    return re.sub(r"(?<=://)[^/?#\s]+@", "********@", url)

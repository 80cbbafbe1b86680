# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise GitLab's own hosts: a request to one of them leaves the site.

GitLab's page on allowing connections for GitLab Duo names cloud.gitlab.com, customers.gitlab.com
and duo-workflow-svc.runway.gitlab.net; all of them belong to the two domains below.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

DOMAINS = ("gitlab.com", "gitlab.net")


def is_gitlabs(place: Any) -> bool:
    """Return whether a URL, or a host with or without a port, is one of GitLab's own hosts."""
    host = _host(place) if isinstance(place, str) else ""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def _host(place: str) -> str:
    """Return the host in lower case and in ASCII, without a port, a user or a trailing dot.

    Parsed by hand, because a stored value need not be a valid URL, and must be recognised anyway.
    """
    rest = re.sub(r"^\s*(?:[A-Za-z][A-Za-z0-9+.-]*:(?=/)|dns:)", "", place.strip()).lstrip("/")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    host = authority.partition(":")[0].strip()
    with suppress(UnicodeError):
        # This also normalises full-width letters and the other characters that count as a dot.
        host = host.encode("idna").decode("ascii")
    return host.lower().rstrip(".")

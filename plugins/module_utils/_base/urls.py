# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check URLs as GitLab does, and show them without their credentials."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from . import suggestions
from .invalid import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Up to the last @ before the path: a password may hold one itself.
CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]+@")
MASK = "********@"
_FORM = "as https://host, or http://host, with port and path where it has them"


def web_url(value: str, longest: int = 2048) -> str:
    """Return the URL, or refuse it as GitLab's own check does whatever its settings.

    A port above 65535 is refused too: GitLab accepts it, but nothing can listen there.
    Source: UrlBlocker of GitLab 18.9.

    :raises Wrong: naming the rule that it breaks.
    """
    if len(value) > longest:
        raise Wrong(
            f"is longer than the {longest} characters that GitLab stores",
            f"Shorten {{}} to {longest} characters.",
        )
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        raise Wrong("contains white space or control characters", "Write {} without them.")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise Wrong("is not a valid URL", f"Write {{}} {_FORM}.") from None
    if not value.startswith(("http://", "https://")):
        raise Wrong(
            "must start with http:// or https:// (in lower case)",
            f"Write {{}} {_FORM}.",
            instead=suggestions.web(value),
        )
    if not host:
        raise Wrong("has no host name", f"Write {{}} {_FORM}.")
    if f"://{MASK}" in value:
        raise Wrong(
            "is a masked URL, as results show it, and not the URL itself",
            "Write {} with its own user name and password.",
        )
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
    return CREDENTIALS.sub(MASK, url)


def masked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings for messages and results, with the credentials in their URLs masked."""
    return {
        name: without_credentials(value) if isinstance(value, str) else value
        for name, value in settings.items()
    }


def has_credentials(value: Any) -> bool:
    """Return whether a setting is a URL with a user name or password."""
    return isinstance(value, str) and CREDENTIALS.search(value) is not None


def instance_name(url: str) -> str:
    """Return the name of an instance in messages: its URL on one line, without credentials.

    It may not be a URL at all. A base URL of GitLab never has an @, so everything before the last
    one is masked.
    """
    name = re.sub(r"^(\s*\w+://)?.*@", rf"\1{MASK}", url, flags=re.DOTALL)
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())[:300]


def credentials(params: dict[str, Any]) -> set[str]:
    """Return the user names with passwords in the URLs of a task's options, for masking."""
    # With the @, so that a short user name does not mask half the result.
    found = {
        match for text in _texts({**params, "api_url": None}) for match in CREDENTIALS.findall(text)
    }
    instance = re.match(r"(?:\w+://)?(.*@)", str(params.get("api_url")), flags=re.DOTALL)
    return found | {instance[1]} if instance else found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def absolute(base: str, location: str) -> str:
    """Return the URL in a ``Location`` header, or ``""`` if it is not a URL."""
    try:
        target = urljoin(base, location)
        urlsplit(target)
    except ValueError:
        return ""
    return target


def is_plain(url: str) -> bool:
    """Return whether requests to a URL can be read in transit: http to another machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and not is_loopback(parts.hostname or "localhost")
    except ValueError:
        return False

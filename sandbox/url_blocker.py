# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's `UrlBlocker`, with names resolved by rules: the sandbox never asks a name server.

Texts and their order are those of GitLab 18.9's own `UrlBlocker`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .state import Instance

SCHEMES = "Only allowed schemes are http, https"
INVALID = "URI is invalid"
HOSTNAME = "Hostname or IP address invalid"
TAGS = "HTML/CSS/JS tags are not allowed"
UNRESOLVED = "Host cannot be resolved or invalid"
TOO_LONG = "Host is too long (maximum is 1024 characters)"
LOCALHOST = "Requests to localhost are not allowed"
LOOPBACK = "Requests to loopback addresses are not allowed"
DENIED = "Requests to hosts and IP addresses not on the Allow List are denied"

#: Names that resolve. Everything else does not, unless the options say so.
RESOLVING_SUFFIXES = ("example.com", "example.org", "internal", "local", "test")
MAX_HOST = 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Parts:
    scheme: str
    host: str
    port: int | None


class Blocked(ValueError):
    """The reason, in GitLab's words."""


def parse(url: str) -> Parts:
    """Scheme, host and port as far as GitLab's parser goes; schemes are lower case only."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", url, re.DOTALL)
    if match and match[1] in ("http", "https"):
        rest = match[2]
        if not rest.startswith("//") or len(rest) == 2:
            raise Blocked(INVALID)
        authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
        host, port = _authority(authority)
        return Parts(match[1], host, port)
    # Without a scheme Addressable takes it for a path, which may contain spaces.
    if re.match(r"\s", url):
        raise Blocked(INVALID)
    raise Blocked(SCHEMES)


def _authority(text: str) -> tuple[str, int | None]:
    host = text.rpartition("@")[2]
    if re.search(r"\s", text):
        raise Blocked(INVALID)
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::(.*))?", host)
    if match is None:
        raise Blocked(INVALID)
    port = match[2]
    # Addressable only checks for digits: it accepts 99999 as a port.
    if port and not (port.isascii() and port.isdigit()):
        raise Blocked(INVALID)
    name = match[1].strip("[]").lower()
    if match[1].startswith("[") and address_of(name) is None:
        raise Blocked(INVALID)
    return name, int(port) if port else None


def check_name(parts: Parts) -> None:
    """The part of the check that needs no look-up."""
    if parts.host[:1] in ("-", "_", "."):
        raise Blocked(HOSTNAME)
    if len(parts.host) > MAX_HOST:
        raise Blocked(TOO_LONG)


def address_of(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def resolves(instance: Instance, host: str) -> bool:
    """Whether the stand-in for DNS knows the host."""
    options = instance.options
    if host.startswith("unresolvable.") or host in options.unresolvable_hosts:
        return False
    if host == "localhost" or address_of(host) is not None:
        return True
    if host in options.resolvable_hosts:
        return True
    return any(host == name or host.endswith("." + name) for name in RESOLVING_SUFFIXES)


def allowlisted(instance: Instance, parts: Parts) -> bool:
    """Host names, addresses, ranges, an optional port; a range covers all ports."""
    raw = instance.allowlist_in_force
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = address_of(parts.host)
    for entry in filter(None, re.split(r"[\s,;]+", raw.lower())):
        if address is not None:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                pass
        match = re.fullmatch(r"(\[[^\]]+\]|[^:]+)(?::(\d+))?", entry)
        if match and match[1].strip("[]") == parts.host and match[2] in (None, str(port)):
            return True
    return False


def is_own(instance: Instance, url: str) -> bool:
    """Whether a URL is at the instance's own address, to which it may always send requests."""
    try:
        return _own(instance, parse(url))
    except Blocked:
        return False


def _own(instance: Instance, parts: Parts) -> bool:
    def key(one: Parts) -> tuple[str, str, int]:
        return one.scheme, one.host, one.port or (443 if one.scheme == "https" else 80)

    return key(parse(instance.external_url)) == key(parts)


def check_gateway(instance: Instance, url: str) -> None:
    """The gateway URL at save time: resolved, not on this host, obeying the outbound rules."""
    if re.fullmatch(r"https?:/", url):
        # What is left of `http://` without its last slash: no host at all resolves to this one.
        raise Blocked(LOCALHOST)
    # Addressable finds the `<b>` of a tag even where it cannot make sense of the rest.
    parts = parse(url)
    if re.search(r"[<>&]", url):
        raise Blocked(TAGS)
    if _own(instance, parts):
        return
    check_name(parts)
    listed = allowlisted(instance, parts)
    known = resolves(instance, parts.host)
    if not known and not listed and not instance.options.proxy_configured:
        raise Blocked(UNRESOLVED)
    if listed:
        return
    if instance.settings.get("deny_all_requests_except_allowed"):
        raise Blocked(DENIED)
    address = address_of(parts.host)
    own = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", *instance.options.own_addresses}
    if parts.host in own or (address is not None and str(address) in own):
        raise Blocked(LOCALHOST)
    if address is not None and address.is_loopback:
        raise Blocked(LOOPBACK)


def check_endpoint(instance: Instance, url: str) -> None:
    """A model's endpoint: local and private hosts pass; names are looked up under deny-all only."""
    parts = parse(url)
    check_name(parts)
    if not instance.settings.get("deny_all_requests_except_allowed"):
        return
    if allowlisted(instance, parts):
        return
    if not resolves(instance, parts.host) and not instance.options.proxy_configured:
        raise Blocked(UNRESOLVED)
    raise Blocked(DENIED)

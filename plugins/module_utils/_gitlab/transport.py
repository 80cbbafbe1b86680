# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up TLS, client certificates and proxies for one GitLab, and explain their failures."""

from __future__ import annotations

import os
import re
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._base import http_messages
from .._base.libraries import requests
from .._base.messages import Failure, Unclear
from .._base.urls import absolute, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .connection import Connection

# Codes of OpenSSL's X509_V_ERR_*.
_DATES = {9: "is not valid yet", 10: "has expired"}
_OTHER_NAME = (62, 64)  # host name, IP address
# TLS alerts with which a server demands a client certificate, or refuses the one that it got.
_WANTED = "CERTIFICATE_REQUIRED"
_REFUSED = re.compile(
    r"ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|(UNSUPPORTED_|ACCESS_DENIED|CERTIFICATE_)\w*)"
)


def settings(connection: Connection) -> dict[str, Any]:
    """Return the arguments of each request of ``requests``.

    They are not set on the session, because there ``REQUESTS_CA_BUNDLE`` overrides them.

    :raises Failure: the client's key is encrypted.
    """
    _refuse_encrypted(connection)
    told: dict[str, Any] = {"timeout": connection.timeout}
    if not connection.validate_certs:
        told["verify"] = False
    elif connection.ca_path:
        told["verify"] = connection.ca_path
    if connection.client_cert:
        pair = (connection.client_cert, connection.client_key)
        told["cert"] = pair if connection.client_key else connection.client_cert
    if connection.proxy:
        told["proxies"] = {"http": connection.proxy, "https": connection.proxy}
    return told


def explained(error: Exception, connection: Connection) -> Failure:
    """Return the failure for an exception of ``requests``; an :class:`Unclear` may be retried."""
    problems = requests.exceptions
    if isinstance(error, problems.Timeout):
        return Unclear(http_messages.TIMED_OUT, retry=True, late=True, seconds=connection.timeout)
    if isinstance(error, problems.InvalidHeader):
        return Failure(http_messages.UNREACHABLE, reason="a header value is not valid for HTTP")
    if isinstance(error, (problems.InvalidURL, problems.InvalidSchema, UnicodeError)):
        return Failure(http_messages.UNREACHABLE, reason=root_cause(error))
    if isinstance(error, problems.ProxyError):
        return _of_proxy(error, connection)
    if isinstance(error, problems.SSLError):
        return _unusable_file(connection) or _of_tls(error, connection)
    if isinstance(error, (problems.RequestException, ValueError)):
        proxy, reason = _proxy(connection), root_cause(error)
        if proxy:
            return Unclear(http_messages.PROXY_BROKE, retry=True, proxy=proxy, reason=reason)
        return Unclear(http_messages.UNREACHABLE, retry=True, reason=reason)
    # Not a file of the options, so it must be one of the environment.
    return _unusable_file(connection) or Failure(
        http_messages.UNUSABLE_FILE, option="REQUESTS_CA_BUNDLE", reason=str(error)
    )


def refused_on_the_way(
    status: int, content_type: str, body: bytes, connection: Connection
) -> Failure | None:
    """Return the failure if a proxy or web server in front of GitLab refused, or None."""
    proxy = _proxy(connection) if status in (401, 407) else None
    # tinyproxy answers 401 to wrong credentials, and 407 if there are none. GitLab sends JSON.
    if status == 407 or (proxy and status == 401 and content_type == "text/html"):
        proxy = proxy or "in front of GitLab"
        return Failure(http_messages.PROXY_CREDENTIALS, proxy=proxy, status=status)
    # The texts of nginx, which GitLab's packages contain.
    said = body[:1000] if status == 400 else b""
    if b"No required SSL certificate was sent" in said:
        return Failure(http_messages.CLIENT_CERTIFICATE_WANTED)
    if b"The SSL certificate error" in said:
        return Failure(http_messages.CLIENT_CERTIFICATE_REFUSED)
    if b"The plain HTTP request was sent to HTTPS port" in said:
        return Failure(http_messages.HTTP_TO_HTTPS)
    return None


def redirected(connection: Connection, path: str, location: str) -> Failure:
    """Return the failure for a redirect. None is followed, because GitLab's API never sends one.

    :param path: that was requested, below the base URL.
    """
    target = urlsplit(absolute(connection.api_url + path, location))
    if target.scheme not in ("http", "https"):
        what = f"an address with the scheme {target.scheme}" if target.scheme else "no address"
        return Failure(http_messages.REDIRECTED_TO_PAGE, target=what)
    host = target.netloc.rpartition("@")[2]
    base = f"{target.scheme}://{host}{target.path}"
    if connection.api_url.startswith("https:") and target.scheme == "http":
        return Failure(http_messages.REDIRECTED_TO_HTTP, target=base)
    if target.path.endswith(path):
        return Failure(http_messages.REDIRECTED, target=base, base=base[: -len(path)])
    return Failure(http_messages.REDIRECTED_TO_PAGE, target=base)


# --- TLS -----------------------------------------------------------------------------------------
def _of_tls(error: BaseException, connection: Connection) -> Failure:
    for inner in _chain(error):
        if isinstance(inner, ssl.SSLCertVerificationError):
            code = getattr(inner, "verify_code", 0)
            if code in _DATES:
                return Failure(http_messages.CERTIFICATE_DATES, state=_DATES[code])
            # urllib3 1 compares names itself and gives no code.
            if code in _OTHER_NAME or "doesn't match" in str(inner):
                host = urlsplit(connection.api_url).hostname
                return Failure(http_messages.CERTIFICATE_NAME, host=host)
            said = getattr(inner, "verify_message", "") or root_cause(inner)
            return Failure(http_messages.CERTIFICATE_UNTRUSTED, reason=said)
    reason = root_cause(error)
    if _WANTED in reason:
        return Failure(http_messages.CLIENT_CERTIFICATE_WANTED)
    if _REFUSED.search(reason):
        return Failure(http_messages.CLIENT_CERTIFICATE_REFUSED)
    # It may have failed in the middle of an answer, so a write is unclear.
    return Unclear(http_messages.TLS_FAILED, retry=False, reason=reason)


def _refuse_encrypted(connection: Connection) -> None:
    """Refuse a key with a passphrase, because OpenSSL would ask for it on the terminal and wait."""
    for option in ("client_cert", "client_key"):
        path = getattr(connection, option)
        if path and os.path.isfile(path):
            with open(path, "rb") as file:
                if b"ENCRYPTED" in file.read():
                    raise Failure(
                        http_messages.UNUSABLE_FILE,
                        option=option,
                        reason=f"{path}: its key is encrypted",
                    )


def _unusable_file(connection: Connection) -> Failure | None:
    """Return the failure that names an unusable file, or None.

    Called only after a failure, because it takes time.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    certificate, key = connection.client_cert, connection.client_key
    option, path = "ca_path", connection.ca_path
    try:
        if connection.validate_certs and path:
            context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
        if certificate:
            option, path = "client_cert", certificate
            context.load_verify_locations(certificate)
            if key:
                option, path = "client_key", key
            context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        said = f"not in a form that OpenSSL accepts: {error.reason}"
        return Failure(http_messages.UNUSABLE_FILE, option=option, reason=f"{path}: {said}")
    except OSError as error:
        return Failure(
            http_messages.UNUSABLE_FILE, option=option, reason=f"{path}: {error.strerror}"
        )
    return None


# --- proxies -------------------------------------------------------------------------------------
def _of_proxy(error: BaseException, connection: Connection) -> Failure:
    proxy, reason = _proxy(connection) or "", root_cause(error)
    answered = re.search(r"Tunnel connection failed: (\d{3}) ?(.*)", reason)
    if not answered:
        return Unclear(http_messages.PROXY_UNREACHABLE, retry=True, proxy=proxy, reason=reason)
    if answered[1] in ("401", "407"):
        return Failure(http_messages.PROXY_CREDENTIALS, proxy=proxy, status=answered[1])
    host, reason = urlsplit(connection.api_url).netloc, " ".join(answered.groups()).strip()
    if answered[1].startswith("5"):
        return Unclear(
            http_messages.PROXY_REFUSED, retry=True, proxy=proxy, host=host, reason=reason
        )
    return Failure(http_messages.PROXY_REFUSED, proxy=proxy, host=host, reason=reason)


def _proxy(connection: Connection) -> str | None:
    """Return the proxy of the option or of the environment, without its credentials."""
    utils, url = requests.utils, connection.api_url
    found = connection.proxy or utils.select_proxy(url, utils.get_environ_proxies(url))
    if not found:
        return None
    return without_credentials(found if "://" in found else f"http://{found}")


# --- exceptions ----------------------------------------------------------------------------------
def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it wraps, the innermost last."""
    seen: BaseException | None = error
    known: list[BaseException] = []
    while seen is not None and seen not in known:
        known.append(seen)
        yield seen
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        seen = inner


def root_cause(error: BaseException) -> str:
    """Return the innermost reason of an exception, without object addresses."""
    *_outer, seen = _chain(error)
    words = [arg for arg in seen.args if isinstance(arg, str)]
    text = (words[-1] if words else str(seen)) or type(seen).__name__
    return without_credentials(text.rsplit("object at", 1)[-1].split(">: ")[-1])

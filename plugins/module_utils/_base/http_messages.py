# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures on the way to GitLab: network, TLS, proxies, and servers that answer in its place.

All others are in messages.py.
"""

from __future__ import annotations

from .failure import Message

# --- the way to GitLab -------------------------------------------------------------------------
UNREACHABLE = Message(
    "unreachable",
    "GitLab cannot be reached ({reason}).",
    "Check api_url, DNS, firewall and proxy from the host that runs the task.",
)
TIMED_OUT = Message(
    "timed-out",
    "GitLab did not answer within {seconds} s.",
    "Check that the instance is up, or raise the option timeout.",
)
TLS_FAILED = Message(
    "tls-failed",
    "The TLS connection failed ({reason}).",
    "Check that the port in api_url speaks TLS, and that both sides support a common version of "
    "TLS.",
)
CERTIFICATE_UNTRUSTED = Message(
    "certificate-untrusted",
    "The certificate of GitLab is not trusted ({reason}).",
    "Set ca_path to a file with the certificate of the CA that signed it, on the host that runs "
    "the task.",
)
CERTIFICATE_DATES = Message(
    "certificate-dates",
    "The certificate of GitLab {state}.",
    "Renew it on GitLab or on the proxy in front of it, and check the clock of the host that runs "
    "the task.",
)
CERTIFICATE_NAME = Message(
    "certificate-name",
    "The certificate of GitLab is not valid for {host}.",
    "Set api_url to a name in the certificate, or renew the certificate with this name.",
)
CLIENT_CERTIFICATE_WANTED = Message(
    "client-certificate-wanted",
    "The server asks for a client certificate.",
    "Set client_cert, and client_key if the key is in a file of its own.",
)
CLIENT_CERTIFICATE_REFUSED = Message(
    "client-certificate-refused",
    "The server does not accept the client certificate.",
    "Check that client_cert has not expired and is signed by a CA that the server trusts.",
)
HTTP_TO_HTTPS = Message(
    "http-to-https",
    "The port expects https, but api_url says http.",
    "Set api_url to the same address with https://, and replace the token, which was sent "
    "unencrypted.",
)
UNUSABLE_FILE = Message(
    "unusable-file",
    "{option} cannot be used ({reason}).",
    "Name a readable file in PEM format, on the host that runs the task; a key must not be "
    "encrypted.",
)
PROXY_UNREACHABLE = Message(
    "proxy-unreachable",
    "The proxy {proxy} cannot be reached ({reason}).",
    "Check the option proxy, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY on the host that runs the "
    "task.",
)
PROXY_CREDENTIALS = Message(
    "proxy-credentials",
    "The proxy {proxy} requires valid credentials ({status}).",
    "Write the user name and password into the URL of the proxy, percent-encoded: "
    "http://user:password@host:port.",
)
PROXY_BROKE = Message(
    "proxy-broke",
    "The connection to GitLab through the proxy {proxy} broke ({reason}).",
    "Check the user name and password in the URL of the proxy, and that the proxy may reach "
    "GitLab.",
)
PROXY_REFUSED = Message(
    "proxy-refused",
    "The proxy {proxy} does not connect to {host} ({reason}).",
    "Allow this host and port on the proxy, or bypass the proxy with NO_PROXY.",
)
TRY_LATER = Message(
    "try-later",
    "GitLab answered {status}: {reason}.",
    "GitLab is starting, is overloaded or limits the request rate: try again later, or raise "
    "retries.",
)
REDIRECTED = Message(
    "redirected",
    "GitLab answered with a redirect to {target}, which was not followed.",
    "Set api_url to {base} if this is your GitLab.",
)
REDIRECTED_TO_HTTP = Message(
    "redirected-to-http",
    "The answer is a redirect from https to {target}, which was not followed.",
    "Check external_url of GitLab, and that a proxy in front of it sends X-Forwarded-Proto: https.",
)
REDIRECTED_TO_PAGE = Message(
    "redirected-to-page",
    "The answer is a redirect to {target}, which is not GitLab's API and was not followed.",
    "A sign-in page or another service answers in its place: check api_url, and that single "
    "sign-on or a load balancer in front of GitLab lets requests with a token through.",
)
NOT_GITLAB = Message(
    "not-gitlab",
    "The answer to {path} does not come from GitLab's API: status {status}, content type "
    "{content_type}.",
    "A sign-in page, proxy or load balancer may have answered: check api_url and the network path "
    "to it.",
)
BROKEN_ANSWER = Message(
    "broken-answer",
    "The answer to {path} could not be understood ({reason}).",
    "Try again; if it persists, check the proxies in between and report it with the GitLab "
    "version.",
)
SERVER_ERROR = Message(
    "server-error",
    "GitLab answered {status} ({reason}).",
    "Look for the request in GitLab's logs (exceptions_json.log).",
)
HTTP_REFUSED = Message(
    "http-refused",
    "GitLab refused {path} with status {status} ({reason}).",
    "Check the rights of the token's user, whether it has accepted the terms of service, and the "
    "network restrictions of GitLab.",
)
NOT_FOUND = Message(
    "not-found",
    "GitLab has no {path} (404).",
    "Check api_url: it is the base URL of GitLab, with the relative URL root if there is one.",
)

# A warning, not a failure: tests and closed networks may have reasons for plain http.
PLAIN_HTTP = Message(
    "plain-http",
    "The token and the API keys of models can be read in transit, because api_url uses plain http.",
    "Set api_url to an https URL.",
)

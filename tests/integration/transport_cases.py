# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems on the way to GitLab, each with the sentence that reports it.

``{name}`` in options, variables and sentences is something of :mod:`site_network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from site_network import PROXY_PASSWORD

from sandbox import credentials

TRUSTED = {"api_url": "{trusted}", "ca_path": "{ca}"}
BY_PROXY = {**TRUSTED, "proxy": "{proxy}"}
# No name server knows it: only the proxy leads there.
PLAIN = {"api_url": "http://gitlab.test", "proxy": "{proxy}"}
BETA = {
    "enabled": True,
    "accept_testing_agreement": True,
    "username": credentials.ADMIN,
    "password": credentials.ADMIN_PASSWORD,
}
SECRETS = {
    "proxy": PROXY_PASSWORD,
    "wrong": "proxy-Passw0rd-wrong",
    "url": "url-Passw0rd",
    "netrc": "netrc-Passw0rd",
    "redirect": "redirect-Passw0rd",
    "token": credentials.ADMIN_TOKEN,
    "password": credentials.ADMIN_PASSWORD,
}
WRONG_PROXY = f"http://proxy-user:{SECRETS['wrong']}@{{proxy_address}}"
AWAY = f"http://proxy-user:{SECRETS['proxy']}@{{nobody}}"


@dataclass(frozen=True)
class Case:
    """A task, and how it ends: without a code it succeeds."""

    options: dict[str, Any]
    code: str = ""
    said: str = ""
    warns: bool = False
    module: str = "duo_info"


# Environment -> its variables, and the cases in it.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "plain": {},
    # Nothing of it counts beside the options.
    "contrary": {
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), "{other_ca}"),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "https_proxy"), AWAY),
        "NO_PROXY": "127.0.0.1",
    },
    # What the options leave open.
    "helpful": {
        "REQUESTS_CA_BUNDLE": "{ca}",
        "HTTPS_PROXY": "{proxy}",
        "HTTP_PROXY": "{proxy}",
        "NO_PROXY": "elsewhere.test",
    },
    "our-own": {"GITLAB_CA_PATH": "{ca}", "REQUESTS_CA_BUNDLE": "{other_ca}"},
}

CERTIFICATES = {
    "private-ca": Case(TRUSTED),
    "no-ca": Case(
        {"api_url": "{trusted}"}, "certificate-untrusted", "unable to get local issuer certificate"
    ),
    "other-ca": Case(
        {**TRUSTED, "ca_path": "{other_ca}"}, "certificate-untrusted", "Set ca_path to a file"
    ),
    "expired": Case(
        {**TRUSTED, "api_url": "{expired}"},
        "certificate-dates",
        "The certificate of GitLab has expired. Renew it",
    ),
    "other-name": Case(
        {**TRUSTED, "api_url": "{misnamed}"},
        "certificate-name",
        "not valid for 127.0.0.1. Set api_url to a name in the certificate",
    ),
    "self-signed": Case({**TRUSTED, "api_url": "{self_signed}"}, "certificate-untrusted", "self"),
    "unchecked": Case({"api_url": "{self_signed}", "validate_certs": False}),
    "unchecked-in-spite-of-ca": Case(
        {"api_url": "{expired}", "ca_path": "{ca}", "validate_certs": False}
    ),
    "ca-is-no-file": Case(
        {**TRUSTED, "ca_path": "{ca}.missing"}, "unusable-file", "ca_path cannot be used ("
    ),
    "ca-is-a-key": Case(
        {**TRUSTED, "ca_path": "{client_key}"}, "unusable-file", "ca_path cannot be used ("
    ),
    "client-certificate": Case(
        {"api_url": "{asks}", "ca_path": "{ca}", "client_cert": "{client}"}
        | {"client_key": "{client_key}"}
    ),
    "client-certificate-missing": Case(
        {"api_url": "{asks}", "ca_path": "{ca}"}, "client-certificate-wanted", "Set client_cert"
    ),
    "client-certificate-of-a-stranger": Case(
        {"api_url": "{asks}", "ca_path": "{ca}", "client_cert": "{stranger}"}
        | {"client_key": "{stranger_key}"},
        "client-certificate-refused",
        "signed by a CA that the server trusts",
    ),
    "client-key-of-another": Case(
        {"api_url": "{asks}", "ca_path": "{ca}", "client_cert": "{client}"}
        | {"client_key": "{stranger_key}"},
        "unusable-file",
        "client_key cannot be used (",
    ),
    "client-key-encrypted": Case(
        {"api_url": "{asks}", "ca_path": "{ca}", "client_cert": "{encrypted}"}
        | {"client_key": "{encrypted_key}"},
        "unusable-file",
        "client_key cannot be used (",
    ),
    "http-at-https": Case(
        {"api_url": "{http_at_tls}"}, "http-to-https", "Set api_url to the same address with https:"
    ),
    "https-at-http": Case({"api_url": "{tls_at_plain}"}, "tls-failed", "speaks TLS"),
}
REDIRECTS = {
    "redirect-to-other-host": Case(
        {**TRUSTED, "api_url": "{other_host}"},
        "redirected",
        "redirect to https://localhost:",
    ),
    "redirect-to-http": Case(
        {**TRUSTED, "api_url": "{to_http}"}, "redirected-to-http", "X-Forwarded-Proto: https"
    ),
    "redirect-to-file": Case(
        {**TRUSTED, "api_url": "{to_file}"}, "redirected-to-page", "an address with the scheme file"
    ),
    "redirect-to-nowhere": Case(
        {**TRUSTED, "api_url": "{to_nowhere}"}, "redirected-to-page", "a redirect to no address"
    ),
    "redirect-to-login": Case(
        {**TRUSTED, "api_url": "{to_login}"}, "redirected-to-page", "{to_login}/users/sign_in"
    ),
    "redirect-to-https": Case(
        {"api_url": "{plain_to_https}"}, "redirected", "Set api_url to {trusted} if this is"
    ),
}
PROXIES = {
    # The option counts in spite of NO_PROXY, which names this address.
    "proxy": Case(BY_PROXY),
    "proxy-with-wrong-password": Case(
        {**TRUSTED, "proxy": WRONG_PROXY},
        "proxy-credentials",
        "The proxy http://********@{proxy_address} requires valid credentials (401).",
    ),
    "proxy-without-password": Case(
        {**TRUSTED, "proxy": "http://{proxy_address}"}, "proxy-credentials", "(407)"
    ),
    "proxy-away": Case(
        {**TRUSTED, "proxy": AWAY},
        "proxy-unreachable",
        "The proxy http://********@{nobody} cannot be reached (",
    ),
    "proxy-forbids": Case(
        {**BY_PROXY, "api_url": "{asks}"}, "proxy-refused", "does not connect to 127.0.0.1:"
    ),
    "proxy-for-http": Case(PLAIN, warns=True),
    "proxy-for-http-with-wrong-password": Case(
        {**PLAIN, "proxy": "{refuses_plain}"}, "proxy-credentials", "(407)", warns=True
    ),
    # tinyproxy hangs up before it has read the request, so that its answer may get lost.
    "proxy-that-hangs-up": Case(
        {**PLAIN, "proxy": WRONG_PROXY},
        "proxy-broke or proxy-credentials",
        "user name and password",
        warns=True,
    ),
    "proxy-for-http-away": Case(
        {**PLAIN, "proxy": AWAY}, "proxy-unreachable", "The proxy http://****", warns=True
    ),
    # requests would not check its certificate.
    "proxy-with-tls-for-http": Case(
        {**PLAIN, "proxy": "{trusted}"}, "invalid-option", "proxy: with https:// needs", warns=True
    ),
    "proxy-is-no-url": Case(
        {**TRUSTED, "proxy": f"socks5://me:{SECRETS['proxy']}@host"},
        "invalid-option",
        "proxy: must start with http:// or https://",
    ),
}
URLS = {
    "trailing-slashes": Case({**TRUSTED, "api_url": "{trusted}///"}),
    "relative-root": Case({**TRUSTED, "api_url": "{trusted}/gitlab/"}),
    "sign-in": Case({**TRUSTED, **BETA}, module="duo_beta_features"),
    "sign-in-at-relative-root": Case(
        {**TRUSTED, **BETA, "api_url": "{trusted}/gitlab"}, module="duo_beta_features"
    ),
    "sign-in-by-ipv6": Case(
        {**BETA, "api_url": "http://[2001:db8::1]", "proxy": "{plain}"},
        module="duo_beta_features",
        warns=True,
    ),
    "ipv6": Case({**PLAIN, "api_url": "http://[2001:db8::1]:8080", "proxy": "{plain}"}, warns=True),
    "idn": Case({**PLAIN, "api_url": "http://gitläb.test"}, warns=True),
    "idn-that-is-none": Case(
        {**PLAIN, "api_url": "http://-ä-.test"}, "unreachable", "Check api_url", warns=True
    ),
    **{
        f"no-url-{number}": Case(
            {"api_url": url}, "invalid-option", f"api_url: {said}", warns=warns
        )
        for number, (url, said, warns) in enumerate(
            [
                (f"https://me:{SECRETS['url']}@gitlab.test", "must not contain user name", False),
                (f"me:{SECRETS['url']}@gitlab.test", "must start with http:// or https://", False),
                (f"ftp://me:{SECRETS['url']}@gitlab.test", "must start with http://", False),
                (f"https://me:a/{SECRETS['url']}@gitlab.test", "is not a valid URL", False),
                (f"https://me:a {SECRETS['url']}@gitlab.test", "contains white space", False),
                ("https://gitlab.test\r\nX-Injected: 1", "contains a line break", False),
                ("file:///etc/passwd", "must start with http:// or https://", False),
                ("https://", "has no host name", False),
                ("https://gitlab.test:99999", "is not a valid URL", False),
                ("https://[2001:db8::1", "is not a valid URL", False),
                ("https://gitlab.test?private_token=x", "must not contain ? or #", False),
                ("HTTPS://gitlab.test", "must start with http:// or https:// (in lower", False),
            ]
        )
    },
}
CASES: dict[str, dict[str, Case]] = {
    "plain": {**CERTIFICATES, **REDIRECTS, **PROXIES, **URLS},
    "contrary": {
        "ca-path": Case(TRUSTED),
        "no-ca-path": Case({"api_url": "{trusted}"}, "certificate-untrusted", "Set ca_path"),
        "proxy-of-the-environment": Case(
            {**TRUSTED, "api_url": "{localhost}"},
            "proxy-unreachable",
            "The proxy http://********@{nobody} cannot be reached (",
        ),
        "proxy-option": Case({**BY_PROXY, "api_url": "{localhost}"}),
        "unchecked": Case({"api_url": "{expired}", "validate_certs": False}),
        "sign-in": Case({**TRUSTED, **BETA}, module="duo_beta_features"),
    },
    "helpful": {
        "no-options": Case({"api_url": "{localhost}"}),
        "http": Case({"api_url": "http://gitlab.test"}, warns=True),
        "other-ca-path": Case(
            {**TRUSTED, "ca_path": "{other_ca}"}, "certificate-untrusted", "Set ca_path"
        ),
    },
    "our-own": {
        "gitlab-ca-path": Case({"api_url": "{trusted}"}),
        "option-wins": Case(
            {**TRUSTED, "ca_path": "{other_ca}"}, "certificate-untrusted", "Set ca_path"
        ),
    },
}

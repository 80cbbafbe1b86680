# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates on the way to GitLab: which are refused, and which files and options count."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages
from ansible_collections.gitlab_ops.duo.tests.unit.core.certificates import self_signed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import connection, gitlab
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_http import FINE, reading_fails


def test_an_unknown_certificate_is_refused_unless_its_ca_is_named(serve, tmp_path) -> None:
    certificate, context = self_signed(tmp_path)
    server = serve([FINE], context)
    failure = reading_fails(server.url)
    assert failure.code == http_messages.CERTIFICATE_UNTRUSTED.code
    assert "self-signed certificate" in failure.what.replace("self signed", "self-signed")
    assert "ca_path" in failure.next_step
    assert server.requests == []
    with gitlab(server.url, ca_path=str(certificate)) as client:
        assert client.read().enterprise
    with gitlab(server.url, validate_certs=False) as client:
        assert client.read().enterprise


@pytest.mark.parametrize(
    ("address", "days", "message"),
    [
        ("127.0.0.9", 1, http_messages.CERTIFICATE_NAME),
        ("127.0.0.1", -1, http_messages.CERTIFICATE_DATES),
    ],
    ids=["another host", "expired"],
)
def test_a_wrong_certificate_is_refused(serve, tmp_path, address: str, days: int, message) -> None:
    certificate, context = self_signed(tmp_path, address, days=days)
    server = serve([FINE], context)
    failure = reading_fails(server.url, ca_path=str(certificate))
    assert failure.code == message.code
    assert server.requests == []


def test_the_options_win_over_the_environment(serve, tmp_path, monkeypatch) -> None:
    certificate, context = self_signed(tmp_path / "right")
    other, _context = self_signed(tmp_path / "other")
    server = serve([FINE], context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with gitlab(server.url, ca_path=str(certificate)) as client:
        assert client.read().enterprise
    with gitlab(server.url, validate_certs=False) as client:
        assert client.read().enterprise
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    failure = reading_fails(server.url, ca_path=str(other))
    assert failure.code == http_messages.CERTIFICATE_UNTRUSTED.code
    # Without the option, the environment says whom to trust.
    with gitlab(server.url) as client:
        assert client.read().enterprise


@pytest.mark.parametrize("option", ["ca_path", "client_cert"])
def test_a_file_that_is_not_there(serve, tmp_path, option: str) -> None:
    certificate, context = self_signed(tmp_path)
    files = {"ca_path": str(certificate), option: str(tmp_path / "missing.pem")}
    failure = reading_fails(serve([FINE], context).url, **files)
    assert failure.code == http_messages.UNUSABLE_FILE.code
    assert f"{option} cannot be used ({tmp_path / 'missing.pem'}: No such file" in failure.what


@pytest.mark.parametrize("option", ["ca_path", "client_cert"])
def test_a_file_that_holds_something_else(serve, tmp_path, option: str) -> None:
    certificate, context = self_signed(tmp_path)
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing of the kind")
    files = {"ca_path": str(certificate), option: str(broken)}
    failure = reading_fails(serve([FINE], context).url, **files)
    assert failure.code == http_messages.UNUSABLE_FILE.code
    assert f"{option} cannot be used ({broken}: " in failure.what


def test_a_server_that_speaks_no_tls(serve) -> None:
    failure = reading_fails(serve([FINE]).url.replace("http://", "https://"), retries=0)
    assert failure.code == http_messages.TLS_FAILED.code


def test_a_client_certificate_is_sent(serve, tmp_path) -> None:
    certificate, context = self_signed(tmp_path)
    context.load_verify_locations(certificate)
    context.verify_mode = 2  # ssl.CERT_REQUIRED
    server = serve([FINE], context)
    pair = {"client_cert": str(certificate), "client_key": str(tmp_path / "key.pem")}
    with gitlab(server.url, ca_path=str(certificate), **pair) as client:
        assert client.read().enterprise
    assert connection(server.url, **pair).client_key == str(tmp_path / "key.pem")


@pytest.mark.parametrize("apart", [True, False])
def test_an_encrypted_key_is_refused_rather_than_asked_for(serve, tmp_path, apart: bool) -> None:
    certificate, context = self_signed(tmp_path)
    key = tmp_path / "encrypted.pem"
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n")
    if not apart:
        certificate.write_text(certificate.read_text() + key.read_text())
    pair = {"client_cert": str(certificate), **({"client_key": str(key)} if apart else {})}
    server = serve([FINE], context)
    failure = reading_fails(server.url, ca_path=str(certificate), **pair)
    assert failure.code == http_messages.UNUSABLE_FILE.code
    assert ("client_key cannot" if apart else "client_cert cannot") in failure.what
    assert "its key is encrypted" in failure.what
    assert server.requests == []

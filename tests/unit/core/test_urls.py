# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs in messages and results: how they are shown, and what they mean."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.options import check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.urls import (
    absolute,
    credentials,
    has_credentials,
    instance_name,
    is_plain,
    masked,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import Connection
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import TOKEN


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://gitlab.example.com/gitlab", "https://gitlab.example.com/gitlab"),
        ("https://me:hidden@gitlab.example.com", "https://********@gitlab.example.com"),
        ("https://me:hi/hidden@gitlab.example.com", "https://********@gitlab.example.com"),
        ("https://me:hi@hidden#?@gitlab.example.com", "https://********@gitlab.example.com"),
        ("https://me:hi\n hidden@gitlab.example.com", "https://********@gitlab.example.com"),
        ("me:hidden@gitlab.example.com", "********@gitlab.example.com"),
        ("https://gitlab\r\nX-Injected: 1\x00", "https://gitlab X-Injected: 1"),
        ("", ""),
    ],
)
def test_an_instance_is_named_on_one_line_without_credentials(url: str, shown: str) -> None:
    assert instance_name(url) == shown
    left = url
    for secret in credentials({"api_url": url}):
        left = left.replace(secret, "")
    assert "hidden" not in left


def test_credentials_are_found_however_deep() -> None:
    models = [{"endpoint": "https://me:one@m.example.com"}, {"name": "a", "force": True}]
    params = {"api_url": "https://gitlab", "models": models, "proxy": "http://me:two@proxy"}
    assert credentials(params) == {"me:one@", "me:two@"}


def test_settings_are_masked_and_judged_alike() -> None:
    settings = {
        "url": "https://me:hidden@a",
        "masked": "https://********@a",
        "plain": "https://a/@b",
    }
    settings = {**settings, "seconds": 60, "secure": True, "none": None, "empty": ""}
    assert masked(settings) == {**settings, "url": "https://********@a"}
    assert [it for it, value in settings.items() if has_credentials(value)] == ["url", "masked"]


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://gitlab.example.com", True),
        ("http://192.0.2.1:8080/gitlab", True),
        ("http://[2001:db8::1]", True),
        ("http://127.0.0.1:8080", False),
        ("http://127.8.8.8", False),
        ("http://localhost", False),
        ("http://[::1]:8080", False),
        ("https://gitlab.example.com", False),
        ("http://[nonsense", False),
        ("nonsense", False),
    ],
)
def test_plain_is_what_leaves_the_machine_unencrypted(url: str, plain: bool) -> None:
    assert is_plain(url) is plain


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/users/sign_in", "https://a/users/sign_in"),
        ("//b/c", "https://b/c"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("http://[nowhere", ""),
    ],
)
def test_where_a_redirect_leads(location: str, target: str) -> None:
    assert absolute("https://a/api/graphql", location) == target


@pytest.mark.parametrize("certificates", [True, False])
def test_a_proxy_whose_certificate_nobody_checks_is_refused(certificates: bool) -> None:
    options = {"api_token": TOKEN, "proxy": "https://proxy:3129", "validate_certs": certificates}
    assert check(Connection, {"api_url": "https://gitlab.test", **options}).proxy
    if not certificates:
        assert check(Connection, {"api_url": "http://gitlab.test", **options}).proxy
        return
    with pytest.raises(Failure, match="proxy: with https:// needs an api_url with https://"):
        check(Connection, {"api_url": "http://gitlab.test", **options})

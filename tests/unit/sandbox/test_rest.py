# SPDX-License-Identifier: GPL-3.0-or-later
"""REST: api.md 10.8."""

from __future__ import annotations

import pytest

from sandbox import credentials

SETTINGS = "/api/v4/application/settings"


def test_unknown_expired_and_revoked_tokens(gitlab):
    gitlab.token = ""
    answer = gitlab.get("/api/v4/version")
    assert (answer.status, answer.json()) == (401, {"message": "401 Unauthorized"})
    gitlab.token = credentials.EXPIRED_TOKEN
    answer = gitlab.get("/api/v4/version")
    text = "Token is expired. You can either do re-authorization or token refresh."
    assert answer.json() == {"error": "invalid_token", "error_description": text}
    gitlab.token = credentials.REVOKED_TOKEN
    answer = gitlab.get("/api/v4/version")
    text = "Token was revoked. You have to re-authorize from the user."
    assert (answer.status, answer.json()["error_description"]) == (401, text)


def test_scopes(gitlab):
    gitlab.seed(tokens=[{"token": "t", "username": "alice", "scopes": ["ai_workflows"]}])
    gitlab.token = "t"
    text = "The request requires higher privileges than provided by the access token."
    for path, scope in (
        (SETTINGS, "api read_api"),
        ("/api/v4/metadata", "read_user ai_features api read_api"),
    ):
        answer = gitlab.get(path)
        assert (answer.status, answer.json()) == (
            403,
            {"error": "insufficient_scope", "error_description": text, "scope": scope},
        )
    assert gitlab.get("/api/v4/personal_access_tokens/self").json()["scopes"] == ["ai_workflows"]


def test_administrators_only_and_admin_mode(gitlab):
    forbidden = {"message": "403 Forbidden"}
    gitlab.token = credentials.USER_TOKEN
    assert gitlab.get("/api/v4/license").json() == forbidden
    gitlab.token = credentials.ADMIN_TOKEN
    gitlab.seed(options={"admin_mode": True})
    answer = gitlab.get(SETTINGS)
    assert (answer.status, answer.json()) == (403, forbidden)
    # GraphQL with a token bypasses Admin Mode.
    assert gitlab.data("{ currentLicense { plan } }")["currentLicense"] == {"plan": "ultimate"}
    gitlab.token = credentials.ADMIN_MODE_TOKEN
    assert gitlab.get(SETTINGS).status == 200


def test_blocked_users_are_told_why(gitlab):
    gitlab.seed(users=[{"username": "root", "blocked": True}])
    answer = gitlab.get("/api/v4/version")
    text = "403 Forbidden - Your account has been blocked."
    assert (answer.status, answer.json()) == (403, {"message": text})


def test_version_and_license(gitlab):
    version = gitlab.get("/api/v4/version").json()
    assert (version["version"], version["enterprise"]) == ("18.9.2-ee", True)
    assert sorted(version) == ["enterprise", "kas", "revision", "version"]
    license_ = gitlab.get("/api/v4/license").json()
    assert list(license_)[-1] == "active_users"
    assert license_["plan"] == "ultimate"
    gitlab.seed(license=None)
    assert gitlab.get("/api/v4/license").json() is None


@pytest.mark.parametrize(
    ("sent", "kept"), [("default_off", "default_off"), ("always", "never_on"), ("", "never_on")]
)
def test_any_other_availability_means_never(gitlab, sent, kept):
    gitlab.seed(settings={"instance_level_ai_beta_features_enabled": True})
    answer = gitlab.request("PUT", SETTINGS, {"duo_availability": sent})
    assert (answer.status, answer.json()["duo_availability"]) == (200, kept)
    beta = answer.json()["instance_level_ai_beta_features_enabled"]
    assert beta is (kept != "never_on")


def test_settings_that_are_refused_or_dropped(gitlab, gitlab_of):
    answer = gitlab.request("PUT", SETTINGS, {"ai_gateway_url": "http://gw.example.com"})
    assert answer.status == 400
    text = "are missing, at least one parameter must be provided"
    assert answer.json()["error"].endswith(text)
    assert gitlab.request("PUT", SETTINGS, raw=b"{").json() == {"error": "Invalid JSON format"}
    gitlab.token = credentials.READONLY_TOKEN
    answer = gitlab.request("PUT", SETTINGS, {"duo_availability": "default_on"})
    assert answer.json()["scope"] == "api"
    free = gitlab_of("18.9")
    free.seed(license=None)
    answer = free.request("PUT", SETTINGS, {"disabled_direct_code_suggestions": True})
    assert answer.status == 200
    assert "disabled_direct_code_suggestions" not in answer.json()


ALLOWLIST = "outbound_local_requests_allowlist_raw"
FULL = "\n".join(f"h{number}.example.com" for number in range(1000))


@pytest.mark.parametrize(
    ("values", "field", "texts"),
    [
        (
            {"duo_chat_expiration_days": 31},
            "duo_chat_expiration_days",
            ["must be between 1 and 30"],
        ),
        (
            {ALLOWLIST: f"{FULL}, one.example.com;{'x' * 256}"},
            "outbound_local_requests_whitelist",
            [
                "is too long (maximum is 1000 entries)",
                "entries cannot be larger than 255 characters",
            ],
        ),
    ],
)
def test_values_that_the_model_refuses(gitlab, values, field, texts):
    answer = gitlab.request("PUT", SETTINGS, values)
    assert (answer.status, answer.json()) == (400, {"message": {field: texts}})


def test_an_allowlist_that_just_fits(gitlab):
    # The same one again is no entry more.
    fits = f"{FULL},h1.example.com h2.example.com".replace("h3.example.com", "x" * 255)
    assert gitlab.request("PUT", SETTINGS, {ALLOWLIST: fits}).json()[ALLOWLIST] == fits

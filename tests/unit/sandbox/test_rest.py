# SPDX-License-Identifier: GPL-3.0-or-later
"""REST, beyond what the recorded answers hold."""

from __future__ import annotations

from sandbox import credentials

SETTINGS = "/api/v4/application/settings"


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


def test_version_and_license(gitlab):
    version = gitlab.get("/api/v4/version").json()
    assert (version["version"], version["enterprise"]) == ("18.9.2-ee", True)
    assert sorted(version) == ["enterprise", "kas", "revision", "version"]
    license_ = gitlab.get("/api/v4/license").json()
    assert list(license_)[-1] == "active_users"
    assert license_["plan"] == "ultimate"
    gitlab.seed(license=None)
    assert gitlab.get("/api/v4/license").json() is None


def test_a_write_names_both_scopes_and_needs_one(gitlab):
    gitlab.seed(tokens=[{"token": "t", "username": "root", "scopes": ["ai_workflows"]}])
    for token in ("t", credentials.READONLY_TOKEN):
        gitlab.token = token
        answer = gitlab.request("PUT", SETTINGS, {"duo_availability": "default_on"})
        assert (answer.status, answer.json()["scope"]) == (403, "api read_api")


def test_a_setting_of_a_licence_is_dropped_without_it(gitlab):
    gitlab.seed(license=None)
    answer = gitlab.request("PUT", SETTINGS, {"disabled_direct_code_suggestions": True})
    assert answer.status == 200
    assert "disabled_direct_code_suggestions" not in answer.json()


ALLOWLIST = "outbound_local_requests_allowlist_raw"
FULL = "\n".join(f"h{number}.example.com" for number in range(1000))


def test_an_allowlist_that_just_fits(gitlab):
    # The same one again is no entry more.
    fits = f"{FULL},h1.example.com h2.example.com".replace("h3.example.com", "x" * 255)
    answer = gitlab.request("PUT", SETTINGS, {ALLOWLIST: fits})
    assert answer.json()[ALLOWLIST].split("\n") == fits.partition(",")[0].split("\n")

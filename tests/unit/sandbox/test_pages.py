# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-in and admin pages, beyond what the recorded answers hold."""

from __future__ import annotations

import re

import pytest

from sandbox import credentials

OLD = "/admin/ai/self_hosted_models/toggle_beta_models"
NEW = "/admin/ai/duo_self_hosted/toggle_beta_models"
PAGE = "/admin/gitlab_duo/configuration"
SYNC = "/admin/license/sync_seat_link.json"
JSON_422 = {"status": 422, "error": "Unprocessable Entity"}


@pytest.fixture(autouse=True)
def _no_token(gitlab):
    gitlab.token = ""


def attribute(answer, name):
    match = re.search(rf"data-{name}='([^']*)'", answer.text)
    return match and match[1]


def post(gitlab, path, **headers):
    token = gitlab.csrf(gitlab.get("/").text)
    return gitlab.post(path, headers={"x-csrf-token": token, **headers})


def refused(answer):
    return re.findall(r'data-testid="alert-danger">.*?body\'>([^<]*)', answer.text)


@pytest.mark.parametrize(("version", "vue"), [("18.7", False), ("18.8", True)])
def test_both_forms(gitlab_of, version, vue):
    gitlab = gitlab_of(version, token="")
    page = gitlab.get("/users/sign_in")
    assert ("id='js-sign-in-form'" in page.text) is vue
    assert ('data-testid="sign-in-form"' in page.text) is not vue
    assert 'name="user[login]"' in page.text
    answer = gitlab.sign_in()
    assert (answer.status, answer.headers["location"]) == (302, "http://gitlab.example.com/")
    assert gitlab.get("/users/sign_in").status == 302


def test_signing_in_voids_the_old_csrf_token(gitlab):
    old = gitlab.csrf(gitlab.get("/users/sign_in").text)
    gitlab.sign_in()
    answer = gitlab.post(NEW, headers={"x-csrf-token": old})
    assert answer.status == 422
    assert "The change you requested was rejected (422)" in answer.text
    assert post(gitlab, NEW).status == 204


def test_blocked_and_locked_users(gitlab):
    gitlab.seed(users=[{"username": "root", "blocked": True}])
    answer = gitlab.sign_in()
    assert (answer.status, answer.headers["location"].endswith("/users/sign_in")) == (302, True)
    text = "Your account has been blocked. Please contact your GitLab administrator"
    assert refused(gitlab.get("/users/sign_in"))[0].startswith(text)
    gitlab.seed(users=[{"username": "root", "state": "locked"}])
    assert refused(gitlab.sign_in()) == ["Invalid login or password."]


def test_two_factor(gitlab):
    gitlab.seed(users=[{"username": "root", "two_factor": True}])
    page = gitlab.sign_in()
    assert page.status == 200
    assert 'class="js-2fa-form"' in page.text
    form = {"authenticity_token": gitlab.csrf(page.text), "user[otp_attempt]": "000000"}
    assert refused(gitlab.post("/users/sign_in", form=form)) == ["Invalid two-factor code."]
    form["user[otp_attempt]"] = credentials.ONE_TIME_CODE
    assert gitlab.post("/users/sign_in", form=form).status == 302
    assert gitlab.get(PAGE).status == 200


def test_verification_by_email(gitlab):
    gitlab.seed(users=[{"username": "root", "email_verification": True}])
    page = gitlab.sign_in()
    assert (page.status, 'class="js-email-verification"' in page.text) == (200, True)
    form = {
        "authenticity_token": gitlab.csrf(page.text),
        "user[verification_token]": credentials.ONE_TIME_CODE,
    }
    assert gitlab.post("/users/sign_in", form=form).status == 302


def test_sso_only_ldap_and_captcha(gitlab):
    gitlab.seed(options={"ldap": True})
    page = gitlab.get("/users/sign_in").text
    assert page.index("/users/auth/ldapmain/callback") < page.index('action="/users/sign_in"')
    gitlab.seed(options={"captcha": True})
    answer = gitlab.sign_in()
    text = "There was an error with the reCAPTCHA. Please solve the reCAPTCHA again."
    assert (answer.status, refused(answer)) == (200, [text])
    gitlab.seed(options={"sso_only": True})
    page = gitlab.get("/users/sign_in").text
    assert 'action="/users/sign_in"' not in page
    assert "js-oauth-login" in page
    assert gitlab.sign_in().status == 403


def test_terms_expired_password_and_two_factor_due(gitlab):
    gitlab.sign_in()
    gitlab.seed(options={"terms": True})
    assert "/-/users/terms?redirect=" in gitlab.get(PAGE).headers["location"]
    gitlab.seed(options={"terms": False}, users=[{"username": "root", "password_expired": True}])
    assert gitlab.get(PAGE).headers["location"].endswith("/-/user_settings/password/new")
    gitlab.seed(users=[{"username": "root", "two_factor_due": True}])
    assert gitlab.get(PAGE).headers["location"].endswith("/-/profile/two_factor_auth")


def test_sign_out_needs_no_csrf_and_no_get(gitlab):
    gitlab.sign_in()
    assert gitlab.get("/users/sign_out").status == 404
    answer = gitlab.post("/users/sign_out", headers={"accept": "text/html"})
    assert answer.headers["location"].endswith("/users/sign_in")
    assert gitlab.get(PAGE).headers["location"].endswith("/users/sign_in")


def test_admin_mode(gitlab):
    gitlab.seed(options={"admin_mode": True})
    gitlab.sign_in()
    assert gitlab.get(PAGE).headers["location"].endswith("/admin/session/new")
    assert gitlab.get("/admin/session/new").status == 200
    token = gitlab.csrf(gitlab.get("/admin/session/new").text)
    form = {"authenticity_token": token, "user[password]": "wrong"}
    assert refused(gitlab.post("/admin/session", form=form)) == ["Invalid login or password"]
    query = {"query": "{ currentLicense { plan } }"}
    assert gitlab.post("/api/graphql", query).json()["data"] == {"currentLicense": None}
    form["user[password]"] = credentials.ADMIN_PASSWORD
    answer = gitlab.post("/admin/session", form=form)
    assert answer.headers["location"].endswith(PAGE)
    assert gitlab.get(PAGE).status == 200
    assert gitlab.post("/api/graphql", query).json()["data"]["currentLicense"]
    answer = gitlab.post("/admin/session", form=form)
    assert answer.headers["location"].endswith("/admin/session/new")


def test_toggling_is_per_user(gitlab):
    gitlab.sign_in()
    assert attribute(gitlab.get(PAGE), "beta-self-hosted-models-enabled") == "false"
    gitlab.seed(beta_acceptances=["second", "gone"])
    answer = post(gitlab, NEW)
    assert (answer.status, answer.text) == (204, "")
    assert len(gitlab.instance.acceptances) == 3
    post(gitlab, NEW)
    assert attribute(gitlab.get(PAGE), "beta-self-hosted-models-enabled") == "true"
    people = [one["username"] for one in gitlab.get("/_sandbox/state").json()["beta_acceptances"]]
    assert people == ["second", None]


@pytest.mark.parametrize(
    ("version", "path", "other"), [("17.9", OLD, NEW), ("17.10", OLD, NEW), ("17.11", NEW, OLD)]
)
def test_the_route_moved(gitlab_of, version, path, other):
    gitlab = gitlab_of(version, root="/gitlab", token="")
    gitlab.sign_in()
    assert attribute(gitlab.get(PAGE), "toggle-beta-models-path") == "/gitlab" + path
    assert post(gitlab, other).status == 404
    assert post(gitlab, path).status == 204


def test_a_token_reaches_no_page(gitlab):
    gitlab.token = credentials.ADMIN_TOKEN
    assert gitlab.get(PAGE).status == 302
    assert gitlab.post(NEW).status == 422
    json_type = {"accept": "application/json"}
    assert gitlab.post(NEW, headers=json_type).json() == JSON_422
    assert gitlab.post(SYNC).json() == JSON_422


def test_who_is_turned_away(gitlab):
    token = gitlab.csrf(gitlab.get("/users/sign_in").text)
    headers = {"x-csrf-token": token}
    assert gitlab.post(NEW, headers=headers).status == 302
    answer = gitlab.post(SYNC, headers=headers)
    text = (
        "Sign in or sign up before continuing. Don't have an account yet? "
        "Register now to get started."
    )
    assert (answer.status, answer.json()) == (401, {"error": text})
    gitlab.sign_in(credentials.USER, credentials.USER_PASSWORD)
    assert gitlab.get(PAGE).status == 404
    assert post(gitlab, NEW).status == 404
    answer = post(gitlab, SYNC)
    assert (answer.status, answer.text) == (404, "")


def test_without_an_add_on_the_page_redirects_but_the_toggle_works(gitlab):
    gitlab.seed(add_ons=[])
    gitlab.sign_in()
    assert gitlab.get(PAGE).headers["location"].endswith("/admin/gitlab_duo")
    page = gitlab.get("/admin/gitlab_duo")
    assert attribute(page, "beta-self-hosted-models-enabled") == "false"
    assert attribute(page, "toggle-beta-models-path") is None
    assert post(gitlab, NEW).status == 204
    assert "&quot;betaModelsEnabled&quot;: true" in gitlab.get("/admin/gitlab_duo/self_hosted").text
    gitlab.seed(license=None)
    assert gitlab.get("/admin/gitlab_duo").status == 404
    assert post(gitlab, NEW).status == 404


def test_sync(gitlab):
    gitlab.seed(
        license={"plan": "ultimate", "last_sync": None},
        add_ons=[],
        options={"sync_delay_seconds": 60, "sync_add_ons": [{"name": "DUO_ENTERPRISE"}]},
    )
    gitlab.sign_in()
    answer = post(gitlab, SYNC)
    assert (answer.status, answer.json()) == (200, {"success": True})
    assert gitlab.get("/_sandbox/state").json()["license"]["last_sync"] is None
    # An identical job is still queued.
    answer = post(gitlab, SYNC)
    assert (answer.status, answer.json()) == (422, {"success": False})
    gitlab.instance.sync_due = gitlab.instance.license.created_at
    state = gitlab.get("/_sandbox/state").json()
    assert state["license"]["last_sync"] is not None
    assert [one["name"] for one in state["add_ons"]] == ["DUO_ENTERPRISE"]
    gitlab.seed(license={"type": "offline_cloud"})
    assert post(gitlab, SYNC).status == 422
    assert post(gitlab, SYNC.removesuffix(".json")).status == 422


def test_graphql_by_cookie_wants_csrf_for_mutations_only(gitlab):
    gitlab.sign_in()
    gitlab.token = "nope"  # ignored beside a valid cookie
    assert gitlab.data("{ currentUser { username } }")["currentUser"]["username"] == "root"
    body = {"query": "mutation { duoSettingsUpdate(input: {}) { errors } }"}
    answer = gitlab.post("/api/graphql", body)
    text = "Can't verify CSRF token authenticity."
    assert (answer.status, answer.json()) == (422, {"errors": [{"message": text}]})
    token = gitlab.csrf(gitlab.get("/").text)
    answer = gitlab.post("/api/graphql", body, headers={"x-csrf-token": token})
    assert answer.json() == {"data": {"duoSettingsUpdate": {"errors": []}}}


# --- the Agent Platform's own user ---------------------------------------------------------------
DUO = "/admin/gitlab_duo"
WORKFLOW = "/admin/ai/duo_workflow_settings"
DISCONNECT = f"{WORKFLOW}/disconnect"


def connected(gitlab):
    return attribute(gitlab.get(DUO), "duo-workflow-enabled")


def test_the_user_of_flows_is_made_once_and_blocked_after(gitlab):
    """`duo_workflow_settings_controller.rb` and `ee/lib/ai/duo_workflow.rb` of GitLab 18.9."""
    gitlab.sign_in()
    assert connected(gitlab) == "false"
    assert (post(gitlab, DISCONNECT).status, post(gitlab, DISCONNECT).text) == (422, "")
    for _again in range(2):
        answer = post(gitlab, WORKFLOW)
        assert (answer.status, answer.headers["location"].endswith(DUO)) == (302, True)
        assert connected(gitlab) == "true"
    for _again in range(2):
        assert post(gitlab, DISCONNECT).status == 200
        assert connected(gitlab) == "false"
    (user,) = [one for one in gitlab.instance.users if one.username == "duo-developer"]
    assert user.state == "blocked"
    post(gitlab, WORKFLOW)
    assert (connected(gitlab), user.state) == ("true", "active")


def test_a_name_that_is_taken_is_an_alert_on_the_next_page(gitlab):
    gitlab.seed(users=[{"username": "duo-developer"}])
    gitlab.sign_in()
    assert post(gitlab, WORKFLOW).status == 302
    page = gitlab.get(DUO)
    assert refused(page) == ["Username has already been taken"]
    assert attribute(page, "duo-workflow-enabled") == "false"
    assert refused(gitlab.get(DUO)) == []


def test_where_duo_is_off_there_are_no_flows(gitlab):
    gitlab.seed(settings={"duo_availability": "never_on"}, agent_platform={"connected": True})
    gitlab.sign_in()
    assert connected(gitlab) == "false"
    assert post(gitlab, WORKFLOW).status == 404
    assert post(gitlab, DISCONNECT).status == 404
    gitlab.seed(settings={"duo_availability": "default_on"})
    assert connected(gitlab) == "true"


@pytest.mark.parametrize(
    ("version", "status", "shown"), [("18.3", 404, None), ("18.4", 302, None), ("19.4", 302, None)]
)
def test_releases_that_have_it_need_not_show_it(gitlab_of, version, status, shown):
    gitlab = gitlab_of(version, token="")
    gitlab.sign_in()
    assert post(gitlab, WORKFLOW).status == status
    assert connected(gitlab) == shown

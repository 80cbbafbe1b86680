# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in and the beta switch, against pages written as GitLab writes them."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.admin_session import AdminPage
from ansible_collections.gitlab_ops.duo.tests.unit.core.pages import (
    ADMIN_FORM,
    CONFIGURATION,
    DUO,
    HTML,
    LDAP,
    PASSWORD,
    SELF_HOSTED,
    TOGGLE,
    WRONG,
    Site,
    alert,
    configuration,
    failure_of,
    page,
    redirect,
    session,
    sign_in_form,
    visited,
    vue_form,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import Reply


# --- signing in ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(sign_in_form(), id="17.9"),
        pytest.param(vue_form(), id="18.8"),
        pytest.param(LDAP + sign_in_form() + LDAP, id="beside LDAP"),
    ],
)
def test_signs_in_once_and_out_again(serve, form: str) -> None:
    server = serve(Site({"GET /users/sign_in": page(form)}))
    admin = session(server)
    assert admin.beta_state()[0] is False
    assert admin.beta_state()[0] is False
    admin.close()
    assert visited(server) == [
        "GET /users/sign_in",
        "POST /users/sign_in",
        f"GET {CONFIGURATION}",
        f"GET {CONFIGURATION}",
        "POST /users/sign_out",
    ]
    assert parse_qs(server.requests[1].body.decode()) == {
        "authenticity_token": ["token-of-the-form"],
        "user[login]": ["root"],
        "user[password]": [PASSWORD],
        "user[remember_me]": ["0"],
    }
    assert server.requests[2].headers["Cookie"] == "_gitlab_session=signed-in"


def test_who_never_signed_in_does_not_sign_out(serve) -> None:
    server = serve(Site())
    session(server).close()
    assert server.requests == []


def test_a_failing_sign_out_is_no_failure(serve) -> None:
    admin = session(serve(Site({"POST /users/sign_out": Reply(500, "")})))
    admin.sign_in()
    admin.close()


@pytest.mark.parametrize(
    ("pages", "message", "told"),
    [
        pytest.param(
            {"POST /users/sign_in": page(alert(WRONG) + sign_in_form())},
            messages.SIGN_IN_REFUSED,
            "refused the sign-in of root: Invalid login or password.",
            id="wrong password",
        ),
        pytest.param(
            {
                "GET /users/sign_in": [
                    page(sign_in_form()),
                    page(alert("Your account has been blocked.") + sign_in_form()),
                ],
                "POST /users/sign_in": redirect("/users/sign_in"),
            },
            messages.SIGN_IN_REFUSED,
            "Your account has been blocked.",
            id="blocked",
        ),
        pytest.param(
            {"POST /users/sign_in": redirect("/users/sign_in")},
            messages.SIGN_IN_REFUSED,
            "the account may not sign in",
            id="sent back without a word",
        ),
        pytest.param(
            {"POST /users/sign_in": page("<h1>The change was rejected (422)</h1>", status=422)},
            messages.SIGN_IN_REFUSED,
            "CSRF token was not accepted",
            id="422",
        ),
        pytest.param(
            {"POST /users/sign_in": page("", status=403)},
            messages.SIGN_IN_REFUSED,
            "password sign-in is off",
            id="403",
        ),
        pytest.param(
            {
                "POST /users/sign_in": page(
                    '<form class="gl-show js-2fa-form" action="/users/sign_in">'
                    '<input name="user[otp_attempt]"></form>'
                )
            },
            messages.SIGN_IN_NEEDS_MORE,
            "two-factor authentication",
            id="2FA",
        ),
        pytest.param(
            {"POST /users/sign_in": page('<div class="js-email-verification"></div>')},
            messages.SIGN_IN_NEEDS_MORE,
            "e-mail verification",
            id="e-mail",
        ),
        pytest.param(
            {"POST /users/sign_in": page(alert("There was an error with the reCAPTCHA."))},
            messages.SIGN_IN_NEEDS_MORE,
            "a captcha",
            id="captcha after sending",
        ),
    ],
)
def test_a_refused_password_is_sent_once(
    serve, pages, message: messages.Message, told: str
) -> None:
    server = serve(Site(pages))
    admin = session(server)
    first, second = failure_of(admin.beta_state), failure_of(admin.beta_state)
    assert (first.code, second.code) == (message.code, message.code)
    assert told in first.sentence()
    assert first.next_step
    admin.close()
    assert visited(server).count("POST /users/sign_in") == 1
    assert "POST /users/sign_out" not in visited(server)


@pytest.mark.parametrize(
    ("reply", "message", "told"),
    [
        (
            page(sign_in_form(extra='<div class="g-recaptcha" data-sitekey="k"></div>')),
            messages.SIGN_IN_NEEDS_MORE,
            "a captcha",
        ),
        (page(vue_form(show_captcha=True)), messages.SIGN_IN_NEEDS_MORE, "a captcha"),
        (
            page('<a class="js-oauth-login" href="/users/auth/saml">SAML</a>'),
            messages.SIGN_IN_NOT_OFFERED,
            "no password form",
        ),
        (page(LDAP), messages.SIGN_IN_NOT_OFFERED, "no password form"),
        (
            redirect("/users/auth/saml"),
            messages.SIGN_IN_NOT_OFFERED,
            "redirect to /users/auth/saml",
        ),
        (page("", status=403), messages.SIGN_IN_NOT_OFFERED, "status 403"),
    ],
    ids=["captcha", "captcha of 18.8", "SSO only", "LDAP only", "automatic SSO", "403"],
)
def test_the_password_stays_where_it_cannot_help(
    serve, reply: Reply, message: messages.Message, told: str
) -> None:
    server = serve(Site({"GET /users/sign_in": reply}))
    failure = failure_of(session(server).sign_in)
    assert failure.code == message.code
    assert told in failure.what
    assert all(it.method == "GET" for it in server.requests)


def test_a_lost_answer_to_the_password_is_not_repeated(serve, waits) -> None:
    server = serve(Site({"POST /users/sign_in": Reply(503, "", HTML)}))
    admin = session(server, retries=3)
    for _time in range(2):
        failure = failure_of(admin.sign_in)
        # Not Unclear: signing in changes nothing that could have been changed.
        assert (type(failure), failure.code) == (messages.Failure, http_messages.TRY_LATER.code)
    assert visited(server).count("POST /users/sign_in") == 1


def test_pages_are_read_again_while_gitlab_starts(serve, waits) -> None:
    site = Site({"GET " + CONFIGURATION: [Reply(502, "", HTML), page(configuration("true"))]})
    assert session(serve(site)).beta_state()[0] is True
    assert len(waits) == 1


# --- admin mode ----------------------------------------------------------------------------------


def test_enters_admin_mode(serve) -> None:
    server = serve(
        Site(
            {
                "GET " + CONFIGURATION: [
                    redirect("/admin/session/new"),
                    page(configuration("true")),
                ],
                "GET /admin/session/new": page(ADMIN_FORM),
                "POST /admin/session": redirect("/admin"),
            }
        )
    )
    assert session(server).beta_state() == (True, TOGGLE)
    (post,) = [it for it in server.requests if it.path == "/admin/session"]
    assert parse_qs(post.body.decode()) == {
        "authenticity_token": ["token-of-admin-mode"],
        "user[password]": [PASSWORD],
    }


@pytest.mark.parametrize(
    ("pages", "message", "told"),
    [
        pytest.param(
            {"POST /admin/session": page(alert("Invalid login or password") + ADMIN_FORM)},
            messages.SIGN_IN_REFUSED,
            "Invalid login or password",
            id="wrong password",
        ),
        pytest.param(
            {"POST /admin/session": page('<form class="js-2fa-form"></form>')},
            messages.SIGN_IN_NEEDS_MORE,
            "two-factor",
            id="2FA",
        ),
        pytest.param(
            {"POST /admin/session": redirect("/admin/session/new")},
            messages.PAGE_REFUSED,
            "Admin Mode",
            id="not entered",
        ),
        pytest.param(
            {"GET /admin/session/new": page("", status=404)},
            messages.PAGE_REFUSED,
            "not an administrator",
            id="no administrator",
        ),
        pytest.param(
            {"GET /admin/session/new": page("<p>use SSO</p>")},
            messages.PAGE_REFUSED,
            "/admin/session/new",
            id="no password form",
        ),
    ],
)
def test_admin_mode_is_tried_once(serve, pages, message: messages.Message, told: str) -> None:
    away = redirect("/admin/session/new")
    server = serve(
        Site(
            {
                **{f"GET {path}": away for path in (CONFIGURATION, DUO, SELF_HOSTED)},
                "GET /admin/session/new": page(ADMIN_FORM),
                **pages,
            }
        )
    )
    failure = failure_of(session(server).beta_state)
    assert failure.code == message.code
    assert told in failure.what
    assert visited(server).count("POST /admin/session") <= 1


# --- the parser ----------------------------------------------------------------------------------
def test_alerts_are_read_whole_and_alone() -> None:
    notice = '<div class="gl-alert flash-notice" data-testid="alert-info"><div>News</div></div>'
    found = AdminPage(alert("Your account has been <strong>blocked</strong>. Ask.") + notice)
    assert " ".join(found.alerts) == "Your account has been blocked . Ask."


@pytest.mark.parametrize("text", ["", "<", "<form", "<div class", "\0", "<input name=a>", "<!--"])
def test_broken_pages_do_no_harm(text: str) -> None:
    found = AdminPage(text)
    assert (found.csrf, found.form("/users/sign_in"), found.alerts) == ("", None, [])

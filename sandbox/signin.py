# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in and out, second factor, Admin Mode (GitLab 18.9, app/views/devise/sessions)."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import HTMLResponse, Response

from . import credentials, html
from .pages import Visit, csrf_refusal, detour, not_found
from .sessions import ADMIN_MODE_LASTS, ADMIN_MODE_WINDOW
from .state import User, now

WRONG = "Invalid login or password."
WRONG_CODE = "Invalid two-factor code."
CAPTCHA = "There was an error with the reCAPTCHA. Please solve the reCAPTCHA again."
WINDOW_MISSED = "Re-authentication period expired or never requested. Please try again"
#: GitLab's own sentences; parts that are not known are left out.
STATES = {
    "blocked": (
        "Your account has been blocked. Please contact your GitLab administrator "
        "if you think this is an error."
    ),
    "blocked_pending_approval": (
        "Your account is pending approval from your GitLab administrator and hence blocked."
    ),
    "unconfirmed": "You have to confirm your email address before continuing.",
    "internal": "Your account does not have the required permission to login.",
}


def home(visit: Visit) -> Response:
    if visit.user is None:
        return visit.redirect("/users/sign_in")
    return detour(visit) or visit.html("Projects", "<h1>Projects</h1>")


def sign_in_page(visit: Visit) -> Response:
    if visit.user is not None:
        return visit.redirect("/")
    return _form(visit)


def _form(visit: Visit, alert: str | None = None) -> Response:
    if alert:
        visit.session.alert = alert
    body = html.sign_in_body(visit.instance, visit.session)
    return visit.html("Sign in", body, test_id="login-page")


def sign_in(visit: Visit) -> Response:
    refused = csrf_refusal(visit)
    if refused:
        return refused
    if visit.user is not None:
        return visit.redirect("/")
    if visit.instance.options.sso_only:
        return HTMLResponse(html.FORBIDDEN, 403)
    if visit.session.pending_user_id is not None:
        if "user[otp_attempt]" in visit.form:
            return _pending(visit, "user[otp_attempt]", _two_factor_page)
        if "user[verification_token]" in visit.form:
            return _pending(visit, "user[verification_token]", _verification_page)
    if visit.instance.options.captcha and not visit.form.get("g-recaptcha-response"):
        return _form(visit, CAPTCHA)
    login = visit.form.get("user[login]", "")
    user = next((u for u in visit.instance.users if login in (u.username, u.email)), None)
    if user is None or user.password != visit.form.get("user[password]"):
        return _form(visit, WRONG)
    if user.state == "locked":
        # Without a second factor a locked account looks like a wrong password (paranoid mode).
        return (
            _turned_away(visit, "Your account is locked.")
            if user.two_factor
            else _form(visit, WRONG)
        )
    if user.state in STATES:
        return _turned_away(visit, STATES[user.state])
    if user.two_factor:
        visit.session.pending_user_id = user.id
        return _two_factor_page(visit)
    if user.email_verification:
        visit.session.pending_user_id = user.id
        return _verification_page(visit)
    return _enter(visit, user)


def _turned_away(visit: Visit, alert: str) -> Response:
    visit.key, visit.session = visit.sessions.sign_out(visit.key)
    visit.session.alert = alert
    return visit.redirect("/users/sign_in")


def _two_factor_page(visit: Visit, alert: str | None = None) -> Response:
    visit.session.alert = alert
    form = html.two_factor_form(visit.path("/users/sign_in"), visit.session)
    return visit.html("Two-factor authentication", form, test_id="login-page")


def _verification_page(visit: Visit, alert: str | None = None) -> Response:
    """GitLab sent a code by e-mail."""
    visit.session.alert = alert
    body = '<div class="js-email-verification" data-username="sandbox"></div>'
    return visit.html("Help us protect your account", body, test_id="login-page")


def _pending(visit: Visit, field: str, again: Callable[[Visit, str], Response]) -> Response:
    wanted = visit.session.pending_user_id
    user = next(one for one in visit.instance.users if one.id == wanted)
    if visit.form[field] != credentials.ONE_TIME_CODE:
        return again(visit, WRONG_CODE)
    return _enter(visit, user)


def _enter(visit: Visit, user: User) -> Response:
    if user.state == "deactivated":
        user.state = "active"
    visit.key, visit.session = visit.sessions.sign_in(visit.key, user)
    visit.request.scope["sandbox.user"] = user.username
    target, visit.session.return_to = visit.session.return_to, None
    return visit.redirect(target or "/")


def sign_out(visit: Visit) -> Response:
    """No CSRF check. Only who asks for a page is sent to one."""
    visit.key, visit.session = visit.sessions.sign_out(visit.key)
    if "text/html" not in visit.request.headers.get("accept", ""):
        return Response(status_code=204)
    return visit.redirect("/users/sign_in")


def terms_page(visit: Visit) -> Response:
    return visit.html("Terms of Service", "<h1>Terms of Service</h1>")


# --- Admin Mode ---


def _admin_only(visit: Visit) -> Response | None:
    if visit.user is None:
        return visit.redirect("/users/sign_in")
    return detour(visit) or (None if visit.user.admin else not_found(visit))


def admin_session_new(visit: Visit) -> Response:
    refused = _admin_only(visit)
    if refused:
        return refused
    if visit.session.admin_mode or not visit.instance.options.admin_mode:
        visit.session.notice = "Admin mode already enabled"
        return visit.redirect("/admin")
    visit.session.admin_window_until = now() + ADMIN_MODE_WINDOW
    return _admin_form(visit)


def _admin_form(visit: Visit, alert: str | None = None) -> Response:
    visit.session.alert = alert
    form = html.admin_mode_form(visit.path("/admin/session"), visit.session)
    return visit.html("Enter admin mode", form)


def admin_session_create(visit: Visit) -> Response:
    refused = csrf_refusal(visit) or _admin_only(visit)
    if refused:
        return refused
    session, user = visit.session, visit.user
    if not session.admin_window or user is None:
        session.alert = WINDOW_MISSED
        return visit.redirect("/admin/session/new")
    if session.admin_password_given and "user[otp_attempt]" in visit.form:
        if visit.form["user[otp_attempt]"] != credentials.ONE_TIME_CODE:
            return _admin_code_form(visit, WRONG_CODE)
        return _admin_entered(visit)
    if visit.form.get("user[password]") != user.password:
        return _admin_form(visit, "Invalid login or password")
    if user.two_factor:
        session.admin_password_given = True
        return _admin_code_form(visit)
    return _admin_entered(visit)


def _admin_code_form(visit: Visit, alert: str | None = None) -> Response:
    visit.session.alert = alert
    form = html.two_factor_form(visit.path("/admin/session"), visit.session)
    return visit.html("Enter admin mode", form)


def _admin_entered(visit: Visit) -> Response:
    session = visit.session
    session.admin_mode_until = now() + ADMIN_MODE_LASTS
    session.admin_window_until, session.admin_password_given = None, False
    session.notice = "Admin mode enabled"
    target, session.return_to = session.return_to, None
    return visit.redirect(target or "/admin")


def admin_session_destroy(visit: Visit) -> Response:
    refused = csrf_refusal(visit) or _admin_only(visit)
    if refused:
        return refused
    visit.session.admin_mode_until = None
    return visit.redirect("/")

# SPDX-License-Identifier: GPL-3.0-or-later
"""GitLab's pages as far as a client reads them: head, flash messages, forms, data attributes."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from .sessions import Session
from .state import Instance

CAPTCHA_SCRIPT = '<div class="g-recaptcha" data-sitekey="sandbox"></div>'


def attribute(value: Any) -> str:
    """All attributes are strings: null is "", booleans are true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def data_element(element_id: str, data: dict[str, Any]) -> str:
    """A mount point; Haml writes attributes in single quotes."""
    pairs = " ".join(
        f"data-{name}='{escape(attribute(value), quote=True)}'" for name, value in data.items()
    )
    return f"<div {pairs} id='{element_id}'></div>"


def page(session: Session, title: str, body: str, test_id: str = "", warning: str = "") -> str:
    alert, notice = session.flash()
    flashes = ""
    if warning:
        flashes += (
            '<div class="gl-alert gl-alert-warning js-registration-enabled-callout">'
            f"<div class='gl-alert-body'>{escape(warning)}</div></div>"
        )
    if alert:
        flashes += (
            '<div class="gl-alert flash-alert" data-testid="alert-danger">'
            f"<div class='gl-alert-body'>{escape(alert)}</div></div>"
        )
    if notice:
        flashes += (
            '<div class="gl-alert flash-notice" data-testid="alert-info">'
            f"<div class='gl-alert-body'>{escape(notice)}</div></div>"
        )
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(title)} · GitLab</title>"
        '<meta name="csrf-param" content="authenticity_token" />'
        f'<meta name="csrf-token" content="{session.csrf}" />'
        f"</head><body data-testid='{test_id}'>"
        f"<div class='flash-container'>{flashes}</div>{body}</body></html>"
    )


def _hidden(session: Session) -> str:
    return (
        '<input type="hidden" name="authenticity_token" '
        f'value="{session.csrf}" autocomplete="off" />'
    )


def sign_in_form(instance: Instance, session: Session) -> str:
    """Both variants of the password form: mounted by Vue since 18.8, plain before."""
    users = f"{instance.relative_url_root}/users"
    action = f"{users}/sign_in"
    captcha = instance.options.captcha
    if instance.flag("sign_in_form_vue"):
        data = json.dumps(
            {
                "sign_in_path": action,
                "users_sign_in_path_path": f"{action}_path",
                "passkeys_sign_in_path": f"{users}/passkeys/sign_in",
                "new_user_confirmation_path": f"{users}/confirmation/new",
                "new_password_path": f"{users}/password/new",
                "show_captcha": captcha,
                "is_remember_me_enabled": True,
                "is_unconfirmed_email": False,
            }
        )
        return (
            f"<div id='js-sign-in-form' data-app-data='{escape(data, quote=True)}'>"
            f'<form action="{action}" accept-charset="UTF-8" method="post">{_hidden(session)}'
            '<input type="hidden" name="user[login]" id="user_login" />'
            '<input type="hidden" name="user[password]" id="user_password" />'
            '<input type="hidden" name="user[remember_me]" value="0" /></form></div>'
        )
    return (
        '<form data-testid="sign-in-form" class="gl-p-5 js-arkose-labs-form" '
        f'action="{action}" accept-charset="UTF-8" method="post">{_hidden(session)}'
        '<input name="user[login]" id="user_login" type="text" />'
        '<input name="user[password]" id="user_password" type="password" />'
        '<input name="user[remember_me]" type="hidden" value="0" />'
        '<input name="user[remember_me]" type="checkbox" value="1" />'
        f"{CAPTCHA_SCRIPT if captcha else ''}"
        '<button name="button" type="submit">Sign in</button></form>'
    )


def sign_in_body(instance: Instance, session: Session) -> str:
    root = instance.relative_url_root
    sso = (
        f'<form class="button_to" method="post" action="{root}/users/auth/saml">'
        f'<button class="js-oauth-login" type="submit">SAML</button>{_hidden(session)}</form>'
    )
    if instance.options.sso_only:
        return sso
    form = sign_in_form(instance, session)
    if not instance.options.ldap:
        return form
    ldap = (
        f'<form action="{root}/users/auth/ldapmain/callback" method="post">{_hidden(session)}'
        '<input name="username" type="text" />'
        # The password input gets its name by JavaScript.
        '<input class="js-password" data-name="password" type="password" /></form>'
    )
    return (
        '<ul id="js-signin-tabs"><li><a href="#ldapmain">LDAP</a></li>'
        '<li><a href="#login-pane">Standard</a></li></ul>'
        f'<div id="ldapmain">{ldap}</div><div id="login-pane">{form}</div>'
    )


def two_factor_form(action: str, session: Session) -> str:
    return (
        f'<form class="js-2fa-form" action="{action}" method="post">{_hidden(session)}'
        '<input type="hidden" name="user[remember_me]" value="0" />'
        '<input name="user[otp_attempt]" type="text" autocomplete="one-time-code" />'
        '<button type="submit">Verify code</button></form>'
    )


def admin_mode_form(action: str, session: Session) -> str:
    return (
        f'<form action="{action}" method="post">{_hidden(session)}'
        '<input name="user[password]" type="password" />'
        '<button type="submit">Enter Admin Mode</button></form>'
    )


CSRF_REFUSED = (
    "<!DOCTYPE html><html><head><title>The change you requested was rejected (422)</title></head>"
    "<body><h1>422</h1><h3>The change you requested was rejected.</h3></body></html>"
)
#: For a path that does not exist, requested with anything but GET.
NOT_FOUND = (
    "<!DOCTYPE html><html><head>"
    "<title>The page you're looking for could not be found (404)</title></head>"
    "<body><h1>404: Page not found</h1></body></html>"
)
SIGN_UPS = (
    "Your GitLab instance allows anyone to register for an account, which is a security risk on "
    "public-facing GitLab instances. You should deactivate new sign ups if public users aren't "
    "expected to register for an account."
)


def no_such_page(sign_out: str) -> str:
    """Return the page for a signed-in user who asks for a page that is missing or not permitted."""
    return (
        "<!DOCTYPE html><html><head><title>Not Found</title></head><body>"
        f'<h1>404: Page not found</h1><form action="{sign_out}" method="post"></form>'
        "</body></html>"
    )


def redirected(url: str) -> str:
    return f'<html><body>You are being <a href="{escape(url)}">redirected</a>.</body></html>'


FORBIDDEN = (
    "<!DOCTYPE html><html><head><title>Access denied (403)</title></head>"
    "<body><h1>403</h1></body></html>"
)

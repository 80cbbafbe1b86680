# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relevant parts of GitLab's sign-in and admin pages, and a site that serves them."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.admin_session import (
    AdminSession,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.sign_in import SignIn
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    TOKEN,
    Reply,
    Request,
    connection,
)

PASSWORD = "a-password-that-must-not-show"
HTML = {"Content-Type": "text/html; charset=utf-8"}
WRONG = "Invalid login or password."
CONFIGURATION, DUO, SELF_HOSTED = (
    f"/admin/gitlab_duo{path}" for path in ("/configuration", "", "/self_hosted")
)
TOGGLE = "/admin/ai/duo_self_hosted/toggle_beta_models"
LDAP = (
    '<form action="/users/auth/ldapmain/callback"><input name="authenticity_token" value="ldap">'
    '<input name="username"></form>'
)
ADMIN_FORM = (
    '<form action="/admin/session" method="post"><input type="hidden" name="authenticity_token" '
    'value="token-of-admin-mode"><input name="user[password]"></form>'
)


def page(body: str, csrf: str = "csrf-of-a-page", status: int = 200, **headers: str) -> Reply:
    """Return a page with GitLab's head."""
    head = f'<meta name="csrf-param" content="token"><meta name="csrf-token" content="{csrf}">'
    return Reply(status, f"<!DOCTYPE html><head>{head}</head>{body}", {**HTML, **headers})


def redirect(path: str) -> Reply:
    """Return a redirect; GitLab sends absolute URLs."""
    return Reply(302, "", {**HTML, "Location": f"https://gitlab.example.com{path}"})


def sign_in_form(root: str = "", extra: str = "") -> str:
    """Return the form of 17.9 to 18.7."""
    return (
        f'<form data-testid="sign-in-form" action="{root}/users/sign_in" method="post">'
        '<input type="hidden" name="authenticity_token" value="token-of-the-form">'
        '<input name="user[login]"><input type="password" name="user[password]">'
        '<input type="hidden" name="user[remember_me]" value="0">'
        f'<input type="checkbox" name="user[remember_me]" value="1">{extra}</form>'
    )


def vue_form(**app: Any) -> str:
    """Return the form of 18.8 and later."""
    data = html.escape(json.dumps({"sign_in_path": "/users/sign_in", "show_captcha": False, **app}))
    return (
        f'<div id="js-sign-in-form" data-app-data="{data}"><form action="/users/sign_in" '
        'method="post"><input type="hidden" name="authenticity_token" value="token-of-the-form">'
        '<input type="hidden" name="user[login]"><input type="hidden" name="user[password]">'
        '<input type="hidden" name="user[remember_me]"></form></div>'
    )


def alert(text: str) -> str:
    """Return an alert as GitLab draws it, with an icon in a box of its own."""
    return (
        '<div class="flash-container"><div class="gl-alert flash-alert" data-testid="alert-danger">'
        '<div class="gl-alert-icon-container"><svg></svg></div><div class="gl-alert-content">'
        f'<div class="gl-alert-body">{text}</div></div></div></div><p>Not an alert.</p>'
    )


def configuration(enabled: str, path: str = "/admin/ai/duo_self_hosted/toggle_beta_models") -> str:
    """Return the Duo configuration page."""
    return (
        f"<div id='js-ai-settings' data-beta-self-hosted-models-enabled='{enabled}' "
        f'data-toggle-beta-models-path="{path}" data-can-manage-self-hosted-models="true"></div>'
    )


def models_page(**model: Any) -> str:
    """Return the page of self-hosted models, whose state is JSON."""
    return f'<div id="js-duo-self-hosted" data-view-model="{html.escape(json.dumps(model))}"></div>'


@dataclass
class Site:
    """Replies by method and path: one, or several in turn, of which the last stays."""

    pages: dict[str, Any] = field(default_factory=dict)
    root: str = ""

    def __call__(self, request: Request) -> Reply:
        """Answer; unknown paths are 404."""
        assert "Authorization" not in request.headers  # a token has no say here
        assert TOKEN.encode() not in request.body
        path = request.path.removeprefix(self.root)
        reply = {**self.usual(), **self.pages}.get(f"{request.method} {path}")
        if isinstance(reply, list):
            return reply.pop(0) if len(reply) > 1 else reply[0]
        return reply or page("<h1>404</h1>", status=404)

    def usual(self) -> dict[str, Reply]:
        """Return what a GitLab answers that lets the account in."""
        return {
            "GET /users/sign_in": page(sign_in_form(self.root)),
            "POST /users/sign_in": Reply(
                302,
                "",
                {
                    "Location": "/",
                    "Set-Cookie": f"_gitlab_session=signed-in; path={self.root or '/'}",
                },
            ),
            "POST /users/sign_out": redirect("/users/sign_in"),
            "GET " + CONFIGURATION: page(configuration("false")),
        }


def session(server: Any, root: str = "", **options: Any) -> AdminSession:
    """Return a session."""
    sign_in = SignIn(username="root", password=PASSWORD)
    return AdminSession(connection(server.url + root, **options), sign_in)


def visited(server: Any) -> list[str]:
    """Return method and path of each request."""
    return [f"{it.method} {it.path}" for it in server.requests]


def failure_of(action: Any, *arguments: Any) -> Failure:
    """Return the failure of a call."""
    with pytest.raises(Failure) as caught:
        action(*arguments)
    assert PASSWORD not in caught.value.sentence()
    return caught.value

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use the admin pages that a token cannot open: sign-in, CSRF, the Duo pages, the beta switch.

GitLab protects them with a session cookie and a CSRF token (17.9 to 19.x). Cookies and tokens
stay in memory. A password is sent only once, because a second wrong try could lock the account.
"""

from __future__ import annotations

import contextlib
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._base import messages
from .._base.messages import Failure, Unclear
from .._base.urls import absolute
from .http import Answer, Http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .connection import Connection
    from .sign_in import SignIn

SESSION_COOKIE = "_gitlab_session"
SIGN_IN = "/users/sign_in"
SIGN_OUT = "/users/sign_out"
ADMIN_MODE = "/admin/session"
# An admin page that every licence has. Without a Duo add-on, which a synchronisation may bring, the
# Duo pages redirect or are missing.
ADMIN = "/admin"
SYNC = "/admin/license/sync_seat_link.json"
# Pages that show the beta state, in the order in which they are tried: without a Duo add-on the
# first redirects to the second, which older releases may not fill; the third needs no add-on.
BETA_PAGES = (
    "/admin/gitlab_duo/configuration",
    "/admin/gitlab_duo",
    "/admin/gitlab_duo/self_hosted",
)
_BETA = "data-beta-self-hosted-models-enabled"
_TOGGLE = "data-toggle-beta-models-path"


class AdminPage(HTMLParser):
    """The forms, data attributes, CSRF token and alerts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.csrf = ""
        self.data: dict[str, str] = {}
        self.classes: set[str] = set()
        # Action of a form -> its named inputs.
        self.forms: dict[str, dict[str, str]] = {}
        self.alerts: list[str] = []
        self._form: dict[str, str] | None = None
        # Tag of the alert that is being read, and how many of that tag are open, because an alert
        # contains boxes of its own.
        self._alert: str | None = None
        self._depth = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect attributes."""
        values = {name: value or "" for name, value in attrs}
        names = set(values.get("class", "").split())
        self.classes |= names
        self.data.update({name: it for name, it in values.items() if name.startswith("data-")})
        if tag == "meta" and values.get("name") == "csrf-token":
            self.csrf = values.get("content", "")
        elif tag == "form":
            self._form = self.forms.setdefault(urlsplit(values.get("action", "")).path, {})
        elif tag == "input" and self._form is not None and values.get("name"):
            self._form.setdefault(values["name"], values.get("value", ""))
        if tag == self._alert:
            self._depth += 1
        elif self._alert is None and (
            "flash-alert" in names or values.get("data-testid") == "alert-danger"
        ):
            self._alert, self._depth = tag, 1

    def handle_endtag(self, tag: str) -> None:
        """Leave a form or an alert."""
        if tag == "form":
            self._form = None
        if tag == self._alert:
            self._depth -= 1
            if not self._depth:
                self._alert = None

    def handle_data(self, data: str) -> None:
        """Collect the text of alerts."""
        if self._alert and data.strip():
            self.alerts.append(" ".join(data.split()))

    def form(self, action: str) -> dict[str, str] | None:
        """Return the inputs of the form whose action ends in a path."""
        for path, inputs in self.forms.items():
            if path.endswith(action):
                return inputs
        return None


@contextlib.contextmanager
def _writing_nothing() -> Iterator[None]:
    """Make an unclear outcome a plain failure, for reading pages and for signing in.

    A page is read before a switch is flipped. A failure to read it must not look like an unclear
    flip, which would be retried and reported as perhaps carried out.
    """
    try:
        yield
    except Unclear as unclear:
        raise unclear.plain() from None


class AdminSession:
    """The session of an administrator, signed in as in a browser."""

    def __init__(self, connection: Connection, sign_in: SignIn) -> None:
        self._http = Http(connection, token=None)
        self._sign_in = sign_in
        self._signed_in = False
        self._refused: Failure | None = None
        self._csrf = ""

    def close(self) -> None:
        """Sign out, so that no session stays behind, and close the connections."""
        # A session from the options is not ours to end.
        if self._signed_in and not self._sign_in.session_cookie:
            # The work is done even if this fails, and the session expires by itself.
            with contextlib.suppress(Failure):
                self._http.send("POST", SIGN_OUT, repeatable=False, form={})
        self._http.close()

    # --- pages ---------------------------------------------------------------------------------
    def beta_state(self) -> tuple[bool, str | None]:
        """Return whether beta features are on, and the path of the switch if the page names it.

        :raises Failure: the sign-in failed, or no page shows the state.
        """
        answer = None
        for path in BETA_PAGES:
            answer = self.page(path)
            page = AdminPage(answer.text) if answer.status == 200 else None
            if page and page.data.get(_BETA) in ("true", "false"):
                return page.data[_BETA] == "true", self.below(page.data.get(_TOGGLE))
            shown = page and _json_of(page, "data-view-model").get("betaModelsEnabled")
            if isinstance(shown, bool):
                return shown, None
        raise self.page_refused(BETA_PAGES[-1], answer)

    def toggle_beta(self, path: str) -> None:
        """Flip the beta switch: it adds or removes the acceptance of the signed-in user."""
        answer = self.post(path)
        if answer.status not in (200, 204):
            raise self.form_refused(path, answer)

    def synchronise(self) -> bool:
        """Ask GitLab to synchronise the subscription; False if there is nothing to sync.

        :raises Failure: the page refused.
        """
        page = self.page(ADMIN)
        if page.status != 200:
            raise self.page_refused(ADMIN, page)
        answer = self.post(SYNC, Accept="application/json")
        said = answer.json() if answer.status in (200, 422) else {}
        if isinstance(said, dict) and isinstance(said.get("success"), bool):
            return bool(said["success"])
        # Rails answers 422 as well when it does not accept the CSRF token.
        raise self.form_refused(SYNC, answer)

    @_writing_nothing()
    def page(self, path: str) -> Answer:
        """Read a page; whether GitLab shows it is for the caller to see."""
        self.sign_in()
        answer = self._http.send("GET", path, repeatable=True)
        if _location(answer).endswith(ADMIN_MODE + "/new"):
            self._enter_admin_mode()
            answer = self._http.send("GET", path, repeatable=True)
        if answer.status == 200:
            self._csrf = AdminPage(answer.text).csrf or self._csrf
        return answer

    def post(self, path: str, **headers: str) -> Answer:
        """Send an empty form, with the CSRF token of the last page."""
        self.sign_in()
        token = {"X-CSRF-Token": self._csrf}
        return self._http.send("POST", path, repeatable=False, form={}, headers=token | headers)

    def below(self, path: str | None) -> str | None:
        """Return a path from a page without the relative URL root that it begins with."""
        if not path:
            return None
        root = urlsplit(self._http.url).path
        return path[len(root) :] if root and path.startswith(root + "/") else path

    def form_refused(self, path: str, answer: Answer) -> Failure:
        """Return why GitLab refused a form: read-only, it sends whoever posts one back with 301.

        Source: GitLab 18.9, lib/gitlab/middleware/read_only/controller.rb.
        """
        if answer.status == 301:
            return Failure(messages.READ_ONLY, reason=f"it answers {path} with HTTP 301")
        return self.page_refused(path, answer)

    def page_refused(self, path: str, answer: Answer | None) -> Failure:
        """Return why GitLab did not show a page, as far as its answer tells."""
        status = answer.status if answer else 0
        hint, reason = "Check the rights of the account and the licence.", "refused"
        if answer and 300 <= status < 400:
            target = _location(answer)
            reason = f"a redirect to {target}"
            if target.endswith("/users/terms") or "terms" in target:
                reason, hint = (
                    "the terms of service have not been accepted",
                    "Sign in with a browser and accept them.",
                )
            elif "password/new" in target:
                reason, hint = "the password has expired", "Sign in with a browser and renew it."
            elif "two_factor_auth" in target:
                reason, hint = (
                    "two-factor authentication has to be set up first",
                    "Sign in with a browser and set it up, or use another account.",
                )
            elif target.endswith(SIGN_IN):
                reason, hint = (
                    "the session is not accepted",
                    "Set a fresh session_cookie, or username and password.",
                )
        elif status == 404:
            reason, hint = (
                "the account is not an administrator, or the licence does not include this page",
                "Use an administrator's account, and check the licence and the Duo Enterprise "
                "add-on.",
            )
        elif status == 422:
            reason, hint = "the CSRF token is not accepted", "Run again."
        return Failure(messages.PAGE_REFUSED, path=path, status=status, reason=reason, hint=hint)

    # --- signing in ----------------------------------------------------------------------------
    def sign_in(self) -> None:
        """Sign in once; a refusal is final for this run.

        :raises Failure: with GitLab's own reason if it gives one.
        """
        if self._signed_in:
            return
        if self._refused:
            raise self._refused
        try:
            if self._sign_in.session_cookie:
                self._http.set_cookie(SESSION_COOKIE, self._sign_in.session_cookie)
            else:
                with _writing_nothing():
                    self._try_sign_in()
        except Failure as failure:
            self._refused = failure
            raise
        self._signed_in = True

    def _try_sign_in(self) -> None:
        answer = self._http.send("GET", SIGN_IN, repeatable=True)
        if answer.status != 200:
            raise Failure(
                messages.SIGN_IN_NOT_OFFERED,
                reason=f"status {answer.status}"
                + (f", redirect to {_location(answer)}" if _location(answer) else ""),
            )
        page = AdminPage(answer.text)
        form = page.form(SIGN_IN)
        if form is None:
            raise Failure(messages.SIGN_IN_NOT_OFFERED, reason="no password form")
        app = _json_of(page, "data-app-data")
        if (
            page.data.get("data-sitekey")
            or "g-recaptcha" in page.classes
            or app.get("show_captcha")
        ):
            raise self._needs_more(
                "a captcha, shown after several failed attempts",
                "Sign in with a browser from this address, or wait.",
            )
        answer = self._http.send(
            "POST",
            SIGN_IN,
            repeatable=False,
            form={
                "authenticity_token": form.get("authenticity_token") or page.csrf,
                "user[login]": self._sign_in.username or "",
                "user[password]": self._sign_in.password or "",
                "user[remember_me]": "0",
            },
        )
        if 300 <= answer.status < 400 and not _location(answer).endswith(SIGN_IN):
            return
        raise self._not_signed_in(answer)

    def _not_signed_in(self, answer: Answer) -> Failure:
        page = AdminPage(answer.text)
        said = " ".join(page.alerts)
        if "js-2fa-form" in page.classes:
            return self._needs_more(
                "two-factor authentication",
                "Use the session_cookie of a signed-in browser, via: rails_runner, or another "
                "account.",
            )
        if "js-email-verification" in page.classes:
            return self._needs_more(
                "e-mail verification", "Sign in with a browser once and enter the code."
            )
        if "reCAPTCHA" in said:
            return self._needs_more("a captcha", "Sign in with a browser from this address.")
        if answer.status == 422:
            said = said or "the form's CSRF token was not accepted"
        if 300 <= answer.status < 400:
            # The page behind the redirect says why: blocked, pending approval, unconfirmed.
            answer = self._http.send("GET", SIGN_IN, repeatable=True)
            said = " ".join(AdminPage(answer.text).alerts) or "the account may not sign in"
        if answer.status == 403:
            said = said or "password sign-in is off"
        return Failure(
            messages.SIGN_IN_REFUSED,
            username=self._account,
            reason=(said or f"status {answer.status}").rstrip("."),
        )

    def _enter_admin_mode(self) -> None:
        if not self._sign_in.password:
            raise Failure(
                messages.PAGE_REFUSED,
                path=ADMIN_MODE,
                status=302,
                reason="Admin Mode is on, and the session has not entered it",
                hint="Enter Admin Mode in the browser the session_cookie is from, or set password.",
            )
        answer = self._http.send("GET", ADMIN_MODE + "/new", repeatable=True)
        page = AdminPage(answer.text)
        form = page.form(ADMIN_MODE)
        if answer.status != 200 or form is None:
            raise self.page_refused(ADMIN_MODE + "/new", answer)
        answer = self._http.send(
            "POST",
            ADMIN_MODE,
            repeatable=False,
            form={
                "authenticity_token": form.get("authenticity_token") or page.csrf,
                "user[password]": self._sign_in.password or "",
            },
        )
        if not 300 <= answer.status < 400:
            raise self._not_signed_in(answer)
        if _location(answer).endswith(ADMIN_MODE + "/new"):
            # GitLab asks for the password again. Going on would send it once for each page.
            raise Failure(
                messages.PAGE_REFUSED,
                path=ADMIN_MODE,
                status=answer.status,
                reason="Admin Mode was not entered",
                hint="Run again.",
            )

    def _needs_more(self, reason: str, hint: str) -> Failure:
        return Failure(
            messages.SIGN_IN_NEEDS_MORE, username=self._account, reason=reason, hint=hint
        )

    @property
    def _account(self) -> str:
        """The account in messages. That of a cookie need not be the user name in the options."""
        if self._sign_in.session_cookie:
            return "the session's account"
        return self._sign_in.username or ""


def _location(answer: Answer) -> str:
    """Return the path that a redirect leads to, or ``""``."""
    return (
        urlsplit(absolute("http://gitlab/", answer.headers.get("Location", ""))).path
        if (300 <= answer.status < 400)
        else ""
    )


def _json_of(page: AdminPage, attribute: str) -> dict[str, Any]:
    """Return the JSON object in a data attribute of a page, such as its view model."""
    try:
        found = json.loads(page.data.get(attribute, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

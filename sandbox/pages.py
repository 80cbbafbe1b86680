# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that all pages share: session, CSRF, permissions, and the order of these checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from . import html, settings
from .abilities import Abilities, Caller
from .errors import READ_ONLY
from .sessions import Session, Sessions, put_cookie, user_of
from .state import Instance, User

#: The answer to a request without the session that it needs.
SIGN_IN_FIRST = (
    "Sign in or sign up before continuing. Don't have an account yet? Register now to get started."
)
RE_AUTHENTICATE = "Re-authentication required"


@dataclass
class Visit:
    """One request to a page, with its session."""

    request: Request
    instance: Instance
    sessions: Sessions
    key: str
    session: Session
    form: dict[str, str]

    @property
    def user(self) -> User | None:
        return user_of(self.instance, self.session)

    @property
    def abilities(self) -> Abilities:
        caller = Caller(user=self.user, admin_mode=self.session.admin_mode)
        return Abilities(self.instance, caller)

    @property
    def wants_json(self) -> bool:
        path = self.request.url.path
        return path.endswith(".json") or "application/json" in self.request.headers.get(
            "accept", ""
        )

    def path(self, path: str) -> str:
        return self.instance.relative_url_root + path

    def address(self, path: str) -> str:
        base = str(self.request.base_url).rstrip("/")
        root = self.instance.relative_url_root
        if root and base.endswith(root):
            base = base[: -len(root)]
        return base + self.path(path)

    def redirect(self, path: str) -> Response:
        """302 to an absolute URL, as Rails does."""
        url = self.address(path)
        return HTMLResponse(html.redirected(url), 302, {"location": url})

    def html(self, title: str, body: str, status: int = 200, test_id: str = "") -> Response:
        return HTMLResponse(html.page(self.session, title, body, test_id), status)

    def admin(self, title: str, body: str) -> Response:
        """A page of the admin area; all of them warn while everybody may sign up."""
        warning = html.SIGN_UPS if settings.stored(self.instance)["signup_enabled"] else ""
        text = html.page(self.session, f"{title} · Admin area", body, warning=warning)
        return HTMLResponse(text)

    def csrf_ok(self) -> bool:
        given = self.request.headers.get("x-csrf-token") or self.form.get("authenticity_token")
        # Without a session there is no token to compare with.
        known = self.request.cookies.get("_gitlab_session") == self.key
        return known and given == self.session.csrf


Handler = Callable[[Visit], Response]


def visiting(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Turn a page into an endpoint: opens the session and hands its cookie back."""

    async def endpoint(request: Request) -> Response:
        instance: Instance = request.app.state.instance
        sessions: Sessions = request.app.state.sessions
        key, session = sessions.open(request)
        body = await request.body()
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        visit = Visit(request, instance, sessions, key, session, form)
        if visit.user:
            request.scope["sandbox.user"] = visit.user.username
        response = handler(visit)
        return put_cookie(response, instance, visit.key)

    return endpoint


def read_only_refusal(visit: Visit) -> Response | None:
    """GitLab 18.9, lib/gitlab/middleware/read_only/controller.rb: before anything else."""
    options = visit.instance.options
    if not options.read_only and not options.maintenance:
        return None
    if visit.request.headers.get("content-type", "").startswith("application/json"):
        return JSONResponse({"message": READ_ONLY}, 403)
    visit.session.alert = READ_ONLY
    back = visit.request.headers.get("referer") or visit.address(visit.session.return_to or "/")
    return Response(status_code=301, headers={"location": back})


def csrf_refusal(visit: Visit) -> Response | None:
    if visit.csrf_ok():
        return None
    if visit.wants_json:
        return JSONResponse({"status": 422, "error": "Unprocessable Entity"}, 422)
    return HTMLResponse(html.CSRF_REFUSED, 422)


def not_found(visit: Visit) -> Response:
    if visit.wants_json:
        return Response(status_code=404)
    return HTMLResponse(html.no_such_page(visit.path("/users/sign_out")), 404)


def detour(visit: Visit, only_two_factor: bool = False) -> Response | None:
    """Redirect a signed-in user to what comes first (GitLab 18.9, application_controller.rb)."""
    user = visit.user
    if user is None:
        return None
    if user.two_factor_due:
        return visit.redirect("/-/profile/two_factor_auth")
    if only_two_factor:
        return None
    if user.password_expired:
        return visit.redirect("/-/user_settings/password/new")
    if visit.instance.options.terms:
        visit.session.notice = "Please accept the Terms of Service before continuing."
        path = quote(visit.request.url.path, safe="")
        return visit.redirect(f"/-/users/terms?redirect={path}")
    return None


def gate(visit: Visit, write: bool = False, sync: bool = False) -> Response | None:
    """Check in GitLab's order: CSRF, signed in, detours, administrator, Admin Mode."""
    if write:
        refused = read_only_refusal(visit) or csrf_refusal(visit)
        if refused:
            return refused
    if visit.user is None:
        if write and visit.wants_json:
            return JSONResponse({"error": SIGN_IN_FIRST}, 401)
        visit.session.return_to = _stored_path(visit)
        visit.session.alert = SIGN_IN_FIRST
        return visit.redirect("/users/sign_in")
    elsewhere = detour(visit, only_two_factor=sync)
    if elsewhere:
        return elsewhere
    if not visit.user.admin:
        return not_found(visit)
    if visit.instance.options.admin_mode and not visit.session.admin_mode:
        visit.session.return_to = _stored_path(visit)
        visit.session.notice = RE_AUTHENTICATE
        return visit.redirect("/admin/session/new")
    return None


def _stored_path(visit: Visit) -> str | None:
    """Return the path to open after signing in; that of a POST is later opened with GET."""
    path = visit.request.url.path
    root = visit.instance.relative_url_root
    return path[len(root) :] if root and path.startswith(root) else path

# SPDX-License-Identifier: GPL-3.0-or-later
"""Browser sessions: the cookie, the CSRF token, Admin Mode.

Source: GitLab 18.9, sessions_controller.rb.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from .state import Instance, User, now

COOKIE = "_gitlab_session"
ADMIN_MODE_LASTS = timedelta(hours=6)
ADMIN_MODE_WINDOW = timedelta(minutes=5)


@dataclass
class Session:
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    user_id: int | None = None
    #: The user whose password was right and whose second factor is awaited.
    pending_user_id: int | None = None
    #: The same for entering Admin Mode.
    admin_password_given: bool = False
    return_to: str | None = None
    alert: str | None = None
    notice: str | None = None
    admin_mode_until: datetime | None = None
    admin_window_until: datetime | None = None

    @property
    def admin_mode(self) -> bool:
        return self.admin_mode_until is not None and now() < self.admin_mode_until

    @property
    def admin_window(self) -> bool:
        return self.admin_window_until is not None and now() < self.admin_window_until

    def flash(self) -> tuple[str | None, str | None]:
        """Alert and notice, each shown once."""
        alert, notice, self.alert, self.notice = self.alert, self.notice, None, None
        return alert, notice


class Sessions:
    """The sessions of one instance."""

    def __init__(self) -> None:
        self.by_id: dict[str, Session] = {}
        #: Every cookie and CSRF token ever issued, for tests that search output for secrets.
        self.issued: list[str] = []

    def expire(self) -> None:
        """Forget all sessions, as when they expire: users have to sign in again."""
        self.by_id.clear()

    def of(self, request: Request) -> tuple[str, Session] | None:
        key = request.cookies.get(COOKIE, "")
        session = self.by_id.get(key)
        return (key, session) if session else None

    def open(self, request: Request) -> tuple[str, Session]:
        """The request's session, or a new anonymous one."""
        found = self.of(request)
        return found or self.start(Session())

    def start(self, session: Session) -> tuple[str, Session]:
        key = secrets.token_hex(16)
        self.by_id[key] = session
        self.issued += [key, session.csrf]
        return key, session

    def sign_in(self, key: str, user: User) -> tuple[str, Session]:
        """Session data is renewed: the old cookie and the old CSRF token are void."""
        old = self.by_id.pop(key, None)
        return self.start(Session(user_id=user.id, return_to=old.return_to if old else None))

    def sign_out(self, key: str) -> tuple[str, Session]:
        self.by_id.pop(key, None)
        return self.start(Session())


def user_of(instance: Instance, session: Session | None) -> User | None:
    if session is None or session.user_id is None:
        return None
    return next((one for one in instance.users if one.id == session.user_id), None)


def put_cookie(response: Response, instance: Instance, key: str) -> Response:
    # `Secure` only if the external URL is https: no cookie would come back over plain http then.
    secure = instance.external_url.startswith("https://")
    response.set_cookie(
        COOKIE,
        key,
        path=instance.relative_url_root or "/",
        httponly=True,
        secure=secure,
        samesite="none" if secure else None,
    )
    return response

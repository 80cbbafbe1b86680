# SPDX-License-Identifier: GPL-3.0-or-later
"""The few REST endpoints, with GitLab's refusals (GitLab 18.9, lib/api/api_guard.rb,
lib/gitlab/auth/user_access_denied_reason.rb)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import rules_settings, settings, tokens
from .context import timestamp
from .errors import READ_ONLY
from .resolve_instance import KAS, REVISION
from .state import Instance, Token, User, now

REASONS = {
    "blocked": "Your account has been blocked.",
    "blocked_pending_approval": (
        "Your account is pending approval from your administrator and hence blocked."
    ),
    "unconfirmed": (
        "Your primary email address is not confirmed. Please check your inbox for the "
        "confirmation instructions. In case the link is expired, you can request a new "
        "confirmation email at {url}/users/confirmation/new"
    ),
    "internal": "This action cannot be performed by internal users",
    "deactivated": (
        "Your account has been deactivated by your administrator. "
        "Please log back in from a web browser to reactivate your account at {url}"
    ),
}
PASSWORD_EXPIRED = (
    "Your password expired. Please access GitLab from a web browser to update your password."
)
TERMS = (
    "You (@{user}) must accept the Terms of Service in order to perform this action. "
    "To accept these terms, please access GitLab from a web browser at {url}."
)


class Refusal(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.answer = JSONResponse(body, status)


def _message(status: int, text: str) -> Refusal:
    return Refusal(status, {"message": text})


def _invalid_token(text: str) -> Refusal:
    return Refusal(401, {"error": "invalid_token", "error_description": text})


def _insufficient(scopes: tuple[str, ...]) -> Refusal:
    return Refusal(
        403,
        {
            "error": "insufficient_scope",
            "error_description": (
                "The request requires higher privileges than provided by the access token."
            ),
            "scope": " ".join(scopes),
        },
    )


def caller(instance: Instance, request: Request, scopes: tuple[str, ...]) -> tuple[Token, User]:
    """Token, then user, then scope: GitLab's order."""
    text = tokens.given(request, dict(request.query_params))
    found = tokens.find(instance, text) if text else None
    if found is None:
        raise _message(401, "401 Unauthorized")
    token, user = found
    if token.revoked:
        raise _invalid_token("Token was revoked. You have to re-authorize from the user.")
    if token.expired:
        raise _invalid_token(
            "Token is expired. You can either do re-authorization or token refresh."
        )
    request.scope["sandbox.user"] = user.username
    if user.password_expired:
        raise _message(403, f"403 Forbidden - {PASSWORD_EXPIRED}")
    if user.state != "active":
        reason = REASONS.get(user.state, REASONS["blocked"])
        raise _message(403, f"403 Forbidden - {reason.format(url=instance.external_url)}")
    if instance.options.terms:
        text = TERMS.format(user=user.username, url=instance.external_url)
        raise _message(403, f"403 Forbidden - {text}")
    if scopes and not set(scopes) & set(token.scopes):
        raise _insufficient(scopes)
    return token, user


def _admin(instance: Instance, request: Request, scopes: tuple[str, ...]) -> None:
    """Admin Mode: unlike GraphQL, REST asks the token for the scope `admin_mode`."""
    token, user = caller(instance, request, scopes)
    entered = not instance.options.admin_mode or "admin_mode" in token.scopes
    if not user.admin or not entered:
        raise _message(403, "403 Forbidden")


def _metadata(instance: Instance, request: Request) -> Any:
    caller(instance, request, ("read_user", "ai_features", "api", "read_api"))
    return {
        "version": instance.version,
        "revision": REVISION,
        "kas": KAS,
        "enterprise": instance.options.enterprise,
    }


def _license(instance: Instance, request: Request) -> Any:
    if not instance.options.enterprise:
        raise Refusal(404, {"error": "404 Not Found"})
    _admin(instance, request, ("api", "read_api"))
    license_ = instance.license
    if license_ is None:
        return None
    return {
        "id": license_.id,
        "plan": license_.plan,
        "created_at": timestamp(license_.created_at),
        "starts_at": license_.starts_at.isoformat(),
        "expires_at": license_.expires_at.isoformat() if license_.expires_at else None,
        "historical_max": 3,
        "maximum_user_count": 3,
        "licensee": {
            "Name": "Sandbox Administrator",
            "Company": "Sandbox",
            "Email": "root@example.com",
        },
        # The add-ons of the licence file, not the Duo seats.
        "add_ons": {},
        "expired": license_.expired,
        "overage": 0,
        "user_limit": license_.seats,
        "active_users": 3,
    }


def _settings(instance: Instance, request: Request) -> Any:
    _admin(instance, request, ("api", "read_api"))
    return {"id": 1, **settings.shown(instance)}


async def _put_settings(instance: Instance, request: Request) -> Any:
    body = await request.body()
    form = "form" in request.headers.get("content-type", "")
    try:
        raw = dict(parse_qsl(body.decode())) if form else json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, {"error": "Invalid JSON format"}) from None
    # Either scope lets the request in; a write then needs `api`.
    token, _user = caller(instance, request, ("api", "read_api"))
    if "api" not in token.scopes:
        raise _insufficient(("api", "read_api"))
    _admin(instance, request, ())
    if instance.options.read_only:
        # Maintenance mode lets administrators write these, or nobody could end it
        # (https://docs.gitlab.com/administration/maintenance_mode/).
        raise _message(403, READ_ONLY)
    try:
        rules_settings.update(instance, {**dict(request.query_params), **raw})
    except rules_settings.Refused as refused:
        raise Refusal(refused.status, refused.body) from None
    return {"id": 1, **settings.shown(instance)}


def _token_self(instance: Instance, request: Request) -> Any:
    token, user = caller(instance, request, ())
    return {
        "id": token.id,
        "name": token.token,
        "revoked": token.revoked,
        "created_at": "2026-01-01T00:00:00.000Z",
        "description": None,
        "scopes": token.scopes,
        "user_id": user.id,
        "last_used_at": timestamp(now()),
        "active": True,
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        "last_used_ips": [],
    }


READS: dict[str, Callable[[Instance, Request], Any]] = {
    "version": _metadata,
    "metadata": _metadata,
    "license": _license,
    "application/settings": _settings,
    "personal_access_tokens/self": _token_self,
}


async def endpoint(request: Request) -> Response:
    """`/api/v4/…`; what the sandbox does not have is 404 as at GitLab."""
    instance: Instance = request.app.state.instance
    path = request.path_params["path"].rstrip("/")
    try:
        if path in READS and request.method in ("GET", "HEAD"):
            return JSONResponse(READS[path](instance, request))
        if path == "application/settings" and request.method == "PUT":
            return JSONResponse(await _put_settings(instance, request))
    except Refusal as refusal:
        return refusal.answer
    if path in READS:
        return JSONResponse({"error": "405 Not Allowed"}, 405)
    return JSONResponse({"error": "404 Not Found"}, 404)

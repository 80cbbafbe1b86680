# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the token of a request and its user (GitLab 18.9, lib/api/api_guard.rb)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from .state import Instance, Token, User

GRAPHQL_SCOPES = ("api", "read_api", "ai_features", "ai_workflows")
#: These reach the check but are never accepted by GraphQL.
REFUSED_PARAMETERS = ("token", "job_token")
REFUSED_HEADERS = ("job-token", "deploy-token")


def given(request: Request, parameters: dict[str, Any]) -> str | None:
    """The token text; "" stands for a kind that is present and never accepted."""
    header = request.headers.get("private-token")
    if header:
        return header
    scheme, _dummy, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    for name in ("private_token", "access_token"):
        if parameters.get(name):
            return str(parameters[name])
    refused = any(request.headers.get(name) for name in REFUSED_HEADERS)
    if refused or any(parameters.get(name) for name in REFUSED_PARAMETERS):
        return ""
    return None


def find(instance: Instance, text: str) -> tuple[Token, User] | None:
    for token in instance.tokens:
        if token.token == text:
            user = instance.user(token.username)
            return (token, user) if user else None
    return None


#: Token users in these states may not sign in at all (401 in GraphQL).
SHUT_OUT = ("blocked", "blocked_pending_approval", "unconfirmed", "internal", "locked")


def shut_out(user: User) -> bool:
    return user.state in SHUT_OUT or user.password_expired

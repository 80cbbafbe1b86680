# SPDX-License-Identifier: GPL-3.0-or-later
"""The route `/api/graphql`: read the body and find out who the caller is.

Order of GitLab's checks: JSON syntax, CSRF (cookie users), token, access; the rest is in
`graphql_http`.
"""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from . import graphql_http, tokens
from .abilities import Caller
from .sessions import Session, user_of
from .state import Instance

MAX_NESTING = 32
NO_CSRF = "Can't verify CSRF token authenticity."
NO_ACCESS = "API not accessible for user"


class Refused(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _refuse(status: int, text: str) -> Refused:
    return Refused(JSONResponse({"errors": [{"message": text}]}, status))


async def _body(request: Request) -> Any:
    """Parameters from JSON, a form or the address; another Content-Type leaves the query empty."""
    if request.method != "POST":
        return dict(request.query_params)
    raw = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(raw) if raw.strip() else {}
        except UnicodeDecodeError:
            raise Refused(PlainTextResponse("Bad Request", 400)) from None
        except (ValueError, RecursionError):
            raise Refused(JSONResponse({"error": "Invalid JSON format"}, 400)) from None
        if _depth(body) > MAX_NESTING:
            text = "Parameters nested too deeply"
            raise Refused(JSONResponse({"error": text}, 400))
    elif kind == "application/x-www-form-urlencoded":
        try:
            body = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise Refused(PlainTextResponse("Bad Request", 400)) from None
    elif kind == "multipart/form-data":
        body = _multipart(raw, request.headers["content-type"])
    else:
        body = {}
    if _has_nul(body):
        raise Refused(PlainTextResponse("Bad Request", 400))
    if isinstance(body, dict):
        return {**dict(request.query_params), **body}
    return body


def _multipart(raw: bytes, content_type: str) -> dict[str, Any]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + raw)
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            found[name] = payload.decode() if isinstance(payload, bytes) else ""
    return found


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(one) for one in value), default=0)
    return 0


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(one) for one in (*value.keys(), *value.values()))
    if isinstance(value, list):
        return any(_has_nul(one) for one in value)
    return isinstance(value, str) and "\0" in value


def _by_token(instance: Instance, text: str) -> Caller:
    found = tokens.find(instance, text) if text else None
    if found is None:
        raise _refuse(401, "Invalid token")
    token, user = found
    usable = not token.expired and not token.revoked and not tokens.shut_out(user)
    if not usable or not set(token.scopes) & set(tokens.GRAPHQL_SCOPES):
        raise _refuse(401, "Invalid token")
    if user.state == "deactivated" or instance.options.terms:
        raise _refuse(403, NO_ACCESS)
    return Caller(user=user, scopes=tuple(token.scopes), by_token=True)


def _by_cookie(
    request: Request, instance: Instance, session: Session, body: Any, parameters: dict[str, Any]
) -> Caller:
    user = user_of(instance, session)
    given = request.headers.get("x-csrf-token") or parameters.get("authenticity_token")
    raw = body if isinstance(body, list) else [body]
    queries = [one.get("query") for one in raw if isinstance(one, dict)]
    mutation = any(isinstance(one, str) and graphql_http.has_mutation(one) for one in queries)
    if mutation and given != session.csrf:
        raise _refuse(422, NO_CSRF)
    if user is not None and user.two_factor_due:
        url = f"{instance.external_url}/-/profile/two_factor_auth"
        text = "enable 2FA in your profile settings to continue using GitLab"
        raise _refuse(401, f"Authentication error: {text}: {url}")
    if instance.options.terms:
        raise _refuse(403, NO_ACCESS)
    return Caller(user=user, admin_mode=session.admin_mode)


async def endpoint(request: Request) -> Response:
    instance: Instance = request.app.state.instance
    try:
        body = await _body(request)
        parameters = body if isinstance(body, dict) else dict(request.query_params)
        found = request.app.state.sessions.of(request)
        session = found[1] if found else None
        if session is not None and user_of(instance, session) is not None:
            # A bad token beside a valid cookie is ignored: the cookie's user acts.
            caller = _by_cookie(request, instance, session, body, parameters)
        else:
            text = tokens.given(request, parameters)
            caller = Caller() if text is None else _by_token(instance, text)
    except Refused as refused:
        return refused.response
    if caller.user is not None:
        request.scope["sandbox.user"] = caller.user.username
    status, answer = graphql_http.answer(instance, caller, body, request.method)
    return JSONResponse(answer, status)

# SPDX-License-Identifier: GPL-3.0-or-later
"""One GitLab instance as a Starlette application, usable with or without a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from . import admin_pages, control, graphql_endpoint, html, page_data, rest, seed, signin
from .catalog import catalog_of
from .executable import schema_of
from .faults import Faults
from .front import Front
from .journal import Journal
from .pages import Handler, Visit, gate, not_found, visiting
from .schema_data import names_of
from .sessions import Sessions
from .state import Instance, fill_pristine
from .versions import Release, parse

PROBES = ("health", "readiness", "liveness")
Endpoint = Callable[[Request], Awaitable[Response]]


def pristine(version: str, relative_url_root: str = "", external_url: str = "") -> Instance:
    """A freshly installed, licensed instance with nothing set up."""
    release = parse(version)
    root = "/" + relative_url_root.strip("/") if relative_url_root.strip("/") else ""
    instance = Instance(
        release=release,
        catalog=catalog_of(release, names_of(release)),
        external_url=(external_url or "http://gitlab.example.com") + root,
        relative_url_root=root,
    )
    fill_pristine(instance)
    return instance


def _while_there(path_of: Callable[[Release], str], path: str, endpoint: Endpoint) -> Endpoint:
    """Answer 404 for a path that the release does not have, because upgrades move some pages."""

    async def moved(request: Request) -> Response:
        if path_of(request.app.state.instance.release) != path:
            raise HTTPException(404)
        return await endpoint(request)

    return moved


async def _not_found(request: Request, _error: Exception) -> Response:
    if "/api/" in request.url.path:
        return JSONResponse({"error": "404 Not Found"}, 404)
    if request.method != "GET":
        return HTMLResponse(html.NOT_FOUND, 404)
    return await visiting(_no_page)(request)


def _no_page(visit: Visit) -> Response:
    """Only users who are signed in learn whether a path exists."""
    return (gate(visit) if visit.user is None else None) or not_found(visit)


def _ok(request: Request) -> Response:
    """Answer the health probes: a stand-in that answers is healthy."""
    if request.url.path.endswith("/health"):
        return PlainTextResponse("GitLab OK")
    return JSONResponse({"status": "ok"})


def _routes() -> list[Route]:
    get, post = ["GET"], ["POST"]
    pages: list[tuple[str, Handler, list[str]]] = [
        ("/", signin.home, get),
        ("/users/sign_in", signin.sign_in_page, get),
        ("/users/sign_in", signin.sign_in, post),
        ("/users/sign_out", signin.sign_out, post),
        ("/-/users/terms", signin.terms_page, get),
        ("/admin/session/new", signin.admin_session_new, get),
        ("/admin/session", signin.admin_session_create, post),
        ("/admin/session/destroy", signin.admin_session_destroy, post),
        ("/admin", admin_pages.admin_home, get),
    ]
    enterprise: list[tuple[str, Handler, list[str]]] = [
        (page_data.DUO, admin_pages.duo_home, get),
        (page_data.CONFIGURATION, admin_pages.configuration, get),
        (page_data.SEATS, admin_pages.seats, get),
        (page_data.WORKFLOW, admin_pages.connect_workflow, post),
        (page_data.DISCONNECT, admin_pages.disconnect_workflow, post),
        ("/admin/license/sync_seat_link.json", admin_pages.sync_seat_link, post),
        ("/admin/license/sync_seat_link", admin_pages.sync_seat_link, post),
    ]
    pages += [
        (path, admin_pages.enterprise_only(handler), how) for path, handler, how in enterprise
    ]
    routes = [Route(path, visiting(handler), methods=how) for path, handler, how in pages]
    toggle = visiting(admin_pages.enterprise_only(admin_pages.toggle_beta))
    for path in (page_data.OLD_TOGGLE, page_data.NEW_TOGGLE):
        there = _while_there(page_data.toggle_path, path, toggle)
        routes.append(Route(path, there, methods=post))
    models = visiting(admin_pages.enterprise_only(admin_pages.models))
    for path in (page_data.SELF_HOSTED, page_data.MODEL_SELECTION):
        there = _while_there(page_data.models_path, path, models)
        routes += [Route(one, there, methods=get) for one in (path, f"{path}/models/new")]
    return routes


def create_app(
    version: str,
    relative_url_root: str = "",
    external_url: str = "",
    options: Mapping[str, Any] | None = None,
) -> Starlette:
    """The instance is at `.state.instance`; `POST /_sandbox/reset` replaces it.

    :param options: circumstances that outlast a reset.
    """

    def fresh() -> Instance:
        made = pristine(version, relative_url_root, external_url)
        seed.apply(made, {"options": dict(options or {})})
        return made

    instance = fresh()
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    inner = [
        Route("/api/graphql", graphql_endpoint.endpoint, methods=["GET", "HEAD", "POST"]),
        Route("/api/v4/{path:path}", rest.endpoint, methods=every),
        *(Route(f"/-/{probe}", _ok, methods=["GET"]) for probe in PROBES),
        *_routes(),
    ]
    root = instance.relative_url_root
    routes = [*control.ROUTES, *([Mount(root, routes=inner)] if root else inner)]
    app = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})
    # No redirects that GitLab would not send.
    app.router.redirect_slashes = False
    app.state.instance = instance
    app.state.sessions = Sessions()
    app.state.journal = Journal()
    app.state.faults = Faults()
    # Requests are spread over the processes in turn.
    app.state.turns = count()

    def reset() -> None:
        app.state.instance = fresh()
        app.state.turns = count()
        app.state.sessions = Sessions()
        app.state.journal.clear()
        app.state.faults.clear()

    app.state.reset = reset
    app.add_middleware(Front, state=app.state)
    # Built now, so that the first request is as fast as the others.
    schema_of(instance.release, True)
    return app

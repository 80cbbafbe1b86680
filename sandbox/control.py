# SPDX-License-Identifier: GPL-3.0-or-later
"""`/_sandbox/`: seed, look, break. Needs no authentication and is not in the journal."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import rails, settings
from .seed import BadSeed, apply
from .state import Instance
from .upgrade import upgrade
from .versions import parse


def everything(instance: Instance) -> dict[str, Any]:
    """Return the whole state, including secrets, which are all invented."""
    instance.settle()
    names = {one.id: one.name for one in instance.models}
    people = {one.id: one.username for one in instance.users}
    license_ = instance.license
    return {
        "version": instance.version,
        "external_url": instance.external_url,
        "license": dataclasses.asdict(license_) if license_ else None,
        "add_ons": [dataclasses.asdict(one) for one in instance.add_ons],
        "gateway": dataclasses.asdict(instance.gateway),
        "models": [dataclasses.asdict(one) for one in instance.models],
        "features": {
            row.feature: {
                "provider": row.provider,
                "model": names.get(row.model_id or 0),
                "model_id": row.model_id,
                "offered_model_ref": row.offered_model_ref,
            }
            for row in instance.features
        },
        "beta_on": instance.beta_on,
        "beta_acceptances": [
            {"user_id": one.user_id, "email": one.email, "username": people.get(one.user_id)}
            for one in instance.acceptances
        ],
        "agent_platform": {"connected": instance.workflow_on},
        "users": [dataclasses.asdict(one) for one in instance.users],
        "tokens": [dataclasses.asdict(one) for one in instance.tokens],
        "settings": {**settings.stored(instance), **settings.shown(instance)},
        "flags": instance.flags,
        "options": dataclasses.asdict(instance.options),
        "audit_events": instance.audit_events,
        "audit_event_count": len(instance.audit_events),
    }


def _text(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _answer(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data, default=_text), status, media_type="application/json")


async def _ready(request: Request) -> Response:
    instance: Instance = request.app.state.instance
    return _answer({"version": instance.version, "ready": True})


async def _reset(request: Request) -> Response:
    request.app.state.reset()
    return _answer({"version": request.app.state.instance.version, "ready": True})


async def _seed(request: Request) -> Response:
    """Apply a seed. A refused one may have been applied in part."""
    try:
        apply(request.app.state.instance, await request.json())
    except (BadSeed, ValueError, TypeError, KeyError) as error:
        return _answer({"error": f"{type(error).__name__}: {error}"}, 422)
    return _answer(everything(request.app.state.instance))


async def _upgrade(request: Request) -> Response:
    try:
        done = upgrade(request.app.state.instance, parse((await request.json())["to"]))
    except (ValueError, TypeError, KeyError) as error:
        return _answer({"error": f"{type(error).__name__}: {error}"}, 422)
    return _answer(done)


async def _wait(request: Request) -> Response:
    """Let caches and replicas age without waiting."""
    try:
        seconds = float((await request.json())["seconds"])
    except (ValueError, TypeError, KeyError) as error:
        return _answer({"error": f"{type(error).__name__}: {error}"}, 422)
    request.app.state.instance.past.pass_time(seconds)
    return Response(status_code=204)


async def _state(request: Request) -> Response:
    state = everything(request.app.state.instance)
    return _answer({**state, "issued": request.app.state.sessions.issued})


async def _journal(request: Request) -> Response:
    journal = request.app.state.journal
    if request.method == "DELETE":
        journal.clear()
        return Response(status_code=204)
    return _answer({"requests": journal.requests})


async def _faults(request: Request) -> Response:
    faults = request.app.state.faults
    if request.method == "DELETE":
        faults.clear()
        return Response(status_code=204)
    if request.method == "POST":
        try:
            faults.add((await request.json())["faults"])
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": str(error)}, 422)
    return _answer({"faults": [dataclasses.asdict(one) for one in faults.rules]})


ROUTES = [
    Route("/_sandbox/", _ready),
    Route("/_sandbox/reset", _reset, methods=["POST"]),
    Route("/_sandbox/seed", _seed, methods=["POST"]),
    Route("/_sandbox/wait", _wait, methods=["POST"]),
    Route("/_sandbox/state", _state),
    Route("/_sandbox/upgrade", _upgrade, methods=["POST"]),
    Route("/_sandbox/rails/{call}", rails.endpoint, methods=["POST"]),
    Route("/_sandbox/journal", _journal, methods=["GET", "DELETE"]),
    Route("/_sandbox/faults", _faults, methods=["GET", "POST", "DELETE"]),
]

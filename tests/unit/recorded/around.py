# SPDX-License-Identifier: GPL-3.0-or-later

"""The surroundings of the recorded GitLab as a seed of the sandbox: its gateway, and no cloud.

Its gateway listened at 127.0.0.1 and answered according to the model's name, or to the end of its
endpoint; beside it was a model server whose list of models depends on the first part of the path.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.recording import World

PORTS = (5052, 5062)
SERVED = {"one": 1, "two": 2, "many": 8}
#: Seconds that a gateway may take, by the first release that waits so long.
PATIENCE = {"19.4": 15}
CHECK = "aiSelfHostedModelConnectionCheck"


def seed(world: World) -> dict[str, Any]:
    """Return what a world's own seed does not say."""
    gateway = urlsplit(world.seed.get("gateway", {}).get("ai_gateway_url") or "")
    # One world asked its gateway although no local address was allowed.
    local = gateway.port not in PORTS or "settings" in world.seed
    allowlist = "127.0.0.1\nlocalhost" if local else ""
    return {
        "options": _options(world, gateway.port),
        "settings": {"outbound_local_requests_allowlist_raw": allowlist},
    }


def _options(world: World, port: int | None) -> dict[str, Any]:
    return {
        # The licence had been synchronised by hand, what comes from GitLab's cloud never.
        "catalogue_synchronised": False,
        # And nothing worked on the background jobs.
        "sync_delay_seconds": 3600,
        "service_tls": False,
        "gateway_reachable": port in PORTS,
        "connection_checks": {
            endpoint: _answer(world.release, endpoint, port) for endpoint in _checked(world)
        },
    }


def _checked(world: World) -> list[str]:
    asked = [one.request for one in world.questions if CHECK in str(one.request.get("graphql"))]
    given = [request["variables"].get("i", {}).get("endpoint") for request in asked]
    return [endpoint for endpoint in given if isinstance(endpoint, str)]


def _answer(release: str, endpoint: str, port: int | None) -> dict[str, Any]:
    """Return what the gateway said for a model, as `connection_checks` has it."""
    parts = urlsplit(endpoint)
    path = parts.path.strip("/").split("/")
    first, last = path[0], path[-1]
    slow = re.fullmatch(r"slow(\d*)", last)
    if slow:
        late = int(slow[1] or 70) > PATIENCE.get(release, 3)
        return {"timeouts": 1} if late else {}
    failed = re.fullmatch(r"(?:fail-|r)(\d+)(?:-(.*))?", last)
    if not failed:
        return {}
    code, detail = int(failed[1]), failed[2]
    if code == 421:
        served = SERVED.get(first, 0) if parts.port == port else 0
        names = [f"served-{number}" for number in range(served)]
        said = {None: "stub says 421", "empty": "", "404text": "404 page not found"}
        return {"gateway_code": code, "detail": said.get(detail, detail), "served": names}
    return {"gateway_code": code, **({"detail": "Field required"} if code == 422 else {})}

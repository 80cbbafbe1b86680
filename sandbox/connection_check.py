# SPDX-License-Identifier: GPL-3.0-or-later
"""`aiSelfHostedModelConnectionCheck`: GitLab asks the gateway, the gateway the model.

The sandbox is gateway and model in one: it answers by seed, or asks a real model server.
Texts as 18.9 and 19.4 answered them.
"""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from .probes import refused
from .state import Instance, SelfHostedModel
from .url_blocker import DENIED, UNRESOLVED, Blocked, allowlisted, parse, resolves

NO_GATEWAY = (
    "You have not configured your local AI gateway URL. "
    "Configure the URL in the GitLab Duo configuration settings."
)
UNKNOWN = (
    "Unknown error. Make sure your self-hosted model is running and that your AI Gateway URL is "
    "configured correctly."
)
EXPIRED = "ERROR: Net::ReadTimeout with #<TCPSocket:(closed)>"
#: 19.4 says this both of a slow gateway and of one that is down.
NOT_CONNECTED = (
    "ERROR: AI Gateway could not connect to the model endpoint. Verify the model endpoint URL is "
    "correct and reachable from the AI Gateway, and that any firewall or proxy is not blocking the "
    "connection."
)
OPENAI = "custom_openai/"
#: How many names GitLab suggests before it only counts them.
SUGGESTIONS = 5


def patience(instance: Instance) -> float:
    """Seconds that GitLab waits for the gateway, and so for the model."""
    return 15.0 if instance.release.at_least(19, 4) else 3.0


def verdict(instance: Instance, model: SelfHostedModel) -> str | None:
    """Return None for success, or the message. The model is only built, never validated."""
    url = instance.gateway.ai_gateway_url
    if not url:
        return NO_GATEWAY
    if instance.settings.get("silent_mode_enabled"):
        return "only get, head, options, and trace methods are allowed in silent mode"
    blocked = _blocked(instance, url)
    if blocked:
        return f"URL '{url}' is blocked: {blocked}"
    if not instance.options.gateway_reachable:
        return _late(instance, f"ERROR: {refused(parse(url))}")
    if instance.options.real_connection_checks and (model.identifier or "").startswith(OPENAI):
        return _asked(instance, model)
    answer = instance.options.connection_checks.get(model.endpoint or "", {})
    return _seeded(instance, model, answer)


def _blocked(instance: Instance, url: str) -> str | None:
    """Local addresses pass, unlike with the health check; deny-all counts here too."""
    try:
        parts = parse(url)
    except Blocked as reason:
        return str(reason)
    if allowlisted(instance, parts):
        return None
    if instance.settings.get("deny_all_requests_except_allowed"):
        return DENIED
    known = resolves(instance, parts.host) or instance.options.proxy_configured
    return None if known else UNRESOLVED


def _late(instance: Instance, before: str = EXPIRED) -> str:
    return NOT_CONNECTED if instance.release.at_least(19, 4) else before


def _seeded(instance: Instance, model: SelfHostedModel, answer: dict[str, Any]) -> str | None:
    if answer.get("timeouts", 0) > 0:
        answer["timeouts"] -= 1
        return _late(instance)
    if "message" in answer:
        return str(answer["message"])
    if "code" in answer:
        return _of_model(instance, model, answer["code"], answer.get("served", []))
    if answer.get("gateway_code") == 421:
        # The gateway's own code if the model server answered with an error, which is the detail.
        return _of_model(instance, model, answer.get("detail", ""), answer.get("served", []))
    if "gateway_code" in answer:
        detail = answer.get("detail", UNKNOWN)
        return f"ERROR: AI Gateway returned code {answer['gateway_code']}: {detail}"
    return None


def _of_model(instance: Instance, model: SelfHostedModel, detail: object, served: list[str]) -> str:
    """Describe an error of the model server, from 19.4 with the names that it serves."""
    identifier = model.identifier or ""
    names = [OPENAI + name for name in served]
    lost = str(detail).startswith("404") and identifier.startswith(OPENAI)
    if instance.release.at_least(19, 4) and lost and names and identifier not in names:
        return f"ERROR: The provided identifier does not exist. Did you mean {_either(names)}?"
    if not str(detail):
        return "ERROR: The self-hosted model server returned an error"
    return f"ERROR: The self-hosted model server returned code {detail}"


def _either(names: list[str]) -> str:
    shown = names[:SUGGESTIONS]
    if len(names) > SUGGESTIONS:
        shown.append(f"{len(names) - SUGGESTIONS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _asked(instance: Instance, model: SelfHostedModel) -> str | None:
    """Ask a model server for a completion, as the gateway does for `custom_openai/`.

    What the gateway makes of a server that nobody can connect to, or that answers something else,
    is not known: 500, as of an error without a code of its own.
    """
    question = {
        "model": (model.identifier or "").removeprefix(OPENAI),
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
    }
    try:
        said = _sent(instance, model, "/chat/completions", question)
        return None if said["choices"][0]["message"]["role"] == "assistant" else _broken()
    except HTTPError as error:
        return _of_model(instance, model, error.code, _served(instance, model, error.code))
    except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
        late = isinstance(getattr(error, "reason", error), TimeoutError)
        return _late(instance) if late else _broken()


def _broken() -> str:
    return "ERROR: The self-hosted model server returned code 500"


def _served(instance: Instance, model: SelfHostedModel, code: int) -> list[str]:
    """From 19.4, GitLab itself asks the server for its models, with the key."""
    if code != 404 or not instance.release.at_least(19, 4):
        return []
    try:
        return [str(one["id"]) for one in _sent(instance, model, "/models")["data"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return []


def _sent(
    instance: Instance, model: SelfHostedModel, path: str, body: dict[str, Any] | None = None
) -> Any:
    headers = {"Content-Type": "application/json"}
    if model.api_token:
        headers["Authorization"] = f"Bearer {model.api_token}"
    data = json.dumps(body).encode() if body is not None else None
    request = Request((model.endpoint or "").rstrip("/") + path, data, headers)  # noqa: S310
    with build_opener(ProxyHandler({})).open(request, timeout=patience(instance)) as answer:
        return json.load(answer)

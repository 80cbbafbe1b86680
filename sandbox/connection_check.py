# SPDX-License-Identifier: GPL-3.0-or-later
"""`aiSelfHostedModelConnectionCheck`: GitLab asks the gateway, the gateway the model (2, 4.3).

The sandbox is gateway and model in one: it answers by seed, or asks a model server that is there.
"""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from .state import Instance, SelfHostedModel
from .url_blocker import DENIED, UNRESOLVED, Blocked, allowlisted, parse, resolves

#: Seconds that GitLab waits for the gateway, and so for the model.
PATIENCE = 3.0
EXPIRED = "execution expired"
UNKNOWN = "Unknown error. Make sure your self-hosted model is running"
OPENAI = "custom_openai/"


def verdict(instance: Instance, model: SelfHostedModel) -> str | None:
    """None is success, else the message. The model is only built, never validated."""
    url = instance.gateway.ai_gateway_url
    if not url:
        # Only the beginning of this sentence is known.
        return "You have not configured your local AI gateway URL. Configure the URL and try again."
    if instance.settings.get("silent_mode_enabled"):
        return "only get, head, options, and trace methods are allowed in silent mode"
    refused = _refused(instance, url)
    if refused:
        return f"URL '{url}' is blocked: {refused}"
    if not instance.options.gateway_reachable:
        return EXPIRED
    if instance.options.real_connection_checks and (model.identifier or "").startswith(OPENAI):
        return _asked(model)
    return _seeded(instance.options.connection_checks.get(model.endpoint, {}))


def _refused(instance: Instance, url: str) -> str | None:
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


def _seeded(answer: dict[str, Any]) -> str | None:
    if answer.get("timeouts", 0) > 0:
        answer["timeouts"] -= 1
        return EXPIRED
    if "message" in answer:
        return str(answer["message"])
    if "code" in answer:
        return _of_model(answer["code"])
    if "gateway_code" in answer:
        detail = answer.get("detail", UNKNOWN)
        return f"ERROR: AI Gateway returned code {answer['gateway_code']}: {detail}"
    return None


def _of_model(code: int) -> str:
    return f"ERROR: The self-hosted model server returned code {code}"


def _asked(model: SelfHostedModel) -> str | None:
    """Ask a model server for a completion, as the gateway does for `custom_openai/`.

    What the gateway makes of a server that nobody can connect to, or that answers something else,
    is not known: 500, as of an error without a code of its own.
    """
    question = {
        "model": (model.identifier or "").removeprefix(OPENAI),
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
    }
    headers = {"Content-Type": "application/json"}
    if model.api_token:
        headers["Authorization"] = f"Bearer {model.api_token}"
    url = model.endpoint + "/chat/completions"
    try:
        request = Request(url, json.dumps(question).encode(), headers)  # noqa: S310
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            said = json.load(answer)
        return None if said["choices"][0]["message"]["role"] == "assistant" else _of_model(500)
    except HTTPError as error:
        return _of_model(error.code)
    except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
        late = isinstance(getattr(error, "reason", error), TimeoutError)
        return EXPIRED if late else _of_model(500)

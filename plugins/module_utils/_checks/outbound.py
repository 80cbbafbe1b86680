# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the declared hosts that need an entry in GitLab's outbound allowlist and have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._base.urls import is_loopback
from .._duo.outbound_rules import DENY_ALL, is_covered, place_of
from .._subjects.one_model import Form, not_offered, target, update

if TYPE_CHECKING:
    from .._subjects.one_model import ModelOptions
    from .info import ObservedInstance
    from .preflight_options import PreflightOptions


def hosts(
    wanted: PreflightOptions, info: ObservedInstance | None, settings: dict[str, Any] | None
) -> dict[str, set[int]]:
    """Return the hosts, with ports, that GitLab sends requests to or looks up in its allowlist."""
    denied = bool((settings or {}).get(DENY_ALL))
    models = (model for model in wanted.models.models if model.state == "present")
    urls = [wanted.gateway.ai_gateway_url, *(_endpoint(model, info, denied) for model in models)]
    if denied and wanted.duo_settings:
        # GitLab validates it with each write of an application setting.
        urls.append(wanted.duo_settings.documentation_url)
    found: dict[str, set[int]] = {}
    for url in urls:
        _scheme, host, port = place_of(url or "")
        if host:
            found.setdefault(host, set()).add(port)
    return found


def missing_hosts(
    wanted: PreflightOptions, info: ObservedInstance | None, settings: dict[str, Any]
) -> list[str]:
    """Return the hosts that no entry of the allowlist covers on each of their ports."""
    return [
        host
        for host, ports in hosts(wanted, info, settings).items()
        if not all(is_covered(settings, host, port) for port in ports)
    ]


def refused_loopback(
    wanted: PreflightOptions, info: ObservedInstance | None, settings: dict[str, Any]
) -> str:
    """Return the host of the declared gateway if GitLab refuses it as loopback, or ``""``.

    GitLab accepts its own URL and the hosts in its allowlist. It does not check a stored URL again.
    """
    url = wanted.gateway.ai_gateway_url or ""
    place = _scheme, host, port = place_of(url)
    if info is None or not is_loopback(host):
        return ""
    stored = str(info.gateway.get("ai_gateway_url") or "").removesuffix("/")
    accepted = url == stored or place == place_of(info.url) or is_covered(settings, host, port)
    return "" if accepted else host


def _endpoint(model: ModelOptions, info: ObservedInstance | None, denied: bool) -> str | None:
    """Return the endpoint that GitLab will check when a declared model is saved, if any.

    A model need not declare one: then it keeps its own, or GitLab's placeholder for Bedrock is
    sent. GitLab looks these up only if it denies all hosts that are not in the allowlist.
    """
    if info is None:
        return model.endpoint
    state = info.state
    if not_offered(model, info.release, state):
        return None
    if model.endpoint or not denied:
        return model.endpoint
    current = state.models.get(model.new_name or model.name) or state.models.get(model.name)
    if current and current.hidden:
        return None
    # Stored keys were not read, so it is not known whether a key differs.
    wish = model.model_copy(update={"api_key": None})
    form = Form.of(info.release, state)
    new = target(wish, current, form)
    saved = current is None or update(wish, current, new, form)
    return new.endpoint if saved else None

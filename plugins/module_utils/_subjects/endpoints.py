# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints of models that mean another machine than whoever wrote them may think.

The AI gateway calls a model, not GitLab: localhost is the gateway's own machine, or its container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._base.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .one_model import ModelOptions


def loopback(models: Iterable[ModelOptions]) -> tuple[str, str] | None:
    """Return what is said of models whose endpoint is on loopback, and what to do; or None."""
    found = {
        model.new_name or model.name: host
        for model in models
        if model.state == "present" and is_loopback(host := _host(model.endpoint))
    }
    if not found:
        return None
    hosts = ", ".join(sorted(set(found.values())))
    return (
        f"The AI gateway, not GitLab, calls model endpoints, so {hosts} (of {', '.join(found)}) "
        "means the gateway's own machine or container.",
        "Declare an address that the gateway can reach, unless the model runs there too.",
    )


def _host(url: str | None) -> str:
    return urlsplit(url or "").hostname or ""

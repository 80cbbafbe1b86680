# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn of endpoints of models that may mean another machine than intended.

Not GitLab but the AI gateway calls a model: localhost is the gateway's own machine or container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._base.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .one_model import ModelOptions


def loopback(models: Iterable[ModelOptions]) -> tuple[str, str] | None:
    """Return the warning about models with a loopback endpoint, and what to do; or None."""
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

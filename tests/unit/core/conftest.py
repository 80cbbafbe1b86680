# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the core's tests: no test sleeps, and none sees proxies from the environment."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.gitlab_ops.duo.tests.integration.torture.figures import (
    count,
    pytest_terminal_summary,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import Server
from sandbox import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["count", "pytest_terminal_summary"]


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the code wanted to wait; it does not, but they pass for the sandbox."""
    wanted: list[float] = []
    monkeypatch.setattr(time, "sleep", wanted.append)
    monkeypatch.setattr(processes, "clock", lambda: time.monotonic() + sum(wanted))
    return wanted


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers; they end with the test."""
    servers: list[Server] = []

    def start(*args: Any, **keywords: Any) -> Server:
        servers.append(Server(*args, **keywords))
        return servers[-1]

    yield start
    for server in servers:
        server.close()

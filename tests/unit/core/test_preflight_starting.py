# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight waits for a GitLab that is still starting, and no longer than it is told to."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.tests.unit.core.preflights import (
    DECLARED,
    SUBJECT,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import credentials

STARTING = {
    "503": {"kind": "status", "status": 503, "times": 6},
    "502": {"kind": "status", "status": 502, "times": 6},
    "refused": {"kind": "drop_before", "times": 6},
}


@pytest.mark.parametrize("name", STARTING)
def test_it_waits_while_gitlab_starts(name: str, waits: list[float]) -> None:
    here = Sandboxed("18.9")
    here.faults(STARTING[name])
    assert "failed" not in here.run(SUBJECT, **DECLARED, ready_timeout=60, retries=1)
    assert sum(waits) > 10


class Clock:
    """Time of this thread, which passes only while it waits, for itself or for an answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.thread = threading.get_ident()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0
        # What is asked beside it takes no time of the one who waits.
        if threading.get_ident() == self.thread:
            self.now += seconds


def _hang(clock: Clock, timeout: float) -> Any:
    clock.sleep(timeout)
    raise requests.exceptions.ReadTimeout


def _refuse(clock: Clock, _timeout: float) -> Any:
    clock.sleep(0.01)
    raise requests.exceptions.ConnectionError


@pytest.mark.parametrize("seconds", [1, 7, 60, 300])
@pytest.mark.parametrize("answer", [_hang, _refuse, None], ids=["hang", "refuse", "busy"])
def test_it_waits_no_longer_than_told(monkeypatch, answer: Any, seconds: int) -> None:
    """With all timeouts and retries inside it: a try could last three minutes by itself."""
    here, clock = Sandboxed("18.9"), Clock(monkeypatch)
    here.threads = True
    if answer:
        monkeypatch.setattr(
            here.adapter, "send", lambda _request, **more: answer(clock, more["timeout"])
        )
    else:
        # GitLab asks for more than there is.
        here.faults({"kind": "status", "status": 503, "times": 0, "headers": {"Retry-After": "45"}})
    begun = clock.now
    result = here.run(SUBJECT, **DECLARED, ready_timeout=seconds, timeout=60, retries=3)
    assert result["failed"]
    assert seconds <= clock.now - begun <= seconds + 1.1


def test_it_does_not_wait_unless_told(waits: list[float]) -> None:
    here = Sandboxed("18.9")
    here.faults({**STARTING["503"], "times": 0})
    result = here.run(SUBJECT, **DECLARED, retries=0)
    assert (result["failure"]["code"], waits) == (http_messages.TRY_LATER.code, [])


def test_a_wrong_token_is_not_waited_for(waits: list[float]) -> None:
    here = Sandboxed("18.9")
    result = here.run(SUBJECT, api_token=credentials.EXPIRED_TOKEN, ready_timeout=600)
    assert (result["failure"]["code"], waits) == (messages.TOKEN_REFUSED.code, [])

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write every task's result as a line of JSON, with the requests that it sent to its GitLab."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Write results as JSON lines, with the requests that each task sent
description: For tests. The sandbox of a host is in its variable C(sandbox).
"""


class CallbackModule(CallbackBase):
    """Records results beside whatever shows them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._file = open(os.environ["RECORD_FILE"], "a", encoding="utf-8")  # noqa: SIM115
        self._play = ""
        self._seen: dict[str, int] = {}

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Remember the play. Unless it follows at once, GitLab's caches have ended before it."""
        self._play = play.get_name()
        if "RECORD_AT_ONCE" not in os.environ:
            for sandbox in self._seen:
                self._wait(sandbox)

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record it."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record it."""
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record it."""
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record it."""
        self._record("skipped", result)

    def _record(self, status: str, result: Any) -> None:
        host, task = result._host, result._task
        line = {
            "host": host.name,
            "play": self._play,
            "task": task.name,
            "action": task.action,
            "status": status,
            "values": result._result,
            "requests": [] if status == "skipped" else self._requests(host.vars.get("sandbox")),
        }
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()

    def _requests(self, sandbox: str | None) -> list[Any]:
        """Return what was asked since the last task of this instance."""
        if not sandbox:
            return []
        requests = self._journal(str(sandbox))
        seen = self._seen.get(sandbox, 0)
        self._seen[sandbox] = len(requests)
        return list(requests[seen:])

    @staticmethod
    def _wait(sandbox: str) -> None:
        connection = http.client.HTTPConnection(sandbox, timeout=30)
        # One that refuses, as a fault, has nothing that a test would look for.
        with contextlib.suppress(OSError):
            connection.request("POST", "/_sandbox/wait", json.dumps({"seconds": 60}))
            connection.getresponse().read()
        connection.close()

    @staticmethod
    def _journal(sandbox: str) -> list[Any]:
        connection = http.client.HTTPConnection(sandbox, timeout=30)
        until = time.monotonic() + 30
        while True:
            try:
                connection.request("GET", "/_sandbox/journal")
                return list(json.loads(connection.getresponse().read())["requests"])
            except ConnectionRefusedError:
                # One of the faults: it answers again after some seconds.
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            finally:
                connection.close()

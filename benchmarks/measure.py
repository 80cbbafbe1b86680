# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one `ansible-playbook` and measure its cost, with all its child processes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """The cost of one run."""

    wall: float
    cpu: float
    # Of the largest process.
    peak_mib: float
    requests: int = 0
    writes: int = 0
    # Of the server that was asked; not part of `cpu`.
    server_cpu: float = 0.0


def run(
    command: Sequence[str], folder: pathlib.Path, environment: Mapping[str, str]
) -> tuple[Cost, int, str]:
    """Run to the end; return what it took, the exit code and the output."""
    output = folder / "output"
    with output.open("wb") as sink:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        # Resource usage of the process and of all its descendants that have been waited for.
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return cost, process.returncode, output.read_text("utf-8", "replace")


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a running process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run make targets side by side, and say at the end how each went.

    python -m tools.stages lint-python unit integration

Each target's output goes to .cache/log/TARGET.log and is shown when the target fails. The closing
lines of the test runners are repeated in the summary, so that "passed" comes with a number.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import subprocess
import sys
import time
from typing import NamedTuple

from tools.collection import CACHE

LOGS = CACHE / "log"
# Two at a time suits two cores, although the test stages use two processes each: they also wait.
SLOTS = 2
CLOSING = re.compile(
    r"=+ (?:.* in [\d.]+s.*|no tests ran.*) =+"
    r"|\d+ sanity tests passed"
    r"|INFO +Molecule executed .*"
)
PASSED = re.compile(r"\b\d+ (?:(?:sanity tests )?passed|successful)")


class Result(NamedTuple):
    """How a stage went: `fault` is empty when it passed."""

    stage: str
    fault: str
    seconds: float
    closing: str


def find_fault(stage: str, returncode: int, closing: str) -> str:
    """Return why a stage is red, or nothing."""
    if returncode:
        return f"exit code {returncode}"
    # All that test have to say how many tests ran: one that dies early may exit with 0.
    tests = closing.splitlines() or [""]
    if not stage.startswith(("lint-", "docs")) and not all(map(PASSED.search, tests)):
        return "it ran no test"
    if os.environ.get("CI") and re.search(r"\b\d+ (?:skipped|deselected)", closing):
        return "it left tests out, which CI must not"
    return ""


def run(stage: str) -> Result:
    """Run one target, and report it as soon as it ends."""
    # The outer make's flags would ask the inner one to share its job slots.
    environment = {name: value for name, value in os.environ.items() if "MAKEFLAGS" not in name}
    environment.pop("FORCE_COLOR", None)
    environment["NO_COLOR"] = "1"
    log = LOGS / f"{stage}.log"
    started = time.monotonic()
    with log.open("wb") as output:
        returncode = subprocess.run(
            [os.environ.get("MAKE", "make"), "--no-print-directory", stage],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    seconds = time.monotonic() - started
    text = log.read_text(encoding="utf-8", errors="replace")
    closing = "\n".join(line for line in text.splitlines() if CLOSING.fullmatch(line))
    result = Result(stage, find_fault(stage, returncode, closing), seconds, closing)
    if result.fault:
        print(f"\n----- {stage}: {result.fault} -----\n{text}----- end of {stage} -----\n")
    print(f"{'FAILED' if result.fault else 'ok':<7} {stage:<18} {seconds:5.1f} s", flush=True)
    return result


def main(stages: list[str]) -> None:
    """Run the stages, in their order, `SLOTS` at a time."""
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        results = list(pool.map(run, stages))
    for result in results:
        if result.closing:
            print(f"\n{result.stage}:\n{result.closing}")
    red = [f"{result.stage} ({result.fault})" for result in results if result.fault]
    total = time.monotonic() - started
    print(f"\n{len(results) - len(red)} of {len(results)} stages passed in {total:.0f} s.")
    if red:
        sys.exit(f"Red: {', '.join(red)}. Logs: .cache/log/")


if __name__ == "__main__":
    main(sys.argv[1:])

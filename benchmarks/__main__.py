# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures: `make bench`, or with fewer sizes `make bench ARGS=--quick`.

Prints tables, and writes .cache/bench/results.json. The cases of one size take turns, so that a
machine that slows down slows all of them. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import content, report
from benchmarks.cases import Bench, Size
from benchmarks.measure import Cost
from benchmarks.servers import Peer, Sandbox

FLOORS = ["floor", "floor-role"]
ALL = ["empty", *FLOORS, "action", "module", "uri-always", "uri", "uri-once", "peer", "peer-each"]
USUAL = [*FLOORS, "action", "module", "uri"]
# What the goals are about runs as often as asked for, however long that takes.
QUICKEST = [*FLOORS, "action"]
SLOW = 0.05

Costs = dict[str, list[Cost]]
Plan = list[tuple[Size, list[str]]]
GROUPS: dict[str, Plan] = {
    "instances": [(Size(1), ALL), (Size(10), USUAL), (Size(50), USUAL), (Size(100), USUAL)],
    "models": [(Size(models=number), [*USUAL, "peer"]) for number in (1, 50)],
    "change": [
        *((Size(models=number, change=True), [*USUAL, "peer"]) for number in (1, 10, 50)),
        (Size(10, change=True), USUAL),
        (Size(100, change=True), [*FLOORS, "action"]),
    ],
    "latency": [
        (Size(latency=SLOW), [*USUAL, "peer"]),
        (Size(change=True, latency=SLOW), [*USUAL, "peer"]),
        (Size(10, latency=SLOW), USUAL),
        (Size(100, latency=SLOW), ["floor", "action"]),
    ],
}
QUICK: Plan = [
    (Size(1), ["empty", *USUAL, "uri-once", "peer"]),
    (Size(10), [*FLOORS, "action"]),
    (Size(change=True), [*FLOORS, "action", "peer"]),
]


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS='...'", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few sizes, three runs")
    parser.add_argument("--group", action="append", choices=GROUPS, help="may be repeated")
    parser.add_argument("--runs", type=int, help="of each case (5; with --quick 3)")
    parser.add_argument(
        "--patience",
        type=float,
        help="seconds for a slow case at one size; then it is not run again (60; with --quick 15)",
    )
    return parser.parse_args()


def progress(text: str) -> None:
    """Show what is going on, to a person."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(bench: Bench, size: Size, cases: list[str], runs: int, patience: float) -> Costs:
    """Run the cases of one size in turns."""
    costs: Costs = {case: [] for case in cases}
    for number in range(runs):
        for case in cases:
            if case in QUICKEST or sum(run.wall for run in costs[case]) < patience:
                progress(f"{size}: {case}, run {number + 1}")
                costs[case].append(bench.run(case, size)[0])
    progress("")
    return costs


def main() -> None:
    """Measure, print and write."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = QUICK
    if options.group or not options.quick:
        plan = [step for name in options.group or GROUPS for step in GROUPS[name]]
    runs = options.runs or (3 if options.quick else 5)
    patience = options.patience or (15.0 if options.quick else 60.0)
    about = report.machine()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    started = time.monotonic()
    content.copy()
    content.peer_environment()
    sandbox = Sandbox(max(size.instances for size, _cases in plan))
    peer = Peer()
    results: report.Results = {}
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=content.WORK) as folder:
            bench = Bench(sandbox, peer, Path(folder), {})
            bench.look_at_role()
            for size, cases in plan:
                results[size] = measure(bench, size, cases, runs, patience)
                print(f"\n{report.table(size, results[size])}", flush=True)
    finally:
        sandbox.stop()
        peer.stop()
    target = content.WORK / "results.json"
    target.write_text(json.dumps(report.data(results, about), indent=1))
    print(f"\n{report.summary(results)}")
    print(f"\nTook {time.monotonic() - started:.0f} s. All figures: {target}")


if __name__ == "__main__":
    main()

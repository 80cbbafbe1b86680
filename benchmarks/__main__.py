# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the benchmarks: `make bench`, or with fewer sizes `make bench ARGS=--quick`.

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
from benchmarks.cases import LATENCY, Bench, Size
from benchmarks.measure import Cost
from benchmarks.servers import Sandbox

Costs = dict[str, list[Cost]]
Plan = list[tuple[Size, list[str]]]
FEW = ["bare", "get", "action"]
# Cases that goals depend on are always repeated as often as requested, however long that takes.
QUICKEST = FEW
GROUPS: dict[str, Plan] = {
    name: [
        (Size(latency=latency), ["empty", *FEW, "module", "uri"]),
        (Size(10, latency=latency), [*FEW, "uri"]),
        (Size(100, latency=latency), [*FEW, "uri"]),
    ]
    for name, latency in (("latency", LATENCY), ("no-latency", 0.0))
}
GROUPS["change"] = [
    (Size(number, change=True, beta=True, latency=LATENCY), ["action"]) for number in (1, 10, 100)
]
GROUPS["seats"] = [
    (Size(users=1000, change=change, latency=LATENCY), ["action"]) for change in (False, True)
]
QUICK: Plan = [
    (Size(latency=LATENCY), [*FEW, "uri"]),
    (Size(change=True, beta=True, latency=LATENCY), ["action"]),
]


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS='...'", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few sizes, three runs")
    parser.add_argument("--group", action="append", choices=GROUPS, help="may be repeated")
    parser.add_argument("--runs", type=int, help="of each case (7; with --quick 3)")
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
    runs = options.runs or (3 if options.quick else 7)
    patience = options.patience or (15.0 if options.quick else 60.0)
    about = report.machine()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    started = time.monotonic()
    content.copy()
    sandbox = Sandbox(max(size.instances for size, _cases in plan))
    results: report.Results = {}
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=content.WORK) as folder:
            bench = Bench(sandbox, Path(folder))
            # Warm up, so that no case pays for compiling.
            bench.run("action", Size())
            for size, cases in plan:
                results[size] = measure(bench, size, cases, runs, patience)
                print(f"\n{report.table(size, results[size])}", flush=True)
    finally:
        sandbox.stop()
    target = content.WORK / "results.json"
    target.write_text(json.dumps(report.data(results, about), indent=1))
    print(f"\n{report.summary(results)}")
    print(f"\nTook {time.monotonic() - started:.0f} s. All figures: {target}")


if __name__ == "__main__":
    main()

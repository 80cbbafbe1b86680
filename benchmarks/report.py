# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as tables for people and as JSON. Nothing here passes or fails."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import pathlib
import platform
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks import content
from benchmarks.cases import TITLES, Size
from benchmarks.measure import Cost

Json = dict[str, Any]
Results = dict[Size, dict[str, list[Cost]]]
Measure = Callable[[Cost], float]

COLUMNS = ("case", "runs", "wall s", "min", "CPU s", "min", "MiB", "requests", "server CPU s")


def wall(cost: Cost) -> float:
    """Return the seconds on the clock."""
    return cost.wall


def cpu(cost: Cost) -> float:
    """Return the seconds of CPU, of the process and all below it."""
    return cost.cpu


def peak(cost: Cost) -> float:
    """Return the memory of the largest process."""
    return cost.peak_mib


def machine() -> Json:
    """Return what the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    names = [
        line.partition(":")[2].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    inside = list(map(str, content.user_environment().glob("lib/*/site-packages")))
    versions = {
        name: found.version
        for name in ("ansible-core", "pydantic", "requests")
        for found in importlib.metadata.distributions(name=name, path=inside)
    }
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
        **versions,
        "load_at_start": [round(number, 1) for number in os.getloadavg()],
    }


def table(size: Size, costs: dict[str, list[Cost]]) -> str:
    """Return the figures of one size."""
    rows: list[Sequence[str]] = [COLUMNS]
    for case, runs in costs.items():
        last = runs[-1]
        rows.append(
            (
                TITLES[case],
                str(len(runs)),
                f"{median(map(wall, runs)):.2f}",
                f"{min(map(wall, runs)):.2f}",
                f"{median(map(cpu, runs)):.2f}",
                f"{min(map(cpu, runs)):.2f}",
                f"{median(map(peak, runs)):.0f}",
                f"{last.requests}" + (f" ({last.writes} write)" if last.writes else ""),
                f"{median(run.server_cpu for run in runs):.2f}",
            )
        )
    return f"{size}\n{align(rows)}"


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def ratio(over: list[Cost], under: list[Cost], measure: Measure) -> float:
    """Return the median of the ratios of runs of the same round."""
    return median(measure(one) / measure(other) for one, other in zip(over, under, strict=False))


def goals(results: Results) -> Iterator[Json]:
    """Yield each goal that these results can judge: what was wanted, and what was found."""

    def compare(
        text: str, instances: int, cases: tuple[str, str], measure: Measure, limit: str
    ) -> Iterator[Json]:
        costs = results.get(Size(instances=instances), {})
        if all(case in costs for case in cases):
            over, under = (costs[case] for case in cases)
            yield verdict(text, ratio(over, under, measure), limit)

    for instances, limit in ((1, "<= 1.5"), (50, "<= 2")):
        for name, measure in (("wall", wall), ("CPU", cpu)):
            for floor, short in (("floor", "a1"), ("floor-role", "a2")):
                text = f"{instances} instance{'s' * (instances > 1)}: {name} of (b) / ({short})"
                yield from compare(text, instances, ("action", floor), measure, limit)
    for case, short in (("uri", "d"), ("uri-always", "d0"), ("uri-once", "d2")):
        for name, measure in (("wall", wall), ("CPU", cpu)):
            text = f"1 instance: {name} of ({short}) / (b)"
            yield from compare(text, 1, (case, "action"), measure, ">= 5")
    yield from compare("100 instances: CPU of (c) / (b)", 100, ("module", "action"), cpu, ">= 8")
    for floor, short in (("floor", "a1"), ("floor-role", "a2")):
        text = f"100 instances: peak memory of (b) / ({short})"
        yield from compare(text, 100, ("action", floor), peak, "<= 1.5")
    ten, hundred = (results.get(Size(instances=it), {}).get("action") for it in (10, 100))
    if ten and hundred:
        for name, measure in (("wall", wall), ("CPU", cpu)):
            found = median(map(measure, hundred)) / median(map(measure, ten))
            yield verdict(f"(b): {name} of 100 instances / of 10", found, "<= 11")


def verdict(text: str, found: float, limit: str) -> Json:
    """Return a goal with what was found."""
    sign, number = limit.split()
    reached = found <= float(number) if sign == "<=" else found >= float(number)
    return {"goal": text, "limit": limit, "found": round(found, 2), "reached": reached}


def growth(results: Results) -> Iterator[Json]:
    """Yield what each further instance or model costs, from one size to the next."""
    for what in ("instances", "models"):
        for size, costs in results.items():
            larger = [
                other
                for other in results
                if getattr(other, what) > getattr(size, what)
                and dataclasses.replace(size, **{what: getattr(other, what)}) == other
            ]
            if not larger:
                continue
            other = min(larger, key=lambda it: getattr(it, what))
            for case in costs.keys() & results[other].keys():
                more = getattr(other, what) - getattr(size, what)
                seconds = median(map(cpu, results[other][case])) - median(map(cpu, costs[case]))
                yield {
                    "case": case,
                    "from": str(size),
                    "what": what,
                    "to": getattr(other, what),
                    "cpu_ms_each": round(1000 * seconds / more, 1),
                }


def summary(results: Results) -> str:
    """Return goals and growth as tables."""
    rows = [("goal", "limit", "found", "")]
    for goal in goals(results):
        reached = "reached" if goal["reached"] else "NOT reached"
        rows.append((goal["goal"], goal["limit"], f"{goal['found']:.2f}", reached))
    steps: list[tuple[str, ...]] = [("each further one costs, ms of CPU", "to", "case", "ms")]
    for step in sorted(growth(results), key=lambda it: (it["what"], it["from"], it["case"])):
        start = f"{step['what'][:-1]}, from {step['from']}"
        steps.append((start, str(step["to"]), step["case"], f"{step['cpu_ms_each']:.1f}"))
    busiest = max(
        (run.server_cpu / run.wall, str(size), case)
        for size, costs in results.items()
        for case, runs in costs.items()
        for run in runs
    )
    share = (
        f"The server was busiest with {busiest[2]} ({busiest[1]}): {busiest[0]:.0%} of one core."
    )
    # Some groups judge no goal, or have one size of each.
    tables = [align(table) for table in (rows, steps) if len(table) > 1]
    return "\n\n".join([*tables, share])


def data(results: Results, about: Json) -> Json:
    """Return everything as JSON."""
    return {
        "machine": about,
        "results": [
            {
                **dataclasses.asdict(size),
                "case": case,
                "title": TITLES[case],
                "runs": [dataclasses.asdict(run) for run in runs],
            }
            for size, costs in results.items()
            for case, runs in costs.items()
        ],
        "goals": list(goals(results)),
        "growth": list(growth(results)),
    }

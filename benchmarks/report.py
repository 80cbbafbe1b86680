# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Present the measurements as tables for people and as JSON. Nothing here passes or fails."""

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
from benchmarks.cases import LATENCY, TITLES, Size
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
    """Return the facts about the machine that the figures depend on."""
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
    """Yield each goal that these results can judge: the limit and the measured value."""

    def compare(
        text: str, size: Size, cases: tuple[str, str], measure: Measure, limit: str
    ) -> Iterator[Json]:
        costs = results.get(size, {})
        if all(costs.get(case) for case in cases):
            over, under = (costs[case] for case in cases)
            yield verdict(text, ratio(over, under, measure), limit)

    def requests(text: str, size: Size, limit: str) -> Iterator[Json]:
        if runs := results.get(size, {}).get("action"):
            yield verdict(text, runs[-1].requests, limit)

    one, hundred = Size(latency=LATENCY), Size(100, latency=LATENCY)
    first = Size(change=True, beta=True, latency=LATENCY)
    text = "nothing to change, 1 instance: wall time, the role / one uri task"
    yield from compare(text, one, ("action", "get"), wall, "<= 1")
    yield from requests("nothing to change: requests", one, "<= 2")
    text = "nothing to change, 100 instances: CPU, the role / one bare task"
    yield from compare(text, hundred, ("action", "bare"), cpu, "<= 4")
    text = "nothing to change, 100 instances: CPU, uri by hand / the role"
    yield from compare(text, hundred, ("uri", "action"), cpu, ">= 12")
    yield from requests("first configuration, with beta features: requests", first, "<= 16")
    ten, many = (
        results.get(dataclasses.replace(first, instances=it), {}).get("action") for it in (10, 100)
    )
    if ten and many:
        found = median(map(wall, many)) / median(map(wall, ten))
        yield verdict("first configuration: wall time of 100 instances / of 10", found, "<= 10")


def verdict(text: str, found: float, limit: str) -> Json:
    """Return a goal with what was found."""
    sign, number = limit.split()
    reached = found <= float(number) if sign == "<=" else found >= float(number)
    return {"goal": text, "limit": limit, "found": round(found, 2), "reached": reached}


def summary(results: Results) -> str:
    """Return the goals as a table."""
    rows = [("goal", "limit", "found", "")]
    for goal in goals(results):
        reached = "reached" if goal["reached"] else "NOT reached"
        rows.append((goal["goal"], goal["limit"], f"{goal['found']:.2f}", reached))
    busiest = max(
        (run.server_cpu / run.wall, str(size), case)
        for size, costs in results.items()
        for case, runs in costs.items()
        for run in runs
    )
    share = (
        f"The server was busiest with {busiest[2]} ({busiest[1]}): {busiest[0]:.0%} of one core."
    )
    # Some groups judge no goal.
    return "\n\n".join([align(rows), share] if rows[1:] else [share])


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
    }

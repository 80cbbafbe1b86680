# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as metrics, for the textfile collector of Prometheus' node exporter.

That collector reads Prometheus' own text format and nothing else; scrapers and other tools may read
OpenMetrics. What is written here is both: gauges alone, without timestamps, each family in one
piece, and the end marked as OpenMetrics wants it, which is a comment to Prometheus.

What is not known has no sample: an alert on it then cannot be silent for the wrong reason, because
the state of the instance has one in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    CHANGED,
    FAILED,
    IN_SYNC,
    STATES,
    WOULD_CHANGE,
    Cell,
    Instance,
    Report,
)

# Not "instance": Prometheus has that label for whom it asks.
_WHO = "gitlab"
# Metric -> what it means.
METRICS = {
    "gitlab_duo_run_timestamp_seconds": "When the latest run of this report ended.",
    "gitlab_duo_instance_info": "A GitLab of the report, with address, release and plan. Always 1.",
    "gitlab_duo_instance_state": "Whether the GitLab is in this state: 1 for one state, else 0.",
    "gitlab_duo_instance_seen_timestamp_seconds": "When the GitLab last gave a result.",
    "gitlab_duo_differences": "Settings that differ from what is declared.",
    "gitlab_duo_leaving_features": "Features whose requests leave the site.",
    "gitlab_duo_healthy": "Whether all health checks that count passed: 1 or 0.",
    "gitlab_duo_seats_purchased": "Seats of an add-on that were bought.",
    "gitlab_duo_seats_assigned": "Seats of an add-on that users have.",
    "gitlab_duo_license_expiry_timestamp_seconds": "When the licence ends.",
    "gitlab_duo_token_expiry_timestamp_seconds": "When the token of the run ends.",
}


class _Sample(NamedTuple):
    metric: str
    value: int
    labels: dict[str, str]


def metrics(report: Report) -> str:
    """Return the report as text that is Prometheus' format and OpenMetrics at once."""
    samples = [*_of_runs(report)]
    for instance in report.instances:
        samples += _of_instance(instance)
    lines = []
    for metric, meaning in METRICS.items():
        # Twice the same labels would make the whole file unreadable.
        found = {_labels(it.labels): it.value for it in samples if it.metric == metric}
        if found:
            lines += [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge"]
            lines += [f"{metric}{labels} {value}" for labels, value in found.items()]
    return "\n".join([*lines, "# EOF", ""])


def _of_runs(report: Report) -> Iterator[_Sample]:
    ends = [end for run in report.runs if (end := _seconds(run.finished)) is not None]
    if ends:
        yield _Sample("gitlab_duo_run_timestamp_seconds", max(ends), {})


def _of_instance(instance: Instance) -> Iterator[_Sample]:
    who = {_WHO: instance.name}
    plan = str(instance.license.get("plan") or "")
    facts = {**who, "url": instance.url, "version": instance.version, "plan": plan}
    yield _Sample("gitlab_duo_instance_info", 1, facts)
    for state in STATES:
        labels = {**who, "state": state}
        yield _Sample("gitlab_duo_instance_state", int(instance.state == state), labels)
    for subject, cell in instance.cells.items():
        # A health check passes or fails; it has no declared state to differ from.
        if subject != "health" and (count := _differences(cell)) is not None:
            yield _Sample("gitlab_duo_differences", count, {**who, "subject": subject})
    features = instance.cells.get("features", Cell())
    if features.goes:
        yield _Sample("gitlab_duo_leaving_features", len(features.leaves), who)
    health = instance.cells.get("health", Cell()).state
    if health in (IN_SYNC, FAILED):
        yield _Sample("gitlab_duo_healthy", int(health == IN_SYNC), who)
    for it in instance.seats:
        labels = {**who, "add_on": it.add_on}
        yield _Sample("gitlab_duo_seats_purchased", it.purchased, labels)
        yield _Sample("gitlab_duo_seats_assigned", it.assigned, labels)
    for metric, text in (
        ("gitlab_duo_instance_seen_timestamp_seconds", instance.seen),
        ("gitlab_duo_license_expiry_timestamp_seconds", str(instance.license.get("expires_at"))),
        ("gitlab_duo_token_expiry_timestamp_seconds", instance.token_expires_at),
    ):
        if (moment := _seconds(text)) is not None:
            yield _Sample(metric, moment, who)


def _differences(cell: Cell) -> int | None:
    """Return how many settings differ at the end of the run; None if that is not known."""
    if cell.state in (IN_SYNC, CHANGED):
        return 0
    if cell.state == WOULD_CHANGE:
        return sum(len(it.values) for it in cell.changes) or len(cell.steps) or 1
    return None


def _seconds(text: str) -> int | None:
    """Return a time or a day (ISO 8601, UTC where it does not say) as seconds since 1970."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        return None


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

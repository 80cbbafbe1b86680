# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics, as the parsers of prometheus-client read them: OpenMetrics, and Prometheus' text."""

from __future__ import annotations

import os
import pathlib
import re
from datetime import datetime, timezone
from typing import Any

import fleet
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import Report
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_metrics import (
    METRICS,
    metrics,
)

ROOT = pathlib.Path(__file__).resolve().parents[3]

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(report: Report, parser: Any = openmetrics) -> Samples:
    """Return what a parser reads: (metric, labels) -> value, each of them once."""
    read = [it for family in parser(metrics(report)) for it in family.samples]
    found = {(it.name, frozenset(it.labels.items())): it.value for it in read}
    assert len(found) == len(read)
    return found


def of(found: Samples, metric: str, **labels: str) -> dict[str, float]:
    """Return the values of a metric, by the one label that is not asked for."""
    wanted = set(labels.items())
    return {
        ",".join(value for _name, value in sorted(about - wanted)): value
        for (name, about), value in found.items()
        if name == metric and wanted <= about
    }


def day(text: str) -> float:
    """Return a day as seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


FULL = fleet.seen(
    license={"plan": "ultimate", "type": "online_cloud", "expires_at": "2027-03-01"},
    seats=[
        {"add_on": "duo_enterprise", "purchased": 20, "assigned": 12},
        {"add_on": "duo_pro", "purchased": 0, "assigned": 0},
    ],
    token={"expires_at": "2026-12-24"},
    features=[
        {"feature": "duo_chat", "provider": "vendored"},
        {"feature": "code_completions", "provider": "self_hosted", "model": "codestral"},
    ],
)


def test_what_an_audit_found() -> None:
    report = fleet.one(
        ("duo_preflight", FULL),
        ("duo_gateway", fleet.differs("gateway", "", "x")),
        ("duo_health", {"changed": False, "checks": [{"name": "probe", "success": True}]}),
    )
    found = samples(report)
    assert of(found, "gitlab_duo_run_timestamp_seconds") == {"": day("2026-11-23T10:05:00")}
    assert of(found, "gitlab_duo_instance_info") == {
        "site,ultimate,https://gitlab.example.com,18.9.2": 1
    }
    state = of(found, "gitlab_duo_instance_state", gitlab="site")
    assert {name for name, value in state.items() if value} == {"would_change"}
    assert set(state.values()) == {0, 1}
    assert of(found, "gitlab_duo_differences", gitlab="site") == {
        **{"gateway": 1, "models": 0, "beta_features": 0, "features": 0}
    }
    for metric, value in (
        ("gitlab_duo_instance_seen_timestamp_seconds", day("2026-11-23T10:01:00")),
        ("gitlab_duo_leaving_features", 1),
        ("gitlab_duo_healthy", 1),
        ("gitlab_duo_license_expiry_timestamp_seconds", day("2027-03-01")),
        ("gitlab_duo_token_expiry_timestamp_seconds", day("2026-12-24")),
    ):
        assert of(found, metric) == {"site": value}, metric
    for metric, enterprise in (("purchased", 20), ("assigned", 12)):
        seats = of(found, f"gitlab_duo_seats_{metric}", gitlab="site")
        assert seats == {"duo_enterprise": enterprise, "duo_pro": 0}
    # Each metric that there is was looked at.
    assert {name for name, _labels in found} == set(METRICS)


def test_what_is_not_known_has_no_sample() -> None:
    report = fleet.one(("duo_preflight", fleet.failure("token-refused", "No.")))
    assert {name for name, _labels in samples(report)} == {
        *("gitlab_duo_run_timestamp_seconds", "gitlab_duo_instance_info"),
        *("gitlab_duo_instance_state", "gitlab_duo_instance_seen_timestamp_seconds"),
    }
    never = fleet.Collector()
    never.expect(["later"])
    fleet.add(never, "site", "duo_preflight", {"changed": False, "license": {"expires_at": "soon"}})
    found = samples(never.report(fleet.TITLE, fleet.RUN))
    assert of(found, "gitlab_duo_instance_state", state="not_tried") == {"later": 1, "site": 0}
    assert set(of(found, "gitlab_duo_instance_seen_timestamp_seconds")) == {"site"}
    assert of(found, "gitlab_duo_license_expiry_timestamp_seconds") == {}


def test_changes_that_were_made_are_no_differences_any_more() -> None:
    gateway = ("duo_gateway", fleet.differs("gateway", "", "x"))
    found = samples(fleet.one(gateway, check_mode=False))
    assert of(found, "gitlab_duo_differences") == {"site,gateway": 0}
    failed = {"failed": True, "failure": {"code": "health-finding", "what": "One failed."}}
    assert of(samples(fleet.one(("duo_health", failed))), "gitlab_duo_healthy") == {"site": 0}


def test_both_formats_read_the_same_of_hostile_names() -> None:
    report = fleet.many(30, fleet.HOSTILE)
    for number, instance in enumerate(report.instances):
        instance.name = f'{number}\\n\n"{fleet.HOSTILE}'
        instance.url = instance.url and f"https://{fleet.HOSTILE}"
    found = samples(report)
    assert found == samples(report, prometheus)
    names = {dict(labels).get("gitlab") for _name, labels in found}
    assert names == {it.name for it in report.instances} | {None}


def test_an_instance_that_is_there_twice_leaves_the_file_readable() -> None:
    report = fleet.one(("duo_preflight", FULL))
    report.instances *= 2
    assert of(samples(report), "gitlab_duo_leaving_features") == {"site": 1}


def test_names_keep_to_the_conventions() -> None:
    """Those that Prometheus publishes, and what node exporter's collector refuses."""
    text = metrics(fleet.one(("duo_preflight", FULL)))
    types = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    # Other types have other names in the two formats; "total" is for counters.
    assert {kind for _name, kind in types} == {"gauge"}
    for name, _kind in types:
        assert re.fullmatch(r"gitlab_duo(_[a-z]+)+", name)
        assert not name.endswith("_total")
        assert ("timestamp" in name) == name.endswith("_timestamp_seconds")
    labels = set(re.findall(r'[{,](\w+)="', text))
    # Prometheus would rename these, for it has them itself.
    assert labels.isdisjoint({"instance", "job"})
    # No sample has a timestamp.
    assert re.fullmatch(r"(#.*\n|gitlab_duo_\w+(\{.*\})? \d+\n)*", text)
    assert text.endswith("\n# EOF\n")


def test_the_page_of_the_documentation_knows_each_metric_and_no_other() -> None:
    """Its table, and the rules of its alerts."""
    page = (ROOT / "docs/monitoring.md").read_text("utf-8")
    table, rules = page.partition("## Alerts")[::2]
    assert set(re.findall(r"`(gitlab_duo_\w+)`", table)) == set(METRICS)
    rule = r"gitlab_duo_\w*\((\w+)\|(\w+)\)(_\w+)"
    (one, other, end), *_none = re.findall(rule, rules)
    named = set(re.findall(r"\b(gitlab_duo_\w+)\b(?!\(|\.)", re.sub(rule, "", rules)))
    named |= {f"gitlab_duo_{one}{end}", f"gitlab_duo_{other}{end}"}
    assert named <= set(METRICS)


def test_a_reader_never_sees_half_a_file(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector reads what ends in .prom, whenever it likes."""
    seen = []

    def watched(source: str, target: str) -> None:
        seen.append([it.name for it in tmp_path.glob("*.prom")])
        assert pathlib.Path(source).read_text("utf-8").endswith("# EOF\n")
        rename(source, target)

    rename = os.replace
    monkeypatch.setattr(os, "replace", watched)
    for _run in range(2):
        (path,) = _report_files.write(fleet.many(3), str(tmp_path), ["metrics"])
    assert seen == [[], ["gitlab_duo.prom"]]
    assert pathlib.Path(path).name == "gitlab_duo.prom"
    assert os.listdir(tmp_path) == ["gitlab_duo.prom"]

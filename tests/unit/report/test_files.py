# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats: complete, and safe with hostile texts; the browser's part is in tests/browser."""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import fleet
import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import (
    _report_files,
    _report_json,
    _report_result,
)
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    OCCASIONAL,
    SUBJECTS,
    Report,
)

ALL = ("html", "json", "markdown", "junit", "metrics")


class Elements(HTMLParser):
    """Counts elements and collects attributes as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", ALL)
def test_every_instance_is_in_every_format(name: str) -> None:
    content = _report_files.FORMATS[name](fleet.many(30))
    assert all(f"site-{number:03}" in content for number in range(30))
    assert "later" in content


def test_seats_are_on_the_page() -> None:
    seats = [{"add_on": "duo_enterprise", "purchased": 20, "assigned": 12}]
    page = _report_files.html(fleet.one(("duo_preflight", fleet.seen(seats=seats))))
    assert "<dt>duo_enterprise</dt><dd>12 of 20 assigned</dd>" in page


def test_settings_and_seats_have_columns_where_a_run_is_about_them() -> None:
    assert "Settings: </span>" not in _report_files.html(fleet.one(("duo_preflight", fleet.seen())))
    settings = {"availability": "default_off", "duo_core": None}
    report = fleet.one(
        ("duo_settings", fleet.differs("setting", "default_on", "default_off", settings=settings)),
        ("duo_seats", fleet.differs("seat", False, True, "ada")),
    )
    page = _report_files.html(report)
    for title in ("Settings", "Seats"):
        assert f'{title}: </span><span class="mark would_change">would change</span>' in page
    assert "<dt>availability</dt><dd>default_off</dd>" in page


def test_the_style_has_room_for_every_subject() -> None:
    style = (_report_files.TEMPLATES / "report.css").read_text("utf-8")
    fewest = len(SUBJECTS) - len(OCCASIONAL)
    for count in range(fewest, len(SUBJECTS) + 1):
        assert f".columns-{count} {{ --count: {count}; }}" in style


def test_hostile_texts_stay_texts_on_the_page() -> None:
    calm = Elements(_report_files.html(fleet.many(30, "calm")))
    hostile = Elements(_report_files.html(fleet.many(30, fleet.HOSTILE)))
    tags = [[tag for tag, _attributes in page.seen] for page in (calm, hostile)]
    assert tags[0] == tags[1]
    assert "img" not in tags[1]
    for _tag, attributes in hostile.seen:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        link = attributes.get("href", "data:,")
        assert link == "data:,"


def test_the_page_allows_its_own_style_and_script_alone() -> None:
    page = Elements(_report_files.html(fleet.many(1)))
    (policy,) = [it["content"] for tag, it in page.seen if "http-equiv" in it]
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind in ("style-src", "script-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules[kind])
    assert not [tag for tag, it in page.seen if "src" in it]


def test_hostile_texts_are_code_in_markdown() -> None:
    content = _report_files.markdown(fleet.many(30, fleet.HOSTILE))
    outside = re.sub(r"`[^`\n]*`|<code>[^<\n]*</code>", "", content)
    assert "@all" in content
    for fragment in ("@all", "<img", "onerror", "{{", "7*7"):
        assert fragment not in outside
    lines = content.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = lines[start : lines.index("", start)]
    assert len({line.count("|") for line in table}) == 1
    assert len(table) == 2 + 31


def test_junit_tells_differences_from_errors() -> None:
    report = fleet.many(60, fleet.HOSTILE)
    top = ElementTree.fromstring(_report_files.junit(report))  # noqa: S314  made here
    suites = {suite.get("name"): suite for suite in top}
    assert list(suites) == [it.name for it in report.instances]
    cases = {
        (suite, case.get("name")): [it.tag for it in case]
        for suite, cases in suites.items()
        for case in cases
    }
    assert cases["site-000", "Gateway"] == ["failure"]
    assert cases["site-000", "Models"] == []
    assert cases["site-003", "Instance"] == ["error"]
    assert cases["site-003", "Gateway"] == ["skipped"]
    assert cases["site-007", "Gateway"] == ["error"]
    assert cases["later", "Gateway"] == ["skipped"]
    for kind, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(top.get(total) or 0) == len(top.findall(f".//{kind}"))
    assert int(top.get("tests") or 0) == len(cases)


def test_junit_tells_what_was_changed() -> None:
    report = fleet.one(("duo_gateway", fleet.differs("gateway", "", "x")), check_mode=False)
    top = ElementTree.fromstring(_report_files.junit(report))  # noqa: S314  made here
    (said,) = top.findall(".//testcase[@name='Gateway']/system-out")
    assert said.text == "change AI gateway"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none"),
        ([], "none"),
        ([True, 2], "true, 2"),
        ({"url": None, "n": 1}, "url: none, n: 1"),
    ],
)
def test_values_are_told_as_people_read_them(value: object, said: str) -> None:
    assert _report_result.text(value) == said


def test_json_is_the_report() -> None:
    report = fleet.many(30, fleet.HOSTILE)
    text = _report_json.dump(report)
    content = json.loads(text)
    assert (content["schema"], content["schema_version"]) == ("gitlab_ops.duo.report", 1)
    assert content["summary"]["states"] == report.summary().states
    assert _report_json.load(text, "x.json") == report


def deep(levels: int) -> Any:
    """Return lists and objects inside each other."""
    value: Any = 1
    for _level in range(levels // 2):
        value = [{"x": value}]
    return value


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        (lambda it: it.update(schema="other"), "no-report", "its schema is not"),
        (lambda it: it.update(schema_version=2), "report-version", "schema version 2"),
        (lambda it: it.update(instances={}), "no-report", "report.instances has the wrong type"),
        (lambda it: it["instances"].append(3), "no-report", "report.instances[2] is no object"),
        (lambda it: it["instances"][0].pop("name"), "no-report", "lacks a field"),
        (lambda it: it["instances"][0].update(state="<b>"), "no-report", "unknown state"),
        (lambda it: it["instances"][0]["cells"].update(x={}), "no-report", "unknown state or subj"),
        (lambda it: it["instances"][0]["license"].update(x=deep(50)), "no-report", "too deeply"),
    ],
)
def test_what_is_no_report_is_refused(change: object, code: str, part: str) -> None:
    content = json.loads(_report_json.dump(fleet.many(1)))
    change(content)  # type: ignore[operator]
    with pytest.raises(Failure) as refused:
        _report_json.load(json.dumps(content), "slice.json")
    assert refused.value.code == code
    assert "slice.json" in str(refused.value)
    assert part in str(refused.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(Failure, match=r"slice\.json is not a report .*not JSON"):
        _report_json.load("<html>", "slice.json")


@pytest.mark.parametrize("text", ["[" * 500_000, '{"schema":' * 500_000])
def test_json_that_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(Failure, match=r"slice\.json is not a report .*nested too deeply"):
        _report_json.load(text, "slice.json")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("gz", "it is not text"), ("folder", "Is a directory"), ("missing", "No such file")],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: pathlib.Path, kind: str, reason: str
) -> None:
    path = tmp_path / f"slice.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(b"{}"))
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(Failure) as refused:
        _report_json.read(str(path))
    assert refused.value.code == "no-report"
    assert f"slice.{kind} is not a report of this collection ({reason}" in str(refused.value)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "strange",
    [
        {"cells": {}},
        {"version": "18.\u00b2"},
        {"version": "9" * 5000},
        {"license": {"x": deep(16)}},
    ],
    ids=["no cells", "digits", "long", "deep"],
)
def test_what_is_read_can_be_written(name: str, strange: dict[str, Any]) -> None:
    content = json.loads(_report_json.dump(fleet.many(1)))
    content["instances"][0].update(strange)
    report = _report_json.load(json.dumps(content), "slice.json")
    assert "site-000" in _report_files.FORMATS[name](report)


def test_versions_are_in_their_order() -> None:
    report = fleet.many(3)
    for instance, version in zip(report.instances, ("18.10.1", "18.9.2", "9.5.0", ""), strict=True):
        instance.version = version
    page = _report_files.html(report)
    assert re.findall(r"<option>([\d.]+)</option>", page) == ["9.5", "18.9", "18.10"]


# --- merging -----------------------------------------------------------------------------------
def result(name: str, state: str, when: str) -> Report:
    """Return a report of one instance, in this state at this time (empty: never tried)."""
    collector = fleet.Collector()
    collector.expect([name])
    values = {"would_change": fleet.differs("gateway", 1, 2), "in_sync": {"changed": False}}
    who = name if when else "other"
    fleet.add(collector, who, "duo_gateway", values.get(state, {}), when=when)
    return collector.report(fleet.TITLE, fleet.RUN)


@pytest.mark.parametrize("turned", [False, True])
def test_of_one_instance_the_later_result_counts(turned: bool) -> None:
    slices = [result("site", "would_change", "2026-01-01"), result("site", "in_sync", "2026-01-02")]
    merged = _report_json.merge(slices[::-1] if turned else slices, "All")
    (instance,) = merged.instances
    assert instance.state == "in_sync"
    assert instance.replaces == ["would change, 2026-01-01"]
    assert len(merged.runs) == 2
    assert merged.title == "All"


def test_an_instance_that_was_not_tried_replaces_nothing() -> None:
    tried = result("site", "would_change", "2026-01-01")
    merged = _report_json.merge([tried, result("site", "not_tried", "")], "All")
    assert {it.name: it.state for it in merged.instances}["site"] == "would_change"


def test_slices_add_up() -> None:
    whole = fleet.many(60)
    names = [it.name for it in whole.instances]
    slices = [
        _report_json.Report(whole.title, whole.runs, whole.instances[start::3])
        for start in range(3)
    ]
    merged = _report_json.merge(slices, whole.title)
    assert [it.name for it in merged.instances] == names
    assert merged.summary() == whole.summary()


# --- files -------------------------------------------------------------------------------------
def test_files_are_replaced_and_nothing_else_is_left(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "made" / "here"
    for count in (2, 1):
        paths = _report_files.write(fleet.many(count), str(folder), ALL)
    assert sorted(os.listdir(folder)) == [
        *("gitlab_duo.prom", "junit.xml", "report.html", "report.json", "report.md")
    ]
    assert sorted(paths) == sorted(str(path) for path in folder.iterdir())
    assert "site-001" not in (folder / "report.html").read_text()
    mask = os.umask(0)
    os.umask(mask)
    assert (folder / "report.html").stat().st_mode & 0o777 == 0o666 & ~mask


# --- what is left to do --------------------------------------------------------------------------
def test_the_next_run_is_limited_to_what_is_not_finished() -> None:
    names = _report_files.limit(fleet.many(40)).split("\n")
    assert set(names) == {"site-003", "site-004", "site-007", "site-013", "site-023"} | {
        *("site-027", "site-033", "site-034", "later", "")
    }


def test_each_failure_is_one_line_with_its_next_step() -> None:
    report = fleet.many(8, "GitLab refused it.")
    assert report.failures() == [
        "site-003: GitLab refused it. Mend it.",
        "site-004: self-hosted model GitLab refused it. GitLab refused it. Mend it.",
        "site-007: GitLab refused it. Mend it.",
    ]


@pytest.mark.parametrize("name", ["html", "json", "markdown", "junit"])
def test_where_requests_go_is_in_every_format(name: str) -> None:
    features = [
        {"feature": "duo_chat", "provider": "unassigned"},
        {"feature": "code_completions", "provider": "disabled"},
        {"feature": "code_generations", "provider": "self_hosted", "model": "codestral"},
        {"feature": "summarize_review", "provider": "vendored"},
    ]
    # Something has to be told of the features, or the shorter formats leave them out.
    away = fleet.differs("feature_model", "", "x")
    report = fleet.one(
        ("duo_preflight", fleet.seen(features=features)), ("duo_feature_model", away)
    )
    content = _report_files.FORMATS[name](report).replace("&#39;", "'").replace("&apos;", "'")
    for words in (
        "to the gateway, without a model: fails",
        "nowhere (disabled)",
        "to the model",
        "to GitLab's cloud",
    ):
        assert words in content


def test_a_file_that_is_there_keeps_its_mode(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir(mode=0o711)
    page = folder / "report.html"
    page.touch(mode=0o600)
    _report_files.write(fleet.many(1), str(folder), ["html", "json"])
    assert page.stat().st_size > 0
    assert [it.stat().st_mode & 0o777 for it in (folder, page)] == [0o711, 0o600]
    mask = os.umask(0)
    os.umask(mask)
    assert (folder / "report.json").stat().st_mode & 0o777 == 0o666 & ~mask

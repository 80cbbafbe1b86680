# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JUnit report as a reader that is not ours takes it: elements, attributes and totals."""

from __future__ import annotations

from collections import Counter

import fleet
import junitparser

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files


def test_another_reader_counts_the_same() -> None:
    """What a forge shows of a run is what the file says in total."""
    report = fleet.many(60, fleet.HOSTILE)
    read = junitparser.JUnitXml.fromstring(_report_files.junit(report).encode())
    assert isinstance(read, junitparser.JUnitXml)
    suites = list(read)
    assert [suite.name for suite in suites] == [it.name for it in report.instances]
    said = (read.tests, read.failures, read.errors, read.skipped)
    kinds = Counter(
        type(result).__name__ for suite in suites for case in suite for result in case.result
    )
    cases = sum(1 for suite in suites for _case in suite)
    assert said == (cases, kinds["Failure"], kinds["Error"], kinds["Skipped"])
    assert min(said) > 0
    # The reader adds them up anew, and finds nothing to correct.
    for suite in suites:
        suite.update_statistics()
    read.update_statistics()
    assert (read.tests, read.failures, read.errors, read.skipped) == said


def test_another_reader_finds_who_and_what() -> None:
    report = fleet.one(("duo_gateway", fleet.differs("gateway", "", "x")))
    read = junitparser.JUnitXml.fromstring(_report_files.junit(report).encode())
    (case,) = (case for suite in read for case in suite if case.name == "Gateway")
    assert case.classname == report.instances[0].name
    (problem,) = case.result
    assert isinstance(problem, junitparser.Failure)
    assert problem.message
    assert problem.text.strip()
    assert case.time == 0

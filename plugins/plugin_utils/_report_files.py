# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as files: HTML, JSON, Markdown, JUnit and metrics.

Names and texts come from inventories and from GitLab, and so may be hostile. The page escapes all
of them and names its own style and script by their digests, so that nothing else would run;
Markdown has them as code, where GitLab sees neither markup nor mentions nor quick actions.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import re
import stat
import tempfile
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import (
    _report,
    _report_json,
    _report_metrics,
)
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import Cell, Instance, Report
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_result import text

TEMPLATES = pathlib.Path(__file__).parent / "report_templates"
NAMES = {
    "html": "report.html",
    "json": "report.json",
    "markdown": "report.md",
    "junit": "junit.xml",
    "limit": "unfinished.txt",
    "metrics": "gitlab_duo.prom",
}
# What XML 1.0 has no way to say.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, folder: str, formats: Sequence[str]) -> list[str]:
    """Write the report in these formats; return the paths of the files.

    Each file is replaced at once, so that a reader sees the old one or the new one.

    :raises OSError: the folder or a file cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name in formats:
        path = os.path.join(folder, NAMES[name])
        content = FORMATS[name](report).encode("utf-8", "replace")
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".report-", delete=False) as file:
            file.write(content)
        os.chmod(file.name, _mode(path))
        os.replace(file.name, path)
        paths.append(path)
    return paths


def _mode(path: str) -> int:
    """Return the mode of a file, or that which a new one gets."""
    if os.path.exists(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _template(name: str, **more: Any) -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(text=text, code=_code)
    environment.globals.update(
        {
            name: getattr(_report, name)
            for name in ("STATES", "MEANINGS", "SUBJECTS", "LEAVES_WORDS", "LEAVES_MEANING")
        },
        blank=Cell(),
        note=_note,
        row_text=_row_text,
        destinations=_destinations,
        release=_minor,
        **more,
    )
    return environment.get_template(name)


# --- HTML --------------------------------------------------------------------------------------
def html(report: Report) -> str:
    """Return the report as one page that needs nothing else."""
    style, script = (
        (TEMPLATES / name).read_text("utf-8").strip() for name in ("report.css", "report.js")
    )
    page: str = _template("report.html.j2").render(
        report=report,
        subjects=report.subjects(),
        summary=report.summary(),
        versions=sorted({_minor(it.version) for it in report.instances if it.version}, key=_order),
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
    )
    return page


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def _minor(version: str) -> str:
    """Return the release without its patch, as people name it."""
    return ".".join(version.split(".")[:2])


def _order(version: str) -> list[tuple[bool, str]]:
    # As text of one length: a report from elsewhere may hold digits that int() refuses.
    return [(not part.isdigit(), part.zfill(9)) for part in version.split(".")]


def _note(cell: Cell) -> str:
    """Return the few words beside a state."""
    if cell.causes:
        return f"{len(cell.causes)} causes" if len(cell.causes) > 1 else cell.causes[0].about
    if cell.steps:
        return f"{len(cell.steps)} change{'s' * (len(cell.steps) > 1)}"
    return ""


def _row_text(instance: Instance, subjects: dict[str, str]) -> str:
    """Return all that a row tells, as text for a message or a ticket."""
    plan = str(instance.license.get("plan") or "")
    release = f"GitLab {instance.version}" if instance.version else ""
    facts = ", ".join(filter(None, (instance.url, release, plan)))
    whole = Cell(causes=[*instance.causes, *instance.findings])
    lines = [f"{instance.name}: {_report.STATES[instance.state]}", facts, *_lines(whole)]
    for key, title in subjects.items():
        cell = instance.cells.get(key, Cell())
        lines += [f"{title}: {_report.STATES[cell.state]}", *(f"  {it}" for it in _lines(cell))]
    return "\n".join(filter(None, lines))


# --- Markdown ----------------------------------------------------------------------------------
def markdown(report: Report) -> str:
    """Return the report for the comment of a merge request."""
    page: str = _template("report.md.j2").render(
        report=report, subjects=report.subjects(), summary=report.summary()
    )
    return page


def _code(value: Any) -> str:
    """Return a text as Markdown code that fits into a table."""
    flat = " ".join(text(value).split()).replace("`", "'").replace("|", "\u00a6")
    return f"`{flat}`" if flat else ""


# --- JUnit -------------------------------------------------------------------------------------
def junit(report: Report) -> str:
    """Return one test suite for each instance, one test case for each subject.

    A difference from what is declared is a failure; what could not be told is an error.
    """
    top = ElementTree.Element("testsuites", name=_xml(report.title))
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for instance in report.instances:
        suite = ElementTree.SubElement(top, "testsuite", name=_xml(instance.name))
        for name, count in _suite(suite, instance, report.subjects()).items():
            suite.set(name, str(count))
            totals[name] += count
    for name, count in totals.items():
        top.set(name, str(count))
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, "unicode") + "\n"


_KINDS = {
    _report.FAILED: ("error", "errors"),
    _report.UNREACHABLE: ("error", "errors"),
    _report.NOT_TRIED: ("skipped", "skipped"),
    _report.UNMANAGED: ("skipped", "skipped"),
    _report.WOULD_CHANGE: ("failure", "failures"),
}


def _suite(suite: Any, instance: Instance, subjects: dict[str, str]) -> dict[str, int]:
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    whole = Cell(state=instance.state, causes=instance.causes)
    cells = {"Instance": whole} if instance.causes else {}
    cells.update({title: instance.cells.get(key, Cell()) for key, title in subjects.items()})
    for title, cell in cells.items():
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(instance.name), name=_xml(title), time="0"
        )
        counts["tests"] += 1
        if cell.state in _KINDS:
            kind, total = _KINDS[cell.state]
            message = cell.causes[0].what if cell.causes else _report.MEANINGS[cell.state]
            problem = ElementTree.SubElement(case, kind, message=_xml(message))
            problem.text = _xml("\n".join(_lines(cell)))
            counts[total] += 1
        elif cell.tells:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(_lines(cell)))
    return counts


def _destinations(cell: Cell) -> list[tuple[str, list[str]]]:
    """Return where requests go, each with its features."""
    return [
        (words, [name for name, it in cell.goes.items() if it == words])
        for words in dict.fromkeys(cell.goes.values())
    ]


def _lines(cell: Cell) -> list[str]:
    """Return what there is to tell of a cell as plain lines."""
    lines = [" ".join(filter(None, (it.about, it.what, it.next_step))) for it in cell.causes]
    lines += cell.steps
    for features, words in (
        (cell.leaves, _report.LEAVES_WORDS),
        (cell.would_leave, "data would leave the site"),
    ):
        lines += [f"{words}: {', '.join(features)}"] if features else []
    lines += [f"requests go {to}: {', '.join(names)}" for to, names in _destinations(cell)]
    return lines


def _xml(value: str) -> str:
    return _NO_XML.sub("\ufffd", value)


# --- for --limit @file -------------------------------------------------------------------------
def limit(report: Report) -> str:
    """Return the instances to come back to, one in a line, as ``--limit @file`` reads them."""
    return "".join(f"{instance.name}\n" for instance in report.unfinished())


FORMATS = {
    "html": html,
    "json": _report_json.dump,
    "markdown": markdown,
    "junit": junit,
    "limit": limit,
    "metrics": _report_metrics.metrics,
}

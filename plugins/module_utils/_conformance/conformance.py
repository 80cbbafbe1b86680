# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether a GitLab is as this collection believes, belief by belief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import conformance_messages
from .._base.messages import Failure
from .._engine.arguments import Arguments
from .._engine.finding import Finding
from .._engine.subject import Subject
from .._gitlab.sign_in import SIGN_IN_SPEC, SignIn
from . import access, read, schema, writes
from .ask import ask
from .belief import judged
from .report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._gitlab.client import GitLab
    from .belief import Belief

BELIEFS: tuple[Belief, ...] = (
    *access.BELIEFS,
    *schema.BELIEFS,
    *read.BELIEFS,
    *writes.BELIEFS,
)
_SESSION = ("username", "password", "session_cookie")


@dataclass(frozen=True)
class ConformanceOptions(SignIn):
    """Options of ``duo_conformance``."""

    write: bool = False
    production: bool = False
    folder: str | None = None
    fail_on: str = "any"


@dataclass(frozen=True)
class ObservedConformance:
    """The report, and where it was written."""

    report: Report
    paths: tuple[str, ...]


def options(params: dict[str, Any]) -> ConformanceOptions:
    """Check the options of a task."""
    return ConformanceOptions.of(params)


def observe(gitlab: GitLab, wanted: ConformanceOptions) -> ObservedConformance:
    """Ask GitLab, judge its answers, and write the files.

    :raises Failure: GitLab cannot be asked, or may not be written to, or a file cannot be written.
    """
    wrote = wanted.write and not wanted.dry_run
    learnt = ask(gitlab, BELIEFS, wanted, write=wrote, production=wanted.production)
    held = [it for it in BELIEFS if it.is_held_for(learnt.release)]
    report = Report(learnt.release, wrote, tuple(judged(it, learnt) for it in held))
    try:
        paths = report.write(wanted.folder) if wanted.folder else []
    except OSError as error:
        raise Failure(
            conformance_messages.NOT_WRITTEN, folder=wanted.folder, reason=error.strerror
        ) from None
    return ObservedConformance(report, tuple(paths))


def show(_wanted: ConformanceOptions, found: ObservedConformance) -> dict[str, Any]:
    """Return the report as data and as a table to print."""
    return {
        "conformance": found.report.data,
        "table": found.report.table,
        "paths": list(found.paths),
    }


def findings(wanted: ConformanceOptions, found: ObservedConformance) -> list[Finding]:
    """Return one finding if GitLab is not as believed."""
    if not found.report.differing:
        return []
    never = wanted.fail_on == "never"
    return [Finding("warning" if never else "error", "conformance", found.report.verdict)]


def failure(
    _errors: Sequence[Finding], _wanted: ConformanceOptions, found: ObservedConformance
) -> Failure:
    """Return the failure, with the first belief that does not hold."""
    first = found.report.differing[0]
    return Failure(
        conformance_messages.NOT_AS_BELIEVED,
        verdict=found.report.verdict,
        first=f"{first.belief.sentence} This GitLab answered: {first.answered}",
    )


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "write": {"type": "bool", "default": False},
            "production": {"type": "bool", "default": False},
            "folder": {"type": "path"},
            "fail_on": {"type": "str", "choices": ["any", "never"], "default": "any"},
            **{name: SIGN_IN_SPEC[name] for name in _SESSION},
        }
    ),
    options=options,
    observe=observe,
    show=show,
    findings=findings,
    failure=failure,
)

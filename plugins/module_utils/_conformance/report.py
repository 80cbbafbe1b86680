# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Present the outcome of a check as data, as a table, and as files to attach to an issue.

It cannot contain anything private, because GitLab's answers are not copied: a judge returns a kind,
a public word of GitLab's API, or a number.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .belief import DIFFERS, HOLDS, NOT_ASKED, SUBJECTS, Row

if TYPE_CHECKING:
    from .._duo.releases import Release

_NAME = "conformance"
_HEAD = "| number | belief | held for | established | this GitLab answered | as needed |"
_RULE = "|---|---|---|---|---|---|"
_MARKS = {HOLDS: "yes", DIFFERS: "NO", NOT_ASKED: "-"}


@dataclass(frozen=True)
class Report:
    """All beliefs about one release, and the answers of one GitLab of that release."""

    release: Release
    wrote: bool
    rows: tuple[Row, ...]

    @property
    def differing(self) -> list[Row]:
        """The beliefs that do not hold."""
        return [row for row in self.rows if row.state == DIFFERS]

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        count = Counter(row.state for row in self.rows)
        asked = count[HOLDS] + count[DIFFERS]
        left = f" ({count[NOT_ASKED]} were not asked)" if count[NOT_ASKED] else ""
        if not count[DIFFERS]:
            return (
                f"GitLab {self.release.text} is as the collection believes: "
                f"all {asked} beliefs that were asked hold{left}."
            )
        numbers = ", ".join(row.belief.number for row in self.differing)
        which = "belief differs" if count[DIFFERS] == 1 else "beliefs differ"
        return (
            f"GitLab {self.release.text} is not as the collection believes: "
            f"{count[DIFFERS]} of {asked} {which}: {numbers}{left}."
        )

    @property
    def data(self) -> dict[str, Any]:
        """The report as data for JSON."""
        return {
            "gitlab": self.release.text,
            "wrote": self.wrote,
            "conforms": not self.differing,
            "verdict": self.verdict,
            "beliefs": [_row(row) for row in self.rows],
        }

    @property
    def table(self) -> list[str]:
        """The report as lines of a table; beliefs that do not hold come with the answer."""
        lines = []
        for letter, title in SUBJECTS.items():
            rows = [row for row in self.rows if row.belief.subject == letter]
            lines += ["", title] if rows else []
            for row in rows:
                answer = "" if row.state == HOLDS else f" [{row.answered}]"
                number = row.belief.number
                lines.append(f"  {number}  {_MARKS[row.state]:<3}  {row.belief.sentence}{answer}")
        return [*lines[1:], "", self.verdict]

    @property
    def markdown(self) -> str:
        """The report as Markdown."""
        lines = [
            "# Conformance of a GitLab with gitlab_ops.duo",
            "",
            self.verdict,
            "",
            f"With writes: {'yes' if self.wrote else 'no'}.",
        ]
        for letter, title in SUBJECTS.items():
            rows = [row for row in self.rows if row.belief.subject == letter]
            if rows:
                lines += ["", f"## {title}", "", _HEAD, _RULE, *map(_line, rows)]
        return "\n".join(lines) + "\n"

    def write(self, folder: str) -> list[str]:
        """Write JSON and Markdown into a folder, which is created if it is missing.

        :returns: the paths of the files.
        :raises OSError: they cannot be written.
        """
        os.makedirs(folder, exist_ok=True)
        texts = {"json": json.dumps(self.data, indent=1) + "\n", "md": self.markdown}
        paths = []
        for ending, text in texts.items():
            paths.append(os.path.join(folder, f"{_NAME}.{ending}"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        return paths


def _row(row: Row) -> dict[str, str]:
    return {
        "number": row.belief.number,
        "subject": SUBJECTS[row.belief.subject],
        "belief": row.belief.sentence,
        "releases": row.belief.releases,
        "established": row.belief.how,
        "answered": row.answered,
        "state": row.state,
    }


def _line(row: Row) -> str:
    cells = (
        row.belief.number,
        row.belief.sentence,
        row.belief.releases,
        row.belief.how,
        row.answered,
        _MARKS[row.state],
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

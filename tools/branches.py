# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails if too few branches of the core were taken: python -m tools.branches DATA.json

The argument is what `coverage json` writes. `coverage report` counts statements and branches
together, so many plain statements hide branches that no test takes.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

# Percent.
LEAST = 95
CORE = "plugins/module_utils/"
# TLS and proxies, and the door through which Ansible sends a module as a process: the playbooks in
# tests/integration take these branches.
TAKEN_BY_PLAYBOOKS = ("_gitlab/transport.py", "_engine/module.py")


def taken(data: dict[str, Any]) -> tuple[int, int]:
    """Return how many branches of the core the unit tests took, and how many there are."""
    files = [
        it["summary"]
        for name, it in data["files"].items()
        if CORE in name and not name.endswith(TAKEN_BY_PLAYBOOKS)
    ]
    return sum(it["covered_branches"] for it in files), sum(it["num_branches"] for it in files)


def main(file: str) -> None:
    """Print the share of branches.

    :raises SystemExit: it is too small, or nothing of the core was measured.
    """
    covered, there = taken(json.loads(pathlib.Path(file).read_text("utf-8")))
    if not there:
        sys.exit(f"{file} holds nothing of {CORE}: the tests were not measured.")
    share = 100 * covered / there
    said = f"{share:.1f} % of {there} branches of {CORE} were taken."
    if share < LEAST:
        sys.exit(f"{said} At least {LEAST} % are wanted: make coverage names the rest.")
    print(said)


if __name__ == "__main__":
    main(sys.argv[1])

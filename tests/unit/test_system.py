# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The message of `make test` if it cannot install programs."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("ci", "returncode"), [("true", 1), ("", 0)])
def test_missing_packages_are_named(tmp_path: pathlib.Path, ci: str, returncode: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.system"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == returncode
    # nginx may be where this path does not lead.
    named = r"Missing: ruby (nginx )?tinyproxy-bin chromium curl gnupg npm\. As root: apt-get i"
    assert re.search(named, done.stderr)

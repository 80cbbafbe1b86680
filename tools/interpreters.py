# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Pythons of this machine that really run.

A name on PATH proves little: version managers put stand-ins there which end with "command not
found" when their version is not selected, and Debian's python3 cannot make environments without
another package. So each candidate is asked, and answers with the path of the real interpreter.

Runs with any Python 3, because it decides which Python everything else runs with.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

PROBE = """
import ensurepip, ssl, sys, venv
print("%d.%d" % sys.version_info[:2], getattr(sys, "_base_executable", sys.executable))
"""


def folders() -> list[str]:
    """Return where to look: PATH first, then what pyenv has installed."""
    found = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    if os.environ.get("PYENV_ROOT"):
        pattern = os.path.join(os.environ["PYENV_ROOT"], "versions", "*", "bin")
        found += sorted(glob.glob(pattern))
    return found


def probe(executable: str) -> tuple[str, str] | None:
    """Return (version, path of the real interpreter), or None if it does not work."""
    try:
        answer = subprocess.run(
            [executable, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, path = answer.stdout.decode().strip().split(" ", 1)
    return version, path


def working(versions: list[str]) -> dict[str, str]:
    """Return {version: path} for those of `versions` (such as "3.12") that are there and work."""
    found = {}
    for version in versions:
        for folder in folders():
            candidate = shutil.which("python" + version, path=folder)
            answer = candidate and probe(candidate)
            if answer and answer[0] == version:
                found[version] = answer[1]
                break
    plain = shutil.which("python3")
    answer = plain and probe(plain)
    if answer and answer[0] in versions:
        found.setdefault(*answer)
    return found

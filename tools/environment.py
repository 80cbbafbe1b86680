# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes .cache/venv with everything that `make` runs, from the newest suitable Python.

PYTHON=/path/to/python chooses another one. Runs with any Python 3 and needs nothing installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from tools import interpreters

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / ".cache" / "venv"
REQUIREMENTS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
# Newest first. 3.11 is the oldest that a supported ansible-core and all the linters run on.
VERSIONS = ["3.13", "3.12", "3.11"]


def choose() -> str:
    """Return the path of the interpreter to use."""
    wanted = os.environ.get("PYTHON")
    if wanted:
        answer = interpreters.probe(wanted)
        if not answer or answer[0] not in VERSIONS:
            sys.exit(f"PYTHON={wanted} is not a working Python of {', '.join(VERSIONS)}.")
        return answer[1]
    found = interpreters.working(VERSIONS)
    for version in VERSIONS:
        if version in found:
            return found[version]
    sys.exit(
        f"No working Python of {', '.join(VERSIONS)} found on PATH. Install one, with its venv "
        "module (Debian: python3-venv), or name it: make PYTHON=/path/to/python3.13"
    )


def digest(python: str) -> str:
    """Return what tells an environment that fits from one that has to be made anew."""
    content = hashlib.sha256(python.encode())
    for path in [*REQUIREMENTS, pathlib.Path(__file__)]:
        content.update(path.read_bytes())
    return content.hexdigest()


def make(python: str) -> None:
    """Make the environment from nothing, so that it holds what the requirements say, no more."""
    print(f"Making .cache/venv from {python}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(VENV)], check=True)
    inside = str(VENV / "bin" / "python")
    pip = [inside, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    files = [argument for path in REQUIREMENTS for argument in ("--requirement", str(path))]
    subprocess.run([*pip, "uv"], check=True)
    # Byte code now, once: where PYTHONDONTWRITEBYTECODE is set, each start of Ansible would
    # otherwise compile itself again.
    fast = [inside, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
    if subprocess.run([*fast, "--python", inside, *files], check=False).returncode:
        # uv does not read pip's configuration, which may name the only registry in reach.
        subprocess.run([*pip, *files], check=True)


def main() -> None:
    """Make the environment unless one that fits is there."""
    VENV.parent.mkdir(exist_ok=True)
    stamp = VENV / "made-from"
    with (VENV.parent / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once make one environment
        python = choose()
        wanted = digest(python)
        if not stamp.is_file() or stamp.read_text() != wanted:
            make(python)
            stamp.write_text(wanted)
        stamp.touch()  # for make, which compares times


if __name__ == "__main__":
    main()

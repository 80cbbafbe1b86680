# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install the programs that the tests need and pip cannot provide.

    python3 -m tools.system

Installs their Debian packages when it runs as root. Otherwise it says what is missing, which ends
CI, while elsewhere only the tests that need it fail. Runs with any Python 3.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(__file__).resolve().parents[1] / ".cache"
# Program -> Debian package, and why.
PACKAGES = {
    "ruby": "ruby",  # sandbox/gitlab_rails.py runs what gitlab-rails runner would run
    "nginx": "nginx",  # TLS in front of the sandbox
    "tinyproxy": "tinyproxy-bin",  # the way out of a site
    "chromium": "chromium",  # tests/browser looks at the report's page
    "curl": "curl",  # posts the comment in the example of a pipeline
    "gpg-agent": "gnupg",  # a release is signed; Debian's gpg alone cannot
    "npm": "npm",  # brings axe-core, which checks whether everybody can use it
}
# Debian has programs of administrators in a folder that is not on everybody's path.
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])


def find(program: str) -> str | None:
    """Return the path of a program, if it is there."""
    return shutil.which(program, path=SEARCHED)


def missing() -> list[str]:
    """Return the packages of the programs that are not there."""
    return [package for program, package in PACKAGES.items() if not find(program)]


def install(packages: list[str]) -> None:
    """Install Debian packages; a failure shows in what is missing afterwards."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    print(f"Installing {', '.join(packages)}", flush=True)
    subprocess.run([*apt, "update"], env=environment, check=False)
    wanted = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    # Without dpkg's line about each file.
    subprocess.run(wanted, env=environment, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    """Install what is missing, or say so."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "system.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once install once
        if missing() and os.geteuid() == 0 and shutil.which("apt-get"):
            install(missing())
    packages = missing()
    if not packages:
        return
    message = f"Missing: {' '.join(packages)}. As root: apt-get install {' '.join(packages)}"
    if os.environ.get("CI"):
        sys.exit(message)
    print(f"{message}. Tests that need it will fail.", file=sys.stderr)


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the environments that `make` uses, each from the Python that suits it best.

    python3 -m tools.environment venv           .cache/venv: the newest of everything
    python3 -m tools.environment venv-oldest    .cache/venv-oldest: the oldest that is promised
    python3 -m tools.environment venv-2.18-lowest, venv-2.18-newest and so on
        an ansible-core, with the lowest and the newest libraries, and the lowest and the newest
        Python of this machine that goes with it
    python3 -m tools.environment venv-user
        what a user has, and no more: the benchmarks run in it
    python3 -m tools.environment venv-importer
        what looks at a tarball as a Galaxy server does, and wants older libraries than other tools
    python3 -m tools.environment venv-next
        the newest ansible-core, releases to come included

PYTHON=/path/to/python chooses another Python for the first, LOCKED=yes the versions in
constraints.txt in place of the newest. Runs with any Python 3 and needs nothing installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

from tools import interpreters

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
# In the order of preference. The sandbox wants 3.11; what the plugins promise beyond that, 3.10,
# is for ansible-test to check.
VERSIONS = {
    "venv": ["3.13", "3.12", "3.11"],
    "venv-oldest": ["3.11", "3.12"],
    "venv-user": ["3.13", "3.12", "3.11"],
    "venv-importer": ["3.13", "3.12", "3.11"],
    "venv-next": ["3.14", "3.13"],
}
# From its first alpha version on: a bound of that kind is what lets pip take one.
NEXT_CORE = "ansible-core>=2.22.0a1"
# The Pythons of a controller that each ansible-core supports, from the lowest that the sandbox can.
CORES = {
    "2.16": ["3.11", "3.12"],
    "2.17": ["3.11", "3.12"],
    "2.18": ["3.11", "3.12", "3.13"],
    "2.19": ["3.11", "3.12", "3.13"],
    "2.20": ["3.12", "3.13", "3.14"],
    "2.21": ["3.12", "3.13", "3.14"],
}
for _core, _pythons in CORES.items():
    VERSIONS[f"venv-{_core}-lowest"] = _pythons
    VERSIONS[f"venv-{_core}-newest"] = _pythons[::-1]


def find(name: str) -> str | None:
    """Return the path of the interpreter that suits an environment best, if one does."""
    found = interpreters.working(VERSIONS[name])
    return next((found[version] for version in VERSIONS[name] if version in found), None)


def choose(name: str) -> str:
    """Return the path of the interpreter to use.

    :raises SystemExit: there is none.
    """
    versions = VERSIONS[name]
    named = os.environ.get("PYTHON")
    if named and name == "venv":
        answer = interpreters.probe(named)
        if not answer or answer[0] not in versions:
            sys.exit(f"PYTHON={named} is not a working Python of {', '.join(versions)}.")
        return answer[1]
    found = find(name)
    if found:
        return found
    sys.exit(
        f"No working Python of {', '.join(versions)} found on PATH. Install one, with its venv "
        "module (Debian: python3-venv), or name it: make PYTHON=/path/to/python3.13"
    )


def wanted(name: str) -> list[str]:
    """Return what to install, as requirements."""
    runtime, test, dev, importer = (
        [line for line in (ROOT / file).read_text().splitlines() if re.match(r"\w", line)]
        for file in (
            *("requirements.txt", "requirements-test.txt"),
            *("requirements-dev.txt", "requirements-importer.txt"),
        )
    )
    if name == "venv":
        return runtime + test + dev
    if name == "venv-importer":
        return importer
    if name == "venv-next":
        return [*runtime, NEXT_CORE, *test]
    if name == "venv-user":
        return [*runtime, *(line for line in dev if line.startswith("ansible-core"))]
    lowest = [line.replace(">=", "==") for line in runtime]
    if name != "venv-oldest":
        _venv, core, libraries = name.split("-")
        return [*(lowest if libraries == "lowest" else runtime), f"ansible-core=={core}.*", *test]
    # The promises themselves: each lower bound, and the ansible-core of meta/runtime.yml.
    meta = (ROOT / "meta" / "runtime.yml").read_text()
    promised = re.findall(r"^requires_ansible: ['\"]>=([\d.]+)['\"]", meta, flags=re.MULTILINE)
    return [*lowest, *(f"ansible-core=={version}" for version in promised), *test]


def locked(name: str) -> list[str]:
    """Return the versions to keep to, as lines of constraints.txt; none: the newest are wanted."""
    if name != "venv" or not os.environ.get("LOCKED"):
        return []
    return (ROOT / "constraints.txt").read_text().splitlines()


def make(venv: pathlib.Path, python: str, requirements: list[str], versions: list[str]) -> None:
    """Make the environment from nothing, so that it holds what is wanted and no more.

    :param versions: the lines of constraints.txt, if they count
    """
    print(f"Making {venv.relative_to(ROOT)} from {python}", flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    inside = str(venv / "bin" / "python")
    pip = [inside, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    if versions:
        requirements = ["--constraint", str(ROOT / "constraints.txt"), *requirements]
    subprocess.run([*pip, "uv"], check=True)
    # Byte code now, once: where PYTHONDONTWRITEBYTECODE is set, each start of Ansible would
    # otherwise compile itself again.
    fast = [inside, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
    if subprocess.run([*fast, "--python", inside, *requirements], check=False).returncode:
        # uv does not read pip's configuration, which may name the only registry in reach.
        subprocess.run([*pip, *requirements], check=True)


def main(name: str) -> None:
    """Make the environment unless one that fits is there."""
    venv = CACHE / name
    stamp = venv / "made-from"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once make one environment
        python, requirements = choose(name), wanted(name)
        versions = locked(name)
        code = pathlib.Path(__file__).read_text()
        made_from = "\n".join([python, *requirements, *versions, code])
        digest = hashlib.sha256(made_from.encode()).hexdigest()
        if not stamp.is_file() or stamp.read_text() != digest:
            make(venv, python, requirements, versions)
            stamp.write_text(digest)
        stamp.touch()  # for make, which compares times


if __name__ == "__main__":
    main(sys.argv[1])

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ansible-test sanity` on a clean copy of the project, without a container and ignore files.

Three things are arranged first, each of which stops ansible-test on some machines:
- it must run inside a folder named ansible_collections/NAMESPACE/NAME;
- it fetches pip's bootstrap script from a host of its own, unless one is in its cache;
- it takes any python3.N on PATH at its word, also a version manager's stand-in.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import ansible_test

from tools import collection, interpreters

PIP_CACHE = pathlib.Path.home() / ".ansible" / "test" / "cache"
# What tests/config.yml allows. Those that are not there are left out by ansible-test.
VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]

BOOTSTRAP = """\
# Installs pip {version} from the wheel beside this file, in place of ansible-test's download.
import glob, os, runpy, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, glob.glob(os.path.join(here, "pip-{version}-*.whl"))[0])
wanted = [item for item in sys.argv[1:] if item not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", "--no-index", "--find-links", here, *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def prime_pip() -> None:
    """Put the bootstrap script of each pip that this ansible-test wants into its cache."""
    (package,) = ansible_test.__path__
    source = pathlib.Path(package, "_internal", "python_requirements.py").read_text()
    versions = set(re.findall(r"\bpip='([0-9.]+)'", source))
    if not versions:
        sys.exit("This ansible-test names its pip in a way that tools/sanity.py does not know.")
    for version in versions:
        script = PIP_CACHE / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            PIP_CACHE.mkdir(parents=True, exist_ok=True)
            pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps"]
            subprocess.run([*pip, "--dest", PIP_CACHE, f"pip=={version}"], check=True)
            script.write_text(BOOTSTRAP.format(version=version))


def real_pythons() -> str:
    """Return a PATH on which every python3.N runs."""
    folder = collection.CACHE / "pythons"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for version, path in interpreters.working(VERSIONS).items():
        (folder / f"python{version}").symlink_to(path)
    rest = [entry for entry in os.environ["PATH"].split(os.pathsep) if "shims" not in entry]
    return os.pathsep.join([str(pathlib.Path(sys.executable).parent), str(folder), *rest])


def main() -> None:
    """Run the sanity tests that the arguments name, or all."""
    prime_pip()
    tree = collection.copy(collection.CACHE / "sanity")
    # Its own repository: in that of the clone, ansible-test would find all of .cache ignored.
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    if list(tree.glob("tests/sanity/ignore-*")):
        sys.exit("Found a tests/sanity/ignore file: mend what it hides, and remove it.")
    command = ["ansible-test", "sanity", "--color", "no", *sys.argv[1:]]
    environment = {**os.environ, "PATH": real_pythons()}
    print("Sanity tests in", tree, flush=True)
    count = 0
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout  # noqa: S101 for mypy: it is a pipe
        for line in run.stdout:
            count += line.startswith("Running sanity test")
            print(line, end="", flush=True)
    if run.returncode:
        sys.exit(run.returncode)
    if not count:
        sys.exit("ansible-test ran no sanity test.")
    print(f"{count} sanity tests passed", flush=True)


if __name__ == "__main__":
    main()

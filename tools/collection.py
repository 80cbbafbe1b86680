# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the collection as others see it: importable, as a clean copy, built and installed.

python -m tools.collection link     .cache/collections: the working tree, importable
python -m tools.collection build    .cache/dist: the tarball; .cache/installed: what users get
"""

from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator

from tools.tarball import pack

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
NAMESPACE, NAME = "gitlab_ops", "duo"
INSIDE = pathlib.Path("ansible_collections", NAMESPACE, NAME)


class Unknown(Exception):
    """Git does not know a commit."""


def link() -> pathlib.Path:
    """Make the working tree importable as ansible_collections.gitlab_ops.duo; return the folder.

    The link is relative, so that a clone can be moved, and is made in one step, so that any number
    of processes may try at once.
    """
    top = CACHE / "collections"
    target = top / INSIDE
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        target.symlink_to(os.path.relpath(ROOT, target.parent))
    return top


def files() -> Iterator[pathlib.Path]:
    """Yield every file of the project that git knows or would take, as paths from its root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    for name in sorted(set(listing.decode().split("\0"))):
        if name and (ROOT / name).is_file():
            yield pathlib.Path(name)


def copy(top: pathlib.Path) -> pathlib.Path:
    """Copy the project's files below `top`, as ansible-test and ansible-galaxy want them.

    A link would not do: ansible-test follows it, and then misses the ansible_collections folder.
    """
    shutil.rmtree(top, ignore_errors=True)
    tree = top / INSIDE
    for path in files():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tree / path)
    return tree


def copy_of(commit: str, top: pathlib.Path) -> pathlib.Path:
    """Copy the files of a commit below `top`, as `copy` does those of the working tree.

    :param commit: a tag, or anything else that git knows it by
    :raises Unknown: git does not know it.
    """
    shutil.rmtree(top, ignore_errors=True)
    tree = top / INSIDE
    tree.mkdir(parents=True)
    command = ["git", "archive", "--format=tar", commit]
    packed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        raise Unknown(f"there is no {commit} in this clone: {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tree, filter="data")
    return tree


def shipped_digest() -> str:
    """Return a digest of all that ends up in the tarball."""
    import yaml  # only here: the unit tests' conftest imports this file in lean environments

    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text())["build_ignore"]
    content = hashlib.sha256()
    for path in files():
        parts = [path, *path.parents][:-1]  # without ".", which the pattern .* would match
        if not any(fnmatch.fnmatch(str(part), pattern) for part in parts for pattern in ignored):
            content.update(f"{path}\0{(ROOT / path).stat().st_mode}\0".encode())
            content.update((ROOT / path).read_bytes())
    return content.hexdigest()


def build() -> None:
    """Build the tarball and install it, unless what is there was built from the same files."""
    dist, installed = CACHE / "dist", CACHE / "installed"
    stamp = installed / "built-from"
    digest = shipped_digest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    for folder in (dist, installed):
        shutil.rmtree(folder, ignore_errors=True)
    tarball = pack(copy(CACHE / "build"), dist)
    galaxy = [sys.executable, "-m", "ansible", "galaxy", "collection"]
    install = [*galaxy, "install", "--offline", "--no-deps", "--force", "-p", str(installed)]
    # Told where it will be installed, ansible-galaxy has nothing to warn about.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(installed)}
    subprocess.run([*install, str(tarball)], env=environment, check=True)
    stamp.write_text(digest)


def main(task: str) -> None:
    """Do one task, one process at a time: stages that run side by side ask for the same."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "collection.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        {"link": link, "build": build}[task]()


if __name__ == "__main__":
    main(sys.argv[1])

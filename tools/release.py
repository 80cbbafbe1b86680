# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes all that a release consists of, in .cache/release: `make release`.

The tarball, the changelog, the documentation as a site, an SBOM of what the collection is developed
with, and checksums. The working tree stays as it is: if its changelog does not have the version of
galaxy.yml yet, the one in .cache/release shows how it would be.
"""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import sys

import yaml

from tools import collection, tarball

RELEASE = collection.CACHE / "release"
# galaxy-importer wants older libraries than the other tools: it has an environment of its own.
IMPORTER = collection.CACHE / "venv-importer" / "bin"


def run(*command: str | pathlib.Path, folder: pathlib.Path = collection.ROOT) -> str:
    """Run a program in a folder; return what it says, and end with it if it fails."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout


def finish_changelog(tree: pathlib.Path) -> pathlib.Path:
    """Make the changelog of a copy of the project; return its path."""
    version = yaml.safe_load((tree / "galaxy.yml").read_text())["version"]
    released = yaml.safe_load((tree / "changelogs" / "changelog.yaml").read_text())["releases"]
    if version not in released:
        # The commit's date and not today's: the same commit makes the same release.
        date = run("git", "log", "-1", "--format=%cs").strip()
        run("antsibull-changelog", "release", "--date", date, folder=tree)
    run("antsibull-changelog", "generate", folder=tree)
    return tree / "CHANGELOG.rst"


def import_as_galaxy(tree: pathlib.Path) -> None:
    """Look at the collection as a Galaxy server would, which wants a public repository named.

    There is none yet, so that a copy is looked at that names one.

    :raises SystemExit: it would be refused, or there is something to say.
    """
    top = collection.CACHE / "import"
    shutil.rmtree(top, ignore_errors=True)
    copied = top / collection.INSIDE
    shutil.copytree(tree, copied)
    with (copied / "galaxy.yml").open("a") as galaxy:
        galaxy.write("repository: https://example.com/gitlab_ops.duo\n")
    file = tarball.pack(copied, top / "dist")
    said = run(IMPORTER / "python", "-m", "galaxy_importer.main", file, folder=top)
    (top / "log").write_text(said)
    complaints = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    if complaints:
        sys.exit("\n".join(complaints))


def write_checksums(folder: pathlib.Path) -> None:
    """Write what `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def main() -> None:
    """Make the release, and say what it consists of."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    tree = collection.copy(collection.CACHE / "release-tree")
    shutil.copy(finish_changelog(tree), RELEASE)
    tarball.pack(tree, RELEASE)
    import_as_galaxy(tree)
    print(run(sys.executable, "-m", "tools.site"), end="")
    tarball.pack_folder(collection.CACHE / "docs", RELEASE / "docs.tar.gz")
    # Without a serial number and a time, which nobody needs and which differ each time.
    sbom = ["--output-reproducible", "--output-format", "JSON"]
    sbom += ["--output-file", str(RELEASE / "development.cdx.json")]
    run("cyclonedx-py", "environment", *sbom, collection.CACHE / "venv")
    write_checksums(RELEASE)
    print(f"In {RELEASE.relative_to(collection.ROOT)}:")
    print((RELEASE / "SHA256SUMS").read_text(), end="")


if __name__ == "__main__":
    main()

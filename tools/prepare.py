# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release adds to the files of a commit: where the project lives, and the changelog."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import yaml

from tools import origin
from tools.collection import ROOT


def run(*command: str | pathlib.Path, folder: pathlib.Path = ROOT) -> str:
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


def day_of(commit: str) -> str:
    """Return the day of a commit, and not today's: the same commit makes the same release."""
    return run("git", "log", "-1", "--format=%cs", commit).strip()


def finish(tree: pathlib.Path, values: origin.Origin, day: str) -> None:
    """Write into a copy of the project what a release adds.

    If the changelog does not have the version of galaxy.yml yet, it gets what it would have.
    """
    origin.fill_tree(tree, values)
    version = yaml.safe_load((tree / "galaxy.yml").read_text("utf-8"))["version"]
    released = yaml.safe_load((tree / "changelogs" / "changelog.yaml").read_text("utf-8"))
    if version not in released["releases"]:
        run("antsibull-changelog", "release", "--date", day, folder=tree)
    run("antsibull-changelog", "generate", folder=tree)


def release_notes(tree: pathlib.Path, target: pathlib.Path) -> None:
    """Write the entries of the newest version alone, as Markdown for the release's page."""
    notes = ["--only-latest", "--output-format", "md", "--output", str(target)]
    run("antsibull-changelog", "generate", *notes, folder=tree)

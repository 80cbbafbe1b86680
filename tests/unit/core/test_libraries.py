# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Without usable libraries every file can still be imported, so that a door can say so."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import libraries

CORE = pathlib.Path(libraries.__file__).parents[1]
FILES = sorted(
    f"{it.parent.name}.{it.stem}" for it in CORE.rglob("*.py") if it.name != "__init__.py"
)
PACKAGE = libraries.__name__.removesuffix("._base.libraries")
IMPORTS = """\
import importlib, sys

package, *files = sys.argv[1:]
for name in files:
    importlib.import_module(f"{package}.{name}")
libraries = sys.modules[f"{package}._base.libraries"]
print(libraries.MISSING, libraries.unusable().code, libraries.unusable(), sep="\\n")
"""


# What a library's __init__.py does -> code, and what the message says of it.
BROKEN = {
    "missing": (
        "raise ModuleNotFoundError('no', name=__name__)",
        "missing",
        " is not installed for ",
    ),
    # The names of the first major version are others than those that the collection uses.
    "old": ("VERSION = __version__ = '1.10.19'", "too-old", " 1.10.19; "),
    "older": ("__version__ = '2.7.4'", "too-old", " 2.7.4; "),
    "left over": ("", "too-old", " of unknown version; "),
    "unfit": ("raise SystemError('core of another version')", "broken", "core of another version"),
    "hollow": ("__version__ = '99.0.0'", "broken", "cannot be loaded"),
}


@pytest.mark.parametrize("library", ["requests", "pydantic"])
@pytest.mark.parametrize("kind", BROKEN)
def test_every_file_can_be_imported(tmp_path: pathlib.Path, library: str, kind: str) -> None:
    source, code, said = BROKEN[kind]
    folder = tmp_path / library
    folder.mkdir()
    (folder / "__init__.py").write_text(source + "\n")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, PACKAGE, *FILES],
        env={"PYTHONPATH": ":".join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, found, sentence = done.stdout.strip().split("\n")
    assert (name, found) == (library, f"library-{code}")
    assert said in sentence
    assert f" {sys.executable}" in sentence
    if code == "too-old":
        assert f"version {libraries.NEEDED[library]} or later is needed" in sentence
    assert f"{sys.executable} -m pip install 'pydantic>=2.8.0' 'requests>=2.31.0'" in sentence


def test_what_is_missing_behind_a_library_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "requests.py").write_text("import urllib3_of_nobody\n")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, PACKAGE, "_base.libraries"],
        env={"PYTHONPATH": ":".join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("urllib3_of_nobody\nlibrary-missing\n")


def test_what_is_here_can_be_used() -> None:
    assert libraries.MISSING is None
    assert libraries.unusable() is None


def test_the_bounds_are_those_of_the_requirements() -> None:
    text = (pathlib.Path(__file__).parents[3] / "requirements.txt").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+)>=(\S+)$", text, flags=re.MULTILINE)) == libraries.NEEDED

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node without a library: every file can be imported, so that a door can say what it lacks."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils import _libraries

FILES = sorted(it.stem for it in pathlib.Path(_libraries.__file__).parent.glob("_*.py"))
IMPORTS = """\
import importlib, sys

library, package, *files = sys.argv[1:]
sys.modules[library] = None
for name in files:
    importlib.import_module(f"{package}.{name}")
print(sys.modules[f"{package}._libraries"].MISSING)
"""


@pytest.mark.parametrize("library", ["requests", "pydantic"])
def test_every_file_can_be_imported(library: str) -> None:
    package = _libraries.__name__.rpartition(".")[0]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, library, package, *FILES],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == library

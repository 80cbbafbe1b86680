# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is imported is declared, and not there because something else brought it."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import sys
from collections.abc import Iterator

import pytest

from tools.collection import ROOT, files

# Package -> what it is installed as, where the names differ.
INSTALLED_AS = {
    "ansible": "ansible-core",
    "ansible_test": "ansible-core",
    "cyclonedx": "cyclonedx-python-lib",
    "graphql": "graphql-core",
    "markdown_it": "markdown-it-py",
    "xdist": "pytest-xdist",
}
# What ansible-core cannot be installed without.
OF_ANSIBLE = {"jinja2", "yaml"}
TESTS = ("requirements.txt", "requirements-test.txt")
# The tests and the stand-in also run in environments that have no more than that.
DECLARED_IN = {
    "plugins": ("requirements.txt",),
    "sandbox": TESTS,
    "tests/integration": TESTS,
    "tests/unit": TESTS,
}


def names(path: pathlib.Path) -> Iterator[str]:
    """Yield the packages that a file imports."""
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (it.name.split(".")[0] for it in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@functools.cache
def declared(file: str) -> set[str]:
    """Return what a file of requirements names."""
    text = (ROOT / file).read_text("utf-8")
    return set(re.findall(r"^([A-Za-z][\w.-]*)", text, flags=re.MULTILINE))


@functools.cache
def ours() -> set[str]:
    """Return the packages and modules that are in the project."""
    found = {"ansible_collections"}
    for path in files():
        if path.suffix == ".py":
            found |= {path.stem, path.parts[0]}
    return found


@pytest.mark.parametrize(
    "folder", ["plugins", "sandbox", "tests/integration", "tests/unit", "tests", "tools", "."]
)
def test_imports_are_declared(folder: str) -> None:
    sources = [
        path
        for path in files()
        if path.suffix == ".py" and path.is_relative_to(folder) and "data" not in path.parts
    ]
    assert sources
    known = {"ansible-core"}
    for file in DECLARED_IN.get(folder, (*TESTS, "requirements-dev.txt")):
        known |= declared(file)
    foreign = {
        (name, str(path))
        for path in sources
        for name in names(path)
        if name not in sys.stdlib_module_names | ours() | OF_ANSIBLE
    }
    assert {
        (name, path)
        for name, path in foreign
        if INSTALLED_AS.get(name, name.replace("_", "-")) not in known
    } == set()


def test_every_declaration_has_a_bound() -> None:
    """A version that nobody has tried is not promised."""
    for file in (*TESTS, "requirements-dev.txt", "requirements-importer.txt"):
        lines = (ROOT / file).read_text("utf-8").splitlines()
        named = [line for line in lines if line and not line.startswith(("#", "--"))]
        assert named
        assert [line for line in named if ">=" not in line] == []


def test_constraints_fit_what_is_declared() -> None:
    """`make constraints` was run after the last requirement was added."""
    locked = {it.lower().replace("_", "-") for it in declared("constraints.txt")}
    for file in (*TESTS, "requirements-dev.txt"):
        assert {it.lower() for it in declared(file)} - locked == set()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rooms of the core: which may import which, and no circle between files."""

from __future__ import annotations

import ast
import pathlib
from collections import Counter
from collections.abc import Iterator

import pytest

CORE = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "module_utils"

# Room -> the rooms that it may import, beside itself.
MAY_IMPORT = {
    "_base": set(),
    "_gitlab": {"_base"},
    "_duo": {"_base"},
    "_engine": {"_base", "_gitlab", "_duo"},
    "_subjects": {"_base", "_gitlab", "_duo", "_engine"},
    "_checks": {"_base", "_gitlab", "_duo", "_engine", "_subjects"},
    "_conformance": {"_base", "_gitlab", "_duo", "_engine", "_subjects", "_checks"},
}
FLOORS = 5


def modules() -> dict[str, pathlib.Path]:
    """Return each file of the core by its dotted name, such as ``_engine.plan``."""
    return {
        ".".join(path.relative_to(CORE).with_suffix("").parts): path
        for path in CORE.rglob("*.py")
        if path.name != "__init__.py"
    }


def imports(name: str, text: str) -> Iterator[str]:
    """Yield what a file imports of the core, also for type checking and inside functions."""
    package = name.split(".")[:-1]
    known = modules()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
        target = ".".join(filter(None, base))
        if target in known:
            yield target
        else:
            yield from (f"{target}.{alias.name}" for alias in node.names)


def arrows() -> dict[str, set[str]]:
    """Return each file with those that it imports."""
    return {name: set(imports(name, path.read_text("utf-8"))) for name, path in modules().items()}


def forbidden(found: dict[str, set[str]]) -> list[str]:
    """Return the imports that the table does not allow."""
    return [
        f"{name} imports {other}"
        for name, others in sorted(found.items())
        for other in sorted(others)
        if (room := name.split(".")[0]) != (its := other.split(".")[0])
        and its not in MAY_IMPORT.get(room, set())
    ]


def circles(found: dict[str, set[str]]) -> list[str]:
    """Return the files that import themselves by way of others."""

    def reached(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for other in found.get(waiting.pop(), set()) - seen:
                seen.add(other)
                waiting.append(other)
        return seen

    return sorted(name for name in found if name in reached(name))


def test_every_file_has_a_room() -> None:
    """Nothing lies in the corridor."""
    assert {name.split(".")[0] for name in modules()} == set(MAY_IMPORT)


def test_imports_follow_the_table() -> None:
    """An arrow that points up, or to a room beside, is an error."""
    assert forbidden(arrows()) == []


def test_no_circles() -> None:
    """Not even for type checking."""
    assert circles(arrows()) == []


def test_five_floors() -> None:
    """A room stands above all rooms that it may import."""

    def floor(room: str) -> int:
        return 1 + max(map(floor, MAY_IMPORT[room]), default=0)

    # The check of anyone's GitLab stands beside the other checks, and uses them.
    assert max(floor(room) for room in MAY_IMPORT if room != "_conformance") == FLOORS


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("_base.failure", "from .._engine.plan import Plan"),
        ("_gitlab.client", "from .._duo.releases import Release"),
        ("_engine.plan", "if TYPE_CHECKING:\n    from .._subjects.gateway import SUBJECT"),
        ("_engine.run", "def late():\n    from .._checks import preflight"),
    ],
)
def test_a_forbidden_arrow_is_seen(name: str, line: str) -> None:
    """Wherever in the file it stands."""
    assert forbidden({name: set(imports(name, line))})


def test_a_circle_is_seen() -> None:
    """Also one by way of a third file."""
    assert circles({"a.x": {"a.y"}, "a.y": {"a.z"}, "a.z": {"a.x"}, "b.x": {"a.x"}}) == [
        "a.x",
        "a.y",
        "a.z",
    ]


def test_class_names_are_unique() -> None:
    """A name stands for one thing in the whole core."""
    names = Counter(
        node.name
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []

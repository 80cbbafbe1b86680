# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invisible characters are refused in every option that is a text, and never repeated."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.characters import hidden
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import run
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
    CONNECTION_SPEC,
)

CORE = "ansible_collections.gitlab_ops.duo.plugins.module_utils"
SECRET = "must-not-show"
# What else a module needs before it looks at its options.
NEEDED: dict[str, dict[str, Any]] = {
    "self_hosted_model": {"name": "m"},
    "feature_model": {"features": ["duo_chat"], "provider": "disabled"},
    "agent_platform": {"state": "connected"},
    "beta_features": {"enabled": False},
    "upgrade_check": {"target_version": "19.0"},
}
# An item of a list needs these beside the option that is tried.
ITEMS: dict[str, dict[str, Any]] = {
    "models": {"name": "m"},
    "declared_models": {"name": "m"},
    "settings": {"features": ["duo_chat"], "provider": "disabled"},
}
# What only the task that carries it out reads: where another one is told of it, it has no effect.
UNREAD = [
    *(f"{it}.api_key" for it in ("declared_models[1]", "upgrade_check-models[1]")),
    *(f"upgrade_check-settings[1].{name}" for name in ("provider", "gitlab_model")),
]
# Parts of a command may be a script of several lines; names of variables are what was misspelt.
FREE = ("rails_command", "unknown_variables", "known_variables")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("a", ""),
        ("grüße  🦊 {{ x }}", ""),
        ("family: 👨\u200d👩\u200d👧", ""),
        ("a\xa0b", ""),
        ("a\n", "ends with a line break"),
        ("a\r\n", "ends with a line break"),
        ("a\u2028", "ends with a line break"),
        (" a", "begins with a space"),
        ("\ta ", "begins with a tab and ends with a space"),
        ("a\xa0", "ends with a no-break space (U+00A0)"),
        ("\ufeffa", "begins with a byte order mark (U+FEFF)"),
        ("a\u200b", "ends with a zero width space (U+200B)"),
        ("a\u200d", "ends with a zero width joiner (U+200D)"),
        ("a\u3000", "ends with an ideographic space (U+3000)"),
        ("a\x00", "ends with the control character U+0000"),
        ("a\nb", "contains a line break"),
        ("a\tb", "contains a tab"),
        ("a\u200bb", "contains a zero width space (U+200B)"),
        ("a\u202eb", "contains a right-to-left override (U+202E)"),
        (" ", "is blank"),
        ("\u200b\n", "is blank"),
    ],
)
def test_hidden(text: str, told: str) -> None:
    assert hidden(text) == told


def _subjects() -> dict[str, run.Subject]:
    """Return the subject of each module that talks to GitLab."""
    found = {}
    for path in sorted((pathlib.Path(__file__).parents[3] / "plugins/module_utils").rglob("*.py")):
        subject = getattr(
            importlib.import_module(f"{CORE}.{path.parent.name}.{path.stem}"), "SUBJECT", None
        )
        if subject:
            found[path.stem] = subject
    return found


def _texts(spec: dict[str, Any], place: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield how messages name each option that is a free text, with the way to it."""
    for name, option in spec.items():
        if "choices" in option or name in FREE:
            continue
        if "options" in option:
            item = "[1]" if option["type"] == "list" else ""
            for told, way in _texts(option["options"]):
                # The gateway of the preflight is checked as the task of its own.
                yield f"{name}{item}.{told}" if item else told, [name, *way]
        elif option["type"] == "str":
            yield name, [name]
        elif option.get("elements") == "str":
            yield f"{name}[1]", [name]


def _given(way: list[str], spec: dict[str, Any], value: str) -> Any:
    """Return the option at the end of a way with this value."""
    name, *rest = way
    option = spec[name]
    if not rest:
        return [f"{SECRET}-first", value] if option["type"] == "list" else value
    inside = {rest[0]: _given(rest, option["options"], value)}
    if option["type"] == "dict":
        return inside
    needed = ITEMS[name]
    return [
        {**needed, **({"name": "n"} if "name" in needed else {"features": ["x"]})},
        needed | inside,
    ]


OPTIONS = [
    pytest.param(stem, told, way, id=f"{stem}-{told}")
    for stem, subject in _subjects().items()
    for told, way in _texts(subject.arguments.spec)
    if not any(f"{stem}-{told}".endswith(it) for it in UNREAD)
]


def test_no_module_is_left_out() -> None:
    # The report has no subject: it never talks to GitLab.
    folder = pathlib.Path(__file__).parents[3] / "plugins/modules"
    modules = list(folder.glob("duo_*.py"))
    assert len(_subjects()) == len(modules) - 1
    assert len(OPTIONS) > 70


@pytest.mark.parametrize(("module", "told", "way"), OPTIONS)
def test_every_option_that_is_a_text(module: str, told: str, way: list[str]) -> None:
    subject = _subjects()[module]
    spec = subject.arguments.spec
    defaults = {name: it["default"] for name, it in spec.items() if "default" in it}
    # A list of objects stands instead of the options of one.
    alone = way[0] in ("models", "settings") and module != "upgrade_check"
    needed = {} if alone else NEEDED.get(module, {})
    given = {**defaults, **needed, way[0]: _given(way, spec, f"{SECRET}\n")}
    with pytest.raises(Failure) as caught:
        subject.options({"dry_run": True, **given})
    assert caught.value.code == messages.INVALID_OPTION.code
    assert f"{told}: ends with a line break" in caught.value.what
    assert f"{SECRET}\\n" not in caught.value.sentence()


TEXTS = [name for name, it in CONNECTION_SPEC.items() if it["type"] in ("str", "path")]


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_the_connection(name: str) -> None:
    params = {"api_url": "https://gitlab.example.com", "api_token": "glpat-x"}
    connection = {it: option.get("default") for it, option in CONNECTION_SPEC.items()} | params
    subject = _subjects()["info"]
    with pytest.raises(Failure) as caught:
        run.perform(subject, {**connection, name: f"{SECRET}\n"}, check_mode=True)
    assert caught.value.what == f"{name}: ends with a line break."
    assert SECRET not in caught.value.sentence()

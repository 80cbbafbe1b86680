# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module_defaults entry, group/gitlab_ops.duo.all, reaches every module that asks a GitLab."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def documentation(module: pathlib.Path) -> dict[str, Any]:
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise AssertionError(f"{module} has no DOCUMENTATION")


def documented_with(fragment: str) -> list[str]:
    """Return the modules that take a documentation fragment."""
    return [
        it.stem
        for it in sorted((ROOT / "plugins" / "modules").glob("*.py"))
        if fragment in documentation(it).get("extends_documentation_fragment", [])
    ]


def test_every_module_with_a_connection_is_in_the_group() -> None:
    """One that is left out would get no token, and one too many options that it does not have."""
    connecting = documented_with("gitlab_ops.duo.connection")
    assert len(connecting) > 8
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert runtime["action_groups"]["all"] == connecting
    assert documented_with("gitlab_ops.duo.attributes.action_group") == connecting


def test_what_ansible_is_promised_is_a_whole_version() -> None:
    """Galaxy and ansible-lint refuse a bound such as >=2.16."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    bound = runtime["requires_ansible"].removeprefix(">=")
    assert [part.isdigit() for part in bound.split(".")] == [True, True, True]

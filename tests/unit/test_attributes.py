# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module says of itself: its attributes, and what a failure of it holds."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.gitlab_ops.duo.plugins.doc_fragments.attributes import ModuleDocFragment
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import bug
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

MODULES = sorted((pathlib.Path(__file__).parents[2] / "plugins" / "modules").glob("duo_*.py"))
# Those that talk to GitLab; duo_report fails with a sentence alone.
TALKERS = [module for module in MODULES if module.stem != "duo_report"]
FRAGMENT = "gitlab_ops.duo.attributes"
ALWAYS = {"check_mode", "diff_mode", "platform", "idempotent"}


def text_of(module: pathlib.Path, name: str) -> Any:
    """Return one of the YAML texts of a module."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(module)


def attributes(module: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return the attributes of a module; what it says itself wins over the fragment."""
    documentation = text_of(module, "DOCUMENTATION")
    found: dict[str, dict[str, Any]] = {}
    for name in documentation.get("extends_documentation_fragment", ()):
        if name == FRAGMENT or name.startswith(FRAGMENT + "."):
            part = name[len(FRAGMENT) + 1 :].upper() or "DOCUMENTATION"
            found |= yaml.safe_load(getattr(ModuleDocFragment, part))["attributes"]
    for name, own in documentation.get("attributes", {}).items():
        found[name] = {**found.get(name, {}), **own}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda it: it.stem)
def test_a_module_says_what_it_supports_and_what_is_missing(module: pathlib.Path) -> None:
    said = attributes(module)
    assert set(said) >= ALWAYS
    for name, attribute in said.items():
        assert attribute["description"], name
        assert attribute["support"] in ("full", "partial", "N/A"), name
        # Who reads "partial" has to learn which part.
        assert (attribute["support"] == "partial") == bool(attribute.get("details")), name


@pytest.mark.parametrize("module", TALKERS, ids=lambda it: it.stem)
def test_a_failure_is_documented_field_by_field(module: pathlib.Path) -> None:
    refused = Sandboxed("18.9").run(gateway.SUBJECT, ai_gateway_timeout_seconds=-1)
    told = bug.failure(ValueError(), traced=True).bug
    documented = text_of(module, "RETURN")["failure"]["contains"]
    assert set(documented) == {*refused["failure"], *told}
    types = {"str": str, "list": list}
    for name, value in {**refused["failure"], **told}.items():
        assert isinstance(value, types[documented[name]["type"]]), name

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables: each is known by name, and booleans may be given as text.

``-e name=false`` and an inventory in INI format give the text ``false``. To a condition of
ansible-core up to 2.18 that is true; later ones refuse it. An option of a module understands it.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import nodes

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "duo_self_hosted"
PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))
FILES = sorted(
    path
    for path in (*ROLE.rglob("*.yml"), *ROLE.rglob("*.j2"), *PLAYBOOKS)
    if "meta" not in path.parts
)
SPECS: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())[
    "argument_specs"
]
# Keywords whose text is an expression, without braces.
EXPRESSIONS = {"when", "that", "failed_when", "changed_when", "until"}


def options() -> dict[str, Any]:
    """Return the options of all entry points."""
    return {name: about for spec in SPECS.values() for name, about in spec["options"].items()}


def booleans() -> set[str]:
    """Return the variables that may be booleans, and the keys of variables as ``variable.key``."""
    found = {
        name
        for name, about in options().items()
        if about["type"] == "bool" or "true" in about.get("choices", ())
    }
    return found | {
        f"{name}.{key}"
        for name, about in options().items()
        if about["type"] == "dict"
        for key, below in about.get("options", {}).items()
        if below["type"] == "bool"
    }


# --- names ---------------------------------------------------------------------------------------
def test_every_variable_is_known_by_its_name() -> None:
    """What is not in the list is called misspelt, wherever a user keeps it."""
    of_playbooks = {
        name
        for path in PLAYBOOKS
        for name in re.findall(r"(?<!\w)duo_self_hosted_\w+", path.read_text())
    }
    registered = {
        name
        for path in (ROLE / "tasks").glob("*.yml")
        for name in re.findall(r"register: (duo_self_hosted_\w+)", path.read_text())
    }
    known = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__duo_self_hosted_variables"]
    assert known == sorted({*options(), *of_playbooks, *registered})


# --- booleans ------------------------------------------------------------------------------------
def texts(value: Any, keyword: str = "") -> Iterator[str]:
    """Yield every text of a YAML document, expressions of keywords as templates."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from texts(below, str(key))
    elif isinstance(value, list):
        for below in value:
            yield from texts(below, keyword)
    elif isinstance(value, str):
        yield f"{{% if {value} %}}{{% endif %}}" if keyword in EXPRESSIONS else value


def name_of(node: nodes.Node) -> str:
    """Return ``variable`` or ``variable.key``, if a node is that."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{name_of(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{name_of(node.node)}.{node.arg.value}"
    if isinstance(node, nodes.Call) and name_of(node.node).endswith(".get"):
        key = node.args[0]
        return f"{name_of(node.node).removesuffix('.get')}.{getattr(key, 'value', '')}"
    return ""


def without_default(node: nodes.Node | None) -> nodes.Node | None:
    """Return what a node is before the filter ``default``."""
    while isinstance(node, nodes.Filter) and node.name == "default":
        node = node.node
    return node


def is_word(node: nodes.Node) -> bool:
    """Return whether a node is a text that no boolean reads as."""
    value = getattr(node, "value", None)
    return isinstance(value, str) and value not in ("true", "false")


def unread(node: nodes.Node) -> Iterator[str]:
    """Yield the booleans below a node that the filter ``bool`` does not read."""
    filtered: nodes.Node | None = None
    if isinstance(node, nodes.Filter) and node.name == "bool":
        filtered = without_default(node.node)
    elif isinstance(node, nodes.Output) and len(node.nodes) == 1:
        # Alone it is handed over as it is, to an option.
        filtered = without_default(node.nodes[0])
    elif isinstance(node, nodes.Pair):
        # So is the value of an option in a dict of them.
        filtered = without_default(node.value)
    if filtered and name_of(filtered) in booleans():
        return
    if isinstance(node, nodes.Compare) and all(is_word(it.expr) for it in node.ops):
        return
    if name_of(node) in booleans():
        yield name_of(node)
    for below in node.iter_child_nodes():
        yield from unread(below)


def in_template(text: str) -> list[str]:
    """Return the booleans of a template that are not read as such."""
    return sorted(unread(jinja2.Environment(autoescape=True).parse(text)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_booleans_are_read_as_such(path: pathlib.Path) -> None:
    text = path.read_text()
    templates = [text] if path.suffix == ".j2" else texts(yaml.safe_load(text))
    assert {it: found for it in templates if (found := in_template(it))} == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{% if duo_self_hosted_verify %}{% endif %}", ["duo_self_hosted_verify"]),
        (
            "{% if not duo_self_hosted_verify | default(true) %}{% endif %}",
            ["duo_self_hosted_verify"],
        ),
        ("{{ 1 if duo_self_hosted_verify else 2 }}", ["duo_self_hosted_verify"]),
        (
            "{% if duo_self_hosted_beta_features['enabled'] or 1 %}{% endif %}",
            ["duo_self_hosted_beta_features.enabled"],
        ),
        (
            '{% if duo_self_hosted_beta_features.get("enabled", true) %}{% endif %}',
            ["duo_self_hosted_beta_features.enabled"],
        ),
        ('{% if duo_self_hosted_beta_features.get("enabled", true) | bool %}{% endif %}', []),
        ('{{ {"on": duo_self_hosted_beta_features.get("enabled")} }}', []),
        ("{% if not duo_self_hosted_verify | default(true) | bool %}{% endif %}", []),
        ("{{ duo_self_hosted_beta_features.enabled | default(omit) }}", []),
        ("{{ duo_self_hosted_beta_features | length }}", []),
        ('{{ duo_self_hosted_verify == "always" }}', []),
        ('{{ duo_self_hosted_verify == "true" }}', ["duo_self_hosted_verify"]),
        ("{{ duo_self_hosted_verify == true }}", ["duo_self_hosted_verify"]),
        ('{{ {"isolated": duo_self_hosted_isolated} }}', []),
        ('{{ {"isolated": not duo_self_hosted_isolated} }}', ["duo_self_hosted_isolated"]),
        ("{{ (duo_self_hosted_verify or 1) | bool }}", ["duo_self_hosted_verify"]),
    ],
)
def test_what_counts_as_reading(text: str, missing: list[str]) -> None:
    assert in_template(text) == missing


def test_a_later_run_forgets_every_result_that_the_report_reads() -> None:
    """Otherwise the report would show what an earlier run in the same playbook did."""
    (forget,) = yaml.safe_load((ROLE / "tasks/forget.yml").read_text())
    (report,) = yaml.safe_load((ROLE / "tasks/report.yml").read_text())
    registered = set(report["gitlab_ops.duo.duo_report"]["registered"])
    assert set(forget["ansible.builtin.set_fact"]) == registered
    made = {
        task["register"]
        for name in ("run", "apply", "absent")
        for task in yaml.safe_load((ROLE / f"tasks/{name}.yml").read_text())
        if "register" in task
    }
    assert made <= registered

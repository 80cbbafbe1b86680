# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of variables: Ansible reads back the same values, and runs none of them."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.gitlab_ops.duo.plugins.filter.to_variables import FilterModule
from ansible_collections.gitlab_ops.duo.tests.unit.core.junk import TEXTS

to_variables = FilterModule().filters()["to_variables"]


def as_ansible_sees(folder: pathlib.Path, written: str) -> Any:
    """Return the variable ``it`` of a file of variables, as a task gets it."""
    (folder / "host_vars").mkdir()
    (folder / "host_vars" / "h.yml").write_text(written, "utf-8")
    (folder / "hosts").write_text("h\n")
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(folder / "hosts")])
    variables = VariableManager(loader=loader, inventory=inventory).get_vars(
        host=inventory.get_host("h")
    )
    return Templar(loader=loader, variables=variables).template(variables["it"])


def test_every_text_comes_back(tmp_path: pathlib.Path) -> None:
    # Half a surrogate is in no database, and YAML has no way to write it.
    junk = [text for text in TEXTS if len(text) < 1000 and not re.search("[\ud800-\udfff]", text)]
    texts = [
        *junk,
        *("{{ lookup('pipe', 'id') }}", "{%", "{#", "a {{ b", "{ {", "}}", "{% raw %}{{ x }}"),
        *("a\x85b", "a\u2028b", "a\r\nb", " a\n b \n", "- a", "# a", "yes", "1", "=", "2026-01-01"),
    ]
    variables = {"it": {"models": [{"name": text} for text in texts], "again": texts}}
    found = as_ansible_sees(tmp_path, to_variables(variables))
    assert [model["name"] for model in found["models"]] == texts
    assert list(found["again"]) == texts


def test_other_values_stay_what_they_are() -> None:
    values = {"b": True, "a": 120, "c": None, "d": [], "e": {}, "f": "grüße 🦊"}
    assert to_variables(values) == "a: 120\nb: true\nc: null\nd: []\ne: {}\nf: grüße 🦊\n"


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}", "x {{"])
def test_what_looks_like_a_template_is_marked(text: str) -> None:
    assert to_variables({"name": text}) == f"name: !unsafe '{text}'\n"


def test_the_same_object_twice_is_written_twice() -> None:
    one = ["code_completions"]
    assert "&" not in to_variables([one, one])

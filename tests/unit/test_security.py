# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SECURITY.md promises nothing without a test: the tests that it names exist."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import options
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import arguments
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
    CONNECTION_SPEC,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.sign_in import SIGN_IN_SPEC
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_model import MODEL_SPEC

ROOT = pathlib.Path(__file__).resolve().parents[2]


def named() -> list[tuple[str, str]]:
    """Return file and test of every promise; a test without a file is in the one before."""
    found: list[tuple[str, str]] = []
    for file, test in re.findall(r"`([\w/]+\.py)?::(\w+)`", (ROOT / "SECURITY.md").read_text()):
        found.append((file or found[-1][0], test))
    return found


@pytest.mark.parametrize(("file", "test"), named())
def test_the_test_is_there(file: str, test: str) -> None:
    path = ROOT / (file if "/" in file else f"tests/integration/{file}")
    assert f"def {test}(" in path.read_text(encoding="utf-8")


def test_every_promise_names_one() -> None:
    section = (ROOT / "SECURITY.md").read_text().split("## What is protected", 1)[1]
    rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if "::test_" not in row] == []


def test_secret_options_are_the_same_everywhere() -> None:
    """What is never shown of options is what their specifications mask."""
    masked = {
        name
        for spec in (CONNECTION_SPEC, SIGN_IN_SPEC, MODEL_SPEC)
        for name, option in spec.items()
        if option.get("no_log")
    }
    assert masked == options.SECRET


def test_names_of_variables_are_no_secrets() -> None:
    """Masked, they would leave a message that tells nobody which variable is meant."""
    given = {"api_token": "a-secret", "variables": {"api_token": "duo_self_hosted_api_token"}}
    assert arguments.secrets_in(given) == {"a-secret"}

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible gives some keys of a result a meaning: no module uses one of them for another."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    health,
    info,
    preflight,
    upgrade_check,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    gateway,
    seats,
    self_hosted_model,
    settings,
    subscription,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

MODULES = sorted((pathlib.Path(__file__).parents[2] / "plugins" / "modules").glob("duo_*.py"))
# What every module returns with Ansible's own meaning.
COMMON = {"changed", "diff", "failed", "msg", "warnings"}
# What ansible-core, its strategies and its callbacks read from a result. Source: ansible-core 2.21,
# "Return Values" of its documentation, executor/task_executor.py and plugins/strategy.
ANSIBLES = {
    *("add_group", "add_host", "ansible_facts", "ansible_included_var_files", "ansible_job_id"),
    *("ansible_stats", "attempts", "backup_file", "checksum", "deprecations", "dest"),
    *("discovered_interpreter_python", "exception", "failed_when_result", "finished", "include"),
    *("include_args", "invocation", "item", "mode", "module_stderr", "module_stdout", "parsed"),
    *("rc", "results", "results_file", "retries", "skip_reason", "skipped", "skipped_reason"),
    *("src", "started", "stderr", "stderr_lines", "stdout", "stdout_lines", "unreachable"),
}
TASKS: dict[str, tuple[Subject, dict[str, Any]]] = {
    "duo_gateway": (gateway.SUBJECT, {"ai_gateway_timeout_seconds": 90}),
    "duo_health": (health.SUBJECT, {"fail_on": "never"}),
    "duo_info": (info.SUBJECT, {}),
    "duo_preflight": (preflight.SUBJECT, {}),
    "duo_seats": (seats.SUBJECT, {"add_on": "duo_enterprise", "users": ["root"]}),
    "duo_self_hosted_model": (self_hosted_model.SUBJECT, {"models": []}),
    "duo_settings": (settings.SUBJECT, {"expanded_logging": True}),
    "duo_subscription": (subscription.SUBJECT, {"sync": "never"}),
    "duo_upgrade_check": (upgrade_check.SUBJECT, {"target_version": "19.1", "fail_on": "never"}),
}


def documented(module: pathlib.Path) -> set[str]:
    """Return the names of a module's return values."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN":
            return set(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(module)


@pytest.mark.parametrize("module", MODULES, ids=lambda it: it.stem)
def test_no_documented_key_has_a_meaning_of_ansibles_own(module: pathlib.Path) -> None:
    keys = documented(module)
    assert keys
    assert keys & (ANSIBLES | COMMON) == set()


@pytest.mark.parametrize("name", TASKS)
def test_no_other_key_is_returned(name: str) -> None:
    subject, options = TASKS[name]
    result = Sandboxed("18.9").run(subject, **options)
    (module,) = (it for it in MODULES if it.stem == name)
    assert set(result) - COMMON - {"failure"} <= documented(module) - ANSIBLES

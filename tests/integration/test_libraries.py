# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A library that is missing or too old: every module names it, and the command that installs it."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import venv
from typing import Any

import playbook
import pytest
from conftest import Play, Start

FIXED = {"name": "codestral", "model_family": "codestral", "endpoint": "https://c.example.com/v1"}
# Options with which each module gets as far as to its libraries; duo_report needs none of them.
COMPLETE: dict[str, dict[str, Any]] = {
    "duo_agent_platform": {"state": "connected"},
    "duo_beta_features": {"enabled": True, "accept_testing_agreement": True},
    "duo_conformance": {},
    "duo_feature_model": {"features": ["duo_chat"], "provider": "disabled"},
    "duo_gateway": {"ai_gateway_timeout_seconds": 90},
    "duo_health": {},
    "duo_info": {},
    "duo_preflight": {},
    "duo_self_hosted_model": {"models": [FIXED]},
    "duo_seats": {"add_on": "duo_enterprise", "users": ["alice"]},
    "duo_settings": {"expanded_logging": True},
    "duo_subscription": {},
    "duo_upgrade_check": {"target_version": "19.0"},
}


def test_every_module_is_tried_without_its_libraries() -> None:
    modules = {it.stem for it in (playbook.ROOT / "plugins" / "modules").glob("duo_*.py")}
    assert modules - {"duo_report"} == set(COMPLETE)


@pytest.mark.parametrize("missing", ["requests", "pydantic"])
def test_library_missing(play: Play, start: Start, tmp_path: pathlib.Path, missing: str) -> None:
    """A Python without a library is named, with the command that installs it there."""
    (instance,) = start("18.9")
    bare = tmp_path / "bare"
    # Ansible's modules bring their own code, so that an environment with nothing in it will do.
    venv.create(bare, with_pip=False)
    python = bare / "bin" / "python"
    other = {"requests": "pydantic", "pydantic": "requests"}[missing]
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    site = pathlib.Path(found.stdout.strip())
    for path in sys.path:
        if path.endswith("site-packages"):
            for package in pathlib.Path(path).iterdir():
                if not re.match(rf"{missing}(-|$)", package.name) and re.match(
                    rf"{other}|pydantic_core|annotated|typing|urllib3|certifi|idna|charset",
                    package.name,
                ):
                    (site / package.name).symlink_to(package)
    run = play(
        [
            playbook.one_play(
                *(playbook.task(name, it, ignore_errors=True) for name, it in COMPLETE.items()),
                vars={"ansible_python_interpreter": str(python)},
                environment=playbook.MODULE_DOOR,
            )
        ],
        {"here": playbook.host(instance)},
    )
    codes = {it.action.rpartition(".")[2]: it.code for it in run.of("here")}
    assert codes == dict.fromkeys(COMPLETE, "library-missing")
    for failed in run.of("here"):
        assert f"The Python library {missing} is not installed for {python}." in failed.message
        assert f"{python} -m pip install" in failed.message
        assert failed.requests == []
    assert run.stray_warnings() == []


def test_library_too_old(play: Play, start: Start, tmp_path: pathlib.Path) -> None:
    """An old library is named with both versions, whichever door finds it."""
    (instance,) = start("18.9")
    old = tmp_path / "old" / "pydantic"
    old.mkdir(parents=True)
    # None of the names that the collection takes from a later one.
    (old / "__init__.py").write_text("VERSION = __version__ = '1.10.19'\n")
    tasks = [playbook.task(name, it, ignore_errors=True) for name, it in COMPLETE.items()]
    run = play(
        [
            playbook.one_play(*tasks, vars=playbook.PYTHON),
            playbook.one_play(*tasks, vars=playbook.PYTHON, environment=playbook.MODULE_DOOR),
        ],
        {"here": playbook.host(instance)},
        extra={"PYTHONPATH": str(old.parent)},
    )
    results = run.of("here")
    assert [it.code for it in results] == ["library-too-old"] * len(COMPLETE) * 2
    for failed in results:
        assert (
            f"{sys.executable} has the Python library pydantic 1.10.19; version 2.8.0 or later is "
            "needed." in failed.message
        )
        assert "pip install 'pydantic>=2.8.0'" in failed.message
        assert failed.requests == []
    assert "Traceback" not in run.output
    assert run.stray_warnings() == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Molecule scenario that is an example for roles on top of the collection's."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import playbook
import pytest
from conftest import Start
from playbook import ROOT

from sandbox import credentials

EXAMPLE = ROOT / "examples" / "molecule"
WRONG = ("model: codestral", "provider: disabled")


def run(folder: pathlib.Path, url: str) -> tuple[int, str]:
    """Run the scenario on a GitLab; return exit status and output."""
    environment = playbook.environment(folder)
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS"):
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "molecule", "test"],
        cwd=folder / "project" / "roles" / "duo_site",
        env={
            **environment,
            "GITLAB_URL": url,
            "GITLAB_TOKEN": credentials.ADMIN_TOKEN,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(folder / "molecule"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_the_scenario(tmp_path: pathlib.Path, start: Start, *, right: bool) -> None:
    """It takes down, configures, has nothing left to do, verifies; a wrong role is noticed."""
    (instance,) = start("18.9", options=("--cache-seconds", "1"))
    instance.seed(models=[{"name": "left-over", "model": "gpt", "endpoint": "https://gone/v1"}])
    shutil.copytree(EXAMPLE, tmp_path / "project")
    if not right:
        tasks = tmp_path / "project" / "roles" / "duo_site" / "tasks" / "main.yml"
        text = tasks.read_text("utf-8")
        assert WRONG[0] in text
        tasks.write_text(text.replace(*WRONG))
    code, output = run(tmp_path, instance.url)
    if right:
        assert code == 0, output
        assert instance.model_names() == []
        assert "All assertions passed" in output
    else:
        assert code != 0
        assert "Compare it with what the role is for" in output
        assert "Assertion failed" in output

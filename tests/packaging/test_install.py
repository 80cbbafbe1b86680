# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to install that README.md and docs/install.md show, each where nothing is installed.

The commands are those of the pages. What they install then makes a dry run against the stand-in.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "integration")]

import pages  # noqa: E402
from site_of_names import Site  # noqa: E402

from sandbox import credentials  # noqa: E402
from tools import collection, interpreters  # noqa: E402

INSTALL = ROOT / "docs" / "install.md"
README = ROOT / "README.md"
GITLAB = "gitlab.example.com"
FORGE = "https://forge.example.com/gitlab_ops/duo.git"
# The Python of a machine that has no other, where there is one.
PYTHON = interpreters.working(["3.12"]).get("3.12", sys.executable)


def commands(page: pathlib.Path, heading: str) -> list[str]:
    """Return the commands of a section."""
    text = page.read_text("utf-8")
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, heading
    return re.findall(r"^\$ (.+)$", found[1], flags=re.MULTILINE)


class Machine:
    """A home directory, a shell, and a Python with its venv module: nothing else of ours."""

    def __init__(self, folder: pathlib.Path, site: Site) -> None:
        self.folder, self.site = folder, site
        subprocess.run([PYTHON, "-m", "venv", folder / "python"], check=True)
        (tarball,) = (collection.CACHE / "dist").glob("*.tar.gz")
        shutil.copy(tarball, folder)
        self.environment = {
            **{name: os.environ[name] for name in os.environ if name.startswith("PIP_")},
            "PATH": f"{folder / 'python' / 'bin'}:{folder / '.local' / 'bin'}:/usr/bin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, *lines: str, **variables: str) -> str:
        """Run lines in one shell, the first failure of which is a failure."""
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(lines)],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def dry_run(self, *before: str) -> None:
        """Make the dry run of the README.

        :param before: lines that come first, such as what activates an environment.
        """
        for block in pages.blocks(README):
            if block.kind == "file":
                (self.folder / block.file).write_text(block.text)
        (command,) = (it for it in commands(README, "First playbook") if "--check" in it)
        said = self.run(
            *before, command, GITLAB_TOKEN=credentials.ADMIN_TOKEN, **self.site.environment
        )
        assert "Set the AI gateway" in said
        assert re.search(rf"^{GITLAB} .* changed=3 .* failed=0 ", said, flags=re.MULTILINE), said
        assert not self.site.instance(GITLAB).writes()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    one = Site(tmp_path_factory.mktemp("site"))
    yield one
    one.stop()


@pytest.fixture
def machine(tmp_path: pathlib.Path, site: Site) -> Machine:
    site.begin({}, lambda _name, _instance: None)
    return Machine(tmp_path, site)


def test_the_readme(machine: Machine) -> None:
    """From nothing to a dry run."""
    machine.run(*commands(README, "Install"))
    machine.dry_run()


def test_a_tarball_in_an_environment_of_its_own(machine: Machine) -> None:
    machine.run(*commands(INSTALL, "From the tarball of a release"))
    machine.dry_run(". duo/bin/activate")


def test_git(machine: Machine, tmp_path: pathlib.Path) -> None:
    """A tag of a repository, which is made of the files that there are."""
    forge = tmp_path / "forge"
    tree = collection.copy(forge)
    for command in (
        ["init", "-q"],
        ["add", "--force", "."],
        ["commit", "-qm", "All"],
        ["tag", "0.1.0"],
    ):
        own = ["-c", "user.name=Anybody", "-c", "user.email=anybody@example.com"]
        subprocess.run(["git", *own, *command], cwd=tree, check=True)
    # So that the address of the page leads there.
    led = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{tree}.insteadOf"}
    machine.run(*commands(INSTALL, "From Git"), **led, GIT_CONFIG_VALUE_0=FORGE)
    installed = tmp_path / ".ansible" / "collections" / collection.INSIDE
    assert (installed / "plugins").is_dir()
    assert not (installed / "tests").exists()
    machine.dry_run()


def test_no_network(machine: Machine) -> None:
    """After the download, no index of packages is in reach."""
    download, *install = commands(INSTALL, "Without a network")
    assert " download " in download
    machine.run(download)
    nowhere = "http://127.0.0.1:9/"
    machine.run(*install, PIP_INDEX_URL=nowhere, PIP_CONFIG_FILE=os.devnull, HTTPS_PROXY=nowhere)
    machine.dry_run()


def test_pipx(machine: Machine) -> None:
    machine.run("python3 -m pip install -q pipx")
    machine.run(*commands(INSTALL, "Where Ansible comes from pipx"))
    machine.dry_run()


def test_an_execution_environment(tmp_path: pathlib.Path) -> None:
    """ansible-builder puts the tarball into what it would build."""
    (block,) = (it for it in pages.blocks(INSTALL) if it.language == "yaml")
    (tarball,) = (collection.CACHE / "dist").glob("*.tar.gz")
    shutil.copy(tarball, tmp_path)
    definition = tmp_path / "execution-environment.yml"
    definition.write_text(block.text)
    builder = pathlib.Path(sys.executable).parent / "ansible-builder"
    command = [builder, "create", "-f", definition, "-c", "context"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    context = tmp_path / "context"
    assert next(context.rglob(tarball.name)).read_bytes() == tarball.read_bytes()
    (wanted,) = yaml.safe_load(next(context.rglob("requirements.yml")).read_text())["collections"]
    assert wanted == {"name": f"files/{tarball.name}", "type": "file"}

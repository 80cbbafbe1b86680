# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a page of the documentation: with a folder, a shell, and GitLabs by their names."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Any

import pages
import playbook
import yaml
from pages import Block, Command
from playbook import ROOT
from sandbox_client import Instance
from site_of_names import Site

from sandbox import credentials
from tools import demo

# What examples/ declares, by the names that it gives the GitLabs.
RELEASES = {f"gitlab.{name}.example.com": release for name, release in demo.RELEASES.items()}
FIRST = "gitlab.example.com"
# Characters of output that a failed test shows, from the end.
MUCH = 4000


@dataclass(frozen=True)
class World:
    """What a page finds.

    :ivar releases: host name -> release of the GitLab, where it is not the usual one.
    :ivar seeds: host name -> state of the GitLab.
    :ivar faults: host name -> faults of the GitLab.
    :ivar links: name -> what it stands for: files that the page takes for granted.
    """

    releases: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class Story:
    """A page on its way, in a folder of its own."""

    def __init__(
        self, page: pathlib.Path | str, folder: pathlib.Path, site: Site, world: World
    ) -> None:
        self.world = world
        self.blocks = list(pages.blocks(ROOT / page))
        self.folder = folder
        self.output = ""
        self._tokens = set(re.findall(r"glpat-[\w.-]*", (ROOT / page).read_text("utf-8")))
        site.begin({**RELEASES, **self.world.releases}, self._prepare)
        self._environment = {
            **playbook.environment(folder),
            **site.environment,
            # A clone has the tarball there, and users install into a folder of their own.
            "ANSIBLE_COLLECTIONS_PATH": f"{folder / 'collections'}{os.pathsep}{playbook.INSTALLED}",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "GITLAB_TOKEN": credentials.ADMIN_TOKEN,
            # What a page installs has to be there.
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        del self._environment["ANSIBLE_CALLBACKS_ENABLED"]  # the recorder wants a file of its own
        del self._environment["ANSIBLE_CONFIG"]
        self._lay_out()

    def _prepare(self, name: str, instance: Instance) -> None:
        tokens = [
            {"token": token, "username": credentials.ADMIN, "scopes": ["api"]}
            for token in self._tokens
        ]
        instance.seed(tokens=tokens, **self.world.seeds.get(name, {}))
        instance.faults(*self.world.faults.get(name, ()))

    def _lay_out(self) -> None:
        """Make what somebody has who copied examples/, in a clone that was built."""
        shutil.copytree(ROOT / "examples", self.folder, dirs_exist_ok=True)
        secrets = demo.secrets()
        self.write("secrets.yml", yaml.safe_dump(secrets))
        # The same for commands that do not name the file.
        self.write("inventory/secrets.yml", yaml.safe_dump({"all": {"vars": secrets}}))
        (self.folder / ".cache").mkdir()
        (self.folder / ".cache" / "dist").symlink_to(ROOT / ".cache" / "dist")
        for name, target in self.world.links.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).symlink_to(self.folder / target)

    def write(self, name: str, content: str) -> str:
        """Write a file of the page; return its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return name

    def tell(self, number: int, block: Block) -> None:
        """Do what a block is for."""
        book = ("ansible-playbook", "-i", f"{FIRST},")
        if block.kind == "file":
            self.write(block.file, block.text)
        elif block.kind == "console":
            for command in pages.commands(block):
                self.shell(command)
        elif block.kind == "diff":
            assert not pages.missing(tuple(block.text.splitlines()), self.output), self.output[
                -MUCH:
            ]
        elif block.kind == "plays":
            name = self.write(f"block{number}.yml", block.text)
            self.shell(Command(f"ansible-playbook -i inventory/ {name}", ()))
        elif block.kind == "tasks":
            play = playbook.one_play(*block.content, vars={"gitlab_token": credentials.ADMIN_TOKEN})
            name = self.write(f"block{number}.yml", yaml.safe_dump([play], sort_keys=False))
            self.shell(Command(" ".join((*book, name)), ()))
        elif block.kind == "variables":
            name = self.write(f"block{number}.yml", block.text)
            variables = (
                f"-e duo_self_hosted_api_url=https://{FIRST}",
                f"-e duo_self_hosted_api_token={credentials.ADMIN_TOKEN}",
                f"-e @{name}",
            )
            self.shell(Command(" ".join((*book, "gitlab_ops.duo.configure", *variables)), ()))
        else:
            assert block.kind in ("not run", "text"), pages.WHAT_TO_DO

    def shell(self, command: Command) -> None:
        """Run a command, and hold its output to what is shown."""
        code, output = self.run(command.text)
        said = f"$ {command.text}\n{output}"
        self.output += said
        lacks = pages.missing(command.shown, output)
        assert not lacks, f"The page shows what was not said: {lacks}\n{said[-MUCH:]}"
        explained = any(line.strip() != "..." for line in command.shown)
        assert code == 0 or explained, f"It ended with {code}.\n{said[-MUCH:]}"

    def run(self, command: str, **variables: str) -> tuple[int, str]:
        """Run a command in the shell of the page; return its exit status and its output."""
        script = f"""
            make() {{ grep -q "^$1:" {ROOT}/Makefile; }}  # its targets are what runs the tests
            [ ! -f .exported ] || . ./.exported
            {command}
            code=$?
            export -p > .exported
            exit $code
        """
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**self._environment, **variables},
            # A password for what asks for one.
            input="a vault password\n" * 2,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout

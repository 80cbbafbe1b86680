# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the code blocks of the documentation, and decide how to use each.

The blocks of a page are used in order, in a folder that begins as a copy of examples/. The content
of a block decides how it is used:

- YAML or INI that begins with `# path/of/a/file`: the file is written, and a later command of the
  page has to use it;
- YAML with plays, with tasks, or with variables of the role: it is run;
- `console`: each line after `$` is run, and what is shown below it has to be in its output, where
  `...` stands for anything; a command may fail only if the page shows with which words;
- `diff`: it has to be in the output of the commands before it;
- `text` is a drawing or an example of a sentence, and is not used.

Anything else fails the tests, unless `<!-- not run: the reason -->` is above the block.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

BLOCK = re.compile(
    r"(?:^[ ]*<!-- not run: (?P<reason>[^>]+?) -->\s*\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)```[ ]*$",
    flags=re.MULTILINE | re.DOTALL,
)
FILE = re.compile(r"# ((?:[\w.-]+/)*[\w.-]+)\n")
WHAT_TO_DO = (
    "Begin a file with `# its/name` and use it in a command, write plays, tasks or variables of "
    "the role, or `$ ` commands in a console block (see tests/integration/pages.py). What cannot "
    "run in a test gets `<!-- not run: the reason -->` on the line above."
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    :ivar line: where it begins in the page, for people.
    :ivar reason: why it is not run, or nothing.
    """

    line: int
    language: str
    text: str
    reason: str

    @property
    def file(self) -> str:
        """The path of the file that it shows, or nothing."""
        found = FILE.match(self.text) if self.language in ("yaml", "ini") else None
        return found[1] if found else ""

    @property
    def content(self) -> Any:
        """What YAML says."""
        return yaml.safe_load(self.text)

    @property
    def kind(self) -> str:
        """What is done with it: one of the names in the text above, or nothing."""
        if self.reason:
            return "not run"
        if self.file:
            return "file"
        if self.language in ("console", "diff", "text"):
            return self.language
        return _kind_of(self.content) if self.language == "yaml" else ""


def _kind_of(content: Any) -> str:
    if isinstance(content, list) and all(isinstance(one, dict) for one in content):
        plays = [one for one in content if {"hosts", "ansible.builtin.import_playbook"} & set(one)]
        return "plays" if len(plays) == len(content) else "tasks"
    if isinstance(content, dict) and all(
        str(one).startswith("duo_self_hosted_") for one in content
    ):
        return "variables"
    return ""


def blocks(page: pathlib.Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        indent = re.compile(f"^{found['indent']}", flags=re.MULTILINE)
        yield Block(
            text.count("\n", 0, found.start("indent")) + 1,
            found["language"].strip(),
            indent.sub("", found["text"]),
            found["reason"] or "",
        )


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the output that the page shows."""

    text: str
    shown: tuple[str, ...]


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block; a backslash goes on in the next line."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        found = re.match(r"(?:[^\n]*\\\n)*[^\n]*", part)
        assert found
        shown = tuple(line for line in part[found.end() :].splitlines() if line.strip())
        yield Command(found[0], shown)


def missing(shown: tuple[str, ...], output: str) -> str:
    """Return the first line that the page shows and the output lacks, in order; or nothing."""
    rest = [_plain(line) for line in output.splitlines()]
    for line in shown:
        wanted = ".*".join(map(re.escape, _plain(line).split("...")))
        while rest and not re.fullmatch(wanted, rest[0]):
            rest.pop(0)
        if not rest and wanted != ".*":
            return line
    return ""


def _plain(line: str) -> str:
    """Return a line without what depends on the width of the terminal."""
    return re.sub(r"\*{3,}", "***", line.strip())

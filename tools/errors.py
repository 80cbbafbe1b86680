# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make docs/errors.md, the page of all error codes, from the source: python -m tools.errors."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.collection import ROOT, link

PAGE = ROOT / "docs" / "errors.md"
# What any task may meet comes first.
FILES = sorted(
    (ROOT / "plugins" / "module_utils" / "_base").glob("*messages.py"),
    key=lambda file: (file.stem != "messages", file.stem != "http_messages", file.stem),
)
HEAD = """<!-- Made by `python -m tools.errors` from the source; what is written here is lost. -->
# Error codes

For those whose run has failed, and for programs that read results.

When a task fails, `failure.code` of its result is one of these, and `msg` has the sentence and
the next step. What stands here as *a word* is filled in. `failure.about` names the object, and
`done`, `not_done` and `unknown` say how far the task came. A few are warnings, or findings of the
preflight.
"""


def page() -> str:
    """Return the page as Markdown: a heading for each part of the file, an anchor for each code."""
    sys.path.append(str(link()))
    parts = [HEAD]
    for file in FILES:
        parts += _parts(file)
    return "\n".join(parts)


def _parts(file: Path) -> Iterator[str]:
    errors = importlib.import_module(
        f"ansible_collections.gitlab_ops.duo.plugins.module_utils._base.{file.stem}"
    )
    for line in file.read_text("utf-8").splitlines():
        if part := re.match(r"# --- ([^-]+) -+$", line):
            yield f"## {part[1][0].upper()}{part[1][1:]}\n"
        elif name := re.match(r"([A-Z_]+) = Message\(", line):
            message = getattr(errors, name[1])
            yield f"### `{message.code}`\n"
            yield f"- Cause: {_filled(message.what)}\n- Remedy: {_filled(message.next_step)}\n"


def _filled(text: str) -> str:
    """Return a sentence as Markdown; what it leaves open is set in italics."""
    parts = re.split(r"\{(\w+)\}", text)
    escaped = [re.sub(r"([<*_`\[\]])", r"\\\1", part) for part in parts]
    # Every second part is a name.
    return "".join(f"*{part}*" if at % 2 else part for at, part in enumerate(escaped))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(PAGE.relative_to(ROOT))

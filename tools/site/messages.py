# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of all messages, from plugins/module_utils/_errors.py."""

from __future__ import annotations

import importlib
import re
import sys

from tools.collection import ROOT, link

ERRORS = ROOT / "plugins" / "module_utils" / "_errors.py"
HEAD = """# Troubleshooting

When a task fails, `failure.code` of its result is one of these, and `msg` has the sentence and
the next step. What stands here as *a word* is filled in. `failure.about` names the object, and
`done`, `not_done` and `unknown` say how far the task came. A few are warnings, or findings of the
preflight.
"""


def page() -> str:
    """Return the page as Markdown: a heading for each part of the file, an anchor for each code."""
    sys.path.append(str(link()))
    errors = importlib.import_module(
        "ansible_collections.gitlab_ops.duo.plugins.module_utils._errors"
    )
    parts = [HEAD]
    for line in ERRORS.read_text("utf-8").splitlines():
        if part := re.match(r"# --- ([^-]+) -+$", line):
            parts.append(f"## {part[1][0].upper()}{part[1][1:]}\n")
        elif name := re.match(r"([A-Z_]+) = Message\(", line):
            message = getattr(errors, name[1])
            parts.append(f"### `{message.code}`\n")
            parts.append(f"{_filled(message.what)}\n\n{_filled('→ ' + message.next_step)}\n")
    return "\n".join(parts)


def _filled(text: str) -> str:
    """Return a sentence as Markdown; what it leaves open is set in italics."""
    parts = re.split(r"\{(\w+)\}", text)
    escaped = [re.sub(r"([<*_`\[\]])", r"\\\1", part) for part in parts]
    # Every second part is a name.
    return "".join(f"*{part}*" if at % 2 else part for at, part in enumerate(escaped))

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lay out the input of Sphinx: the project's Markdown, and the generated pages."""

from __future__ import annotations

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterable, Mapping

import yaml

from tools import origin
from tools.collection import NAME, NAMESPACE, ROOT, files, link

# The README, as the menu names it.
FIRST = "Getting started <self>"
# Where each page is in the menu; the first pattern that fits counts.
MENU = {
    "Use": (
        FIRST,
        "docs/install",
        "docs/recipes*",
        "docs/approval",
        "docs/gitlab-ci",
        "docs/automation-platform",
        "docs/upgrades",
        "docs/more-than-a-token",
        "docs/isolated*",
        "docs/scale",
        "docs/report",
        "docs/monitoring",
        "docs/health",
        "docs/conformance",
        "docs/errors",
        "reference/index",
    ),
    "Understand": ("docs/architecture", "docs/reliability", "docs/performance", "docs/*"),
    "Project": ("changelog", "CONTRIBUTING", "*"),
}
# Labels of Ansible's documentation to which antsibull-docs refers, and their pages.
OF_ANSIBLE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "filter_plugins": "plugins/filter.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)#:]+)(?P<anchor>#[^)]*)?\)")


class Broken(Exception):
    """A link of a page leads nowhere."""


def lay_out(source: pathlib.Path, values: origin.Origin | None = None) -> None:
    """Make the folder anew.

    :param values: where the project lives; None: not said on any page
    :raises Broken: a page has a link to a file that is not there.
    """
    shutil.rmtree(source, ignore_errors=True)
    for path in _shown():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = _linked(path)
            if values:
                text = origin.fill_page(str(path), text, values)
            (source / path).write_text(text, "utf-8")
        else:
            shutil.copy(ROOT / path, source / path)
    (source / "ansible.inv").write_bytes(_inventory())
    (source / "changelog.rst").write_text(_changelog(), "utf-8")
    _reference(source / "reference")
    pages = [path.relative_to(source).with_suffix("") for path in source.rglob("*.md")]
    with (source / "README.md").open("a") as readme:
        readme.write(_menu({str(page) for page in pages} | {"changelog", "reference/index"}))


def _shown() -> Iterable[pathlib.Path]:
    """Return the files that the site shows: all of docs/, and the Markdown beside it."""
    for path in files():
        of_docs = path.parts[0] == "docs" and path.suffix in (".md", ".svg", ".png")
        if of_docs or (len(path.parts) == 1 and path.suffix == ".md" and path.stem != "CHANGELOG"):
            yield path


def _linked(path: pathlib.Path) -> str:
    """Return a page in which files that are only in the project are named, not linked."""

    def mended(found: re.Match[str]) -> str:
        target = pathlib.Path(os.path.normpath(path.parent / found["target"]))
        if not (ROOT / target).exists():
            raise Broken(f"{path}: there is no {target}")
        return found[0] if target in shown else found["text"]

    shown = set(_shown())
    parts = origin.FENCED.split((ROOT / path).read_text("utf-8"))
    return "".join(part if origin.FENCED.match(part) else LINK.sub(mended, part) for part in parts)


def _menu(pages: set[str]) -> str:
    """Return the menu, with every page once."""
    rest, menu = sorted({*pages, FIRST} - {"README"}), ""
    for caption, patterns in MENU.items():
        menu += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n"
        for pattern in patterns:
            fitting = fnmatch.filter(rest, pattern)
            rest = [page for page in rest if page not in fitting]
            menu += "".join(f"{page}\n" for page in fitting)
        menu += "```\n"
    return menu


def _changelog() -> str:
    """Return what was released and, before it, what is waiting for the next release."""
    configuration = yaml.safe_load((ROOT / "changelogs" / "config.yaml").read_text("utf-8"))
    waiting: dict[str, list[str]] = {}
    for fragment in sorted((ROOT / "changelogs" / "fragments").glob("*.yml")):
        for section, entries in yaml.safe_load(fragment.read_text("utf-8")).items():
            waiting.setdefault(section, []).extend(
                [entries] if isinstance(entries, str) else entries
            )
    text = "=========\nChangelog\n=========\n"
    if waiting:
        text += "\nNot released yet\n================\n" + _entries(waiting, configuration)
    released = ROOT / "CHANGELOG.rst"
    if released.is_file():
        # Without its title, which is this page's.
        text += released.read_text("utf-8").partition("\nv")[2].join(["\nv", ""])
    return text


def _entries(waiting: Mapping[str, list[str]], configuration: Mapping[str, list[list[str]]]) -> str:
    text = "".join(f"\n{entry}\n" for entry in waiting.get("release_summary", ()))
    for section, title in configuration["sections"]:
        if section in waiting:
            text += f"\n{title}\n{'-' * len(title)}\n\n"
            text += "".join(f"- {' '.join(entry.split())}\n" for entry in waiting[section])
    return text


def _inventory() -> bytes:
    """Return the few labels of Ansible's documentation as Sphinx reads them, without a network."""
    lines = (f"{name} std:label -1 {page} {name}\n" for name, page in OF_ANSIBLE.items())
    head = (
        *("# Sphinx inventory version 2", "# Project: ansible", "# Version: "),
        *("# The remainder of this file is compressed using zlib.", ""),
    )
    return "\n".join(head).encode() + zlib.compress("".join(lines).encode())


def _reference(folder: pathlib.Path) -> None:
    """Make the pages of modules, role, callback and filter."""
    folder.mkdir()
    command = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy"]
    command += ["--fail-on-error", "--no-add-antsibull-docs-version"]
    subprocess.run(
        [*command, "--dest-dir", str(folder), f"{NAMESPACE}.{NAME}"],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(link())},
        check=True,
    )
    for page in folder.glob("*.rst"):
        page.write_text(_shortened(page.read_text("utf-8")), "utf-8")


def _shortened(page: str) -> str:
    """Return a page with a title that fits the menu, and without what the theme shows beside it."""
    page = re.sub(r"\n\.\. contents::\n(?: +:.*\n)+", "\n", page)
    title = "Modules, role, callback, filter\n" + "=" * 17  # beside those of the title before
    page = re.sub(r"^Gitlab_Ops\.Duo$\n", title, page, flags=re.MULTILINE)
    return re.sub(r"^gitlab_ops\.duo\.(\w+ \w+) -- .*(?=\n\+{4})", r"\1", page, flags=re.MULTILINE)

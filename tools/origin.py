# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes where the project lives (tools/origin.yml) into the files that tell users."""

from __future__ import annotations

import json
import pathlib
import re
from typing import NamedTuple

import yaml

FILE = pathlib.PurePath("tools", "origin.yml")
# Fenced blocks are code: nothing in them is a link.
FENCED = re.compile(r"(^[ ]*```.*?^[ ]*```$)", flags=re.MULTILINE | re.DOTALL)
RELATIVE = re.compile(r"\]\((?!\w+:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
CONTACT = re.compile(r"<!-- contact -->.*?<!-- /contact -->", flags=re.DOTALL)


class Origin(NamedTuple):
    """The values of tools/origin.yml."""

    repository: str
    files: str
    documentation: str
    issues: str
    owner: str
    security: str


# Stands in where no release is made: addresses that lead nowhere, and say so.
EXAMPLE = Origin(
    repository="https://example.com/gitlab_ops/duo",
    files="https://example.com/gitlab_ops/duo/blob/{version}/{path}",
    documentation="https://example.com/gitlab_ops/duo/docs",
    issues="https://example.com/gitlab_ops/duo/issues",
    owner="Nobody yet",
    security="security@example.com",
)


class Unusable(Exception):
    """A file has lost the place that a value belongs in, or origin.yml has another shape."""


def read(root: pathlib.Path) -> Origin:
    """Return the values of a copy of the project.

    :raises Unusable: a value is missing from the file, or is one too many.
    """
    values = yaml.safe_load((root / FILE).read_text("utf-8"))
    if set(values) != set(Origin._fields):
        raise Unusable(f"{FILE} must have the keys {', '.join(Origin._fields)}, and no others.")
    return Origin(**{name: str(value or "").strip() for name, value in values.items()})


def faults(origin: Origin) -> list[str]:
    """Return one line for each value that a release cannot do with."""
    found = [f"{name} is empty" for name, value in origin._asdict().items() if not value]
    for name in ("repository", "files", "documentation", "issues"):
        value = getattr(origin, name)
        if value and not value.startswith("https://"):
            found.append(f"{name} must begin with https://, and is {value}")
    if origin.files and not all(part in origin.files for part in ("{version}", "{path}")):
        found.append(f"files must contain {{version}} and {{path}}, and is {origin.files}")
    return found


def fill_tree(tree: pathlib.Path, origin: Origin) -> None:
    """Write the values into a copy of the project.

    :raises Unusable: a file has lost the place that a value belongs in.
    """
    version = yaml.safe_load((tree / "galaxy.yml").read_text("utf-8"))["version"]
    galaxy, readme, security = (tree / it for it in ("galaxy.yml", "README.md", "SECURITY.md"))
    galaxy.write_text(fill_galaxy(galaxy.read_text("utf-8"), origin), "utf-8")
    for page in (readme, security):
        text = fill_page(page.name, page.read_text("utf-8"), origin)
        # Galaxy shows the README on a site of its own, where relative links lead nowhere.
        page.write_text(absolute_links(text, origin, version), "utf-8")


def fill_galaxy(text: str, origin: Origin) -> str:
    """Return galaxy.yml with the addresses, and with the owner as the first author.

    :raises Unusable: there is no list of authors.
    """
    if "\nauthors:\n" not in text:
        raise Unusable("galaxy.yml has no line `authors:`.")
    text = text.replace("\nauthors:\n", f"\nauthors:\n  - {json.dumps(origin.owner)}\n")
    for name in ("repository", "documentation", "issues"):
        text += f"{name}: {json.dumps(getattr(origin, name))}\n"
    return text + f"homepage: {json.dumps(origin.documentation)}\n"


def fill_page(name: str, text: str, origin: Origin) -> str:
    """Return a page with the values that belong on it.

    :raises Unusable: the page has lost the place that they belong in.
    """
    if name == "README.md":
        before, title, after = text.rpartition("\n## Licence\n")
        if not title:
            raise Unusable("README.md has no section `## Licence`, which follows the addresses.")
        return f"{before}\n{_section(origin)}{title}{after}"
    if name == "SECURITY.md":
        # A function, because the contact is no pattern.
        text, count = CONTACT.subn(lambda _found: _contact(origin.security), text)
        if not count:
            raise Unusable("SECURITY.md has no <!-- contact --> … <!-- /contact -->.")
    return text


def absolute_links(text: str, origin: Origin, version: str) -> str:
    """Return a page of the project's root whose links to files lead to those of a release."""

    def absolute(found: re.Match[str]) -> str:
        page = origin.files.replace("{version}", version).replace("{path}", found["path"])
        if found["path"].endswith((".png", ".svg")):
            # The picture itself, and not the forge's page that shows it.
            page = page.replace("/blob/", "/raw/")
        return f"]({page}{found['anchor'] or ''})"

    parts = FENCED.split(text)
    return "".join(part if FENCED.match(part) else RELATIVE.sub(absolute, part) for part in parts)


def _section(origin: Origin) -> str:
    return (
        "## Where the project is\n\n"
        f"[Documentation]({origin.documentation}) · [Source]({origin.repository}) · "
        f"[Issues]({origin.issues}). {_contact(origin.security)} "
        f"The namespace `gitlab_ops` is held by {origin.owner}.\n"
    )


def _contact(security: str) -> str:
    target = security if ":" in security else f"mailto:{security}"
    return f"Report a weakness in confidence to [{security}]({target})."

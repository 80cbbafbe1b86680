# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the links to other sites still lead somewhere? `make links`, once a week in a pipeline.

Looks at what users read: the Markdown, and the documentation and messages in plugins and roles.
Needs the network, and other people's servers, so it is no part of `make test`.
"""

from __future__ import annotations

import concurrent.futures
import pathlib
import re
import sys
from collections.abc import Iterable, Mapping
from urllib.parse import urldefrag, urlsplit

import requests

from tools.collection import ROOT, files

URL = re.compile(r"https?://[^\s<>()\[\]{}\"'`|\\]+")
# Names that belong to nobody (RFC 2606), and addresses that are not on the internet.
NOWHERE = re.compile(r"(?:^|\.)example(?:\.(?:com|net|org))?$|^localhost$|^[\d.]+$|^[^.]+$")
# Seconds for one answer, and how many servers are asked at once.
PATIENCE, AT_ONCE = 30, 8
# The page is gone. Other refusals are a server's opinion of programs that ask.
GONE = (404, 410)


def read_by_users() -> Iterable[pathlib.Path]:
    """Yield the files whose links count."""
    for path in files():
        if path.suffix == ".md" or path.parts[0] in ("plugins", "roles"):
            yield path


def links(root: pathlib.Path, paths: Iterable[pathlib.Path]) -> dict[str, list[str]]:
    """Return {address: the files that have it}, without places on pages."""
    found: dict[str, list[str]] = {}
    for path in paths:
        try:
            text = (root / path).read_text("utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        for address in URL.findall(text):
            page = urldefrag(address.rstrip(".,;:!?*")).url
            if not NOWHERE.search(urlsplit(page).hostname or "localhost"):
                found.setdefault(page, []).append(str(path))
    return found


def ask(address: str) -> str:
    """Return what is wrong with an address; nothing if it leads somewhere."""
    try:
        answer = requests.head(address, timeout=PATIENCE, allow_redirects=True)
        if answer.status_code >= 400:  # some servers answer nothing but GET
            with requests.get(address, timeout=PATIENCE, stream=True) as answer:
                pass
    except requests.RequestException as problem:
        return type(problem).__name__
    return f"status {answer.status_code}" if answer.status_code in GONE else ""


def broken(addresses: Mapping[str, list[str]]) -> list[str]:
    """Ask for each address; return one line for each that leads nowhere."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        faults = zip(addresses, pool.map(ask, addresses), strict=True)
        return [
            f"{address}: {fault} ({', '.join(sorted(set(addresses[address])))})"
            for address, fault in faults
            if fault
        ]


def main() -> None:
    """Ask for all of them."""
    found = links(ROOT, read_by_users())
    wrong = broken(found)
    print("\n".join([*wrong, f"{len(found) - len(wrong)} of {len(found)} links lead somewhere."]))
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()

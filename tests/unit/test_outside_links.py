# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which links `make links` finds, and what it says of them."""

from __future__ import annotations

import http.server
import pathlib
import threading
from collections.abc import Iterator

import pytest

from tools import outside_links


class Site(http.server.BaseHTTPRequestHandler):
    """A page, one that is gone, one for GET alone, and one for people alone."""

    def do_HEAD(self) -> None:
        self.send_response({"/here": 200, "/gone": 404, "/people": 403}.get(self.path, 405))
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response({"/get": 200, "/people": 403}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_links_are_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.md").write_text(
        "[b](https://docs.ansible.com/b.html#c). `https://gitlab.example.com` http://localhost:1 "
        "https://gitlab.com/d, https://aigw https://10.0.0.1/v1 https://vllm.example:8000/v1"
    )
    (tmp_path / "b.py").write_text('"""See https://gitlab.com/d."""')
    (tmp_path / "c.png").write_bytes(b"\x89PNG")
    found = outside_links.links(tmp_path, map(pathlib.Path, ("a.md", "b.py", "c.png")))
    assert found == {
        "https://docs.ansible.com/b.html": ["a.md"],
        "https://gitlab.com/d": ["a.md", "b.py"],
    }


def test_those_that_lead_nowhere_are_named(site: str) -> None:
    addresses = {f"{site}/{name}": ["a.md"] for name in ("here", "gone", "get", "people")}
    assert outside_links.broken(addresses) == [f"{site}/gone: status 404 (a.md)"]
    unreachable = site.replace("127.0.0.1", "name.invalid")
    assert "Error" in outside_links.ask(unreachable)


def test_the_project_has_some() -> None:
    """What the pipeline asks for is what users read."""
    found = outside_links.links(outside_links.ROOT, outside_links.read_by_users())
    assert any(address.startswith("https://docs.gitlab.com/") for address in found)
    assert any("README.md" in where for where in found.values())

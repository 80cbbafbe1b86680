# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real `ansible-playbook` runs of the built and installed collection against the sandbox.

`make integration ARGS='-k name -x'` builds, installs and runs. Each test starts the stand-in
GitLabs that it needs; nothing is shared between tests, so that any of them runs alone.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# The helpers beside this file and in torture/, and the sandbox.
sys.path[:0] = [str(HERE), str(HERE / "torture"), str(ROOT)]

import cases  # noqa: E402
import playbook  # noqa: E402
from figures import Count, count, pytest_terminal_summary  # noqa: E402
from sandbox_client import Instance, Server  # noqa: E402
from site_of_names import Site  # noqa: E402

__all__ = ["Count", "Play", "Start", "count", "pytest_terminal_summary"]

# Files whose tests all read what was run once.
OF_ONE_RUN = (
    *("test_traps.py", "test_bad_input.py", "test_role.py", "test_transport.py"),
    *("test_health.py", "test_examples_run.py"),
)

Start = Callable[..., list[Instance]]
Play = Callable[..., playbook.Run]


def pytest_configure(config: pytest.Config) -> None:
    """Make marks known."""
    cases.configure(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests that read one playbook run in one process.

    They are all of these files, and elsewhere those whose names are alike up to a slash in the
    parameter.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file, _colons, test = nodeid.partition("::")
            if file.endswith(OF_ONE_RUN):
                return file
            return nodeid.rpartition("/")[0] if "/" in test else nodeid

    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def _collection_is_installed() -> None:
    if not (playbook.INSTALLED / "ansible_collections" / "gitlab_ops" / "duo").is_dir():
        pytest.exit(f"No collection in {playbook.INSTALLED}: start with `make integration`.", 2)


@pytest.fixture(scope="session")
def start_for_session() -> Iterator[Start]:
    """Return a function that starts instances which live until the end of all tests."""
    yield from _starting()


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts an instance for each release that it is given."""
    yield from _starting()


def _starting() -> Iterator[Start]:
    servers: list[Server] = []

    def begin(*releases: str, root: str = "", options: Sequence[str] = ()) -> list[Instance]:
        servers.append(Server(releases, root, options))
        return servers[-1].instances

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield the network in which every name is a GitLab."""
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture
def play(tmp_path: pathlib.Path) -> Play:
    """Return :func:`playbook.run` in a folder of its own."""

    def begin(*args: Any, **keywords: Any) -> playbook.Run:
        return playbook.run(tmp_path, *args, **keywords)

    return begin


@pytest.fixture(scope="session")
def _shared_outcomes() -> Iterator[dict[str, Any]]:
    made: dict[str, Any] = {}
    yield made
    for server, _outcomes in made.values():
        server.stop()


@pytest.fixture
def outcomes(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _shared_outcomes: dict[str, Any],
) -> dict[str, cases.Outcome]:
    """Return what became of the test's cases, by name; all of the file are run at once."""
    file = request.node.path.stem
    if file not in _shared_outcomes:
        items = [item for item in request.session.items if item.path == request.node.path]
        _shared_outcomes[file] = cases.outcomes_of(tmp_path_factory.mktemp(file), items)
    of_file = _shared_outcomes[file][1]
    return {name: it for (test, name), it in of_file.items() if test == request.node.nodeid}


@pytest.fixture
def outcome(outcomes: dict[str, cases.Outcome]) -> cases.Outcome:
    """Return what became of the test's only case."""
    (only,) = outcomes.values()
    return only

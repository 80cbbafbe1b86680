# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with every ansible-core that it supports: `make matrix`, `smoke` and `next`.

The environments are those of tools/environment.py. The newest and the oldest of everything are not
here: `make test` has them always.
"""

from __future__ import annotations

import os

import nox

from tools import environment

nox.options.sessions = ["scenarios", "sanity"]
nox.options.default_venv_backend = "none"

CORES = list(environment.CORES)
# Those that `make test` would otherwise not see.
BETWEEN = CORES[1:-1]
# Before 2.18 ansible-test wants Pythons and libraries that are no longer maintained.
SANITY = CORES[2:]

SMOKE = ["tests/integration/test_role_play.py", "tests/integration/test_doors.py"]


def python(session: nox.Session, name: str) -> str:
    """Make an environment and return its Python; without one to make it from, only CI ends."""
    if environment.find(name) is None:
        message = f"{name} needs a Python of {', '.join(environment.VERSIONS[name])}."
        if os.environ.get("CI"):
            session.error(message)
        session.skip(message)
    session.run("python", "-m", "tools.environment", name)
    return str(environment.CACHE / name / "bin" / "python")


@nox.session
@nox.parametrize("libraries", ["lowest", "newest"])
@nox.parametrize("core", CORES)
def scenarios(session: nox.Session, core: str, libraries: str) -> None:
    """Run all playbooks, with the lowest and the newest Python, requests and pydantic."""
    inside = python(session, f"venv-{core}-{libraries}")
    tests = ["tests/integration", "--ignore", "tests/integration/torture"]
    session.run(inside, "-m", "pytest", "-n", "2", *tests, *session.posargs)


@nox.session
@nox.parametrize("core", BETWEEN)
def smoke(session: nox.Session, core: str) -> None:
    """Run a part of the playbooks with the newest libraries."""
    inside = python(session, f"venv-{core}-newest")
    session.run(inside, "-m", "pytest", "-n", "2", *SMOKE, *session.posargs)


@nox.session(name="next")
def next_core(session: nox.Session) -> None:
    """Run the same part with the newest ansible-core, releases to come included.

    What fails here need not be a fault of the collection: pipelines report it, and go on.
    """
    inside = python(session, "venv-next")
    session.run(inside, "-m", "ansible", "playbook", "--version")
    session.run(inside, "-m", "pytest", "-n", "2", *SMOKE, *session.posargs)


@nox.session
@nox.parametrize("core", SANITY)
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity of an ansible-core."""
    inside = python(session, f"venv-{core}-newest")
    session.run(inside, "-m", "tools.sanity", *session.posargs)

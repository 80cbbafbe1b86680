# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a GitLab of your choice whether it is as the collection believes: `make conformance`.

All its options come from the environment, so that no secret is among a process's arguments. It
prints the table, and exits with 0 if every belief that was asked holds, otherwise with 1.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from tools.collection import CACHE, link

CORE = "ansible_collections.gitlab_ops.duo.plugins.module_utils"
# Option -> variable of the environment.
VARIABLES = {
    "api_url": "GITLAB_URL",
    "api_token": "GITLAB_TOKEN",
    "ca_path": "GITLAB_CA_PATH",
    "username": "GITLAB_USERNAME",
    "password": "GITLAB_PASSWORD",
    "session_cookie": "GITLAB_SESSION",
    "folder": "OUT",
}
SWITCHES = {"write": "WRITE", "production": "PRODUCTION"}
YES = ("yes", "true", "1")
INTERRUPTED = 130


def parameters(spec: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the options of the check: from the environment, otherwise their defaults."""
    given: dict[str, Any] = {name: option.get("default") for name, option in spec.items()}
    for name, variable in VARIABLES.items():
        given[name] = os.environ.get(variable) or given[name]
    for name, variable in SWITCHES.items():
        given[name] = os.environ.get(variable, "").lower() in YES
    given["folder"] = given["folder"] or str(CACHE / "conformance")
    return given


def main() -> int:
    """Ask, print the table, and return the exit status."""
    sys.path.append(str(link()))
    subject = importlib.import_module(f"{CORE}._conformance.conformance").SUBJECT
    run = importlib.import_module(f"{CORE}._engine.run")
    given = parameters(subject.arguments.constraints()["argument_spec"])
    missing = [VARIABLES[name] for name in ("api_url", "api_token") if not given[name]]
    if missing:
        print(f"Set {' and '.join(missing)}: make conformance URL=... TOKEN=...", file=sys.stderr)
        return 1
    secrets = [given[name] for name in ("api_token", "password", "session_cookie") if given[name]]
    try:
        result = run.outcome(subject, given, check_mode=False, diff_mode=False, secrets=secrets)
    except KeyboardInterrupt:
        print("Interrupted. What the check wrote is undone.", file=sys.stderr)
        return INTERRUPTED
    for warning in result.get("warnings", ()):
        print(f"Warning: {warning}", file=sys.stderr)
    for line in result.get("table", ()):
        print(line)
    for path in result.get("paths", ()):
        print(path)
    if "table" not in result:
        print(result["msg"], file=sys.stderr)
    return 1 if result.get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the jobs of a `.gitlab-ci.yml` as a runner of GitLab does, as far as our example needs it.

Each job begins in a fresh copy of the project, and gets the artifacts of the jobs that it needs and
the variables that its environment lets it have. Its script runs line by line in one shell that ends
at the first failure.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import yaml

# What a job can be made of here. Something else would be left out without a word.
KNOWN = {
    *("extends", "stage", "image", "rules", "script", "variables", "artifacts", "needs"),
    *("environment", "resource_group"),
}


def merged(base: Any, over: Any) -> Any:
    """Return what `extends` makes of two jobs: mappings are merged, everything else is replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}


@dataclass
class Ended:
    """What became of a job: its exit status, output, and artifacts by their path."""

    code: int
    output: str
    artifacts: dict[str, bytes] = field(default_factory=dict)


class Pipeline:
    """A project with a `.gitlab-ci.yml`.

    :param project: its files.
    :param folder: where the jobs work.
    :param environment: variables of the machine.
    """

    def __init__(
        self, project: pathlib.Path, folder: pathlib.Path, environment: Mapping[str, str]
    ) -> None:
        self.project, self.folder, self.environment = project, folder, environment
        self.definition = yaml.safe_load((project / ".gitlab-ci.yml").read_text("utf-8"))

    def job(self, name: str) -> dict[str, Any]:
        """Return a job with all that it inherits."""
        own = self.definition[name]
        bases = own.get("extends", [])
        whole: dict[str, Any] = {}
        for base in [bases] if isinstance(bases, str) else bases:
            whole = merged(whole, self.job(base))
        whole = merged(whole, own)
        assert set(whole) <= KNOWN, set(whole) - KNOWN
        return whole

    def jobs(self, source: str) -> dict[str, str]:
        """Return the jobs of a pipeline in the order of their stages: name -> when they run.

        :param source: value of CI_PIPELINE_SOURCE.
        """
        wanted = f'$CI_PIPELINE_SOURCE == "{source}"'
        stages = self.definition["stages"]
        assert wanted in [rule["if"] for rule in self.definition["workflow"]["rules"]]
        found = {}
        for name in self.definition:
            if name.startswith(".") or name in ("stages", "workflow", "default"):
                continue
            for rule in self.job(name)["rules"]:
                if rule["if"] == wanted:
                    found[name] = rule.get("when", "on_success")
        return dict(sorted(found.items(), key=lambda it: stages.index(self.job(it[0])["stage"])))

    def run(self, name: str, variables: Mapping[str, str], *needs: Ended) -> Ended:
        """Run a job.

        :param variables: those that GitLab hands to it.
        :param needs: the jobs whose artifacts it gets.
        """
        job = self.job(name)
        assert len(job.get("needs", [])) == len(needs)
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.project, place)
        for needed in needs:
            for path, content in needed.artifacts.items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_bytes(content)
        given = {**variables, "CI_PROJECT_DIR": str(place), "CI": "true"}
        for key, value in job.get("variables", {}).items():
            given[key] = value.replace("$CI_PROJECT_DIR", str(place))
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=place,
            env={**self.environment, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        kept = job.get("artifacts", {})
        if ended.returncode and kept.get("when") != "always":
            kept = {}
        files = [
            file
            for path in [*kept.get("paths", ()), *kept.get("reports", {}).values()]
            for file in (place / path, *(place / path).rglob("*"))
            if file.is_file()
        ]
        return Ended(
            ended.returncode,
            ended.stdout,
            {str(file.relative_to(place)): file.read_bytes() for file in files},
        )


class Notes(ThreadingHTTPServer):
    """What takes the comments of a merge request: GitLab's API in so far."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Note)
        # Path, token and text of each.
        self.taken: list[tuple[str, str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Value of CI_API_V4_URL."""
        return "http://{}:{}/api/v4".format(*self.server_address)


class _Note(BaseHTTPRequestHandler):
    server: Notes

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = parse_qs(form, strict_parsing=True)["body"][0]
        self.server.taken.append((self.path, self.headers["PRIVATE-TOKEN"], body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""`gitlab-rails runner '...'` for a running sandbox: real Ruby, GitLab's classes as stand-ins.

    GITLAB_SANDBOX_URL=http://127.0.0.1:8092 python -m sandbox.gitlab_rails runner 'puts 1'

Needs `ruby`. Imports nothing of the sandbox itself, so that it starts fast.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

PRELUDE = Path(__file__).with_suffix(".rb")
#: Libraries print such lines, so neither the first line nor the whole output may count as the
#: answer.
NOISE = "warning: a line that some library prints before the answer"
NO_RUBY = (
    "gitlab-rails of the sandbox runs Ruby, and `ruby` is not installed. Debian: `make packages` "
    "as root, or `apt-get install ruby`."
)
EXIT_NO_RUBY = 127


def install(folder: Path, url: str) -> Path:
    """Write an executable `gitlab-rails` for the instance at `url`; returns its path."""
    path = folder / "gitlab-rails"
    root = Path(__file__).resolve().parents[1]
    python, address, where = (shlex.quote(one) for one in (sys.executable, url, str(root)))
    path.write_text(
        f'#!/bin/sh\ncd {where} && exec {python} -m sandbox.gitlab_rails --url {address} "$@"\n'
    )
    path.chmod(0o755)
    return path


def run(ruby: str, url: str, code: str) -> int:
    print(NOISE, flush=True)
    # Before anything runs, as Ruby does itself: a snippet with a syntax error changes nothing.
    parsed = subprocess.run([ruby, "-c", "-e", code], capture_output=True, text=True, check=False)
    if parsed.returncode != 0:
        print(
            "Please specify a valid ruby command or the path of a script to run.\n", file=sys.stderr
        )
        print(parsed.stderr, end="", file=sys.stderr)
        return 1
    address = urlsplit(url)
    environment = {**os.environ, "GITLAB_SANDBOX_URL": f"{address.scheme}://{address.netloc}"}
    done = subprocess.run([ruby, str(PRELUDE), code], env=environment, check=False)
    return done.returncode if done.returncode >= 0 else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="gitlab-rails", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("GITLAB_SANDBOX_URL"))
    parser.add_argument("command", choices=["runner"])
    parser.add_argument("code", metavar="CODE")
    options = parser.parse_args()
    if not options.url:
        parser.error("name the instance by --url or GITLAB_SANDBOX_URL")
    ruby = shutil.which("ruby")
    if ruby is None:
        print(NO_RUBY, file=sys.stderr)
        return EXIT_NO_RUBY
    return run(ruby, options.url, options.code)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox --instance 17.9:8091 --instance 18.9:8092`: see README.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import seed
from .server import HOST, listen, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in GitLab.")
    parser.add_argument(
        "--instance",
        action="append",
        required=True,
        metavar="VERSION:PORT",
        help="for example 18.9:8092 or 19.x:0 (0 takes a free port); may be repeated",
    )
    parser.add_argument("--relative-url-root", default="", metavar="/gitlab")
    parser.add_argument("--state", type=Path, metavar="FILE.json", help="a seed for each instance")
    parser.add_argument("--host", default=HOST, help="address to listen on (%(default)s)")
    parser.add_argument("--exit-with-parent", action="store_true")
    options = parser.parse_args()
    start = json.loads(options.state.read_text("utf-8")) if options.state else {}
    instances = []
    for text in options.instance:
        version, _dummy, port = text.partition(":")
        try:
            one = listen(version, int(port or 0), options.relative_url_root, options.host)
            seed.apply(one.app.state.instance, start)
        except (ValueError, OSError) as error:
            print(f"{text}: {error}", file=sys.stderr)
            return 2
        instances.append(one)
    run(instances, options.exit_with_parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())

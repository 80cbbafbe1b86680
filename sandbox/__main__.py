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
    parser.add_argument(
        "--processes", type=int, default=2, metavar="N", help="that answer in turn (%(default)s)"
    )
    parser.add_argument(
        "--cache-seconds",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="for which each process keeps its copies (%(default)s)",
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, metavar="MS", help="of each request (%(default)s)"
    )
    parser.add_argument("--exit-with-parent", action="store_true")
    options = parser.parse_args()
    start = json.loads(options.state.read_text("utf-8")) if options.state else {}
    around = {name: getattr(options, name) for name in ("processes", "cache_seconds", "latency_ms")}
    instances = []
    for text in options.instance:
        version, _dummy, port = text.partition(":")
        try:
            one = listen(version, int(port or 0), options.relative_url_root, options.host, around)
            seed.apply(one.app.state.instance, start)
        except (ValueError, OSError) as error:
            print(f"{text}: {error}", file=sys.stderr)
            return 2
        instances.append(one)
    run(instances, options.exit_with_parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())

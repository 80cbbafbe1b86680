# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation: python -m tools.site, which makes .cache/docs/README.html and more.

Needs no network. Any warning of Sphinx, and any link that leads nowhere, is a failure.
"""

from __future__ import annotations

import subprocess
import sys

from tools import origin
from tools.collection import CACHE, ROOT
from tools.site import layout, links

SOURCE, SITE = CACHE / "docs-source", CACHE / "docs"


def main(values: origin.Origin | None = None) -> None:
    """Lay out, build, check the links.

    :param values: where the project lives; None: not said on any page
    :raises SystemExit: there is a warning or a broken link.
    """
    try:
        layout.lay_out(SOURCE, values)
    except layout.Broken as problem:
        sys.exit(str(problem))
    settings = ["-c", str(ROOT / "tools" / "site"), "--doctree-dir", str(CACHE / "docs-doctrees")]
    strict = ["--fail-on-warning", "--keep-going", "--quiet", "--fresh-env"]
    sphinx = [sys.executable, "-m", "sphinx", "--builder", "html", *strict, *settings]
    ended = subprocess.run([*sphinx, str(SOURCE), str(SITE)], check=False)
    wrong = links.broken(SITE)
    print("\n".join(f"broken link: {one}" for one in wrong))
    if ended.returncode or wrong:
        sys.exit(1)
    print(f"{sum(1 for _page in SITE.rglob('*.html'))} pages: {(SITE / 'README.html').as_uri()}")


if __name__ == "__main__":
    main()

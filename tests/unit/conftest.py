# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes `ansible_collections.gitlab_ops.duo` and `sandbox` importable, wherever the clone is."""

from __future__ import annotations

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make_importable() -> None:
    """Put the working tree on sys.path under the names that the code itself uses."""
    sys.path.insert(0, str(ROOT))
    # Property tests keep their examples with the other caches, not in a folder of their own.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))
    if "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ:
        return  # `ansible-test units` has done it; a second way would end its workers silently
    if ROOT.parts[-3:-2] == ("ansible_collections",):
        top = ROOT.parents[2]
    else:
        from tools.collection import link

        top = link()
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(top)
    sys.path.insert(0, str(top))


make_importable()

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make unit` says, where `CI` is set, of the branches that the unit tests took."""

from __future__ import annotations

import json
import pathlib

import pytest

from tools import branches


def written(tmp_path: pathlib.Path, **files: tuple[int, int]) -> str:
    """Return a file like that of coverage json: {name: (taken, there)}."""
    summaries = {
        name.replace("__", "/"): {"summary": {"covered_branches": it, "num_branches": of}}
        for name, (it, of) in files.items()
    }
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"files": summaries}))
    return str(path)


def test_enough(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that are not of the core do not count, and those that only playbooks try."""
    given = {
        "plugins__module_utils__a": (95, 100),
        "plugins__callback__b": (0, 1000),
        "plugins__module_utils___gitlab__transport.py": (0, 1000),
    }
    branches.main(written(tmp_path, **given))
    assert capsys.readouterr().out.startswith("95.0 % of 100 branches")


@pytest.mark.parametrize(
    ("there", "said"), [((94, 100), "94.0 % of 100 .* At least 95 %"), ((0, 0), "holds nothing")]
)
def test_too_few(tmp_path: pathlib.Path, there: tuple[int, int], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        branches.main(written(tmp_path, plugins__module_utils__a=there))

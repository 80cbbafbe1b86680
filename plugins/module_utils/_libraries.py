# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The third-party libraries of the collection, present or not.

Every other file takes ``requests`` and ``pydantic`` from here, so that a host that lacks one
gets a sentence with the next step instead of an ``ImportError``. A file can be imported without
them; nothing in it can be used, and the doors check :data:`MISSING` before they use anything.
"""

from __future__ import annotations

import sys
from typing import Any

MISSING: str | None = None

try:
    import pydantic
    import requests
except ImportError as error:
    MISSING = error.name or str(error)

    class _Absent:
        """Stands where a library is missing: can be subclassed, called and used as decorator."""

        def __init__(self, *_args: Any, **_kwargs: Any) -> None:
            pass

        def __call__(self, function: Any) -> Any:
            return function

    class _AbsentLibrary:
        def __getattr__(self, name: str) -> Any:
            return _Absent

    pydantic = requests = _AbsentLibrary()  # type: ignore[assignment]

__all__ = ["MISSING", "pydantic", "python", "requests"]


def python() -> str:
    """Return the path of the Python that runs this code, for messages."""
    return sys.executable or "python3"

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the third-party libraries of the collection, or say why they cannot be used.

Every other file takes ``requests`` and ``pydantic`` from here, so that a host where one is missing,
too old or broken gets a sentence with the next step instead of a traceback. Without them our files
can be imported but not used, so the doors call :func:`demand` first.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .messages import LIBRARY_BROKEN, LIBRARY_MISSING, LIBRARY_TOO_OLD, Failure, Message

__all__ = ["MISSING", "NEEDED", "demand", "pydantic", "requests", "unusable"]

# The lower bounds of requirements.txt, and a name that only a working installation has.
NEEDED = {"pydantic": "2.8.0", "requests": "2.31.0"}
_PROBES = {"pydantic": "BaseModel", "requests": "Session"}


def _problem_with(name: str) -> tuple[Message, dict[str, str]] | None:
    """Return the reason why a library cannot be used here, or None."""
    try:
        library = import_module(name)
        found = str(getattr(library, "__version__", "of unknown version"))
        if _number(found) < _number(NEEDED[name]):
            return LIBRARY_TOO_OLD, {"library": name, "found": found, "needed": NEEDED[name]}
        # pydantic loads most of itself on first use, and only then fails if a part is missing.
        getattr(library, _PROBES[name])
    except ImportError as error:
        return LIBRARY_MISSING, {"library": error.name or name}
    except Exception as error:
        # A broken installation may raise anything, such as SystemError for mismatched parts.
        return LIBRARY_BROKEN, {"library": name, "reason": f"{type(error).__name__}: {error}"}
    return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


_PROBLEM = next(filter(None, map(_problem_with, NEEDED)), None)
# Name of the library that cannot be used.
MISSING = _PROBLEM[1]["library"] if _PROBLEM else None


def unusable() -> Failure | None:
    """Return the failure that names the library that cannot be used, or None if all can."""
    if _PROBLEM is None:
        return None
    message, values = _PROBLEM
    python = sys.executable or "python3"
    wanted = " ".join(f"'{name}>={version}'" for name, version in NEEDED.items())
    return Failure(
        message,
        python=python,
        install=f"{python} -m pip install {wanted}",
        **values,
    )


def demand() -> None:
    """Check that all libraries can be used.

    :raises Failure: one cannot.
    """
    failure = unusable()
    if failure:
        raise failure


class _Absent:
    """Stands in for a missing library: can be subclassed, called and used as a decorator."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __call__(self, function: Any) -> Any:
        return function


class _AbsentLibrary:
    def __getattr__(self, name: str) -> Any:
        return _Absent


if TYPE_CHECKING or _PROBLEM is None:
    import pydantic
    import requests
else:
    pydantic = requests = _AbsentLibrary()

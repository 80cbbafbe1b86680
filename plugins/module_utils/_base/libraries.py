# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The third-party libraries of the collection, usable or not.

Every other file takes ``requests`` and ``pydantic`` from here, so that a host where one is missing,
too old or broken gets a sentence with the next step instead of a traceback. A file can be imported
without them; nothing in it can be used, and the doors call :func:`demand` before they use anything.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .messages import LIBRARY_BROKEN, LIBRARY_MISSING, LIBRARY_TOO_OLD, Failure, Message

__all__ = ["MISSING", "NEEDED", "demand", "pydantic", "requests", "unusable"]

# The lower bounds of requirements.txt, and a name that only a sound installation can give.
NEEDED = {"pydantic": "2.8.0", "requests": "2.31.0"}
_PROBES = {"pydantic": "BaseModel", "requests": "Session"}


def _problem_with(name: str) -> tuple[Message, dict[str, str]] | None:
    """Return what keeps a library from being used here, or None."""
    try:
        library = import_module(name)
        found = str(getattr(library, "__version__", "of unknown version"))
        if _number(found) < _number(NEEDED[name]):
            return LIBRARY_TOO_OLD, {"library": name, "found": found, "needed": NEEDED[name]}
        # pydantic loads most of itself at the first use, and notices only then what it lacks.
        getattr(library, _PROBES[name])
    except ImportError as error:
        return LIBRARY_MISSING, {"library": error.name or name}
    except Exception as error:
        # Whatever a broken installation raises: SystemError if its parts are of different versions.
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
    """Do nothing if all libraries can be used.

    :raises Failure: one cannot.
    """
    failure = unusable()
    if failure:
        raise failure


class _Absent:
    """Stands where a library is missing: can be subclassed, called and used as decorator."""

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

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find misspelt variables of the role: names that are nearly those of its own.

An inventory may contain other names with the role's prefix: its owner's helpers, or variables of
another role. Only a name that looks like a slip stops the run.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from .._engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Common to all of them, so it says nothing.
_PREFIX = "duo_self_hosted_"
# The least similarity (0 to 1) of names that differ by a letter or two.
_NEAR = 0.8


def misspelt(unknown: Collection[str], known: Collection[str]) -> Iterator[Finding]:
    """Yield an error for each variable that looks like one of the role.

    :param known: the variables of the role; if there are none to compare with, each unknown one is
        an error.
    """
    for name in unknown:
        meant = nearest(name, known)
        if not known or meant:
            guess = f"Did you mean {meant}? " if meant else "Correct its name: "
            yield Finding(
                "error",
                f"variable {name}",
                "The role has no such variable, so it would be ignored.",
                f"{guess}ansible-doc -t role gitlab_ops.duo.duo_self_hosted lists its variables.",
            )


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the variable of which a name is probably a misspelling, or None."""
    alike = {it: _likeness(name.removeprefix(_PREFIX), it.removeprefix(_PREFIX)) for it in known}
    best = max(alike, key=alike.__getitem__, default=None)
    return best if best is not None and alike[best] >= _NEAR else None


def _likeness(name: str, known: str) -> float:
    if name.startswith(f"{known}_"):
        return 0  # models_of_berlin was chosen on purpose
    return SequenceMatcher(None, name, known).ratio()

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an option, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .messages import INVALID_OPTION, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Path of an option -> how the user knows it.
Names = Callable[[str], str]


class Wrong(ValueError):
    """A value that breaks a rule.

    ``rule`` completes the name of the option. ``option`` names it where the rule is one of several
    options together; ``named`` tells that the rule names them itself. ``instead`` holds what may be
    meant, best first, as values of options by name (``""`` is the option itself); what is shown of
    it has passed the same checks. ``write`` is the next step where none of them passes, with ``{}``
    for the option, and ``also`` is said behind it in any case. With ``form``, the rule ends in what
    is suggested, or in this form of it.
    """

    def __init__(
        self,
        rule: str,
        write: str = "Correct {}.",
        *,
        option: str = "",
        named: bool = False,
        form: str | None = None,
        also: str = "",
        instead: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.write = write
        self.option = option
        self.named = named
        self.form = form
        self.also = also
        self.instead = instead


def invalid(problems: Iterable[tuple[str, str]], *, about: str = "") -> Failure:
    """Return the failure for problems, each with what is wrong and what to write."""
    wrong, writes = zip(*problems, strict=True)
    return Failure(
        INVALID_OPTION,
        about=about,
        problems="; ".join(wrong),
        write=" ".join(dict.fromkeys(writes)),
    )


def same(path: str) -> str:
    """Return the path of an option as it is."""
    return path


def names_of(params: Mapping[str, Any], at: str = "") -> Names:
    """Return how messages call the options of a task.

    :param params: of the task; ``variables`` tells which variable stands behind an option.
    :param at: option that holds those that are named.
    """
    variables = params.get("variables")
    if not isinstance(variables, dict):
        variables = {}

    def name(path: str) -> str:
        whole = f"{at}.{path}" if at and path else path or at
        head = re.split(r"[.\[]", whole, maxsplit=1)[0]
        return f"{variables.get(head, head)}{whole[len(head) :]}"

    return name

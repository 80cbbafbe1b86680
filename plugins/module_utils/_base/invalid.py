# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is wrong with an option, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .messages import INVALID_OPTION, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Path of an option -> its name as the user wrote it.
Names = Callable[[str], str]


class Wrong(ValueError):
    """A value that breaks a rule.

    ``rule`` completes the sentence that the option's name begins. ``option`` names the option if
    the rule concerns several together; ``named`` means that the rule names them itself.
    ``instead`` holds values that may be meant, best first, by name of option (``""`` is the option
    itself); only those that pass the same checks are shown. ``write`` is the next step if none of
    them passes, with ``{}`` for the option; ``also`` follows it in any case. With ``form``, the
    rule ends with the suggestion, or with ``form`` if there is none.
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
    """Return the failure for problems, each a pair of what is wrong and what to write."""
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
    """Return a function that gives the name of an option as messages show it.

    :param params: of the task; ``variables`` maps options to the role variables that set them.
    :param at: the option that contains those to name.
    """
    variables = params.get("variables")
    if not isinstance(variables, dict):
        variables = {}

    def name(path: str) -> str:
        whole = f"{at}.{path}" if at and path else path or at
        head = re.split(r"[.\[]", whole, maxsplit=1)[0]
        return f"{variables.get(head, head)}{whole[len(head) :]}"

    return name

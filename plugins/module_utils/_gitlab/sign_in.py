# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the options for what a token cannot do: sign in to admin pages, or run Ruby on a node.

Plain dataclasses, not pydantic, because ``via: rails_runner`` works on nodes without libraries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from .._base.characters import hidden
from .._base.invalid import invalid, names_of

if TYPE_CHECKING:
    from .._base.options import Spec

SESSION = "session"
RAILS_RUNNER = "rails_runner"
# Not rails_command, whose parts may be a script of several lines.
_TEXTS = ("username", "password", "session_cookie")
RAILS_COMMAND = ("gitlab-rails", "runner")

SIGN_IN_SPEC: Spec = {
    "via": {"type": "str", "choices": ["auto", "session", "rails_runner"], "default": "auto"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "session_cookie": {"type": "str", "no_log": True},
    "rails_command": {"type": "list", "elements": "str"},
}

Checked = TypeVar("Checked", bound="SignIn")


@dataclass(frozen=True)
class SignIn:
    """The options for signing in, or for running Ruby on a node."""

    via: str = "auto"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    session_cookie: str | None = field(default=None, repr=False)
    rails_command: list[str] | None = None
    dry_run: bool = False

    @classmethod
    def of(cls: type[Checked], params: dict[str, Any]) -> Checked:
        """Return the options of a task.

        :raises Failure: they contradict each other.
        """
        checked = cls(**params)
        names = names_of(params)
        if problems := checked._problems():
            raise invalid(
                (f"{names(option)}: {rule}", write.replace("{}", names(option)))
                for option, rule, write in problems
            )
        return checked

    def _problems(self) -> list[tuple[str, str, str]]:
        """Return option, rule and what to write for each problem."""
        texts = {name: getattr(self, name) or "" for name in _TEXTS}
        unseen = [
            (name, why, "Write {} without it.")
            for name, text in texts.items()
            if (why := hidden(text))
        ]
        if unseen:
            return unseen
        if self.username and not re.fullmatch(r"[^\s'\"\\\\#]{1,255}", self.username):
            rule = "contains white space, quotes, # or a backslash"
            return [("username", rule, "Write the user name of a GitLab account as {}.")]
        if self.session_cookie and not re.fullmatch(r"[!-:<-~]+", self.session_cookie):
            rule = "give the value of the cookie alone"
            return [("session_cookie", rule, "Write the text after _gitlab_session= as {}.")]
        if self.rails_command is not None and not all(self.rails_command or [""]):
            example = " ".join(RAILS_COMMAND)
            return [("rails_command", "is empty", f"Write a command as {{}}, such as {example}.")]
        if self.rails_command and len(self.rails_command) == 1 and " " in self.rails_command[0]:
            parts = ", ".join(self.rails_command[0].split())
            rule = "is text; a list is needed"
            return [("rails_command", rule, f"Write {{}} as a list of its parts: [{parts}].")]
        if self.via == SESSION and not self.can_sign_in:
            rule = "session needs username and password, or session_cookie"
            return [("via", rule, "Add them, or leave out {}.")]
        return []

    @property
    def can_sign_in(self) -> bool:
        """Whether the options suffice to sign in."""
        return bool(self.session_cookie or (self.username and self.password))

    @property
    def way(self) -> str | None:
        """The way that the options choose or allow; None if there is none."""
        if self.via == RAILS_RUNNER:
            return RAILS_RUNNER
        if self.can_sign_in:
            return SESSION
        return RAILS_RUNNER if self.rails_command else None


def sign_in_of(wanted: SignIn) -> dict[str, Any]:
    """Return the options for signing in, out of all options of a task."""
    return {it.name: getattr(wanted, it.name) for it in fields(SignIn)}

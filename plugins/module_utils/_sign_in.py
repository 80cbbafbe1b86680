# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to do what no token can do: sign in to the admin pages, or run on a GitLab node.

Plain dataclasses, not pydantic: ``via: rails_runner`` works on nodes without any library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._characters import hidden
from ._errors import INVALID_OPTION, Failure

SESSION = "session"
RAILS_RUNNER = "rails_runner"
# Not rails_command, whose parts may be a script of several lines.
_TEXTS = ("username", "password", "session_cookie")
RAILS_COMMAND = ("gitlab-rails", "runner")

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
        if problem := checked._problem():
            raise Failure(INVALID_OPTION, problems=problem)
        return checked

    def _problem(self) -> str:
        texts = {name: getattr(self, name) or "" for name in _TEXTS}
        if unseen := [f"{name}: {why}" for name, text in texts.items() if (why := hidden(text))]:
            return "; ".join(unseen)
        if self.username and not re.fullmatch(r"[^\s'\"\\\\#]{1,255}", self.username):
            return "username: contains white space, quotes, # or a backslash"
        if self.session_cookie and not re.fullmatch(r"[!-:<-~]+", self.session_cookie):
            return "session_cookie: give the value of the cookie alone"
        if self.rails_command is not None and not all(self.rails_command or [""]):
            return "rails_command: is empty"
        if self.via == SESSION and not self.can_sign_in:
            return "via: session needs username and password, or session_cookie"
        return ""

    @property
    def can_sign_in(self) -> bool:
        """Whether there is enough to sign in with."""
        return bool(self.session_cookie or (self.username and self.password))

    @property
    def door(self) -> str | None:
        """The way that the options allow; None if there is none."""
        if self.via == RAILS_RUNNER:
            return RAILS_RUNNER
        if self.can_sign_in:
            return SESSION
        return RAILS_RUNNER if self.rails_command else None

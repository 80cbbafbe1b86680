# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to do what no token can do: sign in to the admin pages, or run on a GitLab node.

Plain dataclasses, not pydantic: ``via: rails_runner`` works on nodes without any library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._errors import INVALID_OPTION, Failure

SESSION = "session"
RAILS_RUNNER = "rails_runner"
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
        problem = ""
        if checked.username and not re.fullmatch(r"[^\s'\"\\\\#]{1,255}", checked.username):
            problem = "username: contains white space, quotes, # or a backslash"
        elif checked.session_cookie and not re.fullmatch(r"[!-:<-~]+", checked.session_cookie):
            problem = "session_cookie: give the value of the cookie alone"
        elif checked.rails_command is not None and not all(checked.rails_command or [""]):
            problem = "rails_command: is empty"
        elif checked.via == SESSION and not checked.can_sign_in:
            problem = "via: session needs username and password, or session_cookie"
        if problem:
            raise Failure(INVALID_OPTION, problems=problem)
        return checked

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

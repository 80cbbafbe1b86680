# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few things that no API offers, through gitlab-rails runner on a GitLab node.

The classes behind it have the same paths from 17.9 to 19.x. A run takes as long as GitLab takes
to load, often half a minute. Nothing secret is in the Ruby code, which the process list shows.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from . import _errors
from ._errors import Failure
from ._sign_in import RAILS_COMMAND

if TYPE_CHECKING:
    from ._sign_in import SignIn

TIMEOUT = 600  # seconds

_READ_BETA = "puts Ai::TestingTermsAcceptance.has_accepted?"
_ACCEPT = (
    'u = User.find_by!(username: "{username}"); '
    "r = Ai::TestingTermsAcceptance.exists?(user_id: u.id) ? nil : "
    "Ai::SelfHostedModels::TestingTermsAcceptance::CreateService.new(u).execute; "
    "abort(r.message) if r&.error?; puts :on"
)
# For every row, also those of deleted users: the only complete way to turn it off.
_WITHDRAW_ALL = (
    "Ai::TestingTermsAcceptance.all.map("
    "&Ai::SelfHostedModels::TestingTermsAcceptance::DestroyService.method(:new)).each(&:execute); "
    "puts Ai::TestingTermsAcceptance.has_accepted?"
)
_SYNC = "puts Gitlab::SeatLinkData.new(refresh_token: true).sync ? :queued : :not_applicable"


class RailsRunner:
    """Runs Ruby inside GitLab."""

    def __init__(self, options: SignIn) -> None:
        self._command = list(options.rails_command or RAILS_COMMAND)

    def beta_state(self) -> bool:
        """Return whether beta features are on."""
        return self._run(_READ_BETA, ("true", "false")) == "true"

    def accept(self, username: str) -> None:
        """Accept the Testing Agreement for a user, if that has not been done."""
        self._run(_ACCEPT.format(username=username), ("on",))

    def withdraw_all(self) -> bool:
        """Withdraw every acceptance and return whether beta features are still on."""
        return self._run(_WITHDRAW_ALL, ("true", "false")) == "true"

    def synchronise(self) -> bool:
        """Queue the synchronisation of the subscription; False if there is nothing to sync."""
        return self._run(_SYNC, ("queued", "not_applicable")) == "queued"

    def _run(self, code: str, answers: tuple[str, ...]) -> str:
        """Return the last line of the output that is one of the answers.

        Other lines are warnings of Ruby or of libraries.
        """
        try:
            # There is no module to ask for run_command: the action plugins come here too.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                [*self._command, code],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise Failure(_errors.RAILS_NOT_FOUND, command=self._command[0]) from None
        except subprocess.TimeoutExpired:
            raise Failure(_errors.RAILS_FAILED, reason=f"no end after {TIMEOUT} s") from None
        except OSError as error:
            raise Failure(_errors.RAILS_FAILED, reason=error.strerror or str(error)) from None
        said = [line.strip() for line in done.stdout.splitlines()]
        found = next((line for line in reversed(said) if line in answers), None)
        if done.returncode != 0 or found is None:
            problem = _error(done.stderr)
            reason = f"exit status {done.returncode}" + (f", {problem}" if problem else "")
            raise Failure(_errors.RAILS_FAILED, reason=reason)
        return found


def _error(stderr: str) -> str:
    """Return the line that says what went wrong: neither a warning, nor the trace behind it."""
    for line in map(str.strip, stderr.splitlines()):
        # Rails says this first when the code itself is wrong for its release.
        rails = line.startswith("Please specify a valid ruby command")
        if line and not rails and "warning:" not in line and not line.startswith("from "):
            return line.rstrip(".")
    return ""

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few things that no API offers, through gitlab-rails runner on a GitLab node.

The classes behind it have the same paths from 17.9 to 19.x. A run takes as long as GitLab takes
to load, often half a minute. Nothing secret is in the Ruby code, which the process list shows.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from .._base import messages
from .._base.messages import Failure, Unclear
from .sign_in import RAILS_COMMAND

if TYPE_CHECKING:
    from .sign_in import SignIn

TIMEOUT = 600  # seconds

# A shell's, docker's and kubectl's exit status for a command that could not be started.
_NOT_STARTED = (126, 127)
# What the Ruby code prints where it knows that it wrote nothing.
_REFUSED = "refused"

_READ_BETA = "puts Ai::TestingTermsAcceptance.has_accepted?"
_ACCEPT = (
    "no = ->(why) {{ puts :refused; abort(why) }}; "
    'u = begin; User.find_by!(username: "{username}"); rescue => e; no[e.message]; end; '
    "r = Ai::TestingTermsAcceptance.exists?(user_id: u.id) ? nil : "
    "Ai::SelfHostedModels::TestingTermsAcceptance::CreateService.new(u).execute; "
    "no[r.message] if r&.error?; puts :on"
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
        """Accept the Testing Agreement for a user, if that has not been done.

        :raises Unclear: it is not known whether it was done.
        """
        self._run(_ACCEPT.format(username=username), ("on",), writing=True)

    def withdraw_all(self) -> bool:
        """Withdraw every acceptance and return whether beta features are still on.

        :raises Unclear: it is not known how many were withdrawn.
        """
        return self._run(_WITHDRAW_ALL, ("true", "false"), writing=True) == "true"

    def synchronise(self) -> bool:
        """Queue the synchronisation of the subscription; False if there is nothing to sync.

        :raises Unclear: it is not known whether it was queued.
        """
        return self._run(_SYNC, ("queued", "not_applicable"), writing=True) == "queued"

    def _run(self, code: str, answers: tuple[str, ...], *, writing: bool = False) -> str:
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
            raise Failure(messages.RAILS_NOT_FOUND, command=self._command[0]) from None
        except subprocess.TimeoutExpired:
            raise _failed(f"it did not finish within {TIMEOUT} s", writing) from None
        except OSError as error:
            raise _failed(error.strerror or str(error), False) from None
        said = [line.strip() for line in done.stdout.splitlines()]
        found = next((line for line in reversed(said) if line in (*answers, _REFUSED)), None)
        if done.returncode != 0 or found not in answers:
            problem = _error(done.stderr)
            reason = f"exit status {done.returncode}" + (f", {problem}" if problem else "")
            nothing_done = found == _REFUSED or done.returncode in _NOT_STARTED
            raise _failed(reason, writing and not nothing_done)
        return str(found)


def _failed(reason: str, may_be_done: bool) -> Failure:
    """Return the failure of a command.

    One that ended without an answer may have written before, and one that was only lost on the
    way (kubectl exec, docker exec) goes on in GitLab's container.
    """
    if may_be_done:
        return Unclear(messages.RAILS_FAILED, retry=False, late=True, reason=reason)
    return Failure(messages.RAILS_FAILED, reason=reason)


def _error(stderr: str) -> str:
    """Return the line that says what went wrong: neither a warning, nor the trace behind it."""
    for line in map(str.strip, stderr.splitlines()):
        # Rails says this first when the code itself is wrong for its release.
        rails = line.startswith("Please specify a valid ruby command")
        if line and not rails and "warning:" not in line and not line.startswith("from "):
            return line.rstrip(".")
    return ""

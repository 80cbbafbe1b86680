# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do what no API offers with gitlab-rails runner on a GitLab node.

The Ruby classes have the same names from 17.9 to 19.x. A run takes as long as loading GitLab, often
half a minute. The Ruby code contains no secret, because the process list shows it.
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

# Exit status of shells, docker and kubectl for a command that could not be started.
_NOT_STARTED = (126, 127)
# The Ruby code prints this if it knows that it wrote nothing.
_REFUSED = "refused"

_READ_BETA = "puts Ai::TestingTermsAcceptance.has_accepted?"
_ACCEPT = (
    "no = ->(why) {{ puts :refused; abort(why) }}; "
    'u = begin; User.find_by!(username: "{username}"); rescue => e; no[e.message]; end; '
    "r = Ai::TestingTermsAcceptance.exists?(user_id: u.id) ? nil : "
    "Ai::SelfHostedModels::TestingTermsAcceptance::CreateService.new(u).execute; "
    "no[r.message] if r&.error?; puts :on"
)
# All rows, because beta features stay on while one is left, even that of a deleted user.
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
        """Accept the Testing Agreement for a user, unless the user has accepted it already.

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
            # Not run_command, because the action plugins call this too and have no module.
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

    A command that ended without an answer may have written before that, and one whose connection
    broke (kubectl exec, docker exec) goes on in GitLab's container.
    """
    if may_be_done:
        return Unclear(messages.RAILS_FAILED, retry=False, late=True, reason=reason)
    return Failure(messages.RAILS_FAILED, reason=reason)


def _error(stderr: str) -> str:
    """Return the line that says what went wrong, without warnings and traceback."""
    for line in map(str.strip, stderr.splitlines()):
        # Rails prints this line first if the code does not fit the release.
        rails = line.startswith("Please specify a valid ruby command")
        if line and not rails and "warning:" not in line and not line.startswith("from "):
            return line.rstrip(".")
    return ""

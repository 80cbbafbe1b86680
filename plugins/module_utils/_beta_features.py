# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-hosted beta models and features: on for all as soon as one administrator accepted.

GitLab keeps one acceptance of the Testing Agreement for each user; the switch on the admin page
adds or removes that of the signed-in user. There is no API for it in any release (17.9 to 19.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _errors
from ._arguments import SIGN_IN, Arguments
from ._errors import Failure, Unclear
from ._libraries import pydantic
from ._observed import read_state
from ._plan import Change, Plan, Step
from ._releases import Release
from ._run import Subject
from ._validators import BetaOptions, check

if TYPE_CHECKING:
    from ._client import GitLab

ABOUT = "beta features"


class Found(pydantic.BaseModel):
    """Whether beta features are on; None where it cannot be known."""

    model_config = pydantic.ConfigDict(frozen=True, hide_input_in_errors=True)

    release: Release
    enabled: bool | None


@dataclass(frozen=True)
class Toggle:
    """Throws the switch, if the page still shows the state that the plan saw."""

    wanted: BetaOptions
    release: Release

    def perform(self, gitlab: GitLab) -> None:
        """Read, throw the switch, read again.

        :raises Failure: it was thrown, but the state is still the other one.
        """
        session = gitlab.admin_session(self.wanted)
        enabled, path = session.beta_state()
        if enabled == self.wanted.enabled:
            return
        try:
            session.toggle_beta(path or self.release.toggle_beta_path)
        except Unclear:
            # It may have been thrown all the same: the page tells.
            if session.beta_state()[0] == self.wanted.enabled:
                return
            raise
        if session.beta_state()[0] != self.wanted.enabled:
            if self.wanted.enabled:
                raise Failure(_errors.BETA_STAYS_OFF, about=ABOUT)
            raise Failure(_errors.BETA_STAYS_ON, about=ABOUT)


def options(params: dict[str, Any]) -> BetaOptions:
    """Check the options of a task."""
    return check(BetaOptions, params)


def observe(gitlab: GitLab, wanted: BetaOptions) -> Found:
    """Read the state: by token where the release tells it so, else on the admin page."""
    reading, state = read_state(gitlab)
    if state.beta is None and wanted.can_sign_in:
        enabled, _path = gitlab.admin_session(wanted).beta_state()
        return Found(release=reading.release, enabled=enabled)
    return Found(release=reading.release, enabled=state.beta)


def plan(wanted: BetaOptions, found: Found) -> Plan[Found]:
    """Return what would change.

    :raises Failure: there is no way to do it, or the agreement is not accepted.
    """
    predicted = found.model_copy(update={"enabled": wanted.enabled})
    if found.enabled == wanted.enabled:
        return Plan((), predicted)
    if found.enabled is None:
        reason = f"GitLab {found.release.text} does not show the state of beta features by token"
        raise Failure(_errors.BETA_NEEDS_SIGN_IN, about=ABOUT, reason=reason)
    if wanted.enabled and not wanted.accept_testing_agreement:
        raise Failure(_errors.AGREEMENT_NOT_ACCEPTED, about=ABOUT)
    if not wanted.can_sign_in:
        reason = f"Beta features have to be turned {'on' if wanted.enabled else 'off'}"
        raise Failure(_errors.BETA_NEEDS_SIGN_IN, about=ABOUT, reason=reason)
    change = Change(ABOUT, {"enabled": found.enabled}, {"enabled": wanted.enabled})
    return Plan((Step((change,), Toggle(wanted, found.release)),), predicted)


def show(_wanted: BetaOptions, found: Found) -> dict[str, Any]:
    """Return whether beta features are on."""
    return {"beta_features": {"enabled": found.enabled}}


SUBJECT = Subject(
    name="beta features",
    arguments=Arguments(
        spec={
            "enabled": {"type": "bool", "required": True},
            "accept_testing_agreement": {"type": "bool", "default": False},
            **SIGN_IN,
        },
        required_together=[("username", "password")],
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
)

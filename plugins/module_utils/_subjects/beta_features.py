# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn self-hosted beta models and features on or off: on as soon as one administrator accepted.

GitLab stores one acceptance of the Testing Agreement for each user; the switch on the admin page
adds or removes that of the signed-in user. No release has an API for it (17.9 to 19.x).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.messages import Failure, Unclear
from .._duo.releases import Release
from .._engine.arguments import Arguments
from .._engine.objects import about
from .._engine.plan import Change, PageAction, Plan, Step
from .._engine.run_plan import PLAN_SPEC
from .._engine.settle import Patience, Watch
from .._engine.subject import Subject
from .._gitlab.rails import RailsRunner
from .._gitlab.sign_in import RAILS_RUNNER, SESSION, SIGN_IN_SPEC, SignIn
from .stored import read_state

if TYPE_CHECKING:
    from .._gitlab.admin_session import AdminSession
    from .._gitlab.client import GitLab

ABOUT = about("beta_features")
# How often the switch is flipped at most, to turn them on and off: odd numbers, so that the result
# is that of one flip. If they stay on, the likelier reason is somebody else's acceptance.
TRIES = {True: 5, False: 3}


@dataclass(frozen=True)
class BetaOptions(SignIn):
    """Options of ``duo_beta_features``."""

    enabled: bool = False
    accept_testing_agreement: bool = False


@dataclass(frozen=True)
class ObservedBetaFeatures:
    """Whether beta features are on; None if that cannot be known without signing in."""

    enabled: bool | None
    release: Release | None = None


@dataclass(frozen=True)
class Toggle:
    """Flips the switch on the admin page, for the signed-in administrator.

    Each flip undoes the one before it, so two runs at once may undo each other's. If the page still
    shows the other state after a flip, it may also be old, or show somebody else's acceptance.
    """

    wanted: BetaOptions
    release: Release

    def perform(self, gitlab: GitLab) -> None:
        """Read, flip the switch if the page shows the other state, and read again.

        As long as the page shows the effect of a flip at once, the switch is flipped a few more
        times. If the page shows neither of two flips, which undo each other, it may be late, and
        its first reading may have been old too: then wait until the page must be right before
        flipping again.

        :raises Failure: the switch was flipped, but the state is still the other one.
        """
        session = gitlab.admin_session(self.wanted)
        enabled, path = session.beta_state()
        if enabled == self.wanted.enabled:
            return
        path = path or self.release.toggle_beta_path
        seconds = gitlab.connection.settle_timeout
        watch, throws, prompt = Watch(), 0, False
        while True:
            reached, throws = self._throw(session, path), throws + 1
            prompt = prompt or reached
            # If an earlier flip shows late, the one after it will undo it just as late.
            since = watch.seconds if throws > 1 else 0.0
            if reached and (not since or self._stays(session, watch, since)):
                return
            last = throws >= TRIES[self.wanted.enabled]
            if throws > 1 and (last or not prompt):
                since = since if throws % 2 == 0 else 0.0
                if self._comes(session, Patience(seconds), watch, since):
                    return
            if last:
                raise self._not_reached()
            watch.step_aside(throws - 1)
            if self._is_reached(session):
                return

    def _comes(self, session: AdminSession, patience: Patience, watch: Watch, since: float) -> bool:
        """Return whether the page shows the wanted state in time, and still ``since`` s later."""
        while patience.wait():
            if self._is_reached(session) and self._stays(session, watch, since):
                return True
        return False

    def _stays(self, session: AdminSession, watch: Watch, seconds: float) -> bool:
        if seconds:
            watch.sleep(seconds)
        return not seconds or self._is_reached(session)

    def _throw(self, session: AdminSession, path: str) -> bool:
        """Flip the switch; return whether the page then shows the wanted state."""
        try:
            session.toggle_beta(path)
        except Unclear as unclear:
            # Even if this flip was refused, an earlier one may show late.
            unclear.refused = False
            # The switch may have flipped anyway, so read the page again.
            if self._is_reached(session):
                return True
            if unclear.late:
                # The flip may still happen, and a second one would undo it.
                unclear.retry = False
            raise
        return self._is_reached(session)

    def _not_reached(self) -> Failure:
        if self.wanted.enabled:
            return Failure(messages.BETA_STAYS_OFF, about=ABOUT)
        failure = Failure(messages.BETA_STAYS_ON, about=ABOUT)
        failure.done = ["flip the switch of the signed-in account"]
        return failure

    def _is_reached(self, session: AdminSession) -> bool:
        try:
            return session.beta_state()[0] == self.wanted.enabled
        except Failure as failure:
            raise Unclear.after(failure) from None


@dataclass(frozen=True)
class Run:
    """Accepts, or withdraws all acceptances at once, with gitlab-rails runner."""

    wanted: BetaOptions

    def perform(self, _gitlab: GitLab) -> None:
        """Accept for one administrator, or withdraw all acceptances.

        :raises Unclear: the command failed, but may have done it.
        :raises Failure: the command did not do it, or beta features stay on.
        """
        runner = RailsRunner(self.wanted)
        if self.wanted.enabled:
            runner.accept(self.wanted.username or "")
        elif runner.withdraw_all():
            raise Failure(messages.BETA_STAYS_ON, about=ABOUT)


def options(params: dict[str, Any]) -> BetaOptions:
    """Check the options of a task."""
    return BetaOptions.of(params)


def observe(gitlab: GitLab | None, wanted: BetaOptions) -> ObservedBetaFeatures:
    """Read the state with the token if the release shows it, or else as the options allow."""
    if gitlab is None:
        return ObservedBetaFeatures(RailsRunner(wanted).beta_state())
    reading, state = read_state(gitlab)
    return ObservedBetaFeatures(beta_state(gitlab, wanted, state.beta), Release.of(reading.version))


def beta_state(gitlab: GitLab, wanted: SignIn, by_token: bool | None) -> bool | None:
    """Return whether beta features are on, even if the token's reading does not show it."""
    if by_token is not None:
        return by_token
    if wanted.way == SESSION:
        return gitlab.admin_session(wanted).beta_state()[0]
    return RailsRunner(wanted).beta_state() if wanted.way == RAILS_RUNNER else None


def plan(wanted: BetaOptions, found: ObservedBetaFeatures) -> Plan[ObservedBetaFeatures]:
    """Return what would change.

    :raises Failure: the options give no way to do it, or the agreement is not accepted.
    """
    predicted = replace(found, enabled=wanted.enabled)
    if found.enabled == wanted.enabled:
        return Plan((), predicted)
    if found.enabled is None:
        version = found.release.text if found.release else ""
        reason = f"On GitLab {version} the state of beta features has to be read first"
        raise Failure(messages.BETA_NEEDS_SIGN_IN, about=ABOUT, reason=reason)
    if wanted.enabled and not wanted.accept_testing_agreement:
        raise Failure(messages.AGREEMENT_NOT_ACCEPTED, about=ABOUT)
    if wanted.way is None:
        reason = f"Beta features have to be turned {'on' if wanted.enabled else 'off'}"
        raise Failure(messages.BETA_NEEDS_SIGN_IN, about=ABOUT, reason=reason)
    if wanted.way == RAILS_RUNNER and wanted.enabled and not wanted.username:
        raise Failure(messages.RAILS_NEEDS_USER, about=ABOUT)
    change = Change("beta_features", "", {"enabled": found.enabled}, {"enabled": wanted.enabled})
    call: PageAction = Run(wanted)
    if wanted.way == SESSION and found.release:
        call = Toggle(wanted, found.release)
    step = Step((change,), call, shows_done=isinstance(call, Toggle), awaited=True)
    return Plan((step,), predicted)


def show(_wanted: BetaOptions, found: ObservedBetaFeatures) -> dict[str, Any]:
    """Return whether beta features are on."""
    return {"beta_features": {"enabled": found.enabled}}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "enabled": {"type": "bool", "required": True},
            "accept_testing_agreement": {"type": "bool", "default": False},
            **SIGN_IN_SPEC,
            **PLAN_SPEC,
        },
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
    without_libraries=lambda wanted: wanted.way == RAILS_RUNNER,
)

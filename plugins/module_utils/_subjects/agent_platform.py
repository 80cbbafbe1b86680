# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect the account with which flows of the GitLab Duo Agent Platform act.

GitLab calls it composite identity. Only an administrator's session can find out whether it is
connected, and only if GitLab's page shows it: that of 18.9 does, that of 19.4 does not. Without it
the state is unknown, before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.messages import Failure
from .._duo.outbound_rules import APPLICATION_SETTINGS
from .._duo.releases import Release
from .._engine.arguments import WHEN_UNSUPPORTED, Arguments
from .._engine.objects import about
from .._engine.plan import Change, Plan, Step
from .._engine.run_plan import PLAN_SPEC, Entry, StepPlan
from .._engine.settle import Patience
from .._engine.subject import Subject
from .._gitlab.sign_in import SIGN_IN_SPEC, SignIn

if TYPE_CHECKING:
    from .._base.options import Spec
    from .._gitlab.client import GitLab

NAME = "agent_platform"
ABOUT = about(NAME)
SINCE = "18.4"
NOT_SHOWN = "(not shown)"
# Of duo_availability, the values with which GitLab Duo is on for the instance.
ON = ("default_on", "always_on")

AGENT_PLATFORM_SPEC: Spec = {
    "state": {"type": "str", "choices": ["connected", "disconnected"]},
    "when_unknown": {"type": "str", "choices": ["apply", "keep"], "default": "apply"},
}


@dataclass(frozen=True)
class AgentPlatformOptions(SignIn):
    """Options of ``duo_agent_platform``."""

    state: str = "connected"
    when_unknown: str = "apply"
    when_unsupported: str = "fail"

    @property
    def connected(self) -> bool:
        """Whether the account is to be connected."""
        return self.state == "connected"


@dataclass(frozen=True)
class ObservedAgentPlatform:
    """Whether the account is connected; None if GitLab does not show it, or it was not read."""

    release: Release
    connected: bool | None = None
    # Whether GitLab Duo is on for the instance; None if that could not be read.
    duo_on: bool | None = None


def options(params: dict[str, Any]) -> AgentPlatformOptions:
    """Check the options of a task."""
    return AgentPlatformOptions.of(params)


def observe(gitlab: GitLab, wanted: AgentPlatformOptions) -> ObservedAgentPlatform:
    """Read the state as an administrator; and whether GitLab Duo is on, where that matters.

    :raises Failure: the sign-in failed, or GitLab does not show the page.
    """
    found = look(gitlab, wanted, Release.of(gitlab.read().version))
    done = found.connected is wanted.connected
    if done or not (found.release.has_composite_identity and wanted.can_sign_in):
        return found
    return with_settings(found, gitlab.rest(APPLICATION_SETTINGS))


def look(gitlab: GitLab, wanted: AgentPlatformOptions, release: Release) -> ObservedAgentPlatform:
    """Return what the admin page shows.

    :raises Failure: the sign-in failed, or GitLab does not show the page.
    """
    found = ObservedAgentPlatform(release)
    if not (release.has_composite_identity and wanted.can_sign_in):
        return found
    # Here, because hardly any run signs in: loading it would cost each of them.
    from .._gitlab.agent_platform_page import is_connected

    return replace(found, connected=is_connected(gitlab.admin_session(wanted)))


def with_settings(found: ObservedAgentPlatform, settings: Any) -> ObservedAgentPlatform:
    """Return what was found, with what the application settings tell of GitLab Duo."""
    on = settings.get("duo_features_enabled") if isinstance(settings, dict) else None
    return replace(found, duo_on=on if isinstance(on, bool) else None)


def foresee(found: ObservedAgentPlatform, step: StepPlan) -> ObservedAgentPlatform:
    """Return the state after the earlier steps of the run."""
    return replace(found, duo_on=_turned(step.preceding, found.duo_on))


def _turned(changes: Iterable[Entry], duo_on: bool | None) -> bool | None:
    for it in changes:
        if (it.get("subject"), it.get("name")) == ("setting", "availability"):
            duo_on = it.get("after") in ON
    return duo_on


# --- plan --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Connect:
    """Connects the account, or disconnects it, on the admin page."""

    wanted: AgentPlatformOptions
    # As the application settings show it; None if they do not.
    duo_on: bool | None = None

    def perform(self, gitlab: GitLab) -> None:
        """Do it, and wait for processes of GitLab that do not know yet that GitLab Duo is on.

        :raises Unclear: it is not known whether it was done.
        :raises Failure: GitLab refused it.
        """
        from .._gitlab import agent_platform_page as page

        session = gitlab.admin_session(self.wanted)
        patience = Patience(gitlab.connection.settle_timeout if self.duo_on else 0)
        while True:
            try:
                return page.connect(session) if self.wanted.connected else page.disconnect(session)
            except Failure as failure:
                if failure.code != messages.NO_AGENT_PLATFORM.code or not patience.wait():
                    raise


def plan(wanted: AgentPlatformOptions, found: ObservedAgentPlatform) -> Plan[ObservedAgentPlatform]:
    """Return what would change. What GitLab does not show is set in every run, if that is wanted.

    :raises Failure: the release lacks it, nobody can sign in, or GitLab Duo is off.
    """
    version = found.release.text
    if not found.release.has_composite_identity:
        option = f"state: {wanted.state}"
        lacking = Failure(
            messages.NOT_OFFERED, about=ABOUT, option=option, since=SINCE, version=version
        )
        if wanted.when_unsupported == "fail":
            raise lacking
        return Plan((), found, (f"{ABOUT} is skipped: {lacking.what}",))
    if not wanted.can_sign_in:
        raise Failure(messages.AGENT_PLATFORM_NEEDS_SIGN_IN, about=ABOUT)
    if found.connected is wanted.connected:
        return Plan((), found)
    unknown = found.connected is None
    not_shown = f"GitLab {version} does not show whether the {ABOUT} is connected"
    if unknown and wanted.when_unknown == "keep":
        return Plan((), found, (f"{not_shown}, so it is left as it is.",))
    if found.duo_on is False and not wanted.connected:
        kept = (
            f"The {ABOUT} is left as it is: while GitLab Duo is off it cannot act, and GitLab does "
            "not disconnect it."
        )
        return Plan((), found, (kept,))
    if found.duo_on is False:
        raise Failure(messages.DUO_IS_OFF, about=ABOUT, done=wanted.state)
    change = Change(
        NAME,
        "",
        {"connected": NOT_SHOWN if unknown else found.connected},
        {"connected": wanted.connected},
        visible=not unknown,
    )
    # A state that GitLab does not show is not known afterwards either.
    predicted = found if unknown else replace(found, connected=wanted.connected)
    verb = "connects" if wanted.connected else "disconnects"
    warnings = (f"{not_shown}, so each run {verb} it again.",) if unknown else ()
    call = Connect(wanted, duo_on=found.duo_on)
    return Plan((Step((change,), call),), predicted, warnings)


def show(_wanted: AgentPlatformOptions, found: ObservedAgentPlatform) -> dict[str, Any]:
    """Return whether the account is connected."""
    return {"agent_platform": {"connected": found.connected}}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            **AGENT_PLATFORM_SPEC,
            "state": {**AGENT_PLATFORM_SPEC["state"], "required": True},
            **WHEN_UNSUPPORTED,
            **SIGN_IN_SPEC,
            **PLAN_SPEC,
        },
    ),
    options=options,
    observe=observe,
    foresee=foresee,
    plan=plan,
    show=show,
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synchronise the subscription: the licence and its add-ons.

After a purchase GitLab hides the pages of self-hosted models until it has synchronised the
subscription. In every release this is only a button (Admin > Subscription), and no API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._base import messages
from .._base.messages import Failure
from .._duo.licences import OFFLINE
from .._duo.releases import Release
from .._engine.access import ADD_ONS, LICENSE, license_facts
from .._engine.arguments import Arguments
from .._engine.objects import about
from .._engine.plan import Change, Plan, Step
from .._engine.subject import Subject
from .._gitlab.graphql import Part
from .._gitlab.rails import RailsRunner
from .._gitlab.sign_in import SESSION, SIGN_IN_SPEC, SignIn

if TYPE_CHECKING:
    from .._gitlab.client import GitLab

ABOUT = about("subscription")
ONLINE = "online_cloud"  # the only type of licence that is synchronised
STALE = timedelta(days=1)
# A synchronisation so recent is not repeated, so that a second run changes nothing.
RECENT = timedelta(minutes=10)
MANAGEABLE = Part("Manageable", "aiSelfHostedModels(first: 1) { nodes { id } }")


@dataclass(frozen=True)
class SubscriptionOptions(SignIn):
    """Options of ``duo_subscription``."""

    sync: str = "if_needed"


@dataclass(frozen=True)
class ObservedSubscription:
    """Licence and add-ons; ``manageable`` is whether self-hosted models are shown."""

    release: Release
    license: dict[str, Any] = field(default_factory=dict)
    manageable: bool = True
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def age(self) -> timedelta | None:
        """Time since the last synchronisation; None if there was none, or it cannot be read."""
        last = str(self.license["last_sync"]).replace("Z", "+00:00")
        try:
            return self.now - datetime.fromisoformat(last)
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Synchronise:
    """Presses the button; its effect shows some seconds later.

    GitLab only queues the job, and each of its processes caches the licence for a minute.
    """

    wanted: SubscriptionOptions

    def perform(self, gitlab: GitLab) -> None:
        """Queue the job.

        :raises Failure: GitLab has nothing to synchronise.
        """
        if self.wanted.way == SESSION:
            queued = gitlab.admin_session(self.wanted).synchronise()
        else:
            queued = RailsRunner(self.wanted).synchronise()
        if not queued:
            raise Failure(
                messages.SYNC_REFUSED,
                about=ABOUT,
                reason="it queued no job; an earlier one may still be waiting",
            )


def options(params: dict[str, Any]) -> SubscriptionOptions:
    """Check the options of a task."""
    return SubscriptionOptions.of(params)


def observe(gitlab: GitLab, _wanted: SubscriptionOptions) -> ObservedSubscription:
    """Read licence and add-ons in one request.

    :raises Failure: the token's user is not an administrator.
    """
    reading = gitlab.read(LICENSE, ADD_ONS, MANAGEABLE)
    if "currentLicense" in reading.denied:
        raise Failure(messages.NOT_ADMINISTRATOR)
    return ObservedSubscription(
        release=Release.of(reading.version),
        license=license_facts(reading.data),
        manageable=reading.data.get("aiSelfHostedModels") is not None,
    )


def plan(wanted: SubscriptionOptions, found: ObservedSubscription) -> Plan[ObservedSubscription]:
    """Return whether to synchronise.

    :raises Failure: it is wanted, but GitLab does not synchronise such a licence, or the options
        give no way to do it.
    """
    always = wanted.sync == "always"
    if not always and (wanted.sync == "never" or not _needed(found)):
        return Plan((), found)
    vain = _vain(found)
    if vain and always:
        raise vain
    # abs(), so that a last sync far in the future (a wrong clock) does not count as recent.
    if not vain and not always and found.age is not None and abs(found.age) < RECENT:
        vain = Failure(messages.SYNCED_JUST_NOW)
    if vain:
        return Plan((), found, (f"{vain.what} {vain.next_step}",))
    if wanted.way is None:
        raise Failure(messages.SYNC_NEEDS_SIGN_IN, about=ABOUT)
    last = found.license["last_sync"]
    change = Change(
        "subscription",
        "",
        {"last_sync": last},
        {"last_sync": "(now)"},
        verb="synchronise",
        # The job may still be in the queue when the licence is read again.
        visible=False,
    )
    step = Step(
        (change,), Synchronise(wanted), shows=lambda state: state.license["last_sync"] != last
    )
    return Plan((step,), found)


def _needed(found: ObservedSubscription) -> bool:
    """Return whether models are hidden although the plan includes them, or the last sync is old."""
    if str(found.license["plan"]).lower() not in found.release.plans:
        return False
    if not found.manageable:
        return True
    if found.license["type"] != ONLINE:
        return False
    return found.age is None or found.age > STALE


def _vain(found: ObservedSubscription) -> Failure | None:
    """Return why GitLab would refuse to synchronise, which depends on the licence alone."""
    held = found.license
    if not held["plan"]:
        plans = " or ".join(plan.capitalize() for plan in found.release.plans)
        return Failure(messages.NO_LICENSE, about=ABOUT, plans=plans)
    if held["type"] == OFFLINE:
        return Failure(messages.OFFLINE_LICENSE, about=ABOUT)
    licence = ""
    if held["type"] == "legacy_license":
        licence = "a legacy licence file"
    elif held["type"] != ONLINE:
        licence = f"of the type {held['type']}"
    elif not held["expires_at"]:
        licence = "without an expiry date"
    return Failure(messages.SYNC_NEEDS_ONLINE, about=ABOUT, licence=licence) if licence else None


def show(_wanted: SubscriptionOptions, found: ObservedSubscription) -> dict[str, Any]:
    """Return licence and add-ons."""
    return {"license": found.license}


SUBJECT = Subject(
    arguments=Arguments(
        spec={
            "sync": {
                "type": "str",
                "choices": ["if_needed", "always", "never"],
                "default": "if_needed",
            },
            **SIGN_IN_SPEC,
        }
    ),
    options=options,
    observe=observe,
    plan=plan,
    show=show,
)

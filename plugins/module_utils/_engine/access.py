# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out why GitLab does not permit something: token, role, licence or add-on.

GitLab gives the same answer, or just null, in all of these cases. The facts that tell them apart
are read only after a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import http_messages, messages
from .._base.messages import Failure
from .._duo.licences import ENOUGH, OFFLINE
from .._gitlab.graphql import GRAPHQL, Part

if TYPE_CHECKING:
    from .._duo.releases import Release
    from .._gitlab.client import GitLab

LICENSE = Part("License", "currentLicense { plan type expiresAt lastSync }", optional=True)
ADD_ONS = Part(
    "AddOns", "addOnPurchases { name purchasedQuantity assignedQuantity }", optional=True
)


def license_facts(data: dict[str, Any]) -> dict[str, Any]:
    """Return the licence and the active add-ons that :data:`LICENSE` and :data:`ADD_ONS` read.

    :raises Failure: a value has the wrong type.
    """
    held = data.get("currentLicense") or {}
    add_ons = data.get("addOnPurchases") or []
    texts = held.values() if isinstance(held, dict) else [...]
    if not all(it is None or isinstance(it, str) for it in texts):
        raise Failure(http_messages.BROKEN_ANSWER, path=GRAPHQL, reason="the licence is not text")
    if not isinstance(add_ons, list) or not all(isinstance(item, dict) for item in add_ons):
        raise Failure(
            http_messages.BROKEN_ANSWER, path=GRAPHQL, reason="the add-ons are not a list"
        )
    return {
        "plan": held.get("plan"),
        "type": held.get("type"),
        "expires_at": held.get("expiresAt"),
        "last_sync": held.get("lastSync"),
        "add_ons": [
            {
                "name": str(item.get("name")),
                "purchased": item.get("purchasedQuantity"),
                "assigned": item.get("assignedQuantity"),
            }
            for item in sorted(add_ons, key=lambda item: str(item.get("name")))
        ],
    }


@dataclass(frozen=True)
class Token:
    """What GitLab says about the token; None where it says nothing."""

    scopes: list[str] | None = None
    expires_at: str | None = None


def token_facts(gitlab: GitLab) -> Token:
    """Ask for the scopes and expiry date of the token; GitLab shows those of personal tokens."""
    token = gitlab.rest("/personal_access_tokens/self")
    if not isinstance(token, dict):
        return Token()
    scopes, day = token.get("scopes"), token.get("expires_at")
    return Token(
        scopes=list(map(str, scopes)) if isinstance(scopes, list) else None,
        expires_at=day if isinstance(day, str) else None,
    )


def explain(
    gitlab: GitLab,
    release: Release,
    *,
    writing: bool = False,
    hidden: str = "the self-hosted models are",
) -> Failure:
    """Return the failure that names what is missing, as far as GitLab shows it.

    :param hidden: what GitLab does not show, with a verb to complete the sentence.
    """
    if writing:
        scopes = token_facts(gitlab).scopes
        if scopes is not None and "api" not in scopes:
            return Failure(messages.TOKEN_SCOPE, scopes=", ".join(scopes))
    reading = gitlab.read(LICENSE, ADD_ONS)
    if "currentLicense" in reading.denied:
        return Failure(messages.NOT_ADMINISTRATOR)
    facts = license_facts(reading.data)
    plans = " or ".join(plan.capitalize() for plan in release.plans)
    if facts["plan"] is None:
        return Failure(messages.NO_LICENSE, plans=plans)
    if facts["plan"].lower() not in release.plans:
        return Failure(messages.PLAN_TOO_LOW, plan=facts["plan"], version=release.text, plans=plans)
    names = [item["name"] for item in facts["add_ons"]]
    add_ons = ", ".join(names) or "none"
    offline = facts["type"] == OFFLINE
    if (release.online_needs_add_on or offline) and not set(names) & set(ENOUGH):
        # An offline licence is never synchronised: add-ons come with its file.
        agents_too = offline and release.agents_have_add_on
        return Failure(
            messages.NO_ADD_ON,
            add_on="GitLab Duo Enterprise"
            + (" or GitLab Duo Agent Platform Self-Hosted" if agents_too else ""),
            add_ons=add_ons,
            hint="Buy the add-on and upload the licence that includes it (Admin > Subscription)."
            if offline
            else "Synchronise the subscription (Admin > Subscription > Last sync), or buy the "
            "add-on.",
        )
    return Failure(
        messages.NOT_PERMITTED,
        reason=f"{hidden} not shown to the token's user",
        plan=facts["plan"],
        add_ons=add_ons,
        hint="Check that the instance is not connected to Amazon Q."
        if offline
        else "Synchronise the subscription, and check that the instance is not connected to "
        "Amazon Q.",
    )

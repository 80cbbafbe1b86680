# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn of a licence or token that expires soon, because GitLab Duo stops on that day.

No API shows when an add-on ends: ``AddOnPurchase`` of 17.9 to 19.5 has only names and quantities
(ee/app/graphql/types/gitlab_subscriptions/add_on_purchase_type.rb). Most end with the licence.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from .._engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .preflight_options import PreflightOptions
    from .preflight_state import PreflightState


def ending(wanted: PreflightOptions, found: PreflightState) -> Iterator[Finding]:
    """Yield a warning for the licence and for the token if it expires within ``expiry_days``."""
    if found.info and (day := _soon(found.info.license["expires_at"], wanted, found)):
        yield Finding(
            "warning",
            "license",
            f"The licence expires on {day}{_left(day, found)}, and GitLab Duo stops working then.",
            "Renew it, and synchronise the subscription (duo_subscription).",
            kind="subscription",
        )
    if found.token and (day := _soon(found.token.expires_at, wanted, found)):
        yield Finding(
            "warning",
            "token",
            f"The token (api_token) expires on {day}{_left(day, found)}.",
            "Create a new one before that day, or rotate it: POST "
            "/api/v4/personal_access_tokens/self/rotate.",
        )


def _soon(text: str | None, wanted: PreflightOptions, found: PreflightState) -> date | None:
    """Return the day on which something ends, if it is near and not past."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 0 <= (day - found.today).days <= wanted.expiry_days else None


def _left(day: date, found: PreflightState) -> str:
    days = (day - found.today).days
    return f" (in {days} days)" if days > 1 else " (tomorrow)" if days else " (today)"

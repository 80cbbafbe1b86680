# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A licence that expires soon is a warning with its date, and so is a token if it was read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import credentials
from sandbox.state import now

SELF = "/api/v4/personal_access_tokens/self"


def day(days: int) -> date:
    """Return a day so many days from now."""
    return now().date() + timedelta(days=days)


def told(here: Sandboxed, subject: str, **wish: Any) -> list[tuple[str, str]]:
    """Return severity and sentence of what is said of an end."""
    findings = here.dry(preflight.SUBJECT, **wish)["findings"]
    found = [it for it in findings if it["subject"] == subject]
    return [(it["severity"], it["what"]) for it in found if " on 2" in it["what"]]


@pytest.mark.parametrize(
    ("days", "wish", "when"),
    [
        (0, {}, "(today)"),
        (1, {}, "(tomorrow)"),
        (14, {}, "(in 14 days)"),
        (15, {}, None),
        (30, {"expiry_days": 30}, "(in 30 days)"),
        (3, {"expiry_days": 2}, None),
        (0, {"expiry_days": 0}, "(today)"),
    ],
)
def test_a_licence_that_ends_soon(days: int, wish: dict[str, Any], when: str | None) -> None:
    here = Sandboxed("18.9", license={"expires_at": str(day(days))})
    said = told(here, "license", **wish)
    sentence = f"The licence expires on {day(days)} {when}, and GitLab Duo stops working then."
    assert said == ([("warning", sentence)] if when else [])


def test_a_licence_without_an_end_is_not_warned_of() -> None:
    assert told(Sandboxed("18.9", license={"expires_at": None}), "license") == []


def token(days: int | None) -> dict[str, Any]:
    """Return the administrator's token with another last day."""
    text = None if days is None else str(day(days))
    return {"token": credentials.ADMIN_TOKEN, "username": "root", "expires_at": text}


def test_a_token_that_ends_soon_is_seen_in_an_audit_and_at_a_first_run() -> None:
    """Not where nothing is to be done: there it would cost a request."""
    here = Sandboxed("18.9", tokens=[token(5)])
    sentence = [("warning", f"The token (api_token) expires on {day(5)} (in 5 days).")]
    assert told(here, "token") == []
    assert len(here.requests) == 2
    assert told(here, "token", check_token=True) == sentence
    first = {"gateway": {"ai_gateway_url": "https://aigw.example.com"}}
    assert told(here, "token", **first) == sentence
    assert [it["path"] for it in here.requests].count(SELF) == 2


@pytest.mark.parametrize("days", [15, 300, None])
def test_a_token_that_lasts_is_not_warned_of(days: int | None) -> None:
    here = Sandboxed("18.9", tokens=[token(days)])
    assert told(here, "token", check_token=True) == []


def test_a_token_of_which_gitlab_does_not_tell_is_not_guessed_at() -> None:
    here = Sandboxed("18.9", tokens=[token(5)])
    refused = {"match": {"path": SELF}, "kind": "status", "status": 400}
    here.faults(refused)
    assert told(here, "token", check_token=True) == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subscription against the stand-in GitLab: when it is synchronised, and what then happens."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils import _errors, _subscription
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from sandbox import credentials

SUBJECT = _subscription.SUBJECT
OLD = "2026-01-01T00:00:00Z"
STALE = {"last_sync": OLD}
ENTERPRISE = {"sync_add_ons": [{"name": "DUO_ENTERPRISE"}]}


def synced(here: Sandboxed) -> bool:
    """Return whether the button was pressed."""
    return [it["path"].rpartition("/")[2] for it in here.writes] == ["sync_seat_link.json"]


def hours_ago(hours: int) -> str:
    """Return a time as GitLab writes it."""
    return (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat()


@pytest.mark.parametrize("release", RELEASES)
def test_after_a_purchase(release: str) -> None:
    """The models are hidden until the subscription is synchronised, which brings the add-on."""
    here = Sandboxed(release, add_ons=[], license=STALE, options=ENTERPRISE)
    before = here.stored()
    check = here.dry(SUBJECT, **ROOT)
    assert (check["changed"], here.writes, here.stored()) == (True, [], before)
    real = here.run(SUBJECT, **ROOT)
    assert synced(here)
    assert real["steps"] == check["steps"]
    assert real["diff"] == check["diff"]
    assert check["diff"][0]["before"]["last_sync"] == OLD
    assert [it["name"] for it in real["license"]["add_ons"]] == ["DUO_ENTERPRISE"]
    assert real["license"]["last_sync"] > OLD
    here.forget()
    again = here.run(SUBJECT, **ROOT)
    assert (again["changed"], len(here.requests)) == (False, 1)
    assert ROOT["password"] not in json.dumps([check, real, again])


# Licence, add-ons, and whether it is needed.
NEEDED: dict[str, tuple[Any, list[Any], bool]] = {
    "fresh": ({"last_sync": hours_ago(1)}, [{"name": "DUO_ENTERPRISE"}], False),
    "a day and more": ({"last_sync": hours_ago(25)}, [{"name": "DUO_ENTERPRISE"}], True),
    "never": ({"last_sync": None}, [{"name": "DUO_ENTERPRISE"}], True),
    "no add-on": ({"last_sync": hours_ago(1)}, [], True),
    "legacy": ({"type": "legacy_license"}, [{"name": "DUO_ENTERPRISE"}], False),
    "starter": ({"plan": "starter", **STALE}, [], False),
    "none": (None, [], False),
}


@pytest.mark.parametrize("name", NEEDED)
def test_if_needed(name: str) -> None:
    held, add_ons, needed = NEEDED[name]
    here = Sandboxed("18.7", license=held, add_ons=add_ons)
    assert here.dry(SUBJECT, **ROOT)["changed"] is needed
    assert "failed" not in here.run(SUBJECT, **ROOT)
    assert synced(here) is needed


@pytest.mark.parametrize("said", ["soon", "2026-11-23T10:00:00", 7])
def test_a_time_that_cannot_be_read_is_no_recent_one(said: Any) -> None:
    held = {"plan": "ultimate", "type": "online_cloud", "add_ons": [], "last_sync": said}
    plan = _subscription.plan(_subscription.options({**ROOT}), _subscription.Found(held))
    assert len(plan.steps) == 1


def test_18_9_needs_no_add_on_online() -> None:
    here = Sandboxed("18.9", license={"last_sync": hours_ago(1)}, add_ons=[])
    assert here.run(SUBJECT, **ROOT)["changed"] is False


def test_always_and_never() -> None:
    here = Sandboxed("18.9")
    assert [here.run(SUBJECT, sync="always", **ROOT)["changed"] for _run in range(2)] == [
        True,
        True,
    ]
    stale = Sandboxed("18.9", license=STALE)
    result = stale.run(SUBJECT, sync="never", **ROOT)
    assert (result["changed"], result["license"]["last_sync"]) == (False, OLD)
    assert stale.writes == []


def test_an_offline_licence_is_left_alone() -> None:
    offline = {"license": {"type": "offline_cloud"}, "add_ons": []}
    here = Sandboxed("18.9", **offline)
    result = here.run(SUBJECT, **ROOT)
    assert result["changed"] is False
    assert ["An offline licence is not synchronised." in it for it in result["warnings"]] == [True]
    refused = here.run(SUBJECT, sync="always", **ROOT)
    assert refused["failure"]["code"] == _errors.OFFLINE_LICENSE.code
    assert here.writes == []


@pytest.mark.parametrize("check", [True, False])
def test_no_way_to_do_it(check: bool) -> None:
    result = Sandboxed("18.9", license=STALE).run(SUBJECT, check=check)
    assert result["failure"]["code"] == _errors.SYNC_NEEDS_SIGN_IN.code
    assert "sync: never" in result["msg"]


def test_nothing_needed_needs_no_way() -> None:
    here = Sandboxed("18.9")
    assert here.run(SUBJECT)["changed"] is False
    assert len(here.requests) == 1


def test_a_job_that_stays_in_the_queue(waits: list[float]) -> None:
    """It is waited for, but not for ever; what became of it is not claimed."""
    here = Sandboxed("18.9", license=STALE, options={"sync_delay_seconds": 3600})
    result = here.run(SUBJECT, **ROOT)
    assert (result["changed"], result["license"]["last_sync"]) == (True, OLD)
    assert result["unseen"] == ["subscription"]
    assert waits == list(_subscription.POLLS)


def test_it_stops_waiting_once_it_is_there(waits: list[float]) -> None:
    here = Sandboxed("18.9", license=STALE)
    assert here.run(SUBJECT, **ROOT)["license"]["last_sync"] > OLD
    assert waits == [_subscription.POLLS[0]]


def test_a_licence_without_an_end_is_not_synchronised() -> None:
    here = Sandboxed("18.9", license={**STALE, "expires_at": None})
    result = here.run(SUBJECT, **ROOT)
    assert result["failure"]["code"] == _errors.SYNC_REFUSED.code
    assert (result["changed"], result["failure"]["done"]) == (False, [])


def test_no_administrator() -> None:
    result = Sandboxed("18.9").run(SUBJECT, api_token=credentials.USER_TOKEN)
    assert result["failure"]["code"] == _errors.NOT_ADMINISTRATOR.code


@pytest.mark.usefixtures("waits")
def test_a_job_that_was_queued_is_not_called_undone() -> None:
    here = Sandboxed(license=STALE)
    broken = {"kind": "status", "status": 502, "match": {"path": "graphql"}}
    here.faults({**broken, "at": 2, "times": 0})
    result = here.run(SUBJECT, sync="always", **ROOT)
    assert result["failure"]["unknown"] == ["synchronise subscription"]
    assert result["failure"]["not_done"] == []

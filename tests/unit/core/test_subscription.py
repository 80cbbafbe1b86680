# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subscription against the stand-in GitLab: when it is synchronised, and the result."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run import perform
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.client import GitLab
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import subscription
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import (
    RELEASES,
    ROOT,
    Sandboxed,
    params,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release as release_of
from sandbox import credentials

SUBJECT = subscription.SUBJECT
OLD = "2026-01-01T00:00:00Z"
STALE = {"last_sync": OLD}
ENTERPRISE = {"sync_add_ons": [{"name": "DUO_ENTERPRISE"}]}


def synced(here: Sandboxed) -> bool:
    """Return whether the button was pressed."""
    return [it["path"].rpartition("/")[2] for it in here.writes] == ["sync_seat_link.json"]


def hours_ago(hours: float) -> str:
    """Return a time as GitLab writes it."""
    return (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat()


def found_of(version: str = "18.9", *, manageable: bool = True, **held: Any) -> Any:
    """Return what is read of a licence that can be synchronised, but for what is told."""
    usual = {"plan": "ultimate", "type": "online_cloud", "expires_at": "2030-01-01", "add_ons": []}
    return subscription.ObservedSubscription(release_of(version), {**usual, **held}, manageable)


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
    plan = subscription.plan(subscription.options({**ROOT}), found_of(last_sync=said))
    assert len(plan.steps) == 1


@pytest.mark.parametrize(
    ("version", "plan", "needed"),
    [("17.11", "premium", False), ("17.11", "ultimate", True), ("18.0", "Premium", True)],
)
@pytest.mark.parametrize("hours", [2, 48])
def test_a_plan_without_self_hosted_models_shows_none(
    version: str, plan: str, needed: bool, hours: int
) -> None:
    """Premium has them from 18.0 on; before that, every run would have synchronised in vain."""
    found = found_of(version, plan=plan, last_sync=hours_ago(hours), manageable=False)
    assert bool(subscription.plan(subscription.options({**ROOT}), found).steps) is needed


def test_what_was_asked_just_now_is_not_asked_again() -> None:
    """The models stay hidden, so that the licence lacks something that no run can bring."""
    here = Sandboxed("18.7", license=STALE, add_ons=[])
    assert here.run(SUBJECT, **ROOT)["changed"] is True
    for check in (False, True):
        here.forget()
        again = here.run(SUBJECT, check=check, **ROOT)
        assert (again["changed"], here.writes) == (False, [])
        (warning,) = again["warnings"]
        assert "synchronised within the last 10 minutes" in warning
        assert "sync: always" in warning
    assert here.run(SUBJECT, sync="always", **ROOT)["changed"] is True


@pytest.mark.parametrize(("minutes", "needed"), [(9, False), (11, True), (-60, True)])
def test_how_long_it_counts_as_asked(minutes: int, needed: bool) -> None:
    found = found_of(last_sync=hours_ago(minutes / 60), manageable=False)
    plan = subscription.plan(subscription.options({**ROOT}), found)
    assert (bool(plan.steps), bool(plan.warnings)) == (needed, not needed)


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
    assert ["An offline licence cannot be synchronised." in it for it in result["warnings"]] == [
        True
    ]
    refused = here.run(SUBJECT, sync="always", **ROOT)
    assert refused["failure"]["code"] == messages.OFFLINE_LICENSE.code
    assert here.writes == []


# What GitLab would answer 422 to, and what is said of it instead of trying.
NOTHING_TO_SYNC: dict[str, tuple[dict[str, Any], str]] = {
    "legacy": ({"type": "legacy_license"}, "a legacy licence file"),
    "unheard of": ({"type": "of_tomorrow"}, "of the type of_tomorrow"),
    "for ever": ({**STALE, "expires_at": None}, "without an expiry date"),
}


@pytest.mark.parametrize("name", NOTHING_TO_SYNC)
@pytest.mark.parametrize("sign_in", [ROOT, {}], ids=["password", "no way"])
def test_a_licence_that_is_never_synchronised(name: str, sign_in: dict[str, str]) -> None:
    """Nothing is promised in check mode that a real run cannot do, and no password asked for."""
    held, told = NOTHING_TO_SYNC[name]
    here = Sandboxed("18.7", license=held, add_ons=[])
    for check in (True, False):
        result = here.run(SUBJECT, check=check, **sign_in)
        assert (result["changed"], result["steps"]) == (False, [])
        (warning,) = result["warnings"]
        assert told in warning
        refused = here.run(SUBJECT, check=check, sync="always", **sign_in)
        assert refused["failure"]["code"] == messages.SYNC_NEEDS_ONLINE.code
        assert told in refused["msg"]
    assert here.writes == []


@pytest.mark.parametrize("check", [True, False])
def test_no_licence_has_nothing_to_synchronise(check: bool) -> None:
    here = Sandboxed("18.9", license=None)
    result = here.run(SUBJECT, check=check, sync="always", **ROOT)
    assert result["failure"]["code"] == messages.NO_LICENSE.code
    assert here.writes == []


@pytest.mark.parametrize("check", [True, False])
def test_no_way_to_do_it(check: bool) -> None:
    result = Sandboxed("18.9", license=STALE).run(SUBJECT, check=check)
    assert result["failure"]["code"] == messages.SYNC_NEEDS_SIGN_IN.code
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
    assert sum(waits) == pytest.approx(70)


@pytest.mark.parametrize(("processes", "seconds"), [(1, 0), (4, 60)])
def test_it_stops_waiting_once_it_is_there(
    waits: list[float], processes: int, seconds: int
) -> None:
    """With several processes it shows when their copies of the licence end."""
    here = Sandboxed("18.9", license=STALE, options={"processes": processes})
    assert here.run(SUBJECT, **ROOT)["license"]["last_sync"] > OLD
    assert seconds <= sum(waits) <= seconds + 5


def test_polls_read_afresh(waits: list[float]) -> None:
    """The items of a loop share what was read; a poll that believes it sees its own past."""
    here = Sandboxed("18.9", license=STALE)
    with here.reached():
        result = perform(
            SUBJECT,
            params(SUBJECT, **ROOT),
            check_mode=False,
            reach=lambda connection: GitLab(connection, remember=60),
        )
    assert result["license"]["last_sync"] > OLD
    assert 60 <= sum(waits) < 70


def test_each_poll_reads_afresh(waits: list[float]) -> None:
    """Nor does a poll believe the one before it."""
    here = Sandboxed("18.9", license=STALE, options={"sync_delay_seconds": 3600})
    # After the reading that follows the second pause.
    here.watch = lambda: len(waits) == 2 and here.seed(license={"last_sync": hours_ago(0)})
    with here.reached():
        perform(
            SUBJECT,
            params(SUBJECT, **ROOT),
            check_mode=False,
            reach=lambda connection: GitLab(connection, remember=60),
        )
    assert len(waits) == 3


def test_a_job_that_already_waits(waits: list[float]) -> None:
    here = Sandboxed("18.9", license=STALE, options={"sync_delay_seconds": 3600})
    assert here.run(SUBJECT, **ROOT)["changed"] is True
    result = here.run(SUBJECT, **ROOT)
    assert result["failure"]["code"] == messages.SYNC_REFUSED.code
    assert "an earlier one may still be waiting" in result["msg"]
    assert (result["changed"], result["failure"]["done"]) == (False, [])


@pytest.mark.parametrize("page", ["/users/sign_in", "/admin"])
@pytest.mark.usefixtures("waits")
def test_a_page_that_cannot_be_read_is_no_button_pressed(page: str) -> None:
    here = Sandboxed(license=STALE)
    here.faults(
        {"kind": "status", "status": 504, "times": 0, "match": {"path": page, "method": "GET"}}
    )
    result = here.run(SUBJECT, **ROOT)
    assert result["failure"]["code"] == http_messages.TRY_LATER.code
    assert [it["path"] for it in here.requests].count(page) == 4
    assert (result["failure"]["unknown"], result["changed"]) == ([], False)
    assert result["failure"]["not_done"] == ["synchronise subscription"]
    assert ", 4 times with " in result["msg"]
    assert here.writes == []


def test_no_administrator() -> None:
    result = Sandboxed("18.9").run(SUBJECT, api_token=credentials.USER_TOKEN)
    assert result["failure"]["code"] == messages.NOT_ADMINISTRATOR.code


@pytest.mark.usefixtures("waits")
def test_a_job_that_was_queued_is_not_called_undone() -> None:
    here = Sandboxed(license=STALE)
    broken = {"kind": "status", "status": 502, "match": {"path": "graphql"}}
    here.faults({**broken, "at": 2, "times": 0})
    result = here.run(SUBJECT, sync="always", **ROOT)
    assert result["failure"]["done"] == ["synchronise subscription"]
    assert (result["failure"]["unknown"], result["failure"]["not_done"]) == ([], [])

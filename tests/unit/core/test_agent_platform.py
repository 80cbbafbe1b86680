# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account with which flows act: what is planned, and what GitLab's pages make of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run_plan import StepPlan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import agent_platform
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out, planned
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release, shown

SUBJECT = agent_platform.SUBJECT
CONNECT = {"state": "connected", **ROOT}
DISCONNECT = {"state": "disconnected", **ROOT}
IS_CONNECTED = {"agent_platform": {"connected": True}}
STATES = ["connected", "disconnected"]
ABOUT = "account of the Agent Platform"


def plan(state: str, now: bool | None, version: str = "18.9", **more: Any):
    """Plan as a task with these options would."""
    found = agent_platform.ObservedAgentPlatform(release(version), now, more.pop("duo_on", True))
    return agent_platform.plan(agent_platform.options({"state": state, **ROOT, **more}), found)


# --- plan ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", STATES)
def test_changes_nothing_where_it_is_so(state: str) -> None:
    # Nor where GitLab Duo is off, and so nothing could be changed.
    for duo_on in (True, False, None):
        made = plan(state, state == "connected", duo_on=duo_on)
        assert (made.steps, made.warnings) == ((), ())


@pytest.mark.parametrize("state", STATES)
def test_changes_what_is_otherwise(state: str) -> None:
    wanted = state == "connected"
    made = plan(state, not wanted)
    assert shown(made) == {ABOUT: ({"connected": not wanted}, {"connected": wanted})}
    assert (made.predicted.connected, made.warnings) == (wanted, ())
    assert ROOT["password"] not in repr(made)


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_shown_is_unknown_before_and_after(state: str) -> None:
    made = plan(state, None, "19.4")
    (change,) = made.changes
    assert (change.visible, change.before["connected"]) == (False, "(not shown)")
    assert made.predicted.connected is None
    (warning,) = made.warnings
    verb = state.removesuffix("ed") + "s"
    assert warning == (
        f"GitLab 19.4.0 does not show whether the {ABOUT} is connected, so each run {verb} it "
        "again."
    )
    kept = plan(state, None, "19.4", when_unknown="keep")
    assert kept.steps == ()
    assert kept.warnings[0].endswith("it is left as it is.")
    # That is for what is not shown: what is shown is changed.
    assert plan(state, state != "connected", when_unknown="keep").steps


@pytest.mark.parametrize(
    ("version", "more", "message", "told"),
    [
        ("18.3", {}, messages.NOT_OFFERED, "needs GitLab 18.4"),
        ("18.3", {"username": None}, messages.NOT_OFFERED, "needs GitLab 18.4"),
        ("18.9", {"username": None}, messages.AGENT_PLATFORM_NEEDS_SIGN_IN, "session_cookie"),
        (
            "18.9",
            {"username": None, "via": "rails_runner"},
            messages.AGENT_PLATFORM_NEEDS_SIGN_IN,
            "no way to do it with rails_runner",
        ),
        ("18.9", {"duo_on": False}, messages.DUO_IS_OFF, "so it cannot be connected"),
    ],
)
def test_refuses(version: str, more: dict[str, Any], message: messages.Message, told: str) -> None:
    with pytest.raises(Failure) as caught:
        plan("connected", False, version, **more)
    assert (caught.value.code, caught.value.about) == (message.code, ABOUT)
    assert told in caught.value.sentence()


@pytest.mark.parametrize("now", [True, None])
def test_where_duo_is_off_an_account_is_left_alone(now: bool | None) -> None:
    """Else an instance that has GitLab Duo off could never be taken down."""
    made = plan("disconnected", now, "19.4", duo_on=False)
    assert (made.steps, len(made.warnings)) == ((), 1)
    assert "cannot act" in made.warnings[0]


@pytest.mark.parametrize(("readable", "tries"), [(True, 3), (False, 1)])
def test_a_process_that_does_not_know_yet_that_duo_is_on_is_waited_for(
    waits: list[float], readable: bool, tries: int
) -> None:
    here = Sandboxed("18.9")
    page = {"path": "/admin/ai/duo_workflow_settings"}
    faults = [{"kind": "status", "status": 404, "match": page, "body": "", "times": 2}]
    if not readable:
        rest = {"path": "/api/v4/application/settings"}
        faults.append({"kind": "status", "status": 403, "match": rest, "body": "{}"})
    here.faults(*faults)
    result = here.run(SUBJECT, **CONNECT)
    assert len([it for it in here.requests if it["path"] == page["path"]]) == tries
    assert (result.get("failed", False), state(here)) == (not readable, readable)


def test_what_the_release_lacks_may_be_skipped() -> None:
    made = plan("connected", None, "17.9", when_unsupported="warn", username=None)
    assert made.steps == ()
    assert made.warnings[0].startswith(f"{ABOUT} is skipped: state: connected needs GitLab 18.4")


@pytest.mark.parametrize(
    ("availability", "on"), [("default_on", True), ("always_on", True), ("default_off", False)]
)
def test_an_earlier_step_may_turn_duo_on_or_off(availability: str, on: bool) -> None:
    entry = {"subject": "setting", "name": "availability", "field": "value", "after": availability}
    found = agent_platform.ObservedAgentPlatform(release("18.9"), False, not on)
    assert agent_platform.foresee(found, StepPlan(preceding=(entry,))).duo_on is on


# --- a task --------------------------------------------------------------------------------------
def state(here: Sandboxed) -> bool:
    """Return whether the account can act."""
    return here.instance.workflow_on


@pytest.mark.parametrize(("wish", "seed"), [(CONNECT, {}), (DISCONNECT, IS_CONNECTED)])
def test_check_real_real_check_where_it_is_shown(
    wish: dict[str, Any], seed: dict[str, Any]
) -> None:
    here, wanted = Sandboxed("18.9", **seed), wish == CONNECT
    dry = here.dry(SUBJECT, **wish)
    assert (dry["changed"], here.writes[1:]) == (True, [])  # the sign-in is a write of its own
    assert state(here) is not wanted
    real = here.run(SUBJECT, **wish)
    assert state(here) is wanted
    told = {"connected": wanted}
    for result in (dry, real):
        assert (result["agent_platform"], result["unseen"], result["warnings"]) == (told, [], [])
        assert result["steps"] == dry["steps"]
    for check in (False, True):
        again = here.run(SUBJECT, check=check, **wish)
        assert (again["changed"], again["agent_platform"]) == (False, told)


@pytest.mark.parametrize("wish", [CONNECT, DISCONNECT])
def test_check_real_real_check_where_it_is_not_shown(wish: dict[str, Any]) -> None:
    here = Sandboxed("19.4", **(IS_CONNECTED if wish == DISCONNECT else {}))
    for check in (True, False, False, True):
        result = here.run(SUBJECT, check=check, **wish)
        assert "failed" not in result, result["msg"]
        assert (result["changed"], result["agent_platform"]) == (True, {"connected": None})
        assert result["unseen"] == [ABOUT]
        if not check:
            assert state(here) is (wish == CONNECT)
    kept = here.run(SUBJECT, **wish, when_unknown="keep")
    assert kept["changed"] is False


def test_disconnecting_what_was_never_connected_is_done_at_once() -> None:
    """GitLab answers 422 with nothing in it."""
    here = Sandboxed("19.4")
    assert "failed" not in here.run(SUBJECT, **DISCONNECT)
    assert not state(here)


@pytest.mark.parametrize("version", ["18.9", "19.4"])
def test_a_name_that_is_taken_is_told(version: str) -> None:
    """GitLab answers with a redirect all the same."""
    here = Sandboxed(version, users=[{"username": "duo-developer"}])
    result = here.run(SUBJECT, **CONNECT)
    assert result["failure"]["code"] == messages.AGENT_PLATFORM_REFUSED.code
    assert "Username has already been taken" in result["msg"]
    assert "rename or delete that user" in result["msg"]
    assert (result["changed"], state(here)) == (False, False)


def test_where_duo_is_off_it_is_refused_before_it_is_tried() -> None:
    here = Sandboxed("18.9", settings={"duo_availability": "never_on"})
    dry, real = here.dry(SUBJECT, **CONNECT), here.run(SUBJECT, **CONNECT)
    assert dry["msg"] == real["msg"]
    assert real["failure"]["code"] == messages.DUO_IS_OFF.code
    # A token that may not read the settings: GitLab's own answer tells.
    rest = {"path": "/api/v4/application/settings"}
    here.faults({"kind": "status", "status": 403, "match": rest, "body": "{}"})
    blind = here.run(SUBJECT, **CONNECT)
    assert blind["failure"]["code"] == messages.NO_AGENT_PLATFORM.code
    assert "default" in blind["failure"]["next_step"]


def test_an_answer_that_is_lost_is_looked_for() -> None:
    here = Sandboxed("18.9")
    here.faults({"kind": "drop_after", "match": {"path": "/admin/ai/duo_workflow_settings"}})
    result = here.run(SUBJECT, **CONNECT)
    assert "failed" not in result, result["msg"]
    assert state(here)


# --- in a run ------------------------------------------------------------------------------------
def test_a_run_connects_after_the_features_and_is_done() -> None:
    here = Sandboxed("18.9")
    wish = {**ROOT, "agent_platform": {"state": "connected"}}
    plan_ = planned(here, wish)
    assert [name for name, it in plan_["steps"].items() if it["to_do"]] == ["agent_platform"]
    real = carried_out(here, wish, plan_)["agent_platform"]
    assert real["changes"] == plan_["changes"]
    assert not planned(here, wish)["to_do"]


def test_a_run_that_turns_duo_on_connects_after_that() -> None:
    here = Sandboxed("18.9", settings={"duo_availability": "never_on"})
    wish = {
        **ROOT,
        "duo_settings": {"availability": "default_on"},
        "agent_platform": {"state": "connected"},
    }
    real = carried_out(here, wish, planned(here, wish))
    assert [it.get("msg") for it in real.values()] == [None, None]
    assert list(real) == ["settings_opening", "agent_platform"]
    assert state(here)


def test_a_run_that_cannot_sign_in_says_so_before_its_first_change() -> None:
    here = Sandboxed("18.9")
    result = here.dry(preflight.SUBJECT, agent_platform={"state": "connected"})
    assert result["failed"]
    assert "account of the Agent Platform" in result["msg"]
    assert "a token cannot open" in result["msg"]


@pytest.mark.parametrize("given", [{}, {"when_unknown": "keep"}])
def test_a_run_that_does_not_declare_it_does_not_sign_in(given: dict[str, Any]) -> None:
    here = Sandboxed("18.9")
    result = here.dry(preflight.SUBJECT, **ROOT, agent_platform=given)
    assert (result["declared"]["agent_platform"], result["plan"]["to_do"]) == (False, False)
    assert len(here.requests) == 2


# --- exports -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "seed", "shown", "declared"),
    [
        ("18.9", IS_CONNECTED, True, {"state": "connected"}),
        ("18.9", {}, False, None),
        ("19.4", IS_CONNECTED, None, None),
        ("17.9", {}, None, None),
    ],
)
def test_an_export_has_what_is_shown(
    version: str, seed: dict[str, Any], shown: bool | None, declared: dict[str, str] | None
) -> None:
    here = Sandboxed(version, **seed)
    result = here.run(info.SUBJECT, agent_platform=True, **ROOT)
    assert result["agent_platform"] == {"connected": shown}
    assert result["configuration"].get("duo_self_hosted_agent_platform") == declared
    # Without an account it is not looked at, and no failure.
    blind = here.run(info.SUBJECT, agent_platform=True)
    assert blind["agent_platform"] == {"connected": None}
    assert "agent_platform" not in here.run(info.SUBJECT, **ROOT)

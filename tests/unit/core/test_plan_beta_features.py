# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the beta switch, and the switch itself against pages that a test writes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure, Unclear
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import beta_features
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release, shown

SIGN_IN = {"username": "root", "password": "a-password-that-must-not-show"}
AGREED = {"accept_testing_agreement": True}


def plan(enabled: bool, now: bool | None, version: str = "18.9", **more: Any):
    """Plan as a task with these options would."""
    wanted = beta_features.options({"enabled": enabled, **more})
    return beta_features.plan(
        wanted, beta_features.ObservedBetaFeatures(release=release(version), enabled=now)
    )


@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("more", [{}, SIGN_IN, {**SIGN_IN, **AGREED}], ids=["", "password", "both"])
def test_changes_nothing_and_then_needs_no_password(state: bool, more: dict[str, Any]) -> None:
    made = plan(state, state, **more)
    assert (made.steps, made.warnings, made.predicted.enabled) == ((), (), state)
    assert beta_features.show(None, made.predicted) == {"beta_features": {"enabled": state}}


@pytest.mark.parametrize(
    ("enabled", "more"), [(True, {**SIGN_IN, **AGREED}), (False, SIGN_IN)], ids=["on", "off"]
)
@pytest.mark.parametrize("version", ["17.9", "18.9", "19.4"])
def test_throws_the_switch(enabled: bool, more: dict[str, Any], version: str) -> None:
    made = plan(enabled, not enabled, version, **more)
    (step,) = made.steps
    assert isinstance(step.call, beta_features.Toggle)
    assert (step.call.wanted.enabled, step.call.release) == (enabled, release(version))
    assert shown(made) == {"beta features": ({"enabled": not enabled}, {"enabled": enabled})}
    assert made.predicted.enabled is enabled
    assert SIGN_IN["password"] not in repr(made)


@pytest.mark.parametrize(
    ("enabled", "now", "more", "message", "told"),
    [
        (True, False, SIGN_IN, messages.AGREEMENT_NOT_ACCEPTED, "accept_testing_agreement: true"),
        (True, False, {}, messages.AGREEMENT_NOT_ACCEPTED, "accept_testing_agreement: true"),
        (True, False, AGREED, messages.BETA_NEEDS_SIGN_IN, "have to be turned on"),
        (False, True, {}, messages.BETA_NEEDS_SIGN_IN, "have to be turned off"),
        (False, True, {"username": "root"}, messages.BETA_NEEDS_SIGN_IN, "username and password"),
        (True, None, AGREED, messages.BETA_NEEDS_SIGN_IN, "On GitLab 18.9.0 the state"),
        (False, None, {}, messages.BETA_NEEDS_SIGN_IN, "On GitLab 18.9.0 the state"),
        (True, False, {**AGREED, "via": "rails_runner"}, messages.RAILS_NEEDS_USER, "username"),
    ],
)
def test_refuses(
    enabled: bool, now: bool | None, more: dict[str, Any], message: messages.Message, told: str
) -> None:
    with pytest.raises(Failure) as caught:
        plan(enabled, now, **more)
    assert (caught.value.code, caught.value.about) == (message.code, "beta features")
    assert told in caught.value.sentence()


# --- the switch --------------------------------------------------------------------------------
class Pages:
    """Admin pages that show one state after the other; stands for GitLab and for its session."""

    def __init__(self, *states: bool, path: str | None = "/named", lost: Unclear | None = None):
        self.states = list(states)
        self.path = path
        self.lost = lost
        self.thrown: list[str] = []
        self.connection = SimpleNamespace(settle_timeout=70)

    def admin_session(self, _sign_in: Any) -> Pages:
        """Return itself."""
        return self

    def beta_state(self) -> tuple[bool, str | None]:
        """Return the next state; the last one stays."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return state, self.path

    def toggle_beta(self, path: str) -> None:
        """Remember the path."""
        self.thrown.append(path)
        if self.lost:
            raise self.lost


def toggle(enabled: bool, version: str = "18.9") -> beta_features.Toggle:
    """Return the switch that a plan would throw."""
    (step,) = plan(enabled, not enabled, version, **SIGN_IN, **AGREED).steps
    return step.call


def lost() -> Unclear:
    """Return an answer that got lost."""
    return Unclear(http_messages.TIMED_OUT, retry=True, seconds=30)


@pytest.mark.parametrize(
    ("pages", "thrown"),
    [
        pytest.param(Pages(False, True), ["/named"], id="the page names the path"),
        pytest.param(
            Pages(False, True, path=None),
            ["/admin/ai/duo_self_hosted/toggle_beta_models"],
            id="the page names none",
        ),
        pytest.param(Pages(True), [], id="somebody else was faster: a second throw would undo it"),
        pytest.param(Pages(False, True, lost=lost()), ["/named"], id="answer lost, but thrown"),
    ],
)
def test_turns_on(pages: Pages, thrown: list[str]) -> None:
    toggle(True).perform(pages)
    assert pages.thrown == thrown
    assert pages.states == [True]


def test_knows_the_path_of_old_releases() -> None:
    pages = Pages(False, True, path=None)
    toggle(True, "17.9").perform(pages)
    assert pages.thrown == ["/admin/ai/self_hosted_models/toggle_beta_models"]


@pytest.mark.parametrize(
    ("enabled", "pages", "message", "about", "done"),
    [
        pytest.param(
            *(False, Pages(True, True), messages.BETA_STAYS_ON),
            *("beta features", ["flip the switch of the signed-in account"]),
            id="others accepted too",
        ),
        pytest.param(
            *(True, Pages(False, False), messages.BETA_STAYS_OFF, "beta features", []),
            id="not saved",
        ),
        pytest.param(
            *(True, Pages(False, False, lost=lost()), http_messages.TIMED_OUT, "", []),
            id="lost and not thrown",
        ),
    ],
)
def test_tells_what_did_not_work(
    enabled: bool, pages: Pages, message: messages.Message, about: str, done: list[str]
) -> None:
    with pytest.raises(Failure) as caught:
        toggle(enabled).perform(pages)
    assert (caught.value.code, caught.value.about) == (message.code, about)
    assert caught.value.done == done
    # As often as would have turned it once; not at all any more after an answer that was lost.
    assert len(pages.thrown) == (1 if pages.lost else 5 if enabled else 3)


class Switch(Pages):
    """A switch that flips; somebody else throws it too, with the throws that ``others`` names.

    Its page shows what was ``late`` seconds ago.
    """

    def __init__(
        self, waits: list[float], *others: int, state: bool = False, late: float = 0
    ) -> None:
        super().__init__(state)
        self.others, self.late, self.waits = others, late, waits
        self.past = [(-1e9, state)]

    @property
    def now(self) -> bool:
        """The state that GitLab has."""
        return self.past[-1][1]

    def beta_state(self) -> tuple[bool, str | None]:
        """Return the state, or an old one."""
        until = sum(self.waits) - self.late
        return [state for since, state in self.past if since <= until][-1], "/named"

    def toggle_beta(self, path: str) -> None:
        """Flip it, and back if somebody else does at the same moment."""
        self.thrown.append(path)
        if len(self.thrown) not in self.others:
            self.past.append((sum(self.waits), not self.now))


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("others", [(), (1,), (1, 2)])
def test_throws_it_again_where_another_run_threw_it_back(
    waits: list[float], enabled: bool, others: tuple[int, ...]
) -> None:
    switch = Switch(waits, *others, state=not enabled)
    toggle(enabled).perform(switch)
    assert switch.now is enabled
    assert len(switch.thrown) == len(others) + 1
    # Two throws of which nothing is seen look like a page that is late.
    assert sum(waits) < (7 if len(others) < 2 else 80)


def test_two_runs_do_not_keep_step(waits: list[float]) -> None:
    for _run in range(2):
        toggle(True).perform(Switch(waits, 1, 2))
    assert waits[0] != waits[len(waits) // 2]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("late", [0.1, 1, 3, 10, 45, 65])
def test_a_page_that_is_late_does_not_end_with_the_wrong_state(
    waits: list[float], enabled: bool, late: float
) -> None:
    for _time in range(20):
        switch = Switch(waits, state=not enabled, late=late)
        toggle(enabled).perform(switch)
        assert switch.now is enabled
        waits.clear()


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("ago", [0.5, 2, 10, 30, 42])
def test_a_state_that_is_only_not_shown_yet_is_not_undone(
    waits: list[float], enabled: bool, ago: float
) -> None:
    """A first run has thrown the switch; the page shows it 45 seconds later."""
    for _time in range(20):
        switch = Switch(waits, state=not enabled, late=45)
        switch.past.append((-ago, enabled))
        toggle(enabled).perform(switch)
        assert switch.now is enabled
        assert len(switch.thrown) == 2
        waits.clear()


@pytest.mark.parametrize("late", [True, False])
def test_a_switch_that_may_still_be_thrown_is_not_thrown_again(late: bool) -> None:
    answer = Unclear(http_messages.TIMED_OUT, retry=True, late=late, seconds=30)
    with pytest.raises(Unclear) as caught:
        toggle(True).perform(Pages(False, False, lost=answer))
    assert caught.value.retry is not late


def test_a_refused_throw_does_not_prove_that_no_earlier_one_counts() -> None:
    answer = Unclear(http_messages.TRY_LATER, retry=True, refused=True, status=429, reason="Later")
    with pytest.raises(Unclear) as caught:
        toggle(True).perform(Pages(False, False, lost=answer))
    assert not caught.value.refused


@pytest.mark.parametrize("state", [True, False])
def test_the_page_tells_where_the_token_does_not(state: bool) -> None:
    wanted = beta_features.options({"enabled": True, **SIGN_IN})
    assert beta_features.beta_state(Pages(state), wanted, None) is state


@pytest.mark.parametrize(
    "page", [{"kind": "body", "body": "<html></html>"}, {"kind": "status", "status": 504}]
)
@pytest.mark.parametrize(("version", "told"), [("18.9", []), ("17.9", ["beta features"])])
def test_a_switch_that_was_thrown_is_not_called_undone(
    version: str, told: list[str], page: dict[str, Any]
) -> None:
    """The page that would show it is broken: a token tells from 18.1 on, before that nothing."""
    here = Sandboxed(version)
    page = {**page, "match": {"method": "GET"}}
    thrown = []

    def watch() -> None:
        if here.writes and not thrown:
            thrown.append(True)
            here.faults({**page, "times": 0})

    here.watch = watch
    result = here.run(beta_features.SUBJECT, enabled=True, **AGREED, **ROOT)
    assert here.instance.beta_on
    assert result.get("failed", False) == bool(told)
    if told:
        assert [line.split(" (")[0] for line in result["failure"]["unknown"]] == [
            f"change {about}" for about in told
        ]
        assert result["failure"]["not_done"] == []


@pytest.mark.parametrize("page", ["/users/sign_in", "/admin/gitlab_duo/configuration"])
@pytest.mark.parametrize("kind", [{"kind": "status", "status": 504}, {"kind": "drop_before"}])
def test_a_page_that_cannot_be_read_is_no_switch_thrown(page: str, kind: dict[str, Any]) -> None:
    """It is tried as often as the options say, and what was never sent is not done."""
    here = Sandboxed()
    here.faults({**kind, "times": 0, "match": {"path": page, "method": "GET"}})
    result = here.run(beta_features.SUBJECT, enabled=True, **AGREED, **ROOT)
    failure = result["failure"]
    assert failure["code"] in (http_messages.TRY_LATER.code, http_messages.UNREACHABLE.code)
    assert [it["path"] for it in here.requests].count(page) == 4
    assert (failure["done"], failure["unknown"], result["changed"]) == ([], [], False)
    assert failure["not_done"] == ["change beta features (enabled: false -> true)"]
    assert ", 4 times with " in failure["what"]
    assert here.writes == []


@pytest.mark.parametrize("kind", [{"kind": "status", "status": 504}, {"kind": "drop_before"}])
def test_a_lost_sign_in_is_no_switch_thrown(kind: dict[str, Any]) -> None:
    here = Sandboxed()
    path = "/users/sign_in"
    here.faults({**kind, "times": 0, "match": {"path": path, "method": "POST"}})
    result = here.run(beta_features.SUBJECT, enabled=True, **AGREED, **ROOT)
    assert (result["failure"]["unknown"], len(result["failure"]["not_done"])) == ([], 1)
    assert [(it["method"], it["path"]) for it in here.requests].count(("POST", path)) == 1


@pytest.mark.parametrize("node", ["read_only", "maintenance"])
def test_a_node_that_writes_nothing_is_named(node: str) -> None:
    """GitLab sends back whoever posts a form, with a status of its own for it."""
    here = Sandboxed(options={node: True})
    result = here.run(beta_features.SUBJECT, enabled=True, **AGREED, **ROOT)
    assert result["failure"]["code"] == messages.READ_ONLY.code
    assert "HTTP 301" in result["failure"]["what"]
    assert (result["changed"], here.instance.beta_on) == (False, False)

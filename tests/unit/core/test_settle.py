# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A realistic GitLab: several processes with a cache each, late replicas, other runs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.settle import (
    LOOKS,
    Patience,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    feature_model,
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed
from sandbox.processes import Look, looking

ALLOWLIST = "outbound_local_requests_allowlist_raw"
OTHER = "https://other.example.com/v1"
OLD, URL = "https://old.example.com", "https://aigw.example.com"
MOVED = ("19.2", "19.3", "19.4", "19.5")


def fields(here: Sandboxed) -> list[str]:
    """Return the root fields of all requests, a word for each request."""
    return ["write" if it["write"] else "read" for it in here.requests]


# --- pauses ------------------------------------------------------------------------------------
def test_pauses_grow_and_end_with_the_time(waits: list[float]) -> None:
    patience = Patience(70)
    while patience.wait():
        assert len(waits) < 100
    assert waits[0] < 0.2
    assert waits[:5] == sorted(waits[:5])
    assert max(waits) <= 5
    assert sum(waits) == pytest.approx(70)
    assert not Patience(0).wait()


def test_the_first_repeats_may_follow_at_once(waits: list[float]) -> None:
    patience = Patience(70, at_once=2)
    for _round in range(2):
        assert [patience.wait() for _time in range(4)] == [True] * 4
        patience.restart()
    assert len(waits) == 4
    assert waits[:2] == waits[2:]
    assert not Patience(0, at_once=2).wait()


# --- the gateway from 19.2 on ------------------------------------------------------------------
@pytest.mark.parametrize("release", MOVED)
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_the_first_configuration_is_proven_by_the_answer(
    waits: list[float], release: str, processes: int
) -> None:
    here = Sandboxed(release, options={"processes": processes})
    options = {"ai_gateway_url": URL, "ai_gateway_timeout_seconds": 90}
    check = here.dry(gateway.SUBJECT, **options)
    here.forget()
    real = here.run(gateway.SUBJECT, **options)
    assert real == check
    assert (real["changed"], real["warnings"]) == (True, [])
    assert real["gateway"]["ai_gateway_url"] == URL
    assert fields(here) == ["read"] * (1 + LOOKS) + ["write"]
    assert waits == []
    here.wait(60)
    here.forget()
    again = [here.dry(gateway.SUBJECT, **options), here.run(gateway.SUBJECT, **options)]
    assert [it["changed"] for it in again] == [False, False]
    assert fields(here) == ["read"] * 2


@pytest.mark.parametrize("processes", [2, 3])
def test_a_second_run_within_the_minute_says_why_it_writes_again(processes: int) -> None:
    here = Sandboxed("19.4", gateway={"ai_gateway_url": OLD}, options={"processes": processes})
    here.run(gateway.SUBJECT, ai_gateway_url=URL)
    for _time in range(2 * processes):
        for result in (
            here.dry(gateway.SUBJECT, ai_gateway_url=URL),
            here.run(gateway.SUBJECT, ai_gateway_url=URL),
        ):
            assert "failed" not in result
            if result["changed"]:
                (warning,) = result["warnings"]
                assert "copy for a minute" in warning
                assert f"ai_gateway_url ({OLD}, {URL})" in warning
            else:
                assert result["warnings"] == []
        assert here.instance.gateway.ai_gateway_url == URL


def test_one_setting_does_not_bring_the_old_value_of_another_back() -> None:
    """A task that reads an old URL and changes the timeout alone."""
    for processes in (2, 3, 4):
        here = Sandboxed("19.4", gateway={"ai_gateway_url": OLD}, options={"processes": processes})
        here.run(gateway.SUBJECT, ai_gateway_url=URL)
        for seconds in range(90, 90 + processes):
            result = here.run(gateway.SUBJECT, ai_gateway_timeout_seconds=seconds)
            assert result["changed"]
            stored = here.instance.gateway
            assert (stored.ai_gateway_url, stored.ai_gateway_timeout_seconds) == (URL, seconds)


@pytest.mark.parametrize("kind", ["drop_after", "status"])
def test_an_answer_that_is_lost_leaves_nothing_undone(kind: str) -> None:
    lost = {"kind": kind, "match": {"field": "duoSettingsUpdate"}, "after_work": True}
    if kind == "status":
        lost["status"] = 500
    for processes in (2, 4):
        here = Sandboxed("19.4", options={"processes": processes})
        here.faults(lost)
        result = here.run(gateway.SUBJECT, ai_gateway_url=URL)
        assert "failed" not in result, result["msg"]
        assert result["changed"]
        assert here.instance.gateway.ai_gateway_url == URL


@pytest.mark.parametrize(("release", "copied"), [("18.0", False), ("18.9", False), ("19.4", True)])
def test_a_write_that_is_lost_is_looked_for_where_processes_keep_copies(
    waits: list[float], release: str, copied: bool
) -> None:
    """Elsewhere one reading tells that it was not carried out, and it is sent again."""
    here = Sandboxed(release)
    here.faults({"kind": "drop_before", "match": {"field": "duoSettingsUpdate"}})
    assert here.run(gateway.SUBJECT, ai_gateway_url=URL)["changed"]
    first, second = (place for place, it in enumerate(fields(here)) if it == "write")
    assert (second - first > 2) is copied


def test_an_entry_of_the_allowlist_that_is_not_in_force_yet_is_waited_for(
    waits: list[float],
) -> None:
    """The list shows it, and the process that is to save the URL does not know it yet."""
    here = Sandboxed("19.4", options={"lag_seconds": {"allowlist": 45}})
    task = {"gateway": {"ai_gateway_url": "http://gateway:5052"}}
    allowed = here.run(preflight.SUBJECT, manage_outbound_allowlist=True, **task)
    assert allowed["changed"]
    assert 40 < sum(waits) < 55
    result = here.run(gateway.SUBJECT, ai_gateway_url="http://gateway:5052")
    assert result["changed"]
    assert here.instance.gateway.ai_gateway_url == "http://gateway:5052"


# --- two runs at once --------------------------------------------------------------------------
def test_a_list_that_another_run_has_overwritten_is_completed() -> None:
    """GitLab takes the allowlist as a whole: of two runs that add a host each, one is lost."""
    here = Sandboxed("18.9", settings={ALLOWLIST: "there"})

    def overwrite() -> None:
        if here.instance.settings[ALLOWLIST] == "there\ngw":
            here.seed(settings={ALLOWLIST: "there\nother"})

    here.watch = overwrite
    task = {"gateway": {"ai_gateway_url": "http://gw:5052"}, "manage_outbound_allowlist": True}
    result = here.run(preflight.SUBJECT, **task)
    assert "failed" not in result, result["msg"]
    assert here.instance.settings[ALLOWLIST] == "there\nother\ngw"


@pytest.mark.parametrize("release", ["17.9", "18.9", "19.4"])
@pytest.mark.parametrize("same", [True, False])
def test_a_model_that_another_run_has_just_created(release: str, same: bool) -> None:
    """It is as declared, or is changed; it is neither hidden nor made twice."""
    here = Sandboxed(release)
    theirs = {"name": "m", "model": "mistral", "endpoint": MODEL["endpoint"] if same else OTHER}

    def faster() -> None:
        if not here.instance.models:
            here.seed(models=[{**theirs, "identifier": MODEL["identifier"]}])

    here.watch = faster
    result = here.run(self_hosted_model.SUBJECT, models=[MODEL])
    assert "failed" not in result, result["msg"]
    (model,) = here.instance.models
    assert model.endpoint == MODEL["endpoint"]


@pytest.mark.parametrize("wish", [{"new_name": "n"}, {"state": "absent"}, {"endpoint": "x"}])
def test_what_another_run_has_just_done_is_done(wish: dict[str, Any]) -> None:
    """Both rename, both delete, both change."""
    stored = {"name": "m", "model": "mistral", "endpoint": OTHER, "identifier": "custom_openai/m"}
    here = Sandboxed("18.9", models=[stored])
    model = {**MODEL, **wish, "endpoint": MODEL["endpoint"] if "endpoint" in wish else OTHER}
    done = []

    def faster() -> None:
        if not done:
            done.append(True)
            there = here.instance.models[0]
            there.name, there.endpoint = model.get("new_name", "m"), model["endpoint"]
            if model.get("state") == "absent":
                here.instance.models.clear()

    here.watch = faster
    result = here.run(self_hosted_model.SUBJECT, models=[model])
    assert "failed" not in result, result["msg"]
    assert here.run(self_hosted_model.SUBJECT, models=[model])["changed"] is False


# --- everything that is late -------------------------------------------------------------------
MODEL = {
    "name": "m",
    "model_family": "mistral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/m",
}
LATE: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
    ("gateway", gateway, {"ai_gateway_url": URL}, {}),
    ("models", self_hosted_model, {"models": [MODEL]}, {}),
    (
        "features",
        feature_model,
        {"settings": [{"features": ["duo_chat"], "provider": "disabled"}]},
        {},
    ),
    ("beta", beta_features, {"enabled": True, "accept_testing_agreement": True, **ROOT}, {}),
    (
        "beta",
        beta_features,
        {"enabled": False, **ROOT},
        {"beta_acceptances": ["root"]},
    ),
    (
        "allowlist",
        preflight,
        {"gateway": {"ai_gateway_url": "http://gw:5052"}, "manage_outbound_allowlist": True},
        {},
    ),
]
NAMES = ["gateway", "models", "features", "beta on", "beta off", "allowlist"]


@pytest.mark.parametrize("release", ["18.0", "18.9", "19.4"])
@pytest.mark.parametrize(("kind", "module", "options", "seed"), LATE, ids=NAMES)
def test_what_is_late_is_waited_for(
    waits: list[float], release: str, kind: str, module: Any, options: dict[str, Any], seed: Any
) -> None:
    here = Sandboxed(release, **{**seed, "options": {"lag_seconds": {kind: 45}}})
    result = here.run(module.SUBJECT, **options)
    assert "failed" not in result, result["msg"]
    assert result["changed"]
    assert sum(waits) < 70 + (60 if kind == "beta" else 0)
    here.wait(120)
    assert here.run(module.SUBJECT, **options)["changed"] is False


@pytest.mark.parametrize("release", ["18.0", "18.9"])
@pytest.mark.parametrize(("kind", "module", "options", "seed"), LATE, ids=NAMES)
def test_what_is_too_late_is_one_failure_with_both_values(
    waits: list[float], release: str, kind: str, module: Any, options: dict[str, Any], seed: Any
) -> None:
    here = Sandboxed(release, **{**seed, "options": {"lag_seconds": {kind: 3600}}})
    result = here.run(module.SUBJECT, settle_timeout=20, **options)
    if kind == "gateway" and release == "18.9":
        # The answer to the write has proven it.
        assert (result["changed"], waits) == (True, [])
        return
    assert result["failed"]
    if kind == "beta":
        codes = {messages.BETA_STAYS_OFF.code, messages.BETA_STAYS_ON.code}
        assert result["failure"]["code"] in codes
        return
    assert result["failure"]["code"] == messages.NOT_KEPT.code
    assert " is " in result["failure"]["what"]
    assert " was set to " in result["failure"]["what"]
    assert "settle_timeout" in result["failure"]["next_step"]
    assert sum(waits) == pytest.approx(20)


# --- a second run while the first is not shown yet -----------------------------------------------
STORED = {"name": "m", "model": "mistral", "endpoint": OTHER, "identifier": "custom_openai/m"}
SECOND: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "create": (self_hosted_model, {"models": [MODEL]}, {}),
    "change": (self_hosted_model, {"models": [MODEL]}, {"models": [STORED]}),
    "rename": (self_hosted_model, {"models": [{**MODEL, "new_name": "n"}]}, {"models": [STORED]}),
    "delete": (
        self_hosted_model,
        {"models": [{"name": "m", "state": "absent"}]},
        {"models": [STORED]},
    ),
    "beta on": LATE[3][1:],
    "beta off": LATE[4][1:],
}


@pytest.mark.parametrize("release", ["18.0", "18.9", "19.4"])
@pytest.mark.parametrize("name", SECOND)
def test_a_second_run_within_the_lag_ends_as_declared(
    waits: list[float], release: str, name: str
) -> None:
    """What the first has done is not shown yet, so that the second plans it again."""
    module, options, seed = SECOND[name]
    here = Sandboxed(release, **seed)
    changed = here.run(module.SUBJECT, **options)["steps"]
    done = [model.name for model in here.instance.models], here.instance.beta_on
    here.seed(options={"lag_seconds": {"models": 45, "beta": 45}})
    before = Sandboxed(release, **seed).instance
    here.instance.past.first.update(models={"": before.models}, beta={"": before.acceptances})
    for kind, stored in (("models", here.instance.models), ("beta", here.instance.acceptances)):
        with looking(Look()):
            here.instance.past.wrote(kind, {}, {"": stored})
    again = here.run(module.SUBJECT, **options)
    assert "failed" not in again, again["msg"]
    assert again["steps"] == changed
    assert ([model.name for model in here.instance.models], here.instance.beta_on) == done
    assert 40 < sum(waits) < 150
    here.wait(120)
    assert here.run(module.SUBJECT, **options)["changed"] is False

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitLab's answer to a write proves it, and the next task of a run waits until it sees it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import (
    Mutation,
    Proof,
    Written,
    mutation_results,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out, planned
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed

MODEL = {
    "name": "m",
    "model_family": "mistral",
    "endpoint": "https://m.example.com/v1",
    "identifier": "custom_openai/m",
    "api_key": "secret",
}
WISH: dict[str, Any] = {
    **ROOT,
    "gateway": {"ai_gateway_url": "https://aigw.example.com"},
    "beta_features": True,
    "accept_testing_agreement": True,
    # Of a family that only beta features show.
    "models": [MODEL, {**MODEL, "name": "b", "model_family": "codegemma"}],
    "settings": [{"features": ["duo_chat", "code_completions"], "model": "m"}],
}
STORED = {
    "beta_acceptances": ["root"],
    "gateway": WISH["gateway"],
    "models": [{"name": "old", "model": "mistral", "endpoint": "https://old.example.com/v1"}],
    "features": {"duo_chat": {"provider": "self_hosted", "model": "old"}},
}
RELEASES = ["17.11", "18.9", "19.4"]


def sent(here: Sandboxed) -> list[str]:
    """Return what each request did."""
    return ["write" if it["write"] else "read" for it in here.requests]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", ["beta", "models", "features"])
def test_the_next_task_waits_for_what_a_late_replica_does_not_show(
    waits: list[float], release: str, kind: str
) -> None:
    here = Sandboxed(release)
    plan = planned(here, WISH)
    here.seed(options={"lag_seconds": {kind: 45}})
    results = carried_out(here, WISH, plan)
    assert not [it["msg"] for it in results.values() if "failed" in it]
    here.wait(120)
    assert not planned(here, WISH)["to_do"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_model_is_not_deleted_before_its_features_are_seen_to_have_moved(
    waits: list[float], release: str
) -> None:
    here = Sandboxed(release, **STORED)
    wish = {**WISH, "models": [*WISH["models"], {"name": "old", "state": "absent"}]}
    plan = planned(here, wish)
    here.seed(options={"lag_seconds": {"features": 45, "models": 45}})
    results = carried_out(here, wish, plan)
    assert "clean_up" in results
    assert not [it["msg"] for it in results.values() if "failed" in it]
    assert sorted(it.name for it in here.instance.models) == ["b", "m"]


def test_nobody_waits_longer_than_the_settle_timeout(waits: list[float]) -> None:
    """What an earlier task wrote, and somebody else has undone, is then said as it is."""
    here = Sandboxed("19.4")
    gone = {"subject": "self_hosted_model", "name": "m", "field": "name", "after": "m"}
    result = here.run(
        feature_model.SUBJECT,
        features=["duo_chat"],
        model="m",
        settle_timeout=20,
        plan={"preceding": [gone]},
    )
    assert result["failure"]["code"] == messages.NO_SUCH_MODEL.code
    assert sum(waits) == pytest.approx(20)


@pytest.mark.parametrize(("release", "again"), [("18.7", ["read"]), ("18.9", []), ("19.4", [])])
def test_nothing_is_read_after_an_answer_that_shows_what_was_stored(
    release: str, again: list[str]
) -> None:
    here = Sandboxed(release, beta_acceptances=["root"])
    model = here.run(self_hosted_model.SUBJECT, **MODEL, plan={"watched": True})["model"]
    assert sent(here) == ["read", "write", *again]
    assert model["id"] == here.run(self_hosted_model.SUBJECT, **MODEL)["model"]["id"]
    here.forget()
    changed = {**MODEL, "endpoint": "https://new.example.com/v1"}
    result = here.run(self_hosted_model.SUBJECT, **changed, plan={"watched": True})
    assert result["model"]["endpoint"] == changed["endpoint"]
    assert sent(here) == ["read", "write", *again]
    here.forget()
    options = {"features": ["duo_chat", "code_completions"], "model": "m"}
    features = here.run(feature_model.SUBJECT, **options, plan={"watched": True})["features"]
    assert sent(here) == ["read", "write", *again]
    assert features == here.run(feature_model.SUBJECT, **options)["features"]


def test_alone_a_task_reads_what_it_has_written() -> None:
    """Whoever uses its modules without the role may have a task next that needs to see it."""
    here = Sandboxed("19.4")
    here.run(self_hosted_model.SUBJECT, **MODEL)
    assert sent(here) == ["read", "write", "read"]


def test_features_of_an_isolated_instance_are_read_again() -> None:
    here = Sandboxed("19.4", beta_acceptances=["root"])
    gateway = {**WISH["gateway"], "duo_agent_platform_service_url": "dap.example.com:443"}
    wish = {**WISH, "gateway": gateway}
    plans = [planned(here, {**wish, "isolated": isolated}) for isolated in (True, False)]
    assert [plan["steps"]["features"]["watched"] for plan in plans] == [False, True]
    assert all(plan["steps"]["models"]["watched"] for plan in plans)


def test_a_first_run_takes_no_second_look_at_the_gateway() -> None:
    for here, first in ((Sandboxed("19.4"), True), (Sandboxed("19.4", **STORED), False)):
        models = [{**MODEL, "name": "old"}]
        url = {"ai_gateway_url": "https://new.example.com"}
        wish = {"gateway": url, "models": models}
        plan = planned(here, wish)
        assert plan["steps"]["gateway"]["first"] is first
        here.forget()
        others = {name: {"to_do": False} for name in plan["steps"] if name != "gateway"}
        carried_out(here, {"gateway": url}, {**plan, "steps": {**plan["steps"], **others}})
        assert (sent(here) == ["read", "write"]) is first


# --- the proof itself --------------------------------------------------------------------------
PROOF = Proof("settings", {"provider": "disabled", "model.id": ""}, count=2, also="feature")
ONE = {"provider": "disabled", "model": None}


def test_a_proof_asks_for_what_it_compares() -> None:
    assert PROOF.selection == "settings { feature provider model { id } }"


@pytest.mark.parametrize(
    ("shown", "proven"),
    [([ONE, ONE], True), ([ONE], False), ([], False), (None, False), (ONE, False), ("x", False)],
)
def test_a_payload_that_does_not_show_everything_proves_nothing(shown: Any, proven: bool) -> None:
    mutation = Mutation("settingUpdate", {}, PROOF)
    answer = {"data": {"m0": {"errors": [], "settings": shown}}}
    assert mutation_results(answer, [mutation]) == [Written("", (ONE, ONE) if proven else ())]


@pytest.mark.parametrize("other", [{"provider": "vendored"}, {"model": {"id": "gid://1"}}])
def test_a_payload_that_shows_something_else_is_a_failure(other: dict[str, Any]) -> None:
    answer = {"data": {"m0": {"errors": [], "settings": [ONE, {**ONE, **other}]}}}
    with pytest.raises(Failure) as caught:
        mutation_results(answer, [Mutation("settingUpdate", {}, PROOF)])
    assert caught.value.code == messages.NOT_KEPT.code

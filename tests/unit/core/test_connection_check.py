# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model is stored only if GitLab's check of its connection works, where that is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import settle
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import self_hosted_model
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import connection_check

SUBJECT = self_hosted_model.SUBJECT
URL, DEAD = "https://vllm.example.com/v1", "https://dead.example.com/v1"
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
STORED = {"name": "old", "model": "gpt", "endpoint": URL, "api_token": "key-stored-1"}
NEW = {"name": "new", "model_family": "gpt", "endpoint": URL, "deployment_method": "other"}
FIELD = "aiSelfHostedModelConnectionCheck"
RELEASES = ("17.9", "18.9", "18.11", "19.5")


def here(release: str = "18.9", **checks: Any) -> Sandboxed:
    """Return an instance on which a model server is down."""
    down = {DEAD: {"code": 500}, **checks.pop("checks", {})}
    options = {"connection_checks": down}
    return Sandboxed(release, models=[STORED], options=options, gateway=GATEWAY, **checks)


def mutations(there: Sandboxed) -> list[str]:
    """Return the mutations that were sent, in their order."""
    return [
        field
        for request in there.requests
        for it in request["operations"]
        if it["kind"] == "mutation"
        for field in it["fields"]
    ]


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass but that which is asked for."""
    slept: list[float] = []
    monkeypatch.setattr(settle.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize("release", RELEASES)
def test_what_works_is_stored(release: str) -> None:
    there = here(release)
    assert "failed" not in there.run(SUBJECT, **NEW, connection_check=True)
    assert mutations(there) == [FIELD, "aiSelfHostedModelCreate"]
    there.forget()
    again = there.run(SUBJECT, **NEW, connection_check=True)
    # Nothing to store is nothing to check.
    assert (again["changed"], mutations(there)) == (False, [])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "wish", [{**NEW, "endpoint": DEAD}, {"name": "old", "endpoint": DEAD}], ids=["new", "changed"]
)
def test_what_does_not_work_is_not(release: str, wish: dict[str, Any]) -> None:
    there = here(release)
    before = there.stored()
    result = there.run(SUBJECT, **wish, connection_check=True)
    assert result["failure"]["code"] == messages.MODEL_DOES_NOT_ANSWER.code
    assert result["failure"]["about"] == f"self-hosted model {wish['name']}"
    assert "The self-hosted model server returned code 500" in result["msg"]
    assert (result["changed"], there.stored(), there.writes) == (False, before, [])
    assert result["failure"]["not_done"]
    # It is stored without the check.
    assert "failed" not in there.run(SUBJECT, **wish)


def test_one_of_many_keeps_all_from_being_stored() -> None:
    there = here()
    before = there.stored()
    models = [NEW, {**NEW, "name": "dead", "endpoint": DEAD}, {"name": "old", "endpoint": DEAD}]
    result = there.run(SUBJECT, models=models, connection_check=True)
    assert there.stored() == before
    assert set(result["failure"]["about"].split(", ")) == {
        "self-hosted model dead",
        "self-hosted model old",
    }


def test_check_mode_does_not_ask() -> None:
    there = here()
    wish = {**NEW, "endpoint": DEAD, "connection_check": True}
    dry = there.dry(SUBJECT, **wish)
    assert (dry["changed"], mutations(there)) == (True, [])
    assert dry["steps"] == ["create self-hosted model new"]


def test_a_rename_alone_is_not_checked() -> None:
    there = here(checks={URL: {"code": 500}})
    result = there.run(SUBJECT, name="old", new_name="newer", connection_check=True)
    assert "failed" not in result, result["msg"]
    assert FIELD not in mutations(there)


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        ({}, "key-stored-1"),
        ({"api_key": "key-given-2"}, "key-given-2"),
        ({"api_key": ""}, None),
        ({"api_key": "key-given-2", "update_api_key": "on_create"}, "key-stored-1"),
        ({"api_key": "key-given-2", "update_api_key": "always"}, "key-given-2"),
    ],
    ids=["left out", "given", "cleared", "only for a new one", "always"],
)
def test_is_asked_with_the_key_that_the_model_will_have(
    wish: dict[str, Any], key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, asked = here(), []
    monkeypatch.setattr(
        connection_check, "verdict", lambda _instance, model: asked.append(model.api_token)
    )
    url = "https://new.example.com/v1"
    result = there.run(SUBJECT, name="old", endpoint=url, connection_check=True, **wish)
    assert "failed" not in result, result["msg"]
    assert asked == [key]


def test_a_key_that_the_server_repeats_is_not_shown() -> None:
    said = {"message": "ERROR: Incorrect API key provided: key-given-2."}
    there = here(checks={URL: said})
    result = there.run(SUBJECT, **NEW, api_key="key-given-2", connection_check=True)
    assert "Incorrect API key provided: ********" in result["msg"]
    assert "key-given-2" not in str(result)


@pytest.mark.parametrize("release", ["18.9", "19.5"])
def test_a_model_that_starts_slowly_gets_its_time(release: str, naps: list[float]) -> None:
    there = here(release, checks={URL: {"timeouts": 3}})
    assert "failed" not in there.run(SUBJECT, **NEW, connection_check=True)
    assert mutations(there).count(FIELD) == 4
    assert len(naps) == 3


@pytest.mark.parametrize(("seconds", "least"), [(0, 1), (10, 5)])
def test_and_no_more_than_that(seconds: int, least: int, naps: list[float]) -> None:
    there = here(checks={URL: {"timeouts": 999}})
    wish = {"connection_check": True, "connection_check_timeout": seconds}
    result = there.run(SUBJECT, **NEW, **wish)
    assert result["failure"]["code"] == messages.MODEL_DOES_NOT_ANSWER.code
    assert "longer connection_check_timeout" in result["msg"]
    assert mutations(there).count(FIELD) >= least
    assert sum(naps) == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(("release", "again"), [("18.9", False), ("19.5", True)])
def test_a_gateway_that_one_process_does_not_know_yet_is_waited_for(
    release: str, again: bool, naps: list[float]
) -> None:
    there = Sandboxed(release, models=[STORED])
    result = there.run(SUBJECT, **NEW, connection_check=True, connection_check_timeout=5)
    assert "You have not configured your local AI gateway URL" in result["msg"]
    assert bool(naps) is again


def test_an_answer_that_is_lost_is_no_permission_to_store() -> None:
    there = here()
    there.faults({"kind": "drop_before", "match": {"field": FIELD}, "times": 0})
    before = there.stored()
    result = there.run(SUBJECT, **NEW, connection_check=True, retries=0)
    assert result["failed"]
    assert (there.stored(), result["changed"]) == (before, False)

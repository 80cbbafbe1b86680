# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's own tools: seed, journal, faults (sandbox/README.md)."""

from __future__ import annotations

import pytest

from sandbox.front import Dropped
from sandbox.versions import parse

QUERY = {"query": "query Look { metadata { version } }"}
WRITE = {"query": "mutation { duoSettingsUpdate(input: {}) { errors } }"}


def faults(gitlab, *rules):
    answer = gitlab.post("/_sandbox/faults", {"faults": list(rules)})
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("text", "number"),
    [("18.9", "18.9.2"), ("18.9.0", "18.9.0"), ("19.x", "19.5.2"), ("17.10.1-ee", "17.10.1")],
)
def test_versions(text, number):
    assert parse(text).number == number


@pytest.mark.parametrize("text", ["17.8", "18", "18.x", "x"])
def test_versions_that_mean_nothing(text):
    with pytest.raises(ValueError, match="'"):
        parse(text)


@pytest.mark.parametrize(
    "seed",
    [
        {"nothing": 1},
        {"options": {"nothing": 1}},
        {"models": [{"name": "m", "model": "gemini", "endpoint": "x"}]},
        {"features": {"nothing": {"provider": "disabled"}}},
        {"features": {"duo_chat": {"provider": "self_hosted", "model": "unknown"}}},
    ],
)
def test_a_seed_that_means_nothing_is_refused(gitlab, seed):
    assert gitlab.post("/_sandbox/seed", seed).status == 422


def test_seed_and_state(gitlab):
    model = {"name": "m", "model": "codestral", "endpoint": "http://x", "api_token": "t"}
    state = gitlab.seed(
        features={"code_completions": {"provider": "self_hosted", "model": "m"}},
        models=[model],
        beta_acceptances=["root", "gone"],
        gateway={"ai_gateway_url": "http://gw.example.com"},
    )
    assert state["features"]["code_completions"]["model"] == "m"
    assert state["models"][0]["api_token"] == "t"
    assert [one["username"] for one in state["beta_acceptances"]] == ["root", None]
    assert gitlab.post("/_sandbox/reset").json() == {"version": "18.9.2-ee", "ready": True}
    state = gitlab.get("/_sandbox/state").json()
    assert (state["models"], state["features"], state["beta_on"]) == ([], {}, False)


def test_the_journal(gitlab):
    gitlab.post("/api/graphql", QUERY)
    gitlab.post("/api/graphql", [QUERY, WRITE])
    gitlab.mutate("aiSelfHostedModelConnectionCheck", name="m", model="GPT", endpoint="x")
    gitlab.request("PUT", "/api/v4/application/settings", {"duo_availability": "default_on"})
    gitlab.sign_in()
    entries = gitlab.get("/_sandbox/journal").json()["requests"]
    assert entries[0] == {
        "number": 1,
        "method": "POST",
        "path": "/api/graphql",
        "operations": [{"name": "Look", "kind": "query", "fields": ["metadata"]}],
        "write": False,
        "multiplex": 1,
        "status": 200,
        "user": "root",
    }
    assert [one["write"] for one in entries] == [False, True, False, True, False, False]
    assert [one["multiplex"] for one in entries] == [1, 2, 1, 0, 0, 0]
    gitlab.request("DELETE", "/_sandbox/journal")
    assert gitlab.get("/_sandbox/journal").json() == {"requests": []}


def test_the_k_th_request(gitlab):
    faults(gitlab, {"kind": "status", "at": 2, "status": 503, "headers": {"Retry-After": "1"}})
    answers = [gitlab.post("/api/graphql", QUERY) for _dummy in range(3)]
    assert [one.status for one in answers] == [200, 503, 200]
    assert answers[1].headers["retry-after"] == "1"


def test_matching_and_times(gitlab):
    rule = {"kind": "graphql_error", "match": {"field": "duoSettingsUpdate"}, "times": 2}
    faults(gitlab, {**rule, "message": "Timeout"})
    assert "data" in gitlab.post("/api/graphql", QUERY).json()
    for _dummy in range(2):
        assert gitlab.post("/api/graphql", WRITE).json() == {"errors": [{"message": "Timeout"}]}
    assert "data" in gitlab.post("/api/graphql", WRITE).json()
    faults(gitlab, {"kind": "status", "status": 502, "times": 0})
    assert {gitlab.post("/api/graphql", QUERY).status for _dummy in range(3)} == {502}
    gitlab.request("DELETE", "/_sandbox/faults")
    assert gitlab.post("/api/graphql", QUERY).status == 200


@pytest.mark.parametrize(("after", "kept"), [(False, []), (True, ["m"])])
def test_the_work_before_a_fault(gitlab, after, kept):
    rule = {"kind": "status", "status": 502, "match": {"kind": "mutation"}, "after_work": after}
    faults(gitlab, rule)
    query = (
        'mutation { aiSelfHostedModelCreate(input: {name: "m", model: GPT, endpoint: "http://x"})'
        " { errors } }"
    )
    assert gitlab.post("/api/graphql", {"query": query}).status == 502
    assert [one.name for one in gitlab.instance.models] == kept


def test_bodies(gitlab):
    faults(
        gitlab,
        {"kind": "body", "body": "<html>sign in</html>"},
        {"kind": "body", "truncate": 10},
        {"kind": "partial_errors", "message": "Timeout on X", "null_field": "metadata"},
    )
    first = gitlab.post("/api/graphql", QUERY)
    assert (first.status, first.text) == (200, "<html>sign in</html>")
    assert first.headers["content-type"].startswith("text/html")
    second = gitlab.post("/api/graphql", QUERY)
    assert (len(second.text), second.headers["content-length"]) == (10, "10")
    assert gitlab.post("/api/graphql", QUERY).json() == {
        "errors": [{"message": "Timeout on X", "path": ["metadata"]}],
        "data": {"metadata": None},
    }


def test_each_query_of_a_request_gets_its_partial_error(gitlab):
    faults(gitlab, {"kind": "partial_errors", "null_field": "metadata"})
    answers = gitlab.post("/api/graphql", [QUERY, {"query": "{ currentUser { username } }"}]).json()
    assert [one["data"] for one in answers] == [
        {"metadata": None},
        {"currentUser": {"username": "root"}},
    ]
    assert [len(one["errors"]) for one in answers] == [1, 1]


def test_a_session_that_expires(gitlab):
    gitlab.sign_in()
    assert gitlab.get("/admin/gitlab_duo/configuration").status == 200
    faults(gitlab, {"kind": "sign_out"})
    answer = gitlab.get("/admin/gitlab_duo/configuration")
    assert (answer.status, answer.headers["location"].endswith("/users/sign_in")) == (302, True)


def test_a_dropped_connection_without_a_socket(gitlab):
    faults(gitlab, {"kind": "drop_before"})
    with pytest.raises(Dropped):
        gitlab.post("/api/graphql", QUERY)
    assert gitlab.get("/_sandbox/journal").json()["requests"][0]["status"] is None


def test_faults_that_mean_nothing_are_refused(gitlab):
    for rule in ({"kind": "nothing"}, {"kind": "status"}, {"kind": "delay", "second": 1}):
        assert gitlab.post("/_sandbox/faults", {"faults": [rule]}).status == 422

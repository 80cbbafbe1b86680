# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observe, plan, apply from end to end, with the gateway as the subject."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import (
    bug,
    isolated_messages,
    messages,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.finding import Finding
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run import outcome
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import client as _client
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.client import GitLab
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
    CONNECTION_SPEC,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Part
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    gateway,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    TOKEN,
    Reply,
    Request,
    connection,
)

URL = "https://aigw.example.com"


class Instance:
    """A GitLab with a gateway URL; remembers what was written."""

    def __init__(self, version: str = "18.9.0", url: str | None = None, **more: Any) -> None:
        self.version, self.url = version, url
        self.writes: list[dict[str, Any]] = []
        self.more = more

    def __call__(self, request: Request) -> Reply:
        """Answer a reading or a write."""
        body = request.json
        if isinstance(body, dict):
            self.writes.append(body["variables"]["i0"])
            if not self.more.get("forgetful"):
                self.url = body["variables"]["i0"]["aiGatewayUrl"] or None
            if self.more.get("broken"):
                return Reply(500, {"errors": [{"message": "Internal server error"}]})
            return Reply(200, {"data": {"m0": {"errors": [], **self.payload(body["query"])}}})
        return Reply(200, [self.answer(it["query"]) for it in body])

    def payload(self, query: str) -> dict[str, Any]:
        """Answer what is asked of the payload."""
        asked = re.search(r"errors duoSettings \{ aiGatewayUrl \}", query)
        return {"duoSettings": {"aiGatewayUrl": self.url}} if asked else {}

    def answer(self, query: str) -> dict[str, Any]:
        """Answer one document."""
        if "metadata" in query:
            return {"data": {"metadata": {"version": self.version, "enterprise": True}}}
        if "aiSelfHostedModels" in query:
            return {"data": {"aiSelfHostedModels": self.more.get("models", {"nodes": []})}}
        if "aiFeatureSettings" in query:
            nodes = [{"feature": "duo_chat", "provider": "unassigned"}]
            return {"data": {"aiFeatureSettings": {"nodes": nodes}}}
        if "currentLicense" in query:
            return {"data": {"currentLicense": None}}
        if "addOnPurchases" in query:
            return {"data": {"addOnPurchases": []}}
        (field,) = re.findall(r"duoSettings \{ (\w+) \}", query)
        if field == "aiGatewayUrl":
            return {"data": {"duoSettings": {field: self.url}}}
        return {"errors": [{"message": f"Field '{field}' doesn't exist on type 'DuoSettings'"}]}


def run(
    server: Any,
    *,
    check: bool = False,
    subject: Any = gateway.SUBJECT,
    verbosity: int = 0,
    **options: Any,
):
    """Return the result of a task."""
    defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    params = {**defaults, "api_url": server.url, "api_token": TOKEN, "state": "present", **options}
    result = outcome(subject, params, check_mode=check, diff_mode=True, verbosity=verbosity)
    assert TOKEN not in str(result)
    return result


def test_check_real_real_check(serve) -> None:
    instance = Instance()
    server = serve(instance)
    first = run(server, check=True, ai_gateway_url=URL)
    assert (first["changed"], instance.writes, len(server.requests)) == (True, [], 1)
    real = run(server, ai_gateway_url=URL)
    assert instance.writes == [{"aiGatewayUrl": URL}]
    assert {**first, "gateway": 0} == {**real, "gateway": 0}
    assert real["gateway"] == first["gateway"] == {"ai_gateway_url": URL}
    before = len(server.requests)
    again = [run(server, ai_gateway_url=URL), run(server, check=True, ai_gateway_url=URL)]
    assert [it["changed"] for it in again] == [False, False]
    assert again[0]["diff"] == again[0]["changes"] == []
    assert first["changes"] == [
        {"subject": "gateway", "name": "", "field": "ai_gateway_url", "before": "", "after": URL}
    ]
    assert first["instance"] == again[0]["instance"] == {"url": server.url, "version": "18.9.0"}
    assert len(server.requests) == before + 2
    assert len(instance.writes) == 1


def test_a_500_after_saving_is_success(serve) -> None:
    instance = Instance(broken=True)
    result = run(serve(instance), ai_gateway_url=URL)
    assert result["changed"]
    assert "failed" not in result
    assert instance.writes == [{"aiGatewayUrl": URL}]


@pytest.mark.parametrize(
    ("version", "witness", "requests"),
    [
        ("18.9.0", "but its own answer shows", 2),
        ("18.0.0", "but every reading for 70 s showed", 24),
    ],
)
def test_what_gitlab_accepts_but_does_not_keep_is_a_failure(
    serve, waits: list[float], version: str, witness: str, requests: int
) -> None:
    """The payload tells where the release has one; else it is read again for a while."""
    server = serve(Instance(version, url="https://old.example.com", forgetful=True))
    result = run(server, ai_gateway_url=URL)
    assert result["failed"]
    assert result["failure"]["code"] == messages.NOT_KEPT.code
    assert result["instance"] == {"url": server.url, "version": version}
    assert "AI gateway" in result["msg"]
    assert witness in result["msg"]
    assert f"is https://old.example.com and was set to {URL}" in result["msg"]
    assert "settle_timeout" in result["failure"]["next_step"]
    assert len(server.requests) == requests
    assert sum(waits) == pytest.approx(70 if requests > 2 else 0)


def test_nobody_waits_who_does_not_want_to(serve, waits: list[float]) -> None:
    server = serve(Instance("18.0.0", forgetful=True))
    assert run(server, ai_gateway_url=URL, settle_timeout=0)["failed"]
    assert (len(server.requests), waits) == (3, [])


def test_a_finding_after_the_change_does_not_hide_the_change(serve) -> None:
    """As where a token loses its rights between the two readings of the preflight."""
    finding = Finding("error", "token", "The token has no scope api.")
    subject = dataclasses.replace(
        gateway.SUBJECT,
        findings=lambda _, found: [finding] if found.values["ai_gateway_url"] else [],
    )
    result = run(serve(Instance("18.0.0")), subject=subject, ai_gateway_url=URL)
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["failure"]["code"] == messages.NOT_KEPT.code
    assert len(result["failure"]["done"]) == 1
    assert "The token has no scope api" in result["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_an_error_fails_the_task_before_it_is_planned(serve, check: bool) -> None:
    found = [Finding("warning", "b", "B is odd.", "Look."), Finding("error", "a", "A is wrong.")]
    subject = dataclasses.replace(gateway.SUBJECT, plan=broken, findings=lambda *_: found)
    instance = Instance()
    result = run(serve(instance), subject=subject, check=check, ai_gateway_url=URL)
    assert "a: A is wrong" in result["msg"]
    assert (result["failed"], result["changed"], result["changes"]) == (True, False, [])
    assert result["warnings"] == ["B is odd. Look."]
    assert instance.writes == []


def test_a_finding_is_masked_before_it_is_cut(serve) -> None:
    """Else half a secret would be left, which nobody recognises."""
    key = "key-that-a-server-repeats"
    said = Finding("error", "model", "x" * 980 + key, "Look.")
    subject = dataclasses.replace(gateway.SUBJECT, findings=lambda _options, _state: [said])
    defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    params = {**defaults, "api_url": serve(Instance()).url, "api_token": TOKEN, "state": "present"}
    result = outcome(subject, params, check_mode=False, diff_mode=False, secrets={key})
    assert result["failed"]
    assert "key-" not in str(result)


def test_null_models_mean_not_permitted(serve) -> None:
    server = serve(Instance(models=None))
    result = run(server, ai_gateway_url=URL)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["failure"]["code"] == messages.NO_LICENSE.code
    assert result["failure"]["instance"] == server.url
    assert result["instance"] == {"url": server.url, "version": "18.9.0"}
    assert result["changes"] == []
    assert result["msg"].startswith(server.url + ": ")


def test_clearing_reads_which_features_would_go_to_the_cloud(serve) -> None:
    result = run(serve(Instance(url=URL)), state="absent", check=True)
    assert "duo_chat" in result["warnings"][0]
    assert run(serve(Instance(url=URL)), ai_gateway_url=URL)["warnings"] == []


def test_one_declaration_for_several_releases(serve) -> None:
    options = {"ai_gateway_url": URL, "ai_gateway_timeout_seconds": 90}
    refused = run(serve(Instance("17.9.0")), **options)
    assert refused["failure"]["code"] == messages.NOT_OFFERED.code
    result = run(serve(Instance("17.9.0")), when_unsupported="warn", **options)
    assert result["gateway"] == {"ai_gateway_url": URL}
    (warning,) = result["warnings"]
    assert warning.startswith("ai_gateway_timeout_seconds is skipped: ")


@pytest.mark.parametrize(
    ("version", "told"), [("17.8.0", {"version": "17.8.0"}), ("unreadable", {})]
)
def test_a_failure_tells_the_release_as_far_as_it_is_known(
    serve, version: str, told: dict[str, str]
) -> None:
    server = serve(Instance(version))
    result = run(server, ai_gateway_url=URL)
    assert result["failed"]
    assert result["instance"] == {"url": server.url, **told}


def test_says_that_a_release_is_newer_than_it_knows(serve) -> None:
    (warning,) = run(serve(Instance("99.1.0")), ai_gateway_url="")["warnings"]
    assert "GitLab 99.1.0 is newer" in warning


# --- a bug of ours -------------------------------------------------------------------------------
def broken(*_anything: Any, **_more: Any) -> Any:
    raise KeyError(TOKEN)


def broken_after(calls: int, work: Any) -> Any:
    """Return a function that does the work so many times, and has a bug from then on."""
    left = [calls]

    def step(*args: Any) -> Any:
        left[0] -= 1
        return work(*args) if left[0] >= 0 else broken()

    return step


def test_a_bug_of_the_collection_shows_no_secret(serve) -> None:
    subject = dataclasses.replace(gateway.SUBJECT, plan=broken)
    result = run(serve(Instance()), subject=subject, ai_gateway_url=URL)
    assert result["failure"]["code"] == messages.UNEXPECTED.code
    assert "KeyError" in result["msg"]
    assert (result["changed"], result["failure"]["done"]) == (False, [])


@pytest.mark.parametrize("change", ["observe", "plan", "findings", "show"])
def test_a_bug_after_a_write_does_not_hide_what_was_written(serve, change: str) -> None:
    """Whichever of them reads or shows what the write has led to."""
    calls = {"observe": 1, "plan": 1, "findings": 1, "show": 0}[change]
    work = broken_after(calls, getattr(gateway.SUBJECT, change))
    # Where only a reading proves it.
    instance = Instance("18.0.0")
    subject = dataclasses.replace(gateway.SUBJECT, **{change: work})
    result = run(serve(instance), subject=subject, ai_gateway_url=URL)
    assert instance.writes == [{"aiGatewayUrl": URL}]
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["failure"]["code"] == messages.UNEXPECTED.code
    assert [line.split(" (")[0] for line in result["failure"]["done"]] == ["change AI gateway"]
    assert "Done before the failure: change AI gateway" in result["msg"]
    assert [(it["field"], it["after"]) for it in result["changes"]] == [("ai_gateway_url", URL)]


def test_a_bug_while_writing_does_not_hide_that_it_may_be_written(serve, monkeypatch) -> None:
    monkeypatch.setattr(_client, "mutation_results", broken)
    instance = Instance()
    result = run(serve(instance), ai_gateway_url=URL)
    assert instance.writes == [{"aiGatewayUrl": URL}]
    assert result["changed"]
    assert result["failure"]["done"] == []
    assert [line.split(" (")[0] for line in result["failure"]["unknown"]] == ["change AI gateway"]
    assert result["changes"] == []


def test_a_bug_while_signing_out_does_not_hide_what_was_written(serve, monkeypatch) -> None:
    monkeypatch.setattr(GitLab, "sign_out", broken)
    result = run(serve(Instance()), ai_gateway_url=URL)
    assert (result["changed"], len(result["failure"]["done"])) == (True, 1)


def test_a_failure_after_a_write_does_not_hide_what_was_written(serve) -> None:
    def fails(*_anything: Any) -> Any:
        raise messages.Failure(isolated_messages.LEAVES_DUO_CORE)

    subject = dataclasses.replace(gateway.SUBJECT, show=fails)
    result = run(serve(Instance()), subject=subject, ai_gateway_url=URL)
    assert (result["changed"], len(result["failure"]["done"])) == (True, 1)


def test_a_bug_names_its_place_and_shows_no_value(serve, monkeypatch) -> None:
    monkeypatch.setattr(_client, "mutation_document", broken)
    server = serve(Instance())
    result = run(server, ai_gateway_url=URL, verbosity=2)
    assert "trace" not in result["failure"]
    result = run(server, ai_gateway_url=URL, verbosity=3)
    place = result["failure"]["where"]
    assert re.fullmatch(r"plugins/module_utils/_gitlab/client\.py, line \d+, in mutate", place)
    assert place in result["msg"]
    # Frames with their source lines, of ours and of others; the type, and not its text.
    trace = result["failure"]["trace"]
    assert "in mutate\n    answer = " in "\n".join(trace)
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "KeyError")


def test_a_bug_behind_a_bug_is_shown_too() -> None:
    try:
        try:
            raise ValueError(TOKEN)
        except ValueError as first:
            raise TypeError(TOKEN) from first
    except TypeError as error:
        shown = bug.trace(error)
    assert [line for line in shown if line.isalpha()] == ["ValueError", "TypeError"]
    assert TOKEN not in str(shown)


def test_other_failures_have_no_place(serve) -> None:
    result = run(serve(Instance(models=None)), ai_gateway_url=URL)
    assert "where" not in result["failure"]


# --- a reading that several tasks share ----------------------------------------------------------
@pytest.mark.parametrize(("remember", "requests"), [(0.0, 3), (60.0, 1)])
def test_a_reading_is_shared_only_where_that_is_wanted(serve, remember, requests: int) -> None:
    server = serve(Instance())
    with GitLab(connection(server.url), remember=remember) as client:
        for parts in ((gateway.PERMISSION, *gateway.PARTS), (gateway.PERMISSION,), ()):
            client.read(*parts)
        assert len(server.requests) == requests
        client.forget()
        client.read()
        assert len(server.requests) == requests + 1


def test_what_was_not_read_is_read(serve) -> None:
    server = serve(Instance())
    with GitLab(connection(server.url), remember=60.0) as client:
        client.read(gateway.PERMISSION)
        assert "aiFeatureSettings" in client.read(Part("F", "aiFeatureSettings { x }")).data
    assert len(server.requests) == 2

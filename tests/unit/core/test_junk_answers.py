# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Junk in the answers of a server: one sentence, and no change that was not asked for.

``DUO_TORTURE=full`` tries thousands, ``make torture`` does that.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    health,
    info,
    preflight,
    upgrade_check,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    agent_platform,
    beta_features,
    feature_model,
    gateway,
    seats,
    self_hosted_model,
    settings,
    subscription,
)
from ansible_collections.gitlab_ops.duo.tests.integration.torture.figures import Count
from ansible_collections.gitlab_ops.duo.tests.unit.core import junk
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Reply, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples, watch

MODEL = {"name": "new", "model_family": "mistral", "endpoint": "https://m.example.com/v1"}
SEED: dict[str, Any] = {
    "gateway": {
        "ai_gateway_url": "https://aigw.example.com",
        "duo_agent_platform_service_url": "aigw.example.com:50052",
    },
    "models": [
        {
            "name": "old",
            "model": "mistral",
            "endpoint": "https://o.example.com/v1",
            "api_token": "key-that-is-stored-0001",
        },
        {"name": "unused", "model": "gpt", "endpoint": "https://u.example.com/v1"},
    ],
    "features": {
        "code_generations": {"provider": "self_hosted", "model": "old"},
        "duo_chat": {"provider": "self_hosted", "model": "old"},
    },
}
# Name: release, subject and options. No other option may change, and nothing that is in use.
TASKS: dict[str, tuple[str, Subject, dict[str, Any]]] = {
    "timeout": ("18.9", gateway.SUBJECT, {"ai_gateway_timeout_seconds": 90}),
    "create": ("18.9", self_hosted_model.SUBJECT, {**MODEL, "api_key": "key-that-is-given-0002"}),
    "rotate": ("19.4", self_hosted_model.SUBJECT, {"name": "old", "api_key": "key-given-0003"}),
    "exclusive": (
        "18.9",
        self_hosted_model.SUBJECT,
        {"models": [MODEL, {"name": "old"}], "exclusive": True},
    ),
    "delete": ("18.9", self_hosted_model.SUBJECT, {"name": "unused", "state": "absent"}),
    "in-use": ("18.9", self_hosted_model.SUBJECT, {"name": "old", "state": "absent"}),
    "feature": ("18.9", feature_model.SUBJECT, {"features": ["duo_chat"], "model": "unused"}),
    "one-by-one": (
        "17.9",
        feature_model.SUBJECT,
        {"features": ["code_completions", "duo_chat"], "model": "unused"},
    ),
    "beta": (
        "18.9",
        beta_features.SUBJECT,
        {"enabled": True, "accept_testing_agreement": True, **ROOT},
    ),
    "flows": ("18.9", agent_platform.SUBJECT, {"state": "connected", **ROOT}),
    "flows-unknown": ("19.4", agent_platform.SUBJECT, {"state": "disconnected", **ROOT}),
    "seats": ("18.9", seats.SUBJECT, {"add_on": "duo_enterprise", "users": ["alice"]}),
    "settings": ("18.9", settings.SUBJECT, {"expanded_logging": True, "duo_core": True}),
    "subscription": ("18.9", subscription.SUBJECT, {"sync": "always", **ROOT}),
    "preflight": (
        "18.9",
        preflight.SUBJECT,
        {"models": [MODEL], "manage_outbound_allowlist": True, "ready_timeout": 0},
    ),
    "health": (
        "18.11",
        health.SUBJECT,
        {
            "attempts": 1,
            "fail_on": "never",
            "delay": 0,
            "settings": [{"features": ["duo_chat"], "provider": "disabled"}],
        },
    ),
    "info": ("17.9", info.SUBJECT, ROOT),
    "upgrade": ("18.2", upgrade_check.SUBJECT, {"target_version": "19.1", "fail_on": "never"}),
}
TYPES = (
    *("application/json", "application/json; charset=utf-8", "text/html", "", "text/plain"),
    *("application/graphql-response+json", "application/json\x00", "x" * 500),
)
HEADERS = (
    *("Retry-After", "Location", "Content-Type", "Set-Cookie", "Content-Encoding", "X-Runtime"),
    *("Link", "Transfer-Encoding", "WWW-Authenticate"),
)
VALUES = (
    *(
        "0",
        "-5",
        "nan",
        "inf",
        "1e308",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Mon, 99 Foo 99999",
        "gzip",
    ),
    *("http://elsewhere.example.com/api", "https://[::1", "//x", "file:///etc/passwd", "\x00", "é"),
    *("_gitlab_session=x; Domain=example.org; Path=//", "deflate", "chunked", "/users/sign_in"),
    *("/users/terms", "/admin/session/new", "javascript:alert(1)", "x" * 5000),
)


# --- ways to damage an answer --------------------------------------------------------------------
@st.composite
def anything(draw: st.DrawFn, reply: Reply) -> Reply:
    """Return any status, headers and body."""
    status = draw(st.sampled_from((reply.status, 200, 302, 401, 404, 422, 500)) | statuses())
    kind = draw(st.sampled_from(TYPES))
    headers = [(name, value) for name, value in reply.headers if name.lower() != "content-type"]
    extra = draw(st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(VALUES)), max_size=2))
    body = draw(st.binary(max_size=60) | junk.values().map(_json) | st.just(reply.body))
    return Reply(reply.method, status, [*headers, ("content-type", kind), *extra], body)


def statuses() -> st.SearchStrategy[int]:
    """Return a status that a client lets through."""
    return st.integers(100, 599) | st.sampled_from((600, 999))


@st.composite
def cut(draw: st.DrawFn, reply: Reply) -> Reply:
    """Return the answer without its end."""
    length = draw(st.integers(0, max(0, len(reply.body) - 1)))
    return _with(reply, reply.body[:length])


@st.composite
def lying(draw: st.DrawFn, reply: Reply) -> Reply:
    """Return the answer with other values inside: JSON, or a page."""
    try:
        sound = json.loads(reply.body)
    except ValueError:
        text = reply.body.decode("utf-8", "replace")
        words = [it for it in text.split('"') if it.strip()] or [text]
        word = draw(st.sampled_from(words))
        other = draw(junk.texts() | st.just('">')).encode("utf-8", "replace").decode()
        return _with(reply, text.replace(word, other, 1).encode())
    return _with(reply, _json(draw(junk.damaged(sound))))


@st.composite
def broken(draw: st.DrawFn, reply: Reply) -> Reply:
    """Return the answer with a value that its schema forbids, or with an error for a value."""
    try:
        sound = json.loads(reply.body)
    except ValueError:
        return draw(cut(reply))
    spots = [it for it in junk.places(sound) if it and "pageInfo" not in it]
    place = draw(st.sampled_from(spots or [()]))
    here = junk.at(sound, place)
    start = next((n for n, key in enumerate(place) if key == "data"), None)
    if start is not None and place[start + 1 :] and draw(st.booleans()):
        error = {"message": "Timeout on something", "path": list(place[start + 1 :])}
        answer = junk.at(sound, place[:start])
        nulled = junk.put(answer, place[start:], None)
        return _with(reply, _json(junk.put(sound, place[:start], {**nulled, "errors": [error]})))
    if isinstance(here, dict) and here and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(here)))
        return _with(reply, _json(junk.without(sound, (*place, key))))
    wrong = [it for it in (17, [], {}, True, ["x"], "") if type(it) is not type(here)]
    # A number where a number is, or an empty text where GitLab has none, would be no mistake.
    wrong = [it for it in wrong if not (it == "" and here is None)]
    return _with(reply, _json(junk.put(sound, place, draw(st.sampled_from(wrong)))))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _with(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.method, reply.status, reply.headers, body)


# What a row says of itself.
UNASKED = (" id", " created_at", " updated_at")
WAYS = {"anything": anything, "cut": cut, "lying": lying, "broken": broken}


# --- what holds ----------------------------------------------------------------------------------
def cells(here: Sandboxed) -> dict[str, Any]:
    """Return each single thing that is stored, by its name."""
    stored = json.loads(here.stored())
    found: dict[str, Any] = {f"gateway {key}": it for key, it in stored["gateway"].items()}
    for model in stored["models"]:
        found |= {f"model {model['name']} {key}": it for key, it in model.items()}
    for row in stored["features"]:
        found |= {f"feature {row['feature']} {key}": it for key, it in row.items()}
    found["beta"] = [row["user_id"] for row in stored["acceptances"]]
    found |= {f"setting {key}": it for key, it in stored["settings"].items()}
    found |= {f"seats {key}": it for key, it in stored["seats"].items()}
    return {key: it for key, it in found.items() if not key.endswith(UNASKED)}


def undisturbed(name: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Return how many requests a task takes, and what is there before it and after it."""
    release, subject, options = TASKS[name]
    here = Sandboxed(release, **SEED)
    before = cells(here)
    result = here.run(subject, **options)
    assert bool(result.get("failed")) == (name == "in-use"), result["msg"]
    return len(here.requests), before, cells(here)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TASKS)
def test_junk_in_answers(name: str, way: str, count: Count) -> None:
    length, before, after = undisturbed(name)
    release, subject, options = TASKS[name]
    tried = []

    @examples(12, full=60)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        here = Sandboxed(release, **SEED)
        first = data.draw(st.integers(0, length - 1))
        stays = data.draw(st.integers(0, 3)) == 0
        seen = 0

        def alter(reply: Reply) -> Reply:
            nonlocal seen
            seen += 1
            if seen - 1 != first and not (stays and seen > first):
                return reply
            tried.append(seen)
            answer = data.draw(WAYS[way](reply))
            note(f"{seen}: {answer.status} {answer.headers} {answer.body[:3000]!r}")
            return answer

        here.adapter.alter = alter
        watch(here, forced=way == "lying")
        result = here.run(subject, **{"retries": 1}, **options)
        note(repr(result)[:3000])
        json.dumps(result)
        if result.get("failed"):
            assert junk.unfit(result["msg"]) == []
        if way != "lying":
            judge(result, before, after, cells(here), told=way != "anything")

    run()
    count(f"junk answers ({way})", len(tried))


def judge(
    result: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    now: dict[str, Any],
    told: bool,
) -> None:
    """Nothing is there but what was, or what was asked for.

    ``told``: and it is said so. A server that did its work and answers 403 is believed.
    """
    strange = {
        key: (before.get(key), value, after.get(key))
        for key, value in now.items()
        if value not in (before.get(key), after.get(key))
    }
    assert strange == {}
    lost = {key for key in before if key not in now and key in after}
    assert lost == set()
    failure = result.get("failure", {"done": [], "unknown": []})
    if told and now != before:
        assert result["changed"] or failure["unknown"]

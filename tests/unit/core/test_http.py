# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to a real server: what can go wrong, and where the token is sent."""

from __future__ import annotations

import base64
import socket
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Mutation
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.http import (
    LONGEST_WAIT,
    MOST_PROBLEMS,
    Http,
    pause,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    TOKEN,
    Reply,
    connection,
    gitlab,
    http_date,
)

FINE = Reply(200, [{"data": {"metadata": {"version": "18.9.0-ee", "enterprise": True}}}])
WRITE = [Mutation("duoSettingsUpdate", {"aiGatewayUrl": "https://aigw.example.com"})]
HTML = {"Content-Type": "text/html; charset=utf-8"}


def failure_of(action: Any, *arguments: Any) -> Failure:
    """Return the failure of a call, after checking what every failure must hold."""
    with pytest.raises(Failure) as caught:
        action(*arguments)
    failure = caught.value
    sentence = failure.sentence("https://gitlab.example.com")
    assert sentence.startswith("https://gitlab.example.com: ")
    assert failure.what in sentence
    assert failure.next_step
    assert failure.next_step in sentence
    assert TOKEN not in sentence
    assert " object at 0x" not in sentence
    return failure


def reading_fails(url: str, **options: Any) -> Failure:
    """Return the failure of a reading."""
    with gitlab(url, **options) as client:
        return failure_of(client.read)


# --- statuses ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reply", "message", "told"),
    [
        (
            Reply(401, {"errors": [{"message": "Invalid token"}]}),
            messages.TOKEN_REFUSED,
            "401: Invalid token",
        ),
        (
            Reply(401, {"error": "invalid_token", "error_description": "Token is expired."}),
            messages.TOKEN_REFUSED,
            "Token is expired",
        ),
        (
            Reply(403, {"errors": [{"message": "API not accessible for user"}]}),
            http_messages.HTTP_REFUSED,
            "status 403 (API not accessible for user)",
        ),
        (
            Reply(403, "<h1>no</h1>", HTML),
            http_messages.HTTP_REFUSED,
            "/api/graphql with status 403",
        ),
        (Reply(404, "<h1>404</h1>", HTML), http_messages.NOT_FOUND, "/api/graphql (404)"),
        (
            Reply(422, {"errors": [{"message": "Query too large"}]}),
            http_messages.HTTP_REFUSED,
            "Query too large",
        ),
        (
            Reply(500, {"errors": [{"message": "Internal server error"}]}),
            http_messages.SERVER_ERROR,
            "500 (Internal server error)",
        ),
        (Reply(501, "", HTML), http_messages.SERVER_ERROR, "501 (Not Implemented)"),
        (Reply(599, "", HTML), http_messages.SERVER_ERROR, "599 (no reason given)"),
        (
            Reply(200, "<form>Sign in</form>", HTML),
            http_messages.NOT_GITLAB,
            "status 200, content type text/html",
        ),
        (Reply(200, "", {"Content-Type": ""}), http_messages.NOT_GITLAB, "content type none"),
        (Reply(200, ""), http_messages.BROKEN_ANSWER, "broken or truncated JSON"),
        (Reply(200, '[{"data": {"meta'), http_messages.BROKEN_ANSWER, "broken or truncated JSON"),
        (Reply(200, b"\xff\xfe\x00"), http_messages.BROKEN_ANSWER, "broken or truncated JSON"),
        (Reply(200, "[" * 100_000), http_messages.BROKEN_ANSWER, "broken or truncated JSON"),
        (Reply(200, "null"), http_messages.BROKEN_ANSWER, "not a GraphQL response"),
        (Reply(200, {"message": "hello"}), http_messages.BROKEN_ANSWER, "not a GraphQL response"),
        (Reply(200, [1]), http_messages.BROKEN_ANSWER, "not a GraphQL response"),
        (Reply(200, [{"data": [1]}]), http_messages.BROKEN_ANSWER, "not a GraphQL response"),
        (Reply(200, [{"errors": []}]), http_messages.BROKEN_ANSWER, "not a GraphQL response"),
        (Reply(200, [{"data": {"metadata": None}}]), messages.UNKNOWN_VERSION, "no metadata"),
        (Reply(200, [{"data": {"metadata": {}}}]), messages.UNKNOWN_VERSION, "cannot be read"),
    ],
)
def test_explains_an_answer(serve, reply: Reply, message: messages.Message, told: str) -> None:
    failure = reading_fails(serve([reply]).url, retries=0)
    assert failure.code == message.code
    assert told in failure.what


MANY = {f"field{number}": [["no"], "is wrong", 5] for number in range(99)}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"message": {"name": ["is too long", "is odd"]}}, "name is too long, name is odd"),
        ({"message": {"a": ["is wrong"], "base": "is odd"}}, "a is wrong, base is odd"),
        ({"message": {"a": {"b": ["deep"]}, "c": [None, 5, ["x"]]}}, "Bad Request"),
        ({"message": {}, "error": "days are missing"}, "days are missing"),
        ({"message": MANY}, ", ".join(f"field{it} is wrong" for it in range(MOST_PROBLEMS))),
    ],
)
def test_what_a_validation_says_is_told(serve, said: Any, told: str) -> None:
    with gitlab(serve([Reply(400, said)]).url) as client:
        failure = failure_of(client.rest_put, "/application/settings", {"days": 0})
    assert failure.code == messages.REFUSED.code
    assert failure.what == f"GitLab refused it: {told}."
    # It is about a value, and not about rights.
    assert failure.next_step == messages.CORRECT


# --- repeating -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "shortest", "longest"),
    [
        ({"Retry-After": "5"}, 5, 5.25),
        ({"Retry-After": "0"}, 0, 0.25),
        ({"Retry-After": "-3"}, 0, 0.25),
        ({"Retry-After": "86400"}, LONGEST_WAIT, LONGEST_WAIT + 0.25),
        ({"Retry-After": "nan"}, 0, 0.25),
        ({"Retry-After": "soon"}, 0.5, 1),
        ({}, 0.5, 1),
    ],
)
def test_waits_as_told(serve, waits, headers, shortest: float, longest: float) -> None:
    server = serve([Reply(429, {"message": "Retry later"}, headers), FINE])
    with gitlab(server.url) as client:
        assert client.read().version.text == "18.9.0"
    (wait,) = waits
    assert shortest <= wait <= longest
    assert len(server.requests) == 2


@pytest.mark.parametrize(("from_now", "shortest", "longest"), [(20, 18, 20.25), (-20, 0, 0.25)])
def test_waits_until_a_date(serve, waits, from_now: int, shortest: float, longest: float) -> None:
    server = serve(lambda _it: replies.pop(0))
    replies = [Reply(429, {}, {"Retry-After": http_date(from_now)}), FINE]
    with gitlab(server.url) as client:
        client.read()
    (wait,) = waits
    assert shortest <= wait <= longest


@pytest.mark.parametrize("attempt", range(12))
def test_waits_longer_each_time_but_not_for_ever(attempt: int) -> None:
    assert min(2.0**attempt, LONGEST_WAIT) / 2 <= pause(attempt, None)
    assert pause(attempt, None) <= min(2.0**attempt, LONGEST_WAIT)


PASSING = [
    pytest.param(Reply(429, {"message": "Retry later"}), http_messages.TRY_LATER, id="429"),
    pytest.param(Reply(502, "Bad gateway", HTML), http_messages.TRY_LATER, id="502"),
    pytest.param(Reply(503, "Starting", HTML), http_messages.TRY_LATER, id="503"),
    pytest.param(Reply(504, "Too slow", HTML), http_messages.TRY_LATER, id="504"),
    pytest.param(Reply(drop=True), http_messages.UNREACHABLE, id="connection closed"),
    pytest.param(Reply(200, "[{}]", cut=100), http_messages.UNREACHABLE, id="answer cut off"),
]


@pytest.mark.parametrize(("reply", "message"), PASSING)
def test_a_reading_is_repeated(serve, reply: Reply, message: messages.Message, waits) -> None:
    server = serve([reply, reply, FINE])
    with gitlab(server.url, retries=2) as client:
        assert client.read().enterprise
    assert (len(server.requests), len(waits)) == (3, 2)


@pytest.mark.parametrize(("reply", "message"), PASSING)
@pytest.mark.parametrize("retries", [0, 2])
def test_a_reading_is_given_up(
    serve, reply: Reply, message: messages.Message, retries: int
) -> None:
    server = serve([reply])
    failure = reading_fails(server.url, retries=retries)
    assert failure.code == message.code
    assert len(server.requests) == retries + 1
    assert ("3 times with" in failure.what) == bool(retries)
    # A reason in words, not the number of bytes that came.
    assert any(word.isalpha() and len(word) > 3 for word in failure.what.split("(")[-1].split())


@pytest.mark.parametrize(
    ("reply", "retry"),
    [
        *[pytest.param(*case.values[:1], True, id=case.id) for case in PASSING],
        pytest.param(Reply(500, {"errors": [{"message": "Internal"}]}), False, id="500"),
        pytest.param(Reply(200, "<form>", HTML), False, id="page"),
        pytest.param(Reply(200, '{"data'), False, id="broken JSON"),
        pytest.param(Reply(200, {"data": {"m0": None}}), False, id="no result"),
        pytest.param(Reply(200, {"data": {"m0": {"errors": 5}}}), False, id="no list"),
        pytest.param(
            Reply(200, {"errors": [{"message": "Timeout"}], "data": {"m0": None}}),
            False,
            id="an error that names no mutation",
        ),
    ],
)
def test_a_write_is_never_repeated(serve, reply: Reply, retry: bool, waits) -> None:
    server = serve([reply])
    with gitlab(server.url) as client:
        failure = failure_of(client.mutate, WRITE)
    assert isinstance(failure, messages.Unclear)
    assert failure.retry is retry
    # A proxy that gave up says nothing of what GitLab is still doing.
    assert failure.late is (reply.status == 504)
    assert failure.refused is (reply.status == 429)
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(401, {"errors": [{"message": "Invalid token"}]}), messages.TOKEN_REFUSED),
        (Reply(403, {}), http_messages.HTTP_REFUSED),
        (Reply(400, {"error": "Invalid JSON format"}), http_messages.HTTP_REFUSED),
        (Reply(404, "", HTML), http_messages.NOT_FOUND),
        (Reply(302, "", {"Location": "/users/sign_in"}), http_messages.REDIRECTED_TO_PAGE),
    ],
)
def test_a_write_that_was_not_taken_is_clear(serve, reply: Reply, message) -> None:
    with gitlab(serve([reply]).url) as client:
        failure = failure_of(client.mutate, WRITE)
    assert failure.code == message.code
    assert not isinstance(failure, messages.Unclear)


# --- no answer -----------------------------------------------------------------------------------
def test_connection_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    failure = reading_fails(url, retries=1)
    assert failure.code == http_messages.UNREACHABLE.code
    assert "refused" in failure.what


def test_unknown_host() -> None:
    failure = reading_fails("http://gitlab.invalid", retries=0)
    assert failure.code == http_messages.UNREACHABLE.code


@pytest.mark.parametrize("write", [False, True])
def test_timeout(serve, write: bool) -> None:
    server = serve([Reply(200, {}, delay=30)])
    with gitlab(server.url, retries=0) as client:
        client._http.connection = client.connection.model_copy(update={"timeout": 0.1})
        failure = failure_of(client.mutate, WRITE) if write else failure_of(client.read)
    assert failure.code == http_messages.TIMED_OUT.code
    assert "within 0.1 s" in failure.what


# --- where the token goes ------------------------------------------------------------------------
@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("write", [False, True])
def test_a_redirect_is_not_followed(serve, status: int, write: bool) -> None:
    elsewhere = serve([FINE])
    there = elsewhere.url.replace("http://", "http://user:hidden@") + "/api/graphql?token=hidden"
    server = serve([Reply(status, "", {"Location": there})])
    with gitlab(server.url) as client:
        failure = failure_of(client.mutate, WRITE) if write else failure_of(client.read)
    assert failure.code == http_messages.REDIRECTED.code
    assert elsewhere.url.removeprefix("http://") in failure.what
    assert "hidden" not in failure.what
    assert elsewhere.requests == []
    assert len(server.requests) == 1


def test_netrc_does_not_replace_the_token(serve, monkeypatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve([FINE])
    with gitlab(server.url) as client:
        client.read()
        client.rest("/version")
    assert [it.headers["Authorization"] for it in server.requests] == [f"Bearer {TOKEN}"] * 2
    assert {it.headers["User-Agent"] for it in server.requests} == {"ansible-gitlab_ops.duo"}


def test_the_proxy_option_is_used_for_every_host(serve, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    proxy = serve([FINE])
    url = proxy.url.replace("http://", "http://me:secret@")
    with gitlab("http://gitlab.invalid/root", proxy=url) as client:
        client.read()
    (request,) = proxy.requests
    assert request.path == "http://gitlab.invalid/root/api/graphql"
    expected = base64.b64encode(b"me:secret").decode()
    assert request.headers["Proxy-Authorization"] == f"Basic {expected}"


def test_the_proxies_of_the_environment_are_used_without_the_option(serve, monkeypatch) -> None:
    proxy = serve([FINE])
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with gitlab("http://gitlab.invalid") as client:
        client.read()
    assert len(proxy.requests) == 1


def test_a_proxy_that_is_away_keeps_its_password_to_itself() -> None:
    failure = reading_fails(
        "http://gitlab.invalid", proxy="http://me:secret@127.0.0.1:9", retries=0
    )
    assert failure.code == http_messages.PROXY_UNREACHABLE.code
    assert "The proxy http://********@127.0.0.1:9 cannot" in failure.what
    assert "secret" not in failure.sentence()


@pytest.mark.parametrize("status", [401, 407])
def test_a_proxy_that_refuses_is_not_taken_for_gitlab(serve, status: int) -> None:
    proxy = serve([Reply(status, "<h1>no</h1>", HTML)])
    url = proxy.url.replace("http://", "http://me:secret@")
    failure = reading_fails("http://gitlab.invalid", proxy=url)
    assert failure.code == http_messages.PROXY_CREDENTIALS.code
    assert f"The proxy {proxy.url.replace('//', '//********@')} requires" in failure.what
    assert len(proxy.requests) == 1


def test_gitlab_behind_a_proxy_refuses_the_token_itself(serve) -> None:
    proxy = serve([Reply(401, {"message": "401 Unauthorized"})])
    failure = reading_fails("http://gitlab.invalid", proxy=proxy.url)
    assert failure.code == messages.TOKEN_REFUSED.code


@pytest.mark.parametrize(
    "host", ["gitlab", "gitlab.test", "10.0.0.1", "[2001:db8::1]", "gitläb.de"]
)
def test_a_cookie_goes_to_gitlab_whatever_its_name_looks_like(serve, host: str) -> None:
    proxy = serve([Reply(200, "", HTML)])
    http = Http(connection(f"http://{host}:8080/root", proxy=proxy.url), token=None)
    http.set_cookie("_gitlab_session", "value")
    http.send("GET", "/admin", repeatable=False)
    http.close()
    assert proxy.requests[0].headers["Cookie"] == "_gitlab_session=value"


def test_a_cookie_for_a_host_that_cannot_be() -> None:
    http = Http(connection("http://.gitlab.test"), token=None)
    failure = failure_of(http.set_cookie, "_gitlab_session", "hidden")
    assert failure.code == http_messages.UNREACHABLE.code
    assert "hidden" not in failure.what
    http.close()

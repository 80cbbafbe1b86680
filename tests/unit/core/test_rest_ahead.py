# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A REST path is requested while something else is read."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Part
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import Reply, Request, gitlab
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_client import metadata

PATH = "/application/settings"
SETTINGS = {"silent_mode_enabled": False}
MODELS = Part("Models", "aiSelfHostedModels(first: 1) { nodes { id } }")


def reply(request: Request) -> Reply:
    """Answer both requests."""
    if request.path != "/api/graphql":
        return Reply(200, SETTINGS)
    nodes = {"data": {"aiSelfHostedModels": {"nodes": []}}}
    return Reply(200, [metadata(), nodes])


def test_both_are_asked_at_the_same_time(serve) -> None:
    """The server answers neither before it has got both."""
    both = threading.Barrier(2, timeout=30)

    def together(request: Request) -> Reply:
        both.wait()
        return reply(request)

    with gitlab(serve(together).url) as client:
        settings = client.rest_ahead(PATH)
        assert client.read(MODELS).nodes("aiSelfHostedModels") == []
        assert settings() == SETTINGS
    assert not both.broken


@pytest.mark.parametrize("first", [Reply(503, "busy"), Reply(drop=True)], ids=["busy", "lost"])
def test_what_came_to_nothing_is_asked_again(serve, first: Reply) -> None:
    server = serve([first, Reply(200, SETTINGS)])
    with gitlab(server.url, retries=0) as client:
        assert client.rest_ahead(PATH)() == SETTINGS
    assert [it.path for it in server.requests] == [f"/api/v4{PATH}"] * 2


def test_what_comes_to_nothing_again_is_told_as_without_it(serve) -> None:
    server = serve([Reply(503, "busy")])
    with gitlab(server.url, retries=1) as client:
        settings = client.rest_ahead(PATH)
        with pytest.raises(Failure) as caught:
            settings()
    assert caught.value.code == http_messages.TRY_LATER.code
    # Once ahead, and then with the retries that are allowed.
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (Reply(403, {"message": "403 Forbidden"}), None),
        (Reply(302, "", {"Location": "/users/sign_in"}), "is a redirect"),
        (Reply(200, "<html>"), "JSON"),
    ],
    ids=["not permitted", "redirect", "no JSON"],
)
def test_a_refusal_is_told_to_the_one_who_waits(serve, answer: Reply, raised: str | None) -> None:
    server = serve([answer])
    with gitlab(server.url) as client:
        settings = client.rest_ahead(PATH)
        if raised is None:
            assert settings() is None
        else:
            with pytest.raises(Failure, match=raised):
                settings()
    assert len(server.requests) == 1


def test_without_certificates_it_is_asked_when_it_is_waited_for(serve) -> None:
    """What keeps Python's warnings about them quiet belongs to the whole process."""
    server = serve(reply)
    with gitlab(server.url, validate_certs=False) as client:
        settings = client.rest_ahead(PATH)
        assert server.requests == []
        assert settings() == SETTINGS

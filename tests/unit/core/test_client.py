# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and writing GraphQL: many parts in one request, and both of GitLab's error channels."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import access
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import (
    Mutation,
    Part,
    Written,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import stored
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    TOKEN,
    Reply,
    Request,
    gid,
    gitlab,
)

GENERAL = (
    "The resource that you are attempting to access does not exist or you don't have permission "
    "to perform this action"
)
MODELS = Part("Models", "aiSelfHostedModels(first: 1) { nodes { id } }")
TIMEOUT = Part("Timeout", "duoSettings { aiGatewayTimeoutSeconds }", optional=True)
PAGED = Part("Paged", "things(after: $after) { id }", variables={"$after: String": "cursor"})


def metadata(version: str = "18.9.0-ee", enterprise: bool | None = True) -> dict[str, Any]:
    """Return what GitLab says of itself."""
    return {"data": {"metadata": {"version": version, "enterprise": enterprise}}}


def unknown_field(name: str, kind: str = "Query") -> dict[str, Any]:
    """Return GitLab's answer to a document with a field that it does not have."""
    return {
        "errors": [
            {
                "message": f"Field '{name}' doesn't exist on type '{kind}'",
                "locations": [{"line": 1, "column": 3}],
                "path": ["query DuoX", name],
                "extensions": {"code": "undefinedField", "typeName": kind, "fieldName": name},
            }
        ]
    }


def graphql(answers: dict[str, Any], several: Any = None) -> Any:
    """Return a script that answers documents by their names.

    ``several`` is the reply to more than one document at once, for servers that take only one.
    """

    def one(document: dict[str, Any]) -> Any:
        (name,) = re.findall(r"(?:query|mutation) Duo(\w+)", document["query"])
        return answers[name]

    def reply(request: Request) -> Reply:
        body = request.json
        if not isinstance(body, list):
            return Reply(200, one(body))
        return several or Reply(200, [one(document) for document in body])

    return reply


def documents(server: Any) -> list[list[str]]:
    """Return the names of the documents of each request."""
    return [re.findall(rb'"query": ?"query Duo(\w+)', it.body) for it in server.requests]


def failure_of(action: Any, *arguments: Any) -> Failure:
    """Return the failure of a call."""
    with pytest.raises(Failure) as caught:
        action(*arguments)
    assert TOKEN not in caught.value.sentence()
    return caught.value


# --- reading -------------------------------------------------------------------------------------
def test_reads_all_parts_in_one_request(serve) -> None:
    server = serve(
        graphql(
            {
                "Metadata": metadata(),
                "Models": {"data": {"aiSelfHostedModels": {"nodes": [{"id": 1}]}}},
                "Timeout": {"data": {"duoSettings": {"aiGatewayTimeoutSeconds": 60}}},
                "Paged": {"data": {"things": []}},
            }
        )
    )
    with gitlab(server.url + "/root") as client:
        reading = client.read(MODELS, TIMEOUT, PAGED)
    assert (reading.version.text, reading.enterprise) == ("18.9.0", True)
    assert reading.data["duoSettings"] == {"aiGatewayTimeoutSeconds": 60}
    assert reading.nodes("aiSelfHostedModels") == [{"id": 1}]
    assert reading.offered == {"Metadata", "Models", "Timeout", "Paged"}
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/root/api/graphql")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.json[3] == {
        "query": "query DuoPaged($after: String) { things(after: $after) { id } }",
        "variables": {"after": "cursor"},
        "operationName": "DuoPaged",
    }


def test_an_optional_part_that_the_release_lacks_is_left_out(serve) -> None:
    server = serve(
        graphql(
            {
                "Metadata": metadata("17.9.4-ee"),
                "Models": {"data": {"aiSelfHostedModels": {"nodes": []}}},
                "Timeout": unknown_field("aiGatewayTimeoutSeconds", "DuoSettings"),
            }
        )
    )
    with gitlab(server.url) as client:
        reading = client.read(MODELS, TIMEOUT)
    assert reading.offered == {"Metadata", "Models"}
    assert "duoSettings" not in reading.data
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Field 'x' doesn't exist on type 'Query'",
        "Field 'aiFeatureSettings' doesn't accept argument 'y'",
        "InputObject 'DuoSettingsUpdateInput' doesn't accept argument 'foo'",
        "Variable $a is declared by DuoTimeout but not used",
    ],
)
def test_forms_of_lacking(serve, message: str) -> None:
    answers = {"Metadata": metadata(), "Timeout": {"errors": [{"message": message}]}}
    with gitlab(serve(graphql(answers)).url) as client:
        assert "Timeout" not in client.read(TIMEOUT).offered


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        (MODELS, unknown_field("aiSelfHostedModels")),
        (TIMEOUT, {"errors": [{"message": "Query has complexity of 301"}]}),
        (TIMEOUT, {"errors": ["odd"]}),
    ],
)
def test_other_errors_are_told(serve, part: Part, answer: dict[str, Any]) -> None:
    server = serve(graphql({"Metadata": metadata(), part.name: answer}))
    with gitlab(server.url) as client:
        failure = failure_of(client.read, part)
    assert failure.code == messages.GRAPHQL_ERROR.code
    assert "18.9.0" in failure.what


def test_a_field_that_ran_out_of_time_is_not_called_denied(serve) -> None:
    """Null without an error means not permitted; null beside another error means no such thing."""
    said = "Timeout on Query.aiSelfHostedModels"
    answer = {
        "data": {"aiSelfHostedModels": None},
        "errors": [{"message": said, "path": ["aiSelfHostedModels"]}],
    }
    part = stored.models_part()
    url = serve(graphql({"Metadata": metadata(), "Models": answer})).url
    with gitlab(url) as client, pytest.raises(Failure, match=said) as raised:
        client.read(part)
    assert raised.value.code == messages.GRAPHQL_ERROR.code


def test_a_field_that_is_denied_is_null_with_its_reason(serve) -> None:
    answer = {
        "data": {"currentLicense": None},
        "errors": [{"message": GENERAL, "path": ["currentLicense"]}],
    }
    with gitlab(serve(graphql({"Metadata": metadata(), "License": answer})).url) as client:
        reading = client.read(access.LICENSE)
    assert reading.denied == {"currentLicense": GENERAL}
    assert reading.data["currentLicense"] is None
    with pytest.raises(Failure, match=GENERAL[:40]):
        reading.nodes("currentLicense")


@pytest.mark.parametrize(
    "several",
    [
        Reply(200, {"errors": [{"message": "Unexpected end of document", "locations": []}]}),
        Reply(200, []),
        Reply(500, {"errors": [{"message": "Internal server error"}]}),
        Reply(400, {"error": "Invalid JSON format"}),
    ],
    ids=["object", "too few", "500", "400"],
)
def test_a_server_that_takes_one_document_at_a_time(serve, several: Reply) -> None:
    joined = {
        "data": {
            "metadata": metadata()["data"]["metadata"],
            "aiSelfHostedModels": {"nodes": [{"id": 1}]},
            "things": [],
        }
    }
    server = serve(
        graphql({"Read": joined, "Timeout": unknown_field("x"), "Models": joined}, several)
    )
    with gitlab(server.url, retries=0) as client:
        reading = client.read(MODELS, TIMEOUT, PAGED)
        assert reading.nodes("aiSelfHostedModels") == [{"id": 1}]
        assert (reading.version.text, "Timeout" in reading.offered) == ("18.9.0", False)
        # It is not asked in vain again.
        client.read(MODELS)
    assert documents(server)[1:] == [[b"Read"], [b"Timeout"], [b"Read"]]
    assert server.requests[1].json["variables"] == {"after": "cursor"}


@pytest.mark.parametrize(
    ("version", "enterprise", "message"),
    [
        ("17.8.7-ee", True, messages.TOO_OLD),
        ("16.11.0", None, messages.TOO_OLD),
        ("18.9.0", False, messages.COMMUNITY_EDITION),
        ("17.8.0", False, messages.COMMUNITY_EDITION),
        ("master", True, messages.UNKNOWN_VERSION),
    ],
)
@pytest.mark.parametrize("several", [None, Reply(200, {"errors": [{"message": "no"}]})])
def test_an_instance_that_cannot_be_served(
    serve, version: str, enterprise: bool, message: messages.Message, several: Reply | None
) -> None:
    answers = dict.fromkeys(("Models", "Read", "Timeout"), unknown_field("aiSelfHostedModels"))
    answers["Metadata"] = metadata(version, enterprise)
    with gitlab(serve(graphql(answers, several)).url) as client:
        assert failure_of(client.read, MODELS, TIMEOUT).code == message.code


def test_a_required_field_that_is_missing_is_never_read_as_nothing(serve) -> None:
    answers = {"Metadata": metadata("21.0.0"), "Read": unknown_field("aiSelfHostedModels")}
    server = serve(graphql(answers, Reply(200, {"errors": [{"message": "one at a time"}]})))
    with gitlab(server.url) as client:
        failure = failure_of(client.read, MODELS)
    assert failure.code == messages.GRAPHQL_ERROR.code
    assert "aiSelfHostedModels" in failure.what


# --- pages ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("several", [None, Reply(200, {"errors": [{"message": "no"}]})])
@pytest.mark.parametrize("providers", [True, False])
def test_reads_all_pages_of_models(serve, several: Reply | None, providers: bool) -> None:
    count, size = 250, stored.PAGE

    def page(document: dict[str, Any]) -> list[int]:
        start = int(document["variables"].get("after") or 0)
        return list(range(start, min(start + size, count)))

    def one(document: dict[str, Any]) -> Any:
        query = document["query"]
        if "provider }" in query and "Duo" + "ModelProviders" in query:
            nodes = [{"id": gid(it), "provider": "API"} for it in page(document)]
            found = {"data": {"aiSelfHostedModels": {"nodes": nodes}}}
            return found if providers else unknown_field("provider", "AiSelfHostedModel")
        answer: dict[str, Any] = {"data": {}}
        if "metadata" in query:
            answer["data"] |= metadata()["data"]
        if "aiSelfHostedModels" in query:
            numbers = page(document)
            answer["data"]["aiSelfHostedModels"] = {
                "nodes": [
                    {
                        "id": gid(it),
                        "name": f"m{it}",
                        "model": "gpt",
                        "endpoint": "http://x/v1",
                        "featureSettings": {"nodes": []},
                    }
                    for it in numbers
                ],
                "pageInfo": {
                    "hasNextPage": numbers[-1] + 1 < count,
                    "endCursor": str(numbers[-1] + 1),
                },
            }
        return answer

    def reply(request: Request) -> Reply:
        body = request.json
        if isinstance(body, list):
            return several or Reply(200, [one(document) for document in body])
        return Reply(200, one(body))

    server = serve(reply)
    with gitlab(server.url) as client:
        _reading, state = stored.read_state(client, features=False)
    assert set(state.models) == {f"m{it}" for it in range(count)}
    assert {it.provider for it in state.models.values()} == {"API" if providers else None}
    assert state.has_provider is providers
    if several is None:
        assert len(server.requests) == 3


# --- writing -------------------------------------------------------------------------------------
TWO = [Mutation("aiSelfHostedModelCreate", {"name": "a"}), Mutation("aiSelfHostedModelDelete", {})]


def test_sends_mutations_in_one_request_with_their_input_as_variables(serve) -> None:
    server = serve([Reply(200, {"data": {"m0": {"errors": []}, "m1": {"errors": []}}})])
    with gitlab(server.url) as client:
        assert client.mutate(TWO) == [Written(""), Written("")]
    (request,) = server.requests
    assert request.json == {
        "query": "mutation DuoApply($i0: AiSelfHostedModelCreateInput!, "
        "$i1: AiSelfHostedModelDeleteInput!) { m0: aiSelfHostedModelCreate(input: $i0) { errors } "
        "m1: aiSelfHostedModelDelete(input: $i1) { errors } }",
        "variables": {"i0": {"name": "a"}, "i1": {}},
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            {"data": {"m0": {"errors": ["Name can't be blank"]}, "m1": {"errors": []}}},
            ["Name can't be blank", ""],
            id="in the payload",
        ),
        pytest.param(
            {"data": {"m0": {"errors": ["a", "b"]}, "m1": {"errors": []}}},
            ["a; b", ""],
            id="several in the payload",
        ),
        pytest.param(
            {
                "data": {"m0": {"errors": []}, "m1": None},
                "errors": [{"message": GENERAL, "path": ["m1"]}],
            },
            ["", GENERAL],
            id="at the top, with the path",
        ),
    ],
)
def test_both_error_channels(serve, answer: dict[str, Any], said: list[str]) -> None:
    with gitlab(serve([Reply(200, answer)]).url) as client:
        assert client.mutate(TWO) == [Written(text) for text in said]


@pytest.mark.parametrize(
    "message",
    [
        "Variable $i0 of type AiSelfHostedModelCreateInput! was provided invalid value",
        "Unable to determine boundaries and permissions for authorization",
    ],
)
def test_a_document_that_is_refused_as_a_whole_changed_nothing(serve, message: str) -> None:
    with gitlab(serve([Reply(200, {"errors": [{"message": message}]})]).url) as client:
        failure = failure_of(client.mutate, TWO)
    assert failure.code == messages.REFUSED.code
    assert not isinstance(failure, messages.Unclear)
    assert failure.sentence() == f"GitLab refused it: {message}. Nothing was changed."


# --- REST ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(200, {"scopes": ["api"]}), {"scopes": ["api"]}),
        (Reply(400, {"message": "400 Bad request"}), None),
        (Reply(401, {"message": "401 Unauthorized"}), None),
        (Reply(403, {"message": "403 Forbidden"}), None),
        (Reply(404, "", {"Content-Type": "text/html"}), None),
    ],
)
def test_rest(serve, reply: Reply, answer: Any) -> None:
    server = serve([reply])
    with gitlab(server.url) as client:
        assert client.rest("/personal_access_tokens/self") == answer
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/api/v4/personal_access_tokens/self")


def test_a_refused_rest_write_is_a_failure(serve) -> None:
    server = serve([Reply(403, {"message": "403 Forbidden"})])
    with gitlab(server.url) as client, pytest.raises(Failure) as caught:
        client.rest_put("/application/settings", {"deny": True})
    assert caught.value.code == http_messages.HTTP_REFUSED.code
    assert [it.method for it in server.requests] == ["PUT"]

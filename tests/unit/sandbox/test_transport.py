# SPDX-License-Identifier: GPL-3.0-or-later
"""`/api/graphql` before a resolver runs, beyond what the recorded answers hold."""

from __future__ import annotations

import pytest

from sandbox import credentials

GENERAL = (
    "The resource that you are attempting to access does not exist or "
    "you don't have permission to perform this action"
)
CREATE = (
    "mutation($i: AiSelfHostedModelCreateInput!) { aiSelfHostedModelCreate(input: $i) { errors } }"
)


@pytest.mark.parametrize("state", ["blocked", "locked"])
def test_tokens_of_shut_out_users_are_invalid(gitlab, state):
    gitlab.seed(users=[{"username": "root", "state": state}])
    assert gitlab.post("/api/graphql", {"query": "{ metadata { version } }"}).status == 401


def test_a_scope_without_api_is_invalid(gitlab):
    gitlab.seed(tokens=[{"token": "t", "username": "root", "scopes": ["read_user"]}])
    gitlab.token = "t"
    assert gitlab.post("/api/graphql", {"query": "{ metadata { version } }"}).status == 401


def test_a_read_only_node_says_so(gitlab):
    gitlab.seed(options={"read_only": True})
    texts = gitlab.errors("mutation { duoSettingsUpdate(input: {}) { errors } }")
    assert texts == ["You cannot perform write operations on a read-only instance"]


def test_terms_are_a_403(gitlab):
    gitlab.seed(options={"terms": True})
    answer = gitlab.post("/api/graphql", {"query": "{ metadata { version } }"})
    assert (answer.status, answer.json()["errors"][0]["message"]) == (
        403,
        "API not accessible for user",
    )


def test_bodies_that_hold_no_query(gitlab):
    assert gitlab.errors("") == gitlab.errors("# nothing") == ["Unexpected end of document"]
    assert gitlab.post("/api/graphql", {}).json()["errors"][0]["locations"] == []
    assert gitlab.post("/api/graphql", {"query": "\0"}).status == 400


def test_form_bodies_and_json_text_as_variables(gitlab):
    form = {"query": "query($n: [String!]!) { metadata { featureFlags(names: $n) { name } } }"}
    answer = gitlab.post("/api/graphql", form={**form, "variables": '{"n": ["unknown"]}'})
    assert answer.json() == {"data": {"metadata": {"featureFlags": []}}}


def test_ten_thousand_characters(gitlab):
    query = "{ metadata { version } }"
    exact = query + " " * (10_000 - len(query))
    assert gitlab.post("/api/graphql", {"query": exact}).status == 200
    answer = gitlab.post("/api/graphql", {"query": exact + " "})
    assert (answer.status, answer.json()) == (422, {"errors": [{"message": "Query too large"}]})
    half = query + " " * 4990
    assert gitlab.post("/api/graphql", [{"query": half}, {"query": half}]).status == 422


def test_errors_name_the_operation(gitlab):
    answer = gitlab.graphql("query Foo { duoSettings { nothing } }")
    assert answer["errors"][0]["path"] == ["query Foo", "duoSettings", "nothing"]
    texts = gitlab.errors("mutation Foo { aiSelfHostedModelDelete(input: {id: $f}) { errors } }")
    assert texts == ["Variable $f is used by Foo but not declared"]


def test_at_most_five_errors(gitlab):
    assert len(gitlab.errors("{ a b c d e f g }")) == 5


def test_variable_values(gitlab):
    answer = gitlab.graphql(CREATE, i={"name": "a", "model": "FOO", "endpoint": 5, "bar": 1})
    error = answer["errors"][0]
    enum = (
        'Expected "FOO" to be one of: CODEGEMMA, CODELLAMA, CODESTRAL, MISTRAL, MIXTRAL, '
        "DEEPSEEKCODER, LLAMA3, CLAUDE_3, GPT, GENERAL"
    )
    why = [
        ("model", enum),
        ("endpoint", "Could not coerce value 5 to String"),
        ("bar", "Field is not defined on AiSelfHostedModelCreateInput"),
    ]
    listed = ", ".join(f"{path} ({text})" for path, text in why)
    assert error == {
        "message": "Variable $i of type AiSelfHostedModelCreateInput! was provided invalid value "
        f"for {listed}",
        "locations": [{"line": 1, "column": 10}],
        "extensions": {
            "value": {"name": "a", "model": "FOO", "endpoint": 5, "bar": 1},
            "problems": [{"path": [path], "explanation": text} for path, text in why],
        },
    }
    missing = gitlab.errors(CREATE)
    assert missing == [
        "Variable $i of type AiSelfHostedModelCreateInput! was provided invalid value"
    ]


def test_limits(gitlab):
    many = " ".join(f"a{n}: metadata {{ version revision }}" for n in range(101))
    assert gitlab.errors(f"{{ {many} }}") == [
        "Query has complexity of 303, which exceeds max complexity of 300"
    ]
    gitlab.token = credentials.USER_TOKEN
    assert gitlab.errors(f"{{ {many} }}")[0].endswith("max complexity of 250")
    gitlab.token = ""
    assert gitlab.errors(f"{{ {many} }}")[0].endswith("max complexity of 200")


def test_recursion(gitlab):
    deep = "id"
    for _dummy in range(3):
        deep = f"featureSettings {{ nodes {{ selfHostedModel {{ {deep} }} }} }}"
    texts = gitlab.errors(f"{{ aiSelfHostedModels(first: 1) {{ nodes {{ {deep} }} }} }}")
    assert any(text.startswith("Recursive query - too many of fields") for text in texts)


def test_introspection_depends_on_the_name_of_the_operation(gitlab, gitlab_of):
    body = {"query": "query IntrospectionQuery { __schema { types { name } } }"}
    assert "__schema" in gitlab.post("/api/graphql", body).json()["data"]
    answer = gitlab.post("/api/graphql", {**body, "operationName": None}).json()
    assert answer["errors"][0]["message"] == "Field '__schema' doesn't exist on type 'Query'"
    older = gitlab_of("18.7").post("/api/graphql", {**body, "operationName": None})
    assert "__schema" in older.json()["data"]


def test_what_a_release_lacks_fails_the_whole_request(gitlab_of):
    old = gitlab_of("17.9")
    answer = old.graphql("{ duoSettings { aiGatewayUrl aiGatewayTimeoutSeconds } }")
    assert "data" not in answer
    assert old.errors(
        "mutation($i: AiFeatureSettingUpdateInput!) "
        "{ aiFeatureSettingUpdate(input: $i) { errors } }",
        i={"features": ["DUO_CHAT"], "provider": "DISABLED"},
    )[0].endswith(
        "for features (Field is not defined on AiFeatureSettingUpdateInput), "
        "feature (Expected value to not be null)"
    )


def test_the_community_edition_has_no_duo_fields(gitlab):
    gitlab.seed(options={"enterprise": False})
    assert gitlab.data("{ metadata { version enterprise } }") == {
        "metadata": {"version": "18.9.2", "enterprise": False}
    }
    assert gitlab.errors("{ duoSettings { updatedAt } }") == [
        "Field 'duoSettings' doesn't exist on type 'Query'"
    ]
    assert gitlab.get("/api/v4/license").status == 404
    gitlab.sign_in()
    assert gitlab.get("/admin/gitlab_duo").status == 404

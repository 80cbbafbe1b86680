# SPDX-License-Identifier: GPL-3.0-or-later
"""`/api/graphql` before a resolver runs: api.md 10.1 and 10.2."""

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


@pytest.mark.parametrize("token", ["nope", credentials.EXPIRED_TOKEN, credentials.REVOKED_TOKEN])
def test_bad_tokens_are_401_invalid_token(gitlab, token):
    gitlab.token = token
    answer = gitlab.post("/api/graphql", {"query": "{ metadata { version } }"})
    assert (answer.status, answer.json()) == (401, {"errors": [{"message": "Invalid token"}]})


@pytest.mark.parametrize("state", ["blocked", "locked"])
def test_tokens_of_shut_out_users_are_invalid(gitlab, state):
    gitlab.seed(users=[{"username": "root", "state": state}])
    assert gitlab.post("/api/graphql", {"query": "{ metadata { version } }"}).status == 401


def test_a_scope_without_api_is_invalid(gitlab):
    gitlab.seed(tokens=[{"token": "t", "username": "root", "scopes": ["read_user"]}])
    gitlab.token = "t"
    assert gitlab.post("/api/graphql", {"query": "{ metadata { version } }"}).status == 401


def test_a_bearer_token_works_too(gitlab):
    token, gitlab.token = gitlab.token, ""
    body = {"query": "{ currentUser { username } }"}
    answer = gitlab.post("/api/graphql", body, headers={"authorization": f"Bearer {token}"})
    assert answer.json() == {"data": {"currentUser": {"username": "root"}}}


def test_without_a_token_protected_things_are_null(gitlab):
    gitlab.token = ""
    query = (
        "{ metadata { version } aiSelfHostedModels { nodes { id } } duoSettings { aiGatewayUrl } }"
    )
    assert gitlab.data(query) == {
        "metadata": None,
        "aiSelfHostedModels": None,
        "duoSettings": {"aiGatewayUrl": None},
    }


@pytest.mark.parametrize("token", ["", credentials.READONLY_TOKEN])
def test_mutations_without_scope_api_get_the_general_error(gitlab, token):
    gitlab.token = token
    answer = gitlab.graphql("mutation { duoSettingsUpdate(input: {}) { errors } }")
    assert answer == {
        "errors": [
            {
                "message": GENERAL,
                "locations": [{"line": 1, "column": 12}],
                "path": ["duoSettingsUpdate"],
            }
        ],
        "data": {"duoSettingsUpdate": None},
    }


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


def test_broken_bodies(gitlab):
    answer = gitlab.post("/api/graphql", raw=b"{")
    assert (answer.status, answer.json()) == (400, {"error": "Invalid JSON format"})
    empty = {"errors": [{"message": "Unexpected end of document", "locations": []}]}
    for body in ({}, {"query": ""}, {"query": "# nothing"}):
        answer = gitlab.post("/api/graphql", body)
        assert (answer.status, answer.json()) == (200, empty)
    answer = gitlab.post("/api/graphql", {"query": "{ metadata { version } }", "variables": [1]})
    assert (answer.status, answer.json()["errors"][0]["message"]) == (
        422,
        "Unexpected parameter: [1]",
    )
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


def test_a_mutation_by_get(gitlab):
    answer = gitlab.get("/api/graphql?query=mutation%7Becho%7D")
    assert (answer.status, answer.json()["errors"][0]["message"]) == (
        422,
        "Mutations are forbidden in GET requests",
    )


def test_multiplex(gitlab):
    body = [{"query": "{ currentUser { username } }"}, {"query": "{ nothing }"}]
    first, second = gitlab.post("/api/graphql", body).json()
    assert first == {"data": {"currentUser": {"username": "root"}}}
    assert second["errors"][0]["message"] == "Field 'nothing' doesn't exist on type 'Query'"
    assert gitlab.post("/api/graphql", [{"variables": {}}]).status == 500


def test_an_unknown_field(gitlab):
    answer = gitlab.graphql("query Foo { duoSettings { nothing } }")
    assert answer == {
        "errors": [
            {
                "message": "Field 'nothing' doesn't exist on type 'DuoSettings'",
                "locations": [{"line": 1, "column": 27}],
                "path": ["query Foo", "duoSettings", "nothing"],
                "extensions": {
                    "code": "undefinedField",
                    "typeName": "DuoSettings",
                    "fieldName": "nothing",
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("query", "text", "code"),
    [
        (
            "{ duoSettings(id: 1) { updatedAt } }",
            "Field 'duoSettings' doesn't accept argument 'id'",
            "argumentNotAccepted",
        ),
        (
            "mutation { duoSettingsUpdate(input: {foo: 1}) { errors } }",
            "InputObject 'DuoSettingsUpdateInput' doesn't accept argument 'foo'",
            "argumentNotAccepted",
        ),
        (
            'mutation { aiSelfHostedModelCreate(input: {name: "a", endpoint: "b"}) { errors } }',
            "Argument 'model' on InputObject 'AiSelfHostedModelCreateInput' is required. "
            "Expected type AiAcceptedSelfHostedModels!",
            "missingRequiredInputObjectAttribute",
        ),
        (
            "mutation { aiSelfHostedModelCreate { errors } }",
            "Field 'aiSelfHostedModelCreate' is missing required arguments: input",
            "missingRequiredArguments",
        ),
        (
            'mutation { aiSelfHostedModelCreate(input: {name: "a", endpoint: "b", '
            'model: "MISTRAL"}) { errors } }',
            "Argument 'model' on InputObject 'AiSelfHostedModelCreateInput' has an invalid value "
            "(\"MISTRAL\"). Expected type 'AiAcceptedSelfHostedModels!'.",
            "argumentLiteralsIncompatible",
        ),
        (
            'mutation { aiSelfHostedModelDelete(input: {id: "zz"}) { errors } }',
            '"zz" is not a valid Global ID',
            "argumentLiteralsIncompatible",
        ),
        (
            'mutation { aiSelfHostedModelDelete(input: {id: "gid://gitlab/Project/1"}) '
            "{ errors } }",
            '"gid://gitlab/Project/1" does not represent an instance of Ai::SelfHostedModel',
            "argumentLiteralsIncompatible",
        ),
        (
            "mutation Foo { aiSelfHostedModelDelete(input: {id: $f}) { errors } }",
            "Variable $f is used by Foo but not declared",
            "variableNotDefined",
        ),
        (
            "query($a: Int) { duoSettings { updatedAt } }",
            "Variable $a is declared by anonymous query but not used",
            "variableNotUsed",
        ),
        (
            "mutation($n: Int!) { aiSelfHostedModelDelete(input: {id: $n}) { errors } }",
            "Type mismatch on variable $n and argument id (Int! / AiSelfHostedModelID!)",
            "variableMismatch",
        ),
        (
            "{ duoSettings }",
            "Field must have selections (field 'duoSettings' returns DuoSettings but has no "
            "selections. Did you mean 'duoSettings { ... }'?)",
            "selectionMismatch",
        ),
        (
            "{ a: metadata { version } a: duoSettings { updatedAt } }",
            "Field 'a' has a field conflict: metadata or duoSettings?",
            "fieldConflict",
        ),
    ],
)
def test_validation_errors_speak_graphql_ruby(gitlab, query, text, code):
    answer = gitlab.graphql(query)
    assert "data" not in answer
    found = {one["message"]: one["extensions"]["code"] for one in answer["errors"]}
    assert found.get(text) == code, answer


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


def test_parse_errors(gitlab):
    assert gitlab.graphql("{ duoSettings { ") == {
        "errors": [
            {
                "message": 'Expected NAME, actual: (none) (" ") at [1, 15]',
                "locations": [{"line": 1, "column": 15}],
            }
        ]
    }
    assert gitlab.errors("foo bar")[0].startswith(
        "Expected one of SCHEMA, SCALAR, TYPE, ENUM, INPUT, UNION, INTERFACE, actual: IDENTIFIER"
    )


def test_operation_names(gitlab):
    two = "query A { currentUser { username } } query B { metadata { version } }"
    assert gitlab.errors(two) == ["An operation name is required"]
    answer = gitlab.post("/api/graphql", {"query": two, "operationName": "Z"})
    assert answer.json() == {"errors": [{"message": 'No operation named "Z"'}]}


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

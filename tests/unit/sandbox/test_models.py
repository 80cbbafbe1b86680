# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-hosted models, beyond what the recorded answers hold."""

from __future__ import annotations

import pytest

from sandbox import credentials

BLOCKED = "Endpoint is blocked: "
LIST = "{ aiSelfHostedModels { nodes { id name } } }"


def create(gitlab, **data):
    full = {"name": "m", "model": "GPT", "endpoint": "http://x", **data}
    return gitlab.mutate("aiSelfHostedModelCreate", **full)["errors"]


def test_deny_all(gitlab):
    gitlab.seed(settings={"deny_all_requests_except_allowed": True})
    assert create(gitlab, endpoint="http://h.example.com") == [
        BLOCKED + "Requests to hosts and IP addresses not on the Allow List are denied"
    ]
    assert create(gitlab, endpoint="http://nowhere") == [
        BLOCKED + "Host cannot be resolved or invalid"
    ]
    gitlab.seed(settings={"outbound_local_requests_allowlist_raw": "h.example.com:80\n10.0.0.0/8"})
    assert create(gitlab, endpoint="http://h.example.com") == []
    assert create(gitlab, name="n", endpoint="http://10.1.2.3:9") == []


def test_an_earlier_mutation_stays_done_and_a_later_one_is_not_tried(gitlab):
    def field(alias, name):
        return (
            f'{alias}: aiSelfHostedModelCreate(input: {{name: "{name}", model: GPT, '
            'endpoint: "http://x"}) { errors }'
        )

    query = "mutation { " + field("a", "1") + field("b", "x" * 256) + field("c", "2") + " }"
    assert gitlab.post("/api/graphql", {"query": query}).status == 500
    assert [one.name for one in gitlab.instance.models] == ["1"]


def test_a_hidden_beta_model_still_collides(gitlab):
    gitlab.create_model("ga")
    hidden = gitlab.create_model("beta", "LLAMA3")
    assert [one["name"] for one in gitlab.data(LIST)["aiSelfHostedModels"]["nodes"]] == ["ga"]
    assert create(gitlab, name="beta") == ["Name has already been taken"]
    by_id = f'{{ aiSelfHostedModels(id: "{hidden}") {{ nodes {{ name releaseState }} }} }}'
    nodes = gitlab.data(by_id)["aiSelfHostedModels"]["nodes"]
    assert nodes == [{"name": "beta", "releaseState": "BETA"}]
    gitlab.seed(beta_acceptances=["gone"])
    nodes = gitlab.data(LIST)["aiSelfHostedModels"]["nodes"]
    assert [one["name"] for one in nodes] == ["beta", "ga"]


def test_unknown_ids(gitlab):
    assert gitlab.data("{ aiSelfHostedModels(id: null) { nodes { id } } }") == {
        "aiSelfHostedModels": {"nodes": []}
    }
    word = '{ aiSelfHostedModels(id: "gid://gitlab/Ai::SelfHostedModel/x") { nodes { id } } }'
    assert gitlab.post("/api/graphql", {"query": word}).status == 500
    gid = "gid://gitlab/Ai::SelfHostedModel/77"
    query = f'{{ aiSelfHostedModels(id: "{gid}") {{ nodes {{ id }} }} }}'
    assert gitlab.post("/api/graphql", {"query": query}).status == 500
    assert gitlab.mutate("aiSelfHostedModelDelete", id=gid) == {
        "errors": ["Self-hosted model not found"]
    }
    query = (
        f'mutation {{ aiSelfHostedModelUpdate(input: {{id: "{gid}", name: "a", model: GPT, '
        'endpoint: "http://x"}) { errors } }'
    )
    assert gitlab.post("/api/graphql", {"query": query}).status == 500


def test_the_token_is_readable_and_kept_when_left_out(gitlab):
    gid = gitlab.create_model("m", apiToken="secret")
    required = {"id": gid, "name": "m", "model": "CODESTRAL", "endpoint": "http://x"}
    select = "selfHostedModel { apiToken hasApiToken identifier }"

    def update(**more):
        return gitlab.mutate("aiSelfHostedModelUpdate", select, **required, **more)[
            "selfHostedModel"
        ]

    assert update() == {"apiToken": "secret", "hasApiToken": True, "identifier": ""}
    assert update(apiToken="  ") == {"apiToken": "  ", "hasApiToken": False, "identifier": ""}
    assert update(apiToken="") == {"apiToken": "", "hasApiToken": False, "identifier": ""}
    assert update(apiToken=None) == {"apiToken": None, "hasApiToken": False, "identifier": ""}


def test_every_update_is_audited_and_a_token_always_changes_the_row(gitlab):
    gid = gitlab.create_model("m", apiToken="secret")
    before = gitlab.instance.models[0].updated_at
    same = {"name": "m", "model": "CODESTRAL", "endpoint": "https://vllm.example.com/v1"}
    assert gitlab.mutate("aiSelfHostedModelUpdate", id=gid, **same)["errors"] == []
    assert gitlab.instance.models[0].updated_at == before
    gitlab.mutate("aiSelfHostedModelUpdate", id=gid, apiToken="secret", **same)
    assert gitlab.instance.models[0].updated_at > before
    assert len(gitlab.instance.audit_events) == 3


def test_deleting_a_model_in_use_drops_its_features(gitlab):
    gid = gitlab.create_model("m")
    features = {"features": ["CODE_COMPLETIONS"], "provider": "SELF_HOSTED"}
    gitlab.mutate("aiFeatureSettingUpdate", **features, aiSelfHostedModelId=gid)
    assert gitlab.mutate("aiSelfHostedModelDelete", id=gid)["errors"] == []
    assert gitlab.instance.features == []


def test_paging(gitlab):
    gitlab.seed(
        models=[{"name": f"m{n}", "model": "gpt", "endpoint": "http://x"} for n in range(103)]
    )
    query = (
        "query($first: Int, $after: String) { aiSelfHostedModels(first: $first, after: $after) "
        "{ nodes { name } pageInfo { hasNextPage endCursor } } }"
    )
    page = gitlab.data(query, first=500)["aiSelfHostedModels"]
    assert (len(page["nodes"]), page["nodes"][0]["name"]) == (100, "m102")
    assert page["pageInfo"]["hasNextPage"] is True
    rest = gitlab.data(query, after=page["pageInfo"]["endCursor"])["aiSelfHostedModels"]
    assert [one["name"] for one in rest["nodes"]] == ["m2", "m1", "m0"]
    assert rest["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize(
    "field", ["validModels { nodes { id } }", "gitlabModel { ref }", "defaultGitlabModel { ref }"]
)
def test_undecorated_rows_below_a_model_are_http_500(gitlab, field):
    gid = gitlab.create_model("m")
    query = f"{{ aiSelfHostedModels {{ nodes {{ featureSettings {{ nodes {{ {field} }} }} }} }} }}"
    assert gitlab.post("/api/graphql", {"query": query}).status == 200
    features = {"features": ["CODE_COMPLETIONS"], "provider": "SELF_HOSTED"}
    gitlab.mutate("aiFeatureSettingUpdate", **features, aiSelfHostedModelId=gid)
    assert gitlab.post("/api/graphql", {"query": query}).status == 500


def test_who_may_not_manage_gets_null_and_the_general_error(gitlab):
    gitlab.token = credentials.USER_TOKEN
    assert gitlab.data(LIST) == {"aiSelfHostedModels": None}
    full = {"name": "", "model": "GPT", "endpoint": ""}
    answer = gitlab.mutate("aiSelfHostedModelCreate", **full)
    assert answer["data"] == {"aiSelfHostedModelCreate": None}


def test_18_11_needs_an_endpoint_and_lets_the_prefix_decide_on_create(gitlab_of):
    gitlab = gitlab_of("18.11")
    full = {"name": "m", "model": "CLAUDE_3"}
    missing = gitlab.mutate("aiSelfHostedModelCreate", **full, provider="BEDROCK")
    assert missing["errors"][0]["message"].endswith("for endpoint (Expected value to not be null)")
    full |= {"endpoint": "http://bedrockselfhostedmodel.com", "identifier": "bedrock/x"}
    select = "errors selfHostedModel { id provider }"
    made = gitlab.mutate("aiSelfHostedModelCreate", select, **full, provider="API")
    assert made["selfHostedModel"]["provider"] == "BEDROCK"
    full["id"] = made["selfHostedModel"]["id"]
    changed = gitlab.mutate("aiSelfHostedModelUpdate", select, **full, provider="API")
    assert changed["selfHostedModel"]["provider"] == "API"


def test_since_19_0_a_provider_is_required_and_only_api_needs_an_endpoint(gitlab_of):
    gitlab = gitlab_of("19.0")
    full = {"name": "m", "model": "CLAUDE_3"}
    missing = gitlab.mutate("aiSelfHostedModelCreate", **full)["errors"][0]["message"]
    assert missing.endswith("for provider (Expected value to not be null)")
    assert create(gitlab, endpoint=None, provider="API") == ["Endpoint can't be blank"]
    select = "errors selfHostedModel { id provider endpoint }"
    made = gitlab.mutate("aiSelfHostedModelCreate", select, **full, provider="BEDROCK")
    assert made["selfHostedModel"].pop("id")
    assert made == {"errors": [], "selfHostedModel": {"provider": "BEDROCK", "endpoint": None}}


def test_connection_check(gitlab):
    full = {"name": "m", "model": "GPT", "endpoint": "http://x"}

    def check():
        select = "errors result { name success message details errors }"
        return gitlab.mutate("aiSelfHostedModelConnectionCheck", select, **full)

    first = check()
    assert first["errors"] == []
    assert first["result"]["message"].startswith(
        "You have not configured your local AI gateway URL"
    )
    assert first["result"]["errors"] == [first["result"]["message"]]
    gitlab.seed(
        gateway={"ai_gateway_url": "http://gw.example.com"},
        options={"connection_checks": {"http://x": {"timeouts": 1, "code": 401}}},
    )
    late = "ERROR: Net::ReadTimeout with #<TCPSocket:(closed)>"
    assert check()["result"]["message"] == late
    message = "ERROR: The self-hosted model server returned code 401"
    assert check()["result"]["message"] == message
    gitlab.seed(settings={"deny_all_requests_except_allowed": True})
    denied = "URL 'http://gw.example.com' is blocked: Requests to hosts and IP addresses not on"
    assert check()["result"]["message"].startswith(denied)
    gitlab.seed(settings={"outbound_local_requests_allowlist_raw": "gw.example.com"})
    assert check()["result"]["message"] == message
    gitlab.seed(
        settings={"deny_all_requests_except_allowed": False},
        gateway={"ai_gateway_url": "http://unresolvable.example.com"},
    )
    assert check()["result"]["message"].endswith("Host cannot be resolved or invalid")
    # Unlike for the health check, a local address is no reason to refuse.
    gitlab.seed(
        gateway={"ai_gateway_url": "http://10.0.0.1:5052"}, options={"connection_checks": {}}
    )
    assert check()["result"] == {
        "name": "model_configuration_probe",
        "success": True,
        "message": "Successfully connected to the self-hosted model",
        "details": {},
        "errors": [],
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"gateway_code": 401}, "AI Gateway returned code 401: Unknown error. Make sure"),
        ({"gateway_code": 422, "detail": "Field required"}, "code 422: Field required"),
        ({"gateway_code": 421, "detail": "401"}, "The self-hosted model server returned code 401"),
        ({"gateway_code": 421}, "The self-hosted model server returned an error"),
        ({"timeouts": 1}, "AI Gateway could not connect to the model endpoint. Verify"),
        ({"code": 404}, "The self-hosted model server returned code 404"),
        ({"code": 404, "served": ["m"]}, "The self-hosted model server returned code 404"),
        ({"code": 404, "served": ["a"]}, "Did you mean custom_openai/a?"),
        ({"code": 404, "served": ["a", "b"]}, "Did you mean custom_openai/a or custom_openai/b?"),
        ({"code": 404, "served": list("abcdefgh")}, ", custom_openai/e or 3 more?"),
    ],
)
def test_connection_check_of_19_4(gitlab_of, answer, said):
    gitlab = gitlab_of("19.4")
    gitlab.seed(
        gateway={"ai_gateway_url": "http://gw.example.com"},
        options={"connection_checks": {"http://x": answer}},
    )
    full = {"name": "m", "model": "GPT", "endpoint": "http://x", "provider": "API"}
    checked = gitlab.mutate(
        "aiSelfHostedModelConnectionCheck",
        "result { message }",
        **full,
        identifier="custom_openai/m",
    )
    assert said in checked["result"]["message"]
    assert checked["result"]["message"].startswith("ERROR: ")


def test_a_gateway_that_is_down(gitlab_of):
    """18.9 says so, 19.4 says the same of it as of one that is too slow."""
    full = {"name": "m", "model": "GPT", "endpoint": "http://x"}
    for release, more, said in (
        ("18.9", {}, "Connection refused"),
        ("19.4", {"provider": "API"}, "could not connect to the model endpoint"),
    ):
        gitlab = gitlab_of(release)
        gitlab.seed(
            gateway={"ai_gateway_url": "http://gw.example.com"},
            options={"gateway_reachable": False},
        )
        select = "result { message }"
        checked = gitlab.mutate("aiSelfHostedModelConnectionCheck", select, **full, **more)
        assert said in checked["result"]["message"]

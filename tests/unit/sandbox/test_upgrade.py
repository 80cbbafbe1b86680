# SPDX-License-Identifier: GPL-3.0-or-later
"""Upgrades in place: what changes, what is lost, what comes back."""

from __future__ import annotations

import pytest

from sandbox.versions import parse, required_stops

GATEWAY = {
    "ai_gateway_url": "http://gw.example.com:5052",
    "ai_gateway_timeout_seconds": 300,
    "duo_agent_platform_service_url": "gw.example.com:50052",
    "self_hosted_duo_agent_platform_service_secure": False,
}
EMPTY = {
    "ai_gateway_url": None,
    "ai_gateway_timeout_seconds": 60,
    "duo_agent_platform_service_url": None,
    "self_hosted_duo_agent_platform_service_secure": True,
}
SETTINGS = (
    "{ duoSettings { aiGatewayUrl aiGatewayTimeoutSeconds duoAgentPlatformServiceUrl"
    " selfHostedDuoAgentPlatformServiceSecure } }"
)


def upgrade(gitlab, to):
    answer = gitlab.post("/_sandbox/upgrade", {"to": to})
    assert answer.status == 200, answer.text
    return answer.json()


def gateway(gitlab):
    stored = gitlab.get("/_sandbox/state").json()["gateway"]
    return {name: stored[name] for name in GATEWAY}


def providers(gitlab):
    nodes = gitlab.data("{ aiFeatureSettings { nodes { feature provider } } }")
    return {one["feature"]: one["provider"] for one in nodes["aiFeatureSettings"]["nodes"]}


def test_version_schema_and_state(gitlab_of):
    gitlab = gitlab_of("17.10")
    gitlab.create_model("m", "LLAMA3", apiToken="t")
    gitlab.seed(gateway={"ai_gateway_url": "http://gw.example.com"}, beta_acceptances=["root"])
    gitlab.seed(features={"code_completions": {"provider": "self_hosted", "model": "m"}})
    before = gitlab.get("/_sandbox/journal").json()
    answer = upgrade(gitlab, "18.0.1")
    assert answer["from"] == "17.10.2-ee"
    assert answer["version"] == "18.0.1-ee"
    assert gitlab.get("/_sandbox/journal").json() == before
    assert gitlab.data("{ metadata { version } }") == {"metadata": {"version": "18.0.1-ee"}}
    errors = gitlab.errors("mutation { aiFeatureSettingUpdate(input: {feature: X}) { errors } }")
    assert any("doesn't accept argument 'feature'" in one for one in errors)
    state = gitlab.get("/_sandbox/state").json()
    assert state["features"]["code_completions"]["model"] == "m"
    assert (state["models"][0]["api_token"], state["beta_on"]) == ("t", True)
    assert gitlab.post("/_sandbox/reset").json()["version"] == "17.10.2-ee"


def test_pages_and_sessions(gitlab_of):
    """The beta switch moves; who is signed in stays so."""
    gitlab = gitlab_of("17.10")
    gitlab.sign_in()
    paths = ["/admin/ai/self_hosted_models", "/admin/ai/duo_self_hosted"]

    def toggles():
        page = gitlab.get("/admin/gitlab_duo/configuration")
        assert page.status == 200
        header = {"x-csrf-token": gitlab.csrf(page.text)}
        return [gitlab.post(f"{path}/toggle_beta_models", headers=header).status for path in paths]

    assert toggles() == [204, 404]
    upgrade(gitlab, "17.11")
    assert toggles() == [404, 204]


def test_agentic_chat_is_copied_once(gitlab_of):
    gitlab = gitlab_of("18.6")
    gitlab.create_model("m", "GPT")
    setting = {"provider": "self_hosted", "model": "m"}
    gitlab.seed(features={"duo_agent_platform": setting})
    assert upgrade(gitlab, "18.9.0")["migrations"] == ["agentic_chat_copied"]
    features = gitlab.get("/_sandbox/state").json()["features"]
    chat, platform = features["duo_agent_platform_agentic_chat"], features["duo_agent_platform"]
    assert chat == platform
    assert chat["model"] == "m"
    gitlab.instance.features = [
        row for row in gitlab.instance.features if row.feature == "duo_agent_platform"
    ]
    assert upgrade(gitlab, "18.10")["migrations"] == []
    assert list(gitlab.get("/_sandbox/state").json()["features"]) == ["duo_agent_platform"]


def test_without_a_row_nothing_is_copied(gitlab_of):
    gitlab = gitlab_of("18.4")
    assert upgrade(gitlab, "18.7.0")["migrations"] == []
    assert providers(gitlab)["duo_agent_platform_agentic_chat"] == "unassigned"


def test_a_stored_provider_stays(gitlab_of):
    gitlab = gitlab_of("18.0")
    gitlab.seed(features={"duo_chat": {"provider": "vendored"}})
    upgrade(gitlab, "18.8")
    found = providers(gitlab)
    assert (found["duo_chat"], found["code_completions"]) == ("vendored", "unassigned")


MODELS = "{ aiSelfHostedModels { nodes { name provider endpoint } } }"
PLACEHOLDER = "http://bedrockselfhostedmodel.com"


@pytest.mark.parametrize(
    ("to", "providers"),
    [("18.11", ["API", "API", "API"]), ("19.0", ["API", "VERTEX_AI", "BEDROCK"])],
)
def test_providers_come_with_18_11_and_are_right_from_19_0(gitlab_of, to, providers):
    gitlab = gitlab_of("18.10")
    for number, identifier in enumerate(("bedrock/x", "vertex_ai/x", "arn:aws:bedrock:x")):
        gitlab.create_model(f"m{number}", endpoint=PLACEHOLDER, identifier=identifier)
    upgrade(gitlab, to)
    nodes = gitlab.data(MODELS)["aiSelfHostedModels"]["nodes"]
    assert [one["provider"] for one in nodes] == providers
    assert {one["endpoint"] for one in nodes} == {PLACEHOLDER}


@pytest.mark.parametrize(("variable", "secure"), [(None, True), (True, True), (False, False)])
def test_18_10_reads_the_environment_of_its_node(gitlab_of, variable, secure):
    gitlab = gitlab_of("18.9")
    gitlab.seed(gateway=GATEWAY, options={"duo_agent_platform_service_secure": variable})
    upgrade(gitlab, "18.10")
    column = "self_hosted_duo_agent_platform_service_secure"
    assert gateway(gitlab) == {**GATEWAY, column: secure}


@pytest.mark.parametrize(
    ("before", "to", "copies"),
    [
        ("19.3", "19.4", {"duo_developer"}),
        ("19.4", "19.5", {"recommend_reviewers_assign"}),
        ("18.6", "19.5", {"duo_developer", "recommend_reviewers_assign"}),
    ],
)
def test_rows_of_new_agents_are_copies(gitlab_of, before, to, copies):
    gitlab = gitlab_of(before)
    gitlab.seed(models=[{"name": "m", "model": "gpt", "endpoint": "https://m.example.com/v1"}])
    setting = {"provider": "self_hosted", "model": "m"}
    gitlab.seed(features={"duo_agent_platform": setting})
    upgrade(gitlab, to)
    rows = {row.feature: row.model_id for row in gitlab.instance.features}
    assert set(rows) - {"duo_agent_platform", "duo_agent_platform_agentic_chat"} == copies
    assert set(rows.values()) == {rows["duo_agent_platform"]}


@pytest.mark.parametrize(
    ("before", "to"), [("19.1", "19.2.1"), ("18.11", "19.4"), ("19.1", "19.2")]
)
def test_past_19_2_0_everything_stays(gitlab_of, before, to):
    gitlab = gitlab_of(before)
    gitlab.seed(gateway=GATEWAY, settings={"enabled_expanded_logging": True})
    assert upgrade(gitlab, to)["migrations"] == []
    assert gateway(gitlab) == GATEWAY
    assert gitlab.get("/_sandbox/state").json()["settings"]["enabled_expanded_logging"] is True


def lost(gitlab_of):
    gitlab = gitlab_of("19.1.3")
    gitlab.seed(gateway=GATEWAY, settings={"enabled_expanded_logging": True})
    assert upgrade(gitlab, "19.2.0")["migrations"] == ["gateway_settings_lost"]
    assert gateway(gitlab) == EMPTY
    assert gitlab.get("/_sandbox/state").json()["settings"]["enabled_expanded_logging"] is False
    assert gitlab.data(SETTINGS)["duoSettings"] == {
        "aiGatewayUrl": None,
        "aiGatewayTimeoutSeconds": 60,
        "duoAgentPlatformServiceUrl": None,
        "selfHostedDuoAgentPlatformServiceSecure": True,
    }
    return gitlab


@pytest.mark.parametrize("to", ["19.2.1", "19.3.0"])
def test_19_2_1_brings_back_what_19_2_0_lost(gitlab_of, to):
    gitlab = lost(gitlab_of)
    assert upgrade(gitlab, to)["migrations"] == ["gateway_settings_restored"]
    assert gateway(gitlab) == GATEWAY
    assert gitlab.get("/_sandbox/state").json()["settings"]["enabled_expanded_logging"] is True


def test_what_was_set_on_19_2_0_stays_and_what_was_cleared_comes_back(gitlab_of):
    gitlab = lost(gitlab_of)
    for url in ("http://new.example.com", None):
        gitlab.mutate("duoSettingsUpdate", aiGatewayUrl=url, aiGatewayTimeoutSeconds=120)
    upgrade(gitlab, "19.2.1")
    assert gateway(gitlab) == {**GATEWAY, "ai_gateway_timeout_seconds": 120}


def test_it_comes_back_once(gitlab_of):
    gitlab = lost(gitlab_of)
    upgrade(gitlab, "19.2.1")
    gitlab.mutate("duoSettingsUpdate", aiGatewayUrl=None)
    assert upgrade(gitlab, "19.2.2")["migrations"] == []
    assert gateway(gitlab)["ai_gateway_url"] is None


def test_an_instance_that_began_on_19_2_0_lost_nothing(gitlab_of):
    gitlab = gitlab_of("19.2.0")
    gitlab.seed(gateway={**GATEWAY, "ai_gateway_url": None})
    assert upgrade(gitlab, "19.2.1")["migrations"] == []
    assert gateway(gitlab)["ai_gateway_timeout_seconds"] == 300


def test_flags(gitlab_of):
    gitlab = gitlab_of("17.10")
    gitlab.seed(flags={"mine": True})
    upgrade(gitlab, "18.8")
    gitlab.seed(flags={"sign_in_form_vue": False})
    upgrade(gitlab, "18.9")
    flags = gitlab.get("/_sandbox/state").json()["flags"]
    assert (flags["mine"], flags["sign_in_form_vue"]) == (True, False)
    assert flags["self_hosted_dap_per_request_billing"] is True
    assert "ai_duo_chat_sub_features_settings" not in flags


@pytest.mark.parametrize("to", ["18.8.9", "17.11", "18.x", "18", None, 18.9])
def test_no_way_back(gitlab, to):
    assert gitlab.post("/_sandbox/upgrade", {"to": to}).status == 422
    assert gitlab.instance.version == "18.9.2-ee"


def test_the_same_release_changes_nothing(gitlab):
    gitlab.seed(gateway=GATEWAY)
    assert upgrade(gitlab, "18.9.2") == {
        "from": "18.9.2-ee",
        "version": "18.9.2-ee",
        "skipped_stops": [],
        "migrations": [],
    }
    assert gateway(gitlab) == GATEWAY


@pytest.mark.parametrize(
    ("before", "to", "skipped"),
    [
        ("18.8.1", "18.9", []),
        ("18.9", "18.11", []),
        ("18.9", "19.0", ["18.11"]),
        ("17.9", "18.9", ["17.11", "18.2", "18.5", "18.8"]),
        ("19.1", "19.2.0", []),
        ("19.1", "19.4", ["19.2"]),
    ],
)
def test_stops(before, to, skipped):
    assert required_stops(parse(before), parse(to)) == skipped

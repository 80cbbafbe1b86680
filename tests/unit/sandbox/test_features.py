# SPDX-License-Identifier: GPL-3.0-or-later
"""Feature settings, beyond what the recorded answers hold."""

from __future__ import annotations

import pytest

from sandbox import credentials

LIST = "{ aiFeatureSettings { nodes { feature provider releaseState selfHostedModel { name } } } }"
FIRST = ["code_generations", "code_completions", "duo_chat"]
CHAT = [
    "duo_chat_explain_code",
    "duo_chat_write_tests",
    "duo_chat_refactor_code",
    "duo_chat_fix_code",
]
AGENT = ["duo_agent_platform", "duo_agent_platform_agentic_chat"]
BETA = [
    "duo_chat_troubleshoot_job",
    "generate_commit_message",
    "summarize_new_merge_request",
    "duo_chat_explain_vulnerability",
    "resolve_vulnerability",
    "summarize_review",
    "glab_ask_git_command",
    "duo_chat_summarize_comments",
]


def listed(gitlab):
    return [one["feature"] for one in gitlab.data(LIST)["aiFeatureSettings"]["nodes"]]


def update(gitlab, features, provider, **more):
    select = "errors aiFeatureSettings { feature provider selfHostedModel { name } }"
    data = {"features": features, "provider": provider, **more}
    return gitlab.mutate("aiFeatureSettingUpdate", select, **data)


def status_of_update(gitlab, features, provider, **more):
    query = (
        "mutation($i: AiFeatureSettingUpdateInput!) "
        "{ aiFeatureSettingUpdate(input: $i) { errors } }"
    )
    data = {"features": features, "provider": provider, **more}
    return gitlab.post("/api/graphql", {"query": query, "variables": {"i": data}}).status


def test_17_9_lists_three_whatever_beta_is(gitlab_of):
    gitlab = gitlab_of("17.9")
    gitlab.seed(beta_acceptances=["root"])
    assert listed(gitlab) == FIRST
    gitlab.seed(flags={"ai_duo_chat_sub_features_settings": True})
    assert listed(gitlab) == FIRST + CHAT


@pytest.mark.parametrize("version", ["17.10", "17.11"])
def test_17_10_needs_beta_and_the_flag(gitlab_of, version):
    gitlab = gitlab_of(version)
    assert listed(gitlab) == FIRST + CHAT
    gitlab.seed(beta_acceptances=["root"])
    assert listed(gitlab) == [*FIRST, *CHAT, "duo_chat_troubleshoot_job"]
    gitlab.seed(flags={"ai_duo_chat_sub_features_settings": False})
    assert listed(gitlab) == FIRST + CHAT


@pytest.mark.parametrize(("version", "provider"), [("18.3", "vendored"), ("18.4", "unassigned")])
def test_the_default_provider(gitlab_of, version, provider):
    nodes = gitlab_of(version).data(LIST)["aiFeatureSettings"]["nodes"]
    assert {one["provider"] for one in nodes} == {provider}


def test_17_9_takes_one_feature(gitlab_of):
    gitlab = gitlab_of("17.9")
    select = "errors aiFeatureSetting { feature provider }"
    data = {"feature": "DUO_CHAT_FIX_CODE", "provider": "DISABLED"}
    assert gitlab.mutate("aiFeatureSettingUpdate", select, **data) == {
        "errors": [],
        "aiFeatureSetting": {"feature": "duo_chat_fix_code", "provider": "disabled"},
    }


def test_refusals(gitlab):
    gemma = gitlab.create_model("gemma", "CODEGEMMA")
    assert update(gitlab, [], "DISABLED")["errors"] == ["At least one feature is required"]
    blank = "Self hosted model can't be blank"
    assert update(gitlab, ["DUO_CHAT"], "SELF_HOSTED")["errors"] == [blank]
    unknown = {"aiSelfHostedModelId": "gid://gitlab/Ai::SelfHostedModel/77"}
    assert update(gitlab, ["DUO_CHAT"], "SELF_HOSTED", **unknown)["errors"] == [blank]
    assert status_of_update(gitlab, ["DUO_CHAT"], "DISABLED", **unknown) == 500
    answer = update(
        gitlab,
        ["DUO_CHAT", "CODE_COMPLETIONS", "DUO_CHAT_FIX_CODE"],
        "SELF_HOSTED",
        aiSelfHostedModelId=gemma,
    )
    assert answer["errors"] == [
        "Codegemma is incompatible with the General Chat feature",
        "Codegemma is incompatible with the Fix Code feature",
    ]
    good = [one["feature"] for one in answer["aiFeatureSettings"]]
    assert good == ["code_completions"] == [row.feature for row in gitlab.instance.features]
    assert update(gitlab, ["GLAB_ASK_GIT_COMMAND"], "VENDORED")["errors"] == [
        "Feature is not included in the list"
    ]
    assert update(gitlab, ["DUO_CHAT"], "VENDORED", offeredModelRef="x")["errors"] == [
        "Offered model ref Selected model 'x' is not compatible with the feature 'duo_chat', "
        "Offered model ref Model reference not found in definitions"
    ]


def test_a_link_left_out_is_kept_and_null_clears_it(gitlab):
    gid = gitlab.create_model("m")

    def link():
        return gitlab.instance.feature_row("code_completions").model_id

    update(gitlab, ["CODE_COMPLETIONS"], "SELF_HOSTED", aiSelfHostedModelId=gid)
    update(gitlab, ["CODE_COMPLETIONS"], "DISABLED")
    assert link() == 1
    update(gitlab, ["CODE_COMPLETIONS"], "DISABLED", aiSelfHostedModelId=None)
    assert link() is None
    update(gitlab, ["CODE_COMPLETIONS"], "SELF_HOSTED", aiSelfHostedModelId=gid)
    update(gitlab, ["CODE_COMPLETIONS"], "VENDORED")
    assert link() is None


def test_valid_models_are_ga_while_beta_is_off_and_sorted_by_name(gitlab):
    for name, family in (("b", "GPT"), ("a", "MISTRAL"), ("c", "LLAMA3"), ("d", "CODELLAMA")):
        gitlab.create_model(name, family)
    query = "{ aiFeatureSettings { nodes { feature validModels { nodes { name } } } } }"

    def names():
        nodes = gitlab.data(query)["aiFeatureSettings"]["nodes"]
        chat = next(one for one in nodes if one["feature"] == "duo_chat")
        return [one["name"] for one in chat["validModels"]["nodes"]]

    assert names() == ["a", "b"]
    gitlab.seed(beta_acceptances=["root"])
    assert names() == ["a", "b", "c"]
    gitlab.token = credentials.USER_TOKEN
    assert names() == []


def test_an_unreachable_cloud_saves_and_answers_500(gitlab, gitlab_of):
    gitlab.seed(options={"cloud_reachable": False})
    assert status_of_update(gitlab, ["DUO_CHAT"], "DISABLED") == 500
    assert gitlab.instance.feature_row("duo_chat").provider == "disabled"
    assert update(gitlab, ["DUO_CHAT"], "VENDORED")["errors"] == [
        "Failed to fetch model definitions"
    ]
    gitlab.seed(license={"plan": "ultimate", "type": "offline_cloud"})
    assert update(gitlab, ["DUO_CHAT"], "VENDORED")["errors"] == []
    old = gitlab_of("18.3")
    old.seed(options={"cloud_reachable": False})
    assert status_of_update(old, ["DUO_CHAT"], "VENDORED") == 200


def test_agent_platform_features_need_their_own_ability(gitlab):
    gitlab.seed(license={"plan": "ultimate", "type": "offline_cloud"})
    gid = gitlab.create_model("m", "CLAUDE_3")
    text = "You don't have permission to update the setting ai_self_hosted_model_id."
    both = ["DUO_CHAT", "DUO_AGENT_PLATFORM"]
    answer = update(gitlab, both, "SELF_HOSTED", aiSelfHostedModelId=gid)
    assert [one["message"] for one in answer["errors"]] == [text]
    assert update(gitlab, both, "DISABLED", aiSelfHostedModelId=None)["errors"] == []
    gitlab.seed(add_ons=[{"name": "SELF_HOSTED_DAP"}])
    assert update(gitlab, both, "SELF_HOSTED", aiSelfHostedModelId=gid)["errors"] == []


def test_what_has_the_right_of_the_agents(gitlab_of):
    """By name: two until 19.3, duo_developer from 19.4; every other flow has the classic one."""
    gitlab = gitlab_of("19.4")
    gitlab.seed(license={"plan": "ultimate", "type": "offline_cloud"}, beta_acceptances=["root"])
    gitlab.seed(models=[{"name": "m", "model": "claude_3", "endpoint": "https://m.example.com/v1"}])
    gid = f"gid://gitlab/Ai::SelfHostedModel/{gitlab.instance.models[0].id}"
    refused = {
        name
        for name in gitlab.instance.catalog.features
        if update(gitlab, [name.upper()], "SELF_HOSTED", aiSelfHostedModelId=gid)["errors"]
        and "claude_3" in gitlab.instance.catalog.features[name].families
    }
    agents = {"duo_agent_platform", "duo_agent_platform_agentic_chat", "duo_developer"}
    assert refused == agents & set(gitlab.instance.catalog.features)


@pytest.mark.parametrize("type_", ["online_cloud", "offline_cloud"])
@pytest.mark.parametrize(("version", "beta"), [("18.7", False), ("18.7", True)])
def test_agents_need_beta_features_before_18_8(gitlab_of, type_, version, beta):
    gitlab = gitlab_of(version)
    gitlab.seed(license={"type": type_}, beta_acceptances=["root"] if beta else [])
    gid = gitlab.create_model("m", "CLAUDE_3")
    answer = update(gitlab, ["DUO_AGENT_PLATFORM"], "SELF_HOSTED", aiSelfHostedModelId=gid)
    assert (answer["errors"] == []) is beta


def test_who_may_read_the_settings(gitlab_of):
    """Everybody; from about 19.0 on null, without an error, for whoever may not manage them."""
    query = "{ aiFeatureSettings { nodes { feature } } }"
    for version, open_to_all in (("18.11", True), ("19.0", False), ("19.4", False)):
        gitlab = gitlab_of(version)
        assert gitlab.data(query)["aiFeatureSettings"]["nodes"]
        gitlab.seed(license={"plan": "ultimate", "type": "offline_cloud"}, add_ons=[])
        assert bool(gitlab.data(query)["aiFeatureSettings"]) is open_to_all
        gitlab.token = credentials.USER_TOKEN
        assert bool(gitlab.data(query)["aiFeatureSettings"]) is open_to_all


def test_every_saved_feature_is_audited(gitlab):
    update(gitlab, ["DUO_CHAT", "DUO_CHAT"], "DISABLED")
    assert len(gitlab.instance.audit_events) == 2


def test_families_are_cut_to_the_release(gitlab_of):
    query = "{ aiFeatureSettings { nodes { feature compatibleLlms } } }"
    for version, expected in (("18.0", False), ("18.3", True)):
        nodes = gitlab_of(version).data(query)["aiFeatureSettings"]["nodes"]
        assert ("general" in nodes[0]["compatibleLlms"]) is expected

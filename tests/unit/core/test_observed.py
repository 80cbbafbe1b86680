# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitLab's answers are read correctly: hidden, not permitted and absent are three things."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.client import GitLab
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Reading
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import stored
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import URL, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import connection, gid, release
from sandbox.credentials import ADMIN_TOKEN


def answer(name: str, number: int, family: str = "codestral", **more: Any) -> dict[str, Any]:
    """Return a model as GitLab answers it."""
    linked = [
        {"feature": feature, "provider": provider}
        for feature, provider in more.pop("linked", {}).items()
    ]
    return {
        "id": gid(number),
        "name": name,
        "model": family,
        "endpoint": "http://x/v1",
        "identifier": "",
        "hasApiToken": False,
        "featureSettings": {"nodes": linked},
        **more,
    }


def setting(feature: str, provider: str = "unassigned", **more: Any) -> dict[str, Any]:
    """Return a feature setting as GitLab answers it."""
    return {
        "feature": feature,
        "provider": provider,
        "releaseState": "GA",
        "compatibleLlms": None,
        "selfHostedModel": None,
        **more,
    }


class Client:
    """Answers one reading; licence questions find nothing but the licence."""

    def __init__(self, models: Any, settings: Any, version: str = "18.9", *more: str) -> None:
        self.asked: list[str] = []
        data = {"aiSelfHostedModels": models}
        if settings is not None:
            data["aiFeatureSettings"] = settings
        if isinstance(models, list):
            data["aiSelfHostedModels"] = {"nodes": models, "pageInfo": {"hasNextPage": False}}
        if isinstance(settings, list):
            data["aiFeatureSettings"] = {"nodes": settings}
        self.reading = Reading(release(version), True, data=data, offered=set(more))

    def read(self, *parts: Any) -> Reading:
        """Answer."""
        self.asked += [part.name for part in parts]
        return self.reading


def read(*arguments: Any, **keywords: Any) -> stored.State:
    """Return the state that these answers are read as."""
    return stored.read_state(Client(*arguments), **keywords)[1]


def test_models() -> None:
    nodes = [
        answer("a", 2, "CLAUDE_3", identifier=None, endpoint=None, provider="BEDROCK"),
        answer("b", 1, apiToken="k", hasApiToken=True, linked={"DUO_CHAT": "SELF_HOSTED"}),
    ]
    models = read(nodes, [], "19.4", "ModelProviders").models
    assert models["a"] == stored.Model(id=gid(2), name="a", family="claude_3", provider="BEDROCK")
    assert models["b"].features == ("duo_chat",)
    assert (models["b"].api_key, models["b"].has_api_key) == ("k", True)
    assert "'k'" not in repr(models["b"])


@pytest.mark.parametrize(("keys", "asked"), [(True, True), (False, False)])
def test_stored_keys_are_read_only_where_they_are_compared(keys: bool, asked: bool) -> None:
    assert ("apiToken" in stored.models_part(keys=keys).selection) is asked
    assert "hasApiToken featureSettings" in stored.models_part().selection


@pytest.mark.parametrize(
    ("keywords", "parts"),
    [
        ({}, ["Models", "ModelProviders", "Features"]),
        ({"features": False}, ["Models", "ModelProviders"]),
        ({"gitlab_models": True}, ["Models", "ModelProviders", "Features", "GitlabModels"]),
    ],
)
def test_asks_for_no_more_than_needed(keywords: dict[str, bool], parts: list[str]) -> None:
    client = Client([], [])
    stored.read_state(client, **keywords)
    assert client.asked == parts


# --- not permitted, hidden, absent ---------------------------------------------------------------
def test_null_is_not_permitted_and_an_empty_list_is_none() -> None:
    with pytest.raises(Failure) as caught:
        read(None, [])
    assert caught.value.code == messages.NO_LICENSE.code
    assert read([], []).models == {}


def test_a_hidden_model_shows_where_it_is_used() -> None:
    link = {"id": gid(7), "name": "llama", "model": "LLAMA3"}
    settings = [
        setting("duo_chat", "self_hosted", selfHostedModel=link),
        setting("code_completions", "disabled", selfHostedModel=link),
        setting("code_generations"),
    ]
    model = read([answer("seen", 1)], settings).models["llama"]
    assert (model.hidden, model.id, model.family) == (True, gid(7), "llama3")
    assert model.features == ("code_completions", "duo_chat")


def test_a_feature_that_is_not_listed_shows_in_its_model() -> None:
    linked = {"duo_chat": "self_hosted", "GENERATE_COMMIT_MESSAGE": "DISABLED"}
    listed = setting("duo_chat", selfHostedModel=None)
    settings = read([answer("m", 1, linked=linked)], [listed]).settings
    assert settings["duo_chat"].listed
    assert settings["duo_chat"].provider == "unassigned"
    assert settings["generate_commit_message"] == stored.Setting(
        provider="disabled", model="m", model_id=gid(1), model_family="codestral", listed=False
    )


def test_settings() -> None:
    node = setting(
        "DUO_CHAT",
        "VENDORED",
        compatibleLlms=["GPT", "mistral"],
        gitlabModel={"ref": "claude"},
        releaseState="BETA",
    )
    found = read([], [node], "18.9", "GitlabModels")
    assert found.settings["duo_chat"] == stored.Setting(
        provider="vendored", families=("gpt", "mistral"), gitlab_model="claude", beta=True
    )
    assert (found.has_gitlab_models, found.has_provider) == (True, False)
    older = release("17.9")
    assert found.default_provider(older) == older.default_provider == "vendored"
    assert read([], [setting("duo_chat")]).default_provider(older) == "unassigned"


# --- whether beta features are on ----------------------------------------------------------------
GA = setting("duo_chat")
BETA = setting("generate_commit_message", releaseState="BETA")
EXPERIMENT = setting("summarize_review", releaseState="EXPERIMENT")
# Those that 18.9 lists with any licence once beta features are on; a later release may have made
# them generally available.
SURE = [
    *("duo_chat_troubleshoot_job", "duo_chat_summarize_comments", "generate_commit_message"),
    *("glab_ask_git_command", "summarize_new_merge_request", "summarize_review"),
]
FLOWS = ["sast_vulnerability_fp_detection", "sast_vulnerability_resolution", "security_review"]
FLOWS += ["feature_discovery_search", "resolve_dependency_bump"]
ALL_GA = [GA, *map(setting, SURE)]
ALL_19 = [*ALL_GA, *map(setting, FLOWS)]


@pytest.mark.parametrize(
    ("version", "settings", "beta"),
    [
        ("17.9", [GA], None),
        ("17.9", [GA, BETA], None),
        ("17.10", [GA, BETA], None),
        ("17.11", [GA, BETA], True),
        ("17.11", [GA], None),
        ("18.0", [GA], None),
        ("18.0", [GA, EXPERIMENT], True),
        ("18.1", [GA], False),
        ("18.9", [GA], False),
        ("18.9", [GA, BETA], True),
        ("18.9", [], None),
        # Generally available since: proves nothing.
        ("19.4", [GA, setting("generate_commit_message", releaseState="GA")], False),
        ("19.4", [GA, setting("duo_chat_fix_code", releaseState="BETA")], False),
        # Nothing is left that beta features would bring, so that nothing tells of them; what only
        # an Ultimate licence has may be missing all the same.
        ("19.6", ALL_19, None),
        ("18.9", ALL_GA, None),
        ("19.6", [*ALL_19, setting("duo_chat_explain_vulnerability")], None),
        ("19.6", [*ALL_19, setting("resolve_vulnerability", releaseState="BETA")], True),
        *(("19.6", [it for it in ALL_19 if it["feature"] != name], False) for name in SURE),
        # Generally available from 19.1 on, beta before.
        ("18.11", [GA, setting("secret_vulnerability_fp_detection", releaseState="BETA")], True),
        ("19.4", [GA, setting("secret_vulnerability_fp_detection")], False),
    ],
)
def test_beta_features(version: str, settings: list[dict], beta: bool | None) -> None:
    assert read([], settings, version).beta is beta


@pytest.mark.parametrize("plan", ["ultimate", "premium"])
@pytest.mark.parametrize("version", ["18.1", "18.9", "19.4"])
@pytest.mark.parametrize("on", [True, False])
def test_beta_features_by_licence(version: str, plan: str, on: bool) -> None:
    here = Sandboxed(version, license={"plan": plan}, beta_acceptances=["root"] if on else [])
    with here.reached(), GitLab(connection(URL, api_token=ADMIN_TOKEN)) as gitlab:
        assert stored.read_state(gitlab)[1].beta is on


def test_a_beta_feature_that_only_a_model_shows_proves_nothing() -> None:
    models = [answer("m", 1, linked={"generate_commit_message": "self_hosted"})]
    assert read(models, [GA]).beta is False
    assert read(models, None, features=False).beta is None


# --- more models than fit on a page --------------------------------------------------------------
@pytest.mark.parametrize("version", ["17.9", "19.4"])
def test_all_pages_are_read(version: str) -> None:
    names = [f"m{number:03}" for number in range(205)]
    models = [
        {
            "name": name,
            "model": "mistral",
            "endpoint": f"https://{name}.example.com/v1",
            "identifier": f"custom_openai/{name}",
            "api_token": f"key of {name}",
        }
        for name in names
    ]
    here = Sandboxed(version, models=models)
    with here.reached(), GitLab(connection(URL, api_token=ADMIN_TOKEN), remember=60) as gitlab:
        for _item_of_a_loop in range(2):
            state = stored.read_state(gitlab, keys=True, features=False)[1]
            assert sorted(state.models) == names
            for name, model in state.models.items():
                assert model.endpoint == f"https://{name}.example.com/v1"
                assert model.identifier == f"custom_openai/{name}"
                assert model.api_key == f"key of {name}"
                assert model.provider == ("API" if version == "19.4" else None)
            assert state.has_provider is (version == "19.4")
            assert len(here.requests) == 3


def test_a_page_that_leads_to_itself_is_a_failure() -> None:
    page = {"hasNextPage": True, "endCursor": "same"}
    with pytest.raises(Failure, match=r"aiSelfHostedModels\.pageInfo"):
        read({"nodes": [answer("a", 1)], "pageInfo": page}, [])


# --- what is not said ----------------------------------------------------------------------------
def test_what_is_not_said_is_not_taken_for_granted() -> None:
    model = stored.Model(id=gid(1), name="m", family="gpt")
    assert (model.provider, model.hidden, model.api_key) == (None, False, None)
    plain = stored.Setting(provider="disabled")
    assert (plain.gitlab_model, plain.families, plain.beta) == (None, None, False)
    state = stored.State()
    assert (state.models, state.settings, state.beta) == ({}, {}, None)
    assert (state.has_provider, state.has_gitlab_models) == (False, False)


def test_what_a_release_may_lack_is_optional() -> None:
    parts = [stored.models_part(), stored.FEATURE_SETTINGS]
    later = [stored.provider_part(), stored.GITLAB_MODELS]
    assert [part.optional for part in (*parts, *later)] == [False, False, True, True]


# --- answers of another form ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("models", "settings"),
    [
        ([{"id": 5}], []),
        ([answer("a", 1, hasApiToken="x") | {"name": None}], []),
        ([answer("a", 1) | {"model": None}], []),
        ([answer("a", 1) | {"featureSettings": {"nodes": [None]}}], []),
        ([answer("a", 1) | {"endpoint": {"b": 1}}], []),
        ([answer("a", 1) | {"featureSettings": None}], []),
        ({"nodes": [answer("a", 1)], "pageInfo": None}, []),
        ({"nodes": [answer("a", 1)], "pageInfo": {"hasNextPage": True, "endCursor": "same"}}, []),
        ([answer("a", 1), None], []),
        ({"nodes": None, "pageInfo": {"hasNextPage": False}}, []),
        ([], {"nodes": None}),
        ([], [{"feature": None}]),
        ([], [setting("duo_chat", provider=None)]),
        ([], [setting("duo_chat", compatibleLlms=5)]),
        ([], [setting("duo_chat", selfHostedModel={"id": 1, "name": ["x"]})]),
    ],
)
def test_values_of_another_form_are_a_failure(models: Any, settings: Any) -> None:
    with pytest.raises(Failure) as caught:
        read(models, settings)
    assert caught.value.code == http_messages.BROKEN_ANSWER.code
    assert "/api/graphql could not be understood" in caught.value.what

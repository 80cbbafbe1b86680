# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dry run predicts GitLab's refusals for each licence, feature and provider; a real run agrees.

The licences are those under which GitLab itself was asked; the stand-in answers as it did.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import (
    messages,
    permission_messages,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.offers import AGENTS
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import feature_model, gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import (
    URL,
    Reply,
    Sandboxed,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import BETA_ON, gitlab
from sandbox import rules_features
from sandbox.abilities import Abilities, Caller
from sandbox.credentials import ADMIN_TOKEN, USER_TOKEN
from sandbox.errors import FieldError, ServerFault
from sandbox.versions import NEWEST

SUBJECT = feature_model.SUBJECT
RELEASES = ("18.8", "18.9", "18.11", ".".join(map(str, NEWEST)))
LICENCES: dict[str, tuple[dict[str, str] | None, list[str]]] = {
    f"{kind} {plan}, {' and '.join(add_ons) or 'no add-on'}": (
        {"plan": plan, "type": f"{kind}_{'license' if kind == 'legacy' else 'cloud'}"},
        add_ons,
    )
    for kind, plan, add_ons in (
        ("online", "ultimate", ["DUO_ENTERPRISE"]),
        ("online", "ultimate", []),
        ("online", "premium", []),
        ("online", "premium", ["DUO_ENTERPRISE"]),
        ("online", "ultimate", ["CODE_SUGGESTIONS"]),
        ("online", "starter", []),
        ("offline", "ultimate", ["DUO_ENTERPRISE"]),
        ("offline", "ultimate", []),
        ("offline", "ultimate", ["SELF_HOSTED_DAP"]),
        ("offline", "ultimate", ["DUO_ENTERPRISE", "SELF_HOSTED_DAP"]),
        ("offline", "premium", ["DUO_ENTERPRISE"]),
        ("offline", "ultimate", ["DUO_CORE"]),
        ("legacy", "ultimate", []),
        ("legacy", "premium", ["DUO_ENTERPRISE"]),
    )
}
LICENCES["no licence"] = (None, [])
PROVIDERS = ("self_hosted", "vendored", "disabled", "unassigned")
FAMILIES = ("claude_3", "mistral", "codestral", "llama3", "gemini")


def world(release: str, licence: str, *, reachable: bool, beta: bool) -> Sandboxed:
    """Return an instance under a licence, with a model of each family that the release has."""
    held, add_ons = LICENCES[licence]
    here = Sandboxed(
        release,
        license=held,
        add_ons=[{"name": name} for name in add_ons],
        options={"cloud_reachable": reachable},
        beta_acceptances=["root"] if beta else [],
    )
    known = (name for name in FAMILIES if name in here.instance.catalog.families)
    endpoint = "https://m.example.com/v1"
    here.seed(models=[{"name": name, "model": name, "endpoint": endpoint} for name in known])
    return here


def assignments(here: Sandboxed) -> dict[tuple[str, str], dict[str, Any]]:
    """Return each assignment that is sound in itself, by feature and provider."""
    it = here.instance
    visible = {
        model.model
        for model in it.models
        if it.beta_on or it.catalog.families[model.model].release_state == "GA"
    }
    found = {}
    for name, feature in it.catalog.features.items():
        for provider in PROVIDERS:
            value: dict[str, Any] = {"features": [name], "provider": provider}
            if provider == "self_hosted":
                fitting = [family for family in feature.families if family in visible]
                if not fitting:
                    continue
                value["model"] = fitting[0]
            found[name, provider] = value
    return found


def refused_by_gitlab(here: Sandboxed, wish: dict[str, Any]) -> bool:
    """Return whether GitLab would refuse an assignment. Nothing is changed."""
    copied = [replace(row) for row in here.instance.features]
    it = copy.copy(here.instance)
    it.features, it.audit_events = copied, []
    model = next((one.id for one in it.models if one.name == wish.get("model")), None)
    data = {"provider": wish["provider"].upper(), "aiSelfHostedModelId": model}
    caller = Caller(it.user("root"), ("api",), by_token=True)
    try:
        _saved, problems = rules_features.update(it, Abilities(it, caller), wish["features"], data)
    except FieldError:
        return True
    except ServerFault:
        return False  # after it was saved
    return bool(problems)


def verdict(found: feature_model.ObservedFeatures, wish: dict[str, Any]) -> str | None:
    """Return the code of the plan's refusal; ``""`` if it is sure, None if it has doubts."""
    options = SUBJECT.options({"settings": [wish]})
    try:
        planned = feature_model.plan(options, found)
    except Failure as failure:
        return failure.code
    return None if any("GitLab may refuse" in text for text in planned.warnings) else ""


def observed(here: Sandboxed) -> feature_model.ObservedFeatures:
    """Return what a task reads that wants each provider."""
    options = SUBJECT.options({"features": ["duo_chat"], "provider": "vendored"})
    with here.reached(), gitlab(URL, api_token=ADMIN_TOKEN) as way:
        return feature_model.observe(way, options)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("licence", LICENCES)
@pytest.mark.parametrize(("reachable", "beta"), [(False, False), (True, False), (False, True)])
def test_the_table(release: str, licence: str, reachable: bool, beta: bool) -> None:
    here = world(release, licence, reachable=reachable, beta=beta)
    every = assignments(here)
    assert len(every) > 60
    settings = [every["duo_chat", "disabled"]]
    first = here.dry(SUBJECT, settings=settings)
    if "failed" in first:
        # Who may not see the models may not give them to a feature either.
        assert first["failure"]["code"] in preflight.ACCESS
        assert first["failure"] == here.run(SUBJECT, settings=settings)["failure"]
        models = [wish for (_name, provider), wish in every.items() if provider == "self_hosted"]
        assert all(refused_by_gitlab(here, wish) for wish in models)
        return
    found = observed(here)
    wrong = []
    taken: dict[str, list[dict[str, Any]]] = {provider: [] for provider in PROVIDERS}
    refused = []
    for (feature, provider), wish in every.items():
        promise, truth = verdict(found, wish), refused_by_gitlab(here, wish)
        if promise is not None and bool(promise) is not truth:
            wrong.append(f"{feature} {provider}: promised {promise or 'done'}, refused: {truth}")
        elif promise:
            refused.append(wish)
        elif not truth:
            taken[provider].append(wish)
    assert not wrong, "\n".join(wrong)
    # All of a provider at once, as the role does, and to the end.
    for settings in taken.values():
        dry = here.dry(SUBJECT, settings=settings)
        real = here.run(SUBJECT, settings=settings)
        assert (dry.get("msg"), dry["steps"]) == (None, real["steps"])
        assert real["changed"] is dry["changed"]
    if refused:
        # With the first assignment of a feature: what is sound must not be written before.
        named = {wish["features"][0]: wish for wish in refused}
        sound = [wish for wish in taken["disabled"] if wish["features"][0] not in named]
        here.forget()
        before = here.stored()
        dry = here.dry(SUBJECT, settings=[*sound, *named.values()])
        real = here.run(SUBJECT, settings=[*sound, *named.values()])
        assert dry["failure"] == real["failure"]
        assert here.stored() == before


# --- what it says --------------------------------------------------------------------------------
OFFLINE = "offline ultimate, DUO_ENTERPRISE"
ONLINE = "online ultimate, DUO_ENTERPRISE"


def failed(here: Sandboxed, *settings: dict[str, Any]) -> dict[str, Any]:
    """Return the failure of a dry run, which is that of the preflight and of the real run."""
    dry = here.dry(SUBJECT, settings=list(settings))
    real = here.run(SUBJECT, settings=list(settings))
    assert dry["failure"] == real["failure"]
    judged = here.dry(preflight.SUBJECT, settings=list(settings))
    errors = {it["what"] for it in judged["findings"] if it["severity"] == "error"}
    assert dry["failure"]["what"] in errors
    assert here.writes == []
    failure: dict[str, Any] = dry["failure"]
    return failure


@pytest.mark.parametrize("release", ["18.8", "18.9", "18.11", "19.x"])
def test_agents_with_an_offline_licence_that_lacks_their_add_on(release: str) -> None:
    here = world(release, OFFLINE, reachable=False, beta=False)
    agents = [name for name in AGENTS if name in here.instance.catalog.features]
    wish = {"features": ["duo_chat", *agents], "model": "claude_3"}
    failure = failed(here, wish)
    assert failure["code"] == permission_messages.AGENTS_NEED_ADD_ON.code
    assert failure["about"] == ", ".join(f"feature {name}" for name in agents)
    assert "active add-ons: DUO_ENTERPRISE" in failure["what"]
    assert "ynchronise" not in failure["next_step"]
    # Without a model they need no right, and with the add-on they have it.
    off = {"features": agents, "provider": "disabled"}
    assert here.run(SUBJECT, settings=[off])["changed"]
    here.seed(add_ons=[{"name": "DUO_ENTERPRISE"}, {"name": "SELF_HOSTED_DAP"}])
    assert here.run(SUBJECT, settings=[wish])["changed"]


def test_beta_features_that_the_run_turns_on_count_in_a_dry_run_only() -> None:
    here = world("18.8", ONLINE, reachable=True, beta=False)
    wish = {"features": ["duo_agent_platform"], "model": "claude_3"}
    assert failed(here, wish)["code"] == permission_messages.AGENTS_NEED_BETA.code
    planned = {"settings": [wish], "plan": {"preceding": [BETA_ON]}}
    assert here.dry(SUBJECT, **planned)["changed"]
    assert here.run(SUBJECT, **planned)["failure"]["code"] == "agents-need-beta"
    here.seed(beta_acceptances=["root"])
    assert here.run(SUBJECT, settings=[wish])["changed"]


@pytest.mark.parametrize("release", ["18.4", "18.9", "19.x"])
def test_vendored_where_gitlab_gets_no_list_of_its_models(release: str) -> None:
    here = world(release, ONLINE, reachable=False, beta=False)
    here.seed(features={"duo_chat": {"provider": "disabled"}})
    failure = failed(here, {"features": ["duo_chat", "code_completions"], "provider": "vendored"})
    assert failure["code"] == permission_messages.NO_LIST_OF_MODELS.code
    assert failure["about"].startswith("feature duo_chat")
    assert "cloud.gitlab.com" in failure["next_step"]
    assert "Correct the value" not in failure["next_step"]


def test_the_list_that_is_lost_between_plan_and_write_is_explained_too() -> None:
    here = world("18.9", ONLINE, reachable=True, beta=False)
    # The list is at hand when it is read, and gone at the write.
    here.watch = lambda: here.seed(options={"cloud_reachable": False})
    real = here.run(SUBJECT, features=["duo_chat"], provider="vendored")
    assert real["failure"]["code"] == permission_messages.NO_LIST_OF_MODELS.code
    assert real["failure"]["about"] == "feature duo_chat"


def test_what_is_vendored_already_is_left_alone() -> None:
    here = world("18.9", ONLINE, reachable=False, beta=False)
    here.seed(features={"duo_chat": {"provider": "vendored"}})
    assert here.run(SUBJECT, features=["duo_chat"], provider="vendored")["changed"] is False


def test_a_gitlab_model_with_an_offline_licence() -> None:
    here = world("18.9", OFFLINE, reachable=False, beta=False)
    failure = failed(here, {"features": ["duo_chat"], "gitlab_model": "claude_sonnet_4_20250514"})
    assert failure["code"] == permission_messages.GITLAB_MODEL_OFFLINE.code
    assert here.run(SUBJECT, features=["duo_chat"], provider="vendored")["changed"]


def test_a_feature_that_gitlab_does_not_serve_itself() -> None:
    wish = {"features": ["glab_ask_git_command"], "provider": "vendored"}
    failure = failed(world("18.9", ONLINE, reachable=True, beta=True), wish)
    assert failure["code"] == permission_messages.NOT_VENDORED.code
    assert world("18.11", ONLINE, reachable=True, beta=True).run(SUBJECT, **wish)["changed"]
    # Between them nobody has looked: it is said, and tried.
    between = world("18.10", ONLINE, reachable=True, beta=True).run(SUBJECT, **wish)
    assert "GitLab may refuse feature glab_ask_git_command" in " ".join(between["warnings"])


def test_a_licence_that_gitlab_does_not_tell_refuses_nothing() -> None:
    here = world("18.9", OFFLINE, reachable=False, beta=False)
    found = replace(observed(here), license=None)
    wish = {"features": ["duo_agent_platform"], "model": "claude_3"}
    assert verdict(found, wish) == ""


def test_nothing_to_change_is_one_request() -> None:
    here = world("19.x", ONLINE, reachable=True, beta=False)
    settings = [{"features": ["duo_chat"], "provider": "vendored"}]
    here.run(SUBJECT, settings=settings)
    here.forget()
    assert here.run(SUBJECT, settings=settings)["changed"] is False
    assert len(here.requests) == 1


# --- who may see the settings --------------------------------------------------------------------
def hide_settings(reply: Reply) -> Reply:
    """Answer null to the feature settings, without an error, as GitLab does from 19.0 on."""
    answers = json.loads(reply.body)
    for answer in answers if isinstance(answers, list) else [answers]:
        if "aiFeatureSettings" in answer.get("data", {}):
            answer["data"]["aiFeatureSettings"] = None
    return replace(reply, body=json.dumps(answers).encode())


@pytest.mark.parametrize(
    ("subject", "wish"),
    [
        (feature_model.SUBJECT, {"features": ["duo_chat"], "provider": "disabled"}),
        (gateway.SUBJECT, {"state": "absent"}),
        (info.SUBJECT, {}),
    ],
    ids=["features", "gateway", "info"],
)
def test_settings_that_gitlab_hides_are_no_broken_answer(subject: Any, wish: Any) -> None:
    here = Sandboxed("19.x")
    here.adapter.alter = hide_settings
    failure = here.run(subject, **wish)["failure"]
    assert failure["code"] == messages.NOT_PERMITTED.code
    assert "the feature settings are not shown to the token's user" in failure["what"]
    assert "Amazon Q" in failure["next_step"]


def test_a_user_is_told_who_may() -> None:
    here = Sandboxed("19.x")
    result = here.run(SUBJECT, api_token=USER_TOKEN, features=["duo_chat"], provider="disabled")
    assert result["failure"]["code"] == messages.NOT_ADMINISTRATOR.code


@pytest.mark.parametrize("add_ons", [[], ["DUO_CORE"], ["CODE_SUGGESTIONS"]])
def test_an_offline_licence_is_never_to_be_synchronised(add_ons: list[str]) -> None:
    here = Sandboxed("19.x", license={"type": "offline_cloud"})
    here.seed(add_ons=[{"name": name} for name in add_ons])
    failure = here.run(SUBJECT, features=["duo_chat"], provider="disabled")["failure"]
    assert failure["code"] == messages.NO_ADD_ON.code
    assert "GitLab Duo Enterprise or GitLab Duo Agent Platform Self-Hosted" in failure["what"]
    assert "ynchronise" not in failure["next_step"]
    assert "upload the licence" in failure["next_step"]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many feature settings in one task: their requests, and what a dry run knows of earlier tasks."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model as subject,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import self_hosted_model
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.stored import Setting
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    calls,
    foreseen,
    model,
    release,
    served_by,
    shown,
    state,
)

FIT = ("codestral", "mistral", "gpt")
UNASSIGNED = Setting(provider="unassigned", families=FIT)
VENDORED = Setting(provider="vendored", families=FIT)
DISABLED = Setting(provider="disabled", families=FIT)
CODESTRAL = model()
MISTRAL = model("mistral", 2, family="mistral")
SERVED = served_by(CODESTRAL, families=FIT)


def found(
    version: str = "18.9", *, models: Any = (), beta: bool = True, **settings: Any
) -> subject.ObservedFeatures:
    """Return an instance with codestral, mistral and these settings."""
    there = state(*(models or (CODESTRAL, MISTRAL)), settings=settings, beta=beta)
    return subject.ObservedFeatures(release=release(version), state=there)


def plan(wanted: dict[str, Any], there: subject.ObservedFeatures):
    """Plan as a task with these options would."""
    return subject.plan(subject.options(wanted), there)


def earlier(there: subject.ObservedFeatures, *models: dict[str, Any]) -> Any:
    """Return the plan of the models of a run, on the same instance."""
    wanted = {"models": list(models), "when_unsupported": "warn"}
    stored = self_hosted_model.ObservedModels(there.release, there.state)
    return self_hosted_model.plan(self_hosted_model.options(wanted), stored)


def refusal(wanted: dict[str, Any], there: subject.ObservedFeatures) -> Failure:
    """Return the failure of a plan."""
    with pytest.raises(Failure) as caught:
        plan(wanted, there)
    return caught.value


def requests(made: Any) -> list[tuple[list[str], str, Any]]:
    """Return what a plan sends: features, provider, and the id of the model."""
    return [
        (sent["features"], sent["provider"], sent["aiSelfHostedModelId"])
        for _field, sent in calls(made)
    ]


def test_many_settings_become_one_mutation_for_each_target() -> None:
    names = ("code_completions", "code_generations", "duo_chat", "duo_chat_fix_code")
    settings = [
        {"features": [names[0]], "model": "codestral"},
        {"features": [names[1]], "provider": "disabled"},
        {"features": [names[2]], "model": "codestral"},
        {"features": [names[3]], "model": "mistral"},
    ]
    made = plan({"settings": settings}, found(**dict.fromkeys(names, UNASSIGNED)))
    assert requests(made) == [
        (["CODE_COMPLETIONS", "DUO_CHAT"], "SELF_HOSTED", CODESTRAL.id),
        (["CODE_GENERATIONS"], "DISABLED", None),
        (["DUO_CHAT_FIX_CODE"], "SELF_HOSTED", MISTRAL.id),
    ]
    assert [len(it.changes) for it in made.steps] == [2, 1, 1]


def test_features_of_the_agent_platform_come_apart_and_last() -> None:
    """They need a permission of their own, and a request is refused as a whole."""
    names = ("duo_agent_platform", "duo_chat", "duo_agent_platform_agentic_chat")
    models = (CODESTRAL, model("gpt", 3, family="gpt"))
    there = found(models=models, **dict.fromkeys(names, UNASSIGNED))
    made = plan({"features": list(names), "model": "gpt"}, there)
    assert [features for features, _provider, _id in requests(made)] == [
        ["DUO_CHAT"],
        ["DUO_AGENT_PLATFORM", "DUO_AGENT_PLATFORM_AGENTIC_CHAT"],
    ]


def test_all_features_that_nobody_can_see_are_named() -> None:
    names = ["generate_commit_message", "summarize_review"]
    made = plan({"features": names, "provider": "disabled"}, found(beta=False))
    assert [", ".join(names) in it for it in made.warnings] == [True]


def test_options_of_one_assignment_are_not_ignored_beside_many() -> None:
    settings = [{"features": ["duo_chat"], "provider": "disabled"}]
    with pytest.raises(Failure, match="state: would have no effect beside settings"):
        subject.options({"settings": settings, "state": "absent"})
    (one,) = subject.options({"settings": settings, "state": "present"}).settings
    assert one.provider == "disabled"


# --- what a dry run knows of earlier tasks -------------------------------------------------------
NEW = {"name": "new", "endpoint": "http://x", "deployment_method": "other"}
GPT = {**NEW, "model_family": "gpt"}


@pytest.mark.parametrize(
    ("planned", "wanted", "refused"),
    [
        ({**NEW, "model_family": "GPT"}, "new", None),
        ({**NEW, "model_family": "llama3"}, "new", messages.INCOMPATIBLE),
        (GPT, "nwe", messages.NO_SUCH_MODEL),
        ({"name": "codestral", "state": "absent"}, "codestral", messages.NO_SUCH_MODEL),
        ({"name": "codestral", "new_name": "renamed"}, "renamed", None),
        ({"name": "codestral", "new_name": "renamed"}, "codestral", messages.NO_SUCH_MODEL),
        ({"name": "before", "new_name": "codestral"}, "codestral", None),
        ({"name": "codestral", "model_family": "llama3"}, "codestral", messages.INCOMPATIBLE),
        ({"name": "misfit", "model_family": "gpt"}, "misfit", None),
    ],
)
def test_models_that_the_run_changes_before_count(planned, wanted: str, refused) -> None:
    there = found(models=(CODESTRAL, model("misfit", 3, family="llama3")), duo_chat=DISABLED)
    options = {"features": ["duo_chat"], "model": wanted}
    seen = foreseen(subject, there, earlier(there, planned))
    if refused:
        assert refusal(options, seen).code == refused.code
    else:
        made = plan(options, seen)
        assert shown(made)["feature settings"] == (
            {"duo_chat": "disabled"},
            {"duo_chat": f"self_hosted {wanted}"},
        )
    if wanted not in there.state.models:
        assert refusal(options, there).code == messages.NO_SUCH_MODEL.code


def test_a_rename_before_is_no_change_of_the_feature() -> None:
    options = {"features": ["duo_chat"], "model": "renamed"}
    renamed = {"name": "codestral", "new_name": "renamed"}

    def made(**settings: Any) -> Any:
        there = found(**settings)
        return plan(options, foreseen(subject, there, earlier(there, renamed)))

    assert made(duo_chat=SERVED).steps == ()
    assert requests(made(duo_chat=DISABLED))[0][2] == CODESTRAL.id


@pytest.mark.parametrize(
    "planned",
    [
        [],
        [{"name": "codestral"}],
        [{"name": "before", "new_name": "codestral"}],
        [{"name": "mistral", "new_name": "renamed"}],
        [GPT],
    ],
    ids=["nothing", "no rename", "renamed before", "another one", "a new one"],
)
def test_a_model_that_keeps_its_name_is_no_change(planned: list[dict[str, Any]]) -> None:
    there = found(duo_chat=SERVED, code_completions=DISABLED)
    options = {"features": ["duo_chat", "code_completions"], "model": "codestral"}
    made = plan(options, foreseen(subject, there, earlier(there, *planned)))
    assert requests(made) == [(["CODE_COMPLETIONS"], "SELF_HOSTED", CODESTRAL.id)]


def test_a_new_model_takes_no_feature_to_itself() -> None:
    """What uses no model is not linked to one that is created."""
    there = found(duo_chat=DISABLED, code_completions=UNASSIGNED)
    settings = [
        {"features": ["duo_chat"], "provider": "disabled"},
        {"features": ["code_completions"], "provider": "unassigned"},
    ]
    made = plan({"settings": settings}, foreseen(subject, there, earlier(there, GPT)))
    assert made.steps == ()


SKIPPED = {**NEW, "name": "m", "model_family": "gemini"}


def test_a_model_that_the_release_cannot_have_is_skipped_with_its_features() -> None:
    there = found("18.0", duo_chat=VENDORED)
    seen = foreseen(subject, there, earlier(there, SKIPPED))
    options = {"features": ["duo_chat"], "model": "m"}
    failure = refusal(options, seen)
    assert (failure.code, failure.about) == (messages.MODEL_NOT_OFFERED.code, "feature duo_chat")
    assert "model_family gemini needs GitLab" in failure.what
    made = plan({**options, "when_unsupported": "warn"}, seen)
    assert made.steps == ()
    assert "feature duo_chat is skipped" in made.warnings[0]


@pytest.mark.parametrize(
    "planned",
    [SKIPPED, {**GPT, "name": "m", "deployment_method": "vertex_ai"}],
    ids=["family", "deployment method"],
)
def test_other_models_than_the_one_that_is_skipped_still_count(planned: dict[str, Any]) -> None:
    there = found("18.0", duo_chat=VENDORED)
    gone = {"name": "never was", "state": "absent"}
    seen = foreseen(subject, there, earlier(there, planned, gone, GPT))
    options = {"features": ["duo_chat"]}
    assert requests(plan({**options, "model": "new"}, seen)) == [(["DUO_CHAT"], "SELF_HOSTED", "")]
    assert refusal({**options, "model": "m"}, seen).code == messages.MODEL_NOT_OFFERED.code

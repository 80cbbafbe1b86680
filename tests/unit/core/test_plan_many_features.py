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
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.stored import Setting
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    calls,
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
@pytest.mark.parametrize(
    ("planned", "wanted", "refused"),
    [
        ([{"name": "new", "model_family": "GPT"}], "new", None),
        ([{"name": "new", "model_family": "llama3"}], "new", messages.INCOMPATIBLE),
        ([{"name": "new"}], "new", None),
        ([{"name": "new"}], "nwe", messages.NO_SUCH_MODEL),
        ([{"name": "codestral", "state": "absent"}], "codestral", messages.NO_SUCH_MODEL),
        ([{"name": "codestral", "new_name": "renamed"}], "renamed", None),
        ([{"name": "codestral", "new_name": "renamed"}], "codestral", messages.NO_SUCH_MODEL),
        ([{"name": "before", "new_name": "codestral"}], "codestral", None),
        ([{"name": "codestral", "model_family": "llama3"}], "codestral", messages.INCOMPATIBLE),
        ([{"name": "misfit", "model_family": "gpt"}], "misfit", None),
    ],
)
def test_planned_models_count_in_a_dry_run_only(planned, wanted: str, refused) -> None:
    there = found(models=(CODESTRAL, model("misfit", 3, family="llama3")), duo_chat=DISABLED)
    options = {"features": ["duo_chat"], "model": wanted, "planned_models": planned}
    if refused:
        assert refusal({**options, "dry_run": True}, there).code == refused.code
    else:
        made = plan({**options, "dry_run": True}, there)
        assert shown(made)["feature settings"][1] == {"duo_chat": f"self_hosted {wanted}"}
    if wanted not in there.state.models:
        assert refusal(options, there).code == messages.NO_SUCH_MODEL.code


def test_a_rename_that_is_planned_is_no_change_of_the_feature() -> None:
    options = {
        "features": ["duo_chat"],
        "model": "renamed",
        "planned_models": [{"name": "codestral", "new_name": "renamed"}],
        "dry_run": True,
    }
    assert plan(options, found(duo_chat=SERVED)).steps == ()
    assert requests(plan(options, found(duo_chat=DISABLED)))[0][2] == CODESTRAL.id


@pytest.mark.parametrize(
    ("planned", "dry_run"),
    [
        ({"name": "codestral"}, True),
        ({"name": "codestral", "new_name": "renamed"}, False),
        ({"name": "before", "new_name": "codestral"}, True),
        ({"name": "mistral", "new_name": "renamed"}, True),
    ],
    ids=["no rename", "no dry run", "renamed before", "another one"],
)
def test_a_model_that_keeps_its_name_is_no_change(planned: dict[str, Any], dry_run: bool) -> None:
    options = {"model": "codestral", "planned_models": [planned], "dry_run": dry_run}
    there = found(duo_chat=SERVED, code_completions=DISABLED)
    made = plan({"features": ["duo_chat", "code_completions"], **options}, there)
    assert requests(made) == [(["CODE_COMPLETIONS"], "SELF_HOSTED", CODESTRAL.id)]


def test_a_model_that_the_release_cannot_have_is_skipped_with_its_features() -> None:
    planned = [{"name": "g", "model_family": "gemini"}]
    options = {"features": ["duo_chat"], "model": "g", "planned_models": planned}
    failure = refusal(options, found("18.0", duo_chat=VENDORED))
    assert (failure.code, failure.about) == (messages.NOT_OFFERED.code, "feature duo_chat")
    made = plan({**options, "when_unsupported": "warn"}, found("18.0", duo_chat=VENDORED))
    assert made.steps == ()
    assert "feature duo_chat is skipped" in made.warnings[0]


@pytest.mark.parametrize(
    "planned",
    [{"name": "m", "model_family": "gemini"}, {"name": "m", "deployment_method": "vertex_ai"}],
    ids=["family", "deployment method"],
)
def test_other_models_than_the_one_that_is_skipped_still_count(planned: dict[str, Any]) -> None:
    there = found("18.0", duo_chat=VENDORED)
    new = {"name": "new", "model_family": "gpt"}
    gone = {"name": "never was", "state": "absent"}
    options = {"features": ["duo_chat"], "planned_models": [planned, gone, new], "dry_run": True}
    assert requests(plan({**options, "model": "new"}, there)) == [(["DUO_CHAT"], "SELF_HOSTED", "")]
    assert refusal({**options, "model": "m"}, there).code == messages.NOT_OFFERED.code

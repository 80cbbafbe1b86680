# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of feature settings: options and settings in, mutations, diff and warnings out."""

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
    RELEASES,
    calls,
    gid,
    model,
    release,
    served_by,
    shown,
    state,
)

FIELD = "aiFeatureSettingUpdate"
HIDDEN = "(not shown by GitLab)"
FIT = ("codestral", "mistral", "gpt")
UNASSIGNED = Setting(provider="unassigned", families=FIT)
VENDORED = Setting(provider="vendored", families=FIT)
DISABLED = Setting(provider="disabled", families=FIT)
CODESTRAL = model()
MISTRAL = model("mistral", 2, family="mistral")
SERVED = served_by(CODESTRAL, families=FIT)


def found(version: str = "18.9", *, models: Any = (), **settings: Any) -> subject.ObservedFeatures:
    """Return an instance with codestral, mistral and these settings."""
    more = settings.pop("more", {})
    models = models or (CODESTRAL, MISTRAL)
    return subject.ObservedFeatures(
        release=release(version), state=state(*models, settings=settings, **more)
    )


def plan(wanted: dict[str, Any], there: subject.ObservedFeatures):
    """Plan as a task with these options would."""
    return subject.plan(subject.options(wanted), there)


def refusal(wanted: dict[str, Any], there: subject.ObservedFeatures) -> Failure:
    """Return the failure of a plan."""
    with pytest.raises(Failure) as caught:
        plan(wanted, there)
    return caught.value


def sent(*features: str, provider: str, number: int | None = None, **more: Any) -> tuple[str, dict]:
    """Return the mutation for these features, as GitLab 17.11 and later take it."""
    link = gid(number) if number else None
    names = [name.upper() for name in features]
    return FIELD, {"features": names, "provider": provider, "aiSelfHostedModelId": link, **more}


# --- what is sent --------------------------------------------------------------------------------
@pytest.mark.parametrize("version", RELEASES)
def test_one_mutation_for_all_features_where_the_release_can(version: str) -> None:
    there = found(version, code_completions=VENDORED, duo_chat=VENDORED)
    made = plan({"features": ["code_completions", "DUO_CHAT"], "model": "codestral"}, there)
    if version == "17.9":
        common = {"provider": "SELF_HOSTED", "aiSelfHostedModelId": gid(1)}
        assert calls(made) == [
            (FIELD, {"feature": "CODE_COMPLETIONS", **common}),
            (FIELD, {"feature": "DUO_CHAT", **common}),
        ]
    else:
        assert calls(made) == [
            sent("code_completions", "duo_chat", provider="SELF_HOSTED", number=1)
        ]
    after = {"provider": "self_hosted", "model": "codestral"}
    names = ("code_completions", "duo_chat")
    before_and_after = (dict.fromkeys(names, it) for it in ("vendored", "self_hosted codestral"))
    assert shown(made) == {"feature settings": tuple(before_and_after)}
    assert made.warnings == ()
    wanted = subject.options({"features": ["duo_chat"], "model": "codestral"})
    (returned,) = subject.show(wanted, made.predicted)["features"]
    assert returned == {"feature": "duo_chat", **after, "gitlab_model": None}


@pytest.mark.parametrize(
    ("options", "now", "mutation", "before", "after"),
    [
        pytest.param(
            {"provider": "disabled"},
            SERVED,
            sent("duo_chat", provider="DISABLED"),
            "self_hosted codestral",
            "disabled",
            id="the model's id is sent as null",
        ),
        pytest.param(
            {"provider": "disabled"},
            served_by(CODESTRAL, provider="disabled"),
            sent("duo_chat", provider="DISABLED"),
            "disabled (still linked to codestral)",
            "disabled",
            id="a link that stayed behind is removed",
        ),
        pytest.param(
            {"model": "mistral"},
            SERVED,
            sent("duo_chat", provider="SELF_HOSTED", number=2),
            "self_hosted codestral",
            "self_hosted mistral",
            id="another model",
        ),
        pytest.param(
            {"provider": "SELF_HOSTED", "model": "mistral"},
            DISABLED,
            sent("duo_chat", provider="SELF_HOSTED", number=2),
            "disabled",
            "self_hosted mistral",
            id="provider and model",
        ),
        pytest.param(
            {"state": "absent"},
            SERVED,
            sent("duo_chat", provider="UNASSIGNED"),
            "self_hosted codestral",
            "unassigned",
            id="absent is the default of the release",
        ),
        pytest.param(
            {"gitlab_model": "claude"},
            VENDORED,
            sent("duo_chat", provider="VENDORED", offeredModelRef="claude"),
            "vendored",
            "vendored claude",
            id="a model of GitLab's",
        ),
        pytest.param(
            {"provider": "vendored", "gitlab_model": ""},
            Setting(provider="vendored", gitlab_model="claude"),
            sent("duo_chat", provider="VENDORED", offeredModelRef=""),
            "vendored claude",
            "vendored",
            id="an empty one clears it",
        ),
    ],
)
def test_sends(options, now, mutation, before, after) -> None:
    there = found(duo_chat=now, more={"has_gitlab_models": True, "knows_gitlab_models": True})
    made = plan({"features": ["duo_chat"], **options}, there)
    assert calls(made) == [mutation]
    assert shown(made) == {"feature settings": ({"duo_chat": before}, {"duo_chat": after})}
    assert str(made.changes[0]) == f"change feature duo_chat ({before} -> {after})"
    assert plan({"features": ["duo_chat"], **options}, made.predicted).steps == ()
    # What nobody asked to change is predicted as it is.
    predicted = made.predicted.state.settings["duo_chat"]
    assert (predicted.families, predicted.listed) == (now.families, now.listed)
    assert predicted.model_id == mutation[1]["aiSelfHostedModelId"]


def test_what_gitlab_does_not_tell_of_its_own_models_is_left_as_it_is() -> None:
    wanted = {"features": ["duo_chat"], "gitlab_model": "claude"}
    made = plan(wanted, found(duo_chat=VENDORED, more={"has_gitlab_models": True}))
    assert made.steps == ()
    assert "does not show which GitLab-managed model duo_chat use" in made.warnings[0]
    # A feature that is not vendored is no doubt to be changed: GitLab says if it cannot.
    made = plan(wanted, found(duo_chat=DISABLED, more={"has_gitlab_models": True}))
    assert len(made.steps) == 1


@pytest.mark.parametrize(
    ("options", "now"),
    [
        ({"model": "codestral"}, SERVED),
        ({"provider": "disabled"}, DISABLED),
        ({"provider": "vendored"}, VENDORED),
        ({"provider": "vendored"}, Setting(provider="vendored", gitlab_model="claude")),
        ({"gitlab_model": "claude"}, Setting(provider="vendored", gitlab_model="claude")),
        ({"provider": "vendored", "gitlab_model": ""}, VENDORED),
        ({"state": "absent"}, UNASSIGNED),
        ({"model": "codestral"}, served_by(CODESTRAL, listed=False)),
    ],
    ids=["model", "disabled", "vendored", "unmanaged", "same", "none", "absent", "not listed"],
)
def test_changes_nothing(options: dict[str, Any], now: Setting) -> None:
    there = found(duo_chat=now, more={"has_gitlab_models": True, "knows_gitlab_models": True})
    made = plan({"features": ["duo_chat"], **options}, there)
    assert made.steps == ()
    assert made.predicted.state.settings["duo_chat"].provider == now.provider


@pytest.mark.parametrize(
    ("version", "settings", "default"),
    [
        ("17.9", {}, "vendored"),
        ("18.0", {}, "vendored"),
        ("18.3", {}, "vendored"),
        ("18.3", {"code_completions": UNASSIGNED}, "unassigned"),
        ("18.7", {}, "unassigned"),
        ("19.4", {}, "unassigned"),
    ],
)
def test_absent_is_what_the_instance_shows_as_its_default(version, settings, default: str) -> None:
    there = found(version, duo_chat=DISABLED, **settings)
    made = plan({"features": ["duo_chat"], "state": "absent"}, there)
    assert calls(made)[0][1]["provider"] == default.upper()


# --- what GitLab does not show -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "feature", "beta", "options", "visible", "hint"),
    [
        ("17.9", "duo_chat_fix_code", None, {"provider": "disabled"}, False, False),
        ("17.9", "duo_chat_fix_code", None, {"model": "codestral"}, True, None),
        ("18.9", "generate_commit_message", False, {"provider": "disabled"}, False, True),
        ("18.9", "generate_commit_message", False, {"model": "mistral"}, True, None),
    ],
)
def test_a_feature_that_is_not_listed(version, feature, beta, options, visible, hint) -> None:
    there = found(version, duo_chat=VENDORED, more={"beta": beta})
    made = plan({"features": [feature], **options}, there)
    assert len(made.steps) == 1
    assert [it.visible for it in made.changes] == [visible]
    before, after = shown(made)["feature settings"]
    assert before == {feature: HIDDEN}
    assert after[feature].endswith(options.get("model", "disabled"))
    told = [it for it in made.warnings if "does not show the state of" in it]
    assert len(told) == (0 if visible else 1)
    assert all(("only while beta features are on" in it) is hint for it in told)
    end = " (beta features are listed only while beta features are on)" if hint else ""
    assert all(it.endswith(f" {feature}{end}: they are set in every run.") for it in told)
    assert made.predicted.state.settings[feature].listed is False


# --- warnings ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"provider": "vendored"}, "cloud: duo_chat."),
        ({"provider": "unassigned"}, "gateway without a model, or to GitLab's cloud: duo_chat."),
        ({"state": "absent"}, "gateway without a model, or to GitLab's cloud: duo_chat."),
        ({"provider": "disabled"}, None),
        ({"model": "codestral"}, None),
    ],
)
@pytest.mark.parametrize("now", [DISABLED, VENDORED, UNASSIGNED])
def test_warns_of_ways_to_the_cloud(options: dict, told: str | None, now: Setting) -> None:
    made = plan({"features": ["duo_chat"], **options}, found(duo_chat=now))
    assert [told in it for it in made.warnings] == ([True] if told else [])


# --- refusals ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "options", "message", "about", "told"),
    [
        (
            "18.9",
            {"features": ["code_completion"], "provider": "disabled"},
            messages.UNKNOWN_NAME,
            "feature code_completion",
            "features: GitLab 18.9.0 has no feature code_completion. "
            "Accepted here: code_completions, ",
        ),
        (
            "18.0",
            {"features": ["duo_chat"], "provider": "unassigned"},
            messages.NOT_OFFERED,
            "feature duo_chat",
            "provider unassigned needs GitLab 18.4 or later; this is 18.0.0.",
        ),
        (
            "17.9",
            {"features": ["generate_commit_message"], "model": "codestral"},
            messages.NOT_OFFERED,
            "feature generate_commit_message",
            "It needs GitLab 18.0 or later; this is 17.9.0.",
        ),
        (
            "18.0",
            {"features": ["duo_chat"], "provider": "vendored", "gitlab_model": ""},
            messages.NOT_OFFERED,
            "feature duo_chat",
            "gitlab_model needs GitLab 18.4 or later; this is 18.0.0.",
        ),
        (
            "18.9",
            {"features": ["duo_chat"], "model": "codestrol"},
            messages.NO_SUCH_MODEL,
            "feature duo_chat",
            "no self-hosted model named codestrol. Models of this instance: codestral, mistral.",
        ),
        (
            "18.9",
            {"features": ["duo_chat"], "model": "codellama"},
            messages.INCOMPATIBLE,
            "feature duo_chat",
            "The family codellama of model codellama does not fit this feature. "
            "Families that fit: codestral, gpt, mistral.",
        ),
    ],
)
def test_refuses(version, options, message: messages.Message, about: str, told: str) -> None:
    models = [CODESTRAL, MISTRAL]
    if message is messages.INCOMPATIBLE:
        models.append(model("codellama", 3, family="codellama"))
    there = found(version, models=models, duo_chat=DISABLED)
    failure = refusal(options, there)
    assert (failure.code, failure.about) == (message.code, about)
    assert told in failure.sentence()


def test_says_that_there_are_no_models_at_all() -> None:
    there = subject.ObservedFeatures(
        release=release("18.9"), state=state(settings={"duo_chat": DISABLED})
    )
    failure = refusal({"features": ["duo_chat"], "model": "codestral"}, there)
    assert "Models of this instance: none." in failure.sentence()


@pytest.mark.parametrize(
    ("version", "refused"),
    [("18.8", False), ("18.9", True), ("18.11", True), ("19.0", False), ("19.4", True)],
)
def test_families_of_a_feature_that_is_not_listed_are_known_for_some_releases(
    version: str, refused: bool
) -> None:
    options = {"features": ["generate_commit_message"], "model": "codestral"}
    there = found(version, more={"beta": False})
    if refused:
        assert refusal(options, there).code == messages.INCOMPATIBLE.code
    else:
        assert len(plan(options, there).steps) == 1


@pytest.mark.parametrize(
    ("version", "feature", "beta", "refused"),
    [
        ("17.11", "generate_commit_message", True, True),
        ("17.11", "generate_commit_message", False, False),
        ("17.11", "generate_commit_message", None, False),
        ("18.1", "review_merge_request", True, True),
        ("18.1", "review_merge_request", False, True),
    ],
)
def test_a_release_that_may_have_a_feature_has_it_where_it_could_be_listed(
    version: str, feature: str, beta: bool | None, refused: bool
) -> None:
    options = {"features": [feature], "provider": "disabled"}
    there = found(version, duo_chat=VENDORED, more={"beta": beta})
    if refused:
        assert refusal(options, there).code == messages.NOT_OFFERED.code
    else:
        assert len(plan(options, there).steps) == 1
    listed = found(version, more={"beta": beta}, **{feature: VENDORED})
    assert len(plan(options, listed).steps) == 1


def test_a_feature_that_only_the_instance_knows_is_accepted() -> None:
    there = found("19.4", newest_feature=UNASSIGNED)
    assert len(plan({"features": ["newest_feature"], "provider": "disabled"}, there).steps) == 1


def test_what_the_release_lacks_is_skipped_when_that_is_wanted() -> None:
    settings = [
        {"features": ["code_completions"], "provider": "unassigned"},
        {"features": ["duo_agent_platform", "duo_chat"], "model": "codestral"},
    ]
    there = found("17.11", duo_chat=VENDORED, code_completions=VENDORED)
    made = plan({"settings": settings, "when_unsupported": "warn"}, there)
    assert calls(made) == [sent("duo_chat", provider="SELF_HOSTED", number=1)]
    assert made.warnings == (
        "feature code_completions is skipped: provider unassigned needs GitLab 18.4 or later; "
        "this is 17.11.0.",
        "feature duo_agent_platform is skipped: It needs GitLab 18.4 or later; this is 17.11.0.",
    )
    typo = {"features": ["duo_chatt"], "provider": "disabled", "when_unsupported": "warn"}
    assert refusal(typo, there).code == messages.UNKNOWN_NAME.code

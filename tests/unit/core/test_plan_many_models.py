# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting; and many models in one task: their order, exclusive, what a dry run knows."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import feature_model
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    self_hosted_model as subject,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.stored import Setting
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    BETA_ON,
    calls,
    foreseen,
    gid,
    model,
    release,
    served_by,
    shown,
    state,
)

DISABLED = Setting(provider="disabled", families=("gpt",))
OF_GONE = served_by(model("gone"))
NEW = {"model_family": "gpt", "endpoint": "http://x", "deployment_method": "other"}


def found(*models: Any, **more: Any) -> subject.ObservedModels:
    """Return an instance with these models."""
    return subject.ObservedModels(release=release("18.9"), state=state(*models, **more))


def plan(wanted: dict[str, Any], there: subject.ObservedModels):
    """Plan as a task with these options would."""
    return subject.plan(subject.options(wanted), there)


def earlier(there: subject.ObservedModels, *settings: dict[str, Any]) -> Any:
    """Return the plan of the features of a run, on the same instance."""
    features = feature_model.ObservedFeatures(there.release, there.state)
    return feature_model.plan(feature_model.options({"settings": list(settings)}), features)


def lines(made: Any) -> list[str]:
    """Return what a plan would do."""
    return [str(it).partition(" (")[0].replace("self-hosted model ", "") for it in made.changes]


def test_updates_then_creates_then_deletes() -> None:
    models = [
        {"name": "gone", "state": "absent"},
        {"name": "same"},
        {"name": "new", **NEW},
        {"name": "old", "model_family": "mistral"},
    ]
    there = found(model("gone"), model("old", 2), model("same", 3))
    made = plan({"models": models}, there)
    assert lines(made) == ["change old", "create new", "delete gone"]
    assert set(made.predicted.state.models) == {"new", "old", "same"}
    returned = subject.show(subject.options({"models": models}), made.predicted)
    assert [it["name"] for it in returned["models"]] == ["same", "new", "old"]


def test_one_list_in_two_tasks() -> None:
    present = [{"name": "new", **NEW}, {"name": "old", "model_family": "mistral"}]
    gone = model("gone", features=("duo_chat",))
    there = found(gone, model("old", 2), model("undeclared", 3), settings={"duo_chat": OF_GONE})
    first = plan({"models": present}, there)
    assert lines(first) == ["change old", "create new"]
    assert set(first.predicted.state.models) == {"gone", "new", "old", "undeclared"}
    assert first.warnings == ()
    # Meanwhile nothing uses it any more. A dry run sees none of this.
    moved = earlier(there, {"features": ["duo_chat"], "provider": "disabled"})
    names = [{"name": it["name"]} for it in present]
    second = {"models": [{"name": "gone", "state": "absent"}, *names], "exclusive": True}
    made = plan(second, foreseen(subject, there, first, moved))
    assert lines(made) == ["delete gone", "delete undeclared"]
    assert set(made.predicted.state.models) == {"new", "old"}


def test_a_stored_model_without_identifier_is_not_called_missing() -> None:
    wanted = {"name": "codestral", "deployment_method": "vllm"}
    with pytest.raises(
        Failure, match=r"identifier \(custom_openai/<name>\): is required"
    ) as raised:
        plan(wanted, found(model(identifier="")))
    assert raised.value.code == messages.INVALID_OPTION.code


def test_a_single_model_is_returned_by_itself_and_never_with_its_key() -> None:
    there = found(model(api_key="must-not-show", has_api_key=True, features=("duo_chat",)))
    returned = subject.show(subject.options({"name": "codestral"}), there)
    assert returned == {
        "model": {
            "id": "gid://gitlab/Ai::SelfHostedModel/1",
            "name": "codestral",
            "model_family": "codestral",
            "endpoint": "https://vllm.example.com/v1",
            "identifier": "custom_openai/codestral",
            "has_api_key": True,
            "features": ["duo_chat"],
        }
    }
    assert subject.show(subject.options({"name": "no"}), there) == {"model": None}


# --- exclusive -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("models", "done", "warned"),
    [
        ([], ["delete a", "delete z"], ["used"]),
        ([{"name": "a"}], ["delete z"], ["used"]),
        ([{"name": "a"}, {"name": "z"}, {"name": "used"}], [], []),
        ([{"name": "a", "new_name": "c"}], ["change a", "delete z"], ["used"]),
        ([{"name": "y", "new_name": "a"}, {"name": "used"}], ["delete z"], []),
        ([{"name": "a", "state": "absent"}], ["delete a", "delete z"], ["used"]),
    ],
)
def test_exclusive(models: list[dict], done: list[str], warned: list[str]) -> None:
    there = found(model("a"), model("z", 2), model("used", 3, features=("duo_chat",)))
    made = plan({"models": models, "exclusive": True}, there)
    assert lines(made) == done
    kept = [it for it in made.warnings if "is not declared, but is kept" in it]
    assert [it.split()[2] for it in kept] == warned
    assert all("duo_chat" in it for it in kept)
    assert all(it.recheck for it in made.steps if it.call.field == "aiSelfHostedModelDelete")


def test_without_exclusive_other_models_stay() -> None:
    assert plan({"models": [{"name": "a"}]}, found(model("a"), model("b", 2))).steps == ()


def test_exclusive_keeps_a_model_that_a_release_made_it_skip() -> None:
    models = [{"name": "m", "model_family": "gemini", "endpoint": "http://x"}]
    wanted = {"models": models, "exclusive": True, "when_unsupported": "warn"}
    assert plan(wanted, found(model("m"))).steps == ()


def test_exclusive_is_nothing_for_one_model() -> None:
    with pytest.raises(Failure, match="exclusive: requires models"):
        subject.options({"name": "a", "exclusive": True})


@pytest.mark.parametrize(
    "beside",
    [
        {"state": "absent"},
        {"force": True},
        {"update_api_key": "always"},
        {"force": True, "name": "m"},
    ],
    ids=", ".join,
)
def test_options_of_one_model_are_not_ignored_beside_many(beside: dict[str, Any]) -> None:
    names = ", ".join(sorted(beside, reverse=True))
    with pytest.raises(Failure, match=f"{names}: would have no effect beside models"):
        subject.options({"models": [{"name": "m"}], **beside})


def test_a_default_beside_many_is_none_of_theirs() -> None:
    # Ansible hands over a value for each option with a default.
    given = {"state": "present", "force": False, "update_api_key": "on_change"}
    (one,) = subject.options({"models": [{"name": "m", "state": "absent"}], **given}).models
    assert one.state == "absent"


# --- what a dry run knows of earlier tasks -------------------------------------------------------
@pytest.mark.parametrize(
    ("features", "planned", "users"),
    [
        (["duo_chat"], [], "duo_chat"),
        (["duo_chat"], [{"features": ["duo_chat"], "model": "other"}], ""),
        (["duo_chat"], [{"features": ["DUO_CHAT"], "provider": "disabled"}], ""),
        (["duo_chat"], [{"features": ["code_completions"], "state": "absent"}], "duo_chat"),
        ([], [{"features": ["Duo_Chat"], "model": "m"}], "duo_chat"),
        (["aa"], [{"features": ["duo_chat"], "model": "m"}], "aa, duo_chat"),
    ],
)
def test_settings_that_the_run_changes_before_decide_what_is_in_use(
    features: list[str], planned: list[dict], users: str
) -> None:
    m = model("m", features=tuple(features))
    settings = {name: served_by(m) for name in features}
    there = found(m, model("other", 2), settings={"code_completions": DISABLED, **settings})
    seen = foreseen(subject, there, earlier(there, *planned))
    wanted = {"name": "m", "state": "absent"}
    for at, expected in ((seen, users), (there, ", ".join(features))):
        if expected:
            with pytest.raises(Failure) as caught:
                plan(wanted, at)
            assert caught.value.code == messages.MODEL_IN_USE.code
            assert f"used by {expected};" in caught.value.what
        else:
            assert lines(plan(wanted, at)) == ["delete m"]


def test_what_becomes_of_a_hidden_model_is_not_known() -> None:
    models = [{"name": "m", "model_family": "llama3"}, {"name": "new", **NEW}]
    there = found(model("m", family="llama3", hidden=True), beta=False)
    made = plan({"models": models}, foreseen(subject, there, BETA_ON))
    assert lines(made) == ["create new"]
    assert made.warnings == (
        "self-hosted model m is hidden now, so its changes cannot be predicted.",
    )
    assert not made.certain


@pytest.mark.parametrize(
    ("wanted", "certain"),
    [
        ({"models": [{"name": "new", **NEW}]}, True),
        ({"models": [{"name": "m", "state": "absent"}]}, True),
        ({"models": [{"name": "unseen", "state": "absent"}]}, False),
        ({"models": [{"name": "m"}], "exclusive": True}, False),
    ],
    ids=["create", "delete what is seen", "delete what may be hidden", "exclusive"],
)
def test_a_deletion_is_not_certain_while_beta_features_will_show_more(
    wanted: dict[str, Any], certain: bool
) -> None:
    there = found(model("m"), beta=False)
    assert plan(wanted, foreseen(subject, there, BETA_ON)).certain is certain
    # Without the switch nothing more will be seen.
    assert plan(wanted, there).certain


# --- what is predicted ---------------------------------------------------------------------------
def test_what_is_new_has_no_id_yet() -> None:
    wanted = {"name": "m", **NEW}
    returned = subject.show(subject.options(wanted), plan(wanted, found()).predicted)
    assert returned["model"]["id"] is None


@pytest.mark.parametrize(
    ("there", "options", "key"),
    [
        ({}, {"api_key": "k"}, True),
        ({}, {"api_key": "k", "update_api_key": "on_create"}, False),
        ({"api_key": "k", "has_api_key": True}, {"api_key": ""}, False),
        ({"api_key": "k", "has_api_key": True}, {}, True),
    ],
    ids=["first", "never replaced", "cleared", "unmanaged"],
)
def test_whether_there_is_a_key(there: dict[str, Any], options: dict, key: bool) -> None:
    made = plan({"name": "m", "model_family": "gpt", **options}, found(model("m", **there)))
    assert made.predicted.state.models["m"].has_api_key is key


@pytest.mark.parametrize("identifier", [None, "custom_openai/codestral"])
def test_an_identifier_that_is_there_is_one_that_is_declared(identifier: str | None) -> None:
    wanted = {"name": "codestral", "deployment_method": "vllm"}
    if identifier:
        new = {"model_family": "gpt", "endpoint": "http://x/v1", "identifier": identifier}
        assert lines(plan({**wanted, **new}, found())) == ["create codestral"]
    else:
        assert plan(wanted, found(model())).steps == ()


def test_a_provider_that_gitlab_does_not_tell_is_its_own_default() -> None:
    there = found(model("m"), has_provider=True)
    ((_field, sent),) = calls(plan({"name": "m", "model_family": "gpt"}, there))
    assert sent["provider"] == "API"


# --- deleting ------------------------------------------------------------------------------------
def test_deletes_after_looking_again() -> None:
    made = plan({"name": "codestral", "state": "absent"}, found(model()))
    assert calls(made) == [("aiSelfHostedModelDelete", {"id": gid(1)})]
    assert [it.recheck for it in made.steps] == [True]
    before = {
        "state": "present",
        "name": "codestral",
        "model_family": "codestral",
        "endpoint": "https://vllm.example.com/v1",
        "identifier": "custom_openai/codestral",
    }
    assert shown(made) == {"self-hosted model codestral": (before, {"state": "absent"})}
    assert made.predicted.state.models == {}


def test_force_deletes_what_is_in_use() -> None:
    there = found(model(features=("duo_chat",)))
    made = plan({"name": "codestral", "state": "absent", "force": True}, there)
    assert calls(made) == [("aiSelfHostedModelDelete", {"id": gid(1)})]
    (told,) = made.warnings
    assert "self-hosted model codestral" in told
    assert "duo_chat" in told
    assert (
        plan({"name": "codestral", "state": "absent", "force": True}, found(model())).warnings == ()
    )


# --- what cannot be seen -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("beta", "told"), [(True, None), (False, "Beta features are off"), (None, "may be off")]
)
def test_says_that_an_absent_model_may_be_hidden(beta: bool | None, told: str | None) -> None:
    made = plan({"name": "m", "state": "absent"}, found(beta=beta))
    assert made.steps == ()
    assert [told in it and " m " in it for it in made.warnings] == ([True] if told else [])


@pytest.mark.parametrize("options", [{"models": [], "exclusive": True}, {"name": "m"}])
def test_a_hidden_model_that_is_used_is_never_deleted_in_passing(options: dict) -> None:
    there = found(model("m", family="llama3", hidden=True, features=("duo_chat",)), beta=False)
    if "name" in options:
        with pytest.raises(Failure) as caught:
            plan({**options, "state": "absent"}, there)
        assert caught.value.code == messages.MODEL_IN_USE.code
    else:
        assert plan(options, there).steps == ()


@pytest.mark.parametrize("beta", [True, False, None])
@pytest.mark.parametrize("more", [{}, {"models": [{"name": "m", "state": "absent"}]}])
def test_says_that_undeclared_models_may_be_hidden(beta: bool | None, more: dict) -> None:
    made = plan({"models": [], "exclusive": True, **more}, found(beta=beta))
    assert made.steps == ()
    told = "whether undeclared models are left. A hidden model stays, with its API key"
    assert [told in it and ("m is really" in it) is bool(more) for it in made.warnings] == (
        [] if beta else [True]
    )


# A feature shows it now; when the feature has moved off it, nothing does.
MOVED = {"features": ["duo_chat"], "provider": "disabled"}


@pytest.mark.parametrize(
    "options",
    [{"models": [], "exclusive": True}, {"name": "m", "state": "absent"}],
    ids=["exclusive", "absent"],
)
def test_a_dry_run_deletes_no_model_that_the_real_run_will_not_see(options: dict) -> None:
    m = model("m", family="llama3", hidden=True, features=("duo_chat",))
    there = found(m, settings={"duo_chat": served_by(m)}, beta=False)
    moved = earlier(there, MOVED)
    real_run = plan(options, found(beta=False))
    made = plan(options, foreseen(subject, there, moved))
    assert (made.steps, made.warnings) == ((), real_run.warnings)
    assert len(made.warnings) == 1
    shows = subject.show(subject.options(options), made.predicted)
    assert shows == subject.show(subject.options(options), real_run.predicted)
    # Beta features that are turned on before make it visible.
    assert lines(plan(options, foreseen(subject, there, BETA_ON, moved))) == ["delete m"]


def test_a_hidden_model_is_deleted_by_force_while_a_feature_shows_it() -> None:
    there = found(model("m", family="llama3", hidden=True, features=("duo_chat",)), beta=False)
    assert lines(plan({"name": "m", "state": "absent", "force": True}, there)) == ["delete m"]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a whole run: each step against the state that the steps before it leave.

The tasks of the run, which plan again, get the same result in check mode and in a real run.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out, lines, planned
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed

URL = "https://vllm.example.com/v1"
NEW = {"name": "new", "model_family": "codestral", "endpoint": URL, "deployment_method": "vllm"}
NEW["identifier"] = "custom_openai/codestral"
OLD = {"name": "old", "model": "codestral", "endpoint": URL}
LLAMA = {"name": "llama", "model": "llama3", "endpoint": URL}
BETA_MODEL = {**NEW, "name": "llama", "model_family": "llama3"}
ON = {"beta_features": True, "accept_testing_agreement": True, **ROOT}
OFF = {"beta_features": False, **ROOT}
IS_ON = {"beta_acceptances": ["root"]}


def by(model: str) -> dict[str, Any]:
    """Return the seed of a feature that a model serves."""
    return {"provider": "self_hosted", "model": model}


def setting(model: str, *features: str) -> dict[str, Any]:
    """Return the declaration of features that a model is to serve."""
    return {"features": list(features or ("code_completions",)), "model": model}


# Seed, wish, and what the tasks of the run say that they do.
RUNS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing to do": (
        {"models": [OLD], "features": {"code_completions": by("old")}},
        {"models": [{"name": "old"}], "settings": [setting("old")], "models_exclusive": True},
        [],
    ),
    "a new model and a feature on it": (
        {},
        {"gateway": {"ai_gateway_url": URL}, "models": [NEW], "settings": [setting("new")]},
        [
            f"change AI gateway (ai_gateway_url: none -> {URL})",
            "create self-hosted model new",
            "change feature code_completions (unassigned -> self_hosted new)",
        ],
    ),
    "a new model beside features that use none": (
        {"features": {"duo_chat": {"provider": "disabled"}}},
        {"models": [NEW], "settings": [{"features": ["duo_chat"], "provider": "disabled"}]},
        ["create self-hosted model new"],
    ),
    "a new model beside one that is called None": (
        {"models": [{**OLD, "name": "None"}], "features": {"duo_chat": by("None")}},
        {"models": [NEW], "settings": [setting("None", "duo_chat", "code_completions")]},
        [
            "create self-hosted model new",
            "change feature code_completions (unassigned -> self_hosted None)",
        ],
    ),
    "a rename and the features of the model": (
        {"models": [OLD], "features": {"duo_chat": by("old")}},
        {
            "models": [{"name": "old", "new_name": "renamed"}],
            "settings": [setting("renamed", "duo_chat", "code_completions")],
        },
        [
            "change self-hosted model old (name: old -> renamed)",
            "change feature code_completions (unassigned -> self_hosted renamed)",
        ],
    ),
    "another family, which fits the feature": (
        {"models": [OLD]},
        {
            "models": [{"name": "old", "model_family": "claude_3"}],
            "settings": [setting("old", "duo_chat")],
        },
        [
            "change self-hosted model old (model_family: codestral -> claude_3)",
            "change feature duo_chat (unassigned -> self_hosted old)",
        ],
    ),
    "a model of a beta family that beta features, turned on, allow": (
        {},
        {**ON, "models": [BETA_MODEL], "settings": [setting("llama")]},
        [
            "change beta features (enabled: false -> true)",
            "create self-hosted model llama",
            "change feature code_completions (unassigned -> self_hosted llama)",
        ],
    ),
    "an absent model whose feature moves away": (
        {"models": [OLD], "features": {"code_completions": by("old")}},
        {
            "models": [{"name": "old", "state": "absent"}, NEW],
            "settings": [setting("new")],
        },
        [
            "create self-hosted model new",
            "change feature code_completions (self_hosted old -> self_hosted new)",
            "delete self-hosted model old",
        ],
    ),
    "exclusive": (
        {"models": [OLD, {**OLD, "name": "left"}], "features": {"code_completions": by("left")}},
        {
            "models": [{"name": "old", "new_name": "kept"}],
            "settings": [setting("kept")],
            "models_exclusive": True,
        },
        [
            "change self-hosted model old (name: old -> kept)",
            "change feature code_completions (self_hosted left -> self_hosted kept)",
            "delete self-hosted model left",
        ],
    ),
    "what lets less happen first, what lets more happen last": (
        {
            "settings": {"duo_availability": "never_on", "duo_agent_platform_enabled": True},
            "gateway": {"duo_core_features_enabled": True},
        },
        {
            "gateway": {"ai_gateway_url": URL},
            "duo_settings": {
                "availability": "default_on",
                "duo_core": False,
                "agent_platform": False,
                "expanded_logging": True,
            },
        },
        [
            "change GitLab Duo setting duo_core (true -> false)",
            "change GitLab Duo setting agent_platform (true -> false)",
            f"change AI gateway (ai_gateway_url: none -> {URL})",
            "change GitLab Duo setting availability (never_on -> default_on)",
            "change GitLab Duo setting expanded_logging (false -> true)",
        ],
    ),
    "never on, with what GitLab turns off together with it": (
        {"settings": {"instance_level_ai_beta_features_enabled": True}},
        {"duo_settings": {"availability": "never_on", "duo_core": False}},
        [
            "change GitLab Duo setting availability (default_on -> never_on)",
            "change GitLab Duo setting experiment_and_beta_features (true -> false)",
        ],
    ),
    "settings that are as declared": (
        {},
        {"duo_settings": {"availability": "default_on", "duo_core": False}},
        [],
    ),
    "beta off, after the model of a beta family is gone": (
        {**IS_ON, "models": [LLAMA], "features": {"code_completions": by("llama")}},
        {
            **OFF,
            "models": [{"name": "llama", "state": "absent"}],
            "settings": [{"features": ["code_completions"], "provider": "disabled"}],
        },
        [
            "change feature code_completions (self_hosted llama -> disabled)",
            "delete self-hosted model llama",
            "change beta features (enabled: true -> false)",
        ],
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_each_step_is_planned_against_what_the_steps_before_leave(name: str) -> None:
    seed, wish, expected = RUNS[name]
    here = Sandboxed("18.9", **seed)
    plan = planned(here, wish)
    assert here.writes == []
    dry = carried_out(here, wish, plan, check=True)
    assert here.writes == []
    assert lines(dry) == expected
    assert {name: it["changes"] for name, it in dry.items()} == {
        name: step["changes"] for name, step in plan["steps"].items() if step["to_do"]
    }
    real = carried_out(here, wish, plan)
    assert [it.get("msg") for it in real.values()] == [None] * len(real)
    assert [entry for it in real.values() for entry in it["changes"]] == plan["changes"]
    assert lines(real) == expected
    assert not planned(here, wish)["to_do"]


# --- what only beta features, turned on, show ----------------------------------------------------
HIDDEN = "generate_commit_message"


def keys(changes: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return what changes come to; what was before may not be visible beforehand."""
    return {
        tuple(str(it[name]) for name in ("subject", "name", "field", "after")) for it in changes
    }


@pytest.mark.parametrize(
    ("seed", "done"),
    [
        ({}, ["create self-hosted model llama", "unassigned -> self_hosted llama"]),
        ({"models": [LLAMA]}, ["unassigned -> self_hosted llama"]),
        (
            {"models": [{**LLAMA, "endpoint": "https://other.example.com/v1"}]},
            ["change self-hosted model llama (endpoint", "unassigned -> self_hosted llama"],
        ),
        ({"models": [LLAMA], "features": {HIDDEN: by("llama")}}, []),
        (
            {"models": [LLAMA], "features": {HIDDEN: {"provider": "disabled"}}},
            ["disabled -> self_hosted llama"],
        ),
    ],
    ids=["nothing", "model", "another endpoint", "all as declared", "disabled feature"],
)
def test_beta_features_show_what_was_hidden(seed: dict[str, Any], done: list[str]) -> None:
    """The plan has all that may be needed; what turns out to be done is not done again."""
    model = {**BETA_MODEL, "identifier": None, "deployment_method": None}
    wish = {**ON, "models": [model], "settings": [setting("llama", HIDDEN)]}
    here = Sandboxed("18.9", **seed)
    plan = planned(here, wish)
    dry = carried_out(here, wish, plan, check=True)
    assert [entry for it in dry.values() for entry in it["changes"]] == plan["changes"]
    real = carried_out(here, wish, plan)
    switch, *others = lines(real)
    assert switch == "change beta features (enabled: false -> true)"
    assert len(others) == len(done)
    assert all(part in line for part, line in zip(done, others, strict=True))
    changes = [entry for it in real.values() for entry in it["changes"]]
    assert keys(changes) <= keys(plan["changes"])
    assert [text for it in real.values() for text in it["warnings"]] == []
    assert not planned(here, wish)["to_do"]


@pytest.mark.parametrize(
    ("more", "steps", "gone"),
    [
        ({"models": [{"name": "llama"}]}, ["models"], []),
        ({"models": [{"name": "llama", "state": "absent"}]}, ["clean_up"], ["llama"]),
        ({"models_exclusive": True}, ["clean_up"], ["llama"]),
    ],
    ids=["a model that a feature shows", "an absent one", "exclusive"],
)
def test_what_may_appear_is_a_step_to_run_even_if_nothing_is_planned(
    more: dict[str, Any], steps: list[str], gone: list[str]
) -> None:
    feature = {} if gone else {"code_completions": by("llama")}
    here = Sandboxed("18.9", models=[LLAMA, {**LLAMA, "name": "other"}], features=feature)
    wish = {**ON, **more}
    plan = planned(here, wish)
    doubtful = [name for name, step in plan["steps"].items() if not step["certain"]]
    assert doubtful == steps
    assert all(plan["steps"][name]["to_do"] for name in steps)
    real = carried_out(here, wish, plan)
    assert list(real) == ["beta_features_on", *steps]
    assert not any("since the preflight" in text for it in real.values() for text in it["warnings"])
    left = {model.name for model in here.instance.models}
    assert left == {"llama", "other"} - (
        {"llama", "other"} if "models_exclusive" in more else {*gone}
    )


@pytest.mark.parametrize(
    ("declared", "lacks"),
    [
        ({"endpoint": "https://other.example.com/v1"}, "model_family"),
        ({"model_family": "llama3"}, "endpoint"),
        ({"api_key": "key-that-must-not-show"}, "model_family, endpoint"),
    ],
    ids=["no family", "no endpoint", "the key alone"],
)
def test_a_hidden_model_need_not_be_declared_whole(declared: dict[str, Any], lacks: str) -> None:
    """Only the preflight would miss what the task finds once beta features are on."""
    wish = {
        **ON,
        "models": [{"name": "llama", **declared}],
        "settings": [setting("llama", HIDDEN)],
    }
    here = Sandboxed("18.9", models=[LLAMA])
    plan = planned(here, wish)
    assert not plan["steps"]["models"]["certain"]
    dry = carried_out(here, wish, plan, check=True)
    (told,) = dry["models"]["warnings"]
    assert "self-hosted model llama is not visible" in told
    assert f"creating it needs {lacks}." in told
    real = carried_out(here, wish, plan)
    assert list(real) == ["beta_features_on", "models", "features"]
    assert [it.get("msg") for it in real.values()] == [None] * 3
    assert here.features()[HIDDEN] == ("self_hosted", "llama")
    assert not planned(here, wish)["to_do"]


def test_a_model_that_beta_features_do_not_show_either_is_refused_by_its_task() -> None:
    here = Sandboxed("18.9")
    wish = {**ON, "models": [{"name": "llama", "model_family": "llama3"}]}
    real = carried_out(here, wish, planned(here, wish))
    assert list(real) == ["beta_features_on", "models"]
    assert real["models"]["failure"]["code"] == messages.MODEL_INCOMPLETE.code


def test_the_key_of_a_hidden_model_is_within_the_approval() -> None:
    model = {**BETA_MODEL, "identifier": None, "deployment_method": None, "api_key": "new-key"}
    wish = {**ON, "models": [model]}
    here = Sandboxed("18.9", models=[{**LLAMA, "api_token": "old-key"}])
    plan = planned(here, wish)
    for step in plan["steps"].values():
        step["approved"] = True
    real = carried_out(here, wish, plan)
    assert [it.get("msg") for it in real.values()] == [None, None]
    assert "api_key: (set) -> (changed)" in real["models"]["steps"][0]
    assert here.instance.models[0].api_token == "new-key"


# --- what a release lacks ------------------------------------------------------------------------
GEMINI = {**NEW, "name": "g", "model_family": "gemini"}
LACKING = {
    "models": [GEMINI, NEW],
    "settings": [setting("g", "duo_chat"), setting("new", "code_completions")],
    "when_unsupported": "warn",
}


def test_a_model_that_is_skipped_takes_its_features_along() -> None:
    here = Sandboxed("18.0")
    plan = planned(here, LACKING)
    told = {"subject": "self_hosted_model", "name": "g"}
    (unsupported,) = plan["steps"]["features"]["unsupported"]
    assert unsupported == {**told, "what": unsupported["what"]}
    assert "model_family gemini needs GitLab" in unsupported["what"]
    for check in (True, False):
        results = carried_out(here, LACKING, plan, check=check)
        assert lines(results)[0] == "create self-hosted model new"
        assert len(lines(results)) == 2
        assert "code_completions" in lines(results)[1]
        (skipped,) = results["models"]["warnings"]
        assert skipped.startswith("self-hosted model g is skipped: ")
        (skipped,) = results["features"]["warnings"]
        assert skipped.startswith("feature duo_chat is skipped: ")


def test_steps_that_do_not_run_leave_their_warnings_to_the_preflight() -> None:
    here = Sandboxed("18.0")
    plan = planned(here, LACKING)
    carried_out(here, LACKING, plan)
    here.forget()
    again = here.run(preflight.SUBJECT, **LACKING)
    assert not again["plan"]["to_do"]
    skipped = [text.partition(" is skipped")[0] for text in again["warnings"]]
    assert skipped == ["self-hosted model g", "feature duo_chat"]


def test_a_model_that_is_skipped_is_not_deleted_as_undeclared() -> None:
    here = Sandboxed("18.0", models=[{**OLD, "name": "g"}, OLD])
    strict = {
        "models": [GEMINI],
        "settings": [setting("g", "duo_chat")],
        "models_exclusive": True,
    }
    ((subject, what),) = refused(here, **strict)
    assert subject == "self-hosted model g"
    assert "model_family gemini needs GitLab" in what
    wish = {"models": [GEMINI], "when_unsupported": "warn", "models_exclusive": True}
    plan = planned(here, wish)
    assert lines(carried_out(here, wish, plan)) == ["delete self-hosted model old"]
    assert {model.name for model in here.instance.models} == {"g"}


# --- instance-wide settings ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after"), [("never_on", "default_on"), ("default_on", "never_on")]
)
def test_no_state_in_between_is_opener_than_both_ends(before: str, after: str) -> None:
    """GitLab Duo is available only while every feature is where it belongs."""
    here = Sandboxed(
        "18.9",
        gateway={"ai_gateway_url": URL if after == "never_on" else None},
        models=[OLD],
        features={"duo_chat": {"provider": "vendored" if after == "default_on" else "disabled"}},
        settings={"duo_availability": before},
    )
    closed = {"features": ["duo_chat"], "provider": "disabled"}
    vendored = {"features": ["duo_chat"], "provider": "vendored"}
    wish = {
        "gateway": {"ai_gateway_url": URL if after == "default_on" else ""},
        "settings": [closed if after == "default_on" else vendored],
        "duo_settings": {"availability": after},
    }
    plan = planned(here, wish)
    open_ways = []

    def look() -> None:
        on = here.instance.settings["duo_features_enabled"]
        open_ways.append(on and here.features()["duo_chat"][0] == "vendored")

    here.watch = look
    real = carried_out(here, wish, plan)
    assert [it.get("msg") for it in real.values()] == [None] * 3
    assert len(open_ways) > 3
    assert not any(open_ways)


def test_settings_of_another_release_are_skipped_once_by_the_preflight() -> None:
    here = Sandboxed("17.9")
    wish = {
        "duo_settings": {"agent_platform": True, "duo_core": True, "expanded_logging": False},
        "when_unsupported": "warn",
    }
    result = here.dry(preflight.SUBJECT, **wish)
    assert not result["plan"]["to_do"]
    assert [it for it in result["warnings"] if "Skipped" in it] == [
        "Skipped on GitLab 17.9.2: duo_core (needs 18.0), agent_platform (needs 18.7)."
    ]


def test_each_setting_that_is_refused_is_told() -> None:
    here = Sandboxed("17.9")
    wish = {"duo_settings": {"agent_platform": True, "duo_core": True, "expanded_logging": True}}
    assert [subject for subject, _what in refused(here, **wish)] == [
        "GitLab Duo setting duo_core",
        "GitLab Duo setting agent_platform",
    ]


def test_settings_that_may_not_be_read_are_refused() -> None:
    here = Sandboxed("18.9", options={"admin_mode": True})
    ((_subject, what),) = refused(here, duo_settings={"expanded_logging": True})
    assert "does not show its application settings to this token" in what


# --- refusals ------------------------------------------------------------------------------------
def refused(here: Sandboxed, **wish: Any) -> list[tuple[str, str]]:
    """Return object and sentence of what the plan of the run is refused."""
    result = here.dry(preflight.SUBJECT, **wish)
    assert here.writes == []
    return [(it["subject"], it["what"]) for it in result["findings"] if it["severity"] == "error"]


def test_every_refusal_is_told_by_its_object() -> None:
    models = [
        {**NEW, "name": "typo", "model_family": "codestrall"},
        {"name": "short", "model_family": "codestral", "deployment_method": "other"},
        NEW,
        {"name": "old", "state": "absent"},
        {**BETA_MODEL},
    ]
    settings = [
        # Not at fault: the models that they are to use are, or are there by then.
        setting("typo", "code_generations"),
        setting("short", "duo_chat_write_tests"),
        setting("new", "code_completions"),
        # At fault themselves.
        setting("nowhere", "duo_chat_fix_code"),
        {"features": ["no_such_feature"], "provider": "disabled"},
    ]
    here = Sandboxed("18.9", models=[OLD], features={"duo_chat_refactor_code": by("old")})
    found = dict(refused(here, models=models, settings=settings))
    assert list(found) == [
        "self-hosted model typo",
        "self-hosted model short",
        "self-hosted model llama",
        "feature duo_chat_fix_code",
        "feature no_such_feature",
        "self-hosted model old",
    ]
    assert "no model family codestrall" in found["self-hosted model typo"]
    assert "is beta" in found["self-hosted model llama"]
    assert "no self-hosted model named nowhere" in found["feature duo_chat_fix_code"]
    assert "used by duo_chat_refactor_code" in found["self-hosted model old"]


def test_a_refused_model_of_the_wrong_family_is_still_no_fit_for_a_feature() -> None:
    """It is refused for something else, and would be once that is corrected."""
    agents = setting("short", "duo_agent_platform")
    short = {"name": "short", "model_family": "codestral", "deployment_method": "other"}
    found = refused(Sandboxed("18.9"), models=[short], settings=[agents])
    assert [subject for subject, _what in found] == [
        "self-hosted model short",
        "feature duo_agent_platform",
    ]
    assert "codestral" in found[1][1]
    # Of a family that this release does not know it can't be told.
    for family in ("gemini", "codestrall"):
        wish = {"models": [{**NEW, "name": "short", "model_family": family}], "settings": [agents]}
        ((subject, _what),) = refused(Sandboxed("18.9"), **wish)
        assert subject == "self-hosted model short"


def test_a_model_in_use_is_refused_unless_its_feature_moves_away() -> None:
    here = Sandboxed("18.9", models=[OLD], features={"code_completions": by("old")})
    gone = [{"name": "old", "state": "absent"}]
    ((subject, what),) = refused(here, models=gone)
    assert subject == "self-hosted model old"
    assert "code_completions" in what
    moved = [{"features": ["code_completions"], "provider": "disabled"}]
    assert refused(here, models=gone, settings=moved) == []


def test_a_collision_of_two_models_is_refused_as_a_whole() -> None:
    here = Sandboxed("18.9", models=[OLD, {**OLD, "name": "taken"}])
    found = refused(here, models=[{"name": "old", "new_name": "taken"}])
    assert [subject for subject, _what in found] == ["self-hosted model old"]
    assert len(found) == 1


def test_without_agreement_and_without_a_way_both_are_told() -> None:
    found = refused(Sandboxed("18.9"), beta_features=True)
    assert [subject for subject, _what in found] == ["beta features"] * 2
    assert "Agreement" in found[0][1]
    assert "a token cannot open" in found[1][1]

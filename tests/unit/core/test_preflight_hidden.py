# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight on features and models that GitLab hides: beta features off, a Premium licence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import feature_model
from ansible_collections.gitlab_ops.duo.tests.unit.core.preflights import (
    GATEWAY,
    MODEL,
    STORED,
    SUBJECT,
    found,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed


def test_hidden_features_are_no_finding_once_beta_is_declared() -> None:
    settings = [{"features": ["generate_commit_message"], "provider": "disabled"}]
    wish = {"settings": settings, "beta_features": True, "accept_testing_agreement": True, **ROOT}
    assert found(Sandboxed("18.9"), **wish) == []
    on = Sandboxed("18.9", beta_acceptances=["root"])
    # Nothing is to be turned on, so neither a password nor the agreement is asked for.
    assert found(on, settings=settings, beta_features=True) == []


VULNERABILITY = ["duo_chat_explain_vulnerability", "resolve_vulnerability"]


@pytest.mark.parametrize("beta", [[], ["root"]], ids=["off", "on"])
def test_what_a_premium_licence_hides_is_not_told_of_beta_features(beta: list[str]) -> None:
    names = [*VULNERABILITY, "generate_commit_message"]
    wish = {"settings": [{"features": names, "provider": "disabled"}]}
    here = Sandboxed("18.9", license={"plan": "premium"}, beta_acceptances=beta)
    told = found(here, **wish)
    assert [it[:2] for it in told] == [
        ("warning", "license"),
        *([] if beta else [("warning", "beta features")]),
    ]
    assert f"does not show the state of {', '.join(VULNERABILITY)}, whether beta" in told[0][2]
    assert not beta or here.run(feature_model.SUBJECT, **wish)["unseen"] == [
        f"feature {name}" for name in VULNERABILITY
    ]
    assert not any("vulnerability" in it[2] for it in told[1:])
    ultimate = Sandboxed("18.9", beta_acceptances=beta)
    assert all(it[1] == "beta features" for it in found(ultimate, **wish))


def test_what_a_model_serves_shows_with_a_premium_licence_too() -> None:
    setting = {"features": [VULNERABILITY[0]], "model": "gpt"}
    served = {VULNERABILITY[0]: {"provider": "self_hosted", "model": "gpt"}}
    model = {**STORED, "name": "gpt", "model": "gpt"}
    here = Sandboxed("18.9", license={"plan": "premium"}, models=[model], features=served)
    assert found(here, settings=[setting]) == []


@pytest.mark.parametrize(("plan", "told"), [("premium", True), ("ultimate", False)])
def test_an_isolated_site_is_told_what_no_switch_shows(plan: str, told: bool) -> None:
    here = Sandboxed("18.9", license={"plan": plan})
    result = here.dry(SUBJECT, isolated=True, gateway=GATEWAY)
    (action,) = {it["action"] for it in result["findings"] if "does not show" in it["what"]}
    assert "the state of beta features once they are on" in action
    never = f"With a Premium licence it never shows the state of {', '.join(VULNERABILITY)}."
    assert action.endswith(never) is told
    declared = [{"features": VULNERABILITY, "provider": "disabled"}]
    result = here.dry(SUBJECT, isolated=True, gateway=GATEWAY, settings=declared)
    assert "it never shows" not in result["msg"]


def test_where_beta_features_cannot_be_seen_a_way_to_them_is_enough() -> None:
    """Before 17.11 only who signs in knows; the preflight asks for what may be needed."""
    for enabled in (True, False):
        ((severity, _subject, what),) = found(Sandboxed("17.9"), beta_features=enabled)
        assert severity == "error"
        assert "the state of beta features has to be read first" in what
    assert found(Sandboxed("17.9"), beta_features=False, **ROOT) == []
    ((_severity, _subject, what),) = found(Sandboxed("17.9"), beta_features=True, **ROOT)
    assert "Agreement" in what


BETA_MODEL = {**MODEL, "name": "llama", "model_family": "llama3"}
STORED_BETA = {"name": "llama", "model": "llama3", "endpoint": MODEL["endpoint"]}
ON = {"beta_acceptances": ["root"]}


@pytest.mark.parametrize(
    ("seed", "wish"),
    [
        (ON, {"models": [BETA_MODEL]}),
        ({**ON, "models": [STORED_BETA]}, {"models": [BETA_MODEL]}),
        ({**ON, "models": [STORED_BETA]}, {"models": [{"name": "llama"}]}),
        (
            {**ON, "models": [STORED_BETA]},
            {"settings": [{"features": ["code_completions"], "model": "llama"}]},
        ),
        ({"models": [STORED_BETA]}, {"models": [BETA_MODEL]}),
        ({}, {"models": [BETA_MODEL]}),
    ],
    ids=["new", "there", "there, family not named", "used", "hidden", "off"],
)
@pytest.mark.parametrize("release", ["17.9", "18.9"])
def test_off_and_a_beta_family_contradict_each_other(
    release: str, seed: dict[str, Any], wish: dict[str, Any]
) -> None:
    """The first run would do it, and each later one would not find the model."""
    here = Sandboxed(release, **seed)
    ((severity, subject, what),) = found(here, beta_features=False, **ROOT, **wish)
    assert (severity, subject) == ("error", "self-hosted model llama")
    assert "beta" in what
    assert here.writes == []


def test_beta_families_that_do_not_stay_contradict_nothing() -> None:
    here = Sandboxed("18.9", **ON, models=[STORED_BETA])
    gone = [{**BETA_MODEL, "state": "absent"}]
    assert found(here, beta_features=False, models=gone, **ROOT) == []
    # Nor one that this release has not yet, and that is skipped.
    later = [{**BETA_MODEL, "model_family": "general"}]
    wish = {"beta_features": False, "when_unsupported": "warn", "models": later, **ROOT}
    assert found(Sandboxed("17.9"), **wish) == []


def test_agents_need_beta_features() -> None:
    """Before 18.9 with an online licence; and only where a self-hosted model is to serve them."""
    agents = {"features": ["duo_agent_platform"]}
    gpt = {**MODEL, "model_family": "gpt"}
    wish = {"models": [gpt], "settings": [{**agents, "model": "codestral"}]}
    beta = {"beta_features": True, "accept_testing_agreement": True, **ROOT}
    for version, expected in (("18.6", "warning"), ("18.7", "error"), ("18.8", "error")):
        ((severity, subject, what),) = found(Sandboxed(version), **wish)
        assert (severity, subject) == (expected, "feature duo_agent_platform")
        assert "refuses a self-hosted model for the Agent Platform while beta features are" in what
        assert found(Sandboxed(version), **wish, **beta) == []
        assert found(Sandboxed(version, beta_acceptances=["root"]), **wish) == []
        assert found(Sandboxed(version), settings=[{**agents, "provider": "disabled"}]) == []
    assert found(Sandboxed("18.9"), **wish) == []

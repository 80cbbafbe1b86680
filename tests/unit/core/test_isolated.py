# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Isolated sites: which runs are refused, and that no moment of any run opens a way out.

The ways out are determined here independently of the collection, from GitLab's own rows.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info as _info
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight as _preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    feature_model,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway as _gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import RELEASES, ROOT, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples

URL = "https://aigw.example.com"
SERVICE = "aigw.example.com:50052"
ENDPOINT = "https://vllm.example.com/v1"
STORED = {"name": "codestral", "model": "codestral", "endpoint": ENDPOINT}
INSIDE = {"ai_gateway_url": URL, "duo_agent_platform_service_url": SERVICE}


def outside(here: Sandboxed) -> set[str]:
    """Return the features that GitLab may serve from its cloud, by its rows; strictly read."""
    it = here.instance
    found = set()
    for name in it.catalog.features:
        row = it.feature_row(name)
        provider = row.provider if row else it.catalog.default_provider
        agents = name.startswith(("duo_agent_platform", "sast_", "secret_")) or "_dap" in name
        service = it.gateway.duo_agent_platform_service_url or not it.release.at_least(18, 4)
        closed = it.gateway.ai_gateway_url and (service or not agents)
        if provider == "vendored" or (provider != "disabled" and not closed):
            found.add(name)
    return found


def watch(here: Sandboxed) -> None:
    """Look after each request: what is inside stays inside."""
    last = outside(here)

    def look() -> None:
        nonlocal last
        now = outside(here)
        assert now <= last, f"opened: {sorted(now - last)}"
        last = now

    here.watch = look


# --- the role's orders, with the subjects themselves ---------------------------------------------
def configure(here: Sandboxed, wish: dict[str, Any]) -> dict[str, Any]:
    """Run the tasks of the role until one fails; return the preflight's result."""
    models, settings = wish["models"], wish["settings"]
    common = {"when_unsupported": wish["when_unsupported"]}
    preflight = here.run(
        _preflight.SUBJECT,
        isolated=True,
        beta_features=wish["beta"],
        accept_testing_agreement=True,
        gateway=wish["gateway"],
        models=models,
        settings=settings,
        **common,
        **ROOT,
    )
    going = [it for it in models if it.get("state") == "absent"]
    staying = [it for it in models if it not in going]
    beta = {"accept_testing_agreement": True, **ROOT}
    tasks: list[tuple[Any, dict[str, Any]]] = [
        (_gateway.SUBJECT, {**common, **wish["gateway"]}),
        *([(beta_features.SUBJECT, {"enabled": True, **beta})] if wish["beta"] else []),
        (self_hosted_model.SUBJECT, {**common, "models": staying}),
        (feature_model.SUBJECT, {**common, "settings": settings}),
        *([(beta_features.SUBJECT, {"enabled": False, **beta})] if wish["beta"] is False else []),
        (self_hosted_model.SUBJECT, {**common, "models": models, "exclusive": wish["exclusive"]}),
    ]
    if "failed" in preflight:
        return preflight
    for subject, options in tasks:
        if "failed" in here.run(subject, **options):
            return preflight
    assert outside(here) == set()
    assert here.run(_info.SUBJECT)["leaving"] == []
    return preflight


def take_down(here: Sandboxed) -> None:
    """Run the tasks of absent.yml."""
    before = here.run(_info.SUBJECT)
    names = [it["feature"] for it in before["features"]] + before["unseen_features"]
    settings = [{"features": names, "provider": "disabled"}]
    judged = here.run(_preflight.SUBJECT, isolated=True, state="absent", settings=settings)
    assert "failed" not in judged
    tasks: list[tuple[Any, dict[str, Any]]] = [
        (feature_model.SUBJECT, {"settings": settings}),
        (self_hosted_model.SUBJECT, {"models": [], "exclusive": True}),
        (beta_features.SUBJECT, {"enabled": False, **ROOT}),
        (_gateway.SUBJECT, {"state": "absent"}),
    ]
    for subject, options in tasks:
        if "failed" in here.run(subject, **options):
            return
    assert not here.instance.gateway.ai_gateway_url
    assert outside(here) == set()


@st.composite
def wishes(draw: st.DrawFn, here: Sandboxed) -> dict[str, Any]:
    """Return what an isolated site may declare: often enough what keeps everything inside."""
    features = sorted(here.instance.catalog.features)
    settings = [{"features": features, "provider": "disabled"}]
    if draw(st.booleans()):
        wish = draw(strategies.settings(here))
        settings = [dict(it) for it in wish.get("settings", [wish])]
        for it in settings:
            it.pop("when_unsupported", None)
            if draw(st.integers(0, 2)) and "model" not in it:
                it.pop("gitlab_model", None)
                it |= {"state": "present", "provider": "disabled"}
        rest = sorted(set(features) - {name for it in settings for name in it["features"]})
        if rest and draw(st.integers(0, 2)):
            settings.append({"features": rest, "provider": "disabled"})
    models = draw(strategies.models(here))
    if "models" not in models:
        models = {"models": [{k: v for k, v in models.items() if k != "when_unsupported"}]}
    cleared = [{"ai_gateway_url": ""}, {"duo_agent_platform_service_url": ""}]
    gateway = draw(st.sampled_from([INSIDE, INSIDE, INSIDE, {}, *cleared, *cleared]))
    return {
        "gateway": gateway,
        "models": models["models"] if draw(st.booleans()) else [],
        "exclusive": draw(st.booleans()),
        "settings": settings,
        "beta": draw(st.sampled_from([None, True, False])),
        "when_unsupported": "warn",
    }


@examples(90)
@given(strategies.instances(), st.data())
def test_no_moment_of_a_run_opens_a_way(here: Sandboxed, data: st.DataObject) -> None:
    wish = data.draw(wishes(here))
    note(f"{here.release} {here.stored()} {wish}")
    before = here.stored()
    watch(here)
    if "failed" in configure(here, wish):
        assert here.stored() == before
        assert here.writes == []


@examples(40)
@given(strategies.instances())
def test_no_moment_of_taking_down_opens_a_way(here: Sandboxed) -> None:
    note(f"{here.release} {here.stored()}")
    watch(here)
    take_down(here)


def closed(release: str, **seed: Any) -> Sandboxed:
    """Return an instance on which everything stays inside."""
    here = Sandboxed(release)
    gateway = INSIDE if here.instance.release.at_least(18, 4) else {"ai_gateway_url": URL}
    features = {name: {"provider": "disabled"} for name in here.instance.catalog.features}
    here.seed(gateway=gateway, models=[STORED], features=features, beta_acceptances=["root"])
    here.seed(**seed)
    return here


def judged(here: Sandboxed, **wish: Any) -> list[str]:
    """Return what is refused on an isolated site."""
    result = here.run(_preflight.SUBJECT, isolated=True, **wish)
    assert here.writes == []
    every = [it for it in result.get("findings", []) if it["severity"] == "error"]
    return [f"{it['what']} {it['action']}" for it in every if it["subject"] == "isolated site"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_closed_site_passes_and_a_default_one_does_not(release: str) -> None:
    here = closed(release)
    features = sorted(here.instance.catalog.features)
    wish = {"settings": [{"features": features, "provider": "disabled"}]}
    assert judged(here, **wish) == []
    assert here.run(_info.SUBJECT)["leaving"] == []
    # Nothing is set up: each feature that this release surely has is named.
    bare = Sandboxed(release)
    text = " ".join(judged(bare))
    info = bare.run(_info.SUBJECT)
    shown = {it["feature"] for it in info["features"]}
    assert [name for name in shown | set(info["unseen_features"]) if name not in text] == []
    assert {it["feature"] for it in info["leaving"] if it["certain"]} == shown


LEAKS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "declared as vendored": (
        {},
        {"settings": [{"features": ["duo_chat"], "provider": "vendored"}]},
        "With provider vendored, GitLab's cloud serves duo_chat (declared), even where a gateway "
        "is set. Declare a model for each, or provider disabled.",
    ),
    "a GitLab-managed model": (
        {},
        {"settings": [{"features": ["duo_chat"], "gitlab_model": "gpt_5"}]},
        "GitLab's cloud serves duo_chat (declared)",
    ),
    "vendored by hand": (
        {"features": {"duo_chat": {"provider": "vendored"}}},
        {},
        "GitLab's cloud serves duo_chat (not declared)",
    ),
    "offline, and vendored all the same": (
        {
            "features": {"duo_chat": {"provider": "vendored"}},
            "license": {"plan": "ultimate", "type": "offline_cloud"},
        },
        {},
        "GitLab's cloud serves duo_chat (not declared)",
    ),
    "no gateway": (
        {
            "gateway": {"ai_gateway_url": None},
            "features": {"duo_chat": {"provider": "unassigned"}},
        },
        {},
        "Without a gateway URL, requests of duo_chat (not declared) go, or may go, to GitLab's "
        "cloud. Declare ai_gateway_url, or provider disabled for each.",
    ),
    "the gateway is cleared": (
        {"features": {"duo_chat": {"provider": "unassigned"}}},
        {
            "gateway": {"ai_gateway_url": ""},
            "settings": [{"features": ["duo_chat"], "provider": "disabled"}],
        },
        "Clearing ai_gateway_url would open a way to GitLab's cloud for duo_chat, before the same "
        "run sets these features. Change the features first, in a separate run that does not touch "
        "the URLs.",
    ),
    "no service for agents": (
        {
            "gateway": {"duo_agent_platform_service_url": None},
            "features": {"duo_agent_platform": {"provider": "unassigned"}},
        },
        {},
        "Without a URL of the Agent Platform service, requests of duo_agent_platform (not ",
    ),
    "not shown": (
        {"beta_acceptances": []},
        {},
        "GitLab does not show the state of duo_chat_explain_vulnerability, ",
    ),
    "hidden by this run": (
        {},
        {"beta_features": False, **ROOT},
        "GitLab does not show the state of duo_chat_explain_vulnerability, ",
    ),
    "a model deleted by force": (
        {
            "gateway": {"ai_gateway_url": URL},
            "features": {"code_completions": {"provider": "disabled", "model": "codestral"}},
        },
        {
            "gateway": {"ai_gateway_url": ""},
            "models": [{"name": "codestral", "state": "absent", "force": True}],
        },
        "Without a gateway URL, requests of code_completions (not declared)",
    ),
    "Duo Core": (
        {"gateway": {"duo_core_features_enabled": True}},
        {},
        "GitLab Duo Core is on",
    ),
}


def test_duo_core_is_judged_as_it_will_be() -> None:
    here = closed("18.9", gateway={"duo_core_features_enabled": True})
    assert judged(here, duo_settings={"duo_core": False}) == []
    off = closed("18.9")
    (leak,) = judged(off, duo_settings={"duo_core": True})
    assert "GitLab Duo Core is on" in leak


@pytest.mark.parametrize("name", LEAKS)
def test_leak(name: str) -> None:
    seed, wish, part = LEAKS[name]
    here = closed("18.9", **seed)
    (leak,) = judged(here, **wish)
    assert part in leak


def test_only_an_isolated_site_is_held_to_it() -> None:
    here = Sandboxed("18.9", features={"duo_chat": {"provider": "vendored"}})
    result = here.run(_preflight.SUBJECT)
    assert "failed" not in result
    ways = {it["feature"]: it["reason"] for it in result["leaving"]}
    assert (ways["duo_chat"], ways["code_completions"]) == ("vendored", "no_gateway")


def test_features_are_not_handed_back_when_everything_goes() -> None:
    here = closed("18.9")
    features = sorted(here.instance.catalog.features)
    (leak,) = judged(here, state="absent", settings=[{"features": features, "state": "absent"}])
    assert leak.startswith(
        "Removing everything clears the gateway URL, after which GitLab's cloud would serve "
    )
    assert "duo_self_hosted_absent_features: disabled" in leak


def test_the_state_itself_can_be_judged() -> None:
    here = closed("18.9", features={"duo_chat": {"provider": "vendored"}})
    result = here.run(_info.SUBJECT, isolated=True)
    assert result["failure"]["code"] == "leaves-now"
    assert "duo_chat leave the site" in result["msg"]
    here.seed(features={"duo_chat": {"provider": "disabled"}}, beta_acceptances=[])
    result = here.run(_info.SUBJECT, isolated=True)
    assert "failed" not in result
    assert ["summarize_review" in text for text in result["warnings"]] == [True]


def test_an_offline_licence_makes_a_way_uncertain() -> None:
    offline = {"plan": "ultimate", "type": "offline_cloud"}
    here = closed("18.9", features={"duo_chat": {"provider": "vendored"}}, license=offline)
    assert here.run(_info.SUBJECT)["leaving"] == [
        {"feature": "duo_chat", "provider": "vendored", "reason": "vendored", "certain": False}
    ]


def test_what_is_skipped_or_refused_opens_nothing() -> None:
    """The refusal of a gateway is a finding of its own, and the gateway stays as it is."""
    here = closed("18.0")
    settings = [{"features": ["duo_agent_platform"], "model": "codestral"}]
    unsupported = {"gateway": {"duo_agent_platform_service_url": SERVICE}}
    before = judged(here)
    assert judged(here, **unsupported, settings=settings) == before
    assert judged(here, settings=settings, when_unsupported="skip") == before

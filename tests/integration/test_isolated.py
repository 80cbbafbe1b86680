# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on isolated sites: every refusal comes before the first write."""

from __future__ import annotations

from typing import Any

import worlds
from conftest import Play, Start
from scenarios import differences

from sandbox.app import create_app

CLOSED = ["17.10", "18.9", "19.4"]
ISOLATED = {"duo_self_hosted_isolated": True}


def declared(release: str) -> dict[str, Any]:
    """Return a declaration that keeps everything inside: what it does not use is disabled."""
    variables = worlds.declared(release)
    used = {name for it in variables["duo_self_hosted_features"] for name in it["features"]}
    known = create_app(release).state.instance.catalog.features
    rest = sorted(set(known) - used)
    disabled = [{"features": rest, "provider": "disabled"}] if rest else []
    features = [*variables["duo_self_hosted_features"], *disabled]
    return {**variables, "duo_self_hosted_features": features, **ISOLATED}


def test_isolated(play: Play, start: Start) -> None:
    """What stays inside is configured; what does not is left as it was, and named."""
    closed = dict(zip(CLOSED, start(*CLOSED), strict=True))
    (bare, back) = start("18.9", "18.9")
    back.seed(gateway={"ai_gateway_url": worlds.URL}, beta_acceptances=["root"])
    untouched = {"bare": bare, "back": back}
    gone = {"duo_self_hosted_state": "absent", "duo_self_hosted_absent_features": "default"}
    hosts = {
        **{name: worlds.hosts({name: it}, **declared(name))[name] for name, it in closed.items()},
        **worlds.hosts({"bare": bare}, **ISOLATED),
        **worlds.hosts({"back": back}, **ISOLATED, **gone),
    }
    check = play(worlds.ROLE, hosts, "--check", "--diff")
    real = play(worlds.ROLE, hosts, "--diff")
    again = play(worlds.ROLE, hosts, "--diff")
    for name, it in closed.items():
        assert [run.failed(name) for run in (check, real, again)] == [[], [], []]
        assert differences(worlds.expected(name), it.state()) == []
        assert real.one(name, "Verify that no feature leaves the site").values["leaving"] == []
        assert not any(result.changed for result in again.of(name))
        assert again.of(name, "Verify that no feature leaves the site") == []
    for name, instance in untouched.items():
        messages = [run.failed(name)[0].message for run in (check, real, again)]
        assert "(1) isolated site" in messages[0] or "Cannot continue: isolated site" in messages[0]
        assert "duo_agent_platform" in messages[0]
        assert "Nothing was changed." in messages[0]
        assert len(set(messages)) == 1
        assert [request for request in instance.requests() if request["write"]] == []


def test_taken_down(play: Play, start: Start) -> None:
    """Hidden features are disabled too, before the gateway goes."""
    (instance,) = start("18.9")
    instance.seed(gateway={"ai_gateway_url": worlds.URL})
    hosts = worlds.hosts({"here": instance}, duo_self_hosted_state="absent", **ISOLATED)
    play(worlds.ROLE, hosts).succeeded()
    state = instance.state()
    assert {it["provider"] for it in state["features"].values()} == {"disabled"}
    assert set(state["features"]) == set(create_app("18.9").state.instance.catalog.features)
    assert not state["gateway"]["ai_gateway_url"]

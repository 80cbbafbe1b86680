# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the role warns of the consequences of its variables, and of nothing else."""

from __future__ import annotations

from typing import Any

from conftest import Play, Start
from sandbox_client import Instance
from test_upgrades import host, of_play, role

GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "http://localhost:8000/v1",
    "identifier": "custom_openai/codestral-22b",
}
CODE = {"features": ["code_completions", "code_generations"], "model": "codestral"}


def declared(instance: Instance, **variables: Any) -> dict[str, Any]:
    """Return a host with a model on loopback, and features that nobody declares."""
    common = {
        "duo_self_hosted_gateway": GATEWAY,
        "duo_self_hosted_models": [MODEL],
        "duo_self_hosted_features": [CODE],
        "duo_self_hosted_verify": False,
    }
    return host(instance, **common, **variables)


def test_it_is_said_once(play: Play, start: Start) -> None:
    """Of features without a model and of an endpoint on loopback, in the dry and the real run."""
    (instance,) = start("18.9")
    hosts = {"gitlab": declared(instance)}
    for arguments in (("--check",), (), ()):
        run = play([role("role", "all")], hosts, *arguments).succeeded()
        squeezed = "".join(run.output.split())
        assert squeezed.count("havenomodelandfail:") == 1
        assert squeezed.count("solocalhost(ofcodestral)") == 1
        (preflight, *_others) = of_play(run, "gitlab", "role")
        (told,) = [text for text in preflight.warnings if "have no model and fail" in text]
        assert "duo_chat" in told
        assert "- {features: [" in told


def test_only_a_near_miss_of_a_variable_stops_a_run(play: Play, start: Start) -> None:
    sound, slipped = start("18.9", "18.9")
    own = {"duo_self_hosted_vllm_host": "v.example.com", "duo_self_hosted_models_berlin": []}
    hosts = {
        "sound": declared(sound, **own),
        "slipped": declared(slipped, **own, duo_self_hosted_featurs=[]),
    }
    run = play([role("role", "all")], hosts)
    assert run.failed("sound") == []
    (failure,) = run.failed("slipped")
    assert "variable duo_self_hosted_featurs" in failure.message
    assert "Did you mean duo_self_hosted_features?" in failure.message
    assert slipped.writes() == []


def test_a_contradiction_is_refused(play: Play, start: Start) -> None:
    (instance,) = start("18.9")
    task = {
        "name": "gone",
        "gitlab_ops.duo.duo_gateway": {**instance.options, "state": "absent", **GATEWAY},
        "delegate_to": "localhost",
    }
    run = play(
        [{"name": "p", "hosts": "all", "gather_facts": False, "tasks": [task]}],
        {"gitlab": host(instance)},
    )
    (failure,) = run.failed("gitlab")
    assert "ai_gateway_url would be ignored" in failure.message
    assert failure.requests == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dry run of the role predicts refusals under a licence, and a real run ends the same way.

A sample; each licence, feature and provider is in the unit tests (test_permissions.py).
"""

from __future__ import annotations

from typing import Any

import worlds
from conftest import Play, Start

AGENTS = {"features": ["duo_agent_platform"], "model": "claude"}
VENDORED = {"features": ["duo_chat"], "provider": "vendored"}
CLAUDE = {
    "name": "claude",
    "model_family": "claude_3",
    "endpoint": "https://claude.example.com/v1",
    "identifier": "custom_openai/claude",
}
OFFLINE = {"license": {"plan": "ultimate", "type": "offline_cloud"}}
AWAY = {"options": {"cloud_reachable": False}}
ON = {"enabled": True, "accept_testing_agreement": True}
# Name, release, state, the feature, more variables, and what the refusal says; none: it is done.
SAMPLE: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ("offline", "18.9", OFFLINE, AGENTS, {}, "needs the add-on GitLab Duo Agent Platform"),
    ("offline-19", "19.5", OFFLINE, AGENTS, {}, "needs the add-on GitLab Duo Agent Platform"),
    ("add-on", "18.9", {**OFFLINE, "add_ons": [{"name": "SELF_HOSTED_DAP"}]}, AGENTS, {}, ""),
    ("no-add-on", "19.5", {"add_ons": []}, AGENTS, {}, ""),
    ("beta-off", "18.7", {}, AGENTS, {}, "while beta features are off"),
    ("beta-on", "18.7", {}, AGENTS, {"duo_self_hosted_beta_features": ON}, ""),
    ("no-list", "18.9", AWAY, VENDORED, {}, "cannot fetch the list of its own models"),
    ("no-list-19", "19.5", AWAY, VENDORED, {}, "cannot fetch the list of its own models"),
    ("offline-vendored", "18.9", {**AWAY, **OFFLINE}, VENDORED, {}, ""),
]


def test_the_dry_run_promises_what_the_real_run_does(play: Play, start: Start) -> None:
    instances = dict(zip([it[0] for it in SAMPLE], start(*(it[1] for it in SAMPLE)), strict=True))
    hosts: dict[str, Any] = {}
    for name, _release, seed, setting, more, _said in SAMPLE:
        instances[name].seed(**seed)
        variables = {
            "duo_self_hosted_admin": worlds.ADMIN,
            "duo_self_hosted_gateway": {"ai_gateway_url": worlds.URL},
            "duo_self_hosted_models": [CLAUDE],
            "duo_self_hosted_features": [setting],
            "duo_self_hosted_beta_features": {},
            "duo_self_hosted_verify": False,
            **more,
        }
        hosts |= worlds.hosts({name: instances[name]}, **variables)
    check = play(worlds.ROLE, hosts, "--check", "--diff")
    real = play(worlds.ROLE, hosts, "--diff")
    for name, _release, _seed, _setting, _more, said in SAMPLE:
        failures = [[it.message for it in run.failed(name)] for run in (check, real)]
        assert failures[0] == failures[1], name
        writes = [request for request in instances[name].requests() if request["write"]]
        assert bool(failures[0]) is bool(said) is not bool(writes), name
        if said:
            assert said in failures[0][0]
            assert "feature duo_" in failures[0][0]
            assert "Nothing was changed." in failures[0][0]

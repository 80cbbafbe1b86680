# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Junk in the variables of the role, a host for each kind: one sentence, and nothing written.

It tries the mistakes of inventories: another type, a list instead of a dictionary, an empty value,
a name twice, a template with an undefined variable.
"""

from __future__ import annotations

from typing import Any

import worlds
from conftest import Count, Play, Start
from playbook import Result
from scenarios import differences

PREFIX = "duo_self_hosted_"
MODEL = worlds.declared("18.9")[PREFIX + "models"][0]
SETTING = {"features": ["duo_chat"], "model": "codestral"}
DEEP: dict[str, Any] = {"x": "x"}
for _level in range(50):
    DEEP = {"x": DEEP}

# Name: variables without their prefix, and a part of what the failure says.
JUNK: dict[str, tuple[dict[str, Any], str]] = {
    "url-empty": ({"api_url": ""}, "api_url"),
    "url-null": ({"api_url": None}, "api_url"),
    "url-list": ({"api_url": ["https://gitlab.example.com"]}, "api_url"),
    "url-number": ({"api_url": 7}, "api_url"),
    "url-line": ({"api_url": "https://gitlab.example.com\nx"}, "api_url"),
    "token-empty": ({"api_token": ""}, "api_token"),
    "token-null": ({"api_token": None}, "api_token"),
    "token-control": ({"api_token": "glpat-\x07"}, "api_token"),
    "token-undefined": ({"api_token": "{{ nowhere }}"}, "nowhere"),
    "models-dict": ({"models": {"codestral": MODEL}}, "models"),
    "models-text": ({"models": "codestral"}, "duo_self_hosted_models is text; a list is needed"),
    "models-of-text": ({"models": [MODEL, "mistral"]}, "models[1] is not a dictionary"),
    "models-of-null": ({"models": [None]}, "models[0] is not a dictionary"),
    "models-of-lists": ({"models": [[MODEL]]}, "models[0] is not a dictionary"),
    "models-number": ({"models": 7}, "models"),
    "models-huge": ({"models": [{**MODEL, "name": ""}] * 2000}, "name"),
    "models-twice": ({"models": [MODEL, MODEL]}, "codestral"),
    "model-nameless": ({"models": [{**MODEL, "name": None}]}, "name"),
    "model-unknown": ({"models": [{**MODEL, "api_keys": "x"}]}, "api_keys"),
    "model-typed": ({"models": [{**MODEL, "endpoint": {"url": "x"}}]}, "endpoint"),
    "model-forced": ({"models": [{**MODEL, "force": "perhaps"}]}, "force"),
    "model-state": ({"models": [{**MODEL, "state": "gone"}]}, "state"),
    "model-template": ({"models": [{**MODEL, "name": "{{ nowhere.name }}"}]}, "nowhere"),
    "model-recursive": ({"models": "{{ duo_self_hosted_models }}"}, "ecursive"),
    "model-broken": ({"models": [{**MODEL, "name": "{{ 1 +"}]}, "template"),
    "features-dict": ({"features": {"duo_chat": "codestral"}}, "features"),
    "features-text": ({"features": "duo_chat"}, "duo_self_hosted_features is text; a list is"),
    "features-empty": ({"features": [{"features": [], "model": "codestral"}]}, "features"),
    "features-null": ({"features": [{"features": None, "model": "codestral"}]}, "features"),
    "features-twice": ({"features": [SETTING, {**SETTING, "model": "mistral"}]}, "duo_chat"),
    "features-unknown": ({"features": [{**SETTING, "features": ["duo_chad"]}]}, "duo_chad"),
    "features-huge": (
        {"features": [{**SETTING, "features": [f"f{n}" for n in range(5000)]}]},
        "f0",
    ),
    "features-typed": ({"features": [{**SETTING, "features": [{"a": 1}]}]}, "features"),
    "feature-model": ({"features": [{**SETTING, "model": ["codestral"]}]}, "model"),
    "gateway-list": ({"gateway": [{"ai_gateway_url": worlds.URL}]}, "gateway"),
    "gateway-text": ({"gateway": worlds.URL}, "gateway"),
    "gateway-unknown": ({"gateway": {"url": worlds.URL}}, "url"),
    "gateway-deep": ({"gateway": DEEP}, "gateway"),
    "gateway-time": (
        {"gateway": {"ai_gateway_url": worlds.URL, "ai_gateway_timeout_seconds": "soon"}},
        "ai_gateway_timeout_seconds",
    ),
    "beta-bool": ({"beta_features": True}, "beta_features"),
    "beta-perhaps": ({"beta_features": {"enabled": "perhaps"}}, "enabled"),
    "admin-list": ({"admin": ["root"]}, "admin"),
    "admin-via": ({"admin": {"via": "magic"}}, "via"),
    "connection-list": ({"connection": [1]}, "connection"),
    "connection-time": ({"connection": {"timeout": "never"}}, "timeout"),
    "connection-token": ({"connection": {"token": "x"}}, "token"),
    "state": ({"state": "absnet"}, "absnet"),
    "isolated": ({"isolated": "perhaps"}, "isolated"),
    "ready": ({"ready_timeout": [60]}, "ready_timeout"),
    "unknown-name": ({"modles": []}, "duo_self_hosted_modles"),
}
# Left empty in YAML (`duo_self_hosted_models:`): null, which may mean anything.
EMPTY = ("admin", "beta_features", "connection", "features", "gateway", "models")
SOUND = ("sound-1", "sound-2")


def test_junk_in_an_inventory(play: Play, start: Start, count: Count) -> None:
    """Each junk host fails once, in one line; none of them is touched; the sound ones are done."""
    expected = {name: said for name, (_variables, said) in JUNK.items()}
    expected |= {f"null-{key}": key for key in EMPTY}
    names = [*expected, *SOUND]
    instances = dict(zip(names, start(*("18.9" for _name in names)), strict=True))
    hosts = worlds.hosts(instances)
    for name, (variables, _said) in JUNK.items():
        hosts[name].update({PREFIX + key: value for key, value in variables.items()})
    for key in EMPTY:
        hosts[f"null-{key}"][PREFIX + key] = None
    before = {name: instance.state() for name, instance in instances.items()}
    run = play(worlds.ROLE, hosts, forks=8)

    assert "Traceback" not in run.output
    assert not [key for key in worlds.KEYS.values() if key in run.output]
    wrong = {}
    for name, said in expected.items():
        failed = run.failed(name)
        if len(failed) != 1 or not _is_clear(failed[0], said) or instances[name].writes():
            wrong[name] = [(it.task, it.code, it.message[:600]) for it in failed]
        assert instances[name].state() == before[name], name
    assert wrong == {}
    for name in SOUND:
        assert run.failed(name) == []
        assert differences(worlds.expected("18.9"), instances[name].state()) == []
    count("inventories with junk", len(expected))


def _is_clear(result: Result, said: str) -> bool:
    """Return whether a failure names what is wrong, in a sentence of ours or in Ansible's words."""
    if result.task.startswith("Validating arguments"):
        # A line for each thing that it refuses.
        lines = result.message.removeprefix("Validation of arguments failed:\n").splitlines()
        return 0 < len(lines) <= 5 and max(map(len, lines)) < 1000
    one = "\n" not in result.message and len(result.message) <= 10_000
    return one and result.code != "unexpected" and said in result.message

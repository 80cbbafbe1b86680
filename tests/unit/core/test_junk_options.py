# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Junk in the options of every module: one sentence and nothing written, or a result.

``DUO_TORTURE=full`` tries thousands, ``make torture`` does that.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given, note

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    health,
    info,
    preflight,
    upgrade_check,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    agent_platform,
    beta_features,
    feature_model,
    gateway,
    seats,
    self_hosted_model,
    settings,
    subscription,
)
from ansible_collections.gitlab_ops.duo.tests.integration.torture.figures import Count
from ansible_collections.gitlab_ops.duo.tests.unit.core import junk
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, URL, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples
from sandbox import credentials

CONNECTION = {"api_url": URL, "api_token": credentials.ADMIN_TOKEN, "timeout": 30, "retries": 1}
MODEL = {
    "name": "new",
    "model_family": "mistral",
    "endpoint": "https://m.example.com/v1",
    "identifier": "custom_openai/m",
    "deployment_method": "vllm",
    "api_key": "key-that-is-given-0001",
}
SETTING = {"features": ["code_completions", "duo_chat"], "model": "old"}
GATEWAY = {
    "ai_gateway_url": "https://aigw.example.com",
    "ai_gateway_timeout_seconds": 90,
    "duo_agent_platform_service_url": "aigw.example.com:50052",
}
SEATS = {"add_on": "duo_enterprise", "users": ["root", "alice"], "confirm_empty": False}
DUO_SETTINGS = {
    "availability": "default_on",
    "direct_code_suggestions": False,
    "duo_core": True,
    "documentation_url": "https://docs.example.com",
    "chat_retention_days": 7,
    "workflow_image_registry": "registry.example.com:5000",
    "minimum_access_level_manage": "default",
}
SEED: dict[str, Any] = {
    "models": [
        {"name": "old", "model": "mistral", "endpoint": "https://o.example.com/v1"},
        {"name": "unused", "model": "gpt", "endpoint": "https://u.example.com/v1"},
    ],
    "features": {"code_generations": {"provider": "self_hosted", "model": "old"}},
}
CHANGE = {
    "subject": "self_hosted_model",
    "name": "old",
    "field": "name",
    "before": "old",
    "after": "renamed",
}
PLAN = {
    "to_do": True,
    "certain": True,
    "approved": False,
    "changes": [{**CHANGE, "subject": "feature_model", "name": "duo_chat", "field": "model"}],
    "preceding": [CHANGE],
    "unsupported": [{"subject": "self_hosted_model", "name": "m", "what": "It is too new."}],
}
# Name: subject, and options that are sound.
SOUND: dict[str, tuple[Subject, dict[str, Any]]] = {
    "gateway": (gateway.SUBJECT, GATEWAY),
    "model": (self_hosted_model.SUBJECT, MODEL),
    "models": (
        self_hosted_model.SUBJECT,
        {"models": [MODEL, {"name": "unused", "state": "absent"}], "plan": PLAN},
    ),
    "feature": (feature_model.SUBJECT, SETTING),
    "features": (
        feature_model.SUBJECT,
        {
            "settings": [SETTING, {"features": ["duo_chat_fix_code"], "provider": "disabled"}],
            "plan": PLAN,
        },
    ),
    "beta": (
        beta_features.SUBJECT,
        {"enabled": True, "accept_testing_agreement": True, **ROOT, "via": "session"},
    ),
    "flows": (agent_platform.SUBJECT, {"state": "connected", **ROOT, "when_unknown": "keep"}),
    "seats": (seats.SUBJECT, {**SEATS, "state": "present", "exclusive": True}),
    "settings": (settings.SUBJECT, {**DUO_SETTINGS, "plan": PLAN}),
    "subscription": (subscription.SUBJECT, {"sync": "always", **ROOT}),
    "preflight": (
        preflight.SUBJECT,
        {
            "gateway": GATEWAY,
            "duo_settings": DUO_SETTINGS,
            "models": [MODEL],
            "settings": [SETTING],
            "beta_features": False,
            "agent_platform": {"state": "connected", "when_unknown": "keep"},
            **ROOT,
            "manage_outbound_allowlist": True,
            "unknown_variables": [],
            "ready_timeout": 0,
        },
    ),
    "health": (
        health.SUBJECT,
        {
            "checks": ["probes"],
            "models": ["m"],
            "attempts": 1,
            "delay": 0,
            "settings": [SETTING],
            "fail_on": "never",
        },
    ),
    "info": (info.SUBJECT, {"via": "auto", **ROOT}),
    "upgrade": (
        upgrade_check.SUBJECT,
        {"target_version": "19.1", "models": [MODEL], "settings": [SETTING], "fail_on": "never"},
    ),
}


def task(here: Sandboxed, subject: Subject, options: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a task as the doors do it, from raw options on; a bug is raised."""
    arguments = dict(subject.arguments.constraints())
    spec = arguments.pop("argument_spec")
    try:
        validation = ArgumentSpecValidator(spec, **arguments).validate(options)
    except Exception:
        # Its own bug, which the action plugin turns into a sentence.
        return {"failed": True, "msg": "refused by Ansible"}
    if validation.error_messages:
        return {"failed": True, "msg": "refused by Ansible"}
    return here.run(subject, **{name: validation.validated_parameters[name] for name in spec})


def hold(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Run a task with junk and hold it to what it promises; return its result."""
    here = Sandboxed("18.9", **SEED)
    before = here.stored()
    result = task(here, SOUND[name][0], options)
    json.dumps(result)
    if result.get("failed"):
        assert junk.unfit(result["msg"]) == []
        failure = result.get("failure")
        if failure is None or failure["code"] == "invalid-option":
            assert here.requests == []
        if not (failure and (failure["done"] or failure["unknown"])):
            assert here.stored() == before
    else:
        assert result["changed"] or here.stored() == before
    return result


@pytest.mark.parametrize("name", SOUND)
def test_sound_options_go_through(name: str) -> None:
    """Else the junk would be refused for the wrong reason."""
    assert "failed" not in hold(name, {**CONNECTION, **SOUND[name][1]})


@pytest.mark.parametrize("name", SOUND)
def test_junk_in_options(name: str, count: Count) -> None:
    tried = []

    @examples(40, full=500)
    @given(junk.damaged({**CONNECTION, **SOUND[name][1]}).filter(_is_a_task))
    def run(options: dict[str, Any]) -> None:
        note(repr(options)[:3000])
        tried.append(hold(name, options))

    run()
    count("junk options of modules", len(tried))


def _is_a_task(options: Any) -> bool:
    # Commands are run, by whoever may write them into a task; and loopback is a real address.
    return isinstance(options, dict) and not options.get("rails_command")


@pytest.mark.parametrize("name", SOUND)
def test_ten_megabytes_in_an_option(name: str, count: Count) -> None:
    """In each place where a text can be."""
    sound = {**CONNECTION, **SOUND[name][1]}
    spots = [it for it in junk.places(sound) if isinstance(junk.at(sound, it), str)]
    for place in spots:
        hold(name, junk.put(sound, place, "x" * 10_000_000))
    count("options of 10 MB", len(spots))

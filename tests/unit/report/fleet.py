# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results as modules return them, for reports of fleets of any size."""

from __future__ import annotations

from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.objects import about
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import Report, Run
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_collect import Collector

RUN = Run("2026-11-23T10:00:00+00:00", "2026-11-23T10:05:00+00:00", "configure.yml", True, "2.21.5")
TITLE = "GitLab Duo Self-Hosted"
# What an attacker would name a model, or have GitLab answer.
HOSTILE = "</script><img src=x onerror=alert(1)> `@all` | \"'& {{ 7*7 }} ]]> \x00\x1b[31m"
VERSIONS = ("17.9.3", "18.9.2", "19.4.0")


def failure(code: str, what: str, subject: str = "", **lists: Any) -> dict[str, Any]:
    """Return the result of a task that failed."""
    url = "https://gitlab.example.com"
    told = {"code": code, "instance": url, "about": subject}
    return {
        "failed": True,
        "instance": {"url": url},
        "failure": {**told, "what": what, "next_step": "Mend it.", **lists},
    }


def planned(*to_do: str) -> dict[str, Any]:
    """Return a plan of the preflight, by the names of the steps that have something to do."""
    steps = ("gateway", "beta_features_on", "models", "features", "agent_platform")
    steps += ("clean_up", "beta_features_off", "seats")
    return {"to_do": bool(to_do), "steps": {name: {"to_do": name in to_do} for name in steps}}


def seen(version: str = "18.9.2", **more: Any) -> dict[str, Any]:
    """Return the result of a preflight on an instance that is as declared."""
    return {
        "changed": False,
        "findings": [],
        "declared": {"gateway": True, "models": True, "beta_features": True, "features": True},
        "plan": planned(),
        "instance": {"url": "https://gitlab.example.com", "version": version, "enterprise": True},
        "license": {"plan": "ultimate", "type": "online_cloud", "add_ons": []},
        "gateway": {"ai_gateway_url": "https://aigw.example.com", "ai_gateway_timeout_seconds": 60},
        "models": [
            {
                "name": "codestral",
                "model_family": "codestral",
                "endpoint": "https://vllm.example.com/v1",
                "identifier": "custom_openai/codestral",
            }
        ],
        "beta_features": {"enabled": True},
        "features": [{"feature": "duo_chat", "provider": "self_hosted", "model": "codestral"}],
        **more,
    }


def differs(subject: str, before: Any, after: Any, name: str = "", **more: Any) -> dict[str, Any]:
    """Return the result of a task that changes one setting."""
    entry = {"subject": subject, "name": name, "field": "value", "before": before, "after": after}
    return {
        "changed": True,
        "changes": [entry],
        "steps": [f"change {about(subject, name)}"],
        "instance": {"url": "https://gitlab.example.com"},
        **more,
    }


def one(*results: tuple[str, dict[str, Any]], check_mode: bool = True, **more: Any) -> Report:
    """Return the report of one instance, ``site``, from (module, result)."""
    collector = Collector()
    for module, result in results:
        add(collector, "site", module, result, check_mode=check_mode, **more)
    return collector.report(TITLE, RUN)


def add(
    collector: Collector,
    name: str,
    module: str,
    result: dict[str, Any],
    *,
    check_mode: bool = True,
    when: str = "2026-11-23T10:01:00+00:00",
) -> None:
    """Hand a result to a collector, as the callback does."""
    failed = bool(result.get("failed"))
    collector.add(name, module, result, failed=failed, check_mode=check_mode, when=when)


def many(count: int, text: str = "GitLab refused it.") -> Report:
    """Return the report of a fleet in all states, with a text of your own in all places."""
    collector = Collector()
    names = [f"site-{number:03}" for number in range(count)]
    collector.expect([*names, "later"])
    cloud = {"feature": "duo_chat", "provider": "vendored"}
    for number, name in enumerate(names):
        version = VERSIONS[number % 3]
        if number % 10 == 3:
            add(collector, name, "duo_preflight", failure("token-refused", text))
            continue
        if number % 20 == 7:
            add(collector, name, "duo_preflight", failure("unreachable", text))
            continue
        away = {"features": [cloud]} if number % 5 == 1 else {}
        add(collector, name, "duo_preflight", seen(version, **away))
        gateway = differs("gateway", "", text) if number % 4 == 0 else {"changed": False}
        add(collector, name, "duo_gateway", gateway)
        if number % 30 == 4:
            broken = failure("refused", text, f"self-hosted model {text}", not_done=[text])
            add(collector, name, "duo_self_hosted_model", broken)
            continue
        add(collector, name, "duo_self_hosted_model", {"changed": False, "warnings": [text]})
        changed = differs("feature_model", "vendored", text, text) if away else {"changed": False}
        add(collector, name, "duo_feature_model", changed)
    return collector.report(TITLE, RUN)

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances before an upgrade, and the findings for them."""

from __future__ import annotations

from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import upgrade_check
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = upgrade_check.SUBJECT


def findings(here: Sandboxed, target: str, **wish: Any) -> list[dict[str, Any]]:
    """Return the findings, whatever they mean."""
    result = here.run(SUBJECT, target_version=target, fail_on="never", **wish)
    assert "failed" not in result, result["msg"]
    assert (result["changed"], here.writes) == (False, [])
    return list(result["findings"])


def texts(here: Sandboxed, target: str, **wish: Any) -> list[str]:
    """Return what is found."""
    return [it["what"] for it in findings(here, target, **wish)]


GATEWAY = {"gateway": {"ai_gateway_url": "https://aigw.example.com"}}


def with_model(name: str, identifier: str, model: str = "gpt", **more: Any) -> dict[str, Any]:
    """Return the seed of an instance with one model."""
    endpoint = "https://vllm.example.com/v1"
    one = {"name": name, "model": model, "endpoint": endpoint, "identifier": identifier}
    return {"models": [one], **more}


def agents(**more: Any) -> dict[str, Any]:
    """Return the seed of an instance whose Agent Platform has a self-hosted model."""
    setting = {"provider": "self_hosted", "model": "gpt"}
    return with_model("gpt", "custom_openai/gpt", features={"duo_agent_platform": setting}, **more)


def suggestions(**more: Any) -> dict[str, Any]:
    """Return the seed of an instance that completes code by a self-hosted model."""
    setting = {"provider": "self_hosted", "model": "gpt"}
    return with_model("gpt", "custom_openai/gpt", features={"code_completions": setting}, **more)


def flow(**more: Any) -> dict[str, Any]:
    """Return the seed of an instance where one flow has a self-hosted model, agents have none."""
    setting = {"provider": "self_hosted", "model": "gpt"}
    features = {"sast_vulnerability_resolution": setting}
    return with_model("gpt", "custom_openai/gpt", features=features, **more)


OFFLINE = {"license": {"type": "offline_cloud"}}
DAP = {"add_ons": [{"name": "DUO_ENTERPRISE"}, {"name": "SELF_HOSTED_DAP"}]}

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of the preflight share: a declaration, instances for it, and their findings."""

from __future__ import annotations

from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = preflight.SUBJECT
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
CODE = {"features": ["code_completions"], "model": "codestral"}
DECLARED = {"gateway": GATEWAY, "models": [MODEL], "settings": [CODE]}
STORED = {"name": "codestral", "model": "codestral", "endpoint": MODEL["endpoint"]}


def settled(release: str, **seed: Any) -> Sandboxed:
    """Return an instance on which no feature is left without a decision."""
    here = Sandboxed(release)
    off = {name: {"provider": "disabled"} for name in here.instance.catalog.features}
    return Sandboxed(release, **{**seed, "features": {**off, **seed.get("features", {})}})


def found(here: Sandboxed, **wish: Any) -> list[tuple[str, str, str]]:
    """Return severity, subject and sentence of the findings."""
    result = here.dry(SUBJECT, **wish)
    findings = result.get("findings", [])
    return [(it["severity"], it["subject"], it["what"]) for it in findings]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run as the role makes it: the preflight plans it, and each task gets its part of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.composition import STEPS
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    agent_platform,
    beta_features,
    feature_model,
    gateway,
    seats,
    self_hosted_model,
    settings,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed

# What only the preflight is told.
ASIDE = ("manage_outbound_allowlist", "plan_file", "approved_plan", "plan_max_age")


def planned(here: Sandboxed, wish: dict[str, Any]) -> dict[str, Any]:
    """Return the plan that a preflight in check mode makes; it refuses nothing."""
    result = here.dry(preflight.SUBJECT, **wish)
    assert "failed" not in result, result["msg"]
    plan: dict[str, Any] = result["plan"]
    assert list(plan["steps"]) == list(STEPS)
    assert plan["changes"] == [it for step in plan["steps"].values() for it in step["changes"]]
    assert plan["to_do"] is any(step["to_do"] for step in plan["steps"].values())
    return plan


def tasks(wish: dict[str, Any], plan: dict[str, Any]) -> Iterator[tuple[str, Subject, Any]]:
    """Yield the step, the subject and the options of each task of a run, in their order."""
    common = {"when_unsupported": wish.get("when_unsupported", "fail")}
    root = {name: wish[name] for name in ROOT if name in wish}
    flows = wish.get("agent_platform", {})
    beta = {
        **root,
        "enabled": bool(wish.get("beta_features")),
        "accept_testing_agreement": wish.get("accept_testing_agreement", False),
    }
    present = [it for it in wish.get("models", []) if it.get("state", "present") == "present"]
    clean_up = {"models": plan["clean_up"], "exclusive": wish.get("models_exclusive", False)}
    options: dict[str, tuple[Subject, dict[str, Any]]] = {
        "settings_closing": (settings.SUBJECT, {**plan["settings"]["closing"], **common}),
        "gateway": (gateway.SUBJECT, {**wish.get("gateway", {}), **common}),
        "beta_features_on": (beta_features.SUBJECT, beta),
        "models": (self_hosted_model.SUBJECT, {"models": present, **common}),
        "features": (feature_model.SUBJECT, {"settings": wish.get("settings", []), **common}),
        "agent_platform": (agent_platform.SUBJECT, {**root, **flows, **common}),
        "clean_up": (self_hosted_model.SUBJECT, clean_up),
        "beta_features_off": (beta_features.SUBJECT, beta),
        "settings_opening": (settings.SUBJECT, {**plan["settings"]["opening"], **common}),
        "seats": (seats.SUBJECT, wish.get("seats", {})),
    }
    for name in STEPS:
        subject, given = options[name]
        yield name, subject, {**given, "plan": plan["steps"][name]}


def carried_out(
    here: Sandboxed, wish: dict[str, Any], plan: dict[str, Any], *, check: bool = False
) -> dict[str, dict[str, Any]]:
    """Run the tasks that have something to do; return their results up to the first failure."""
    results = {}
    for name, subject, options in tasks(wish, plan):
        if plan["steps"][name]["to_do"]:
            results[name] = here.run(subject, check=check, **options)
            if "failed" in results[name]:
                break
    return results


def lines(results: dict[str, dict[str, Any]]) -> list[str]:
    """Return what tasks say that they change."""
    return [line for result in results.values() for line in result["steps"]]

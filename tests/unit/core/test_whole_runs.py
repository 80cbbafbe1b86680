# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""On every state of every release, a run carries out exactly the plan that the preflight made.

Each task, given its part of the plan, plans the same part: in check mode before anything is done,
and in a real run after the tasks before it. A task with nothing to do would change nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.composition import STEPS
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import planned, tasks
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import (
    examples,
    gitlabs_own,
    hidden_name,
)
from sandbox import credentials


def keys(changes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return what changes come to; what was before may not be visible beforehand."""
    return [
        tuple(str(it[name]) for name in ("subject", "name", "field", "after")) for it in changes
    ]


def test_the_plan_is_what_is_done() -> None:
    seen: Counter[str] = Counter()

    @examples(120, full=2000)
    @given(strategies.instances(), st.data())
    def run(here: Sandboxed, data: st.DataObject) -> None:
        wish = data.draw(strategies.runs(here))
        note(f"{here.release} {here.stored()}")
        seen[_hold(here, wish)] += 1

    run()
    # Else it would hold because nothing happens.
    assert seen["done"] > 20, seen


def _hold(here: Sandboxed, wish: dict[str, Any]) -> str:
    """Plan a run, try it and carry it out; return what became of it."""
    before = here.stored()
    result = here.dry(preflight.SUBJECT, **wish)
    text = str(result)
    assert not [it for it in (*strategies.SECRETS, credentials.ADMIN_TOKEN) if it in text]
    assert (here.writes, here.stored()) == ([], before)
    if "failed" in result:
        real = here.run(preflight.SUBJECT, **wish)
        assert real["findings"] == result["findings"]
        assert here.stored() == before
        # What beta features would show, or hide, is no matter of one task.
        assert wish["beta_features"] is not None or _is_refused(here, wish), real["msg"]
        return "refused"
    plan = planned(here, wish)
    steps = plan["steps"]
    for name, subject, options in tasks(wish, plan):
        if _runs(name, wish, steps):
            dry = here.dry(subject, **options)
            assert "failed" not in dry, (name, dry["msg"])
            assert dry["changes"] == steps[name]["changes"], name
    assert here.stored() == before
    turned_on = steps["beta_features_on"]["to_do"]
    for name, subject, options in tasks(wish, plan):
        if not _runs(name, wish, steps):
            continue
        real = here.run(subject, **options)
        if "failed" in real:
            assert _nobody_knew(here, wish, real), (name, real["msg"])
            return "failed"
        done, foreseen = keys(real["changes"]), keys(steps[name]["changes"])
        if not steps[name]["certain"]:
            continue
        if turned_on:
            assert set(done) <= set(foreseen), name
        else:
            assert real["changes"] == steps[name]["changes"], name
        assert not any("since the preflight" in it for it in real["warnings"])
    return "done" if plan["to_do"] else "nothing to do"


def _is_refused(here: Sandboxed, wish: dict[str, Any]) -> bool:
    """Return whether a task of the run is refused, if no preflight stops it before."""
    for name in ("gateway", "models", "features", "clean_up"):
        there = {model.name for model in here.instance.models}
        names = [it.get("new_name") or it["name"] for it in wish["models"]]
        kept = [
            it if it.get("state") == "absent" else {"name": new}
            for it, new in zip(wish["models"], names, strict=True)
            if it.get("state") == "absent" or new in there
        ]
        plan = {
            "steps": dict.fromkeys(STEPS),
            "clean_up": kept,
            "settings": {"closing": {}, "opening": {}},
        }
        (task,) = (it for it in tasks(wish, plan) if it[0] == name)
        if "failed" in here.run(task[1], **task[2]):
            return True
    return False


def _runs(name: str, wish: dict[str, Any], steps: dict[str, Any]) -> bool:
    """Return whether a task makes sense: one that has nothing to do as well, to prove that."""
    if name.startswith(("beta", "agent_platform", "settings", "seats")):
        return bool(steps[name]["to_do"])
    if name == "clean_up":
        absent = any(it.get("state") == "absent" for it in wish["models"])
        return absent or wish["models_exclusive"]
    return True


def _nobody_knew(here: Sandboxed, wish: dict[str, Any], real: dict[str, Any]) -> bool:
    """Return whether what a task is refused for could not be seen beforehand."""
    code = real["failure"]["code"]
    return (
        code == messages.BETA_STAYS_ON.code
        # Whether it existed was hidden before beta features were on; a warning said so.
        or (wish["beta_features"] is True and code == messages.MODEL_INCOMPLETE.code)
        # One of the two names was hidden before beta features were on.
        or (wish["beta_features"] is True and code == messages.RENAME_COLLISION.code)
        or hidden_name(here, wish, real)
        or gitlabs_own(here, wish, real)
    )

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dry run saves its plan to a file, and a real run must keep to the approved one."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import plan_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.tests.unit.core.runs import carried_out
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = preflight.SUBJECT
URL = "https://vllm.example.com/v1"
KEY = "key-that-must-not-show"
OLD = {"name": "old", "model": "codestral", "endpoint": "https://other.example.com/v1"}
WISH = {
    "gateway": {"ai_gateway_url": "https://aigw.example.com"},
    "models": [
        {"name": "old", "endpoint": URL, "model_family": "codestral"},
        {
            "name": "new",
            "model_family": "gpt",
            "endpoint": URL,
            "deployment_method": "other",
            "api_key": KEY,
        },
    ],
    "settings": [{"features": ["code_completions"], "model": "new"}],
}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the plan of an instance is to be."""
    return tmp_path / "plans" / "berlin.json"


def instance(**more: Any) -> Sandboxed:
    """Return an instance with a model that is to be changed."""
    return Sandboxed("18.9", models=[OLD], **more)


def approve(here: Sandboxed, path: pathlib.Path, **more: Any) -> dict[str, Any]:
    """Write the plan of a dry run, and return it."""
    result = here.dry(SUBJECT, **WISH, plan_file=str(path), **more)
    assert "failed" not in result, result["msg"]
    assert here.writes == []
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_a_dry_run_writes_all_that_would_change(path: pathlib.Path) -> None:
    here = instance()
    saved = approve(here, path, manage_outbound_allowlist=True)
    plan = here.dry(SUBJECT, **WISH)["plan"]
    # What the preflight itself would add comes first, as it does in the run.
    assert saved["changes"][0]["subject"] == "outbound_allowlist"
    assert saved["changes"][1:] == plan["changes"]
    assert {it["name"] for it in plan["changes"]} == {"", "old", "new", "code_completions"}
    assert saved["instance"] == "http://gitlab.example.com"
    assert saved["release"].startswith("18.9")
    read_by_people = path.with_suffix(".md").read_text("utf-8")
    assert "code_completions" in read_by_people
    for text in (path.read_text("utf-8"), read_by_people):
        assert KEY not in text


def test_two_dry_runs_differ_in_the_time_only(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other.json"
    first, second = approve(instance(), path), approve(instance(), other)
    assert first.pop("created_at")
    assert second.pop("created_at")
    assert first == second
    lines = [it.read_text("utf-8").splitlines() for it in (path, other)]
    differing = [one for one, two in zip(*lines, strict=True) if one != two]
    assert all("created_at" in line for line in differing)


def test_nothing_to_change_is_a_plan_too(path: pathlib.Path) -> None:
    here = instance()
    result = here.dry(SUBJECT, models=[{"name": "old"}], plan_file=str(path))
    assert (result["changed"], result["plan"]["to_do"]) == (False, False)
    assert json.loads(path.read_text("utf-8"))["changes"] == []


def test_a_real_run_writes_no_plan(path: pathlib.Path) -> None:
    here = instance()
    result = here.run(SUBJECT, **WISH, plan_file=str(path))
    assert "failed" not in result
    assert not path.parent.exists()


def test_a_refused_run_leaves_no_plan(path: pathlib.Path) -> None:
    result = instance().dry(
        SUBJECT,
        settings=[{"features": ["duo_chat"], "model": "nowhere"}],
        plan_file=str(path),
    )
    assert result["failed"]
    assert list(path.parent.iterdir()) == []


# --- approved ------------------------------------------------------------------------------------
def test_the_approved_plan_is_applied(path: pathlib.Path) -> None:
    here = instance()
    approve(here, path)
    result = here.run(SUBJECT, **WISH, approved_plan=str(path))
    assert "failed" not in result, result["msg"]
    plan = result["plan"]
    assert all(step["approved"] for step in plan["steps"].values())
    done = carried_out(here, WISH, plan)
    assert [entry for it in done.values() for entry in it["changes"]] == plan["changes"]
    # Run once more, nothing is left: that is within every approval.
    again = here.run(SUBJECT, **WISH, approved_plan=str(path))
    assert ("failed" in again, again["plan"]["to_do"]) == (False, False)


def test_without_an_approved_plan_no_step_is_held_to_it(path: pathlib.Path) -> None:
    steps = instance().run(SUBJECT, **WISH)["plan"]["steps"]
    assert not any(step["approved"] for step in steps.values())


@pytest.mark.parametrize("check", [True, False])
def test_a_model_that_was_changed_in_between_is_named(path: pathlib.Path, check: bool) -> None:
    here = instance()
    approve(here, path)
    here.instance.models[0].model = "mistral"
    before = here.stored()
    wish = {**WISH, "manage_outbound_allowlist": True}
    result = here.run(SUBJECT, check=check, **WISH, approved_plan=str(path))
    assert result["failure"]["code"] == plan_messages.PLAN_NOT_APPROVED.code
    assert "self-hosted model old" in result["msg"]
    assert "self-hosted model new" not in result["msg"]
    assert (result["changed"], here.writes, here.stored()) == (False, [], before)
    # Nor is what the preflight itself would write.
    refused = here.run(SUBJECT, check=check, **wish, approved_plan=str(path))
    assert refused["failure"]["code"] == plan_messages.PLAN_NOT_APPROVED.code
    assert "outbound" in refused["msg"]
    assert (here.writes, here.stored()) == ([], before)


def test_a_model_that_is_changed_after_the_preflight_is_not_written_either(
    path: pathlib.Path,
) -> None:
    here = instance()
    approve(here, path)
    plan = here.run(SUBJECT, **WISH, approved_plan=str(path))["plan"]
    here.instance.models[0].model = "mistral"
    results = carried_out(here, WISH, plan)
    # The gateway comes before, as approved.
    assert list(results) == ["gateway", "models"]
    assert "self-hosted model old (model_family)" in results["models"]["msg"]
    assert [it.name for it in here.instance.models] == ["old"]
    assert here.instance.models[0].endpoint == OLD["endpoint"]


def test_another_declaration_is_told(path: pathlib.Path) -> None:
    here = instance()
    approve(here, path)
    gone = [*WISH["models"][:1], {**WISH["models"][1], "name": "newer"}]
    settings = [{"features": ["code_completions"], "model": "newer"}]
    wish = {**WISH, "models": gone, "settings": settings}
    result = here.run(SUBJECT, **wish, approved_plan=str(path))
    assert result["failure"]["code"] == plan_messages.PLAN_NOT_APPROVED.code
    assert "The declaration is not the approved one" in result["msg"]
    for name in ("new", "newer"):
        assert f"self-hosted model {name}" in result["msg"]
    assert here.writes == []


def test_a_dry_run_that_plans_anew_is_not_held_to_the_old_plan(path: pathlib.Path) -> None:
    here = instance()
    old = approve(here, path)
    here.instance.models[0].model = "mistral"
    new = approve(here, path, approved_plan=str(path))
    assert new["changes"] != old["changes"]


# --- before the first request --------------------------------------------------------------------
def test_a_folder_that_cannot_be_written_is_told_before_the_first_request(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "file").write_text("")
    here = instance()
    result = here.dry(SUBJECT, **WISH, plan_file=str(tmp_path / "file" / "berlin.json"))
    assert result["failure"]["code"] == plan_messages.PLAN_NOT_WRITABLE.code
    assert here.requests == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, plan_messages.PLAN_MISSING),
        (lambda text: text[:-20], plan_messages.PLAN_INCOMPLETE),
        (lambda text: text.replace("code_completions", "duo_chat"), plan_messages.PLAN_TAMPERED),
    ],
    ids=["missing", "half-written", "tampered"],
)
def test_a_plan_that_cannot_be_used_is_told_before_the_first_request(
    path: pathlib.Path, content: Any, message: Any
) -> None:
    here = instance()
    approve(here, path)
    here.forget()
    if content:
        path.write_text(content(path.read_text("utf-8")), "utf-8")
    else:
        path.unlink()
    result = here.run(SUBJECT, **WISH, approved_plan=str(path))
    assert result["failure"]["code"] == message.code
    assert here.requests == []


@pytest.mark.parametrize(
    ("release", "hours", "message"),
    [
        ("18.10", 0, plan_messages.PLAN_OTHER_RELEASE),
        ("18.9", 1, plan_messages.PLAN_TOO_OLD),
    ],
)
def test_a_plan_of_another_release_or_of_long_ago(
    path: pathlib.Path, release: str, hours: int, message: Any
) -> None:
    saved = approve(instance(), path)
    text = path.read_text("utf-8")
    # Only the time may be another one.
    path.write_text(text.replace(saved["created_at"], "2026-01-01T00:00:00Z"), "utf-8")
    here = Sandboxed(release, models=[OLD])
    result = here.run(SUBJECT, **WISH, approved_plan=str(path), plan_max_age=hours)
    assert result["failure"]["code"] == message.code
    assert here.writes == []

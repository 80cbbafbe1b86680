# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real run must keep to the approved plan: each refusal says what is not as approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import plan_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.failure import Failure, Message
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import (
    plan_file,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan_file import SavedPlan
from ansible_collections.gitlab_ops.duo.tests.unit.core.planned import (
    CHANGED,
    CREATED,
    DELETED,
    FULL,
    LINKED,
    NOON,
    entry,
    plan,
    refused,
)


def refuse(message: Message, now: SavedPlan, approved: SavedPlan = FULL, **more: Any) -> str:
    """Return the sentence with which a run is refused."""
    more = {"max_age_hours": None, "path": "plans/a.json", **more}
    said = refused(message, plan_file.refuse_unapproved, approved, now, **more)
    assert "plans/a.json" in said
    return said


def allow(now: SavedPlan, approved: SavedPlan = FULL, max_age_hours: int | None = None) -> None:
    """Let a run go on."""
    plan_file.refuse_unapproved(approved, now, max_age_hours=max_age_hours, path="plans/a.json")


def test_what_was_approved_goes_on() -> None:
    allow(FULL)
    # What differs in JSON alone does not differ.
    hosts = entry("outbound_allowlist", "", "hosts", ("a",), ("a", "b"))
    allow(plan(hosts), plan({**hosts, "before": ["a"], "after": ["a", "b"]}))


def test_another_instance() -> None:
    said = refuse(plan_messages.PLAN_OTHER_INSTANCE, replace(FULL, instance="https://other"))
    assert "made for https://gitlab.example.com, and this run is for https://other." in said
    # Also where nothing is to be done: somebody has mixed up files.
    refuse(plan_messages.PLAN_OTHER_INSTANCE, plan(instance="https://other"))


def test_another_release() -> None:
    said = refuse(plan_messages.PLAN_OTHER_RELEASE, replace(FULL, release="18.10.0"))
    assert "made for GitLab 18.9.2, and this is GitLab 18.10.0." in said


def test_another_declaration_with_the_same_changes() -> None:
    refuse(plan_messages.PLAN_OTHER_DECLARATION, replace(FULL, declared="sha256:0"))


@pytest.mark.parametrize(
    ("age", "most", "shown"),
    [
        (timedelta(hours=24), 24, None),
        (timedelta(hours=24, seconds=1), 24, "24.1"),
        (timedelta(hours=1000), None, None),
        (timedelta(days=3), 24, "72.0"),
        (timedelta(seconds=1), 0, "0.1"),
    ],
)
def test_age(age: timedelta, most: int | None, shown: str | None) -> None:
    now = replace(FULL, created_at=NOON + age)
    if shown is None:
        allow(now, max_age_hours=most)
        return
    said = refuse(plan_messages.PLAN_TOO_OLD, now, max_age_hours=most)
    assert f"is {shown} hours old; duo_self_hosted_plan_max_age allows {most}." in said


def test_a_time_that_is_still_to_come() -> None:
    allow(replace(FULL, created_at=NOON - timedelta(minutes=5)))
    said = refuse(
        plan_messages.PLAN_FROM_THE_FUTURE, replace(FULL, created_at=NOON - timedelta(minutes=6))
    )
    assert "made at 2026-11-28T12:00:00Z, and here it is only 2026-11-28T11:54:00Z" in said


def test_new_gone_and_different_changes_are_listed() -> None:
    stranger = entry("self_hosted_model", "stranger", "endpoint", "https://a", "https://b")
    now = plan({**CHANGED, "before": 70}, *CREATED, stranger, *DELETED)
    said = refuse(plan_messages.PLAN_NOT_APPROVED, now)
    assert said == (
        "https://gitlab.example.com: The changes are not the approved ones of plans/a.json. "
        'New: self-hosted model stranger (endpoint "https://a" -> "https://b"). '
        'Gone: feature duo_chat (model none -> "codestral"). '
        "Different: AI gateway (ai_gateway_timeout_seconds 70 -> 90, approved 60 -> 90). "
        "The declaration is the approved one, so GitLab was changed in between. Nothing was "
        "changed. Make a new dry run with duo_self_hosted_plan_dir and have it approved."
    )


def test_a_changed_declaration_is_named_as_the_cause() -> None:
    now = plan(CHANGED, declared="sha256:0")
    assert "The declaration is not the approved one." in refuse(
        plan_messages.PLAN_NOT_APPROVED, now
    )


@pytest.mark.parametrize(("one", "other"), [(None, "none"), (None, ""), (1, True), (1, "1")])
def test_values_that_look_alike_are_different(one: Any, other: Any) -> None:
    change = entry("gateway", "", "ai_gateway_url", "x", one)
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan({**change, "after": other}), plan(change))
    assert "Different: AI gateway" in said


def test_a_field_that_is_written_twice() -> None:
    first, second = (entry("feature_model", "a", "model", *it) for it in (("x", "y"), ("y", "z")))
    allow(plan(first, second), plan(first, second))
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan(first, second), plan(first))
    assert 'model "x" -> "y", then "y" -> "z", approved "x" -> "y"' in said


def test_part_of_what_was_approved_is_refused() -> None:
    """As after a run that failed half-way: a person looks at what is left."""
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan(*CREATED, LINKED, *DELETED))
    assert "Gone: AI gateway (ai_gateway_timeout_seconds 60 -> 90)." in said
    assert "New" not in said


@pytest.mark.parametrize("other", [{}, {"release": "19.0.0"}, {"declared": "sha256:0"}])
def test_nothing_to_do_is_always_approved(other: dict[str, Any]) -> None:
    allow(plan(created_at=NOON + timedelta(days=99), **other), max_age_hours=1)


def test_a_long_list_ends_with_its_number() -> None:
    names = [f"model-{number:03}-{'x' * 240}" for number in range(120)]
    old = [entry("self_hosted_model", f"old-{it}", "endpoint", "a" * 2000, "b") for it in names]
    new = [entry("self_hosted_model", f"new-{it}", "endpoint", "a" * 2000, "b") for it in names]
    both = [entry("feature_model", it, "model", "a" * 2000, "b") for it in names]
    with pytest.raises(Failure) as caught:
        allow(plan(*new, *both), plan(*old, *({**it, "after": "c"} for it in both)))
    assert caught.value.what.count("and 115 more.") == 3
    assert len(caught.value.what) < 4000

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as data: its lines, its diff, and the differences in it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan import (
    ABSENT,
    Change,
    Plan,
    Step,
    differences,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Mutation


def plan(*changes: Change) -> Plan[None]:
    """Return a plan with one step for each change."""
    return Plan(tuple(Step((it,), Mutation("update", {})) for it in changes), None)


@pytest.mark.parametrize(
    ("before", "after", "more", "line"),
    [
        ({"url": None}, {"url": "B"}, {}, "change it (url: none -> B)"),
        ({"url": "A"}, {"url": ""}, {}, "change it (url: A -> none)"),
        ({}, {"on": True, "limit": 0}, {}, "change it (on: none -> true, limit: none -> 0)"),
        ({"on": False}, {"on": None}, {}, "change it (on: false -> none)"),
        ({"a": "B"}, {"a": "C"}, {"group": "all"}, "change it (B -> C)"),
        ({"a": "B"}, {"a": "C"}, {"verb": "create"}, "create it"),
    ],
)
def test_a_change_is_one_line(before: dict, after: dict, more: dict[str, Any], line: str) -> None:
    assert str(Change("it", "", before, after, **more)) == line


def test_a_diff_has_one_entry_for_each_object_or_group() -> None:
    made = plan(
        Change("a", "", {"x": 1}, {"x": 2}),
        Change("b", "", {"y": 1}, {"y": 2}, group="all"),
        Change("c", "", {"z": 1}, {"z": 2}, group="all"),
    )
    assert made.diff("https://x") == [
        {
            "before_header": header,
            "after_header": header,
            "before": dict.fromkeys(keys, 1),
            "after": dict.fromkeys(keys, 2),
        }
        for header, keys in (("https://x a", "x"), ("https://x all", "yz"))
    ]
    assert [it.about for it in made.changes] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"x": 1, "y": "a"}, {"x": 2, "y": None}, [("x", 1, 2), ("y", "a", None)]),
        ({"api_key": "(set)"}, {"api_key": "(cleared)"}, [("api_key", "(set)", "(cleared)")]),
        (
            ABSENT,
            {"state": "present", "name": "m", "api_key": "(set)"},
            [("name", None, "m"), ("api_key", None, "(set)")],
        ),
        ({"state": "present", "name": "m"}, ABSENT, [("name", "m", None)]),
        ({"state": "present"}, ABSENT, [("state", "present", "absent")]),
        # A state that is a value like others.
        ({"state": "a", "x": 1}, {"state": "b", "x": 2}, [("state", "a", "b"), ("x", 1, 2)]),
    ],
)
def test_a_change_as_data_has_one_entry_for_each_field(before: dict, after: dict, told: list):
    made = plan(
        Change("self_hosted_model", "m", before, after), Change("gateway", "", {}, {"z": 1})
    )
    names = {"subject": "self_hosted_model", "name": "m"}
    assert made.entries() == [
        *({**names, "field": field, "before": old, "after": new} for field, old, new in told),
        {"subject": "gateway", "name": "", "field": "z", "before": None, "after": 1},
    ]


@pytest.mark.parametrize(
    ("subject", "name", "about"),
    [
        ("gateway", "", "AI gateway"),
        ("self_hosted_model", "m", "self-hosted model m"),
        ("feature_model", "duo_chat", "feature duo_chat"),
        ("beta_features", "", "beta features"),
        ("outbound_allowlist", "", "outbound allowlist"),
    ],
)
def test_texts_call_an_object_by_subject_and_name(subject: str, name: str, about: str) -> None:
    assert Change(subject, name, {}, {}).about == about


def test_an_empty_plan_has_nothing_to_say() -> None:
    assert (plan().changes, plan().diff("https://x"), plan().warnings) == ((), [], ())


def test_what_is_not_declared_does_not_differ() -> None:
    before, after = {"same": 1, "other": 2, "unmanaged": 3}, {"same": 1, "other": 4, "new": 5}
    assert differences(before, after) == ({"other": 2, "new": None}, {"other": 4, "new": 5})

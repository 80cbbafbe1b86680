# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans as in files: generated ones with hostile texts, and one that has everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.failure import Failure, Message
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import saved_plan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan_file import SavedPlan

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=timezone.utc)
SUBJECTS = (
    *("gateway", "self_hosted_model", "beta_features", "feature_model", "setting"),
    "subscription",
)
HOSTILE = (
    "`", "``", "`a", "a ` b `` c", " ", "|", "a|b", "\\", "\\`", "<script>alert(1)</script>",
    "![x](https://evil.example.com/x.png)", "[x](javascript:alert(1))", "https://evil.example.com",
    "@all", "!1 #2 ~label", "/approve", "# title", "- item", "a\n\n/approve\n", "*b* _c_", "&lt;",
    "<!--", "]]>", "$`x`$", "{{ 7*7 }}", "a\u202eb", "\ud800", "é 語 🦊",
)  # fmt: skip

texts = st.text() | st.sampled_from(HOSTILE)
values = st.none() | st.booleans() | st.integers() | texts | st.lists(texts, max_size=4)
entries = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(SUBJECTS),
        "name": texts,
        "field": st.sampled_from(["provider", "model", "endpoint", "api_key"]) | texts,
        "before": values,
        "after": values,
    }
)
plans = st.builds(
    SavedPlan,
    instance=texts,
    release=texts,
    created_at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(timezone.utc)),
    declared=st.binary(max_size=4).map(lambda it: saved_plan.digest_of(it.hex())),
    changes=st.lists(entries, max_size=6),
)


def examples(number: int) -> Any:
    """Return the settings of a property: the same examples in every run."""
    return hypothesis_settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def entry(subject: str, name: str, field: str, before: Any, after: Any) -> dict[str, Any]:
    """Return one field of one object."""
    return {"subject": subject, "name": name, "field": field, "before": before, "after": after}


CREATED = [
    entry("self_hosted_model", "codestral", "name", None, "codestral"),
    entry("self_hosted_model", "codestral", "endpoint", None, "https://vllm.example.com/v1"),
    entry("self_hosted_model", "codestral", "identifier", None, ""),
    entry("self_hosted_model", "codestral", "api_key", None, "(set)"),
]
CHANGED = entry("gateway", "", "ai_gateway_timeout_seconds", 60, 90)
LINKED = entry("feature_model", "duo_chat", "model", None, "codestral")
DELETED = [
    entry("self_hosted_model", "old", "name", "old", None),
    entry("self_hosted_model", "old", "endpoint", "https://old.example.com/v1", None),
]


def plan(*changes: dict[str, Any], **other: Any) -> SavedPlan:
    """Return a plan of these changes."""
    given = {
        "instance": "https://gitlab.example.com",
        "release": "18.9.2",
        "created_at": NOON,
        "declared": saved_plan.digest_of({"models": ["codestral"]}),
        "changes": changes,
    }
    return SavedPlan(**{**given, **other})


FULL = plan(CHANGED, *CREATED, LINKED, *DELETED)
SMALL = plan(CHANGED)


def refused(message: Message, act: Callable[..., Any], *args: Any, **more: Any) -> str:
    """Return the sentence with which something is refused."""
    with pytest.raises(Failure) as caught:
        act(*args, **more)
    assert caught.value.code == message.code
    sentence = caught.value.sentence("https://gitlab.example.com")
    assert "othing was changed" in sentence
    return sentence

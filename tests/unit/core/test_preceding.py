# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Models and settings after the changes of earlier steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.urls import without_credentials
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.preceding import (
    MARKERS,
    after,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.stored import (
    Setting,
    State,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import URL, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    BETA_ON,
    gitlab,
    model,
    served_by,
    state,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples
from sandbox import credentials

DISABLED = Setting(provider="disabled")
OLD = model("old", features=("duo_chat",))
THERE = state(OLD, settings={"duo_chat": served_by(OLD), "code_completions": DISABLED})


def entry(subject: str, name: str, field: str, new: Any, old: Any = None) -> dict[str, Any]:
    """Return a change of one field, as results have it."""
    return {"subject": subject, "name": name, "field": field, "before": old, "after": new}


def of_model(about: str, **fields: Any) -> list[dict[str, Any]]:
    """Return changes of a model."""
    return [entry("self_hosted_model", about, it, value) for it, value in fields.items()]


def of_feature(about: str, **fields: Any) -> list[dict[str, Any]]:
    """Return changes of a feature."""
    return [entry("feature_model", about, it, value) for it, value in fields.items()]


def then(*changes: Any) -> State:
    """Return the state after lists of changes."""
    return after(THERE, [it for some in changes for it in some], "vendored")


CREATED = of_model("new", name="new", model_family="gpt", endpoint="http://x", identifier="")
DELETED = of_model(
    "old", name=None, model_family=None, endpoint=None, identifier=None, provider=None
)


def test_nothing_changes_nothing() -> None:
    assert then() == THERE


def test_a_model_that_is_created_is_there_and_used_by_nothing() -> None:
    found = then(CREATED)
    assert set(found.models) == {"old", "new"}
    new = found.models["new"]
    assert (new.id, new.family, new.endpoint, new.features) == ("", "gpt", "http://x", ())
    assert found.models["old"] == OLD
    assert found.settings == THERE.settings


def test_a_model_that_is_renamed_keeps_what_it_has_and_its_features() -> None:
    found = then(of_model("old", name="renamed"))
    assert found.models == {"renamed": OLD.model_copy(update={"name": "renamed"})}
    assert found.settings["duo_chat"].model == "renamed"
    assert found.settings["code_completions"] == DISABLED


def test_a_model_that_is_changed_keeps_what_is_not_named() -> None:
    found = then(of_model("old", endpoint="http://b", model_family="gpt", provider="BEDROCK"))
    changed = {"endpoint": "http://b", "family": "gpt", "provider": "BEDROCK"}
    assert found.models == {"old": OLD.model_copy(update=changed)}
    assert found.settings["duo_chat"].model == "old"


def test_a_model_that_is_deleted_in_use_hands_its_features_back() -> None:
    found = then(DELETED)
    assert found.models == {}
    setting = found.settings["duo_chat"]
    assert (setting.provider, setting.model, setting.model_id) == ("vendored", None, None)
    assert found.settings["code_completions"] == DISABLED


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_never_becomes_a_value(marker: str) -> None:
    found = then(of_model("old", endpoint=marker, identifier=marker, model_family=marker))
    assert found == THERE


@pytest.mark.parametrize(
    ("marker", "key"), [("(set)", True), ("(changed)", True), ("(cleared)", False)]
)
def test_a_marker_of_a_key_tells_whether_there_is_one(marker: str, key: bool) -> None:
    for name in ("old", "new"):
        found = then(of_model(name, name=name, api_key=marker))
        assert (found.models[name].has_api_key, found.models[name].api_key) == (key, None)


def test_a_setting_that_moves_is_used_by_its_new_model_only() -> None:
    found = then(CREATED, of_feature("duo_chat", model="new"))
    assert found.models["old"].features == ()
    assert found.models["new"].features == ("duo_chat",)
    setting = found.settings["duo_chat"]
    # What is not created yet has no id.
    assert (setting.provider, setting.model, setting.model_id) == ("self_hosted", "new", None)


def test_a_setting_that_gets_a_model_keeps_its_id() -> None:
    found = then(of_feature("code_completions", provider="self_hosted", model="old"))
    assert found.models["old"].features == ("code_completions", "duo_chat")
    assert found.settings["code_completions"].model_id == OLD.id


def test_a_setting_without_a_model_frees_it() -> None:
    found = then(of_feature("duo_chat", provider="disabled", model=None))
    assert found.models["old"].features == ()
    setting = found.settings["duo_chat"]
    assert (setting.provider, setting.model, setting.model_id) == ("disabled", None, None)


def test_a_feature_that_gitlab_does_not_show_is_not_taken_for_listed() -> None:
    found = then(of_feature("hidden", provider="self_hosted", model="old"))
    setting = found.settings["hidden"]
    assert (setting.listed, setting.model) == (False, "old")
    assert found.models["old"].features == ("duo_chat", "hidden")


@pytest.mark.parametrize("on", [True, False])
def test_beta_features(on: bool) -> None:
    found = then([{**BETA_ON, "before": not on, "after": on}])
    # What they show is not known before they are on.
    assert (found.turned_on, found.models, found.settings) == (on, THERE.models, THERE.settings)


def test_other_subjects_leave_models_and_settings_alone() -> None:
    url = entry("gateway", "", "ai_gateway_url", "http://a")
    hosts = entry("outbound_allowlist", "", "hosts", ["a"])
    assert then([url, hosts]) == THERE


# --- whatever is planned -------------------------------------------------------------------------
def models_of(there: State) -> dict[str, Any]:
    """Return the models of a state as changes show them; what uses them is told by settings."""
    return {
        name: {
            **it.model_dump(exclude={"features", "hidden", "api_key"}),
            "endpoint": without_credentials(it.endpoint),
        }
        for name, it in there.models.items()
    }


@examples(60, full=1000)
@given(strategies.instances(), st.data())
def test_changes_lead_to_what_the_plan_of_models_predicts(
    here: Sandboxed, data: st.DataObject
) -> None:
    wish = data.draw(strategies.models(here))
    found, plan = planned(self_hosted_model, here, wish)
    if plan:
        made = after(found.state, plan.entries(), "vendored")
        assert models_of(made) == models_of(plan.predicted.state)


@examples(60, full=1000)
@given(strategies.instances(), st.data())
def test_changes_lead_to_what_the_plan_of_features_predicts(
    here: Sandboxed, data: st.DataObject
) -> None:
    wish = data.draw(strategies.settings(here))
    found, plan = planned(feature_model, here, wish)
    if plan:
        made = after(found.state, plan.entries(), "vendored")
        told = ("provider", "model", "model_id", "listed")
        assert {name: it.model_dump(include=told) for name, it in made.settings.items()} == {
            name: it.model_dump(include=told) for name, it in plan.predicted.state.settings.items()
        }
        users: dict[str, set[str]] = {name: set() for name in made.models}
        for name, it in made.settings.items():
            if it.model in users:
                users[it.model].add(name)
        assert {name: set(it.features) for name, it in made.models.items()} == users


def planned(subject: Any, here: Sandboxed, wish: dict[str, Any]) -> tuple[Any, Any]:
    """Return what is observed and planned; no plan where it is refused."""
    with here.reached(), gitlab(URL, api_token=credentials.ADMIN_TOKEN) as way:
        try:
            options = subject.options(wish)
            found = subject.observe(way, options)
            return found, subject.plan(options, found)
        except Failure:
            return None, None


JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.text(), max_size=2)
)
NAMES = st.sampled_from(["old", "duo_chat", "new", ""]) | JUNK
FIELDS = ["name", "provider", "model", "gitlab_model", "endpoint", "api_key", "enabled", "x"]
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "subject": st.sampled_from(["self_hosted_model", "feature_model", "beta_features", 1]),
        "name": NAMES,
        "field": st.sampled_from(FIELDS) | JUNK,
        "before": JUNK,
        "after": NAMES,
    },
)


@examples(300, full=5000)
@given(st.lists(CHANGES, max_size=5))
def test_junk_leads_to_a_state(changes: list[dict[str, Any]]) -> None:
    """A plan is an option too: it is no bug that somebody writes it by hand."""
    found = then(changes)
    assert State.model_validate(found.model_dump()) == found

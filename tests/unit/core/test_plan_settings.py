# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance-wide settings: what is planned, what is sent, and what GitLab makes of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.failure import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.instance_settings import (
    GRAPHQL,
    SETTINGS,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import client, connection
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import settings
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.settings_options import (
    LEVELS,
    SettingsOptions,
    can_be_declared,
    options,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.test_properties import examples
from sandbox import credentials, rules_settings
from sandbox.state import Instance

LEVELS_KEPT = {"dap_instance_customizable_permissions": True}
# Every option with a value that no fresh instance has.
OTHER: dict[str, Any] = {
    "availability": "default_off",
    "expanded_logging": True,
    "direct_code_suggestions": False,
    "experiment_and_beta_features": True,
    "documentation_url": "https://docs.example.com",
    "duo_core": True,
    "chat_retention_days": 7,
    "chat_retention_from": "created_at",
    "remote_flows": False,
    "foundational_flows": False,
    "agent_platform": False,
    "workflow_image_registry": "registry.example.com:5000",
    "minimum_access_level_execute": "guest",
    "minimum_access_level_execute_async": "developer",
    "minimum_access_level_manage": "owner",
    "minimum_access_level_enable_on_projects": "admin",
    "duo_cli": False,
    "session_tool_approval": "never_on",
    "ai_audit_event_streaming": True,
    "custom_agents": False,
    "custom_flows": False,
    "external_agents": False,
}
ALWAYS = ("17.9", "18.0", "18.3", "18.4", "18.7", "18.9", "18.11", "19.0", "19.4")


def release_of(text: str) -> Release:
    """Return a release."""
    found = Release.parse(text)
    assert found
    return found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what was sent over REST, one item for each write."""
    bodies: list[dict[str, Any]] = []
    update = rules_settings.update

    def keep(instance: Instance, given: dict[str, Any]) -> None:
        bodies.append(given)
        update(instance, given)

    monkeypatch.setattr(rules_settings, "update", keep)
    return bodies


def test_every_option_has_a_value_to_try() -> None:
    assert set(OTHER) == set(SETTINGS)


# --- every option, on every release that has it ---------------------------------------------------
@pytest.mark.parametrize("name", OTHER)
@pytest.mark.parametrize("release", ALWAYS)
def test_one_option(release: str, name: str) -> None:
    here = Sandboxed(release, flags=LEVELS_KEPT)
    before = here.stored()
    wish = {name: OTHER[name]}
    dry = here.dry(settings.SUBJECT, **wish)
    if not release_of(release).has(SETTINGS[name]):
        assert dry["failure"]["code"] == messages.NOT_OFFERED.code
        assert f"needs GitLab {SETTINGS[name].text} or later" in dry["msg"]
        skipped = here.run(settings.SUBJECT, when_unsupported="warn", **wish)
        assert skipped["changed"] is False
        (told,) = skipped["warnings"]
        assert f"{name} (needs {SETTINGS[name].text})" in told
        assert here.stored() == before
        return
    assert here.stored() == before
    real = here.run(settings.SUBJECT, **wish)
    assert "failed" not in real, real["msg"]
    assert dry["changed"] is real["changed"] is True
    assert [it["name"] for it in real["changes"]] == [name]
    assert dry["changes"] == real["changes"]
    assert real["settings"][name] == OTHER[name]
    here.forget()
    again = here.run(settings.SUBJECT, **wish)
    assert again["changed"] is False
    assert again["warnings"] == []
    assert here.writes == []


@pytest.mark.parametrize("release", ["18.9", "19.4"])
def test_all_options_and_back(release: str, sent: list[dict[str, Any]]) -> None:
    """One write over each API, and one more for each setting that a refusal does not undo."""
    here = Sandboxed(release, flags=LEVELS_KEPT)
    fresh = here.dry(settings.SUBJECT)["settings"]
    wish = {name: value for name, value in OTHER.items() if release_of(release).has(SETTINGS[name])}
    here.forget()
    assert "failed" not in here.run(settings.SUBJECT, **wish)
    apart = [name for name in wish if SETTINGS[name].apart]
    assert [it["path"] for it in here.writes].count("/api/graphql") == 1
    assert len(sent) == 1 + len(apart)
    assert [len(body) for body in sent].count(1) == len(apart)
    assert here.dry(settings.SUBJECT)["settings"] == wish
    assert "failed" not in here.run(settings.SUBJECT, **fresh)
    assert here.dry(settings.SUBJECT)["settings"] == fresh


def test_values_are_sent_as_json_has_them(sent: list[dict[str, Any]]) -> None:
    """GitLab takes the text "false" as something else than false."""
    here = Sandboxed("19.4")
    here.run(settings.SUBJECT, external_agents=False, direct_code_suggestions=False)
    assert sent == [
        {"disabled_direct_code_suggestions": True, "duo_external_agents_availability": False}
    ]
    stored = here.instance.settings
    assert stored["lock_duo_external_agents_enabled"] is True


def test_the_registry_travels_with_another_setting_as_it_is(
    sent: list[dict[str, Any]],
) -> None:
    here = Sandboxed("18.9", settings={"duo_chat_expiration_column": "created_at"})
    here.run(settings.SUBJECT, workflow_image_registry="registry.example.com")
    assert sent == [
        {
            "duo_workflows_default_image_registry": "registry.example.com",
            "duo_chat_expiration_column": "created_at",
        }
    ]
    cleared = here.run(settings.SUBJECT, workflow_image_registry="")
    assert cleared["settings"]["workflow_image_registry"] == ""


def test_a_run_with_nothing_declared_reads_alone() -> None:
    here = Sandboxed("18.9")
    result = here.run(settings.SUBJECT)
    assert result["changed"] is False
    assert len(here.requests) == 2
    assert result["settings"]["availability"] == "default_on"


# --- availability ---------------------------------------------------------------------------------
def test_never_on_turns_beta_features_off_as_gitlab_does() -> None:
    here = Sandboxed("18.9", settings={"instance_level_ai_beta_features_enabled": True})
    result = here.run(settings.SUBJECT, availability="never_on")
    assert [it["name"] for it in result["changes"]] == [
        "availability",
        "experiment_and_beta_features",
    ]
    assert here.instance.settings["instance_level_ai_beta_features_enabled"] is False
    # Somebody turned them on afterwards, which is not managed.
    here.seed(settings={"instance_level_ai_beta_features_enabled": True})
    assert here.dry(settings.SUBJECT, availability="never_on")["changed"] is False


@pytest.mark.parametrize(
    ("state", "stored"),
    [("default_on", (True, False)), ("default_off", (False, False)), ("never_on", (False, True))],
)
def test_the_lock_follows_availability(state: str, stored: tuple[bool, bool]) -> None:
    here = Sandboxed("18.9", settings={"duo_availability": "default_off"})
    if state == "default_off":
        here = Sandboxed("18.9")
    here.run(settings.SUBJECT, availability=state)
    found = here.instance.settings
    assert (found["duo_features_enabled"], found["lock_duo_features_enabled"]) == stored


def test_always_on_is_not_sent_to_a_release_that_takes_it_for_never_on() -> None:
    here = Sandboxed("18.9")
    result = here.run(settings.SUBJECT, availability="always_on")
    assert result["failure"]["code"] == messages.NOT_OFFERED.code
    assert "availability: always_on needs GitLab 19.1 or later" in result["msg"]
    assert here.writes == []
    new = Sandboxed("19.4").run(settings.SUBJECT, availability="always_on")
    assert new["settings"]["availability"] == "always_on"


# --- what GitLab drops without a word -------------------------------------------------------------
@pytest.mark.parametrize(
    ("seed", "name", "needs"),
    [
        ({"add_ons": []}, "direct_code_suggestions", "add-on with Code Suggestions"),
        ({"license": {"plan": "starter"}}, "workflow_image_registry", "Premium or Ultimate"),
        ({"license": {"plan": "starter"}}, "duo_core", "Premium or Ultimate"),
        ({"license": {"plan": "starter"}}, "minimum_access_level_manage", "Premium or Ultimate"),
    ],
)
def test_a_setting_that_is_not_shown_would_be_dropped(
    seed: dict[str, Any], name: str, needs: str
) -> None:
    here = Sandboxed("18.9", **seed)
    result = here.run(settings.SUBJECT, **{name: OTHER[name]})
    assert result["failure"]["code"] == messages.SETTING_NOT_SHOWN.code
    assert needs in result["msg"]
    assert name not in here.dry(settings.SUBJECT)["settings"]
    skipped = here.run(settings.SUBJECT, when_unsupported="warn", **{name: OTHER[name]})
    assert f"{name} is skipped" in skipped["warnings"][0]
    assert here.writes == []


@pytest.mark.parametrize("release", ["18.7", "18.9", "19.4"])
def test_levels_are_accepted_and_not_kept_while_their_flag_is_off(release: str) -> None:
    here = Sandboxed(release)
    wish = {"duo_core": True, "minimum_access_level_manage": "owner", "expanded_logging": True}
    dry = here.dry(settings.SUBJECT, **wish)
    assert (
        "dap_instance_customizable_permissions is on, which it does not show"
        in (dry["warnings"][0])
    )
    result = here.run(settings.SUBJECT, **wish)
    failure = result["failure"]
    assert failure["code"] == messages.SETTING_NOT_KEPT.code
    assert "minimumAccessLevelManage is None and was set to OWNER" in failure["what"]
    assert "dap_instance_customizable_permissions" in failure["next_step"]
    assert "duo_core" in " ".join(failure["done"])
    assert "minimum_access_level_manage" in " ".join(failure["not_done"])
    assert failure["unknown"] == []


def test_a_level_below_the_lowest_is_refused_by_the_sandbox_as_by_gitlab() -> None:
    """The options do not let it through, so it is sent without them."""
    here = Sandboxed("18.9", flags=LEVELS_KEPT)
    low = SettingsOptions(minimum_access_level_manage="guest")
    with here.reached():
        given = connection.Connection(
            api_url="http://gitlab.example.com", api_token=credentials.ADMIN_TOKEN
        )
        with client.GitLab(given) as gitlab:
            made = settings.plan(low, settings.observe(gitlab, low))
            (said,) = gitlab.mutate([made.steps[0].call])
    assert said.refusal == "Minimum access level manage must be greater than or equal to 30"
    assert "guest" not in LEVELS["minimum_access_level_manage"]


# --- refusals -------------------------------------------------------------------------------------
def test_a_refusal_says_what_was_stored_all_the_same() -> None:
    """GitLab's outbound rules refuse the row, after one switch has been stored beside it."""
    here = Sandboxed("19.4", settings={"deny_all_requests_except_allowed": True})
    result = here.run(settings.SUBJECT, expanded_logging=True, agent_platform=False)
    failure = result["failure"]
    assert failure["code"] == "other-urls-blocked"
    assert "help_page_documentation_base_url" in failure["what"]
    assert failure["done"] == ["change GitLab Duo setting agent_platform (true -> false)"]
    assert failure["not_done"] == ["change GitLab Duo setting expanded_logging (false -> true)"]
    assert failure["unknown"] == []
    assert result["changed"] is True
    stored = here.dry(settings.SUBJECT)["settings"]
    assert (stored["agent_platform"], stored["expanded_logging"]) == (False, False)


def test_a_url_that_gitlab_blocks_is_told_as_it_says() -> None:
    here = Sandboxed("18.9", settings={"deny_all_requests_except_allowed": True})
    here.seed(settings={"diagramsnet_enabled": False, "update_runner_versions_enabled": False})
    result = here.run(settings.SUBJECT, documentation_url="https://docs.example.com")
    assert result["failure"]["code"] == messages.REFUSED.code
    assert "help_page_documentation_base_url" in result["msg"]
    assert "is blocked" in result["msg"]
    cleared = here.run(settings.SUBJECT, documentation_url="")
    assert "failed" not in cleared
    assert cleared["settings"]["documentation_url"] == ""


def test_who_may_not_read_is_told_what_is_missing() -> None:
    here = Sandboxed("18.9", options={"admin_mode": True})
    result = here.run(settings.SUBJECT, expanded_logging=True)
    assert result["failure"]["code"] == messages.SETTINGS_UNREADABLE.code
    assert "admin_mode" in result["msg"]
    user = Sandboxed("18.9").run(settings.SUBJECT, api_token=credentials.USER_TOKEN)
    assert user["failure"]["code"] == messages.SETTINGS_UNREADABLE.code


def test_a_read_only_token_changes_nothing() -> None:
    here = Sandboxed("18.9")
    before = here.stored()
    result = here.run(
        settings.SUBJECT, api_token=credentials.READONLY_TOKEN, expanded_logging=True, duo_core=True
    )
    assert result["failed"]
    assert here.stored() == before
    assert result["failure"]["done"] == []


@pytest.mark.parametrize(
    ("shown", "key"),
    [
        ({"duo_availability": 3}, "duo_availability"),
        ({"enabled_expanded_logging": "true"}, "enabled_expanded_logging"),
        ({"duo_chat_expiration_days": True}, "duo_chat_expiration_days"),
    ],
)
def test_a_value_of_another_type_is_no_state(shown: dict[str, Any], key: str) -> None:
    with pytest.raises(Failure) as caught:
        settings.observed(release_of("18.9"), shown, {})
    assert caught.value.code == http_messages.BROKEN_ANSWER.code
    assert key in str(caught.value)


# --- options --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"chat_retention_days": 0}, "Write 1 or more as chat_retention_days"),
        ({"chat_retention_days": 31}, "Write 30 or less as chat_retention_days"),
        (
            {"workflow_image_registry": "https://registry.example.com/"},
            "Write workflow_image_registry: registry.example.com.",
        ),
        ({"workflow_image_registry": "bad host"}, "as registry.example.com:5000"),
        ({"workflow_image_registry": "a" * 513}, "Shorten workflow_image_registry"),
        ({"documentation_url": "docs.example.com"}, "must start with http"),
        ({"documentation_url": "https://a:b@docs.example.com"}, "every user would see it"),
        ({"documentation_url": "https://docs.example.com/" + "a" * 255}, "Shorten documentation"),
        (
            {"availability": "never_on", "experiment_and_beta_features": True},
            "experiment_and_beta_features",
        ),
    ],
)
def test_bounds_are_checked_before_anything_is_sent(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(Failure) as caught:
        options(wish)
    assert caught.value.code == messages.INVALID_OPTION.code
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "registry",
    ["registry.example.com/a/b:1.2", "registry.example.com:5000/a@sha256:" + "a" * 64],
)
def test_a_registry_with_a_path_needs_19_0(registry: str) -> None:
    old = Sandboxed("18.9")
    result = old.run(settings.SUBJECT, workflow_image_registry=registry)
    assert result["failure"]["code"] == messages.NOT_OFFERED.code
    assert old.writes == []
    new = Sandboxed("19.4").run(settings.SUBJECT, workflow_image_registry=registry)
    assert new["settings"]["workflow_image_registry"] == registry


# --- order ----------------------------------------------------------------------------------------
def test_what_lets_less_happen_goes_first() -> None:
    here = Sandboxed("19.4", gateway={"duo_core_features_enabled": True})
    wish = {"availability": "always_on", "duo_core": False, "agent_platform": False}
    result = here.run(settings.SUBJECT, **wish)
    assert [it["name"] for it in result["changes"]] == [
        "duo_core",
        "agent_platform",
        "availability",
    ]


def test_options_are_parted_by_what_they_let_happen() -> None:
    found = settings.ObservedSettings(
        release_of("19.4"),
        {"availability": "default_on", "duo_core": True, "agent_platform": False, "duo_cli": True},
    )
    wanted = SettingsOptions(
        availability="never_on",
        duo_core=True,
        agent_platform=True,
        duo_cli=False,
        remote_flows=True,
    )
    less, rest = settings.parts(wanted, found)
    assert less.declared == {"availability": "never_on", "duo_cli": False}
    assert rest.declared == {"duo_core": True, "agent_platform": True, "remote_flows": True}


def test_only_graphql_has_duo_core_and_levels() -> None:
    assert {name for name, it in SETTINGS.items() if it.api == GRAPHQL} == {"duo_core", *LEVELS}


# --- any settings, planned as part of a run -------------------------------------------------------
def test_what_is_planned_is_what_is_done() -> None:
    seen: Counter[str] = Counter()

    @examples(60, full=1000)
    @given(
        st.sampled_from(ALWAYS),
        st.sampled_from(["ultimate", "starter"]),
        *(strategies.duo_settings(),) * 2,
        st.sampled_from(["fail", "warn"]),
    )
    def run(
        release: str, plan: str, before: dict[str, Any], wish: dict[str, Any], unsupported: str
    ) -> None:
        here = Sandboxed(release, license={"plan": plan}, flags=LEVELS_KEPT)
        here.run(settings.SUBJECT, when_unsupported="warn", **before)
        declared = {"duo_settings": wish, "when_unsupported": unsupported}
        stored = here.stored()
        result = here.dry(preflight.SUBJECT, **declared)
        if result.get("failed") and unsupported == "fail" and plan == "ultimate":
            assert {it["kind"] for it in result["findings"] if it["severity"] == "error"} == {
                settings.NAME
            }
            assert here.stored() == stored
            seen["refused"] += 1
            return
        dry = here.dry(settings.SUBJECT, when_unsupported="warn", **wish)
        assert here.stored() == stored
        real = here.run(settings.SUBJECT, when_unsupported="warn", **wish)
        assert "failed" not in real, real["msg"]
        assert real["changes"] == dry["changes"]
        assert not here.dry(settings.SUBJECT, when_unsupported="warn", **wish)["changed"]
        if "failed" not in result:
            planned = {it["name"]: it["after"] for it in result["plan"]["changes"]}
            assert planned == {it["name"]: it["after"] for it in real["changes"]}
            seen["done" if planned else "nothing to do"] += 1

    run()
    # Else it would hold because nothing happens.
    assert seen["done"] > 5, seen
    assert seen["refused"] > 2, seen


@pytest.mark.parametrize(
    ("name", "value", "availability", "kept"),
    [
        ("experiment_and_beta_features", True, "never_on", False),
        ("experiment_and_beta_features", True, "default_on", True),
        ("experiment_and_beta_features", False, "never_on", True),
        ("minimum_access_level_execute", "security_manager", "default_on", False),
        ("minimum_access_level_execute", "guest", "default_on", True),
    ],
)
def test_an_export_holds_what_can_be_declared(
    name: str, value: Any, availability: str, kept: bool
) -> None:
    """Else a restore would be refused as a whole."""
    assert can_be_declared(name, value, {"availability": availability, name: value}) is kept


def test_a_list_of_all_parameters_is_not_repeated() -> None:
    """GitLab 18.9 answers 18,614 characters to a setting that it does not have."""
    here = Sandboxed("18.9")
    given = connection.Connection(
        api_url="http://gitlab.example.com", api_token=credentials.ADMIN_TOKEN
    )
    with here.reached(), client.GitLab(given) as gitlab, pytest.raises(Failure) as caught:
        settings.Put({"duo_cli": True}).perform(gitlab)
    assert "this release takes none of duo_cli_enabled" in caught.value.sentence()
    assert len(caught.value.sentence()) < 400

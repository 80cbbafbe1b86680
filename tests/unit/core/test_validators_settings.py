# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of feature settings; exported models as valid declarations; URLs and masking."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import urls
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.options import Options, check
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health import HealthOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.upgrade_check import (
    UpgradeOptions,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.identifiers import (
    infer_method,
    method_for_export,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.feature_model import (
    FeaturesOptions,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.gateway import GatewayOptions
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_model import (
    DeclaredModel,
    ModelOptions,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.one_setting import (
    DeclaredSetting,
    SettingOptions,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects.self_hosted_model import (
    ModelsOptions,
)


@pytest.mark.parametrize(
    ("options", "provider"),
    [
        ({"model": "m"}, "self_hosted"),
        ({"model": "m", "provider": "Self_Hosted"}, "self_hosted"),
        ({"gitlab_model": "claude"}, "vendored"),
        ({"provider": "vendored", "gitlab_model": ""}, "vendored"),
        ({"provider": "VENDORED"}, "vendored"),
        ({"provider": "disabled"}, "disabled"),
        ({"provider": "unassigned"}, "unassigned"),
        ({"state": "absent"}, None),
    ],
)
def test_setting(options: dict[str, Any], provider: str | None) -> None:
    given = {"features": ["Duo_Chat", "CODE_COMPLETIONS"], **options}
    checked = check(SettingOptions, given)
    assert checked.resolved_provider == provider
    assert checked.features == ["duo_chat", "code_completions"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"features": [], "provider": "disabled"}, "features: List should have at least 1 item"),
        ({"provider": "vendor"}, "provider: 'vendor' is not a provider; accepted: vendored, "),
        ({}, "provider: is required when neither model nor gitlab_model is given"),
        ({"model": "m", "gitlab_model": "c"}, "model and gitlab_model cannot be combined"),
        (
            {"model": "m", "provider": "disabled"},
            "model: cannot be combined with provider disabled",
        ),
        (
            {"model": "m", "provider": "vendored"},
            "model: cannot be combined with provider vendored",
        ),
        ({"provider": "self_hosted"}, "model: is required for provider self_hosted"),
        ({"provider": "self_hosted", "model": ""}, "model: is required for provider self_hosted"),
        (
            {"gitlab_model": "c", "provider": "disabled"},
            "gitlab_model: cannot be combined with provider disabled",
        ),
        *[
            (
                {"state": "absent", **more},
                "state: absent cannot be combined with provider, model or gitlab_model",
            )
            for more in ({"provider": "disabled"}, {"model": "m"}, {"gitlab_model": "c"})
        ],
    ],
)
def test_setting_refuses(options: dict[str, Any], told: str) -> None:
    with pytest.raises(Failure) as caught:
        check(SettingOptions, {"features": ["duo_chat"], **options})
    assert told in caught.value.what


@pytest.mark.parametrize(
    "settings",
    [
        [{"features": ["duo_chat", "DUO_CHAT"], "provider": "disabled"}],
        [{"features": ["duo_chat"], "model": "m"}, {"features": ["Duo_chat"], "state": "absent"}],
    ],
)
def test_a_feature_is_assigned_once(settings: list[dict[str, Any]]) -> None:
    with pytest.raises(Failure) as caught:
        check(FeaturesOptions, {"settings": settings})
    assert caught.value.what == "features: 'duo_chat' is assigned twice."


def test_of_what_a_check_is_told_of_only_names_matter() -> None:
    declared = [{"name": "m", "api_key": "must-not-show", "identifier": "no/such", "odd": 1}]
    options = {"settings": {"settings": []}, "declared_models": declared}
    checked = check(HealthOptions, options)
    assert checked.declared_models[0].name == "m"
    assert "must-not-show" not in repr(checked)


# --- what is left out, and limits ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "options", "defaults"),
    [
        (GatewayOptions, {}, {"state": "present", "when_unsupported": "fail"}),
        (
            ModelOptions,
            {"name": "m"},
            {"state": "present", "update_api_key": "on_change", "force": False},
        ),
        (
            ModelsOptions,
            {"models": []},
            {
                "single": False,
                "exclusive": False,
                "when_unsupported": "fail",
                "connection_check": False,
                "connection_check_timeout": 60,
            },
        ),
        (
            SettingOptions,
            {"features": ["duo_chat"], "provider": "disabled"},
            {"state": "present"},
        ),
        (SettingOptions, {"features": ["duo_chat"], "state": "absent"}, {}),
        (
            FeaturesOptions,
            {"settings": []},
            {"when_unsupported": "fail"},
        ),
        (DeclaredModel, {"name": "m"}, {"state": "present"}),
        (DeclaredSetting, {"features": ["duo_chat"]}, {}),
        (
            HealthOptions,
            {"settings": {"settings": []}, "declared_gateway": {}},
            {"declared_models": [], "checks": [], "attempts": 3, "delay": 5, "fail_on": "any"},
        ),
        (
            UpgradeOptions,
            {"target_version": "19.0"},
            {"models": [], "settings": [], "when_unsupported": "fail", "fail_on": "breaking"},
        ),
    ],
    ids=lambda it: it.__name__ if isinstance(it, type) else "",
)
def test_what_is_left_out_is_unmanaged_or_has_its_default(
    kind: type[Options], options: dict[str, Any], defaults: dict[str, Any]
) -> None:
    values = check(kind, options).model_dump(exclude=set(options))
    managed = {name: value for name, value in values.items() if value is not None}
    assert managed == {"dry_run": False, **defaults}


@pytest.mark.parametrize(
    ("kind", "option", "accepted", "refused"),
    [
        (HealthOptions, "attempts", (1, 20), (0, 21)),
        (HealthOptions, "delay", (0, 300), (-1, 301)),
        (
            UpgradeOptions,
            "target_version",
            ("19.0", "18.11.3", "18.9.2-ee"),
            ("19", "v19.0", "19.0.0.0", "latest", ""),
        ),
    ],
)
def test_limits(kind: Any, option: str, accepted: tuple, refused: tuple) -> None:
    common = {"settings": {"settings": []}} if kind is HealthOptions else {}
    for value in accepted:
        assert getattr(check(kind, {**common, option: value}), option) == value
    for value in refused:
        with pytest.raises(Failure, match=f"{option}: "):
            check(kind, {**common, option: value})


# --- from what is stored to what is declared -----------------------------------------------------
@pytest.mark.parametrize(
    ("identifier", "endpoint", "provider", "method"),
    [
        ("custom_openai/m", "http://x/v1", None, "vllm"),
        ("custom_openai/m", "http://x/v2", None, "other"),
        ("bedrock/m", "http://bedrockselfhostedmodel.com", None, "bedrock"),
        ("bedrock/m", "http://x", "API", "other"),
        ("bedrock/m", "", "BEDROCK", "bedrock"),
        ("vertex_ai/m", "", "VERTEX_AI", "vertex_ai"),
        ("azure/m", "http://x", "API", "azure"),
        ("", "http://x", None, "other"),
        ("made-up", "http://x", "API", "other"),
    ],
)
def test_what_is_stored_is_a_valid_declaration(identifier, endpoint, provider, method) -> None:
    found = method_for_export(identifier, endpoint, provider)
    assert found == method
    declared = {"name": "m", "identifier": identifier, "deployment_method": found}
    declared |= {"endpoint": endpoint} if endpoint else {}
    assert check(ModelOptions, declared).method == method


@pytest.mark.parametrize("provider", ["BEDROCK", "VERTEX_AI"])
def test_a_provider_says_more_than_an_identifier(provider: str) -> None:
    assert method_for_export("azure/m", "http://x", provider) == provider.lower()


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({}, None),
        ({"identifier": "vertex_ai/m"}, "vertex_ai"),
        ({"identifier": "vertex_ai/m", "deployment_method": "other"}, "other"),
        ({"identifier": "vertex_ai/m", "deployment_method": "Other"}, "other"),
        ({"deployment_method": "Vertex_AI"}, "vertex_ai"),
    ],
)
def test_a_model_and_what_a_check_reads_of_it_have_the_same_method(
    options: dict[str, Any], method: str | None
) -> None:
    for kind in (DeclaredModel, ModelOptions):
        assert check(kind, {"name": "m", **options}).method == method


def test_a_model_is_judged_by_the_task_that_makes_it() -> None:
    odd = {"name": "m", "deployment_method": "VLM", "identifier": "x" * 300, "endpoint": "", "a": 1}
    declared = check(DeclaredModel, odd)
    assert (declared.method, declared.model_config["frozen"]) == ("vlm", True)
    with pytest.raises(Failure, match="deployment_method"):
        check(ModelOptions, odd)


@pytest.mark.parametrize("prefix", ["", "made-up", "BEDROCK/m"])
def test_no_method_is_guessed(prefix: str) -> None:
    assert infer_method(prefix) == ("other" if prefix == "" else None)
    assert infer_method(None) is None


# --- URLs ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://user:hidden@host/v1", "https://********@host/v1"),
        ("https://hidden@host", "https://********@host"),
        ("cannot reach http://me:hidden@p:1 or b", "cannot reach http://********@p:1 or b"),
        ("https://host/a@b", "https://host/a@b"),
        ("", ""),
        ("https://user:hid@den@host/v1", "https://********@host/v1"),
    ],
)
def test_credentials_are_masked(url: str, masked: str) -> None:
    assert urls.without_credentials(url) == masked


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("::", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("aigw", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert urls.is_loopback(host) is loopback

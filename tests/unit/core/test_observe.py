# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each subject asks GitLab for everything that its plan needs, and for nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import health
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Part, Reading
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import release

URL = "https://aigw.example.com"
NONE = {"nodes": [], "pageInfo": {"hasNextPage": False}}


class Client:
    """Answers every reading with the same data, and remembers what was asked for."""

    def __init__(self, *offered: str, **data: Any) -> None:
        self.reading = Reading(release("18.9"), True, data=data, offered=set(offered))
        self.asked: list[tuple[Part, ...]] = []

    def read(self, *parts: Part) -> Reading:
        """Answer."""
        self.asked.append(parts)
        return self.reading


def asked(subject: Any, wanted: dict[str, Any]) -> str:
    """Return all that a subject asks for in its one request."""
    client = Client(aiSelfHostedModels=NONE, aiFeatureSettings={"nodes": []}, duoSettings={})
    there = subject.observe(client, subject.options(wanted))
    if subject is not gateway:
        assert (there.release, there.state.models) == (release("18.9"), {})
    (parts,) = client.asked
    return " ".join(part.document for part in parts)


# --- gateway -------------------------------------------------------------------------------------
def test_the_settings_that_a_release_may_lack_are_optional() -> None:
    client = Client("Settings0", aiSelfHostedModels=NONE, duoSettings={"aiGatewayUrl": URL})
    there = gateway.observe(client, gateway.options({}))
    assert (there.release.text, there.values) == ("18.9.0", {"ai_gateway_url": URL})
    ((permission, *settings),) = client.asked
    assert permission.document.startswith("query DuoPermission { aiSelfHostedModels(")
    asked = {it.selection: it.optional for it in settings}
    assert asked.pop("duoSettings { aiGatewayUrl }") is False
    others = set(gateway.FIELDS.values()) - {"aiGatewayUrl"}
    assert asked == {f"duoSettings {{ {name} }}": True for name in others}


@pytest.mark.parametrize(
    ("options", "clearing"),
    [
        ({}, False),
        ({"ai_gateway_url": URL}, False),
        ({"ai_gateway_url": ""}, True),
        ({"state": "absent"}, True),
    ],
)
def test_features_matter_where_the_url_is_cleared(options: dict, clearing: bool) -> None:
    assert ("aiFeatureSettings" in asked(gateway, options)) is clearing


def test_where_a_url_is_cleared_it_is_known_what_each_feature_uses() -> None:
    nodes = [
        {"feature": "DUO_CHAT", "provider": "unassigned"},
        {"feature": "code_completions", "provider": "DISABLED"},
    ]
    client = Client(aiSelfHostedModels=NONE, duoSettings={}, aiFeatureSettings={"nodes": nodes})
    there = gateway.observe(client, gateway.options({"state": "absent"}))
    assert there.providers == {"duo_chat": "unassigned", "code_completions": "disabled"}


def test_an_empty_url_that_nobody_may_see_is_no_empty_url() -> None:
    with pytest.raises(Failure) as caught:
        gateway.observe(Client(duoSettings={}), gateway.options({}))
    assert caught.value.code == messages.NO_LICENSE.code


# --- models --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("model", "keys"),
    [
        ({}, False),
        ({"api_key": "x"}, True),
        ({"api_key": ""}, True),
        ({"api_key": "x", "update_api_key": "always"}, False),
        ({"api_key": "x", "update_api_key": "on_create"}, False),
    ],
)
def test_stored_keys_are_asked_for_where_one_is_compared(model: dict, keys: bool) -> None:
    models = [{"name": "other"}, {"name": "m", **model}]
    assert ("apiToken" in asked(self_hosted_model, {"models": models})) is keys


@pytest.mark.parametrize(
    ("model", "features"),
    [
        ({}, False),
        ({"model_family": "codestral"}, False),
        ({"model_family": "llama3"}, True),
        ({"state": "absent"}, True),
    ],
)
def test_features_tell_whether_a_model_may_be_hidden(model: dict, features: bool) -> None:
    models = [{"name": "other"}, {"name": "m", **model}]
    assert ("aiFeatureSettings" in asked(self_hosted_model, {"models": models})) is features


# --- feature settings ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "cloud"),
    [
        ({"provider": "disabled"}, False),
        ({"model": "codestral"}, False),
        # Without the list of its models, GitLab refuses the provider.
        ({"provider": "vendored"}, True),
        ({"gitlab_model": "claude"}, True),
        ({"provider": "vendored", "gitlab_model": ""}, True),
        # The default, to which the feature goes back, may be vendored.
        ({"state": "absent"}, True),
    ],
)
def test_gitlabs_models_are_asked_for_where_they_matter(options: dict, cloud: bool) -> None:
    text = asked(feature_model, {"features": ["duo_chat"], **options})
    assert "aiFeatureSettings { nodes { feature provider" in text
    assert ("gitlabModel" in text) is cloud
    # They decide what GitLab refuses.
    assert "currentLicense" in text
    assert "addOnPurchases" in text


# --- parts that depend on options ----------------------------------------------------------------
class Noting:
    """Notes the parts that are read."""

    def __init__(self) -> None:
        self.text = ""

    def read(self, *parts: Part) -> Any:
        """Note them and stop there."""
        self.text = " ".join(part.document for part in parts)
        raise StopIteration


@pytest.mark.parametrize(
    ("subject", "options", "read", "not_read"),
    [
        (self_hosted_model, {"name": "m"}, [], ["apiToken", "aiFeatureSettings"]),
        (self_hosted_model, {"name": "m", "api_key": "k"}, ["apiToken"], ["aiFeatureSettings"]),
        (
            self_hosted_model,
            {"name": "m", "api_key": "k", "update_api_key": "on_create"},
            [],
            ["apiToken"],
        ),
        (
            self_hosted_model,
            {"name": "m", "api_key": "k", "update_api_key": "always"},
            [],
            ["apiToken"],
        ),
        (self_hosted_model, {"name": "m", "state": "absent"}, ["aiFeatureSettings"], []),
        (self_hosted_model, {"name": "m", "model_family": "llama3"}, ["aiFeatureSettings"], []),
        (feature_model, {"features": ["x"], "provider": "disabled"}, [], ["gitlabModel "]),
        (feature_model, {"features": ["x"], "gitlab_model": "c"}, ["gitlabModel "], []),
        (health, {"checks": ["connections"]}, ["apiToken"], ["gitlabModel "]),
        (health, {"checks": ["probes"]}, [], ["apiToken"]),
    ],
)
def test_reads_what_it_needs(subject: Any, options: dict, read: list, not_read: list) -> None:
    client = Noting()
    with pytest.raises(StopIteration):
        subject.observe(client, subject.options(options))
    assert [text for text in read if text not in client.text] == []
    assert [text for text in not_read if text in client.text] == []

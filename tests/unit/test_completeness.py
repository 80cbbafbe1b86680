# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitLab offers and what the collection offers, release by release."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.instance_settings import (
    GRAPHQL,
    SETTINGS,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.offers import (
    FAMILIES,
    FEATURES,
    PROVIDERS,
    Offer,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    feature_model,
    gateway,
    one_model,
    one_setting,
    seats,
    self_hosted_model,
)
from sandbox.schema_data import names_of
from sandbox.versions import parse

VERSIONS = ["17.9", "17.10", "17.11", "18.0", "18.1", "18.2", "18.3", "18.4", "18.5", "18.6"]
VERSIONS += [
    "18.7",
    "18.8",
    "18.9",
    "18.10",
    "18.11",
    "19.0",
    "19.1",
    "19.2",
    "19.3",
    "19.4",
    "19.5",
]

# Arguments of GitLab's mutations: the option that sets it, ...
OPTIONS: dict[str, tuple[Any, dict[str, str]]] = {
    "DuoSettingsUpdateInput": (
        gateway,
        {argument: option for option, argument in gateway.FIELDS.items()},
    ),
    "AiSelfHostedModelCreateInput": (
        self_hosted_model,
        {
            "name": "name",
            "model": "model_family",
            "endpoint": "endpoint",
            "identifier": "identifier",
            "apiToken": "api_key",
            "provider": "deployment_method",
            "iamRole": "iam_role",
        },
    ),
    "AiSelfHostedModelUpdateInput": (
        self_hosted_model,
        {
            "id": "name",  # found by its name
            "name": "new_name",
            "model": "model_family",
            "endpoint": "endpoint",
            "identifier": "identifier",
            "apiToken": "api_key",
            "provider": "deployment_method",
            "iamRole": "iam_role",
        },
    ),
    "AiSelfHostedModelDeleteInput": (self_hosted_model, {"id": "name"}),
    "AiFeatureSettingUpdateInput": (
        feature_model,
        {
            "feature": "features",
            "features": "features",
            "provider": "provider",
            "aiSelfHostedModelId": "model",
            "offeredModelRef": "gitlab_model",
        },
    ),
    "UserAddOnAssignmentBulkCreateInput": (
        seats,
        {"addOnPurchaseId": "add_on", "userIds": "users"},
    ),
    "UserAddOnAssignmentBulkRemoveInput": (
        seats,
        {"addOnPurchaseId": "add_on", "userIds": "users"},
    ),
}
# ... or why there is none. Nothing else may be missing.
OTHER = "an option of duo_settings"
NETWORK = "network rules of the Agent Platform's sandbox"
REASONS = {
    "clientMutationId": "a label that GitLab sends back; no setting",
    **{it.key: OTHER for it in SETTINGS.values() if it.api == GRAPHQL},
    "duoCliEnabled": "an option of duo_settings, which writes it over REST",
    "includeRecommendedAllowed": NETWORK,
    "allowAllUnixSockets": NETWORK,
    "allowProjectExtension": NETWORK,
}
# Options that are no argument of a mutation: they say how to do it.
CONDUCT = {
    "state": "present or absent",
    "when_unsupported": "what to do about a release that lacks something",
    "update_api_key": "when to send api_key",
    "force": "delete although it is used",
    "models": "many at once",
    "settings": "many at once",
    "exclusive": "delete what is not declared",
    "confirm_empty": "delete all of it",
    "connection_check": "whether to let GitLab ask a model before it is stored",
    "connection_check_timeout": "how long",
    "plan": "what the preflight has planned",
}
# Options that a release may lack, and the first release that has them.
SINCE = {**gateway.SINCE, **one_model.SINCE, **one_setting.SINCE}
# What an option of SINCE needs: the mutation's input and its argument.
NEEDS = {
    **{option: ("DuoSettingsUpdateInput", name) for option, name in gateway.FIELDS.items()},
    "deployment_method vertex_ai": ("AiSelfHostedModelCreateInput", "provider"),
    "iam_role": ("AiSelfHostedModelCreateInput", "iamRole"),
    "gitlab_model": ("AiFeatureSettingUpdateInput", "offeredModelRef"),
}
ENUMS: list[tuple[str, dict[str, Any]]] = [
    ("AiFeatures", FEATURES),
    ("AiAcceptedSelfHostedModels", FAMILIES),
    ("AiFeatureProviders", PROVIDERS),
]


def arguments(version: str, name: str) -> set[str]:
    """Return the arguments that a release's input takes."""
    return set(names_of(parse(version))["inputs"][name])


def test_the_inputs_are_those_of_the_mutations() -> None:
    mutations = names_of(parse("19.x"))["mutations"]
    written = {mutation["input"].rstrip("!") for mutation in mutations.values()}
    others = {
        "AiSelfHostedModelConnectionCheckInput",  # stores nothing; held to the model's below
        "GitlabSubscriptionActivateInput",  # licences are not this collection's
    }
    assert written == {*OPTIONS, *others}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OPTIONS)
def test_every_argument_has_an_option_or_a_reason(version: str, name: str) -> None:
    assert arguments(version, name) - set(OPTIONS[name][1]) - set(REASONS) == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_connection_check_takes_what_describes_a_model(version: str) -> None:
    check = arguments(version, "AiSelfHostedModelConnectionCheckInput")
    assert check == arguments(version, "AiSelfHostedModelCreateInput")


@pytest.mark.parametrize("name", OPTIONS)
def test_no_entry_is_left_over(name: str) -> None:
    ever = set().union(*(arguments(version, name) for version in VERSIONS))
    assert set(OPTIONS[name][1]) - ever == set()
    assert not set(OPTIONS[name][1]) & set(REASONS)


def test_no_reason_is_left_over() -> None:
    ever = {key for version in VERSIONS for name in OPTIONS for key in arguments(version, name)}
    assert set(REASONS) - ever == set()


@pytest.mark.parametrize("subject", [gateway, self_hosted_model, feature_model])
def test_every_option_sets_an_argument_or_says_how(subject: Any) -> None:
    setting = {
        option for of, table in OPTIONS.values() if of is subject for option in table.values()
    }
    spec = set(subject.SUBJECT.arguments.spec)
    assert setting - spec == set()
    assert spec - setting - set(CONDUCT) == set()


@pytest.mark.parametrize("option", SINCE)
def test_options_are_offered_from_the_release_that_messages_name(option: str) -> None:
    name, argument = NEEDS[option]
    since = VERSIONS.index(SINCE[option])
    assert argument in arguments(VERSIONS[since], name)
    # The release before may have it hidden (the timeout: its column is a release older).
    assert argument not in arguments(VERSIONS[since - 2], name)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("enum", "offers"), ENUMS, ids=[enum for enum, _offers in ENUMS])
def test_releases_agree_with_the_schema(version: str, enum: str, offers: dict[str, Offer]) -> None:
    release = Release.parse(version)
    assert release
    there = {value.lower() for value in names_of(parse(version))["enums"][enum]}
    assert there - set(offers) == set(), "unknown to offers.py"
    certain = {name for name, offer in offers.items() if release.has(offer)}
    assert certain - there == set(), "said to be there"
    denied = {name for name, offer in offers.items() if release.has(offer) is False}
    assert denied & there == set(), "said not to be there"

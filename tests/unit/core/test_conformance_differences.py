# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A GitLab that differs from a belief is found, by the number of that belief."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.conformance import SUBJECT
from ansible_collections.gitlab_ops.duo.tests.unit.core.differing import (
    GONE,
    Patch,
    all_or_nothing,
    at,
    by_prefix,
    enum,
    kept_key,
    kind,
    lost_key,
    never_deleted,
    one_by_one,
    schema,
    some_beta,
    upper,
    value,
    without_cascade,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import (
    ROOT,
    Reply,
    Sandboxed,
)
from sandbox import (
    credentials,
    executable,
    graphql_http,
    page_data,
    rules_gateway,
    rules_models,
)

GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {"name": "m", "model": "mistral", "endpoint": "https://vllm.example.com/v1"}
SEED = {"gateway": GATEWAY, "models": [MODEL]}


@dataclass(frozen=True)
class Difference:
    """A GitLab that differs in one thing, and the beliefs that have to say so."""

    about: str
    numbers: tuple[str, ...]
    # Done to the sandbox before it starts.
    patch: Callable[[Patch], None] = lambda _patch: None
    # Done to each of its answers.
    alter: Callable[[Any], Any] | None = None
    release: str = "19.4"
    seed: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    # Whether it shows where GitLab is only read.
    reading: bool = True


SECURE = "selfHostedDuoAgentPlatformServiceSecure"
BETA = {"beta_acceptances": ["root"]}
WRITES = {"reading": False}

DIFFERENCES = (
    # --- schema
    Difference(
        "a field is missing",
        ("S143",),
        kind("objects", "DuoSettings", "aiGatewayTimeoutSeconds", None),
    ),
    Difference(
        "a field that models need is missing",
        ("S118",),
        kind("objects", "AiSelfHostedModel", "featureSettings", None),
    ),
    Difference(
        "a field is of another type",
        ("S143",),
        kind("objects", "DuoSettings", "aiGatewayTimeoutSeconds", "String"),
    ),
    Difference(
        "a field came earlier than believed",
        ("S119",),
        kind("objects", "AiSelfHostedModel", "provider", "String"),
        release="18.9",
    ),
    Difference(
        "an argument is missing",
        ("S268",),
        kind("inputs", "AiFeatureSettingUpdateInput", "offeredModelRef", None),
    ),
    Difference(
        "an argument is of another type",
        ("S273",),
        kind("inputs", "DuoSettingsUpdateInput", "aiGatewayTimeoutSeconds", "Float"),
    ),
    Difference(
        "the provider is optional",
        ("S209",),
        kind("inputs", "AiSelfHostedModelCreateInput", "provider", "AiSelfHostedModelProvider"),
    ),
    Difference(
        "an update needs an endpoint",
        ("S226",),
        kind("inputs", "AiSelfHostedModelUpdateInput", "endpoint", "String!"),
    ),
    Difference(
        "the connection check takes no key",
        ("S244",),
        kind("inputs", "AiSelfHostedModelConnectionCheckInput", "apiToken", None),
    ),
    Difference(
        "one feature for each update",
        ("S264",),
        kind("inputs", "AiFeatureSettingUpdateInput", "features", "AiFeatures!"),
    ),
    Difference(
        "the TLS switch is not there yet",
        ("S147", "S277"),
        schema(
            lambda names: (
                names["objects"]["DuoSettings"].pop(SECURE),
                names["inputs"]["DuoSettingsUpdateInput"].pop(SECURE),
            )
        ),
    ),
    Difference(
        "the payload does not show the settings",
        ("S166",),
        schema(lambda names: names["mutations"]["duoSettingsUpdate"]["payload"].pop("duoSettings")),
    ),
    # --- enum values
    Difference(
        "a feature is missing",
        ("E101",),
        enum("AiFeatures", lambda it: [name for name in it if name != "DUO_CHAT"]),
    ),
    Difference(
        "there is a feature that nobody knows",
        ("E102",),
        enum("AiFeatures", lambda it: [*it, "DUO_CANARY"]),
    ),
    Difference(
        "a model family is missing",
        ("E201",),
        enum("AiAcceptedSelfHostedModels", lambda it: [x for x in it if x != "CLAUDE_3"]),
    ),
    Difference(
        "there is a family that nobody knows",
        ("E202",),
        enum("AiAcceptedSelfHostedModels", lambda it: [*it, "LLAMA9"]),
    ),
    Difference(
        "a provider is missing",
        ("E301",),
        enum("AiFeatureProviders", lambda it: [x for x in it if x != "UNASSIGNED"]),
    ),
    Difference(
        "models have another provider",
        ("E401",),
        enum("AiSelfHostedModelProvider", lambda it: [*it, "MISTRAL"]),
    ),
    # --- access
    Difference(
        "the licence has no self-hosted models",
        ("A103",),
        seed={"license": {"plan": "starter", "type": "online_cloud"}},
    ),
    Difference(
        "the token's user is nobody",
        ("A102",),
        options={"api_token": credentials.USER_TOKEN},
    ),
    Difference(
        "the token only reads",
        ("A101",),
        options={"api_token": credentials.READONLY_TOKEN},
    ),
    Difference(
        "models are null",
        ("A111",),
        alter=value("aiSelfHostedModels", lambda _it: None),
    ),
    Difference(
        "features are null",
        ("A112",),
        alter=value("aiFeatureSettings", lambda _it: None),
    ),
    # --- protocol
    Difference("several documents at once are refused", ("P101",), alter=one_by_one),
    Difference(
        "an unknown field fails its neighbours",
        ("P102",),
        alter=all_or_nothing,
    ),
    Difference(
        "refusals have other words",
        ("P103",),
        alter=value("message", lambda it: str(it).replace("Field '", "The field '")),
    ),
    # --- readings
    Difference("features are in upper case", ("R121",), alter=value("feature", upper)),
    Difference("providers are in upper case", ("R122",), alter=value("provider", upper)),
    Difference(
        "families are in upper case", ("R103", "W102"), alter=value("model", upper), reading=False
    ),
    Difference(
        "families of features are in upper case",
        ("R124",),
        alter=value("compatibleLlms", lambda it: it and [name.upper() for name in it]),
    ),
    Difference(
        "a missing identifier is null",
        ("R106", "W104"),
        alter=value("identifier", lambda it: it or None),
        reading=False,
    ),
    Difference(
        "a release state is in lower case",
        ("R123",),
        alter=value("releaseState", lambda it: it and it.lower()),
    ),
    Difference("whether there is a key is text", ("R107",), alter=value("hasApiToken", str)),
    Difference(
        "the features of a model are null",
        ("R108",),
        alter=value("featureSettings", lambda _it: None),
    ),
    Difference(
        "ids are numbers",
        ("R101",),
        alter=value("id", lambda it: int(it.split("/")[-1]) if "/" in str(it) else it),
    ),
    Difference(
        "the timeout is beyond its bounds",
        ("R133",),
        alter=value("aiGatewayTimeoutSeconds", lambda _it: 0),
    ),
    Difference(
        "the timeout is text",
        ("R132",),
        alter=value("aiGatewayTimeoutSeconds", str),
    ),
    Difference("some of the beta features are listed", ("R127",), alter=some_beta, seed=BETA),
    Difference(
        "the licence is of another type", ("R141",), alter=value("type", lambda _it: "cloud")
    ),
    Difference("add-ons are an object", ("R142",), alter=value("addOnPurchases", lambda _it: {})),
    # --- settings
    Difference(
        "a setting is missing", ("T102",), alter=value("deny_all_requests_except_allowed", GONE)
    ),
    Difference(
        "the allowlist is a list",
        ("T101",),
        alter=value("outbound_local_requests_allowlist_raw", lambda it: [it]),
    ),
    Difference(
        "Duo has another availability",
        ("T111",),
        alter=value("duo_availability", lambda _it: "sometimes_on"),
    ),
    # --- pages
    Difference(
        "the switch has another path",
        ("B102",),
        lambda patch: patch.setattr(page_data, "toggle_path", lambda _release: "/admin/ai/toggle"),
    ),
    # --- writes
    Difference(
        "the slash is kept",
        ("W131",),
        at(rules_gateway, "_without_slash", lambda url: url),
        **WRITES,
    ),
    Difference(
        "the timeout is not written",
        ("W132",),
        alter=value("aiGatewayTimeoutSeconds", lambda it: it and 60),
        **WRITES,
    ),
    Difference(
        "a name can be given twice",
        ("W108",),
        at(rules_models, "_problems", lambda _instance, _model: []),
        **WRITES,
    ),
    Difference(
        "an empty key clears nothing", ("W106",), at(rules_models, "_given", kept_key), **WRITES
    ),
    Difference(
        "a key that is left out is lost", ("W107",), at(rules_models, "_given", lost_key), **WRITES
    ),
    Difference(
        "the identifier decides the provider",
        ("W109",),
        at(rules_models, "_given", by_prefix),
        **WRITES,
    ),
    Difference(
        "deleting a model turns its features off",
        ("W123",),
        at(rules_models, "delete", without_cascade),
        **WRITES,
    ),
    Difference(
        "deleting does nothing",
        ("W112", "W113", "W199"),
        at(rules_models, "delete", never_deleted),
        **WRITES,
    ),
    Difference(
        "endpoints lose their slash",
        ("W105",),
        alter=value("endpoint", lambda it: it and it.rstrip("/")),
        **WRITES,
    ),
)


@pytest.fixture(autouse=True)
def _own_schema() -> Iterator[None]:
    caches = (executable.schema_of, graphql_http._refusals)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def altered(change: Callable[[Any], Any]) -> Callable[[Reply], Reply]:
    """Return what makes another answer of JSON, and leaves pages alone."""

    def alter(reply: Reply) -> Reply:
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        return replace(reply, body=json.dumps(change(answer)).encode())

    return alter


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda it: it.about)
def test_a_difference_is_found(monkeypatch: Patch, difference: Difference) -> None:
    difference.patch(monkeypatch)
    gitlab = Sandboxed(difference.release, **{**SEED, **difference.seed})
    if difference.alter:
        gitlab.adapter.alter = altered(difference.alter)
    options = {"write": not difference.reading, **ROOT, **difference.options}
    result = gitlab.run(SUBJECT, **options)
    told = {
        it["number"]: it["answered"]
        for it in result["conformance"]["beliefs"]
        if it["state"] == "differs"
    }
    assert set(difference.numbers) <= set(told), told
    assert result["failed"]
    # It names what differs and does not suspect everything.
    assert len(told) <= 12, told


def test_differences_are_many() -> None:
    assert len(DIFFERENCES) >= 50
    assert {number[0] for it in DIFFERENCES for number in it.numbers} == set("APSERTBW")

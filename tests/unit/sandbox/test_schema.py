# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of a release has an answer, and its names are that release's."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType, get_named_type, is_required_argument

from sandbox.executable import schema_of
from sandbox.versions import parse

VERSIONS = ["17.9", "17.10", "17.11", "18.0", "18.2", "18.3", "18.4", "18.5", "18.6", "18.7"]
VERSIONS += ["18.8", "18.9", "18.10", "18.11", "19.0", "19.x"]
#: Below a model these four end in HTTP 500, as they should (test_models.py).
UNDECORATED = ("validModels", "validGitlabModels", "gitlabModel", "defaultGitlabModel")


def select(kind, seen=()):
    """A selection of every field, each type once in a branch; `edges` would cost too much."""
    parts = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if name == "edges" or ("AiSelfHostedModel" in seen and name in UNDECORATED):
            continue
        arguments = required(field)
        if not isinstance(inner, GraphQLObjectType):
            parts.append(name + arguments)
        elif inner.name not in seen:
            below = select(inner, (*seen, inner.name))
            if below:
                parts.append(f"{name}{arguments} {{ {below} }}")
    return " ".join(parts)


def required(field):
    """The arguments that a field needs, each empty but for a name of an enum."""
    needed = [name for name, one in field.args.items() if is_required_argument(one)]
    told = [f"{name}: {'DUO_ENTERPRISE' if name == 'addOnType' else '[]'}" for name in needed]
    return f"({', '.join(told)})" if told else ""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_answers(gitlab_of, version):
    gitlab = gitlab_of(version)
    model = {"name": "m", "model": "codestral", "endpoint": "http://x", "identifier": "i"}
    gitlab.seed(
        models=[model],
        features={
            "code_completions": {"provider": "self_hosted", "model": "m"},
            "duo_chat": {"provider": "vendored"},
        },
        gateway={"ai_gateway_url": "http://gw.example.com"},
    )
    query = schema_of(parse(version), True).query_type
    for name, field in query.fields.items():
        inner = get_named_type(field.type)
        answer = gitlab.data(f"{{ {name}{required(field)} {{ {select(inner, (inner.name,))} }} }}")
        assert answer[name], name


NAMES = [
    ("17.9", "AiFeatureSettingUpdateInput", "feature", "features"),
    ("17.11", "AiFeatureSettingUpdateInput", "features", "feature"),
    ("18.0", "DuoSettingsUpdateInput", "duoCoreFeaturesEnabled", "duoAgentPlatformServiceUrl"),
    ("18.4", "DuoSettingsUpdateInput", "duoAgentPlatformServiceUrl", "aiGatewayTimeoutSeconds"),
    ("18.6", "DuoSettingsUpdateInput", "aiGatewayTimeoutSeconds", "minimumAccessLevelExecute"),
    (
        "18.9",
        "DuoSettingsUpdateInput",
        "minimumAccessLevelExecute",
        "selfHostedDuoAgentPlatformServiceSecure",
    ),
    ("18.10", "DuoSettings", "selfHostedDuoAgentPlatformServiceSecure", "duoCliEnabled"),
    ("18.10", "AiSelfHostedModelCreateInput", "endpoint", "provider"),
    ("18.11", "AiSelfHostedModel", "provider", "allowList"),
    ("19.x", "AiFeatureSetting", "allowList", "provided"),
]


@pytest.mark.parametrize(("version", "kind", "has", "lacks"), NAMES)
def test_names_by_release(version, kind, has, lacks):
    fields = schema_of(parse(version), True).type_map[kind].fields
    assert has in fields
    assert lacks not in fields


@pytest.mark.parametrize(
    ("version", "kind", "has", "lacks"),
    [
        ("17.9", "AiFeatures", "DUO_CHAT_FIX_CODE", "DUO_CHAT_TROUBLESHOOT_JOB"),
        ("17.11", "AiFeatures", "DUO_CHAT_TROUBLESHOOT_JOB", "GENERATE_COMMIT_MESSAGE"),
        ("18.2", "AiFeatures", "GENERATE_COMMIT_MESSAGE", "REVIEW_MERGE_REQUEST"),
        ("18.4", "AiFeatures", "DUO_AGENT_PLATFORM", "DUO_AGENT_PLATFORM_AGENTIC_CHAT"),
        ("18.2", "AiAcceptedSelfHostedModels", "LLAMA3", "GENERAL"),
        ("18.11", "AiAcceptedSelfHostedModels", "GENERAL", "GEMINI"),
        ("18.3", "AiFeatureProviders", "VENDORED", "UNASSIGNED"),
        ("18.4", "AiFeatureProviders", "UNASSIGNED", "NOTHING"),
        ("19.0", "AiAcceptedSelfHostedModels", "GEMINI", "QWEN"),
    ],
)
def test_enums_by_release(version, kind, has, lacks):
    values = schema_of(parse(version), True).type_map[kind].values
    assert has in values
    assert lacks not in values

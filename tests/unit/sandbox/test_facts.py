# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema that is served is that of GitLab (facts.py), in both directions."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
)

from ansible_collections.gitlab_ops.duo.tests.unit.sandbox import facts
from sandbox.catalog import catalog_of
from sandbox.executable import schema_of
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
    "19.x",
]

#: What the sandbox adds so that the rest can be served: GitLab's own, but not in the facts.
ADDED_TYPES = {
    "PageInfo",
    "Kas",
    "GitlabInstanceFeatureFlag",
    "CurrentUser",
    "EchoCreateInput",
    "EchoCreatePayload",
    "SubscriptionFutureEntry",
    "AiModelSelectionAllowList",
}
ADDED_FIELDS = {"Query.currentUser", "Mutation.echoCreate", "Mutation.echoCreate(input)"}


def rows(text):
    """Lines, with those that begin with blanks as parts of the line before."""
    return text.strip("\n").replace("\n  ", " ").splitlines()


def members(text):
    """`Owner: name type, name type` as ("Owner.name", "type"); a value of an enum has no type."""
    for row in rows(text):
        owner, rest = row.split(": ", 1)
        for member in rest.split(", "):
            name, *kind = member.split(" ")
            yield f"{owner}.{name}", "".join(kind)


def expected(version):
    release = parse(version)
    names = dict(members(facts.BASE))
    for since, change in facts.CHANGES.items():
        if release.at_least(*map(int, since.split("."))):
            for name, kind in members(change):
                if name.startswith("- "):
                    del names[name[2:]]
                else:
                    names[name] = kind
    return names


def served(version):
    found = {}
    for owner, kind in schema_of(parse(version), True).type_map.items():
        if owner.startswith("__") or owner.endswith(("Connection", "Edge")) or owner in ADDED_TYPES:
            continue
        if isinstance(kind, GraphQLEnumType):
            found |= {f"{owner}.{name}": "" for name in kind.values}
        elif isinstance(kind, GraphQLInputObjectType):
            found |= {f"{owner}.{name}": str(one.type) for name, one in kind.fields.items()}
        elif isinstance(kind, GraphQLObjectType):
            for name, one in kind.fields.items():
                found[f"{owner}.{name}"] = str(one.type)
                if owner in ("Query", "Mutation"):
                    found |= {f"{owner}.{name}({a})": str(b.type) for a, b in one.args.items()}
    # A mutation's type is its payload, which follows from its name.
    mutations = [name for name in found if name.startswith("Mutation.") and "(" not in name]
    for name in mutations:
        payload = name.removeprefix("Mutation.")
        assert found.pop(name) == payload[0].upper() + payload[1:] + "Payload"
    return {name: kind for name, kind in found.items() if name not in ADDED_FIELDS}


@pytest.mark.parametrize("version", VERSIONS)
def test_names_and_types(version):
    assert served(version) == expected(version)


def test_every_change_is_one():
    """A line that says what was so before would hold nothing."""
    names = dict(members(facts.BASE))
    for change in facts.CHANGES.values():
        for name, kind in members(change):
            if name.startswith("- "):
                assert name[2:] in names
                del names[name[2:]]
            else:
                assert names.get(name) != kind, name
                names[name] = kind


@pytest.mark.parametrize("version", facts.ORDER)
def test_order_of_enums(version):
    names = names_of(parse(version))["enums"]
    for enum, order in facts.ORDER[version].items():
        assert names[enum] == order.split()


def test_order_of_features():
    names = [row.split(" | ")[0].upper() for row in rows(facts.FEATURES)]
    assert names_of(parse("18.9"))["enums"]["AiFeatures"] == names


def features(text, release):
    for row in rows(text):
        name, title, main, state, families, marks = (one.strip() for one in row.split("|"))
        fit = facts.COMPATIBLE[families].split()
        if release.at_least(*facts.QWEN_SINCE) and families not in ("agent", "search"):
            fit.append("qwen")
        yield (
            name,
            {
                "title": title,
                "main_feature": main,
                "release_state": state,
                "families": tuple(fit),
                "only_with_beta": "B" in marks,
                "not_on_premium": "P" in marks,
            },
        )


def catalog(version):
    release = parse(version)
    return catalog_of(release, names_of(release))


@pytest.mark.parametrize("version", ["18.9", "18.11", "19.0", "19.1", "19.2", "19.3", "19.4"])
def test_features(version):
    release = parse(version)
    wanted = dict(features(facts.FEATURES, release))
    for since, more in facts.FEATURES_SINCE.items():
        if release.at_least(*map(int, since.split("."))):
            wanted |= dict(features(more, release))
    found = {name: dict(vars(one)) for name, one in catalog(version).features.items()}
    assert found == {name: {"name": name, **one} for name, one in wanted.items()}


def test_families():
    wanted = {}
    for row in rows(facts.FAMILIES):
        name, shown, state = (one.strip() for one in row.split("|"))
        wanted[name] = (shown or name.capitalize(), state)
    found = catalog("19.x").families.values()
    assert {one.name: (one.display_name, one.release_state) for one in found} == wanted


@pytest.mark.parametrize(("version", "default"), [("18.3", "vendored"), ("18.4", "unassigned")])
def test_default_provider(version, default):
    assert catalog(version).default_provider == default

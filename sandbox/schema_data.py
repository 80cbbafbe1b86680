# SPDX-License-Identifier: GPL-3.0-or-later
"""The GraphQL schema of one release, as schema definition language.

`schema/graphql.json` holds the names of 17.9 and what each later release changed. A release
between two entries has the lower one's schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .versions import Release

DATA = Path(__file__).parent / "schema"

#: Types that the data names but does not describe.
SUPPLEMENT = """
scalar AiSelfHostedModelID
scalar GitlabSubscriptionsAddOnPurchaseID
scalar NamespaceID
scalar UserID
scalar Date
scalar JSON
scalar Time
type PageInfo {
  endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String
}
type Kas { enabled: Boolean! externalK8sProxyUrl: String externalUrl: String version: String }
type GitlabInstanceFeatureFlag { enabled: Boolean! name: String! }
type CurrentUser { id: UserID! name: String! username: String! }
type EchoCreatePayload { clientMutationId: String echoes: [String!] errors: [String!]! }
input EchoCreateInput { clientMutationId: String errors: [String!] messages: [String!] }
"""

ENTERPRISE_SUPPLEMENT = """
type SubscriptionFutureEntry {
  company: String email: String expiresAt: Date name: String plan: String! startsAt: Date
  type: String! usersInLicenseCount: Int
}
"""

#: Fields that the Community Edition has too; everything else in the data is Enterprise only.
COMMUNITY_QUERIES = {"metadata"}
COMMUNITY_OBJECTS = {"Metadata"}

#: Arguments of fields that are not root fields.
FIELD_ARGUMENTS = {
    ("Metadata", "featureFlags"): "names: [String!]!",
    ("AddOnUser", "addOnAssignments"): "addOnPurchaseIds: [GitlabSubscriptionsAddOnPurchaseID!]!",
}
PAGE_ARGUMENTS = "after: String before: String first: Int last: Int"
#: Types that have connections.
NODES = (
    "AiFeatureSetting",
    "AiSelfHostedModel",
    "AiModelSelectionOfferedModel",
    "AddOnUser",
    "UserAddOnAssignment",
)


def names_of(release: Release) -> dict[str, Any]:
    """The release's enums, objects, inputs, queries and mutations."""
    data = json.loads((DATA / "graphql.json").read_text("utf-8"))
    names: dict[str, Any] = data["base"]
    for since, change in data["changes"].items():
        major, minor = since.split(".")
        if release.at_least(int(major), int(minor)):
            names = _merge(names, change)
    return names


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merge(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def sdl(names: dict[str, Any], enterprise: bool = True) -> str:
    """Schema definition language for `ariadne.make_executable_schema`."""
    objects = names["objects"]
    parts = [SUPPLEMENT]
    queries = names["queries"]
    if enterprise:
        parts.append(ENTERPRISE_SUPPLEMENT)
        for name, values in names["enums"].items():
            parts.append(f"enum {name} {{ {' '.join(values)} }}")
        for name, fields in names["inputs"].items():
            parts.append(_block("input", name, [f"{key}: {kind}" for key, kind in fields.items()]))
    else:
        objects = {name: objects[name] for name in COMMUNITY_OBJECTS}
        queries = {name: queries[name] for name in COMMUNITY_QUERIES}
    for name, fields in objects.items():
        parts.append(_object(name, fields))
    root = ["currentUser: CurrentUser"]
    for name, query in queries.items():
        arguments = " ".join(f"{key}: {kind}" for key, kind in query["args"].items())
        root.append(f"{name}{f'({arguments})' if arguments else ''}: {query['type']}")
    parts.append(_block("type", "Query", root))
    writes = ["echoCreate(input: EchoCreateInput!): EchoCreatePayload"]
    if enterprise:
        for name, mutation in names["mutations"].items():
            payload = name[0].upper() + name[1:] + "Payload"
            parts.append(_object(payload, mutation["payload"]))
            writes.append(f"{name}(input: {mutation['input']}): {payload}")
    parts.append(_block("type", "Mutation", writes))
    text = "\n".join(parts)
    if "AiModelSelectionAllowList" in text:
        text += "\ntype AiModelSelectionAllowList { enabled: Boolean! }"
    for node in NODES:
        if f"{node}Connection" in text:
            text += (
                f"\ntype {node}Connection"
                f" {{ edges: [{node}Edge] nodes: [{node}] pageInfo: PageInfo! }}"
                f"\ntype {node}Edge {{ cursor: String! node: {node} }}"
            )
    return text


def _object(name: str, fields: dict[str, str]) -> str:
    lines = []
    for field, kind in fields.items():
        arguments = FIELD_ARGUMENTS.get((name, field), "")
        if kind.rstrip("!").endswith("Connection"):
            arguments = f"{arguments} {PAGE_ARGUMENTS}"
        lines.append(f"{field}{f'({arguments})' if arguments else ''}: {kind}")
    return _block("type", name, lines)


def _block(kind: str, name: str, lines: list[str]) -> str:
    return f"{kind} {name} {{\n  " + "\n  ".join(lines) + "\n}"

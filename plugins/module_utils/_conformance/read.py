# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beliefs about GitLab's answers when models, features and settings are read.

Established by running GitLab EE 18.9 and the relevant code of 18.11 and 19.4, and for older
releases from GitLab's GraphQL reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._duo.licences import OFFLINE
from .._duo.offers import FAMILIES, FEATURES, PROVIDERS
from .._subjects.gateway import FIELDS as GATEWAY_FIELDS
from .._subjects.stored import PAGE
from .belief import INFERRED, RECORDED, SOURCE, Belief, Judge, Seen, kind_of, public

if TYPE_CHECKING:
    from .learnt import Learnt

MODELS_FIELD, SETTINGS_FIELD = "aiSelfHostedModels", "aiFeatureSettings"
URL, TIMEOUT = GATEWAY_FIELDS["ai_gateway_url"], GATEWAY_FIELDS["ai_gateway_timeout_seconds"]
SERVICE = GATEWAY_FIELDS["duo_agent_platform_service_url"]
SECURE = GATEWAY_FIELDS["duo_agent_platform_service_secure"]
MODEL_PROVIDERS = ("API", "BEDROCK", "VERTEX_AI")
_TYPES = ("online_cloud", OFFLINE, "legacy_license")
_STATES = ("GA", "BETA", "EXPERIMENT", "EXPERIMENTAL")
_ID = re.compile(r"gid://gitlab/Ai::SelfHostedModel/\S+")
_TEXT = ("text", "empty text")


# --- readings ------------------------------------------------------------------------------------
def _of_nodes(root: str, name: str, judge: Callable[[Any, Learnt], Seen], learnt: Learnt) -> Any:
    """Yield a verdict for each node that has a field."""
    return (judge(node[name], learnt) for node in learnt.nodes(root) if name in node)


def _lower(names: Callable[[Learnt], list[str]]) -> Callable[[Any, Learnt], Seen]:
    """Return a judge of words: one of the names, in lower case."""

    def judge(value: Any, learnt: Learnt) -> Seen:
        known = names(learnt)
        return Seen(public(value, known), holds=value in known)

    return judge


def _is(*kinds: str) -> Callable[[Any, Learnt], Seen]:
    return lambda value, _learnt: Seen(kind_of(value), holds=kind_of(value) in kinds)


def _features(learnt: Learnt) -> list[str]:
    # A newer release may have more, but this belief is only about lower case.
    return learnt.release.names(FEATURES)


def _families(learnt: Learnt) -> list[str]:
    return learnt.release.names(FAMILIES)


def _providers(learnt: Learnt) -> list[str]:
    return learnt.release.names(PROVIDERS)


def _family_list(value: Any, learnt: Learnt) -> Seen:
    known = _families(learnt)
    if value is not None and not isinstance(value, list):
        return Seen(kind_of(value), holds=False)
    wrong = [public(it, known) for it in value or () if it not in known]
    return Seen(", ".join(dict.fromkeys(wrong)) or "known names", holds=not wrong)


def _release_state(value: Any, _learnt: Learnt) -> Seen:
    return Seen(public(value, _STATES), holds=value in _STATES)


def _identity(value: Any, _learnt: Learnt) -> Seen:
    fits = isinstance(value, str) and bool(_ID.fullmatch(value))
    return Seen("a global id" if fits else kind_of(value), holds=fits)


def _link(value: Any, _learnt: Learnt) -> Seen:
    nodes = value.get("nodes") if isinstance(value, dict) else None
    return Seen(kind_of(nodes), holds=isinstance(nodes, list))


def _linked_model(learnt: Learnt) -> Iterator[Seen]:
    for node in learnt.nodes(SETTINGS_FIELD):
        if "selfHostedModel" in node and node.get("provider") == "self_hosted":
            model = node["selfHostedModel"]
            yield Seen(kind_of(model), holds=isinstance(model, dict))


def _both_sides(learnt: Learnt) -> Iterator[Seen]:
    """Judge whether a model lists each feature that is listed with it, if models were read too."""
    links = {
        (node.get("name"), str(one.get("feature")).lower())
        for node in learnt.nodes(MODELS_FIELD)
        for one in (node.get("featureSettings") or {}).get("nodes") or ()
    }
    names = {node.get("name") for node in learnt.nodes(MODELS_FIELD) if "featureSettings" in node}
    for node in learnt.nodes(SETTINGS_FIELD) if learnt.seen["whole"] else ():
        model = node.get("selfHostedModel") or {}
        if node.get("provider") == "self_hosted" and model.get("name") in names:
            there = (model["name"], str(node.get("feature")).lower()) in links
            yield Seen("there" if there else "missing", holds=there)


def _page(learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots[MODELS_FIELD]:
        page = value.get("pageInfo") if isinstance(value, dict) else None
        if page is not None:
            more, cursor = page.get("hasNextPage"), page.get("endCursor")
            fits = isinstance(more, bool) and (cursor is None or isinstance(cursor, str))
            yield Seen(f"{kind_of(more)} and {kind_of(cursor)}", holds=fits)


def _page_size(learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots[MODELS_FIELD]:
        page = (value or {}).get("pageInfo") or {}
        count = len(value["nodes"]) if page and isinstance(value.get("nodes"), list) else 0
        if page.get("hasNextPage") is True and learnt.seen["whole"]:
            yield Seen(f"{count} nodes", holds=count == PAGE)


def _gateway(name: str, kinds: tuple[str, ...], learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots["duoSettings"]:
        if isinstance(value, dict) and name in value:
            kind = kind_of(value[name])
            yield Seen(kind, holds=kind in kinds)


def _timeout(learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots["duoSettings"]:
        seconds = value.get(TIMEOUT) if isinstance(value, dict) else None
        if seconds is not None:
            fits = isinstance(seconds, int) and 60 <= seconds <= 600
            yield Seen("within" if fits else "beyond", holds=fits)


def _beta_listing(learnt: Learnt) -> Iterator[Seen]:
    """Judge whether all, or none, of the features are listed that turning beta on always lists."""
    wanted = learnt.release.listed_with_beta
    for value in learnt.roots[SETTINGS_FIELD]:
        nodes = value.get("nodes") if isinstance(value, dict) else None
        names = {str(node.get("feature")).lower() for node in nodes or () if "feature" in node}
        if names and wanted:
            there = wanted & names
            told = "all" if there == wanted else "none" if not there else "some"
            yield Seen(told, holds=told != "some")


def _licence_type(learnt: Learnt) -> Iterator[Seen]:
    for licence in learnt.roots["currentLicense"]:
        if isinstance(licence, dict) and "type" in licence:
            yield Seen(public(licence["type"], _TYPES), holds=licence["type"] in _TYPES)


def _add_ons(learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots["addOnPurchases"]:
        fits = value is None or (
            isinstance(value, list) and all(isinstance(it, dict) for it in value)
        )
        yield Seen(kind_of(value), holds=fits)


# --- the beliefs ---------------------------------------------------------------------------------
def _nodes(root: str, name: str, judge: Callable[[Any, Learnt], Seen]) -> Judge:
    return partial(_of_nodes, root, name, judge)


_CASE = "is a known name in lower case."

BELIEFS = (
    Belief(
        "R101",
        "A model's id is a global id of Ai::SelfHostedModel.",
        RECORDED,
        _nodes(MODELS_FIELD, "id", _identity),
    ),
    Belief("R102", "A model's name is text.", RECORDED, _nodes(MODELS_FIELD, "name", _is("text"))),
    Belief(
        "R103",
        f"A model's family {_CASE}",
        RECORDED,
        _nodes(MODELS_FIELD, "model", _lower(_families)),
    ),
    Belief(
        "R104",
        "A model's endpoint is text.",
        RECORDED,
        _nodes(MODELS_FIELD, "endpoint", _is(*_TEXT)),
        before=(19, 0),
    ),
    Belief(
        "R105",
        "A model's endpoint is text or null.",
        RECORDED,
        _nodes(MODELS_FIELD, "endpoint", _is(*_TEXT, "null")),
        since=(19, 0),
    ),
    Belief(
        "R106",
        "A model's identifier is text, and empty if it has none.",
        RECORDED,
        _nodes(MODELS_FIELD, "identifier", _is(*_TEXT)),
    ),
    Belief(
        "R107",
        "hasApiToken is a boolean.",
        RECORDED,
        _nodes(MODELS_FIELD, "hasApiToken", _is("a boolean")),
    ),
    Belief(
        "R108",
        "A model lists the features that use it.",
        RECORDED,
        _nodes(MODELS_FIELD, "featureSettings", _link),
    ),
    Belief(
        "R109",
        f"A model's provider is one of {', '.join(MODEL_PROVIDERS)}.",
        RECORDED,
        _nodes(MODELS_FIELD, "provider", _lower(lambda _learnt: list(MODEL_PROVIDERS))),
        since=(18, 11),
    ),
    Belief("R110", "A page of models says whether more follow, with a cursor.", RECORDED, _page),
    Belief("R111", f"A page that is not the last has {PAGE} models.", SOURCE, _page_size),
    Belief(
        "R121", f"A feature {_CASE}", RECORDED, _nodes(SETTINGS_FIELD, "feature", _lower(_features))
    ),
    Belief(
        "R122",
        f"A feature's provider {_CASE}",
        RECORDED,
        _nodes(SETTINGS_FIELD, "provider", _lower(_providers)),
    ),
    Belief(
        "R123",
        f"A feature's release state is one of {', '.join(_STATES)}.",
        RECORDED,
        _nodes(SETTINGS_FIELD, "releaseState", _release_state),
    ),
    Belief(
        "R124",
        "A feature's model families are known names in lower case.",
        RECORDED,
        _nodes(SETTINGS_FIELD, "compatibleLlms", _family_list),
    ),
    Belief("R125", "A feature that uses a self-hosted model names it.", INFERRED, _linked_model),
    Belief("R126", "A model lists each listed feature that names it.", RECORDED, _both_sides),
    Belief(
        "R127",
        "Either all beta features are listed, or none.",
        RECORDED,
        _beta_listing,
        since=(18, 1),
    ),
    Belief("R131", f"{URL} is text or null.", RECORDED, partial(_gateway, URL, (*_TEXT, "null"))),
    Belief(
        "R132",
        f"{TIMEOUT} is a number or null.",
        RECORDED,
        partial(_gateway, TIMEOUT, ("a number", "null")),
        since=(18, 4),
    ),
    Belief("R133", f"{TIMEOUT} is between 60 and 600.", RECORDED, _timeout, since=(18, 4)),
    Belief(
        "R134",
        f"{SERVICE} is text or null.",
        RECORDED,
        partial(_gateway, SERVICE, (*_TEXT, "null")),
        since=(18, 1),
    ),
    Belief(
        "R135",
        f"{SECURE} is a boolean or null.",
        RECORDED,
        partial(_gateway, SECURE, ("a boolean", "null")),
        since=(18, 10),
    ),
    Belief("R141", f"The licence's type is one of {', '.join(_TYPES)}.", RECORDED, _licence_type),
    Belief("R142", "Add-ons are a list or null.", RECORDED, _add_ons),
)

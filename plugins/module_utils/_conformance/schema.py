# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beliefs about GitLab's GraphQL schema: fields, arguments, enum values.

GitLab does not answer introspection. Each question is a document that GitLab refuses before it runs
anything, and the refusal names the type. Mutations also have ``@include(if: false)``.

Sources: GraphQL reference of 17.9, 17.11, 18.0, 18.4, 18.9, 19.3 and 19.5
(docs.gitlab.com/api/graphql/reference), and the types and mutations of GitLab EE 18.9, 18.11 and
19.4, which were run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .._base.version import OLDEST
from .._duo.offers import FAMILIES, FEATURES, PROVIDERS
from .._duo.releases import NEWEST
from .belief import RECORDED, SOURCE, Belief, Question, Seen
from .learnt import ABSENT, NOWHERE, PRESENT, SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._base.version import Minor
    from .._duo.offers import Offer
    from .learnt import Learnt

NEXT: Minor = (NEWEST[0], NEWEST[1] + 1)
_CREATE = "aiSelfHostedModelCreate"
_UPDATE = "aiSelfHostedModelUpdate"
_DELETE = "aiSelfHostedModelDelete"
_CHECK = "aiSelfHostedModelConnectionCheck"
_FEATURE = "aiFeatureSettingUpdate"
_GATEWAY = "duoSettingsUpdate"
_MODEL_PROVIDERS = ("API", "BEDROCK", "VERTEX_AI")

Period = tuple["Minor", "Minor | None"]
ALWAYS: Period = (OLDEST, None)


# --- questions -----------------------------------------------------------------------------------
def _field_question(type_name: str, name: str) -> Question:
    """Ask for the type of a field by selecting a field below it that no type has."""
    root, way = next(
        (root, way)
        for root, shapes in SHAPES.items()
        for way, owner in shapes
        if owner == type_name
    )
    inside = f"{name} {{ {NOWHERE} }}"
    for step in reversed(way):
        inside = f"{step} {{ {inside} }}"
    if type_name.endswith("Payload"):
        call = f"{root}(input: $i) @include(if: $g) {{ {inside} }}"
        kind = root[:1].upper() + root[1:] + "Input"
        return Question(f"mutation($g: Boolean!, $i: {kind}!) {{ {call} }}", {"g": False, "i": {}})
    return Question(f"query {{ {root} {{ {inside} }} }}")


def _argument_question(mutation: str, name: str) -> Question:
    """Ask for the type of a key by passing a variable of a type that no key has."""
    call = f"{mutation}(input: {{{name}: $v}}) @include(if: $g) {{ errors }}"
    return Question(f"mutation($g: Boolean!, $v: [Boolean]) {{ {call} }}", {"g": False})


def _filter_question(root: str, name: str) -> Question:
    below = f"{root}({name}: $v) @include(if: $g) {{ nodes {{ id }} }}"
    return Question(f"query($g: Boolean!, $v: [Boolean]) {{ {below} }}", {"g": False})


def _values_question(mutation: str, *keys: str) -> Question:
    """Ask for the values of enums by passing a value that none of them has."""
    kind = mutation[:1].upper() + mutation[1:] + "Input"
    call = f"{mutation}(input: $i) @include(if: $g) {{ errors }}"
    values = dict.fromkeys(keys, NOWHERE)
    return Question(f"mutation($g: Boolean!, $i: {kind}!) {{ {call} }}", {"g": False, "i": values})


# --- judges --------------------------------------------------------------------------------------
def _has(known: str, expected: str, learnt: Learnt, *key: str) -> Iterator[Seen]:
    table: Mapping[tuple[str, ...], str] = getattr(learnt, known)
    found = table.get(key)
    if found is not None:
        told = "absent" if found == ABSENT else found
        fits = found == expected or (found == PRESENT and expected != ABSENT)
        yield Seen(told, holds=fits)


def _field(
    number: str, type_name: str, name: str, kind: str, how: str, period: Period = ALWAYS
) -> Belief:
    what = f"answers {kind}" if kind else "does not exist"
    return Belief(
        number,
        f"The field {type_name}.{name} {what}.",
        how,
        lambda learnt: _has("fields", kind, learnt, type_name, name),
        *period,
        (_field_question(type_name, name),),
    )


def _argument(
    number: str, root: str, name: str, kind: str, how: str, period: Period = ALWAYS
) -> Belief:
    ask = _argument_question if root in _WRITING else _filter_question
    what = f"takes {name}: {kind}" if kind else f"does not take {name}"
    return Belief(
        number,
        f"{root} {what}.",
        how,
        lambda learnt: _has("arguments", kind, learnt, root, name),
        *period,
        (ask(root, name),),
    )


_WRITING = (_CREATE, _UPDATE, _DELETE, _CHECK, _FEATURE, _GATEWAY)


# --- fields --------------------------------------------------------------------------------------
def _fields() -> Iterator[Belief]:
    model, setting, duo = "AiSelfHostedModel", "AiFeatureSetting", "DuoSettings"
    yield _field("S101", "Metadata", "version", "String", RECORDED)
    yield _field("S102", "Metadata", "enterprise", "Boolean", RECORDED)
    yield _field("S111", model, "id", "AiSelfHostedModelID", RECORDED)
    yield _field("S112", model, "name", "String", RECORDED)
    yield _field("S113", model, "model", "String", RECORDED)
    yield _field("S114", model, "endpoint", "String", RECORDED)
    yield _field("S115", model, "identifier", "String", RECORDED)
    yield _field("S116", model, "hasApiToken", "Boolean", RECORDED)
    yield _field("S117", model, "apiToken", "String", RECORDED)
    yield _field("S118", model, "featureSettings", "AiFeatureSettingConnection", RECORDED)
    # !213389 and the files of 18.11: models have a provider from then on.
    yield _field("S119", model, "provider", ABSENT, RECORDED, (OLDEST, (18, 11)))
    provider = "AiSelfHostedModelProvider"
    yield _field("S120", model, "provider", provider, RECORDED, ((18, 11), None))
    yield _field("S121", "PageInfo", "hasNextPage", "Boolean", RECORDED)
    yield _field("S122", "PageInfo", "endCursor", "String", RECORDED)
    yield _field("S131", setting, "feature", "String", RECORDED)
    yield _field("S132", setting, "provider", "String", RECORDED)
    yield _field("S133", setting, "releaseState", "String", RECORDED)
    yield _field("S134", setting, "compatibleLlms", "String", RECORDED)
    yield _field("S135", setting, "selfHostedModel", model, RECORDED)
    offered = "AiModelSelectionOfferedModel"
    yield _field("S136", setting, "gitlabModel", ABSENT, SOURCE, (OLDEST, (18, 1)))
    yield _field("S137", setting, "gitlabModel", offered, RECORDED, ((18, 4), None))
    yield _field("S138", setting, "defaultGitlabModel", offered, RECORDED, ((18, 4), None))
    yield _field("S141", duo, "aiGatewayUrl", "String", RECORDED)
    yield _field("S142", duo, "aiGatewayTimeoutSeconds", ABSENT, SOURCE, (OLDEST, (18, 4)))
    yield _field("S143", duo, "aiGatewayTimeoutSeconds", "Int", RECORDED, ((18, 7), None))
    yield _field("S144", duo, "duoAgentPlatformServiceUrl", ABSENT, SOURCE, (OLDEST, (18, 1)))
    yield _field("S145", duo, "duoAgentPlatformServiceUrl", "String", RECORDED, ((18, 4), None))
    secure = "selfHostedDuoAgentPlatformServiceSecure"
    yield _field("S146", duo, secure, ABSENT, RECORDED, (OLDEST, (18, 10)))
    yield _field("S147", duo, secure, "Boolean", RECORDED, ((18, 10), None))
    yield _field("S148", duo, "duoCoreFeaturesEnabled", ABSENT, SOURCE, (OLDEST, (18, 0)))
    yield _field("S149", duo, "duoCoreFeaturesEnabled", "Boolean", RECORDED, ((18, 0), None))
    yield _field("S151", "CurrentLicense", "plan", "String", RECORDED)
    yield _field("S152", "CurrentLicense", "type", "String", RECORDED)
    yield _field("S153", "CurrentLicense", "expiresAt", "Date", RECORDED)
    yield _field("S154", "CurrentLicense", "lastSync", "Time", RECORDED)
    yield _field("S155", "AddOnPurchase", "name", "String", RECORDED)
    yield _field("S156", "AddOnPurchase", "purchasedQuantity", "Int", RECORDED)
    yield _field("S157", "AddOnPurchase", "assignedQuantity", "Int", RECORDED)
    probe = "CloudConnectorProbeResult"
    yield _field("S161", "CloudConnectorStatus", "probeResults", probe, RECORDED)
    yield _field("S162", probe, "name", "String", RECORDED)
    yield _field("S163", probe, "success", "Boolean", RECORDED)
    yield _field("S164", probe, "message", "String", RECORDED)
    check = "AiSelfHostedModelConnectionCheckPayload"
    yield _field("S165", check, "result", probe, RECORDED)
    # !196985: the payload shows the settings as they are after the write.
    yield _field("S166", "DuoSettingsUpdatePayload", "duoSettings", duo, RECORDED, ((18, 3), None))
    yield _field(
        "S167", "DuoSettingsUpdatePayload", "aiGatewayUrl", "String", SOURCE, (OLDEST, (18, 1))
    )


# --- arguments -----------------------------------------------------------------------------------
def _arguments() -> Iterator[Belief]:
    family = "AiAcceptedSelfHostedModels!"
    identity = "AiSelfHostedModelID!"
    provider = "AiSelfHostedModelProvider"
    for start, mutation in ((200, _CREATE), (220, _UPDATE), (240, _CHECK)):
        argument = partial(_argument, root=mutation, how=RECORDED)
        yield argument(f"S{start + 1}", name="name", kind="String!")
        yield argument(f"S{start + 2}", name="model", kind=family)
        yield argument(f"S{start + 3}", name="identifier", kind="String")
        yield argument(f"S{start + 4}", name="apiToken", kind="String")
        # A migration of 19.0 drops the column's NOT NULL.
        required = (OLDEST, (19, 0))
        yield argument(f"S{start + 5}", name="endpoint", kind="String!", period=required)
        yield argument(f"S{start + 6}", name="endpoint", kind="String", period=((19, 0), None))
        yield argument(f"S{start + 7}", name="provider", kind=ABSENT, period=(OLDEST, (18, 11)))
        optional = ((18, 11), (19, 0))
        yield argument(f"S{start + 8}", name="provider", kind=provider, period=optional)
        needed = ((19, 0), None)
        yield argument(f"S{start + 9}", name="provider", kind=f"{provider}!", period=needed)
    yield _argument("S230", _UPDATE, "id", identity, RECORDED)
    yield _argument("S260", _DELETE, "id", identity, RECORDED)
    # !186662: one feature before, a list from then on.
    yield _argument("S261", _FEATURE, "feature", "AiFeatures!", SOURCE, (OLDEST, (17, 11)))
    yield _argument("S262", _FEATURE, "feature", ABSENT, RECORDED, ((17, 11), None))
    yield _argument("S263", _FEATURE, "features", ABSENT, SOURCE, (OLDEST, (17, 11)))
    yield _argument("S264", _FEATURE, "features", "[AiFeatures!]!", RECORDED, ((17, 11), None))
    yield _argument("S265", _FEATURE, "provider", "AiFeatureProviders!", RECORDED)
    yield _argument("S266", _FEATURE, "aiSelfHostedModelId", "AiSelfHostedModelID", RECORDED)
    yield _argument("S267", _FEATURE, "offeredModelRef", ABSENT, SOURCE, (OLDEST, (18, 1)))
    yield _argument("S268", _FEATURE, "offeredModelRef", "String", RECORDED, ((18, 4), None))
    yield _argument("S271", _GATEWAY, "aiGatewayUrl", "String", RECORDED)
    timeout, service = "aiGatewayTimeoutSeconds", "duoAgentPlatformServiceUrl"
    yield _argument("S272", _GATEWAY, timeout, ABSENT, SOURCE, (OLDEST, (18, 4)))
    yield _argument("S273", _GATEWAY, timeout, "Int", RECORDED, ((18, 7), None))
    yield _argument("S274", _GATEWAY, service, ABSENT, SOURCE, (OLDEST, (18, 1)))
    yield _argument("S275", _GATEWAY, service, "String", RECORDED, ((18, 4), None))
    secure = "selfHostedDuoAgentPlatformServiceSecure"
    yield _argument("S276", _GATEWAY, secure, ABSENT, RECORDED, (OLDEST, (18, 10)))
    yield _argument("S277", _GATEWAY, secure, "Boolean", RECORDED, ((18, 10), None))
    yield _argument("S281", "aiSelfHostedModels", "first", "Int", SOURCE)
    yield _argument("S282", "aiSelfHostedModels", "after", "String", RECORDED)


# --- enum values ---------------------------------------------------------------------------------
def _values(learnt: Learnt, mutation: str, keys: tuple[str, ...]) -> list[str] | None:
    return next((learnt.enums[mutation, it] for it in keys if (mutation, it) in learnt.enums), None)


def _lacks_none(
    mutation: str, keys: tuple[str, ...], offers: Mapping[str, Offer], learnt: Learnt
) -> Iterator[Seen]:
    there = _values(learnt, mutation, keys)
    if there is not None:
        wanted = [name.upper() for name, it in offers.items() if learnt.release.has(it)]
        missing = [name for name in wanted if name not in there]
        yield Seen(f"without {', '.join(missing)}" if missing else "all", holds=not missing)


def _has_no_other(
    mutation: str, keys: tuple[str, ...], offers: Mapping[str, Offer], learnt: Learnt
) -> Iterator[Seen]:
    there = _values(learnt, mutation, keys)
    if there is not None:
        known = [name.upper() for name in learnt.release.names(offers)]
        further = [name for name in there if name not in known]
        yield Seen(f"also {', '.join(further)}" if further else "none", holds=not further)


def _enums() -> Iterator[Belief]:
    asked = (
        ("E10", "AiFeatures", _FEATURE, ("features", "feature"), FEATURES),
        ("E20", "AiAcceptedSelfHostedModels", _CREATE, ("model",), FAMILIES),
        ("E30", "AiFeatureProviders", _FEATURE, ("provider",), PROVIDERS),
    )
    for number, enum, mutation, keys, offers in asked:
        question = (_values_question(mutation, *keys),)
        yield Belief(
            f"{number}1",
            f"{enum} has every value that the collection's table has for this release.",
            RECORDED,
            partial(_lacks_none, mutation, keys, offers),
            questions=question,
        )
        yield Belief(
            f"{number}2",
            f"{enum} has no value that the collection's table lacks for this release.",
            RECORDED,
            partial(_has_no_other, mutation, keys, offers),
            # Nothing is known of a newer release.
            before=NEXT,
            questions=question,
        )
    yield Belief(
        "E401",
        f"AiSelfHostedModelProvider has the values {', '.join(_MODEL_PROVIDERS)}.",
        RECORDED,
        _model_providers,
        since=(18, 11),
        questions=(_values_question(_CREATE, "provider"),),
    )


def _model_providers(learnt: Learnt) -> Iterator[Seen]:
    there = learnt.enums.get((_CREATE, "provider"))
    if there is not None:
        yield Seen(", ".join(there), holds=there == list(_MODEL_PROVIDERS))


BELIEFS = (*_fields(), *_arguments(), *_enums())

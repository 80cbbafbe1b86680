# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beliefs about the results of writes, judged by mutations that were carried out.

Established by running GitLab EE 18.9 and the relevant code of 18.11 and 19.4, and for older
releases from ``ee/app/graphql/mutations/ai`` and ``ee/app/services/ai``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._duo.offers import FAMILIES
from .belief import RECORDED, SOURCE, Belief, Seen, kind_of, public
from .read import MODEL_PROVIDERS, TIMEOUT, URL

if TYPE_CHECKING:
    from .learnt import Exchange, Learnt

CREATE, UPDATE = "aiSelfHostedModelCreate", "aiSelfHostedModelUpdate"
DELETE, FEATURE = "aiSelfHostedModelDelete", "aiFeatureSettingUpdate"
GATEWAY = "duoSettingsUpdate"
_TAKEN, _GONE = "has already been taken", "not found"


def _models(learnt: Learnt, *names: str) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Yield the mutations of models that were carried out, with the model in the answer."""
    for exchange in learnt.exchanges:
        model = (exchange.payload or {}).get("selfHostedModel")
        if exchange.field in names and exchange.done and isinstance(model, dict):
            yield exchange, model


def _answers_model(learnt: Learnt) -> Iterator[Seen]:
    for name in (CREATE, UPDATE):
        for exchange in learnt.done(name):
            payload = exchange.payload or {}
            if "selfHostedModel" in payload:
                model = payload["selfHostedModel"]
                yield Seen(kind_of(model), holds=isinstance(model, dict))


def _family(learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE, UPDATE):
        if "model" in model and "model" in exchange.input:
            value = model["model"]
            yield Seen(public(value, FAMILIES), holds=value == exchange.input["model"].lower())


def _name(learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE, UPDATE):
        if "name" in model:
            same = model["name"] == exchange.input["name"]
            yield Seen("as sent" if same else "another name", holds=same)


def _no_identifier(learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE):
        if not exchange.input.get("identifier") and "identifier" in model:
            yield Seen(kind_of(model["identifier"]), holds=model["identifier"] == "")


def _endpoint(learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE, UPDATE):
        sent = exchange.input.get("endpoint")
        if sent and sent.strip() and "endpoint" in model:
            same = model["endpoint"] == sent.strip()
            yield Seen("as sent" if same else "another one", holds=same)


def _has_key(learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE, UPDATE):
        if "apiToken" in exchange.input and "hasApiToken" in model:
            wanted = bool((exchange.input["apiToken"] or "").strip())
            told = (
                str(model["hasApiToken"]).lower() if model["hasApiToken"] in (True, False) else ""
            )
            yield Seen(told or kind_of(model["hasApiToken"]), model["hasApiToken"] is wanted)


def _keeps(learnt: Learnt) -> Iterator[Seen]:
    """Judge whether an update keeps an identifier or a key that it leaves out."""
    known: dict[str, dict[str, Any]] = {}
    for exchange, model in _models(learnt, CREATE, UPDATE):
        before = known.get(str(model.get("id")), {})
        for sent, answered in (("identifier", "identifier"), ("apiToken", "hasApiToken")):
            if exchange.field == UPDATE and sent not in exchange.input and answered in before:
                same = model.get(answered) == before[answered]
                yield Seen("kept" if same else f"{answered} changed", holds=same)
        known[str(model.get("id"))] = model


def _taken(learnt: Learnt) -> Iterator[Seen]:
    names: dict[str, str] = {}
    for exchange in learnt.exchanges:
        name, model = exchange.input.get("name"), (exchange.payload or {}).get("selfHostedModel")
        if exchange.field == CREATE and name in names.values():
            refused = any(_TAKEN in text for text in exchange.errors)
            told = "created twice" if exchange.done else "refused in other words"
            yield Seen("refused" if refused else told, holds=refused and not exchange.done)
        if exchange.done and isinstance(model, dict):
            names[str(model.get("id"))] = str(model.get("name"))
        elif exchange.done and exchange.field == DELETE:
            names.pop(str(exchange.input.get("id")), None)


def _gone(learnt: Learnt) -> Iterator[Seen]:
    deleted: set[str] = set()
    for exchange in learnt.exchanges:
        if exchange.field == DELETE:
            if exchange.input["id"] in deleted:
                refused = any(_GONE in text for text in exchange.errors)
                yield Seen("refused" if refused else "not refused", holds=refused)
            elif exchange.done:
                deleted.add(exchange.input["id"])


def _provider(prefixed: bool, learnt: Learnt) -> Iterator[Seen]:
    for exchange, model in _models(learnt, CREATE):
        if "provider" in model:
            sent, value = exchange.input.get("provider") or "API", model["provider"]
            if prefixed and exchange.input.get("identifier") is not None:
                prefix = exchange.input["identifier"].partition("/")
                sent = {"bedrock": "BEDROCK", "vertex_ai": "VERTEX_AI"}.get(
                    prefix[0] if prefix[1] else "", "API"
                )
            yield Seen(public(value, MODEL_PROVIDERS), holds=value == sent)


def _settings_after(learnt: Learnt) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Yield the gateway's writes that were carried out, with the settings in the answer."""
    for exchange in learnt.done(GATEWAY):
        payload = exchange.payload or {}
        settings = payload.get("duoSettings", payload)
        if isinstance(settings, dict):
            yield exchange, settings


def _one_slash(learnt: Learnt) -> Iterator[Seen]:
    for exchange, settings in _settings_after(learnt):
        sent = exchange.input.get(URL)
        if isinstance(sent, str) and sent.strip("/ ") and sent.endswith("/") and URL in settings:
            taken = settings[URL] == sent[:-1]
            told = "kept" if settings[URL] == sent else "another URL"
            yield Seen("removed" if taken else told, holds=taken)


def _timeout(learnt: Learnt) -> Iterator[Seen]:
    for exchange, settings in _settings_after(learnt):
        if exchange.input.get(TIMEOUT) is not None and TIMEOUT in settings:
            same = settings[TIMEOUT] == exchange.input[TIMEOUT]
            yield Seen("as sent" if same else "another one", holds=same)


def _as_told(topic: str, learnt: Learnt) -> Iterator[Seen]:
    """Yield the verdicts of the trial itself on a topic."""
    yield from (Seen(*it) for it in learnt.seen[topic])


BELIEFS = (
    Belief("W101", "Creating or changing a model returns the model.", RECORDED, _answers_model),
    Belief("W102", "A model's family is returned in lower case.", RECORDED, _family),
    Belief("W103", "A model's name is stored as sent.", RECORDED, _name),
    Belief("W104", "An identifier that was not sent reads as empty.", RECORDED, _no_identifier),
    Belief(
        "W105",
        "A model's endpoint is stored as sent, without spaces around it.",
        RECORDED,
        _endpoint,
    ),
    Belief(
        "W106",
        "hasApiToken says whether a key is stored; an empty key clears it.",
        RECORDED,
        _has_key,
    ),
    Belief(
        "W107",
        "Changing a model keeps an identifier or a key that is left out.",
        RECORDED,
        _keeps,
    ),
    Belief("W108", "A name that is taken is refused.", RECORDED, _taken),
    Belief(
        "W109",
        "A new model gets the provider that was sent.",
        RECORDED,
        partial(_provider, False),
        since=(19, 0),
    ),
    Belief(
        "W110",
        "The identifier's prefix decides the provider of a new model.",
        RECORDED,
        partial(_provider, True),
        since=(18, 11),
        before=(19, 0),
    ),
    Belief("W111", "A new model is listed.", RECORDED, partial(_as_told, "listed")),
    Belief(
        "W112",
        "A deleted model is no longer listed.",
        RECORDED,
        partial(_as_told, "deleted"),
    ),
    Belief("W113", "Deleting a model a second time is refused.", RECORDED, _gone),
    Belief(
        "W121",
        "A feature that was assigned a model shows it.",
        RECORDED,
        partial(_as_told, "feature set"),
    ),
    Belief("W122", "The model lists that feature.", RECORDED, partial(_as_told, "feature linked")),
    Belief(
        "W123",
        "Deleting a model in use resets its feature to the default.",
        RECORDED,
        partial(_as_told, "feature back"),
    ),
    Belief("W131", "GitLab removes one trailing slash from the gateway URL.", RECORDED, _one_slash),
    Belief("W132", "Changing the timeout returns the new one.", RECORDED, _timeout, since=(18, 7)),
    # From 19.2 on each process caches it for a minute.
    Belief(
        "W133",
        "A changed timeout can be read at once.",
        RECORDED,
        partial(_as_told, "timeout read"),
        since=(18, 7),
        before=(19, 2),
    ),
    Belief("W199", "All that this check wrote is undone.", SOURCE, partial(_as_told, "undone")),
)

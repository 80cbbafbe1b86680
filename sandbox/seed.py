# SPDX-License-Identifier: GPL-3.0-or-later
"""Put partial state on top of an instance; README.md documents every key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

from .admin_pages import connect
from .processes import KINDS
from .rules_models import set_provider
from .rules_settings import seeded
from .state import (
    Acceptance,
    AddOn,
    FeatureRow,
    Instance,
    License,
    SelfHostedModel,
    Token,
    User,
    now,
)


class BadSeed(ValueError):
    """An invalid seed: a typing error must not become a passing test."""


def apply(instance: Instance, seed: dict[str, Any]) -> None:
    unknown = set(seed) - set(PARTS)
    if unknown:
        raise BadSeed(f"unknown keys: {', '.join(sorted(unknown))}")
    # In this order, whatever the order of the keys: models before the features that use them.
    for key, put in PARTS.items():
        if key in seed:
            put(instance, seed[key])
            # Seeded state counts as having always been so: all processes see it.
            if key in SEEN:
                instance.past.forget(SEEN[key])


def _known(kind: type, raw: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    if set(raw) - names:
        raise BadSeed(f"{kind.__name__} has no {', '.join(sorted(set(raw) - names))}")
    return raw


def license_of(raw: dict[str, Any]) -> License:
    raw = dict(_known(License, raw))
    for key in ("starts_at", "expires_at"):
        if isinstance(raw.get(key), str):
            raw[key] = date.fromisoformat(raw[key])
    for key in ("last_sync", "created_at"):
        if isinstance(raw.get(key), str):
            raw[key] = datetime.fromisoformat(raw[key].replace("Z", "+00:00"))
    if raw.get("type", "online_cloud") != "online_cloud":
        # Files are never synchronised (Gitlab::SeatLinkData).
        raw.setdefault("last_sync", None)
    return License(**raw)


def _license(instance: Instance, raw: dict[str, Any] | None) -> None:
    instance.license = None if raw is None else license_of(raw)


def _add_ons(instance: Instance, raw: list[dict[str, Any]]) -> None:
    """The list replaces what was there."""
    instance.add_ons = [AddOn(id=instance.next_id("add_on"), **_known(AddOn, one)) for one in raw]


def _gateway(instance: Instance, raw: dict[str, Any]) -> None:
    _known(type(instance.gateway), raw)
    instance.gateway = replace(instance.gateway, **raw, updated_at=now())


def _models(instance: Instance, raw: list[dict[str, Any]]) -> None:
    for one in raw:
        model = {**_known(SelfHostedModel, one)}
        model["endpoint"] = model.get("endpoint") or ""
        model["model"] = model["model"].lower()
        if model["model"] not in instance.catalog.families:
            raise BadSeed(f"{instance.version} has no model family {model['model']}")
        if any(other.name == model["name"] for other in instance.models):
            raise BadSeed(f"a model named {model['name']} exists")
        made = SelfHostedModel(id=instance.next_id("model"), **model)
        if "provider" in model:
            made.provider = model["provider"].lower()
        else:
            set_provider(instance, made)
        instance.models.append(made)


def _features(instance: Instance, raw: dict[str, Any]) -> None:
    for name, one in raw.items():
        if name not in instance.catalog.features:
            raise BadSeed(f"{instance.version} has no feature {name}")
        if one["provider"] not in instance.catalog.providers:
            raise BadSeed(f"{instance.version} has no provider {one['provider']}")
        model = next((m for m in instance.models if m.name == one.get("model")), None)
        if one.get("model") and model is None:
            raise BadSeed(f"no model is named {one['model']}")
        instance.features = [row for row in instance.features if row.feature != name]
        instance.features.append(
            FeatureRow(
                instance.next_id("feature"),
                name,
                one["provider"],
                model.id if model else None,
                one.get("offered_model_ref"),
            )
        )


def _acceptances(instance: Instance, raw: list[str]) -> None:
    """The list replaces what was there; an unknown name is the row of a deleted user."""
    instance.acceptances = []
    for username in raw:
        user = instance.user(username)
        user_id = user.id if user else instance.next_id("user")
        email = user.email if user else f"{username}@example.com"
        instance.acceptances.append(Acceptance(user_id, email))


def _users(instance: Instance, raw: list[dict[str, Any]]) -> None:
    """An existing user is changed, a new one added; `blocked: true` is short for its state."""
    for one in raw:
        one = dict(one)
        if one.pop("blocked", False):
            one["state"] = "blocked"
        _known(User, one)
        user = instance.user(one["username"])
        if user is None:
            one.setdefault("password", f"sandbox-Passw0rd-{one['username']}")
            instance.users.append(User(id=instance.next_id("user"), **one))
        else:
            vars(user).update(one)


def _tokens(instance: Instance, raw: list[dict[str, Any]]) -> None:
    for one in raw:
        one = dict(_known(Token, one))
        if isinstance(one.get("expires_at"), str):
            one["expires_at"] = date.fromisoformat(one["expires_at"])
        token = Token(**{"id": instance.next_id("token"), **one})
        if instance.user(token.username) is None:
            raise BadSeed(f"no user is named {token.username}")
        instance.tokens = [other for other in instance.tokens if other.token != token.token]
        instance.tokens.append(token)


def _settings(instance: Instance, raw: dict[str, Any]) -> None:
    instance.settings.update(seeded(instance, raw))


def _flags(instance: Instance, raw: dict[str, bool]) -> None:
    instance.flags.update(raw)


def _options(instance: Instance, raw: dict[str, Any]) -> None:
    vars(instance.options).update(_known(type(instance.options), raw))
    unknown = set(instance.options.lag_seconds) - set(KINDS)
    if unknown or instance.options.processes < 1:
        raise BadSeed(f"no such lag: {', '.join(sorted(unknown))}" if unknown else "no process")


def _agent_platform(instance: Instance, raw: dict[str, bool]) -> None:
    if set(raw) != {"connected"}:
        raise BadSeed("agent_platform has `connected` and nothing else")
    if raw["connected"]:
        connect(instance)
    elif instance.workflow_user is not None:
        instance.workflow_user.state = "blocked"


#: Key -> kind of data that a process may see late.
SEEN = {
    "license": "license",
    "gateway": "gateway",
    "models": "models",
    "features": "features",
    "beta_acceptances": "beta",
    "settings": "allowlist",
}
PARTS: dict[str, Callable[[Instance, Any], None]] = {
    "options": _options,
    "flags": _flags,
    "settings": _settings,
    "users": _users,
    "tokens": _tokens,
    "license": _license,
    "add_ons": _add_ons,
    "gateway": _gateway,
    "models": _models,
    "features": _features,
    "beta_acceptances": _acceptances,
    "agent_platform": _agent_platform,
}

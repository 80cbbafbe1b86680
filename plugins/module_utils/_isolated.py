# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Isolated sites: what a declaration leaves on a way to GitLab's cloud, at its end or meanwhile.

An offline licence is not counted on, for it can be replaced between two runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _errors, _feature_model, _gateway
from ._destinations import NO_AGENT_PLATFORM, NO_GATEWAY, VENDORED, ways_out
from ._errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._info import Found
    from ._validators import FeaturesOptions, GatewayOptions, ModelsOptions

_MESSAGES = {
    VENDORED: _errors.LEAVES_VENDORED,
    NO_GATEWAY: _errors.LEAVES_WITHOUT_GATEWAY,
    NO_AGENT_PLATFORM: _errors.LEAVES_WITHOUT_AGENT_PLATFORM,
}


def leaks(
    gateway: GatewayOptions,
    models: ModelsOptions,
    settings: FeaturesOptions,
    beta_features: bool | None,
    taking_down: bool,
    found: Found,
) -> Iterator[Failure]:
    """Yield what would leave the site, with the names of the features, and what to declare.

    :param beta_features: how beta features are declared; off hides the features that are beta.
    :param taking_down: the URLs are cleared once the settings are carried out; else it is the
        gateway that comes first.
    """
    declared = {name for setting in settings.settings for name in setting.features}
    providers = _providers_after(models, settings, found)
    if taking_down:
        cleared = {**found.gateway, **dict.fromkeys(_gateway.URLS, "")}
        if ways := ways_out(providers, cleared, None):
            left = ", ".join(way.feature for way in ways)
            yield Failure(_errors.LEAVES_AFTERWARDS, features=left)
        return
    after = _gateway_after(gateway, found)
    groups: dict[tuple[str, str], list[str]] = {}
    for way in ways_out(providers, after, None):
        origin = "declared" if way.feature in declared else "not declared"
        groups.setdefault((way.reason, origin), []).append(way.feature)
    for (reason, origin), names in groups.items():
        yield Failure(_MESSAGES[reason], features=", ".join(names), origin=origin)
    unseen = set(found.unseen_features) - set(providers)
    if beta_features is False:
        unseen |= set(filter(found.release.is_beta_feature, found.state.settings)) - declared
    if unseen:
        yield Failure(_errors.LEAVES_UNSEEN, features=", ".join(sorted(unseen)))
    yield from _meanwhile(after, found)
    if found.duo_core:
        yield Failure(_errors.LEAVES_DUO_CORE)


def _gateway_after(gateway: GatewayOptions, found: Found) -> dict[str, object]:
    now = _gateway.Gateway(release=found.release.text, values=found.gateway)
    try:
        return _gateway.plan(gateway, now).predicted.values
    except Failure:
        return found.gateway  # the refusal is a finding of its own


def _providers_after(
    models: ModelsOptions, settings: FeaturesOptions, found: Found
) -> dict[str, str]:
    """Return feature -> provider once the settings are carried out, and the models gone."""
    now = _feature_model.Found(release=found.release, state=found.state)
    later = dict(found.state.settings)
    for setting in settings.settings:
        for name in setting.features:
            # One by one, for what is refused is a finding of its own.
            one = setting.model_copy(update={"features": [name]})
            wish = settings.model_copy(update={"settings": [one]})
            try:
                predicted = _feature_model.plan(wish, now).predicted.state.settings
            except Failure:
                continue
            if name in predicted:
                later[name] = predicted[name]
    # Deleting a model in use hands its features back to the default.
    going = {model.name for model in models.models if model.state == "absent" and model.force}
    return {
        name: now.default_provider if it.model in going else it.provider
        for name, it in later.items()
    }


def _meanwhile(after: dict[str, object], found: Found) -> Iterator[Failure]:
    """Yield what clearing a URL opens before the features are set, which comes later."""
    providers = {name: it.provider for name, it in found.state.settings.items()}
    for name in found.unseen_features:
        providers[name] = _feature_model.Found(found.release, found.state).default_provider
    before = {way.feature for way in ways_out(providers, found.gateway, None)}
    opened = [way.feature for way in ways_out(providers, after, None) if way.feature not in before]
    if opened:
        cleared = [name for name in _gateway.URLS if found.gateway.get(name) and not after[name]]
        yield Failure(
            _errors.LEAVES_MEANWHILE, features=", ".join(opened), options=" and ".join(cleared)
        )

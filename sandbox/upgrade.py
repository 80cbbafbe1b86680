# SPDX-License-Identifier: GPL-3.0-or-later
"""Upgrade an instance in place, changing its state as GitLab's migrations do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .catalog import catalog_of
from .rules_models import PREFIXES
from .schema_data import names_of
from .state import MOVED, Gateway, Instance
from .versions import Release, required_stops

#: Columns of the gateway's row that a migration added: they hold their default afterwards,
#: whatever stood for them before.
COLUMNS_ADDED = {
    "duo_core_features_enabled": (18, 0),
    "duo_agent_platform_service_url": (18, 4),
    "ai_gateway_timeout_seconds": (18, 6),
    "minimum_access_level_execute": (18, 7),
    "minimum_access_level_execute_async": (18, 7),
    "minimum_access_level_manage": (18, 7),
    "minimum_access_level_enable_on_projects": (18, 7),
    "self_hosted_duo_agent_platform_service_secure": (18, 10),
    "duo_cli_enabled": (19, 0),
    "include_recommended_allowed": (19, 0),
    "allow_all_unix_sockets": (19, 0),
    "allow_project_extension": (19, 0),
}
#: Moves in 19.2 too. It is an application setting in REST before and after, so it keeps its name.
AI_LOGS = "enabled_expanded_logging"
#: Features whose row a migration makes from that of `duo_agent_platform`, unless there is one.
ROW_COPIES = {
    (18, 7): ("duo_agent_platform_agentic_chat", "agentic_chat_copied"),
    (19, 4): ("duo_developer", "duo_developer_copied"),
    (19, 5): ("recommend_reviewers_assign", "recommend_reviewers_copied"),
}


class NotAnUpgrade(ValueError):
    """GitLab cannot go back: its migrations only go forward."""


def upgrade(instance: Instance, to: Release) -> dict[str, Any]:
    """Change the release and migrate the state; return what was done and the skipped stops."""
    before = instance.release
    if to < before:
        raise NotAnUpgrade(f"{to.number} is older than {before.number}: GitLab cannot go back")
    instance.settle()
    # All processes restart.
    instance.past.forget()
    answer = {"from": instance.version, "skipped_stops": required_stops(before, to)}
    old_flags = instance.catalog.flags
    instance.release = to
    instance.catalog = catalog_of(to, names_of(to))
    _move_flags(instance, old_flags)
    _add_columns(instance, before)
    done = []
    for since, (feature, name) in ROW_COPIES.items():
        if _crosses(before, to, since) and _copy_row(instance, feature):
            done.append(name)
    if _crosses(before, to, (18, 10)):
        # `BackfillSelfHostedDuoAgentPlatformServiceSecureOnAiSettings` reads the variable of the
        # node that migrates.
        secure = instance.options.duo_agent_platform_service_secure is not False
        instance.gateway.self_hosted_duo_agent_platform_service_secure = secure
    if _crosses(before, to, (18, 11)):
        # The new column's default, also for old Bedrock models.
        for model in instance.models:
            model.provider = "api"
    if _crosses(before, to, (19, 0)) and _backfill_providers(instance):
        done.append("providers_backfilled")
    if _crosses(before, to, (19, 2)) and to.patch == 0 and (to.major, to.minor) == (19, 2):
        _lose_gateway(instance)
        done.append("gateway_settings_lost")
    elif instance.lost_settings is not None and to > Release(19, 2, 0):
        _restore_gateway(instance)
        done.append("gateway_settings_restored")
    return {**answer, "version": instance.version, "migrations": done}


def _crosses(before: Release, to: Release, minor: tuple[int, int]) -> bool:
    return to.at_least(*minor) and not before.at_least(*minor)


def _move_flags(instance: Instance, old_defaults: dict[str, bool]) -> None:
    """Remove the flags that the new release dropped; changed flags keep their state."""
    new_defaults = instance.catalog.flags
    switched = {
        name: value for name, value in instance.flags.items() if old_defaults.get(name) != value
    }
    dropped = set(old_defaults) - set(new_defaults)
    kept = {name: value for name, value in switched.items() if name not in dropped}
    instance.flags = {**new_defaults, **kept}


def _add_columns(instance: Instance, before: Release) -> None:
    empty = Gateway()
    added = {
        column: getattr(empty, column)
        for column, since in COLUMNS_ADDED.items()
        if _crosses(before, instance.release, since)
    }
    instance.gateway = replace(instance.gateway, **added)


def _copy_row(instance: Instance, feature: str) -> bool:
    """Once, in a post-deployment migration; from then on the two are separate."""
    row = instance.feature_row("duo_agent_platform")
    if row is None or instance.feature_row(feature):
        return False
    instance.features.append(replace(row, id=instance.next_id("feature"), feature=feature))
    return True


def _backfill_providers(instance: Instance) -> bool:
    """`BackfillProviderOnSelfHostedModels`: by the prefix, whatever the provider was.

    The endpoint stays, the placeholder of old Bedrock models too.
    """
    of_prefix = [
        (model, provider)
        for model in instance.models
        for prefix, provider in PREFIXES.items()
        if (model.identifier or "").startswith(prefix)
    ]
    for model, provider in of_prefix:
        model.provider = provider
    return bool(of_prefix)


def _lose_gateway(instance: Instance) -> None:
    """19.2.0 of the Linux package copied the five settings before the new row was ready."""
    lost = {name: getattr(instance.gateway, name) for name in MOVED}
    lost[AI_LOGS] = instance.settings.pop(AI_LOGS, False)
    instance.lost_settings = lost
    empty = Gateway()
    instance.gateway = replace(instance.gateway, **{name: getattr(empty, name) for name in MOVED})


def _restore_gateway(instance: Instance) -> None:
    """19.2.1 takes a default for untouched, also where somebody cleared the value on purpose.

    Whether a later release than 19.2 still does that for an instance that stayed on 19.2.0 is not
    known; here it does.
    """
    lost, empty = instance.lost_settings or {}, Gateway()
    instance.lost_settings = None
    untouched = {
        name: lost[name]
        for name in MOVED
        if getattr(instance.gateway, name) == getattr(empty, name)
    }
    instance.gateway = replace(instance.gateway, **untouched)
    if not instance.settings.get(AI_LOGS, False) and lost[AI_LOGS]:
        instance.settings[AI_LOGS] = True

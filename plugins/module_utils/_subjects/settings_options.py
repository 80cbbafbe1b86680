# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the instance-wide settings of GitLab Duo, and their rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._base.invalid import Wrong
from .._base.libraries import pydantic
from .._base.options import Options, Spec, check
from .._base.urls import has_credentials, web_url
from .._duo.instance_settings import SETTINGS

DEFAULT_LEVEL = "default"
_HIGHER = ("developer", "maintainer", "owner", "admin")
_EVERY = ("guest", "planner", "reporter", *_HIGHER)
# Option -> the access levels that GitLab takes for it (18.9, with the feature flag on).
LEVELS: dict[str, tuple[str, ...]] = {
    "minimum_access_level_execute": _EVERY,
    "minimum_access_level_execute_async": _HIGHER,
    "minimum_access_level_manage": _HIGHER,
    "minimum_access_level_enable_on_projects": _HIGHER,
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "availability": ("default_on", "default_off", "never_on", "always_on"),
    "chat_retention_from": ("last_updated_at", "created_at"),
    "session_tool_approval": ("default_on", "default_off", "never_on"),
    **{name: (DEFAULT_LEVEL, *levels) for name, levels in LEVELS.items()},
}
_TYPES = {
    **dict.fromkeys((*_CHOICES, "documentation_url", "workflow_image_registry"), "str"),
    "chat_retention_days": "int",
}
SETTINGS_SPEC: Spec = {
    name: {
        "type": _TYPES.get(name, "bool"),
        **({"choices": list(_CHOICES[name])} if name in _CHOICES else {}),
    }
    for name in SETTINGS
}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
_IMAGE = re.compile(_HOST.pattern + r"(/[A-Za-z0-9._-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]+)?")


class SettingsOptions(Options):
    """Options of ``duo_settings``; None means unmanaged, ``""`` means clear."""

    when_unsupported: str = "fail"
    availability: str | None = None
    expanded_logging: bool | None = None
    direct_code_suggestions: bool | None = None
    experiment_and_beta_features: bool | None = None
    documentation_url: str | None = None
    duo_core: bool | None = None
    chat_retention_days: int | None = pydantic.Field(default=None, ge=1, le=30)
    chat_retention_from: str | None = None
    remote_flows: bool | None = None
    foundational_flows: bool | None = None
    agent_platform: bool | None = None
    workflow_image_registry: str | None = None
    minimum_access_level_execute: str | None = None
    minimum_access_level_execute_async: str | None = None
    minimum_access_level_manage: str | None = None
    minimum_access_level_enable_on_projects: str | None = None
    duo_cli: bool | None = None
    session_tool_approval: str | None = None
    ai_audit_event_streaming: bool | None = None
    custom_agents: bool | None = None
    custom_flows: bool | None = None
    external_agents: bool | None = None

    @property
    def declared(self) -> dict[str, Any]:
        """The settings that are declared, by option."""
        return {name: it for name in SETTINGS if (it := getattr(self, name)) is not None}

    @pydantic.field_validator("documentation_url")
    @classmethod
    def _documentation_url(cls, value: str | None) -> str | None:
        if value and has_credentials(value):
            raise Wrong(
                "contains a user name or password, and every user would see it",
                "Write {} without them.",
            )
        return web_url(value, 255) if value else value

    @pydantic.field_validator("workflow_image_registry")
    @classmethod
    def _registry(cls, value: str | None) -> str | None:
        if not value:
            return value
        if len(value) > 512:
            rule = "is longer than the 512 characters that GitLab stores"
            raise Wrong(rule, "Shorten {} to 512 characters.")
        if not _IMAGE.fullmatch(value):
            meant = value.partition("://")[2].rstrip("/")
            raise Wrong(
                "must be a host with an optional port and path, without a scheme",
                "Write {} as registry.example.com:5000.",
                instead=[{"": meant}] if meant else (),
            )
        return value

    @pydantic.model_validator(mode="after")
    def _never_on_turns_beta_off(self) -> SettingsOptions:
        if self.availability == "never_on" and self.experiment_and_beta_features:
            raise Wrong(
                "cannot be true beside availability: never_on, with which GitLab turns it off",
                "Leave out one or the other.",
                option="experiment_and_beta_features",
            )
        return self


def options(params: dict[str, Any]) -> SettingsOptions:
    """Check the options of a task."""
    return check(SettingsOptions, params)


def has_path(registry: str) -> bool:
    """Return whether an image registry is more than host and port."""
    return bool(registry) and not _HOST.fullmatch(registry)


def can_be_declared(name: str, value: Any, values: Mapping[str, Any]) -> bool:
    """Return whether the options take a stored value; GitLab stores a few that they refuse.

    :param values: all stored values.
    """
    if name == "experiment_and_beta_features":
        return not (value and values.get("availability") == "never_on")
    return name not in _CHOICES or value in _CHOICES[name]

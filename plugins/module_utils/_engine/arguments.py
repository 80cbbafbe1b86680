# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications, written once: the connection, signing in, and how to combine them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import env_fallback

from .._base.invalid import invalid
from .._base.options import SECRET

Spec = dict[str, dict[str, Any]]

# No aliases here: with an environment fallback they make core warn that both are set.
CONNECTION: Spec = {
    "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["GITLAB_URL"])},
    "api_token": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["GITLAB_TOKEN"]),
    },
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["GITLAB_CA_PATH"])},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    # Its URL may hold a password.
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 3},
    "settle_timeout": {"type": "int", "default": 70},
}

# Signing in to the admin pages that no token reaches.
SIGN_IN: Spec = {
    "via": {"type": "str", "choices": ["auto", "session", "rails_runner"], "default": "auto"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "session_cookie": {"type": "str", "no_log": True},
    "rails_command": {"type": "list", "elements": "str"},
}

# One self-hosted model; also the form in which other tasks are told what a run plans.
MODEL_SPEC: Spec = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "new_name": {"type": "str"},
    "model_family": {"type": "str"},
    "endpoint": {"type": "str"},
    # No choices here: the case of the value should not matter.
    "deployment_method": {"type": "str"},
    "identifier": {"type": "str"},
    # A type with rules of its own would not do: core shows a value that fails them.
    "api_key": {"type": "str", "no_log": True},
    "update_api_key": {
        "type": "str",
        "choices": ["on_change", "on_create", "always"],
        "default": "on_change",
        "no_log": False,
    },
    "force": {"type": "bool", "default": False},
}

# One assignment of features. The accepted names depend on the release, so there are no choices.
SETTING_SPEC: Spec = {
    "features": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "provider": {"type": "str"},
    "model": {"type": "str"},
    "gitlab_model": {"type": "str"},
}


GATEWAY_SPEC: Spec = {
    "ai_gateway_url": {"type": "str"},
    "ai_gateway_timeout_seconds": {"type": "int"},
    "duo_agent_platform_service_url": {"type": "str"},
    "duo_agent_platform_service_secure": {"type": "bool"},
}

# What a run has declared before a task that judges the result.
PLANNED_GATEWAY: Spec = {
    "planned_gateway": {"type": "dict", "options": GATEWAY_SPEC, "default": {}},
}

# For one declaration that has to fit instances of different releases.
WHEN_UNSUPPORTED: Spec = {
    "when_unsupported": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
}


def required(spec: Spec, name: str) -> Spec:
    """Return the specification with one option made required, for use as sub-options."""
    return {**spec, name: {**spec[name], "required": True}}


@dataclass(frozen=True)
class Arguments:
    """The options of one module: its specification and the constraints between options."""

    spec: Spec
    mutually_exclusive: list[tuple[str, ...]] = field(default_factory=list)
    required_one_of: list[tuple[str, ...]] = field(default_factory=list)

    def constraints(self) -> dict[str, Any]:
        """Return specification and constraints, the connection included."""
        return {
            "argument_spec": {**CONNECTION, **self.spec},
            "mutually_exclusive": self.mutually_exclusive,
            "required_one_of": self.required_one_of,
        }


def refuse_beside(items: str, one: Spec, params: dict[str, Any]) -> None:
    """Refuse an option of one object beside a list of them, where it would have no effect.

    Ansible refuses those without a default: the others always have a value.

    :param items: name of the option that is the list.
    :raises Failure: with the names of the options.
    """
    found = [name for name, it in one.items() if params.get(name) not in (None, it.get("default"))]
    if found:
        names = ", ".join(found)
        problem = f"{names}: would have no effect beside {items}; set it in each item"
        raise invalid([(problem, f"Move {names} into the items of {items}.")])


def secrets_in(values: Any) -> set[str]:
    """Return the secrets in the options of a task, whatever their form, for masking.

    Core collects them too, but of ``[[{"api_key": ...}]]`` for a list of models it collects none,
    not even the token, and repeats the list in its message. The names of variables behind options
    are no secrets: messages tell them.
    """
    if isinstance(values, (list, tuple)):
        return set().union(*map(secrets_in, values))
    if not isinstance(values, dict):
        return set()
    own = {
        str(value)
        for name, value in values.items()
        if name in SECRET and value and isinstance(value, str)
    }
    return own.union(*(secrets_in(value) for name, value in values.items() if name != "variables"))

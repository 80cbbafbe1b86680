# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declaration for the role, and instances in various states to start from."""

from __future__ import annotations

from typing import Any

import playbook
from sandbox_client import Instance

from sandbox import credentials

URL = "https://aigw.example.com"
KEYS = {"codestral": "key-of-codestral-0001", "mistral": "key-of-mistral-0002"}
ADMIN = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}
CODE = ["code_completions", "code_generations"]
CHAT = ["duo_chat", "duo_chat_explain_code", "duo_chat_fix_code", "duo_chat_refactor_code"]
# From which release on each other feature is declared.
ON_LLAMA = {
    "duo_chat_write_tests": "17.9",
    "duo_chat_troubleshoot_job": "17.10",
    "generate_commit_message": "18.0",
}
DISABLED = {"review_merge_request": "18.3"}
# The last task of a real run of the role.
VERIFY = "Verify that GitLab works as declared"

ROLE = [playbook.one_play(roles=["gitlab_ops.duo.duo_self_hosted"])]

# How an instance is found: nothing done, a run that stopped, and a year of clicking.
WORLDS: dict[str, dict[str, Any]] = {
    "empty": {},
    "half": {
        "gateway": {"ai_gateway_url": URL},
        "models": [
            {"name": "codestral", "model": "codestral", "endpoint": "https://old.example.com/v1"}
        ],
        "features": {"code_completions": {"provider": "self_hosted", "model": "codestral"}},
    },
    "drifted": {
        "gateway": {"ai_gateway_url": "http://10.9.8.7:5052"},
        "beta_acceptances": ["second"],
        "models": [
            {
                "name": "codestral",
                "model": "mistral",
                "endpoint": "https://codestral.example.com/v1",
                "identifier": "",
                "api_token": "key-that-was-replaced-0003",
            },
            {"name": "mistral", "model": "mixtral", "endpoint": "https://old.example.com"},
            {"name": "llama", "model": "llama3", "endpoint": "https://llama.example.com/v1"},
            {"name": "left-over", "model": "gpt", "endpoint": "https://gone.example.com"},
        ],
        "features": {
            "code_completions": {"provider": "self_hosted", "model": "mistral"},
            "code_generations": {"provider": "disabled", "model": "codestral"},
            "duo_chat": {"provider": "vendored"},
        },
    },
}


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def declared(release: str) -> dict[str, Any]:
    """Return the role's variables: 3 models, and 7 to 10 features, of those that it knows."""
    on_llama, disabled = (
        [name for name, first in features.items() if _numbers(release) >= _numbers(first)]
        for features in (ON_LLAMA, DISABLED)
    )
    return {
        "duo_self_hosted_admin": ADMIN,
        "duo_self_hosted_gateway": {"ai_gateway_url": URL},
        "duo_self_hosted_beta_features": {"enabled": True, "accept_testing_agreement": True},
        "duo_self_hosted_models": [
            {
                "name": "codestral",
                "model_family": "codestral",
                "endpoint": "https://codestral.example.com/v1",
                "identifier": "custom_openai/codestral",
                "api_key": KEYS["codestral"],
            },
            {
                "name": "mistral",
                "model_family": "mistral",
                "endpoint": "https://mistral.example.com/v1",
                "identifier": "custom_openai/mistral",
                "api_key": KEYS["mistral"],
            },
            # A beta family: it can be seen only while beta features are on.
            {
                "name": "llama",
                "model_family": "llama3",
                "endpoint": "https://llama.example.com/v1",
                "identifier": "custom_openai/llama",
            },
        ],
        "duo_self_hosted_features": [
            {"features": CODE, "model": "codestral"},
            {"features": CHAT, "model": "mistral"},
            {"features": on_llama, "model": "llama"},
            *([{"features": disabled, "provider": "disabled"}] if disabled else []),
        ],
    }


def hosts(instances: dict[str, Instance], **variables: Any) -> dict[str, dict[str, Any]]:
    """Return the inventory of a fleet: each host with what its release can do."""
    return {
        name: playbook.host(
            instance,
            duo_self_hosted_api_url=instance.url,
            duo_self_hosted_api_token=credentials.ADMIN_TOKEN,
            # With nothing there to find, a host that is really asked for would end the run.
            ansible_host="192.0.2.1",
            **{**declared(instance.release), **variables},
        )
        for name, instance in instances.items()
    }


def expected(release: str) -> dict[str, Any]:
    """Return what an instance holds once the declaration is carried out."""
    wanted = declared(release)
    features = {}
    for setting in wanted["duo_self_hosted_features"]:
        for name in setting["features"]:
            features[name] = {
                "provider": setting.get("provider", "self_hosted"),
                "model": setting.get("model"),
            }
    return {
        "gateway": {"ai_gateway_url": URL},
        "beta_on": True,
        "models": {
            model["name"]: {
                "model": model["model_family"],
                "endpoint": model["endpoint"],
                "identifier": model["identifier"],
                "api_token": model.get("api_key"),
            }
            for model in wanted["duo_self_hosted_models"]
        },
        "features": features,
    }


def seed_as_declared(instance: Instance) -> None:
    """Put an instance into the declared state."""
    state = expected(instance.release)
    instance.seed(
        gateway=state["gateway"],
        beta_acceptances=["root"],
        models=[{"name": name, **model} for name, model in state["models"].items()],
        features=state["features"],
    )


def features_without_model(instance: Instance) -> list[str]:
    """Return the features whose model is not there: what must never be."""
    state = instance.state()
    ids = {model["id"] for model in state["models"].values()}
    return [
        name
        for name, row in state["features"].items()
        if (row["provider"] == "self_hosted" or row["model_id"]) and row["model_id"] not in ids
    ]

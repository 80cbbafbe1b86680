# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is declared in every case, and the same as state of the stand-in GitLab."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from sandbox import credentials

Json = dict[str, Any]

# The first that has 20 features is 19.0.
RELEASE = "19.4"
FEATURES = 20
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
# A family that every feature takes.
FAMILY = "gpt"
KEY = "key-of-the-model-0001"
SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "sandbox" / "schema" / "features.json"
# Half of the features are in beta: they are shown to those who have turned beta features on.
BETA_ON = {"beta_acceptances": ["root"]}
BETA_DECLARED = {
    "duo_self_hosted_beta_features": {"enabled": True, "accept_testing_agreement": True},
    "duo_self_hosted_admin": {
        "username": credentials.ADMIN,
        "password": credentials.ADMIN_PASSWORD,
    },
}


def models(count: int) -> list[Json]:
    """Return so many models, as the role takes them."""
    return [
        {
            "name": f"model-{number}",
            "model_family": FAMILY,
            "endpoint": f"https://vllm-{number}.example.com/v1",
            "identifier": f"custom_openai/model-{number}",
            "api_key": KEY,
        }
        for number in range(1, count + 1)
    ]


def settings(count: int) -> list[Json]:
    """Return 20 features spread over so many models, as the role takes them."""
    names = list(json.loads(SCHEMA.read_text("utf-8"))["features"])[:FEATURES]
    used = min(count, FEATURES)
    return [
        {"features": names[number::used], "model": f"model-{number + 1}"} for number in range(used)
    ]


def people(count: int) -> list[str]:
    """Return so many user names."""
    return [f"user-{number:04}" for number in range(count)]


def variables(url: str, count: int, *, beta: bool, users: int = 0) -> Json:
    """Return the variables of one host; with ``beta`` it also turns beta features on.

    :param users: how many have a seat, and nobody else; 0 leaves seats alone.
    """
    seats = {"add_on": "duo_enterprise", "users": people(users), "exclusive": True}
    return {
        **(BETA_DECLARED if beta else {}),
        **({"duo_self_hosted_seats": seats} if users else {}),
        "duo_self_hosted_api_url": url,
        "duo_self_hosted_api_token": credentials.ADMIN_TOKEN,
        "duo_self_hosted_gateway": GATEWAY,
        "duo_self_hosted_models": models(count),
        "duo_self_hosted_features": settings(count),
        # None of the others tests the gateway and the models at the end.
        "duo_self_hosted_verify": False,
    }


def seed(count: int, *, change: bool, beta: bool = False) -> Json:
    """Return where a run starts: in the declared state, or with nothing of it."""
    if change:
        return {} if beta else BETA_ON
    return {
        **BETA_ON,
        "gateway": GATEWAY,
        "models": [
            {
                "name": model["name"],
                "model": model["model_family"],
                "endpoint": model["endpoint"],
                "identifier": model["identifier"],
                "api_token": model["api_key"],
            }
            for model in models(count)
        ],
        "features": {
            feature: {"provider": "self_hosted", "model": setting["model"]}
            for setting in settings(count)
            for feature in setting["features"]
        },
    }


def seats_seed(users: int, *, change: bool) -> Json:
    """Return users, and an add-on whose seats they have, or are to get."""
    held = [] if change else people(users)
    add_on = {"name": "DUO_ENTERPRISE", "purchased": users, "assigned": 0, "users": held}
    return {"users": [{"username": name} for name in people(users)], "add_ons": [add_on]}


def reached(state: Json, count: int, users: int = 0) -> bool:
    """Return whether the state of a stand-in is the declared one."""
    if users and sorted(state["add_ons"][0]["users"]) != people(users):
        return False
    wanted = seed(count, change=False)
    names = {model["id"]: model["name"] for model in state["models"]}
    found = [{key: model[key] for key in wanted["models"][0]} for model in state["models"]]
    features = {
        name: {"provider": row["provider"], "model": names.get(row["model_id"])}
        for name, row in state["features"].items()
    }
    return (
        state["gateway"]["ai_gateway_url"] == GATEWAY["ai_gateway_url"]
        and sorted(found, key=lambda it: it["name"])
        == sorted(wanted["models"], key=lambda it: it["name"])
        and features == wanted["features"]
    )

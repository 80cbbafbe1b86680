# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios of duo_feature_model, duo_beta_features and duo_info."""

from __future__ import annotations

from typing import Any

from scenarios import ALWAYS, UNCHANGED, Scenario, before, since

from sandbox.credentials import ADMIN_PASSWORD

OLD = ("17.9",)
LATER = since("18.9")
MODELS = [
    {"name": "codestral", "model": "codestral", "endpoint": "https://c.example.com/v1"},
    {"name": "mistral", "model": "mistral", "endpoint": "https://m.example.com/v1"},
    {"name": "claude", "model": "claude_3", "endpoint": "https://a.example.com/v1"},
]
CODE = ["code_completions", "code_generations"]
CHAT = ["duo_chat", "duo_chat_explain_code", "duo_chat_write_tests"]
CHAT += ["duo_chat_refactor_code", "duo_chat_fix_code"]
VENDORED = {"provider": "vendored", "model": None}
UNASSIGNED = {"provider": "unassigned", "model": None}
ON_CODESTRAL = {"provider": "self_hosted", "model": "codestral"}
ON_MISTRAL = {"provider": "self_hosted", "model": "mistral"}
OFF = {"provider": "disabled", "model": None}
SIGN_IN = {"username": "root", "password": ADMIN_PASSWORD}
# Reading a page: the form, signing in, the page, and signing out.
PAGE = 4


def feature(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of feature settings on three models."""
    seed = {"models": MODELS, **keywords.pop("seed", {})}
    return Scenario("feature-" + name, "duo_feature_model", args, seed=seed, **keywords)


def beta(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of the beta switch."""
    return Scenario("beta-" + name, "duo_beta_features", args, **keywords)


FEATURES = [
    feature(
        "two-on-model",
        {"features": CODE, "model": "codestral"},
        returns={
            "features": [{"feature": name, "gitlab_model": None, **ON_CODESTRAL} for name in CODE]
        },
        after={"features": dict.fromkeys(CODE, ON_CODESTRAL)},
    ),
    feature(
        "there",
        {"features": CODE, "model": "codestral"},
        seed={"features": dict.fromkeys(CODE, ON_CODESTRAL)},
        changed=UNCHANGED,
    ),
    feature(
        "other-model",
        {"features": CODE, "model": "mistral"},
        seed={"features": dict.fromkeys(CODE, ON_CODESTRAL)},
        after={"features": dict.fromkeys(CODE, ON_MISTRAL)},
        steps=tuple(
            f"change feature {name} (self_hosted codestral -> self_hosted mistral)" for name in CODE
        ),
    ),
    feature(
        "only-what-differs",
        {"features": CODE, "model": "codestral"},
        seed={"features": {CODE[0]: ON_CODESTRAL}},
        steps=(f"change feature {CODE[1]}",),
    ),
    feature(
        "disabled",
        {"features": ["duo_chat"], "provider": "disabled"},
        seed={"features": {"duo_chat": ON_MISTRAL}},
        # The link goes too, or deleting that model would turn the feature on again.
        after={"features": {"duo_chat": OFF}},
    ),
    feature(
        "vendored",
        {"features": ["duo_chat"], "provider": "Vendored"},
        seed={"features": {"duo_chat": ON_MISTRAL}},
        # GitLab wants to know its own cloud's models; nothing of it is ours to count.
        warnings=(
            "Features with provider vendored send their requests to GitLab's cloud: duo_chat",
        ),
        after={"features": {"duo_chat": VENDORED}},
    ),
    feature(
        "absent-17",
        {"features": CODE, "state": "absent"},
        seed={"features": dict.fromkeys(CODE, ON_MISTRAL)},
        releases=OLD,
        warnings=("Features with provider vendored send their requests to GitLab's cloud",),
        after={"features": dict.fromkeys(CODE, VENDORED)},
    ),
    feature(
        "absent",
        {"features": CODE, "state": "absent"},
        seed={"features": dict.fromkeys(CODE, ON_MISTRAL)},
        releases=LATER,
        warnings=("Features with provider unassigned send their requests to the gateway",),
        after={"features": dict.fromkeys(CODE, UNASSIGNED)},
    ),
    feature(
        "many",
        {
            "settings": [
                {"features": CODE, "model": "codestral"},
                {"features": ["duo_chat"], "provider": "disabled"},
            ]
        },
        after={"features": {**dict.fromkeys(CODE, ON_CODESTRAL), "duo_chat": OFF}},
    ),
    feature(
        "many-there",
        {
            "settings": [
                {"features": CODE, "model": "codestral"},
                {"features": ["review_merge_request", *CHAT], "model": "mistral"},
                {
                    "features": ["duo_agent_platform", "duo_agent_platform_agentic_chat"],
                    "model": "claude",
                },
            ]
        },
        seed={
            "features": {
                **dict.fromkeys(CODE, ON_CODESTRAL),
                **dict.fromkeys(["review_merge_request", *CHAT], ON_MISTRAL),
                "duo_agent_platform": {"provider": "self_hosted", "model": "claude"},
                "duo_agent_platform_agentic_chat": {"provider": "self_hosted", "model": "claude"},
            }
        },
        releases=LATER,
        changed=UNCHANGED,
    ),
    feature(
        "gitlab-model",
        {"features": ["duo_chat"], "gitlab_model": "claude_sonnet_4_20250514"},
        releases=LATER,
        warnings=("Features with provider vendored send their requests to GitLab's cloud",),
        returns={"features": [{"gitlab_model": "claude_sonnet_4_20250514"}]},
        after={"features": {"duo_chat": {"offered_model_ref": "claude_sonnet_4_20250514"}}},
    ),
    feature(
        "not-on-this-release",
        {
            "settings": [
                {"features": ["duo_agent_platform"], "model": "claude"},
                {"features": CODE, "model": "codestral"},
            ],
            "when_unsupported": "warn",
        },
        releases=OLD,
        warnings=("duo_agent_platform",),
        after={"features": dict.fromkeys(CODE, ON_CODESTRAL)},
    ),
    feature(
        # Not listed, but its model shows it.
        "unlisted-on-model",
        {"features": ["duo_chat_fix_code"], "model": "mistral"},
        releases=OLD,
        after={"features": {"duo_chat_fix_code": ON_MISTRAL}},
    ),
    feature(
        "unlisted-disabled",
        {"features": ["generate_commit_message"], "provider": "disabled"},
        releases=LATER,
        changed=ALWAYS,
        warnings=("does not show the state of generate_commit_message (beta features are listed",),
        returns={"unseen": ["feature generate_commit_message"]},
    ),
]

BETA = [
    beta(
        "on",
        {"enabled": True, "accept_testing_agreement": True, **SIGN_IN},
        releases=LATER,
        # Read; page, switch, page; read again.
        requests=(1, 1 + PAGE + 2 + 1, 1, 1),
        returns={"beta_features": {"enabled": True}},
        after={"beta_on": True},
        steps=("change beta features (enabled: false -> true)",),
    ),
    beta(
        "on-17",
        {"enabled": True, "accept_testing_agreement": True, **SIGN_IN},
        releases=OLD,
        requests=(1 + PAGE, 1 + PAGE + 4 + 1, 1 + PAGE, 1 + PAGE),
        after={"beta_on": True},
    ),
    beta(
        "off",
        {"enabled": False, **SIGN_IN},
        seed={"beta_acceptances": ["root"]},
        releases=LATER,
        requests=(1, 1 + PAGE + 2 + 1, 1, 1),
        after={"beta_on": False, "beta_acceptances": []},
    ),
    beta(
        "off-17",
        {"enabled": False, **SIGN_IN},
        seed={"beta_acceptances": ["root"]},
        releases=OLD,
        requests=(1 + PAGE, 1 + PAGE + 4 + 1, 1 + PAGE, 1 + PAGE),
        after={"beta_on": False},
    ),
    # Where the token shows the state, nothing is signed in for, and no password is needed.
    beta(
        "on-there",
        {"enabled": True},
        seed={"beta_acceptances": ["second"]},
        releases=LATER,
        changed=UNCHANGED,
    ),
    beta("off-there", {"enabled": False}, releases=LATER, changed=UNCHANGED),
    beta(
        "off-there-17",
        {"enabled": False, **SIGN_IN},
        releases=OLD,
        changed=UNCHANGED,
        requests=(1 + PAGE,) * 4,
    ),
    beta(
        "admin-mode",
        {"enabled": True, "accept_testing_agreement": True, **SIGN_IN},
        seed={"options": {"admin_mode": True}},
        releases=LATER,
        # Three more: Admin Mode is asked for, entered, and the page read again.
        requests=(1, 1 + PAGE + 2 + 1 + 3, 1, 1),
        after={"beta_on": True},
    ),
]

NOT_SHOWN = "does not show whether the account of the Agent Platform is connected"


def flows(name: str, args: dict[str, Any], **keywords: Any) -> Scenario:
    """Return a scenario of the account with which flows act."""
    return Scenario("flows-" + name, "duo_agent_platform", {**args, **SIGN_IN}, **keywords)


# The page of 18.9 shows whether it is connected; that of 19.4 and later does not.
FLOWS = [
    flows(
        "connected",
        {"state": "connected"},
        releases=("18.9",),
        # Version, page, application settings; page, write, page; version and page again.
        requests=(2 + PAGE, 2 + PAGE + 3 + 2, 1 + PAGE, 1 + PAGE),
        returns={"agent_platform": {"connected": True}},
        after={"agent_platform": {"connected": True}},
        steps=("change account of the Agent Platform (connected: false -> true)",),
    ),
    flows(
        "disconnected",
        {"state": "disconnected"},
        seed={"agent_platform": {"connected": True}},
        releases=("18.9",),
        requests=(2 + PAGE, 2 + PAGE + 2 + 2, 1 + PAGE, 1 + PAGE),
        returns={"agent_platform": {"connected": False}},
        after={"agent_platform": {"connected": False}},
    ),
    flows(
        "not-shown",
        {"state": "connected"},
        releases=since("19.4"),
        changed=ALWAYS,
        requests=(2 + PAGE, 2 + PAGE + 3 + 3, 2 + PAGE + 3 + 3, 2 + PAGE),
        warnings=(NOT_SHOWN,),
        returns={"agent_platform": {"connected": None}},
        after={"agent_platform": {"connected": True}},
    ),
    flows(
        "not-shown-kept",
        {"state": "connected", "when_unknown": "keep"},
        releases=since("19.4"),
        changed=UNCHANGED,
        requests=(2 + PAGE,) * 4,
        warnings=(NOT_SHOWN,),
        after={"agent_platform": {"connected": False}},
    ),
    flows(
        "too-old",
        {"state": "connected", "when_unsupported": "warn"},
        releases=before("18.4"),
        changed=UNCHANGED,
        warnings=("is skipped: state: connected needs GitLab 18.4 or later",),
    ),
]

SEED = {
    "gateway": {"ai_gateway_url": "https://aigw.example.com"},
    "models": [{**one, "api_token": "key-stored-8"} for one in MODELS],
    "features": dict.fromkeys(CODE, ON_CODESTRAL),
}
INFO = [
    Scenario(
        "info-empty",
        "duo_info",
        {},
        releases=LATER,
        changed=UNCHANGED,
        returns={
            "license": {"plan": "ultimate", "add_ons": [{"name": "DUO_ENTERPRISE"}]},
            "models": [],
            "beta_features": {"enabled": False},
            "gateway": {"ai_gateway_url": ""},
        },
    ),
    Scenario(
        "info-full",
        "duo_info",
        {},
        seed=SEED,
        changed=UNCHANGED,
        returns={
            "gateway": {"ai_gateway_url": "https://aigw.example.com"},
            "models": [
                {"name": name, "has_api_key": True} for name in ("claude", "codestral", "mistral")
            ],
            "configuration": {
                "duo_self_hosted_gateway": {"ai_gateway_url": "https://aigw.example.com"}
            },
        },
    ),
    Scenario(
        "info-17",
        "duo_info",
        SIGN_IN,
        seed={**SEED, "beta_acceptances": ["second"]},
        releases=OLD,
        changed=UNCHANGED,
        requests=(1 + PAGE,) * 4,
        returns={"beta_features": {"enabled": True}},
    ),
]

ALLOWLIST = "outbound_local_requests_allowlist_raw"
PREFLIGHT = [
    Scenario(
        "preflight-clear",
        "duo_preflight",
        {"gateway": {"ai_gateway_url": "https://aigw.example.com"}},
        seed={"gateway": {"ai_gateway_url": "https://aigw.example.com"}},
        releases=before("18.4"),
        changed=UNCHANGED,
        # The state, and the application settings.
        requests=(2, 2, 2, 2),
        returns={"findings": []},
    ),
    Scenario(
        "preflight-unassigned",
        "duo_preflight",
        {"gateway": {"ai_gateway_url": "https://aigw.example.com"}},
        seed={"gateway": {"ai_gateway_url": "https://aigw.example.com"}},
        releases=since("18.4"),
        changed=UNCHANGED,
        requests=(2, 2, 2, 2),
        warnings=("These features are unassigned, so behind a gateway of your own",),
        returns={"findings": [{"severity": "warning", "subject": "features"}]},
    ),
    *(
        Scenario(
            f"preflight-allowlist{name}",
            "duo_preflight",
            {
                "gateway": {"ai_gateway_url": "https://aigw.example.com"},
                "models": [
                    {"name": "m", "model_family": "gpt", "endpoint": "http://10.0.0.7:8000/openai"}
                ],
                "manage_outbound_allowlist": True,
            },
            seed={"settings": {ALLOWLIST: "kept.example.com"}},
            releases=releases,
            # The token too, because the model is to be made; the write, and what surrounds it.
            requests=(3, 10, 3, 3),
            warnings=warnings,
            after={"settings": {ALLOWLIST: "kept.example.com\naigw.example.com\n10.0.0.7"}},
        )
        for name, releases, warnings in (
            ("", before("18.4"), ()),
            ("-unassigned", since("18.4"), ("behind a gateway of your own they have no model",)),
        )
    ),
]
SUBSCRIPTION = [
    Scenario(
        "subscription-fresh",
        "duo_subscription",
        {},
        changed=UNCHANGED,
        returns={"license": {"plan": "ultimate", "type": "online_cloud"}},
    ),
    Scenario(
        "subscription-read-only",
        "duo_subscription",
        {"sync": "never"},
        seed={"license": {"last_sync": "2026-01-01T00:00:00Z"}},
        changed=UNCHANGED,
    ),
]
UPGRADE = [
    Scenario(
        "upgrade-check",
        "duo_upgrade_check",
        {"target_version": "19.5", "fail_on": "never"},
        seed=SEED,
        changed=UNCHANGED,
        returns={"target_version": "19.5.0", "changed": False},
    )
]
CONFORMANCE = [
    Scenario(
        "conformance",
        "duo_conformance",
        {"fail_on": "never"},
        seed=SEED,
        changed=UNCHANGED,
        requests=(7, 7, 7, 7),
        returns={"changed": False},
    )
]

SCENARIOS = [
    *(*PREFLIGHT, *SUBSCRIPTION, *UPGRADE, *CONFORMANCE),
    *(*FEATURES, *BETA, *FLOWS, *INFO),
]

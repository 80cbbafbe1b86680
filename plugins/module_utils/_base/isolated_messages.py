# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences about requests that leave an isolated site, and what to declare instead."""

from __future__ import annotations

from .failure import Message

LEAVES_VENDORED = Message(
    "leaves-vendored",
    "With provider vendored, GitLab's cloud serves {features} ({origin}), even where a gateway is "
    "set.",
    "Declare a model for each, or provider disabled.",
)
LEAVES_WITHOUT_GATEWAY = Message(
    "leaves-without-gateway",
    "Without a gateway URL, requests of {features} ({origin}) go, or may go, to GitLab's cloud.",
    "Declare ai_gateway_url, or provider disabled for each.",
)
LEAVES_WITHOUT_AGENT_PLATFORM = Message(
    "leaves-without-agent-platform",
    "Without a URL of the Agent Platform service, requests of {features} ({origin}) may go to the "
    "service in GitLab's cloud.",
    "Declare duo_agent_platform_service_url, or provider disabled for each.",
)
LEAVES_UNSEEN = Message(
    "leaves-unseen",
    "GitLab does not show the state of {features}, and nothing declares them, so they may leave "
    "the site.",
    "Declare a model for each, or provider disabled: they are then set in every run. GitLab shows "
    "the state of beta features once they are on.",
)
LEAVES_MEANWHILE = Message(
    "leaves-meanwhile",
    "Clearing {options} would open a way to GitLab's cloud for {features}, before the same run "
    "sets these features.",
    "Change the features first, in a separate run that does not touch the URLs.",
)
LEAVES_AFTERWARDS = Message(
    "leaves-afterwards",
    "Removing everything clears the gateway URL, after which GitLab's cloud would serve "
    "{features}.",
    "Set duo_self_hosted_absent_features: disabled, so that nothing serves them.",
)
LEAVES_NOW = Message(
    "leaves-now",
    "Requests of {features} leave the site, or may leave it.",
    "The return value leaving says why. Declare a model for each, or provider disabled; if they "
    "are already declared like that, run again, because something else may have changed them at "
    "the same time.",
)
LEAVES_DUO_CORE = Message(
    "leaves-duo-core",
    "GitLab Duo Core is on, and GitLab's cloud serves it.",
    "Declare it as off (duo_core: false in duo_self_hosted_settings), or turn it off under Admin > "
    "GitLab Duo > Change configuration.",
)
LEAVES_TO_GITLABS_GATEWAY = Message(
    "leaves-to-gitlabs-gateway",
    "The gateway URL points to one of GitLab's own hosts, so requests of {features} ({origin}) "
    "leave the site.",
    "Declare a gateway of your own as ai_gateway_url, or provider disabled for each.",
)
LEAVES_TO_GITLABS_AGENT_PLATFORM = Message(
    "leaves-to-gitlabs-agent-platform",
    "The URL of the Agent Platform service points to one of GitLab's own hosts, so requests of "
    "{features} ({origin}) leave the site.",
    "Declare a service of your own as duo_agent_platform_service_url, or provider disabled for "
    "each.",
)
LEAVES_TO_GITLABS_MODEL = Message(
    "leaves-to-gitlabs-model",
    "The endpoint of the model points to one of GitLab's own hosts, so requests of {features} "
    "({origin}) leave the site.",
    "Declare an endpoint of your own for the model, another model, or provider disabled for each.",
)

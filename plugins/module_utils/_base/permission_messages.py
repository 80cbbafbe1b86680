# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences about settings that GitLab refuses whatever their values: each names the cause.

The plan says them before anything is written; they also replace GitLab's own less precise refusal.
"""

from __future__ import annotations

from .failure import Message

AGENTS_NOT_PERMITTED = Message(
    "agents-not-permitted",
    "GitLab does not permit a self-hosted model for the Agent Platform.",
    "Before 18.9 it needs beta features on; with an offline licence from 18.8 it needs the add-on "
    "GitLab Duo Agent Platform Self-Hosted.",
)
AGENTS_NEED_ADD_ON = Message(
    "agents-need-add-on",
    "GitLab {version} refuses a self-hosted model for the Agent Platform: with an offline licence "
    "it needs the add-on GitLab Duo Agent Platform Self-Hosted (active add-ons: {add_ons}).",
    "Buy the add-on and upload the licence that includes it, or declare provider disabled.",
)
AGENTS_NEED_BETA = Message(
    "agents-need-beta",
    "GitLab {version} refuses a self-hosted model for the Agent Platform while beta features are "
    "off.",
    "Turn beta features on first (duo_beta_features), upgrade to 18.9 or later, or declare "
    "provider disabled.",
)
NOT_VENDORED = Message(
    "not-vendored",
    "GitLab {version} has no model of its own for this feature, so it refuses provider vendored.",
    "Declare a self-hosted model, or provider disabled.",
)
GITLAB_MODEL_OFFLINE = Message(
    "gitlab-model-offline",
    "With an offline licence, GitLab refuses the choice of a GitLab-managed model.",
    "Leave gitlab_model out, or declare a self-hosted model.",
)
NO_LIST_OF_MODELS = Message(
    "no-list-of-models",
    "GitLab refuses provider vendored because it cannot fetch the list of its own models: it "
    "reaches neither its cloud nor a gateway that lists them.",
    "Let GitLab's nodes reach https://cloud.gitlab.com (firewall, proxy, outbound requests), or "
    "declare a self-hosted model or provider disabled.",
)
OTHER_URLS_BLOCKED = Message(
    "other-urls-blocked",
    "GitLab refuses to save {subject} while it denies all outbound requests except to allowed "
    "hosts, because it then checks every URL of its application settings, and refuses {names}.",
    "Set these application settings first: {clearing}. Or add the hosts to the allowlist under "
    "Admin > Settings > Network > Outbound requests, if requests to them may leave the site.",
)

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, model families and providers: which release of GitLab has them, as data.

Sources: GitLab's GraphQL reference of 17.9, 17.10, 17.11, 18.0, 18.4, 18.9, 19.3 and 19.5, its
source files of 18.11, 19.0, 19.1 and 19.4, migrations and merge requests of the releases between.
``since`` is the first release that may have a thing; where the sources leave the exact minor open
it is the earliest candidate, and GitLab itself is asked (see ``Part.optional`` in ``graphql.py``)
or gives the final answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._base.version import Minor


@dataclass(frozen=True)
class Offer:
    """Something that GitLab has from some release on.

    Releases from ``certain`` on have it; between ``since`` and that the sources leave it open.
    """

    since: Minor
    certain: Minor

    @property
    def text(self) -> str:
        """The release from which it can be relied on, for messages."""
        return ".".join(map(str, self.certain))


@dataclass(frozen=True)
class Feature(Offer):
    """A GitLab Duo feature: its name is the lower-case value of the enum ``AiFeatures``."""

    # Releases before this one list it only while beta features are on.
    beta_before: Minor = (0, 0)
    # That fit, if it can be unlisted: a listed feature tells its families itself.
    families: tuple[str, ...] = ()
    ultimate: bool = False  # never listed with a Premium licence


@dataclass(frozen=True)
class Family(Offer):
    """A model family: its name is the lower-case value of ``AiAcceptedSelfHostedModels``.

    GitLab hides models of a beta family while beta features are off.
    """

    beta: bool = False


ALWAYS: Minor = (99, 0)
_BETA = ("mistral", "mixtral", "claude_3", "gpt", "llama3", "general", "qwen")
_FLOW = ("claude_3", "gpt", "general")

# Enum AiFeatures by release; states and families from feature_metadata.yml of 18.9, 18.11 and 19.4.
# embeddings_code (19.1) is a row of that file, but no value of the enum: nobody can set it.
FEATURES: dict[str, Feature] = {
    "code_generations": Feature((17, 9), (17, 9)),
    "code_completions": Feature((17, 9), (17, 9)),
    "duo_chat": Feature((17, 9), (17, 9)),
    "duo_chat_explain_code": Feature((17, 9), (17, 9)),
    "duo_chat_write_tests": Feature((17, 9), (17, 9)),
    "duo_chat_refactor_code": Feature((17, 9), (17, 9)),
    "duo_chat_fix_code": Feature((17, 9), (17, 9)),
    "duo_chat_troubleshoot_job": Feature((17, 10), (17, 10), ALWAYS, _BETA),
    # In the enum of 18.0; the list of 17.11 was not read beyond that of 17.10.
    "duo_chat_explain_vulnerability": Feature((17, 11), (18, 0), ALWAYS, _BETA, ultimate=True),
    "duo_chat_summarize_comments": Feature((17, 11), (18, 0), ALWAYS, _BETA),
    "generate_commit_message": Feature((17, 11), (18, 0), ALWAYS, _BETA),
    "glab_ask_git_command": Feature((17, 11), (18, 0), ALWAYS, _BETA),
    "resolve_vulnerability": Feature((17, 11), (18, 0), ALWAYS, _BETA, ultimate=True),
    "summarize_new_merge_request": Feature((17, 11), (18, 0), ALWAYS, _BETA),
    "summarize_review": Feature((17, 11), (18, 0), ALWAYS, _BETA),
    # Absent in early 18.2, present in 18.4; the documentation names 18.3.
    "review_merge_request": Feature((18, 3), (18, 3)),
    "duo_agent_platform": Feature((18, 4), (18, 4)),
    # A migration of 18.7 makes its row (gitlab-org/gitlab!213517).
    "duo_agent_platform_agentic_chat": Feature((18, 7), (18, 7)),
    # Absent in 18.9, in the enum of 18.11.
    "sast_vulnerability_fp_detection": Feature((18, 10), (18, 11), ALWAYS, _FLOW),
    "sast_vulnerability_resolution": Feature((18, 10), (18, 11), ALWAYS, _FLOW),
    # Generally available from 19.1 on.
    "secret_vulnerability_fp_detection": Feature((18, 10), (18, 11), (19, 1), _FLOW),
    # gitlab-org/gitlab!236876
    "review_merge_request_dap": Feature((19, 1), (19, 1)),
    # Absent in 19.1, in the GraphQL reference of 19.3.
    "security_review": Feature((19, 2), (19, 3), ALWAYS, _FLOW),
    "feature_discovery_search": Feature((19, 2), (19, 3), ALWAYS, ("gemini",)),
    "resolve_dependency_bump": Feature((19, 2), (19, 3), ALWAYS, _FLOW),
    # gitlab-org/gitlab!251961
    "duo_developer": Feature((19, 4), (19, 4)),
    # In the GraphQL reference of 19.5; their states and families were not read, nor whether GitLab
    # lists them while beta features are off (the first row of recommend_reviewers_assign is a copy
    # of that of duo_agent_platform, gitlab-org/gitlab!258913).
    "bl_security": Feature((19, 5), (19, 5)),
    "recommend_reviewers_assign": Feature((19, 5), (19, 5)),
}

# Features that need the permission of the Agent Platform to be given a model: `dap_features` in
# ee/app/graphql/mutations/ai/feature_settings/update.rb (two until 19.3, one more in 19.4 and in
# 19.5). All others need the classic one, flows of the Agent Platform too.
AGENTS = (
    "duo_agent_platform",
    "duo_agent_platform_agentic_chat",
    "duo_developer",
    "recommend_reviewers_assign",
)
# Flows of the Agent Platform that are features of their own (feature_metadata.yml of 19.4; of
# bl_security its place in the Agent Platform's own sources).
FLOWS = (
    "sast_vulnerability_fp_detection",
    "sast_vulnerability_resolution",
    "secret_vulnerability_fp_detection",
    "review_merge_request_dap",
    "security_review",
    "resolve_dependency_bump",
    "bl_security",
)

# Release states from ee/app/models/ai/self_hosted_model.rb of 18.9, 18.11, 19.0, 19.1 and 19.4.
FAMILIES: dict[str, Family] = {
    "claude_3": Family((17, 9), (17, 9)),
    "codestral": Family((17, 9), (17, 9)),
    "gpt": Family((17, 9), (17, 9)),
    "mistral": Family((17, 9), (17, 9)),
    "mixtral": Family((17, 9), (17, 9)),
    "codegemma": Family((17, 9), (17, 9), beta=True),
    "codellama": Family((17, 9), (17, 9), beta=True),
    "deepseekcoder": Family((17, 9), (17, 9), beta=True),
    "llama3": Family((17, 9), (17, 9), beta=True),
    "general": Family((18, 3), (18, 3), beta=True),
    "gemini": Family((19, 0), (19, 0), beta=True),
    # In the model of 19.1 and in the GraphQL reference of 19.3; fits semantic search alone.
    "embedding": Family((19, 1), (19, 3), beta=True),
    "qwen": Family((19, 2), (19, 3), beta=True),
}

PROVIDERS: dict[str, Offer] = {
    "self_hosted": Offer((17, 9), (17, 9)),
    "vendored": Offer((17, 9), (17, 9)),
    "disabled": Offer((17, 9), (17, 9)),
    # Absent in the reference of early 18.2, present in that of 18.4.
    "unassigned": Offer((18, 2), (18, 4)),
}


def is_agent_feature(name: str) -> bool:
    """Return whether a feature needs the Agent Platform's own permission to be given a model."""
    return name in AGENTS


def runs_on_agent_platform(name: str) -> bool:
    """Return whether the Agent Platform service gets a feature's requests.

    Of the flows it is concluded from the place that GitLab gives them (``main_feature``).
    """
    return name in AGENTS or name in FLOWS


def is_beta_family(name: str) -> bool:
    """Return whether models of this family are hidden while beta features are off."""
    return name in FAMILIES and FAMILIES[name].beta


def needs_ultimate(name: str) -> bool:
    """Return whether GitLab never lists a feature with a Premium licence, beta on or off."""
    return name in FEATURES and FEATURES[name].ultimate

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List features, model families and providers with the releases of GitLab that have them.

Sources: GitLab's GraphQL reference of 17.9, 17.10, 17.11, 18.0, 18.4, 18.9, 19.3 and 19.5, its
source files of 18.11, 19.0, 19.1 and 19.4, and migrations and merge requests of the releases
between. ``since`` is the first release that may have a thing. If the sources leave the exact minor
open, it is the earliest candidate, and GitLab itself is asked (``Part.optional`` in
``graphql.py``) or decides when it is written.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._base.version import Minor


@dataclass(frozen=True)
class Offer:
    """Something that GitLab has from some release on.

    It is certain for releases from ``certain`` on, and open for those from ``since`` until then.
    """

    since: Minor
    certain: Minor

    @property
    def text(self) -> str:
        """The first release that certainly has it, for messages."""
        return ".".join(map(str, self.certain))


@dataclass(frozen=True)
class Feature(Offer):
    """A GitLab Duo feature: its name is the lower-case value of the enum ``AiFeatures``."""

    # Releases before this one list it only while beta features are on.
    beta_before: Minor = (0, 0)
    # Those that fit, for features that may be unlisted. GitLab lists the others with theirs.
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
# embeddings_code (19.1) is in that file, but not in the enum, so it cannot be set.
FEATURES: dict[str, Feature] = {
    "code_generations": Feature((17, 9), (17, 9)),
    "code_completions": Feature((17, 9), (17, 9)),
    "duo_chat": Feature((17, 9), (17, 9)),
    "duo_chat_explain_code": Feature((17, 9), (17, 9)),
    "duo_chat_write_tests": Feature((17, 9), (17, 9)),
    "duo_chat_refactor_code": Feature((17, 9), (17, 9)),
    "duo_chat_fix_code": Feature((17, 9), (17, 9)),
    "duo_chat_troubleshoot_job": Feature((17, 10), (17, 10), ALWAYS, _BETA),
    # In the enum of 18.0, not in that of 17.10; that of 17.11 was not read whole.
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
    # A migration of 18.7 creates its row (gitlab-org/gitlab!213517).
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
    # In the GraphQL reference of 19.5. Their states and families are not known, nor whether GitLab
    # lists them while beta features are off. (The row of recommend_reviewers_assign begins as a
    # copy of that of duo_agent_platform, gitlab-org/gitlab!258913.)
    "bl_security": Feature((19, 5), (19, 5)),
    "recommend_reviewers_assign": Feature((19, 5), (19, 5)),
}

# Features that need the Agent Platform's permission to be given a model: `dap_features` in
# ee/app/graphql/mutations/ai/feature_settings/update.rb (two until 19.3, one more in each of 19.4
# and 19.5). All others, flows of the Agent Platform included, need the classic permission.
AGENTS = (
    "duo_agent_platform",
    "duo_agent_platform_agentic_chat",
    "duo_developer",
    "recommend_reviewers_assign",
)
# Flows of the Agent Platform that are features of their own (feature_metadata.yml of 19.4; for
# bl_security the sources of the Agent Platform service).
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
    # In the model class of 19.1 and the GraphQL reference of 19.3; fits semantic search only.
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
    """Return whether a feature needs the Agent Platform's permission to be given a model."""
    return name in AGENTS


def runs_on_agent_platform(name: str) -> bool:
    """Return whether the Agent Platform service gets a feature's requests.

    For flows this is concluded from the group in which GitLab lists them (``main_feature``).
    """
    return name in AGENTS or name in FLOWS


def is_beta_family(name: str) -> bool:
    """Return whether GitLab hides models of this family while beta features are off."""
    return name in FAMILIES and FAMILIES[name].beta


def needs_ultimate(name: str) -> bool:
    """Return whether GitLab never lists a feature with a Premium licence, beta on or off."""
    return name in FEATURES and FEATURES[name].ultimate

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, model families, providers and options: which release of GitLab has them, as data.

Sources: GitLab's GraphQL reference of 17.9, 17.10, 17.11, 18.0 and 18.9, its source files and
merge requests of the releases between and of 19.x. ``since`` is the first release that may have
a thing; where the sources leave the exact minor open it is the earliest candidate, and GitLab
itself is asked (see ``Part.optional`` in ``_client.py``) or gives the final answer.
"""

from __future__ import annotations

from dataclasses import dataclass

Minor = tuple[int, int]

NEVER_READ: Minor = (99, 0)


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
        return ".".join(map(str, self.certain if self.certain < NEVER_READ else self.since))


@dataclass(frozen=True)
class Feature(Offer):
    """A GitLab Duo feature: its name is the lower-case value of the enum ``AiFeatures``."""

    families: tuple[str, ...]  # that fit in 18.9; earlier releases were not read
    beta: bool = False  # listed only while beta features are on
    ultimate: bool = False  # never listed with a Premium licence


@dataclass(frozen=True)
class Family(Offer):
    """A model family: its name is the lower-case value of ``AiAcceptedSelfHostedModels``.

    GitLab hides models of a beta family while beta features are off.
    """

    beta: bool = False


_CHAT = ("mistral", "mixtral", "claude_3", "gpt", "codestral", "llama3", "general")
_CODE = (*_CHAT, "codegemma", "codellama", "deepseekcoder")
_BETA = ("mistral", "mixtral", "claude_3", "gpt", "llama3", "general")
_AGENT = ("claude_3", "gpt", "general")

# Enum AiFeatures by release; families and states from feature_metadata.yml of 18.9.
FEATURES: dict[str, Feature] = {
    "code_generations": Feature((17, 9), (17, 9), _CODE),
    "code_completions": Feature((17, 9), (17, 9), _CODE),
    "duo_chat": Feature((17, 9), (17, 9), _CHAT),
    "duo_chat_explain_code": Feature((17, 9), (17, 9), _CHAT),
    "duo_chat_write_tests": Feature((17, 9), (17, 9), _CHAT),
    "duo_chat_refactor_code": Feature((17, 9), (17, 9), _CHAT),
    "duo_chat_fix_code": Feature((17, 9), (17, 9), _CHAT),
    "duo_chat_troubleshoot_job": Feature((17, 10), (17, 10), _BETA, beta=True),
    # In the enum of 18.0; the list of 17.11 was not read beyond that of 17.10.
    "duo_chat_explain_vulnerability": Feature((17, 11), (18, 0), _BETA, beta=True, ultimate=True),
    "duo_chat_summarize_comments": Feature((17, 11), (18, 0), _BETA, beta=True),
    "generate_commit_message": Feature((17, 11), (18, 0), _BETA, beta=True),
    "glab_ask_git_command": Feature((17, 11), (18, 0), _BETA, beta=True),
    "resolve_vulnerability": Feature((17, 11), (18, 0), _BETA, beta=True, ultimate=True),
    "summarize_new_merge_request": Feature((17, 11), (18, 0), _BETA, beta=True),
    "summarize_review": Feature((17, 11), (18, 0), _BETA, beta=True),
    "review_merge_request": Feature((18, 1), (18, 3), _BETA),
    "duo_agent_platform": Feature((18, 4), (18, 4), _AGENT),
    "duo_agent_platform_agentic_chat": Feature((18, 6), (18, 9), _AGENT),
    # Absent in 18.9; the first three are in the enum of a 19.x state, the last in a later one.
    "sast_vulnerability_fp_detection": Feature((18, 10), (19, 4), _AGENT, beta=True),
    "sast_vulnerability_resolution": Feature((18, 10), (19, 4), _AGENT, beta=True),
    "secret_vulnerability_fp_detection": Feature((18, 10), (19, 4), _AGENT, beta=True),
    "review_merge_request_dap": Feature((18, 10), NEVER_READ, _BETA),
}

# Flows of the Agent Platform that are features of their own (19.x).
FLOWS = (
    "sast_vulnerability_fp_detection",
    "sast_vulnerability_resolution",
    "secret_vulnerability_fp_detection",
    "review_merge_request_dap",
)

# Release states from ee/app/models/ai/self_hosted_model.rb of 18.9 and 19.x.
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
    "gemini": Family((18, 10), (19, 4), beta=True),
    # Values of the model in 19.x; whether GraphQL takes them was not read.
    "embedding": Family((19, 0), NEVER_READ, beta=True),
    "qwen": Family((19, 0), NEVER_READ, beta=True),
}

PROVIDERS: dict[str, Offer] = {
    "self_hosted": Offer((17, 9), (17, 9)),
    "vendored": Offer((17, 9), (17, 9)),
    "disabled": Offer((17, 9), (17, 9)),
    # Absent in the reference of 18.0, present at 18.7 at the latest.
    "unassigned": Offer((18, 1), (18, 7)),
}

# Options that a release may lack: the release that first offers them, for messages.
OPTION_SINCE: dict[str, str] = {
    "ai_gateway_timeout_seconds": "18.7",
    "duo_agent_platform_service_url": "18.4",
    "duo_agent_platform_service_secure": "18.10",
    "deployment_method vertex_ai": "18.11",
    "gitlab_model": "18.4",
}


# What has a right of its own, by name: dap_features in mutations/ai/feature_settings/update.rb, the
# third from 19.4 and the last from 19.5 on (MR 258913). GitLab asks for the classic right for all
# else, the other flows of the Agent Platform too.
AGENTS = (
    "duo_agent_platform",
    "duo_agent_platform_agentic_chat",
    "duo_developer",
    "recommend_reviewers_assign",
)


def is_agent_feature(name: str) -> bool:
    """Return whether GitLab has a right of its own for giving a feature a self-hosted model."""
    return name in AGENTS


def runs_on_agent_platform(name: str) -> bool:
    """Return whether the Agent Platform service gets a feature's requests.

    Of the flows of 19.x it is concluded from their names and families.
    """
    return is_agent_feature(name) or name in FLOWS


def is_beta_feature(name: str) -> bool:
    """Return whether a feature is listed only while beta features are on."""
    return name in FEATURES and FEATURES[name].beta


def is_beta_family(name: str) -> bool:
    """Return whether models of this family are hidden while beta features are off."""
    return name in FAMILIES and FAMILIES[name].beta


def needs_ultimate(name: str) -> bool:
    """Return whether GitLab never lists a feature with a Premium licence, beta on or off."""
    return name in FEATURES and FEATURES[name].ultimate

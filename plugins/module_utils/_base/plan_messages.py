# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences about plans in files: written by a dry run, approved, required by a real run."""

from __future__ import annotations

from .failure import Message

_ANEW = "Nothing was changed. Make a new dry run with duo_self_hosted_plan_dir and have it approved"

# --- plans in files ----------------------------------------------------------------------------
PLAN_NOT_WRITABLE = Message(
    "plan-not-writable",
    "The plan {path} cannot be written: {reason}.",
    "Set duo_self_hosted_plan_dir to a folder in which the user who runs Ansible may create files. "
    "Nothing was changed.",
)
PLAN_MISSING = Message(
    "plan-missing",
    "There is no approved plan {path}.",
    "Nothing was changed. Make a dry run with duo_self_hosted_plan_dir, have it approved, and set "
    "duo_self_hosted_approved_plan to the same folder.",
)
PLAN_UNREADABLE = Message(
    "plan-unreadable",
    "The approved plan {path} cannot be read: {reason}.",
    "Nothing was changed. Let the user who runs Ansible read the file, or set "
    "duo_self_hosted_approved_plan to the folder that holds the plan.",
)
PLAN_INCOMPLETE = Message(
    "plan-incomplete",
    "The approved plan {path} is not a whole plan: {reason}.",
    f"{_ANEW}, or copy the file again from where it is whole.",
)
PLAN_TAMPERED = Message(
    "plan-tampered",
    "The approved plan {path} is not as it was written: its checksum or its form is wrong.",
    f"{_ANEW}. Leave the file as the dry run writes it: formatting it changes it too.",
)
PLAN_VERSION = Message(
    "plan-version",
    "The approved plan {path} has schema version {found}; this version of the collection reads "
    "{known}.",
    f"{_ANEW}, both with the same version of the collection.",
)
PLAN_OTHER_INSTANCE = Message(
    "plan-other-instance",
    "The approved plan {path} was made for {approved}, and this run is for {present}.",
    "Nothing was changed. Set duo_self_hosted_approved_plan to the folder that holds the plan of "
    "this instance; if its URL has changed, make a new dry run with duo_self_hosted_plan_dir and "
    "have it approved.",
)
PLAN_OTHER_RELEASE = Message(
    "plan-other-release",
    "The approved plan {path} was made for GitLab {approved}, and this is GitLab {present}.",
    f"{_ANEW}, because another release may need other changes.",
)
PLAN_OTHER_DECLARATION = Message(
    "plan-other-declaration",
    "The approved plan {path} was made from another declaration, although that leads to the same "
    "changes.",
    f"{_ANEW}, or declare again what was approved.",
)
PLAN_TOO_OLD = Message(
    "plan-too-old",
    "The approved plan {path} is {age} hours old; duo_self_hosted_plan_max_age allows {most}.",
    f"{_ANEW}, or allow more hours.",
)
PLAN_FROM_THE_FUTURE = Message(
    "plan-from-the-future",
    "The approved plan {path} was made at {created}, and here it is only {now}.",
    f"{_ANEW}, after the clocks of both machines are right.",
)
PLAN_NOT_APPROVED = Message(
    "plan-not-approved",
    "The changes are not the approved ones of {path}. {differences}",
    f"{{cause}} {_ANEW}.",
)

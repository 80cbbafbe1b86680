# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which GitLab's resolvers fail, and the texts that they share."""

from __future__ import annotations

GENERAL = (
    "The resource that you are attempting to access does not exist or "
    "you don't have permission to perform this action"
)
READ_ONLY = "You cannot perform write operations on a read-only instance"


class FieldError(Exception):
    """Raised while resolving: HTTP 200, the field null, the text among the top-level errors."""


class ServerFault(BaseException):
    """Any other Ruby exception: HTTP 500 for the whole request, earlier mutations stay done.

    Not an `Exception`: the GraphQL library must not turn it into a field error and go on.
    """


def no_permission(setting: str) -> FieldError:
    """The text since 18.0 for one setting (ee/app/graphql/mutations/ai/duo_settings/update.rb)."""
    return FieldError(f"You don't have permission to update the setting {setting}.")

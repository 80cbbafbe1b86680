# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let GitLab check the connection of a model that is stored, or that is to be stored.

GraphQL ``aiSelfHostedModelConnectionCheck`` (17.7), a mutation that stores nothing: it takes the
fields of a model, its key too, and no id. GitLab asks the gateway, which asks the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._base import messages
from .._base.messages import Failure, Unclear
from .._duo.releases import Release
from .._engine.access import explain
from .._engine.objects import about
from .._engine.settle import Patience
from .._gitlab.graphql import GENERAL_ERROR, READ_ONLY_ERROR, Mutation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._gitlab.client import GitLab
    from .stored import Model

SELECTION = "errors result { success message }"
SLOW = "ReadTimeout|OpenTimeout|execution expired|[Tt]imed? ?out"
# GitLab 19.4 says this both after a timeout and if the gateway is down.
NOT_CONNECTED = "could not connect to the model endpoint"
# Messages about a model that may not have started yet.
_LATE = re.compile(f"{SLOW}|{NOT_CONNECTED}|server returned code 50[234]")
# One of GitLab's processes may still lack the URL that another has just stored.
_NO_GATEWAY = "You have not configured your local AI gateway URL"


def is_late(message: str) -> bool:
    """Return whether a model may only have been too slow, and is worth another check."""
    return bool(_LATE.search(message))


def question(model: Model, release: Release, *, has_provider: bool) -> Mutation:
    """Return the mutation that checks the connection of a model."""
    values = {"name": model.name, "model": model.family.upper()}
    if model.endpoint or release.model_needs_endpoint:
        values["endpoint"] = model.endpoint
    if model.identifier:
        values["identifier"] = model.identifier
    if has_provider:
        values["provider"] = model.provider or "API"
    if model.iam_role:
        values["iamRole"] = model.iam_role
    if model.api_key:
        values["apiToken"] = model.api_key
    return Mutation("aiSelfHostedModelConnectionCheck", values)


def answered(
    gitlab: GitLab, model: Model, payload: Mapping[str, Any], refused: str
) -> tuple[bool, str]:
    """Return whether the connection works, and what GitLab says of it, without the model's key.

    :raises Failure: GitLab did not check it.
    """
    # A model server may repeat the refused key in its message.
    key = model.api_key or "\0"
    result = payload.get("result")
    if refused or not isinstance(result, dict):
        raise _refusal(gitlab, refused.replace(key, "********"))
    message = str(result.get("message") or "").replace(key, "********")
    return result.get("success") is True, message


def _refusal(gitlab: GitLab, refused: str) -> Failure:
    """Return the failure that explains why GitLab did not try."""
    if refused.startswith(READ_ONLY_ERROR):
        return Failure(messages.READ_ONLY, reason=refused)
    if refused.startswith(GENERAL_ERROR):
        try:
            return explain(gitlab, Release.of(gitlab.read().version), writing=True)
        except Failure as failure:
            return failure
    reason = refused.rstrip(".") or "no result"
    return Failure(messages.REFUSED, reason=reason, hint="Look into GitLab's logs.")


@dataclass(frozen=True)
class CheckFirst:
    """Checks the connections of models before any of them is stored."""

    # The models as they will be, with the keys that they will have.
    models: tuple[Model, ...] = field(repr=False)
    release: Release
    has_provider: bool
    seconds: int  # how long a model that does not answer yet is asked again

    def perform(self, gitlab: GitLab) -> None:
        """Check them all; a model that may only be slow is asked again while there is time.

        :raises Failure: a connection does not work, or GitLab did not check it.
        """
        patience, left = Patience(self.seconds), self.models
        while True:
            said = {model: it for model in left if (it := self._ask(gitlab, model))}
            if not said:
                return
            left = tuple(said)
            if not all(map(self._may_pass, said.values())) or not patience.wait():
                raise _failure(said)

    def _ask(self, gitlab: GitLab, model: Model) -> str:
        """Return why a connection does not work; empty if it does."""
        mutation = question(model, self.release, has_provider=self.has_provider)
        try:
            ((payload, refused),) = gitlab.ask([mutation], SELECTION)
        except Unclear as unclear:
            # Nothing is stored by it, so nothing is unclear.
            raise unclear.plain() from None
        works, message = answered(gitlab, model, payload, refused)
        return "" if works else message or "no reason given"

    def _may_pass(self, message: str) -> bool:
        copied = self.release.gateway_is_application_setting
        return is_late(message) or (copied and _NO_GATEWAY in message)


def _failure(said: Mapping[Model, str]) -> Failure:
    names = ", ".join(about("self_hosted_model", model.name) for model in said)
    told = dict.fromkeys(" ".join(it.split()).rstrip(".") for it in said.values())
    return Failure(messages.MODEL_DOES_NOT_ANSWER, about=names, reason="; ".join(told))

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the shapes of GitLab's answers as they arrive.

An answer of another shape is reported as broken; it may come from a proxy. All code after this
check can rely on the types, so an error there is a bug of the collection and is reported as one.
"""

from __future__ import annotations

from typing import Any, TypeVar

from .._base import http_messages
from .._base.libraries import pydantic
from .._base.messages import Failure
from .graphql import GRAPHQL


def _as_gitlab_has_it(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class Shape(pydantic.BaseModel):
    """An object in an answer; unknown fields are ignored."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=_as_gitlab_has_it,
        # pydantic before 2.10 warns of names such as model_id.
        protected_namespaces=(),
    )


class ListPage(Shape):
    """Whether and where a connection continues (GraphQL ``PageInfo``)."""

    has_next_page: bool
    end_cursor: str | None = None


class LinkedSetting(Shape):
    """A feature setting as the model's side shows it."""

    feature: str
    provider: str | None


class LinkedSettings(Shape):
    """The feature settings of a model."""

    nodes: list[LinkedSetting]


class ModelNode(Shape):
    """A self-hosted model (GraphQL ``AiSelfHostedModel``)."""

    id: str
    name: str
    model: str
    endpoint: str | None = None
    identifier: str | None = None
    has_api_token: bool | None = None
    api_token: str | None = pydantic.Field(default=None, repr=False)
    provider: str | None = None
    iam_role: str | None = None
    # Required: without it, every model would count as unused.
    feature_settings: LinkedSettings


class LinkedModel(Shape):
    """The self-hosted model of a feature setting."""

    id: str | None = None
    name: str | None = None
    model: str | None = None


class GitLabModel(Shape):
    """The GitLab-managed model of a feature setting."""

    ref: str | None = None


class SettingNode(Shape):
    """A feature setting (GraphQL ``AiFeatureSetting``)."""

    feature: str
    provider: str
    release_state: str | None = None
    compatible_llms: list[str] | None = None
    self_hosted_model: LinkedModel | None = None
    gitlab_model: GitLabModel | None = None


class Purchase(Shape):
    """An add-on that was bought (GraphQL ``AddOnPurchase``)."""

    id: str
    name: str
    purchased_quantity: int
    assigned_quantity: int


class SeatAssignments(Shape):
    """The seats of a user, of the add-ons that were asked for."""

    nodes: list[dict[str, Any]]


class SeatUser(Shape):
    """A user who can have a seat (GraphQL ``AddOnUser``)."""

    id: str
    username: str
    add_on_assignments: SeatAssignments


Fits = TypeVar("Fits", bound=Shape)


def parse(shape: type[Fits], value: Any, field: str) -> Fits:
    """Return a value of an answer as its shape.

    :param field: name of the value in the answer, for the message.
    :raises Failure: it has another shape. The message names the place, never the value.
    """
    try:
        return shape.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in (field, *first["loc"]))
        raise Failure(
            http_messages.BROKEN_ANSWER,
            path=GRAPHQL,
            reason=f"{place} has an unexpected form: {first['msg']}",
        ) from None

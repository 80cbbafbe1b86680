# SPDX-License-Identifier: GPL-3.0-or-later
"""The context of every resolver, and the scalars for ids and times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ariadne import ScalarType
from graphql import GraphQLError, StringValueNode, ValueNode

from .abilities import Abilities, Caller
from .state import Instance

MODEL_CLASS = "Ai::SelfHostedModel"


@dataclass
class Context:
    instance: Instance
    caller: Caller

    @property
    def abilities(self) -> Abilities:
        """Fresh on each use: an earlier mutation of the request may have changed them."""
        return Abilities(self.instance, self.caller)


def model_gid(model_id: int) -> str:
    return f"gid://gitlab/{MODEL_CLASS}/{model_id}"


def read_gid(value: Any, ruby_class: str) -> int:
    """The id in a global ID; 0, which no record has, for a word. Raises with GitLab's text."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a valid Global ID")
    match = re.fullmatch(r"gid://([^/]+)/([^/]+)/([^/]+)", value)
    if match is None:
        raise ValueError(f'"{value}" is not a valid Global ID')
    if match[1] != "gitlab":
        raise ValueError(f'"{value}" is not a Gitlab Global ID')
    if match[2] != ruby_class:
        raise ValueError(f'"{value}" does not represent an instance of {ruby_class}')
    return int(match[3]) if match[3].isascii() and match[3].isdigit() else 0


def timestamp(value: datetime) -> str:
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _gid_scalar(name: str, ruby_class: str) -> ScalarType:
    scalar = ScalarType(name)

    def parse_value(value: Any) -> int:
        try:
            return read_gid(value, ruby_class)
        except ValueError as error:
            raise GraphQLError(str(error)) from None

    def parse_literal(node: ValueNode, _variables: Any = None) -> int:
        # Validation already refused everything but a well-formed string.
        return parse_value(node.value if isinstance(node, StringValueNode) else None)

    scalar.set_value_parser(parse_value)
    scalar.set_literal_parser(parse_literal)
    return scalar


#: Global ID types and the Ruby class that each stands for.
GLOBAL_IDS = {
    "AiSelfHostedModelID": MODEL_CLASS,
    "GitlabSubscriptionsAddOnPurchaseID": "GitlabSubscriptions::AddOnPurchase",
    "NamespaceID": "Namespace",
    "UserID": "User",
}


def scalars() -> list[ScalarType]:
    time = ScalarType("Time")
    time.set_serializer(timestamp)
    day = ScalarType("Date")

    @day.serializer
    def _day(value: date) -> str:
        return value.strftime("%Y-%m-%d")

    return [time, day, *(_gid_scalar(name, ruby) for name, ruby in GLOBAL_IDS.items())]

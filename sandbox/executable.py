# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the executable schema of one release: its names with the resolvers that fit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, gql, make_executable_schema
from graphql import GraphQLResolveInfo, GraphQLSchema

from . import resolve_instance, resolve_models, resolve_seats, schema_data
from .context import scalars
from .errors import GENERAL, READ_ONLY, FieldError
from .versions import Release

Handler = Callable[[GraphQLResolveInfo, dict[str, Any]], dict[str, Any]]


def _guarded(handler: Handler) -> Callable[..., dict[str, Any]]:
    """Check what every mutation needs before its own abilities: scope `api`, a writable node."""

    def resolve(_parent: Any, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
        caller = info.context.caller
        if caller.user is None or (caller.by_token and "api" not in caller.scopes):
            raise FieldError(GENERAL)
        options = info.context.instance.options
        if options.read_only or options.maintenance:
            raise FieldError(READ_ONLY)
        return {"clientMutationId": input.get("clientMutationId"), **handler(info, input)}

    return resolve


@cache
def schema_of(release: Release, enterprise: bool) -> GraphQLSchema:
    """Built once for each release and edition."""
    names = schema_data.names_of(release)
    text = schema_data.sdl(names, enterprise)
    query, mutation = QueryType(), MutationType()
    resolve_instance.bind(query, enterprise)
    handlers: dict[str, Handler] = dict(resolve_instance.COMMUNITY_MUTATIONS)
    types = [*resolve_instance.COMMUNITY_TYPES]
    if enterprise:
        resolve_models.bind(query)
        resolve_seats.bind(query)
        handlers |= resolve_instance.ENTERPRISE_MUTATIONS | resolve_models.MUTATIONS
        handlers |= resolve_seats.MUTATIONS
        types += [*resolve_instance.ENTERPRISE_TYPES, *resolve_models.TYPES, *resolve_seats.TYPES]
    for name, handler in handlers.items():
        mutation.set_field(name, _guarded(handler))
    fields = {**names["objects"]}
    bound = [_fitting(one, fields.get(one.name, {})) for one in types if one.name in text]
    return make_executable_schema(gql(text), query, mutation, *bound, *scalars())


def _fitting(one: ObjectType, fields: dict[str, str]) -> ObjectType:
    """The type's resolvers, without those for fields that this release lacks."""
    fitting = ObjectType(one.name)
    for field, resolver in one._resolvers.items():
        if field in fields:
            fitting.set_field(field, resolver)
    return fitting

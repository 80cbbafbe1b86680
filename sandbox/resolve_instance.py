# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers for the instance itself: settings, licence, add-ons, metadata, health."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo

from . import cloud_status, rules_gateway
from .errors import GENERAL, FieldError
from .state import License, now

settings_type = ObjectType("DuoSettings")
license_type = ObjectType("CurrentLicense")
metadata_type = ObjectType("Metadata")
add_on_type = ObjectType("AddOnPurchase")

REVISION = "5f3c1a0b7de"
MAX_FLAGS = 20
KAS = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}


def _admin(info: GraphQLResolveInfo) -> None:
    if not info.context.abilities.admin:
        raise FieldError(GENERAL)


# --- queries ---


def duo_settings(_parent: Any, info: GraphQLResolveInfo) -> Any:
    """Answered to every user; the fields check their own abilities."""
    return info.context.instance.gateway


def current_license(_parent: Any, info: GraphQLResolveInfo) -> License | None:
    _admin(info)
    license_: License | None = info.context.instance.license
    return license_


def add_on_purchases(_parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> list[Any]:
    """Active instance-wide ones; rows are filtered, so others get an empty list, no error."""
    if not info.context.abilities.admin or arguments.get("namespaceId") is not None:
        return []
    return [one for one in info.context.instance.add_ons if one.active]


def metadata(_parent: Any, info: GraphQLResolveInfo) -> Any:
    instance = info.context.instance
    if info.context.caller.user is None:
        return None
    return {
        "version": instance.version,
        "revision": REVISION,
        "enterprise": instance.options.enterprise,
        "kas": KAS,
    }


def current_user(_parent: Any, info: GraphQLResolveInfo) -> Any:
    user = info.context.caller.user
    if user is None:
        return None
    return {"id": f"gid://gitlab/User/{user.id}", "username": user.username, "name": user.name}


def cloud_connector_status(_parent: Any, info: GraphQLResolveInfo) -> Any:
    _admin(info)
    return cloud_status.status(info.context.instance, info.context.caller.user.username)


@metadata_type.field("featureFlags")
def _feature_flags(
    _parent: Any, info: GraphQLResolveInfo, names: list[str]
) -> list[dict[str, Any]]:
    """Defined flags only; unknown names are left out."""
    if len(names) > MAX_FLAGS:
        # That it is an error is known, its text is not (graphql-ruby's length validator).
        raise FieldError("names is too long (maximum is 20)")
    flags = info.context.instance.flags
    return [{"name": name, "enabled": flags[name]} for name in names if name in flags]


# --- fields ---


def _setting(argument: str, column: str) -> None:
    def resolve(gateway: Any, info: GraphQLResolveInfo) -> Any:
        # Null without the ability and no error; 17.x is read the same way.
        if not rules_gateway.may(info.context.abilities, column):
            return None
        return getattr(gateway, column)

    settings_type.set_field(argument, resolve)


for _argument, _column, _need in rules_gateway.ARGUMENTS:
    _setting(_argument, _column)
settings_type.set_field("updatedAt", lambda gateway, _info: gateway.updated_at)

license_type.set_field("id", lambda one, _info: f"gid://gitlab/License/{one.id}")
license_type.set_field("startsAt", lambda one, _info: one.starts_at)
license_type.set_field("expiresAt", lambda one, _info: one.expires_at)
license_type.set_field("activatedAt", lambda one, _info: one.starts_at)
license_type.set_field("createdAt", lambda one, _info: one.created_at)
license_type.set_field("lastSync", lambda one, _info: one.last_sync)
license_type.set_field("trial", lambda _one, _info: False)
license_type.set_field("name", lambda _one, _info: "Sandbox Administrator")
license_type.set_field("email", lambda _one, _info: "root@example.com")
license_type.set_field("company", lambda _one, _info: "Sandbox")
license_type.set_field("usersInLicenseCount", lambda one, _info: one.seats)
license_type.set_field("maximumUserCount", lambda _one, _info: 3)
license_type.set_field("billableUsersCount", lambda _one, _info: 3)
license_type.set_field("usersOverLicenseCount", lambda _one, _info: 0)


@license_type.field("blockChangesAt")
def _block_changes_at(one: License, _info: GraphQLResolveInfo) -> Any:
    return one.expires_at + timedelta(days=14) if one.expires_at else None


add_on_type.set_field(
    "id", lambda one, _info: f"gid://gitlab/GitlabSubscriptions::AddOnPurchase/{one.id}"
)
add_on_type.set_field("purchasedQuantity", lambda one, _info: one.purchased)
add_on_type.set_field("assignedQuantity", lambda one, _info: one.assigned + len(one.users))

# --- mutations ---


def duo_settings_update(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """On an error the payload shows the stored, unchanged values. Flat before 18.1..18.3."""
    instance = info.context.instance
    errors = rules_gateway.update(instance, info.context.abilities, data)
    gateway = instance.gateway
    return {
        "errors": errors,
        "duoSettings": gateway,
        "aiGatewayUrl": gateway.ai_gateway_url,
        "duoCoreFeaturesEnabled": gateway.duo_core_features_enabled,
    }


def subscription_activate(info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    """Codes are seeded; the text of a refusal is the customers portal's and not known."""
    _admin(info)
    instance = info.context.instance
    raw = instance.options.activation_codes.get(data["activationCode"])
    if raw is None:
        return {"errors": ["Activation code is invalid"], "license": None}
    from .seed import license_of  # seed imports the state; here only when it is needed

    instance.license = license_of({"last_sync": now(), **raw})
    return {"errors": [], "license": instance.license, "futureSubscriptions": []}


def echo(_info: GraphQLResolveInfo, data: dict[str, Any]) -> dict[str, Any]:
    return {"echoes": data.get("messages"), "errors": data.get("errors") or []}


def bind(query: QueryType, enterprise: bool) -> None:
    query.set_field("metadata", metadata)
    query.set_field("currentUser", current_user)
    if enterprise:
        query.set_field("duoSettings", duo_settings)
        query.set_field("currentLicense", current_license)
        query.set_field("addOnPurchases", add_on_purchases)
        query.set_field("cloudConnectorStatus", cloud_connector_status)


ENTERPRISE_MUTATIONS = {
    "duoSettingsUpdate": duo_settings_update,
    "gitlabSubscriptionActivate": subscription_activate,
}
COMMUNITY_MUTATIONS = {"echoCreate": echo}
ENTERPRISE_TYPES = [settings_type, license_type, add_on_type]
COMMUNITY_TYPES = [metadata_type]

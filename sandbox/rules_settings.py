# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of `PUT /application/settings`: what is stored and refused, and what is stored anyway.

Source: answers of GitLab 18.9 and 19.4 (tests/unit/recorded).
"""

from __future__ import annotations

import re
from typing import Any

from . import application_urls, settings
from .settings import ALLOWLIST, AVAILABILITY, BETA, KNOWN, RULES, STATUSES, SWITCHES
from .state import Instance
from .url_blocker import Blocked, parse

FALSE = (False, 0, "0", "false", "f", "no", "off", "FALSE", "F", "NO", "OFF")
TRUE = (True, 1, "1", "true", "t", "yes", "on", "TRUE", "T", "YES", "ON")
BOOLEAN = "must be a boolean value"
SCHEMA = "must be a valid json schema"
COLUMNS = ("last_updated_at", "created_at")
HOST = "must be a valid hostname with optional port (e.g., registry.example.com:5000)"
IMAGE = f"{HOST}, or full path to docker image (supports :tag and @sha256: digest pinning)"
HOST_NAME = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?"
IMAGE_PATH = r"(/[A-Za-z0-9._-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]+)?"
ACCESS = ("duo_classic", "duo_agent_platform", "duo_flows")
TOOL_STATES = {
    "default_on": (True, False),
    "default_off": (False, False),
    "never_on": (False, True),
}

Messages = dict[str, list[str]]


class Refused(ValueError):
    """A refusal: status and body of the answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def _invalid(text: str) -> Refused:
    return Refused(400, {"error": text})


def _failed() -> Refused:
    return Refused(500, {"message": "500 Internal Server Error"})


def update(instance: Instance, given: dict[str, Any]) -> None:
    """Store the values sent, or raise Refused. Some are stored before others are refused."""
    known = settings.parameters(instance.release)
    given = {name: value for name, value in given.items() if name in known}
    if all(name in KNOWN and KNOWN[name].companion for name in given):
        # GitLab's list is one of hundreds, in this order.
        names = sorted({"abuse_notification_email", "admin_mode", *known})
        text = f"{', '.join(names)} are missing, at least one parameter must be provided"
        raise _invalid(text)
    for name, value in given.items():
        _check_kind(instance, name, value)
    if not settings.paid(instance):
        given = {name: value for name, value in given.items() if name not in settings.DUO}
    changes = _columns(instance, given)
    apart = {name: value for name, value in changes.items() if KNOWN[name].apart}
    if None in apart.values():
        raise _failed()
    instance.settings.update(apart)
    if RULES in given and settings.paid(instance):
        # The old rules are deleted first.
        instance.settings[RULES] = []
        changes[RULES] = _rules(instance, given[RULES] or [])
    messages = problems(instance, changes)
    if any(changes[name] is None and KNOWN[name].null == "fails" for name in changes):
        raise _failed()
    project = "duo_template_project_id"
    if changes.get(project) is not None and settings.writable(instance, project):
        # There are no projects here.
        raise _failed()
    if settings.TOOL_APPROVAL in given and given[settings.TOOL_APPROVAL] not in TOOL_STATES:
        raise _failed()
    if messages:
        raise Refused(400, {"message": messages})
    instance.settings.update(
        {name: value for name, value in changes.items() if settings.writable(instance, name)}
    )


def _check_kind(instance: Instance, name: str, value: Any) -> None:
    """Refuse what the API itself refuses before the model sees it."""
    one = KNOWN.get(name)
    strict = one is not None and isinstance(one.default, bool) and not one.lenient
    if strict and value is not None and value not in TRUE and value not in FALSE:
        raise _invalid(f"{name} is invalid")
    if name == "duo_template_project_id" and not re.fullmatch(r"\d*", str(value or "")):
        raise _invalid(f"{name} is invalid")
    if name == RULES and value is not None:
        late = instance.release.at_least(19, 0)
        needed = "[features]" if late else "[through_namespace][id]"
        if not isinstance(value, list):
            raise _invalid(f"{RULES} is invalid, {RULES}[0]{needed} is missing")
        for index, rule in enumerate(value):
            if late and "features" not in rule:
                raise _invalid(f"{RULES}[{index}][features] is missing")
            if not late and "id" not in (rule.get("through_namespace") or {}):
                raise _invalid(f"{RULES}[{index}][through_namespace][id] is missing")


def _cast(value: Any) -> bool | None:
    return None if value is None else value not in FALSE


def _columns(instance: Instance, given: dict[str, Any]) -> dict[str, Any]:
    """Return the columns for the settings sent; a setting that stands for two wins over both."""
    changes = {}
    for name, value in given.items():
        if name in KNOWN and name != RULES:
            changes[name] = _cast(value) if isinstance(KNOWN[name].default, bool) else value
    for word, (_since, name) in SWITCHES.items():
        if word in given:
            changes[name] = _cast(given[word])
            # Only the boolean itself locks; a text with the same meaning does not.
            changes[f"lock_{name}"] = given[word] is False
    approval = TOOL_STATES.get(given.get(settings.TOOL_APPROVAL, ""))
    if approval:
        name = "tool_approval_for_session_enabled"
        changes[name], changes[f"lock_{name}"] = approval
    changes.update(availability(instance, given))
    if ALLOWLIST in changes:
        changes[ALLOWLIST] = "\n".join(_entries(changes[ALLOWLIST]))
    if STATUSES in changes:
        changes[STATUSES] = _statuses(changes[STATUSES])
    registry = "duo_workflows_default_image_registry"
    if registry in changes:
        changes[registry] = changes[registry] or None
    return changes


def availability(instance: Instance, given: dict[str, Any]) -> dict[str, Any]:
    """Anything that is not an availability means never."""
    if AVAILABILITY not in given:
        return {}
    state = settings.states(instance.release).get(given[AVAILABILITY])
    beta = {} if state else {BETA: False}
    enabled, locked = state or (False, True)
    return {**beta, **dict(zip(settings.DUO, (enabled, locked), strict=True))}


def seeded(instance: Instance, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the columns for a seed, which is not checked."""
    return {**{k: v for k, v in raw.items() if k not in KNOWN}, **_columns(instance, raw)}


def _entries(text: Any) -> list[str]:
    return list(dict.fromkeys(filter(None, re.split(r"[\s,;]+", str(text or "")))))


def _statuses(value: Any) -> Any:
    """Return the agents with the values sent about them; None if there are too many."""
    sent = {one.get("reference"): one.get("enabled") for one in value or []}
    references = [reference for reference, _name, _text in settings.AGENTS]
    if set(sent) - {*references, "chat"}:
        return None
    return [{**one, "enabled": sent.get(one["reference"])} for one in settings.NO_STATUS]


def _rules(instance: Instance, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who may use GitLab Duo through which namespace: here every user's own one."""
    rules = []
    for rule in value:
        through = (rule.get("through_namespace") or {}).get("id")
        user = next((one for one in instance.users if one.id == through), None)
        if through is not None and user is None:
            raise _failed()
        if set(rule.get("features") or []) - set(ACCESS):
            text = "Validation failed: Accessible entity is not included in the list"
            raise Refused(400, {"message": {RULES: [text]}})
        namespace = {"id": user.id, "name": user.name, "full_path": user.username} if user else None
        rules.append({"through_namespace": namespace, "features": rule.get("features") or []})
    return rules


def problems(instance: Instance, changes: dict[str, Any]) -> Messages:
    """Values that GitLab's model refuses, by its own field."""
    found: Messages = {}
    for name, value in changes.items():
        if value is None and isinstance(KNOWN[name].default, bool):
            _null(name, found)
    if "duo_chat_expiration_days" in changes:
        days = changes["duo_chat_expiration_days"]
        if not (isinstance(days, int) and 1 <= days <= 30):
            found["duo_chat"] = [SCHEMA]
    if changes.get("duo_chat_expiration_column", COLUMNS[0]) not in COLUMNS:
        found["duo_chat_expiration_column"] = [f"must be one of: {', '.join(COLUMNS)}"]
    for name in ("ai_action_api_rate_limit", "code_suggestions_api_rate_limit"):
        if name in changes and not (isinstance(changes[name], int) and changes[name] > 0):
            found[name] = ["must be greater than 0"]
    if changes.get(STATUSES, []) is None:
        found[STATUSES] = ["Foundational agents status records is invalid"]
    _registry(instance, changes.get("duo_workflows_default_image_registry") or "", found)
    # `application_setting.rb`, `qualified_domain_array_validator.rb`; the field has its old name.
    entries = _entries(changes.get(ALLOWLIST))
    texts = ["is too long (maximum is 1000 entries)"] if len(entries) > 1000 else []
    if any(len(entry) > 255 for entry in entries):
        texts.append("entries cannot be larger than 255 characters")
    if texts:
        found["outbound_local_requests_whitelist"] = texts
    for name, _switch in application_urls.URLS:
        try:
            parse(changes.get(name) or "https://example.com")
        except Blocked as reason:
            found[name] = [f"is blocked: {reason}"]
    for name, why in application_urls.blocked(instance, changes).items():
        found.setdefault(name, []).append(why)
    return found


def _null(name: str, found: Messages) -> None:
    if KNOWN[name].null != "refused":
        return
    # Since 19.1 some are kept in one document, whose schema refuses null too.
    document = re.fullmatch(r"(lock_)?duo_(custom|external)_(agents|flows)_enabled", name)
    if not document or document[2] == "custom":
        found[name] = [BOOLEAN]
    if document:
        found["duo_settings"] = [SCHEMA]


def _registry(instance: Instance, value: str, found: Messages) -> None:
    name = "duo_workflows_default_image_registry"
    image = instance.release.at_least(19, 0)
    texts = []
    if not re.fullmatch(HOST_NAME + (IMAGE_PATH if image else ""), value) and value.strip():
        texts.append(IMAGE if image else HOST)
    if len(value) > 512:
        texts.append("is too long (maximum is 512 characters)")
    if texts:
        found[name] = texts

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one result of a module says, for a report.

Only fields that are named here are read: whatever else a result holds (its invocation, for one)
stays out of reports. The result is masked already, by Ansible.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.destinations import (
    DESTINATIONS,
    destinations,
    ways_out,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.objects import about
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    Cause,
    Change,
    Seats,
    Value,
)

PREFIX = "gitlab_ops.duo."
# Module -> its subject; None for those that read, whose results are about all of them.
MODULES = {
    "duo_gateway": "gateway",
    "duo_self_hosted_model": "models",
    "duo_beta_features": "beta_features",
    "duo_feature_model": "features",
    "duo_agent_platform": "agent_platform",
    "duo_settings": "settings",
    "duo_seats": "seats",
    "duo_subscription": "subscription",
    "duo_health": "health",
    "duo_preflight": None,
    "duo_info": None,
    "duo_upgrade_check": None,
    "duo_conformance": None,
}
# Subject of a change or a finding -> its subject in a report.
_CELLS = {
    "gateway": "gateway",
    "outbound_allowlist": "gateway",
    "self_hosted_model": "models",
    "feature_model": "features",
    "setting": "settings",
    "beta_features": "beta_features",
    "agent_platform": "agent_platform",
    "seat": "seats",
    "subscription": "subscription",
}
# Subject -> the steps of the preflight's plan that are about it. The role runs those with something
# to do; of the others only the plan tells.
_STEPS = {
    "gateway": ("gateway",),
    "models": ("models", "clean_up"),
    "beta_features": ("beta_features_on", "beta_features_off"),
    "features": ("features",),
    "agent_platform": ("agent_platform",),
    "settings": ("settings_closing", "settings_opening"),
    "seats": ("seats",),
}
_NO_ANSWER = {
    message.code
    for message in (
        http_messages.UNREACHABLE,
        http_messages.TIMED_OUT,
        http_messages.TLS_FAILED,
        http_messages.TRY_LATER,
        http_messages.PROXY_UNREACHABLE,
        http_messages.PROXY_BROKE,
        http_messages.PROXY_REFUSED,
    )
}


def module_of(action: str) -> str | None:
    """Return the name of the module if it is one of this collection, with whose results we deal."""
    name = action.removeprefix(PREFIX)
    return name if action.startswith(PREFIX) and name in MODULES else None


def address(result: dict[str, Any]) -> str:
    """Return the URL of the instance, as far as the result tells it."""
    told = str(_dict(result.get("instance")).get("url") or "")
    # Only what is an address: it is shown as one.
    return told if urlsplit(told).scheme in ("http", "https") else ""


def changes(result: dict[str, Any]) -> list[Change]:
    """Return what a result changes, object by object; all features are one object."""
    found: dict[tuple[str, str], Change] = {}
    for entry in _dicts(result.get("changes")):
        subject, name = str(entry.get("subject", "")), str(entry.get("name", ""))
        one = Value(str(entry.get("field", "")), entry.get("before"), entry.get("after"))
        if _CELLS.get(subject) == "features":
            change = found.setdefault((subject, ""), Change("feature settings"))
            _add_feature(change.values, name, one)
        else:
            change = found.setdefault((subject, name), Change(about(subject, name)))
            change.values.append(one)
    return list(found.values())


def _add_feature(values: list[Value], feature: str, field: Value) -> None:
    """Add a field of a feature to its value, which tells provider and model together."""
    if not (values and values[-1].name == feature):
        values.append(Value(feature))
    value = values[-1]
    value.before = _beside(value.before, field.before)
    value.after = _beside(value.after, field.after)


def _beside(first: str | None, second: Any) -> str | None:
    if second in (None, first):
        return first
    return f"{first} {second}" if first else str(second)


def changed_subject(result: dict[str, Any]) -> str | None:
    """Return the subject that a result of a module that is about all of them changes."""
    told = (_CELLS.get(str(it.get("subject"))) for it in _dicts(result.get("changes")))
    return next(filter(None, told), None)


def declares(declared: dict[str, Any], subject: str) -> bool:
    """Return whether a subject is declared; beta features may be so as off."""
    told = declared.get(subject)
    return told is not None and (told is not False or subject == "beta_features")


def in_sync(result: dict[str, Any]) -> list[str]:
    """Return the declared subjects for which the plan of a preflight has nothing to do."""
    planned = _dict(_dict(result.get("plan")).get("steps"))
    declared = _dict(result.get("declared"))
    return [
        subject
        for subject, names in _STEPS.items()
        if declares(declared, subject)
        and all(_dict(planned.get(name)).get("to_do") is False for name in names)
    ]


def steps(result: dict[str, Any]) -> list[str]:
    """Return the changes of a result as lines."""
    return texts(result.get("steps"))


def cause(result: dict[str, Any]) -> Cause:
    """Return why the task failed."""
    told = _dict(result.get("failure"))
    if not told and result.get("failed_when_result") is True:
        # A condition of the playbook's own.
        return Cause("What the task found is not what was expected.", not_done=steps(result))
    if not told:
        censored = "censored" in result
        message = "Its result is hidden (no_log)." if censored else result.get("msg")
        return Cause(str(message or "The task failed without a message."))
    return Cause(
        what=str(told.get("what") or ""),
        about=str(told.get("about") or ""),
        next_step=str(told.get("next_step") or ""),
        code=str(told.get("code") or ""),
        done=texts(told.get("done")),
        not_done=texts(told.get("not_done")),
        unknown=texts(told.get("unknown")),
    )


def no_answer(why: Cause) -> bool:
    """Return whether the failure means that GitLab did not answer."""
    return why.code in _NO_ANSWER


def findings(result: dict[str, Any]) -> list[Cause]:
    """Return the findings of a check; ``code`` is the severity."""
    return [_finding(it) for it in _dicts(result.get("findings"))]


def errors(result: dict[str, Any]) -> list[tuple[str | None, Cause]]:
    """Return the findings that are errors, each with the subject in whose cell it belongs."""
    return [
        (_CELLS.get(str(it.get("kind"))), _finding(it))
        for it in _dicts(result.get("findings"))
        if it.get("severity") == "error"
    ]


def _finding(it: dict[str, Any]) -> Cause:
    return Cause(
        what=str(it.get("what") or ""),
        about=str(it.get("subject") or ""),
        next_step=str(it.get("action") or ""),
        code=str(it.get("severity") or ""),
    )


def warnings(result: dict[str, Any]) -> list[str]:
    """Return the warnings of a task."""
    return texts(result.get("warnings"))


def version(result: dict[str, Any]) -> str:
    """Return the release of GitLab, if the result tells it."""
    return str(_dict(result.get("instance")).get("version") or "")


def license_of(result: dict[str, Any]) -> dict[str, Any]:
    """Return plan, type, dates and add-ons, if the result tells them."""
    told = _dict(result.get("license"))
    names = ("plan", "type", "expires_at", "last_sync")
    facts = {name: str(told[name]) for name in names if told.get(name)}
    add_ons = [str(it["name"]) for it in _dicts(told.get("add_ons")) if it.get("name")]
    return {**facts, "add_ons": add_ons} if facts or add_ons else {}


def seats(result: dict[str, Any]) -> list[Seats]:
    """Return the seats of each add-on whose numbers the result tells."""
    numbers = ("purchased", "assigned")
    return [
        Seats(str(it.get("add_on") or ""), *(it[name] for name in numbers))
        for it in _dicts(result.get("seats"))
        if all(_is_number(it.get(name)) for name in numbers)
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def token_expires_at(result: dict[str, Any]) -> str:
    """Return the day on which the token ends, if the result tells it."""
    return str(_dict(result.get("token")).get("expires_at") or "")


def providers(result: dict[str, Any]) -> dict[str, str]:
    """Return feature -> provider."""
    return {
        str(it["feature"]): str(it.get("provider") or "")
        for it in _dicts(result.get("features"))
        if it.get("feature")
    }


def shows(result: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return subject -> setting -> value, of the subjects whose state the result holds."""
    found: dict[str, dict[str, str]] = {}
    if isinstance(result.get("gateway"), dict):
        found["gateway"] = {name: text(it) for name, it in result["gateway"].items()}
    models = result.get("models", result.get("model"))
    if isinstance(models, (list, dict)):
        keys = ("model_family", "endpoint", "identifier")
        found["models"] = {
            str(it.get("name")): " · ".join(str(it[key]) for key in keys if it.get(key))
            for it in _dicts(models)
        }
    if isinstance(result.get("beta_features"), dict):
        on = result["beta_features"].get("enabled")
        found["beta_features"] = {"enabled": "not shown by GitLab" if on is None else text(on)}
    features = result.get("features")
    if isinstance(features, list):
        keys = ("provider", "model", "gitlab_model")
        found["features"] = {
            str(it.get("feature")): " ".join(str(it[key]) for key in keys if it.get(key))
            for it in _dicts(features)
        }
    if isinstance(result.get("settings"), dict):
        found["settings"] = {name: text(it) for name, it in result["settings"].items()}
    checks = _dicts(result.get("checks"))
    if checks:
        found["health"] = _health(checks)
    return found


def _health(checks: list[dict[str, Any]]) -> dict[str, str]:
    """Return what each check says. GitLab has several of one name, which stay several."""
    said: dict[str, str] = {}
    for it in checks:
        verdict = "passed" if it.get("success") else "failed"
        if not it.get("success") and it.get("concerns") is False:
            verdict = "failed, does not count:"
        name = key = f"{it.get('name')} {it.get('subject') or ''}".strip()
        number = 1
        while key in said:
            number += 1
            key = f"{name} ({number})"
        said[key] = f"{verdict} {text(it.get('message'))}".rstrip()
    return said


def gone(result: dict[str, Any]) -> list[str]:
    """Return the models that a result says are deleted, or have another name now."""
    # What GitLab accepted and did not keep is not known to be gone.
    if _dict(result.get("failure")).get("code") == messages.NOT_KEPT.code:
        return []
    return [
        str(it["before"])
        for it in _dicts(result.get("changes"))
        if (it.get("subject"), it.get("field")) == ("self_hosted_model", "name")
        and it.get("before")
    ]


def to_cloud(
    providers_now: dict[str, str], gateway: dict[str, Any], license_type: str
) -> list[str]:
    """Return the features whose requests GitLab sends to its cloud."""
    ways = ways_out(providers_now, gateway, license_type)
    return [way.feature for way in ways if way.certain]


def where_to(
    providers_now: dict[str, str], gateway: dict[str, Any], license_type: str
) -> dict[str, str]:
    """Return feature -> where GitLab sends its requests, in words."""
    goes = destinations(providers_now, gateway, license_type)
    return {feature: DESTINATIONS[goes[feature]] for feature in sorted(goes)}


def text(value: Any) -> str:
    """Return a value as people read it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text(item)}" for key, item in value.items()) or "none"
    return str(value)


def texts(value: Any) -> list[str]:
    """Return a list of texts, whatever a result holds there."""
    return [str(item) for item in value] if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]

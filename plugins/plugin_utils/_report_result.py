# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one result of a module says, for a report.

Only fields that are named here are read: whatever else a result holds (its invocation, for one)
stays out of reports. The result is masked already, by Ansible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.destinations import (
    DESTINATIONS,
    destinations,
    ways_out,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import plan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    one_model,
    one_setting,
    subscription,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway as _gateway
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    Cause,
    Change,
    Value,
)

PREFIX = "gitlab_ops.duo."
# Module -> its subject; None for those that read, whose results are about all of them.
MODULES = {
    "duo_gateway": "gateway",
    "duo_self_hosted_model": "models",
    "duo_beta_features": "beta_features",
    "duo_feature_model": "features",
    "duo_subscription": "subscription",
    "duo_health": "health",
    "duo_preflight": None,
    "duo_info": None,
    "duo_upgrade_check": None,
    "duo_conformance": None,
}
# How messages begin to name an object -> its subject.
_OBJECTS = {
    _gateway.ABOUT: "gateway",
    preflight.ABOUT: "gateway",
    one_model.about(""): "models",
    one_setting.about(""): "features",
    beta_features.ABOUT: "beta_features",
    "license": "subscription",
    subscription.ABOUT: "subscription",
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


def subject_of(about: str) -> str | None:
    """Return the subject of an object as messages call it."""
    return next((subject for start, subject in _OBJECTS.items() if about.startswith(start)), None)


def address(result: dict[str, Any]) -> str:
    """Return the URL of the instance, as far as the result tells it."""
    told = _dict(result.get("instance")).get("url") or _dict(result.get("failure")).get("instance")
    if not told:
        header = next((str(it.get("before_header")) for it in _dicts(result.get("diff"))), "")
        told = header.split(" ")[0]
    # Only what is an address: it is shown as one.
    return str(told) if urlsplit(str(told)).scheme in ("http", "https") else ""


def changes(result: dict[str, Any]) -> list[Change]:
    """Return the diff of a result, which is there if the run shows diffs."""
    found = []
    for entry in _dicts(result.get("diff")):
        before, after = _dict(entry.get("before")), _dict(entry.get("after"))
        about = str(entry.get("before_header", "")).partition(" ")[2]
        names = [*before, *(name for name in after if name not in before)]
        values = [Value(name, before.get(name), after.get(name)) for name in names]
        found.append(Change(about, values))
    return found


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
    return [
        Cause(
            what=str(it.get("what") or ""),
            about=str(it.get("subject") or ""),
            next_step=str(it.get("action") or ""),
            code=str(it.get("severity") or ""),
        )
        for it in _dicts(result.get("findings"))
    ]


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


def gone(result: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Return those of these models that a result says are deleted, or have another name now.

    A name may hold anything, so none can be read out of a line: the lines that would say it are
    made from each name, as the plan makes them.
    """
    failure = _dict(result.get("failure"))
    # What GitLab accepted and did not keep is not known to be gone.
    kept = failure.get("code") != messages.NOT_KEPT.code
    lines = steps(result) or (texts(failure.get("done")) if kept else [])
    return [
        name
        for name in names
        if _deleted(name) in lines or any(line.startswith(_renamed(name)) for line in lines)
    ]


def _deleted(name: str) -> str:
    change = plan.Change(one_model.about(name), {}, plan.ABSENT, verb="delete")
    return str(change)


def _renamed(name: str) -> str:
    """Return how the line begins, up to the new name, which a plan tells before other values."""
    new = "\n"  # in no name
    change = plan.Change(one_model.about(name), {"name": name}, {"name": new})
    return str(change).rpartition(new)[0]


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

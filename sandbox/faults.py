# SPDX-License-Identifier: GPL-3.0-or-later
"""Put faults between client and GitLab: failing proxies, dropped connections, partial answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

KINDS = (
    "status",
    "delay",
    "drop_before",
    "drop_after",
    "refuse",
    "sign_out",
    "body",
    "graphql_error",
    "partial_errors",
)


@dataclass
class Fault:
    """One rule: which requests it affects, how often, and what happens to them."""

    kind: str
    at: int | None = None
    match: dict[str, str] = field(default_factory=dict)
    #: 0 means until the faults are cleared.
    times: int = 1
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    body: str | None = None
    content_type: str = "text/html; charset=utf-8"
    truncate: int | None = None
    #: Do the work first, then spoil the answer.
    after_work: bool = False
    message: str = "Internal server error"
    #: partial_errors: the field that becomes null.
    null_field: str | None = None

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Fault:
        unknown = set(raw) - {one.name for one in fields(cls)}
        if unknown or raw.get("kind") not in KINDS:
            raise ValueError(f"bad fault: {raw}")
        if raw["kind"] == "status" and "status" not in raw:
            raise ValueError("a status fault needs a status")
        if set(raw.get("match", {})) - {"path", "field", "method", "kind"}:
            raise ValueError(f"bad match: {raw['match']}")
        return cls(**raw)

    @property
    def needs_work(self) -> bool:
        """Whether GitLab itself gets to see the request."""
        if self.kind in ("delay", "drop_after", "partial_errors", "sign_out"):
            return True
        if self.kind == "body" and self.body is None:
            return True
        return self.after_work

    def meets(self, entry: dict[str, Any]) -> bool:
        wanted = self.match
        if "path" in wanted and wanted["path"] not in entry["path"]:
            return False
        if "method" in wanted and wanted["method"] != entry["method"]:
            return False
        operations = entry["operations"]
        if "kind" in wanted and wanted["kind"] not in [one["kind"] for one in operations]:
            return False
        names = [name for one in operations for name in one["fields"]]
        return "field" not in wanted or wanted["field"] in names


class Faults:
    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, raw: list[dict[str, Any]]) -> None:
        self.rules += [Fault.of(one) for one in raw]

    def clear(self) -> None:
        self.rules.clear()

    def take(self, entry: dict[str, Any]) -> Fault | None:
        """The fault for this request. `at` counts requests that match, the next one is 1."""
        hit = None
        for rule in list(self.rules):
            if not rule.meets(entry):
                continue
            if rule.at is not None and rule.at > 1:
                rule.at -= 1
                continue
            if hit is None:
                hit = rule
                if rule.times == 1:
                    self.rules.remove(rule)
                elif rule.times > 1:
                    rule.times -= 1
        return hit


def spoiled(fault: Fault, status: int, headers: dict[str, str], body: bytes) -> tuple[Any, ...]:
    """The answer that the client gets instead: status, headers, body."""
    kept = {key: value for key, value in headers.items() if key != "content-length"}
    if fault.kind == "status":
        text = fault.body if fault.body is not None else f"<html><body>{fault.status}</body></html>"
        status, body = fault.status, text.encode()
        kept = {"content-type": fault.content_type}
    elif fault.kind == "body" and fault.body is not None:
        status, body = fault.status, fault.body.encode()
        kept = {"content-type": fault.content_type}
    elif fault.kind == "graphql_error":
        status, body = fault.status, json.dumps({"errors": [{"message": fault.message}]}).encode()
        kept = {"content-type": "application/json; charset=utf-8"}
    elif fault.kind == "partial_errors":
        body = _partial(fault, body)
    if fault.truncate is not None:
        body = body[: fault.truncate]
    return status, {**kept, **fault.headers}, body


def _partial(fault: Fault, body: bytes) -> bytes:
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    # Of several queries in one request (multiplexing) each gets its error.
    for one in answer if isinstance(answer, list) else [answer]:
        if isinstance(one, dict):
            error: dict[str, Any] = {"message": fault.message}
            if fault.null_field is not None:
                error["path"] = [fault.null_field]
                if isinstance(one.get("data"), dict) and fault.null_field in one["data"]:
                    one["data"][fault.null_field] = None
            one["errors"] = [*one.get("errors", []), error]
    return json.dumps(answer).encode()

# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as JSON: written, read back, and merged.

A file that is read back may come from anywhere, so every field and type is checked.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import typing
from collections.abc import Sequence
from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    SCHEMA,
    STATES,
    SUBJECTS,
    VERSION,
    Instance,
    Report,
)

# Far more than reports hold: what writes them calls itself for each level.
_DEEPEST = 20


def dump(report: Report) -> str:
    """Return the report as JSON."""
    content = {
        "schema": SCHEMA,
        "schema_version": VERSION,
        "summary": dataclasses.asdict(report.summary()),
        **dataclasses.asdict(report),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read(path: str) -> Report:
    """Return the report in a file.

    :raises Failure: it cannot be read, or :func:`load` refuses it.
    """
    source = os.path.relpath(path)
    try:
        text = pathlib.Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise Failure(messages.NO_REPORT, source=source, reason="it is not text") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(messages.NO_REPORT, source=source, reason=reason) from None
    return load(text, source)


def load(text: str, source: str) -> Report:
    """Return the report that a text holds.

    :param source: how messages call the text.
    :raises Failure: it is no report, or one of another schema version.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Failure(
            messages.NO_REPORT, source=source, reason=f"it is not JSON: {error}"
        ) from None
    except RecursionError:
        raise Failure(messages.NO_REPORT, source=source, reason="it is nested too deeply") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise Failure(messages.NO_REPORT, source=source, reason=f"its schema is not {SCHEMA}")
    if content.get("schema_version") != VERSION:
        found = content.get("schema_version")
        raise Failure(messages.REPORT_VERSION, source=source, found=found, known=VERSION)
    try:
        report: Report = _build(Report, content)
        for instance in report.instances:
            states = [instance.state, *(cell.state for cell in instance.cells.values())]
            if set(states) - set(STATES) or set(instance.cells) - set(SUBJECTS):
                raise ValueError(f"unknown state or subject of {instance.name}")
    except ValueError as error:
        raise Failure(messages.NO_REPORT, source=source, reason=str(error)) from None
    return report


def _build(kind: Any, value: Any, where: str = "report") -> Any:
    """Return the value as a dataclass, list, dict or plain value of this type."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{where} is no object")
        hints = typing.get_type_hints(kind)
        names = [it.name for it in dataclasses.fields(kind) if it.name in value]
        given = {name: _build(hints[name], value[name], f"{where}.{name}") for name in names}
        try:
            return typing.cast(Any, kind)(**given)
        except TypeError:
            raise ValueError(f"{where} lacks a field") from None
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is list and isinstance(value, list):
        return [_build(inside[0], item, f"{where}[{n}]") for n, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {key: _build(inside[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is Any and _is_deep(value, _DEEPEST):
        raise ValueError(f"{where} is nested too deeply")
    if kind is Any or (origin is None and isinstance(value, kind)):
        return value
    raise ValueError(f"{where} has the wrong type")


def _is_deep(value: Any, levels: int) -> bool:
    """Return whether lists and objects are inside each other on more than so many levels."""
    if not isinstance(value, (dict, list)):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inside)


def merge(reports: Sequence[Report], title: str) -> Report:
    """Return one report of several: of the same instance, the later result counts, and says so."""
    merged: dict[str, Instance] = {}
    for instance in (it for report in reports for it in report.instances):
        name = instance.name
        there = merged.get(name)
        if there is None:
            merged[name] = instance
            continue
        # On equal terms the report that was named later is taken for the later one; an instance
        # of which nothing was heard has no time, and so never replaces a result.
        late, early = (there, instance) if there.seen > instance.seen else (instance, there)
        told = f"{STATES[early.state]}, {early.seen or 'never tried'}"
        late.replaces = [*early.replaces, told, *late.replaces]
        merged[name] = late
    runs = sorted((run for report in reports for run in report.runs), key=lambda it: it.started)
    return Report(title, runs, sorted(merged.values(), key=lambda it: it.rank))

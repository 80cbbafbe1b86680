# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the results of a run to its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_result as read
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import (
    CHANGED,
    FAILED,
    IN_SYNC,
    NOT_TRIED,
    SUBJECTS,
    UNMANAGED,
    UNREACHABLE,
    WOULD_CHANGE,
    Cause,
    Cell,
    Instance,
    Report,
    Run,
    worst,
)

# Failures whose reasons are findings of the same result.
_BY_FINDINGS = (messages.PREFLIGHT_FINDING.code, messages.PREFLIGHT_FINDINGS.code)


@dataclass
class _Seen:
    """What was seen of one instance so far."""

    instance: Instance
    states: dict[str, list[str]] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)
    # Feature -> provider: as it is, and what a dry run would make of it.
    features: dict[str, str] = field(default_factory=dict)
    planned: dict[str, str] = field(default_factory=dict)
    # None where nothing has told it.
    gateway: dict[str, Any] | None = None
    gateway_of_run: dict[str, Any] | None = None

    def cell(self, subject: str) -> Cell:
        return self.instance.cells[subject]

    def note(self, subject: str | None, state: str) -> None:
        """Remember a state of a subject; without one it is the instance's."""
        self.states.setdefault(subject or "", []).append(state)


class Collector:
    """Takes the results of a run, in their order."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._expected: dict[str, None] = {}
        self._lost: dict[str, tuple[str, str]] = {}

    def expect(self, names: list[str]) -> None:
        """Name the instances of a play: each is in the report, also if nothing is heard of it."""
        self._expected.update(dict.fromkeys(names))

    def lost(self, name: str, task: str, *, unreachable: bool) -> None:
        """Take note of an instance that a task of somebody else stopped.

        What that task said stays out: it is not known to be free of secrets.
        """
        self._lost.setdefault(name, (task, UNREACHABLE if unreachable else FAILED))

    def add(
        self,
        name: str,
        module: str,
        result: dict[str, Any],
        *,
        failed: bool,
        check_mode: bool,
        when: str,
    ) -> None:
        """Take the result of a task, in plain types; of a loop, those of its items.

        :param name: of the instance in the inventory.
        :param module: as :func:`_report_result.module_of` returns it.
        :param when: time of the result, ISO 8601.
        """
        if result.get("skipped"):
            return
        items = result.get("results")
        if isinstance(items, list):
            for item in items:
                if isinstance(item, dict):
                    broken = bool(item.get("failed"))
                    self.add(name, module, item, failed=broken, check_mode=check_mode, when=when)
            return
        if "ansible_job_id" in result and not result.get("finished"):
            return  # begun, and not waited for
        seen = self._of(name)
        seen.instance.seen = when
        self._facts(seen, module, result, check_mode)
        if failed:
            self._failure(seen, module, result)
        else:
            self._success(seen, module, result, check_mode)

    def _of(self, name: str) -> _Seen:
        if name not in self._seen:
            cells = {subject: Cell() for subject in SUBJECTS}
            self._seen[name] = _Seen(Instance(name, cells=cells))
        return self._seen[name]

    def _facts(self, seen: _Seen, module: str, result: dict[str, Any], check_mode: bool) -> None:
        instance = seen.instance
        instance.url = read.address(result) or instance.url
        instance.version = read.version(result) or instance.version
        instance.license = read.license_of(result) or instance.license
        instance.seats = read.seats(result) or instance.seats
        instance.token_expires_at = read.token_expires_at(result) or instance.token_expires_at
        self._shown(seen, module, result)
        declared = result.get("declared")
        if isinstance(declared, dict):
            seen.declared = declared
        providers = read.providers(result)
        gateway = result.get("gateway")
        if not isinstance(gateway, dict):
            gateway = None
        if read.MODULES[module] is None:
            seen.features = providers or seen.features
            seen.gateway = gateway or seen.gateway
        elif check_mode:
            seen.planned.update(providers)
            seen.gateway_of_run = gateway or seen.gateway_of_run
        else:
            seen.features.update(providers)
            seen.gateway = gateway or seen.gateway
        self._findings(seen, module, result)

    def _shown(self, seen: _Seen, module: str, result: dict[str, Any]) -> None:
        models = seen.cell("models").shows
        for name in read.gone(result):
            models.pop(name, None)
        for subject, values in read.shows(result).items():
            cell = seen.cell(subject)
            if read.MODULES[module] is not None:
                cell.shows.update(values)
            # A reading is all there is; but what a dry run would change is not there yet.
            elif WOULD_CHANGE not in seen.states.get(subject, ()):
                cell.shows = values

    def _findings(self, seen: _Seen, module: str, result: dict[str, Any]) -> None:
        findings = read.findings(result)
        known = {f"{it.what} {it.next_step}" for it in findings}
        warnings = [text for text in read.warnings(result) if text not in known]
        own = read.MODULES[module]
        if own:
            seen.cell(own).warnings += warnings
        else:
            seen.instance.findings += [Cause(text, code="warning") for text in warnings]
        seen.instance.findings += [it for it in findings if it.code != "error"]
        for subject, error in read.errors(result):
            self._cause(seen, subject, error, FAILED)

    def _failure(self, seen: _Seen, module: str, result: dict[str, Any]) -> None:
        why = read.cause(result)
        if why.code in _BY_FINDINGS:
            return
        self._cause(seen, read.MODULES[module], why, UNREACHABLE if read.no_answer(why) else FAILED)

    def _cause(self, seen: _Seen, subject: str | None, why: Cause, state: str) -> None:
        seen.note(subject, state)
        (seen.cell(subject).causes if subject else seen.instance.causes).append(why)

    def _success(self, seen: _Seen, module: str, result: dict[str, Any], check_mode: bool) -> None:
        for planned in read.in_sync(result):
            seen.note(planned, IN_SYNC)
        subject = read.MODULES[module]
        changed = bool(result.get("changed"))
        if subject is None and changed:
            subject = read.changed_subject(result)
        if subject is None:
            return
        state = (WOULD_CHANGE if check_mode else CHANGED) if changed else IN_SYNC
        seen.note(subject, state)
        if changed:
            seen.cell(subject).changes += read.changes(result)
            seen.cell(subject).steps += read.steps(result)

    def report(self, title: str, run: Run) -> Report:
        """Return the report, problems first; it has no instance if no task of ours ran."""
        if not self._seen:
            return Report(title, [run])
        for name, (task, state) in self._lost.items():
            if name in self._seen or name in self._expected:
                seen = self._of(name)
                what = f"The task {task}, which is not of this collection, ended it."
                self._cause(seen, None, Cause(what, next_step="See the output of the run."), state)
        for name in self._expected:
            self._of(name)
        for seen in self._seen.values():
            _conclude(seen)
        instances = [seen.instance for seen in self._seen.values()]
        return Report(title, [run], sorted(instances, key=lambda it: it.rank))


def _conclude(seen: _Seen) -> None:
    """Fill in what only the end of a run tells: subjects of which nothing was heard, states."""
    # The preflight has said before what the task of a subject says again.
    known = {f"{it.what} {it.next_step}" for it in seen.instance.findings}
    for cell in seen.instance.cells.values():
        cell.warnings = [text for text in cell.warnings if text not in known]
    every = [state for states in seen.states.values() for state in states]
    for subject, cell in seen.instance.cells.items():
        if subject in seen.states:
            cell.state = worst(seen.states[subject])
        elif UNREACHABLE in every:
            cell.state = UNREACHABLE
        elif FAILED in every or not seen.instance.seen:
            cell.state = NOT_TRIED
        else:
            # No task was about it, in a run that ended well.
            cell.state = NOT_TRIED if read.declares(seen.declared, subject) else UNMANAGED
    cells = [cell.state for cell in seen.instance.cells.values()]
    seen.instance.state = worst([*cells, *seen.states.get("", [])])
    cell = seen.cell("features")
    kind = str(seen.instance.license.get("type") or "")
    cell.leaves = read.to_cloud(seen.features, seen.gateway or {}, kind)
    gateway = seen.gateway_of_run or seen.gateway
    planned = {**seen.features, **seen.planned}
    later = read.to_cloud(planned, gateway or {}, kind)
    cell.would_leave = [name for name in later if name not in cell.leaves]
    if gateway is not None:
        cell.goes = read.where_to(planned, gateway, kind)

# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report of what a run did to the instances, beside whatever shows the run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: aggregate
short_description: Write a report of GitLab Duo Self-Hosted on all instances of a run
version_added: 0.1.0
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
description:
  - Collects what the modules of this collection return, in check mode and in real runs, failures
    and unreachable instances included, and writes it at the end as one page, and in other formats.
  - Without a task of this collection nothing is written. A problem of the report is a warning, it
    never ends a run.
  - Each setting that differs is in the report with its value before and after, with or without
    C(--diff).
requirements:
  - enabled in configuration (C(callbacks_enabled))
options:
  folder:
    description: Folder for the files. It is created if it is missing.
    type: path
    default: duo-report
    env:
      - name: DUO_REPORT_FOLDER
    ini:
      - section: callback_duo_report
        key: folder
  formats:
    description:
      - C(html) is a page for people (C(report.html)), C(json) all of it as data (C(report.json)),
        C(markdown) for the comment of a merge request (C(report.md)), C(junit) for the test results
        of a pipeline (C(junit.xml)), C(limit) the names of the instances that failed, could not be
        reached or were not tried, for C(--limit @unfinished.txt) of the next run, and C(metrics)
        figures for the textfile collector of Prometheus' node exporter (C(gitlab_duo.prom)).
    type: list
    elements: str
    choices: [html, json, markdown, junit, limit, metrics]
    default: [html, json]
    env:
      - name: DUO_REPORT_FORMATS
    ini:
      - section: callback_duo_report
        key: formats
  title:
    description: Title of the report.
    type: str
    default: GitLab Duo Self-Hosted
    env:
      - name: DUO_REPORT_TITLE
    ini:
      - section: callback_duo_report
        key: title
"""

import contextlib
import functools
import os
import pathlib
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ansible import context
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.bug import where
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._plain import plain
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import Run
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_collect import Collector
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_result import module_of


def _harmless(method: Callable[..., None]) -> Callable[..., None]:
    """Turn the first exception of a report into a warning, and leave the run alone from then on."""

    @functools.wraps(method)
    def guarded(self: CallbackModule, *args: Any, **keywords: Any) -> None:
        if self.broken:
            return
        try:
            method(self, *args, **keywords)
        except Exception as error:
            self.broken = True
            # The text of a bug may hold a value; its place is what a report of it needs.
            reason = str(error) if isinstance(error, OSError) else _told(error)
            problem = Failure(messages.REPORT_NOT_WRITTEN, about="report", reason=reason)
            self._display.warning(problem.sentence())

    return guarded


def _told(error: Exception) -> str:
    return f"{type(error).__name__} at {where(error)}"


class CallbackModule(CallbackBase):
    """Collects results, and writes at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "gitlab_ops.duo.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self._collector = Collector()
        self._started = _now()
        self._playbook = ""
        self._check_mode = False
        self._expected: list[str] = []

    @_harmless
    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember what is run."""
        self._playbook = pathlib.Path(str(playbook._file_name)).name
        self._check_mode = bool(context.CLIARGS.get("check"))

    @_harmless
    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Remember whom the play is for, all batches of it."""
        self._expected = []
        # By a way that ansible-core does not promise; without it, batches that a run never came to
        # are not named.
        with contextlib.suppress(Exception):
            inventory = play.get_variable_manager()._inventory
            hosts = inventory.get_hosts(play.hosts, ignore_restrictions=True)
            self._expected = [host.name for host in hosts]

    @_harmless
    def v2_runner_on_ok(self, result: Any) -> None:
        """Collect it."""
        self._add(result, failed=False)

    @_harmless
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Collect it; a failure that is ignored was one all the same."""
        if not self._add(result, failed=True) and not ignore_errors:
            self._lose(result, unreachable=False)

    @_harmless
    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Collect that Ansible did not reach the host."""
        self._lose(result, unreachable=True)

    @_harmless
    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the report."""
        run = Run(self._started, _now(), self._playbook, self._check_mode, __version__)
        title, folder, formats = map(self._option, ("title", "folder", "formats"))
        report = self._collector.report(title, run)
        if not report.instances:
            return
        for line in report.failures():
            self._display.display(line)
        paths = _report_files.write(report, folder, formats)
        self._display.display(f"Report: {', '.join(map(_from_here, paths))}")

    def _add(self, result: Any, *, failed: bool) -> bool:
        """Collect a result if it is of a module of this collection; return whether it is."""
        module = module_of(str(result._task.action))
        if module is None:
            return False
        self._collector.expect(self._expected)
        self._collector.add(
            result._host.name,
            module,
            plain(dict(result._result)),
            failed=failed,
            check_mode=_is_check_mode(result._task),
            when=_now(),
        )
        return True

    def _option(self, name: str) -> Any:
        return self.get_option(name)  # type: ignore[no-untyped-call]

    def _lose(self, result: Any, *, unreachable: bool) -> None:
        task = result._task.get_name()
        self._collector.lost(result._host.name, task, unreachable=unreachable)


def _from_here(path: str) -> str:
    """Return a path as a person names it who works in the present folder."""
    near = os.path.relpath(path)
    return path if near.startswith(os.pardir) else near


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _is_check_mode(task: Any) -> bool:
    """Return whether the task is a dry run; a template that nobody resolved counts as the run."""
    if isinstance(task.check_mode, bool):
        return task.check_mode
    try:
        return bool(boolean(task.check_mode))
    except TypeError:
        return bool(context.CLIARGS.get("check"))

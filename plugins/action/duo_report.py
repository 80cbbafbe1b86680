# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a report from registered results, or merge reports, on the controller."""

from __future__ import annotations

import glob
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.release import __version__

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils import _report_files, _report_json
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._plain import plain
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report import Report, Run
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_collect import Collector
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._report_result import MODULES

SPEC: dict[str, Any] = {
    "folder": {"type": "path", "required": True},
    "formats": {
        "type": "list",
        "elements": "str",
        "choices": list(_report_files.FORMATS),
        "default": ["html", "json"],
    },
    "title": {"type": "str", "default": "GitLab Duo Self-Hosted"},
    "registered": {"type": "dict"},
    "dry_run": {"type": "bool"},
    "reports": {"type": "list", "elements": "path"},
    "fail_on": {"type": "str", "choices": ["never", "errors", "drift"], "default": "never"},
    "errors_exit_with_4": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Runs on the controller only, so there is no module code to execute."""

    _supports_check_mode = True
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write the report, and judge it if that is wanted."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(  # type: ignore[no-untyped-call]
            argument_spec=SPEC,
            mutually_exclusive=[("registered", "reports")],
            required_one_of=[("registered", "reports")],
        )
        options = plain(options)
        try:
            if options["reports"] is not None:
                report = _merged(options["reports"], options["title"])
            else:
                report = self._collected(options, task_vars or {})
            paths = _report_files.write(report, options["folder"], options["formats"])
        except Failure as failure:
            raise AnsibleActionFail(failure.sentence()) from None
        except OSError as error:
            problem = Failure(messages.REPORT_NOT_WRITTEN, reason=str(error))
            raise AnsibleActionFail(problem.sentence()) from None
        summary = report.summary()
        result.update(changed=False, paths=paths, summary=vars(summary))
        return {**result, **_judged(options, summary, paths)}

    def _collected(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Report:
        """Return the report of what the hosts of the inventory have registered."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        dry_run = options["dry_run"]
        if dry_run is None:
            dry_run = bool(self._task.check_mode)
        collector = Collector()
        for variable, module in options["registered"].items():
            # Searched as a list, because a value from a playbook may not be hashable.
            if module not in list(MODULES):
                raise Failure(
                    messages.NOT_REPORTED,
                    variable=variable,
                    module=module,
                    names=", ".join(MODULES),
                )
        hostvars = task_vars["hostvars"]
        for host in task_vars["groups"]["all"]:
            of_host = hostvars[host]
            for variable, module in options["registered"].items():
                result = plain(of_host[variable]) if variable in of_host else None
                if not isinstance(result, dict):
                    continue
                unreachable, failed = bool(result.get("unreachable")), bool(result.get("failed"))
                if unreachable:
                    collector.expect([host])
                    collector.lost(host, variable, unreachable=True)
                else:
                    collector.add(host, module, result, failed=failed, check_mode=dry_run, when=now)
                if module == "duo_preflight" and (failed or unreachable):
                    break  # the run ended there, so the results behind it are of an earlier one
        return collector.report(options["title"], Run(now, now, "", dry_run, __version__))


def _merged(patterns: list[str], title: str) -> Report:
    """Return the report that several JSON reports make together.

    :raises Failure: a pattern fits no file, or a file cannot be read or is no report.
    """
    reports: list[Report] = []
    for pattern in patterns:
        paths = sorted(glob.glob(pattern, recursive=True))
        if not paths:
            raise Failure(messages.NO_REPORT, source=pattern, reason="there is no such file")
        reports += map(_report_json.read, paths)
    return _report_json.merge(reports, title)


def _judged(options: dict[str, Any], summary: Any, paths: list[str]) -> dict[str, Any]:
    """Return how the task ends."""
    fail_on = options["fail_on"]
    if fail_on == "never" or summary.verdict in ("in_sync", "changed"):
        return {}
    told = Failure(
        messages.REPORT_FINDINGS, sentence=summary.sentence, paths=", ".join(paths)
    ).sentence()
    if summary.verdict != "errors":
        return {"failed": True, "msg": told} if fail_on == "drift" else {}
    # Ansible can exit with 4 only by treating the host as unreachable, which ends its run. So this
    # is an option, meant for the end of a playbook.
    how = "unreachable" if options["errors_exit_with_4"] else "failed"
    return {how: True, "msg": told}

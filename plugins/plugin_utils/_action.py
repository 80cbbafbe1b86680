# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for action plugins: do the work of the module of the same name in this process.

A module costs about half a second of Python start-up and imports for each task, an action plugin
a tenth of that. If the module would run on the controller anyway, the action plugin does the same
work itself: same arguments, masking, check mode, diff, warnings and results. Otherwise it executes
the module.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from ansible import constants as C  # noqa: N812
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import libraries
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.urls import credentials
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.arguments import secrets_in
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import refused
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.run import outcome
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.client import GitLab
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
    from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
        Connection,
    )

# Seconds for which the items of a loop take a reading for the current state.
REMEMBER = 10.0

display = Display()


def _warm_filters() -> None:
    """Load Jinja's filters and tests here, in the parent, rather than in every fork.

    The first template of a fork loads them all, which costs more than a task of this collection.
    This uses loaders of ansible-core that are public but not guaranteed, so it may fail silently.
    """
    with suppress(Exception):
        filter_loader.get("default")
        test_loader.get("defined")


_warm_filters()


class DuoAction(ActionBase):
    """An action plugin that behaves like its module."""

    subject: ClassVar[Subject]

    # Belongs to this process, which is a fork for one task on one host.
    _clients: ClassVar[dict[Connection, GitLab]] = {}
    _last_task: ClassVar[Any] = None

    _supports_async = True
    _supports_check_mode = True
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Do the work here, or have the module do it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        reason = self._why_module()
        if reason:
            display.vvv(f"{self._task.action}: executing the module, because {reason}")
            result.update(
                self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
            )
        else:
            result.update(self._in_process(task_vars or {}))
        return result

    def _why_module(self) -> str | None:
        """Return why the work cannot be done in this process, or None if it can."""
        if self._connection.transport != "local":
            return f"the connection is {self._connection.transport}"
        if self._connection.become is not None:
            return "the task becomes another user"
        if self._task.async_val:
            return "the task is asynchronous"
        if any(isinstance(values, dict) and values for values in self._task.environment or ()):
            return "the task has an environment of its own"
        unusable = libraries.unusable()
        return f"this process lacks a library: {unusable.what}" if unusable else None

    def _in_process(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self.subject.arguments.constraints())
        spec = arguments.pop("argument_spec")
        # Not ModuleArgumentSpecValidator, which collects warnings in global variables.
        try:
            given = plain(self._task.args)
            validation = ArgumentSpecValidator(spec, **arguments).validate(given)
        except Exception as error:
            # Ansible's own check raises on some values, such as lists of huge numbers, or an empty
            # list in place of a dictionary with options.
            said = f"The options cannot be read ({type(error).__name__})"
            return refused(self.subject.arguments, {}, said, ()) or {}
        params = {name: validation.validated_parameters.get(name) for name in spec}
        for name, option in spec.items():
            if option["type"] == "path" and params[name]:
                # A module runs in the playbook's folder; this process may have another one.
                params[name] = os.path.join(self._loader.get_basedir(), params[name])
        secret = validation._no_log_values | credentials(params) | secrets_in(given)
        said = self._invalid(validation) if validation.error_messages else ""
        result = refused(self.subject.arguments, given, said, secret) or outcome(
            self.subject,
            params,
            check_mode=self._task.check_mode,
            diff_mode=self._task.diff,
            reach=self._shared,
            secrets=secret,
            verbosity=display.verbosity,
        )
        if _inject_invocation(task_vars):
            result["invocation"] = {"module_args": params}
        warnings = [*result.pop("warnings", ()), *(it["warning"] for it in validation._warnings)]
        if warnings:
            result["warnings"] = warnings
        masked: dict[str, Any] = remove_values(result, secret)
        return masked

    @contextmanager
    def _shared(self, connection: Connection) -> Iterator[GitLab]:
        """Yield the client of this task for a connection.

        The items of a loop run in one process, one after the other, and share the HTTP connection
        and readings. The attempts of ``until`` run there too but must read again. They share one
        task object, while each item has a copy of its own.
        """
        if DuoAction._last_task is self._task:
            DuoAction._clients.clear()
        DuoAction._last_task = self._task
        gitlab = DuoAction._clients.setdefault(connection, GitLab(connection, remember=REMEMBER))
        try:
            yield gitlab
        except BaseException:
            gitlab.forget()
            raise
        finally:
            gitlab.sign_out()

    def _invalid(self, validation: Any) -> str:
        """Return the message that AnsibleModule would give."""
        error = validation.errors[0]
        if isinstance(error, UnsupportedError):
            return f"Unsupported parameters for ({self._task.action}) module: {error.msg}"
        return str(error.msg)


def _inject_invocation(task_vars: dict[str, Any]) -> bool:
    """Return whether results contain their arguments; older releases of core always do that."""
    try:
        return bool(C.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except Exception:
        return True

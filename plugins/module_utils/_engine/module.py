# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for modules, and for both doors the failure for options that Ansible refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from .._base.invalid import invalid, names_of
from .._base.messages import Journal
from .._base.urls import credentials
from .arguments import secrets_in
from .run import failed, outcome, with_data
from .shapes import advice, malformed

if TYPE_CHECKING:
    from collections.abc import Collection

    from .arguments import Arguments
    from .subject import Subject


def refused(
    arguments: Arguments, given: dict[str, Any], said: str, secrets: Collection[str]
) -> dict[str, Any] | None:
    """Return the result of a task whose options are refused, or None if nothing is wrong.

    Ansible refuses them, or this function does because of their shape. Both doors call it, with
    the options as they are before core converts them.

    :param said: Ansible's message, which may repeat a refused value of any length; or ``""``.
    """
    names = names_of(given)
    said = str(remove_values(said, secrets)).rstrip(".")
    problems = malformed(arguments.spec, given, names)
    if said and not problems:
        problems = [(said, advice(said, arguments.spec, names))]
    url = given.get("api_url")
    if not problems:
        return None
    url = url if isinstance(url, str) else ""
    return with_data(failed(invalid(problems), url, secrets), Journal(), url)


class Module(AnsibleModule):
    """A module that reports options refused by Ansible like any other failure."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        super().__init__(  # type: ignore[no-untyped-call]
            **arguments.constraints(), supports_check_mode=True
        )

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]
        # A copy from before core converts the options and drops those that it refuses.
        self._given = dict(self.params)

    def fail_json(self, msg: Any, **kwargs: Any) -> NoReturn:
        """End with a failure: one of the collection, or one made of Ansible's message."""
        self.no_log_values.update(secrets_in(self._given))
        if "failure" not in kwargs:
            said = str(msg) or "The options are refused"
            result = refused(self._arguments, self._given, said, self.no_log_values) or {}
            msg, kwargs = result.pop("msg", said), {**kwargs, **result}
        super().fail_json(msg, **kwargs)


def run(subject: Subject) -> None:
    """Run as an Ansible module."""
    module = Module(subject.arguments)
    module.no_log_values.update(credentials(module.params))
    result = refused(subject.arguments, module._given, "", module.no_log_values) or outcome(
        subject,
        module.params,
        check_mode=module.check_mode,
        diff_mode=bool(module._diff),
        secrets=module.no_log_values,
        verbosity=module._verbosity,
    )
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)

# Copyright (c) 2026 gitlab_ops.duo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what a restore cannot bring back, and how to set it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: left_behind
short_description: List what a restore cannot bring back, and how to set it
version_added: 0.1.0
author:
  - gitlab_ops.duo contributors (@gitlab-ops)
description:
  - Compares what the entry point C(export) of the role P(gitlab_ops.duo.duo_self_hosted#role) wrote
    with the current state, and returns a sentence for each thing that C(restore) leaves as it is.
  - These are features that GitLab's own models served, instance-wide settings that GitLab does not
    show now, API keys of models that are created again, and beta features if their state could not
    be exported.
options:
  _input:
    description: The variables of the export.
    type: dict
    required: true
  state:
    description: The current state, as M(gitlab_ops.duo.duo_info) returns it with C(settings=true).
    type: dict
    required: true
seealso:
  - module: gitlab_ops.duo.duo_info
"""

EXAMPLES = r"""
- name: Read the state
  gitlab_ops.duo.duo_info:
    api_url: https://gitlab.example.com
    api_token: "{{ gitlab_token }}"
    settings: true
  delegate_to: localhost
  register: duo

- name: List what a restore would not bring back
  ansible.builtin.debug:
    msg: "{{ {'duo_self_hosted_features': []} | gitlab_ops.duo.left_behind(duo) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each thing, which says how to set it.
  type: list
  elements: str
"""

from collections.abc import Iterator
from typing import Any

from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.instance_settings import SETTINGS
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.offers import is_beta_family
from ansible_collections.gitlab_ops.duo.plugins.plugin_utils._plain import plain

Values = dict[str, Any]


def left_behind(saved: Any, state: Any) -> list[str]:
    """Return a sentence for each thing that a restore of an export leaves as it is."""
    before, now = plain(saved), plain(state)
    return [
        *_vendored(before, now),
        *_settings(before, now),
        *_keys(before, now),
        *_beta(before, now),
    ]


def _vendored(before: Values, now: Values) -> Iterator[str]:
    present = {it["feature"]: it["provider"] for it in now["features"]}
    names = ", ".join(
        sorted(
            name
            for it in before.get("duo_self_hosted_features", [])
            if it.get("provider") == "vendored" and "gitlab_model" not in it
            for name in it["features"]
            if present.get(name) != "vendored"
        )
    )
    if names:
        yield (
            "A restore hands no feature to GitLab's cloud. These features were vendored at the "
            "export, because GitLab's models served them or, before GitLab 18.7, because nobody "
            f"had set them: {names}. If GitLab's models are to serve them, add this item to "
            "duo_self_hosted_features: "
            f"- {{features: [{names}], provider: vendored}}"
        )


def _settings(before: Values, now: Values) -> Iterator[str]:
    saved, shown = before.get("duo_self_hosted_settings", {}), now.get("settings")
    if saved and shown is None:
        yield (
            "The instance-wide settings of the export cannot be compared, because GitLab does not "
            "show them to this token: it has to be an administrator's, and needs the scope "
            "admin_mode if Admin Mode is on."
        )
        return
    lost = [name for name in saved if name not in (shown or {})]
    if lost:
        needs = dict.fromkeys(SETTINGS[name].needs for name in lost if name in SETTINGS)
        yield (
            f"GitLab does not show these settings of the export now: {', '.join(lost)}. They need "
            f"{'; or '.join(needs)}. Restore again once that is there."
        )


def _keys(before: Values, now: Values) -> Iterator[str]:
    there = {it["name"] for it in now["models"]}
    # While beta features are off, GitLab may hide such a model.
    shown = now["beta_features"]["enabled"] is True
    names = [
        it["name"]
        for it in before.get("duo_self_hosted_models", [])
        if it["name"] not in there and (shown or not is_beta_family(it["model_family"]))
    ]
    if names:
        yield (
            f"These models are created again, and no export contains API keys: {', '.join(names)}. "
            "If their servers require one, set api_key for each in duo_self_hosted_models."
        )


def _beta(before: Values, now: Values) -> Iterator[str]:
    unknown = "duo_self_hosted_beta_features" not in before
    if unknown and now["beta_features"]["enabled"] is not True:
        yield (
            "The export does not say whether beta features were on. If they were, set "
            "duo_self_hosted_beta_features: {enabled: true, accept_testing_agreement: true}"
        )


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Any]:
        """Return the filter by its name."""
        return {"left_behind": left_behind}

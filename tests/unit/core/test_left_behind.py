# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a restore cannot bring back is listed, with how to set it; nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.filter.left_behind import FilterModule
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import settings
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed
from sandbox import credentials

left_behind = FilterModule().filters()["left_behind"]
MODEL = {"name": "m", "model": "gpt", "endpoint": "https://m.example.com", "api_token": "k"}
HIDDEN = {"name": "h", "model": "llama3", "endpoint": "https://h.example.com"}
ON = {"beta_acceptances": ["root"]}


def state(here: Sandboxed, **options: Any) -> dict[str, Any]:
    """Return the current state, as a restore reads it."""
    return here.dry(info.SUBJECT, settings=True, **options)


def shown(here: Sandboxed) -> dict[str, Any]:
    """Return the settings that an instance shows to whoever may see nothing else of it."""
    return {"settings": here.dry(settings.SUBJECT)["settings"]}


def export(here: Sandboxed) -> dict[str, Any]:
    """Return what an export writes."""
    seen = state(here)
    told = {"version": seen["instance"]["version"]}
    return {**seen["configuration"], "duo_self_hosted_at_export": told}


def lived_in(release: str = "18.9", **more: Any) -> Sandboxed:
    """Return an instance on which something of everything is set."""
    features = {"duo_chat": {"provider": "vendored"}, "code_completions": {"provider": "disabled"}}
    seed = {"models": [MODEL, HIDDEN], "settings": {"enabled_expanded_logging": True}}
    return Sandboxed(release, features=features, **{**seed, **ON, **more})


def test_where_nothing_is_lost_nothing_is_said() -> None:
    here = lived_in()
    assert left_behind(export(here), state(here)) == []


def test_each_thing_is_told_with_the_way_to_set_it() -> None:
    saved = export(lived_in())
    less = Sandboxed("18.9", **ON, license={"plan": "starter"})
    vendored, lost, keys = left_behind(saved, {**state(Sandboxed("18.9", **ON)), **shown(less)})
    assert "- {features: [duo_chat], provider: vendored}" in vendored
    assert "direct_code_suggestions, duo_core, workflow_image_registry" in lost
    assert "They need a Premium or Ultimate licence" in lost
    assert ": h, m. " in keys
    assert "api_key" in keys


def test_what_a_hidden_model_hides_is_not_called_gone() -> None:
    saved = export(lived_in())
    here = lived_in(beta_acceptances=[], settings={"enabled_expanded_logging": True})
    assert left_behind(saved, state(here)) == []


def test_a_gitlab_model_is_brought_back() -> None:
    saved = {
        "duo_self_hosted_features": [
            {"features": ["duo_chat"], "provider": "vendored", "gitlab_model": "x"}
        ],
        "duo_self_hosted_beta_features": {"enabled": False},
    }
    assert left_behind(saved, state(Sandboxed("18.9"))) == []


@pytest.mark.parametrize("release", ["17.9", "18.9"])
def test_a_beta_state_that_was_not_exported_is_told(release: str) -> None:
    saved = export(Sandboxed(release))
    told = left_behind(saved, state(Sandboxed(release)))
    assert ["whether beta features were on" in text for text in told] == [True] * (
        release == "17.9"
    )


def test_what_cannot_be_read_is_not_called_off() -> None:
    saved = export(lived_in())
    here = lived_in(options={"admin_mode": True})
    (told,) = left_behind(saved, state(here))
    assert "instance-wide settings of the export cannot be compared" in told
    assert "admin_mode" in told


def test_settings_cost_a_request_only_where_they_are_asked_for() -> None:
    here = lived_in()
    assert "settings" not in here.dry(info.SUBJECT, api_token=credentials.ADMIN_TOKEN)
    assert len(here.requests) == 1
    here.forget()
    assert state(here)["settings"]["expanded_logging"] is True
    assert [it["path"] for it in here.requests] == ["/api/v4/application/settings", "/api/graphql"]

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""If GitLab denies all outbound requests, its other URLs can prevent a write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import permission_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo import application_urls
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import URL, Sandboxed
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import gitlab
from sandbox.credentials import ADMIN_TOKEN

GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
LIST = "outbound_local_requests_allowlist_raw"
DENY = {"deny_all_requests_except_allowed": True, LIST: "aigw.example.com"}
CLEARING = {
    "help_page_documentation_base_url": "",
    "diagramsnet_enabled": False,
    "update_runner_versions_enabled": False,
}
CODE = permission_messages.OTHER_URLS_BLOCKED.code


def errors(here: Sandboxed, **wish: Any) -> list[dict[str, str]]:
    """Return the preflight's findings that are errors."""
    findings: list[dict[str, str]] = here.dry(preflight.SUBJECT, **wish)["findings"]
    return [it for it in findings if it["severity"] == "error"]


@pytest.mark.parametrize("release", ["19.2", "19.x"])
def test_the_gateway_names_the_settings_to_clear(release: str) -> None:
    here = Sandboxed(release, settings=DENY)
    real = here.run(gateway.SUBJECT, **GATEWAY)
    assert real["failure"]["code"] == CODE
    assert real["failure"]["about"] == "AI gateway"
    (finding,) = errors(here, gateway=GATEWAY)
    assert finding["what"] == real["failure"]["what"]
    assert finding["action"] == real["failure"]["next_step"]
    for name, value in CLEARING.items():
        assert f"{name}: {'false' if value is False else chr(34) * 2}" in finding["action"]
    here.seed(settings=CLEARING)
    assert errors(here, gateway=GATEWAY) == []
    assert here.run(gateway.SUBJECT, **GATEWAY)["changed"]


def test_hosts_in_the_allowlist_are_no_matter() -> None:
    hosts = "aigw.example.com docs.gitlab.com embed.diagrams.net gitlab.com"
    here = Sandboxed("19.x", settings={**DENY, LIST: hosts})
    assert errors(here, gateway=GATEWAY) == []
    assert here.run(gateway.SUBJECT, **GATEWAY)["changed"]


def test_urls_of_gitlab_itself_and_paths_are_no_matter() -> None:
    own = {**CLEARING, "home_page_url": f"{URL}/explore", "after_sign_out_path": ""}
    here = Sandboxed("19.x", settings={**DENY, **own})
    assert errors(here, gateway=GATEWAY) == []
    assert here.run(gateway.SUBJECT, **GATEWAY)["changed"]


def test_a_url_that_an_administrator_has_set() -> None:
    mine = {**CLEARING, "help_page_support_url": "https://help.example.com/{nobody}"}
    here = Sandboxed("19.x", settings={**DENY, **mine})
    (finding,) = errors(here, gateway=GATEWAY)
    assert 'help_page_support_url: "".' in finding["action"]
    assert here.run(gateway.SUBJECT, **GATEWAY)["failure"]["what"] == finding["what"]


@pytest.mark.parametrize("release", ["18.9", "19.1"])
def test_before_19_2_the_gateway_is_not_saved_with_them(release: str) -> None:
    here = Sandboxed(release, settings=DENY)
    assert errors(here, gateway=GATEWAY) == []
    assert here.run(gateway.SUBJECT, **GATEWAY)["changed"]


def test_nothing_to_write_and_nothing_denied_is_no_finding() -> None:
    stored = Sandboxed("19.x", settings=DENY, gateway=GATEWAY)
    assert errors(stored, gateway=GATEWAY) == []
    assert errors(Sandboxed("19.x"), gateway=GATEWAY) == []


def test_taking_everything_down_writes_the_gateway_too() -> None:
    here = Sandboxed("19.x", settings=DENY, gateway=GATEWAY)
    (finding,) = errors(here, state="absent")
    assert "the AI gateway" in finding["what"]
    assert here.run(gateway.SUBJECT, state="absent")["failure"]["what"] == finding["what"]


@pytest.mark.parametrize("release", ["18.9", "19.x"])
def test_the_allowlist_cannot_be_written_either(release: str) -> None:
    """Over REST the row is checked in every release."""
    here = Sandboxed(release, settings={**DENY, LIST: ""})
    wish = {"gateway": GATEWAY, "manage_outbound_allowlist": True}
    (finding,) = errors(here, **wish)
    assert "the outbound allowlist" in finding["what"]
    before = here.stored()
    assert "failed" in here.run(preflight.SUBJECT, **wish)
    assert here.stored() == before
    here.seed(settings=CLEARING)
    assert here.run(preflight.SUBJECT, **wish)["changed"]
    assert here.run(gateway.SUBJECT, **GATEWAY)["changed"]


def test_what_is_denied_after_the_plan_names_them_too() -> None:
    here = Sandboxed("18.9", settings=DENY)
    step = preflight.Allow(("aigw.example.com",))
    with here.reached(), gitlab(URL, api_token=ADMIN_TOKEN) as way, pytest.raises(Failure) as it:
        step.perform(way)
    assert it.value.code == CODE
    assert "save the outbound allowlist" in it.value.what


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (
            "Help page documentation base url is blocked: Host cannot be resolved or invalid, "
            "Diagramsnet url is blocked: Host cannot be resolved or invalid, Ai gateway url "
            "Requests to hosts and IP addresses not on the Allow List are denied",
            ["help_page_documentation_base_url", "diagramsnet_url"],
        ),
        ("diagramsnet_url is blocked: URI is invalid", ["diagramsnet_url"]),
        ("Endpoint is blocked: URI is invalid", []),
        ("Ai gateway url is not allowed: URI is invalid", []),
    ],
)
def test_what_gitlab_names(said: str, names: list[str]) -> None:
    assert application_urls.named_in(said) == names

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failed checks count, and the advice about them, on GitLab 18.9 and 19.4."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_advice import action_for
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_notes import (
    MODEL_PROBE,
    OTHER,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks.health_probes import Facts
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo.releases import Release
from ansible_collections.gitlab_ops.duo.tests.unit.core.healthy import (
    MODEL,
    asked,
    failed,
    here,
    questions,
)
from sandbox import cloud_status

# --- what concerns no feature in use --------------------------------------------------------------
SERVICE = {"duo_agent_platform_service_url": "dap.example.com:50052"}
CODE = [{"features": ["code_completions", "duo_chat"], "model": "m"}]
AGENTS = [{"features": ["duo_agent_platform"], "model": "c"}]
CLAUDE = {**MODEL, "name": "c", "model": "claude_3", "endpoint": "https://c.example.com/v1"}
AS_DECLARED = {
    name: {"provider": "self_hosted", "model": model}
    for names, model in ((["code_completions", "duo_chat"], "m"), (["duo_agent_platform"], "c"))
    for name in names
}
FIREWALL = {"cloud_reachable": False}


def verified(release: str, settings: list[dict[str, Any]], **seed: Any) -> dict[str, Any]:
    """Return what the role's last task finds where GitLab holds what is declared."""
    it = here(release, models=[CLAUDE], features=AS_DECLARED)
    it.seed(**seed)
    return asked(it, settings=settings)


def names(checks: list[dict[str, Any]]) -> list[str]:
    """Return the names of checks."""
    return [one["name"] for one in checks]


def test_a_sound_instance_without_a_runner_behind_a_firewall() -> None:
    result = verified("19.4", CODE, options=FIREWALL)
    assert "failed" not in result, result["msg"]
    assert [(one["subject"], one["concerns"]) for one in failed(result)] == [
        ("runner for flows", False),
        ("Agent Platform service duo-workflow-svc.runway.gitlab.net:443", False),
    ]
    (only,) = result["warnings"]
    assert only.startswith("These failed probes of GitLab do not count, because no feature ")
    assert "No instance runner with the 'gitlab--duo' tag is registered." in only
    assert "at duo-workflow-svc.runway.gitlab.net:443 is not reachable." in only


def test_agents_on_a_service_of_the_site_need_none_of_gitlabs() -> None:
    """Only the reports of their use go to the cloud, with an online licence."""
    result = verified("19.4", AGENTS, gateway=SERVICE, options=FIREWALL)
    platform = [one for one in result["checks"] if one["name"] == "duo_agent_platform_probe"]
    assert [(one["subject"].split()[-1], one["success"], one["concerns"]) for one in platform] == [
        ("duo-workflow-svc.runway.gitlab.net:443", False, False),
        ("dap.example.com:50052", True, True),
    ]
    counting = [one for one in failed(result) if one["concerns"]]
    assert len(counting) == 3
    assert all(one["name"].startswith("billing_") for one in counting)
    for one, host in zip(counting, ("customers.gitlab", "cloud.gitlab", "duo-wor"), strict=True):
        assert host in one["subject"]
        assert host in one["action"]
        assert "With an online licence GitLab reports the use" in one["action"]
    # None of them is asked, nor fails, with an offline licence.
    offline = verified(
        "19.4",
        AGENTS,
        gateway=SERVICE,
        options=FIREWALL,
        license={"type": "offline_cloud"},
        add_ons=[{"name": "SELF_HOSTED_DAP"}],
    )
    assert "failed" not in offline, offline["msg"]


def test_classic_features_do_not_need_the_reports_of_agents() -> None:
    result = verified("19.4", CODE, gateway=SERVICE, options=FIREWALL)
    assert "failed" not in result, result["msg"]
    assert sum(name.startswith("billing_") for name in names(failed(result))) == 3


@pytest.mark.parametrize("release", ["18.9", "18.11", "19.4"])
def test_agents_only_with_an_offline_licence(release: str) -> None:
    """No licence for Code Suggestions is needed, nor there: reported, and Verify is green."""
    licence = {"license": {"type": "offline_cloud"}, "add_ons": [{"name": "SELF_HOSTED_DAP"}]}
    result = verified(release, AGENTS, gateway=SERVICE, **licence)
    assert "failed" not in result, result["msg"]
    (seat,) = [one for one in failed(result) if one["name"] == "code_suggestions_license_probe"]
    assert seat["concerns"] is False
    assert "License does not provide access to Code Suggestions." in result["warnings"][0]
    # The same probe counts for a feature that needs what is missing.
    assert "License does not provide" in verified(release, CODE, **licence)["msg"]


def test_agents_only_without_a_seat() -> None:
    result = verified("18.9", AGENTS, options={"seat": False})
    assert "failed" not in result
    assert names(failed(result)) == ["code_suggestions_license_probe"]


def test_flows_need_a_runner() -> None:
    feature = "sast_vulnerability_resolution"
    rows = {feature: {"provider": "self_hosted", "model": "c"}}
    it = here("19.4", models=[CLAUDE], features=rows, gateway=SERVICE, beta_acceptances=["root"])
    wanted = [{"features": [feature], "model": "c"}]
    result = asked(it, settings=wanted)
    assert result["failure"]["next_step"].startswith("Register an instance runner with the tag")
    it.seed(settings={"duo_remote_flows_enabled": False}, options={"runner": True})
    assert "The allow flow execution setting is disabled." in asked(it, settings=wanted)["msg"]
    it.seed(settings={"duo_remote_flows_enabled": True})
    result = asked(it, settings=wanted)
    assert "failed" not in result, result["msg"]


def test_without_declared_features_those_of_gitlab_count() -> None:
    it = here("19.4", models=[CLAUDE], gateway=SERVICE, options={"service_tls": False})
    rows = {"duo_agent_platform": {"provider": "self_hosted", "model": "c"}}
    chat = {"duo_chat": {"provider": "self_hosted", "model": "m"}}
    it.seed(features=chat)
    assert "failed" not in asked(it)
    it.seed(features=rows)
    result = asked(it)
    assert "fails with a TLS mismatch" in result["msg"]
    assert "duo_agent_platform_service_secure: false" in result["failure"]["next_step"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:5052", "http://127.0.0.2:5052"])
def test_loopback_is_as_doubtful_as_a_local_address(url: str) -> None:
    result = asked(here(gateway={"ai_gateway_url": url}))
    assert "failed" not in result
    assert "only this probe refuses local addresses" in result["warnings"][0]


def test_a_probe_that_is_not_known_is_a_warning_in_gitlabs_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cannot be told what it concerns, so it never fails the task; two stay two."""
    it = here()
    said = [
        {"name": "moon_probe", "success": False, "message": "The moon\nis too close"},
        {"name": "moon_probe", "success": False, "message": "No way to moon.example.com."},
        {"name": "sun_probe", "success": True, "message": "The sun shines."},
    ]
    answer = {"success": False, "probeResults": said}
    monkeypatch.setattr(cloud_status, "status", lambda *_: answer)
    result = asked(it, checks=["probes"])
    assert "failed" not in result, result["msg"]
    assert [(one["message"], one["concerns"]) for one in failed(result)] == [
        ("The moon is too close.", False),
        ("No way to moon.example.com.", False),
    ]
    assert result["warnings"] == [
        f"moon_probe of GitLab: {message} {OTHER.action}"
        for message in ("The moon is too close.", "No way to moon.example.com.")
    ]
    assert all(one["proves"] == OTHER.proves for one in result["checks"])


# --- advice --------------------------------------------------------------------------------------
UNSYNCHRONISED = {"catalogue_synchronised": False, **FIREWALL}


def advice(release: str = "18.9", **seed: Any) -> dict[str, str]:
    """Return what is advised about failed probes, by name or host."""
    result = asked(here(release, **seed), checks=["probes"], fail_on="never")
    return {
        one["subject"].split()[-1] if one["name"] == "host_probe" else one["name"]: one["action"]
        for one in failed(result)
    }


@pytest.mark.parametrize("release", ["18.9", "19.4"])
@pytest.mark.parametrize("url", ["https://aigw.example.com", None])
@pytest.mark.parametrize("kind", ["offline_cloud", "legacy_license"])
def test_a_licence_that_is_never_synchronised(release: str, url: str | None, kind: str) -> None:
    """Nothing advises to do what GitLab refuses."""
    vendored = {"duo_chat": {"provider": "vendored"}}
    said = advice(
        release,
        license={"type": kind},
        gateway={"ai_gateway_url": url},
        features=vendored,
        options={**UNSYNCHRONISED, "seat": False},
    )
    assert {"license_probe", "access_probe", "token_probe"} < set(said)
    text = " ".join(said.values())
    assert not re.search(r"[Ss]ynchronise the subscription|duo_subscription|sync:", text)
    if kind == "offline_cloud":
        because = "no gateway URL is set" if url is None else "features are vendored"
        for name in ("license_probe", "access_probe", "token_probe", "cloud.gitlab.com"):
            assert because in said[name]


def test_the_subscription_before_its_first_synchronisation() -> None:
    online = {"type": "online_cloud", "last_sync": None}
    said = advice(license=online, gateway={"ai_gateway_url": None}, options=UNSYNCHRONISED)
    for name in ("access_probe", "token_probe"):
        assert said[name].startswith("Synchronise the subscription (duo_subscription), for which")
        assert said[name].endswith("it has never been synchronised.")
    for host in ("customers.gitlab.com", "cloud.gitlab.com"):
        assert said[host].startswith("GitLab asks its cloud because no gateway URL is set")


def test_the_catalogue_that_did_not_come_with_the_synchronisation() -> None:
    """GitLab says that a seat is missing although seats are assigned."""
    said = advice(options=UNSYNCHRONISED)["code_suggestions_license_probe"]
    assert said.startswith("Assign a GitLab Duo seat to the token's user (duo_seats). If")
    assert "does not know what the add-on includes, which it learns from its cloud" in said
    assert said.endswith("use sync: always.")
    never = advice(license={"last_sync": None})["code_suggestions_license_probe"]
    assert never.startswith("Seats do not count until GitLab knows what the add-ons include.")
    offline = advice(license={"type": "offline_cloud"}, options={"seat": False})
    assert offline == {
        "code_suggestions_license_probe": "Assign a GitLab Duo seat to the token's user "
        "(duo_seats)."
    }


@pytest.mark.parametrize(
    ("seed", "starts"),
    [
        ({"options": {"gateway_reachable": False}}, "Nothing answers GitLab at the host and port"),
        (
            {"options": {"unresolvable_hosts": ["aigw.example.com"]}},
            "Correct the name in ai_gateway_url (duo_gateway), or the DNS",
        ),
        (
            {"settings": {"deny_all_requests_except_allowed": True}},
            "GitLab denies all outbound requests except to allowed hosts: add the host",
        ),
    ],
)
def test_the_host_of_the_gateway(seed: dict[str, Any], starts: str) -> None:
    assert advice(**seed)["aigw.example.com"].startswith(starts)


def test_the_hosts_of_the_cloud() -> None:
    """A gateway of the site is not to be looked at for them."""
    vendored = {"duo_chat": {"provider": "vendored"}}
    for options in (
        {"options": FIREWALL},
        {"settings": {"deny_all_requests_except_allowed": True}},
    ):
        said = advice(features=vendored, **options)
        for host in ("customers.gitlab.com", "cloud.gitlab.com"):
            assert host in said[host]
            assert "ai_gateway_url" not in said[host]


@pytest.mark.parametrize(("release", "seconds"), [("18.9", 3), ("18.11", 3), ("19.4", 15)])
def test_how_long_gitlab_waits(release: str, seconds: int) -> None:
    it = here(release, answer={"timeouts": 9})
    result = asked(it, checks=["connections"], attempts=2)
    assert questions(it) == 2
    assert f"GitLab waits {seconds} s" in result["failure"]["next_step"]


def test_names_that_a_model_server_has() -> None:
    result = asked(here("19.4", answer={"code": 404, "served": ["a"]}), checks=["connections"])
    assert "Did you mean custom_openai/a?" in result["msg"]
    assert result["failure"]["next_step"].startswith("Set identifier (duo_self_hosted_model)")


def test_a_fault_of_one_patch_is_told_of_that_patch() -> None:
    said = "ERROR: The self-hosted model server returned code 403"
    for patch, starts in ((0, "This is a bug of GitLab 18.4.0"), (1, "Set a valid API key")):
        facts = Facts(Release(f"18.4.{patch}", (18, 4), patch))
        assert action_for(MODEL_PROBE, said, facts).startswith(starts)

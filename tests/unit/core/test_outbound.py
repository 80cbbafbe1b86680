# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitLab's outbound rules: what the preflight adds to the allowlist, and what it finds there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

SUBJECT = preflight.SUBJECT
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {
    "name": "codestral",
    "model_family": "codestral",
    "endpoint": "https://vllm.example.com/v1",
    "identifier": "custom_openai/codestral",
}
DECLARED = {"gateway": GATEWAY, "models": [MODEL]}
LIST = "outbound_local_requests_allowlist_raw"
DENY = {
    "deny_all_requests_except_allowed": True,
    # Without these GitLab refuses to save any of the application settings then.
    "help_page_documentation_base_url": "",
    "diagramsnet_enabled": False,
    "update_runner_versions_enabled": False,
}
ALLOW = {"manage_outbound_allowlist": True}


def found(here: Sandboxed, **wish: Any) -> list[tuple[str, str, str]]:
    """Return severity, subject and sentence of the findings, but for features without a model."""
    findings = here.dry(SUBJECT, **wish)["findings"]
    return [
        (it["severity"], it["subject"], it["what"])
        for it in findings
        if it["subject"] != "features"
    ]


def allowed(here: Sandboxed) -> list[str]:
    """Return the allowlist as GitLab keeps it."""
    return str(here.instance.settings[LIST]).split("\n")


def test_hosts_are_added_and_entries_kept() -> None:
    here = Sandboxed("18.9", settings={**DENY, LIST: "kept.example.com\n10.0.0.0/8, x.example.com"})
    before = here.stored()
    check = here.dry(SUBJECT, **DECLARED, **ALLOW)
    assert here.stored() == before
    real = here.run(SUBJECT, **DECLARED, **ALLOW)
    assert check["diff"] == real["diff"]
    assert real["steps"] == check["steps"]
    assert [it["method"] for it in here.writes] == ["PUT"]
    assert allowed(here) == [
        *("kept.example.com", "10.0.0.0/8", "x.example.com"),
        *("aigw.example.com", "vllm.example.com"),
    ]
    here.forget()
    assert here.run(SUBJECT, **DECLARED, **ALLOW)["changed"] is False
    assert here.writes == []


@pytest.mark.parametrize(
    ("entry", "url", "covered"),
    [
        ("10.0.0.0/8", "http://10.1.2.3:5052", True),
        ("10.1.2.3", "http://10.1.2.3:5052", True),
        ("192.168.0.0/16", "http://10.1.2.3:5052", False),
        ("fd00::/8", "http://[fd00::1]:5052", True),
        ("[fd00::1]", "http://[fd00::1]:5052", True),
        ("AIGW.example.com", "https://aigw.example.com", True),
        ("aigw.example.com:443", "https://aigw.example.com", True),
        ("aigw.example.com:5052", "https://aigw.example.com:5052", True),
        ("aigw.example.com:5052", "https://aigw.example.com", False),
        ("[fd00::1]:5052", "http://[fd00::1]:5052", True),
        ("10.1.2.3:80", "http://10.1.2.3:5052", False),
        ("aigw.example.com", "https://aigw.example.com:5052", True),
        ("other.example.com", "https://aigw.example.com", False),
        ("example.com", "https://aigw.example.com", False),
    ],
)
def test_entries_that_cover_a_host(entry: str, url: str, covered: bool) -> None:
    here = Sandboxed("18.9", settings={**DENY, LIST: entry})
    wish = {"gateway": {"ai_gateway_url": url}}
    assert found(here, **wish) == [] if covered else found(here, **wish)[0][0] == "error"
    assert here.dry(SUBJECT, **wish, **ALLOW)["changed"] is not covered


def test_models_that_go_need_no_entry() -> None:
    here = Sandboxed("18.9", settings=DENY)
    gone = {**MODEL, "state": "absent"}
    assert found(here, models=[gone]) == []


# --- models that declare no endpoint -------------------------------------------------------------
BEDROCK = {"name": "claude", "model_family": "claude_3", "identifier": "bedrock/claude"}
STAND_IN = "bedrockselfhostedmodel.com"
ONLY_GATEWAY = {"settings": {**DENY, LIST: "aigw.example.com"}}
STORED = {"name": "claude", "model": "claude_3", "identifier": "bedrock/claude"}


def test_a_bedrock_model_is_created_although_everything_is_denied() -> None:
    """Before models had a provider, GitLab got a stand-in as endpoint, and looks that up too."""
    here = Sandboxed("18.9", **ONLY_GATEWAY)
    wish = {"gateway": GATEWAY, "models": [BEDROCK]}
    ((severity, _subject, what),) = found(here, **wish)
    assert severity == "error"
    assert f": {STAND_IN}. {STAND_IN} stands for the endpoint of a Bedrock model." in what
    assert here.run(SUBJECT, **wish, **ALLOW)["changed"]
    assert allowed(here) == ["aigw.example.com", STAND_IN]
    assert "failed" not in here.run(self_hosted_model.SUBJECT, models=[BEDROCK])
    assert not here.run(SUBJECT, **wish, **ALLOW)["changed"]


@pytest.mark.parametrize(
    ("release", "seed", "model", "counted"),
    [
        ("18.9", {}, {"endpoint": "https://aigw.example.com"}, False),
        ("18.9", {"settings": {}}, {}, False),
        ("19.4", {}, {}, False),
        ("18.9", {}, {"state": "absent"}, False),
        ("17.9", {}, {"model_family": "general"}, False),
        # There already: it is looked up again where something else is to change, and only then.
        ("18.9", {"models": [{**STORED, "endpoint": f"http://{STAND_IN}"}]}, {}, False),
        (
            "18.9",
            {"models": [{**STORED, "endpoint": f"http://{STAND_IN}"}]},
            {"api_key": "k"},
            False,
        ),
        (
            "18.9",
            {"models": [{**STORED, "endpoint": f"http://{STAND_IN}"}]},
            {"identifier": "bedrock/other"},
            True,
        ),
        (
            "18.9",
            {"models": [{**STORED, "endpoint": f"http://{STAND_IN}"}]},
            {"new_name": "other"},
            True,
        ),
    ],
)
def test_the_stand_in_counts_where_it_is_sent(
    release: str, seed: dict[str, Any], model: dict[str, Any], counted: bool
) -> None:
    here = Sandboxed(release, **{**ONLY_GATEWAY, **seed})
    wish = {"gateway": GATEWAY, "models": [{**BEDROCK, **model}], "when_unsupported": "warn"}
    assert [STAND_IN in it[2] for it in found(here, **wish)] == ([True] if counted else [])
    assert here.dry(SUBJECT, **wish, **ALLOW)["changed"] is (counted or "settings" in seed)


def test_a_hidden_model_keeps_its_endpoint() -> None:
    """It cannot be read, but is there."""
    here = Sandboxed(
        "18.9",
        **ONLY_GATEWAY,
        models=[
            {**STORED, "name": "llama", "model": "llama3", "endpoint": "https://x.example.com"}
        ],
        features={"duo_chat": {"provider": "self_hosted", "model": "llama"}},
    )
    declared = {"name": "llama", "identifier": "bedrock/other"}
    assert not any(STAND_IN in it[2] for it in found(here, models=[declared]))


# --- a gateway on GitLab's own machine -----------------------------------------------------------
LOCAL = "http://localhost:5052"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (LOCAL, "localhost"),
        ("http://LOCALHOST", "localhost"),
        ("http://gw.localhost", "gw.localhost"),
        ("http://127.0.0.1:5052", "127.0.0.1"),
        ("http://127.0.0.2", "127.0.0.2"),
        ("http://0.0.0.0", "0.0.0.0"),
        ("http://[::1]:1", "::1"),
        ("http://[::]", "::"),
    ],
)
def test_gitlab_refuses_itself_as_gateway(url: str, host: str) -> None:
    here = Sandboxed("18.9")
    ((severity, subject, what),) = found(here, gateway={"ai_gateway_url": url})
    assert (severity, subject) == ("error", "AI gateway")
    assert what.startswith(f"GitLab refuses {host} as the host of the gateway, because it is")
    result = here.run(gateway.SUBJECT, ai_gateway_url=url)
    assert result["failure"]["code"] == "refused"
    # What it may be in GitLab's own words: a name below localhost does not resolve there.
    assert "not allowed" in result["msg"] or "resolved" in result["msg"]
    assert "or the setting of GitLab that forbids it" in result["failure"]["next_step"]


@pytest.mark.parametrize(
    ("seed", "url"),
    [
        ({"settings": {LIST: "localhost"}}, LOCAL),
        ({"settings": {LIST: "x.example.com, localhost:5052"}}, LOCAL),
        ({"settings": {LIST: "127.0.0.0/8"}}, "http://127.0.0.1:5052"),
        ({"settings": {LIST: "[::1]"}}, "http://[::1]:5052"),
        ({"settings": {**DENY, LIST: "localhost"}}, LOCAL),
        ({"gateway": {"ai_gateway_url": LOCAL}}, LOCAL),
        ({"gateway": {"ai_gateway_url": LOCAL + "/"}}, LOCAL),
    ],
)
def test_a_gateway_on_its_own_machine_that_gitlab_takes(seed: dict[str, Any], url: str) -> None:
    here = Sandboxed("18.9", **seed)
    assert found(here, gateway={"ai_gateway_url": url}) == []
    assert "failed" not in here.run(gateway.SUBJECT, ai_gateway_url=url)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:3000/aigw", True),
        ("http://localhost:3001", False),
        ("http://localhost", False),
        ("https://localhost:3000", False),
    ],
)
def test_gitlab_takes_its_own_url(url: str, own: bool) -> None:
    """The same scheme, host and port."""
    here = Sandboxed("18.9")
    here.instance.external_url = "http://localhost:3000"
    api = {"api_url": here.instance.external_url}
    told = found(here, gateway={"ai_gateway_url": url}, **api)
    assert [it[0] for it in told] == ([] if own else ["error"])
    assert ("failed" in here.run(gateway.SUBJECT, ai_gateway_url=url, **api)) is not own


def test_an_entry_for_another_port_is_none() -> None:
    here = Sandboxed("18.9", settings={LIST: "localhost:80"})
    assert [it[0] for it in found(here, gateway={"ai_gateway_url": LOCAL})] == ["error"]


def test_an_entry_for_localhost_can_be_added() -> None:
    here = Sandboxed("18.9")
    wish = {"gateway": {"ai_gateway_url": LOCAL}, **ALLOW}
    assert here.run(SUBJECT, **wish)["changed"]
    assert allowed(here) == ["localhost"]
    assert "failed" not in here.run(gateway.SUBJECT, ai_gateway_url=LOCAL)


@pytest.mark.parametrize("seed", [{"options": {"admin_mode": True}}, {"license": None}])
def test_what_cannot_be_read_is_left_to_gitlab(seed: dict[str, Any]) -> None:
    told = found(Sandboxed("18.9", **seed), gateway={"ai_gateway_url": LOCAL})
    assert not any("localhost" in it[2] for it in told)


def test_everything_denied_is_told_once() -> None:
    here = Sandboxed("18.9", settings=DENY)
    ((severity, _subject, what),) = found(here, gateway={"ai_gateway_url": LOCAL})
    assert (severity, "denies all outbound requests" in what) == ("error", True)


def test_an_export_with_localhost_can_be_applied() -> None:
    here = Sandboxed("18.9", gateway={"ai_gateway_url": "http://127.0.0.1:5052"})
    configuration = here.run(info.SUBJECT)["configuration"]
    wish = {"gateway": configuration["duo_self_hosted_gateway"]}
    ((severity, _subject, what),) = found(here, **wish)
    # The features work, whatever the health check says of it.
    assert (severity, "health check" in what) == ("warning", True)
    assert here.run(gateway.SUBJECT, **wish["gateway"])["changed"] is False
    assert here.writes == []


# --- what the list takes -------------------------------------------------------------------------
FULL = [f"h{number}.example.com" for number in range(999)]


@pytest.mark.parametrize(
    ("entries", "host", "told"),
    [
        (FULL, "aigw.example.com", None),
        (
            [*FULL, "one.example.com"],
            "aigw.example.com",
            "holds at most 1000 entries, but would have 1001",
        ),
        ([*FULL, "one.example.com"], "one.example.com", None),
        ([*FULL, FULL[0]], "aigw.example.com", None),
        ([], "a" * 255, None),
        ([], "a" * 256, f"has at most 255 characters, but the host {'a' * 50}... is longer"),
    ],
    ids=["fits", "too many", "there", "twice there", "just short enough", "too long"],
)
def test_what_the_list_does_not_take_is_told_before(
    entries: list[str], host: str, told: str | None
) -> None:
    here = Sandboxed("18.9", settings={LIST: "\n".join(entries)})
    wish = {"gateway": {"ai_gateway_url": f"https://{host}"}}
    result = here.run(SUBJECT, **wish, **ALLOW)
    if told:
        assert told in result["msg"]
        assert here.writes == []
        # Where nothing is to be added, it does not matter.
        assert found(here, **wish) == []
    else:
        assert "failed" not in result
        assert host in allowed(here)


def test_settings_that_gitlab_would_refuse_for_another_url_are_foreseen() -> None:
    blocked = {**DENY, "help_page_support_url": "https://gone.invalid"}
    here = Sandboxed("18.9", settings=blocked)
    wish = {"duo_settings": {"expanded_logging": True}}
    errors = [text for severity, _subject, text in found(here, **wish) if severity == "error"]
    assert len(errors) == 1
    assert "Help page support url" in errors[0] or "help_page_support_url" in errors[0]
    assert "failed" in here.run(SUBJECT, **wish)
    assert here.writes == []


def test_the_host_of_the_documentation_is_added() -> None:
    here = Sandboxed("18.9", settings=DENY)
    wish = {"duo_settings": {"documentation_url": "https://docs.corp.example"}}
    assert [text for kind, _subject, text in found(here, **wish) if kind == "error"]
    here.run(SUBJECT, **wish, **ALLOW)
    assert "docs.corp.example" in allowed(here)

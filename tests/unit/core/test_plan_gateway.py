# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the AI gateway: options and settings in, mutation, diff and warnings out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import http_messages, messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.graphql import Part, Reading
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import (
    RELEASES,
    calls,
    release,
    shown,
)

URL = "https://aigw.example.com"
DAP = "dap.example.com:50052"


def offered(version: str) -> tuple[str, ...]:
    """Return the options that a release offers."""
    since = {
        "ai_gateway_url": (17, 9),
        "duo_agent_platform_service_url": (18, 4),
        "ai_gateway_timeout_seconds": (18, 7),
        "duo_agent_platform_service_secure": (18, 10),
    }
    major, minor = version.split(".")
    return tuple(name for name, first in since.items() if (int(major), int(minor)) >= first)


def found(version: str = "19.4", *, providers: dict[str, str] | None = None, **values: Any):
    """Return the settings of an instance where nobody has set anything, but for the given ones."""
    fresh = {
        "ai_gateway_url": "",
        "duo_agent_platform_service_url": "",
        "ai_gateway_timeout_seconds": 60,
        "duo_agent_platform_service_secure": True,
    }
    settings = {name: values.get(name, fresh[name]) for name in offered(version)}
    return gateway.ObservedGateway(release(f"{version}.0"), settings, providers or {})


def plan(wanted: dict[str, Any], state: gateway.ObservedGateway):
    """Plan as a task with these options would."""
    return gateway.plan(gateway.options(wanted), state)


@pytest.mark.parametrize("version", RELEASES)
def test_sets_the_url(version: str) -> None:
    made = plan({"ai_gateway_url": URL}, found(version))
    assert calls(made) == [("duoSettingsUpdate", {"aiGatewayUrl": URL})]
    assert shown(made) == {"AI gateway": ({"ai_gateway_url": ""}, {"ai_gateway_url": URL})}
    assert made.predicted.values == {**found(version).values, "ai_gateway_url": URL}
    assert made.warnings == ()
    assert [str(change) for change in made.changes] == [
        f"change AI gateway (ai_gateway_url: none -> {URL})"
    ]


@pytest.mark.parametrize(
    ("options", "settings", "sent"),
    [
        pytest.param(
            {"ai_gateway_timeout_seconds": 120},
            {"ai_gateway_url": URL},
            {"aiGatewayUrl": URL, "aiGatewayTimeoutSeconds": 120},
            id="timeout: the URL goes along, or 17.x would clear it",
        ),
        pytest.param(
            {"duo_agent_platform_service_url": DAP},
            {},
            {"aiGatewayUrl": "", "duoAgentPlatformServiceUrl": DAP},
            id="service URL: an empty gateway URL goes along too",
        ),
        pytest.param(
            {"duo_agent_platform_service_secure": False},
            {"ai_gateway_url": URL},
            {"aiGatewayUrl": URL, "selfHostedDuoAgentPlatformServiceSecure": False},
            id="a false is a value",
        ),
        pytest.param(
            {"ai_gateway_url": URL, "ai_gateway_timeout_seconds": 60},
            {"ai_gateway_url": "http://old.example.com"},
            {"aiGatewayUrl": URL},
            id="only what differs is sent",
        ),
        pytest.param(
            {"ai_gateway_url": ""}, {"ai_gateway_url": URL}, {"aiGatewayUrl": ""}, id="clear"
        ),
        pytest.param(
            {"duo_agent_platform_service_url": ""},
            {"ai_gateway_url": URL, "duo_agent_platform_service_url": DAP},
            {"aiGatewayUrl": URL, "duoAgentPlatformServiceUrl": ""},
            id="clear the service URL alone",
        ),
        pytest.param(
            {"state": "absent"},
            {"ai_gateway_url": URL, "duo_agent_platform_service_url": DAP},
            {"aiGatewayUrl": "", "duoAgentPlatformServiceUrl": ""},
            id="absent clears both URLs",
        ),
        pytest.param(
            {"state": "absent"},
            {"duo_agent_platform_service_url": DAP},
            {"aiGatewayUrl": "", "duoAgentPlatformServiceUrl": ""},
            id="absent, only the service URL is left",
        ),
        pytest.param(
            {"ai_gateway_url": URL + "/gw"},
            {"ai_gateway_url": URL + "/gw//"},
            {"aiGatewayUrl": URL + "/gw"},
            id="GitLab removes one slash, not two",
        ),
    ],
)
def test_sends(options: dict[str, Any], settings: dict[str, Any], sent: dict[str, Any]) -> None:
    made = plan(options, found("18.11", **settings))
    assert calls(made) == [("duoSettingsUpdate", sent)]


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"ai_gateway_timeout_seconds": 90}, {"aiGatewayTimeoutSeconds": 90}),
        ({"duo_agent_platform_service_url": DAP}, {"duoAgentPlatformServiceUrl": DAP}),
    ],
)
def test_sends_the_change_alone_where_the_url_that_was_read_may_be_old(
    options: dict[str, Any], sent: dict[str, Any]
) -> None:
    for version in ("19.2", "19.5"):
        made = plan(options, found(version, ai_gateway_url="https://old.example.com"))
        assert calls(made) == [("duoSettingsUpdate", sent)]
        assert made.predicted.values["ai_gateway_url"] == "https://old.example.com"


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        pytest.param({}, {"ai_gateway_url": URL}, id="nothing declared"),
        pytest.param({"ai_gateway_url": URL}, {"ai_gateway_url": URL}, id="same"),
        pytest.param({"ai_gateway_url": URL + "/"}, {"ai_gateway_url": URL}, id="slash declared"),
        pytest.param({"ai_gateway_url": URL}, {"ai_gateway_url": URL + "/"}, id="slash stored"),
        pytest.param({"ai_gateway_url": ""}, {}, id="clear what is clear"),
        pytest.param({"state": "absent"}, {}, id="absent where there is none"),
        pytest.param(
            {"ai_gateway_timeout_seconds": 60, "duo_agent_platform_service_secure": True},
            {},
            id="defaults",
        ),
    ],
)
def test_changes_nothing(options: dict[str, Any], settings: dict[str, Any]) -> None:
    state = found(**settings)
    made = plan(options, state)
    assert made.steps == ()
    assert made.predicted == state
    assert made.diff("x") == []


@pytest.mark.parametrize("version", ["17.9", "17.11", "18.0"])
def test_absent_clears_only_what_the_release_has(version: str) -> None:
    made = plan({"state": "absent"}, found(version, ai_gateway_url=URL))
    assert calls(made) == [("duoSettingsUpdate", {"aiGatewayUrl": ""})]


@pytest.mark.parametrize(
    ("version", "option", "value", "since"),
    [
        ("17.9", "ai_gateway_timeout_seconds", 60, "18.7"),
        ("18.0", "ai_gateway_timeout_seconds", 60, "18.7"),
        ("17.11", "duo_agent_platform_service_url", DAP, "18.4"),
        ("18.0", "duo_agent_platform_service_url", "", "18.4"),
        ("18.9", "duo_agent_platform_service_secure", True, "18.10"),
    ],
)
def test_refuses_what_the_release_lacks(version: str, option: str, value: Any, since: str) -> None:
    with pytest.raises(Failure) as caught:
        plan({option: value}, found(version))
    assert caught.value.code == messages.NOT_OFFERED.code
    assert caught.value.about == "AI gateway"
    assert caught.value.what == f"{option} needs GitLab {since} or later; this is {version}.0."


def test_skips_what_the_release_lacks_when_that_is_wanted() -> None:
    wanted = {"ai_gateway_timeout_seconds": 60, "when_unsupported": "warn"}
    told = "ai_gateway_timeout_seconds is skipped: ai_gateway_timeout_seconds needs GitLab 18.7 or "
    for more, steps in (({}, 0), ({"ai_gateway_url": URL}, 1)):
        made = plan({**wanted, **more}, found("17.9"))
        assert len(made.steps) == steps
        assert made.warnings == (f"{told}later; this is 17.9.0.",)


CHAT = {"duo_chat": "unassigned"}
COMPLETIONS = {"code_completions": "unassigned"}
BOTH = {"ai_gateway_url": URL, "duo_agent_platform_service_url": DAP}


@pytest.mark.parametrize(
    ("options", "settings", "providers", "warned"),
    [
        ({"state": "absent"}, {"ai_gateway_url": URL}, CHAT | COMPLETIONS, True),
        ({"ai_gateway_url": ""}, {"ai_gateway_url": URL}, CHAT, True),
        ({"ai_gateway_url": ""}, {"ai_gateway_url": URL}, {"duo_chat": "self_hosted"}, True),
        # They leave the site already, or never.
        ({"state": "absent"}, {"ai_gateway_url": URL}, {"duo_chat": "vendored"}, False),
        ({"state": "absent"}, {"ai_gateway_url": URL}, {"duo_chat": "disabled"}, False),
        ({"state": "absent"}, {}, CHAT, False),
        ({"ai_gateway_url": URL}, {}, CHAT, False),
        ({"state": "absent"}, {"duo_agent_platform_service_url": DAP}, CHAT, False),
        ({"duo_agent_platform_service_url": ""}, BOTH, CHAT, False),
        ({"duo_agent_platform_service_url": ""}, BOTH, {"duo_agent_platform": "self_hosted"}, True),
    ],
)
def test_warns_when_clearing_opens_a_way_to_the_cloud(
    options: dict[str, Any], settings: dict[str, Any], providers: dict[str, str], warned: bool
) -> None:
    made = plan(options, found(providers=providers, **settings))
    assert bool(made.warnings) is warned
    for text in made.warnings:
        cleared = " and ".join(
            name for name in settings if not options.get(name, options.get("state") != "absent")
        )
        assert text.startswith(f"Without {cleared}, ")
        assert ", ".join(sorted(providers)) in text


@pytest.mark.parametrize(
    ("stored", "wanted", "seen"),
    [
        ("https://me:old-secret@gw", "https://me:new-secret@gw", ("(set)", "(changed)")),
        ("https://me:old-secret@gw", "https://gw", ("https://********@gw", "https://gw")),
        ("", "https://me:new-secret@gw", ("", "https://********@gw")),
    ],
)
def test_never_shows_credentials_inside_a_url(
    stored: str, wanted: str, seen: tuple[str, str]
) -> None:
    made = plan({"ai_gateway_url": wanted}, found(ai_gateway_url=stored))
    assert calls(made) == [("duoSettingsUpdate", {"aiGatewayUrl": wanted})]
    visible = str(shown(made)) + str(gateway.show(None, made.predicted)) + str(made.changes[0])
    assert "secret" not in visible
    # A change that cannot be seen would be a riddle.
    assert shown(made)["AI gateway"] == tuple({"ai_gateway_url": it} for it in seen)


def test_shows_every_option_of_the_release() -> None:
    assert gateway.show(None, found("17.9")) == {"gateway": {"ai_gateway_url": ""}}
    assert gateway.show(None, found("19.4", ai_gateway_url=URL)) == {
        "gateway": {
            "ai_gateway_url": URL,
            "duo_agent_platform_service_url": "",
            "ai_gateway_timeout_seconds": 60,
            "duo_agent_platform_service_secure": True,
        }
    }


def read(settings: Any, **denied: str) -> dict[str, Any]:
    """Return the values of an answer that has the first two settings."""
    offered = {"Settings0", "Settings1"}
    data = {"duoSettings": settings}
    return gateway.values(Reading(release("18.9"), True, data, offered, denied))


def test_a_null_is_an_empty_text_of_an_option_that_is_no_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that clearing it is no change in every run; no release has such an option yet."""
    monkeypatch.setitem(gateway.GATEWAY_SPEC, "foo", {"type": "str"})
    monkeypatch.setattr(gateway, "FIELDS", {"foo": "foo"})
    monkeypatch.setattr(gateway, "PARTS", [Part("Settings0", "duoSettings { foo }")])
    assert read({"foo": None}) == {"foo": ""}


def test_a_null_is_an_empty_url_but_no_number() -> None:
    assert read({"aiGatewayUrl": None, "aiGatewayTimeoutSeconds": None}) == {
        "ai_gateway_url": "",
        "ai_gateway_timeout_seconds": None,
    }


@pytest.mark.parametrize(
    "wrong",
    [{"a": 1}, 17, False, []],
)
def test_refuses_values_that_are_none(wrong: Any) -> None:
    """A URL that was not read would be cleared by the next write."""
    with pytest.raises(Failure) as caught:
        read({"aiGatewayUrl": wrong, "aiGatewayTimeoutSeconds": 60})
    assert caught.value.code == http_messages.BROKEN_ANSWER.code
    assert "aiGatewayUrl" in caught.value.what


@pytest.mark.parametrize(
    ("number", "field", "value", "sound"),
    [
        (1, "aiGatewayTimeoutSeconds", 60, True),
        (1, "aiGatewayTimeoutSeconds", True, False),
        (3, "selfHostedDuoAgentPlatformServiceSecure", True, True),
        (3, "selfHostedDuoAgentPlatformServiceSecure", 1, False),
    ],
)
def test_a_truth_value_is_no_number(number: int, field: str, value: Any, sound: bool) -> None:
    reading = Reading(release("19.4"), True, {"duoSettings": {field: value}}, {f"Settings{number}"})
    if sound:
        assert list(gateway.values(reading).values()) == [value]
    else:
        with pytest.raises(Failure, match=field):
            gateway.values(reading)


def test_refuses_settings_that_could_not_be_read() -> None:
    with pytest.raises(Failure, match="Timeout on something"):
        read(None, duoSettings="Timeout on something")
    with pytest.raises(Failure, match="aiGatewayTimeoutSeconds"):
        read({"aiGatewayUrl": "https://aigw.example.com"})

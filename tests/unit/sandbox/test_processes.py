# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes with a cache each, latency, and late readings."""

from __future__ import annotations

import asyncio

import pytest

from sandbox import front
from sandbox.app import create_app

OLD, NEW = "http://old.example.com", "http://new.example.com"
ASK = "{ duoSettings { aiGatewayUrl aiGatewayTimeoutSeconds updatedAt } }"
PAYLOAD = "errors duoSettings { aiGatewayUrl aiGatewayTimeoutSeconds }"


def urls(gitlab, count=2):
    return [gitlab.data(ASK)["duoSettings"]["aiGatewayUrl"] for _time in range(count)]


def wait(gitlab, seconds):
    assert gitlab.post("/_sandbox/wait", {"seconds": seconds}).status == 204


@pytest.mark.parametrize(
    ("version", "processes", "others"),
    [("19.1", 2, [NEW]), ("19.2", 2, [OLD]), ("19.4", 4, [OLD] * 3), ("19.4", 1, [])],
)
def test_only_the_process_that_wrote_knows(gitlab_of, version, processes, others):
    gitlab = gitlab_of(version)
    gitlab.seed(gateway={"ai_gateway_url": OLD}, options={"processes": processes})
    assert gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW) == {
        "errors": [],
        "duoSettings": {"aiGatewayUrl": NEW, "aiGatewayTimeoutSeconds": 60},
    }
    assert urls(gitlab, processes) == [*others, NEW]
    assert gitlab.get("/_sandbox/state").json()["gateway"]["ai_gateway_url"] == NEW
    wait(gitlab, 59)
    assert urls(gitlab, processes) == [*others, NEW]
    wait(gitlab, 1)
    assert urls(gitlab, processes) == [NEW] * processes


def test_nothing_but_a_write_of_the_value_passes_the_cache(gitlab_of):
    gitlab = gitlab_of("19.4")
    gitlab.seed(gateway={"ai_gateway_url": OLD})
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW)
    empty = gitlab.mutate("duoSettingsUpdate", PAYLOAD)
    assert empty["duoSettings"]["aiGatewayUrl"] == OLD
    gitlab.data(ASK)
    other = gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayTimeoutSeconds=90)
    assert other["duoSettings"] == {"aiGatewayUrl": OLD, "aiGatewayTimeoutSeconds": 90}
    gitlab.data(ASK)
    same = gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW)
    assert same["duoSettings"]["aiGatewayUrl"] == NEW
    assert urls(gitlab) == [NEW, NEW]
    stored = gitlab.get("/_sandbox/state").json()["gateway"]
    assert (stored["ai_gateway_url"], stored["ai_gateway_timeout_seconds"]) == (NEW, 90)


def test_what_is_in_a_row_of_its_own_is_fresh_everywhere(gitlab_of):
    gitlab = gitlab_of("19.4")
    gitlab.mutate("duoSettingsUpdate", "errors", duoCoreFeaturesEnabled=True)
    ask = "{ duoSettings { duoCoreFeaturesEnabled } }"
    assert [gitlab.data(ask)["duoSettings"] for _time in range(2)] == [
        {"duoCoreFeaturesEnabled": True}
    ] * 2
    gitlab.request(
        "PUT", "/api/v4/application/settings", {"outbound_local_requests_allowlist_raw": "a"}
    )
    for _time in range(2):
        shown = gitlab.get("/api/v4/application/settings").json()
        assert shown["outbound_local_requests_allowlist_raw"] == "a"


@pytest.mark.parametrize(("version", "moves"), [("18.9", True), ("19.4", False)])
def test_when_the_row_was_updated(gitlab_of, version, moves):
    gitlab = gitlab_of(version)
    before = gitlab.instance.gateway.updated_at
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW, aiGatewayTimeoutSeconds=90)
    assert (gitlab.instance.gateway.updated_at != before) is moves
    before = gitlab.instance.gateway.updated_at
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, duoCoreFeaturesEnabled=True)
    assert gitlab.instance.gateway.updated_at != before


@pytest.mark.parametrize("version", ["18.9", "19.4"])
def test_a_synchronised_licence_reaches_each_process_later(gitlab_of, version):
    gitlab = gitlab_of(version)
    gitlab.seed(license={"last_sync": None})
    gitlab.sign_in()
    page = gitlab.get("/admin")
    headers = {"x-csrf-token": gitlab.csrf(page.text)}
    assert gitlab.post("/admin/license/sync_seat_link.json", headers=headers).status == 200
    ask = "{ currentLicense { lastSync } }"
    assert [gitlab.data(ask)["currentLicense"]["lastSync"] for _time in range(2)] == [None] * 2
    wait(gitlab, 60)
    assert gitlab.data(ask)["currentLicense"]["lastSync"]


def test_seeds_and_upgrades_are_seen_at_once(gitlab_of):
    gitlab = gitlab_of("19.2")
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW)
    gitlab.seed(gateway={"ai_gateway_timeout_seconds": 90})
    assert urls(gitlab) == [NEW, NEW]
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=OLD)
    gitlab.post("/_sandbox/upgrade", {"to": "19.4"})
    assert urls(gitlab) == [OLD, OLD]


def test_a_late_reading_shows_what_was(gitlab_of):
    gitlab = gitlab_of("18.9")
    kinds = ("gateway", "allowlist", "models", "features", "beta", "license")
    gitlab.seed(options={"lag_seconds": dict.fromkeys(kinds, 45)})
    gitlab.create_model("m")
    gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl=NEW)
    allow = {"outbound_local_requests_allowlist_raw": "gateway"}
    put = gitlab.request("PUT", "/api/v4/application/settings", allow)
    assert put.json()["outbound_local_requests_allowlist_raw"] == "gateway"
    # GitLab itself obeys the old list as well.
    assert gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl="http://gateway")["errors"]
    gitlab.mutate(
        "aiFeatureSettingUpdate",
        "errors",
        features=["DUO_CHAT"],
        provider="DISABLED",
        aiSelfHostedModelId=None,
    )
    gitlab.sign_in()
    page = gitlab.get("/admin/gitlab_duo/configuration")
    headers = {"x-csrf-token": gitlab.csrf(page.text)}
    toggle = "/admin/ai/duo_self_hosted/toggle_beta_models"
    assert gitlab.post(toggle, headers=headers).status == 204

    def shown():
        ask = "{ duoSettings { aiGatewayUrl } aiSelfHostedModels { nodes { name } } "
        ask += "aiFeatureSettings { nodes { feature provider } } }"
        data = gitlab.data(ask)
        providers = {it["feature"]: it["provider"] for it in data["aiFeatureSettings"]["nodes"]}
        settings = gitlab.get("/api/v4/application/settings").json()
        beta = gitlab.get("/admin/gitlab_duo/configuration").text
        return (
            data["duoSettings"]["aiGatewayUrl"],
            [it["name"] for it in data["aiSelfHostedModels"]["nodes"]],
            providers["duo_chat"],
            settings["outbound_local_requests_allowlist_raw"] or "",
            "beta-self-hosted-models-enabled='true'" in beta,
        )

    assert shown() == (None, [], "unassigned", "", False)
    wait(gitlab, 45)
    assert shown() == (NEW, ["m"], "disabled", "gateway", True)
    gitlab.cookies.clear()
    payload = gitlab.mutate("duoSettingsUpdate", PAYLOAD, aiGatewayUrl="http://gateway")
    assert payload["errors"] == []


def test_requests_overlap(gitlab, monkeypatch):
    """GitLab looks in the middle of a request's time: two that toggle at once both read "off"."""
    gitlab.seed(options={"latency_ms": 200})
    asleep: list[float] = []
    most = []

    async def sleep(seconds):
        asleep.append(seconds)
        most.append(len(asleep))
        for _turn in range(10):
            await asyncio.get_running_loop().run_in_executor(None, bool)
        asleep.pop()

    monkeypatch.setattr(front.asyncio, "sleep", sleep)

    async def ask():
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_message):
            pass

        where = {"path": "/users/sign_in", "raw_path": b"/users/sign_in", "query_string": b""}
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
        server = {"root_path": "", "headers": [], "server": ("gitlab.example.com", 80)}
        await gitlab.app({**scope, **where, **server}, receive, send)

    async def both():
        await asyncio.gather(ask(), ask(), ask())

    asyncio.run(both())
    assert max(most) == 3
    assert [it["status"] for it in gitlab.app.state.journal.requests] == [200] * 3


def test_circumstances_of_the_start_outlast_a_reset():
    app = create_app("18.9", options={"latency_ms": 5, "processes": 3})
    app.state.instance.options.processes = 1
    app.state.reset()
    options = app.state.instance.options
    assert (options.latency_ms, options.processes) == (5, 3)


@pytest.mark.parametrize("options", [{"lag_seconds": {"seats": 3}}, {"processes": 0}])
def test_refuses_what_means_nothing(gitlab, options):
    assert gitlab.post("/_sandbox/seed", {"options": options}).status == 422

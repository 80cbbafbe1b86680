# SPDX-License-Identifier: GPL-3.0-or-later
"""`duoSettings` and `duoSettingsUpdate`, beyond what the recorded answers hold."""

from __future__ import annotations

import pytest

from sandbox import credentials

URL = "Ai gateway url "


def update(gitlab, **data):
    return gitlab.mutate("duoSettingsUpdate", **data)["errors"]


def stored(gitlab):
    return gitlab.instance.gateway.ai_gateway_url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://gateway", "Host cannot be resolved or invalid"),
        # The name server of the recorded GitLab took even this one.
        ("http://" + "a" * 1025, "Host is too long (maximum is 1024 characters)"),
        ("http://127.0.0.1", "Requests to localhost are not allowed"),
    ],
)
def test_refused_urls(gitlab, gitlab_of, url, reason):
    assert update(gitlab, aiGatewayUrl=url) == [URL + reason]
    assert update(gitlab_of("17.11"), aiGatewayUrl=url) == [URL + "is not allowed: " + reason]


def test_an_allowlist_entry_or_a_proxy_makes_the_difference(gitlab):
    gitlab.seed(settings={"outbound_local_requests_allowlist_raw": "localhost\ngateway"})
    assert update(gitlab, aiGatewayUrl="http://localhost:1") == []
    assert update(gitlab, aiGatewayUrl="http://gateway:2") == []
    gitlab.seed(settings={"deny_all_requests_except_allowed": True})
    assert update(gitlab, aiGatewayUrl="http://gw.example.com") == [
        URL + "Requests to hosts and IP addresses not on the Allow List are denied"
    ]
    gitlab.post("/_sandbox/reset")
    gitlab.seed(options={"proxy_configured": True, "own_addresses": ["10.0.0.1"]})
    assert update(gitlab, aiGatewayUrl="http://nowhere") == []
    assert update(gitlab, aiGatewayUrl="http://10.0.0.1") == [
        URL + "Requests to localhost are not allowed"
    ]


OTHERS = ("Help page documentation base url", "Diagramsnet url", "Public runner releases url")


def test_from_19_2_other_urls_stand_against_every_write_where_all_is_denied(gitlab_of):
    """The words are GitLab 19.4's own, as executed; 18.9 looks at them in REST only."""
    deny = {
        "deny_all_requests_except_allowed": True,
        "outbound_local_requests_allowlist_raw": "aigw.example.com",
    }
    unresolved = [f"{name} is blocked: Host cannot be resolved or invalid" for name in OTHERS]
    for version, expected in (("19.1", []), ("19.2", [", ".join(unresolved)])):
        gitlab = gitlab_of(version)
        gitlab.seed(settings=deny)
        assert update(gitlab, aiGatewayUrl="https://aigw.example.com") == expected
        assert update(gitlab, aiGatewayTimeoutSeconds=90) == expected
        gitlab.seed(
            settings={
                "help_page_documentation_base_url": "",
                "diagramsnet_enabled": False,
                "outbound_local_requests_allowlist_raw": "aigw.example.com gitlab.com",
            }
        )
        assert update(gitlab, aiGatewayUrl="https://aigw.example.com") == []


def test_rest_checks_the_other_urls_in_every_release(gitlab):
    path = "/api/v4/application/settings"
    answer = gitlab.request("PUT", path, {"deny_all_requests_except_allowed": True})
    names = ("diagramsnet_url", "help_page_documentation_base_url", "public_runner_releases_url")
    reason = ["is blocked: Host cannot be resolved or invalid"]
    assert (answer.status, answer.json()) == (400, {"message": dict.fromkeys(names, reason)})
    gitlab.seed(settings={"deny_all_requests_except_allowed": True})
    answer = gitlab.request("PUT", path, {"outbound_local_requests_allowlist_raw": "gitlab.com"})
    assert answer.status == 400
    freed = {"help_page_documentation_base_url": "", "diagramsnet_enabled": False}
    freed["update_runner_versions_enabled"] = False
    assert gitlab.request("PUT", path, freed).status == 200


def test_an_unchanged_url_is_looked_up_again(gitlab):
    gitlab.seed(gateway={"ai_gateway_url": "http://gone"})
    text = URL + "Host cannot be resolved or invalid"
    assert update(gitlab, aiGatewayTimeoutSeconds=90) == [text]
    assert update(gitlab, aiGatewayTimeoutSeconds=90, aiGatewayUrl=None) == []


def test_only_given_keys_change_since_18_0_and_all_before(gitlab, gitlab_of):
    for client, kept in ((gitlab, "http://gw.example.com"), (gitlab_of("17.11"), None)):
        client.seed(gateway={"ai_gateway_url": "http://gw.example.com"})
        assert update(client) == []
        assert stored(client) == kept


def test_null_for_duo_core_is_a_top_level_error(gitlab):
    answer = gitlab.mutate("duoSettingsUpdate", duoCoreFeaturesEnabled=None)
    assert answer["errors"][0]["message"] == "duoCoreFeaturesEnabled can't be null"
    assert answer["data"] == {"duoSettingsUpdate": None}


def test_without_permission(gitlab, gitlab_of):
    gitlab.seed(gateway={"ai_gateway_url": "http://gw.example.com"})
    gitlab.token = credentials.USER_TOKEN
    settings = gitlab.data("{ duoSettings { aiGatewayUrl aiGatewayTimeoutSeconds updatedAt } }")
    assert settings["duoSettings"]["aiGatewayUrl"] is None
    assert settings["duoSettings"]["updatedAt"] is not None
    assert update(gitlab) == []
    answer = gitlab.mutate(
        "duoSettingsUpdate", aiGatewayTimeoutSeconds=60, aiGatewayUrl="http://gw.example.com"
    )
    assert answer["errors"][0]["message"] == (
        "You don't have permission to update the setting ai_gateway_url."
    )
    old = gitlab_of("17.11", token=credentials.USER_TOKEN)
    text = old.mutate("duoSettingsUpdate", aiGatewayUrl=None)["errors"][0]["message"]
    assert text.startswith("The resource that you are attempting to access does not exist or")


def test_the_payload_is_flat_before_18_3(gitlab_of):
    flat = gitlab_of("18.0").mutate("duoSettingsUpdate", "aiGatewayUrl errors")
    assert flat == {"aiGatewayUrl": None, "errors": []}
    text = gitlab_of("18.3").mutate("duoSettingsUpdate", "aiGatewayUrl")["errors"][0]["message"]
    assert text == "Field 'aiGatewayUrl' doesn't exist on type 'DuoSettingsUpdatePayload'"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences, add-ons and what they allow by release: api.md 5, 6 and 10.9."""

from __future__ import annotations

import pytest

from sandbox import credentials

MODELS = "{ aiSelfHostedModels { nodes { id } } }"
STATUS = "{ cloudConnectorStatus { success probeResults { name success message } } }"
ENTERPRISE = [{"name": "DUO_ENTERPRISE"}]


def allowed(gitlab):
    return gitlab.data(MODELS)["aiSelfHostedModels"] is not None


@pytest.mark.parametrize(
    ("version", "plan", "type_", "add_ons", "expected"),
    [
        ("17.11", "ultimate", "online_cloud", ENTERPRISE, True),
        ("17.11", "premium", "online_cloud", ENTERPRISE, False),
        ("17.11", "ultimate", "online_cloud", [], False),
        ("18.0", "premium", "online_cloud", ENTERPRISE, True),
        ("18.8", "ultimate", "online_cloud", [{"name": "DUO_CORE"}], False),
        ("18.9", "premium", "online_cloud", [], True),
        ("18.9", "starter", "online_cloud", ENTERPRISE, False),
        ("18.9", "ultimate", "legacy_license", [], True),
        ("18.9", "ultimate", "offline_cloud", [], False),
        ("18.9", "ultimate", "offline_cloud", ENTERPRISE, True),
        ("18.9", "ultimate", "offline_cloud", [{"name": "SELF_HOSTED_DAP"}], True),
        ("18.9", "ultimate", "offline_cloud", [{"name": "DUO_ENTERPRISE", "active": False}], False),
        ("19.x", "ultimate", "online_cloud", [], True),
    ],
)
def test_who_sees_models(gitlab_of, version, plan, type_, add_ons, expected):
    gitlab = gitlab_of(version)
    gitlab.seed(license={"plan": plan, "type": type_}, add_ons=add_ons)
    assert allowed(gitlab) is expected


def test_other_reasons(gitlab):
    gitlab.seed(license={"plan": "ultimate", "expires_at": "2020-01-01"})
    assert not allowed(gitlab)
    gitlab.seed(license=None)
    assert not allowed(gitlab)
    assert gitlab.data("{ currentLicense { plan } }") == {"currentLicense": None}
    gitlab.post("/_sandbox/reset")
    gitlab.seed(options={"amazon_q": True})
    assert not allowed(gitlab)


def test_the_billing_flag_off_asks_for_enterprise_and_beta(gitlab):
    gitlab.seed(flags={"self_hosted_dap_per_request_billing": False}, add_ons=[])
    assert not allowed(gitlab)
    gitlab.seed(add_ons=ENTERPRISE)
    assert allowed(gitlab)


def test_licence_and_add_ons_for_others(gitlab):
    gitlab.seed(add_ons=[*ENTERPRISE, {"name": "DUO_CORE", "active": False}])
    query = "{ addOnPurchases { name purchasedQuantity assignedQuantity } }"
    assert gitlab.data(query)["addOnPurchases"] == [
        {"name": "DUO_ENTERPRISE", "purchasedQuantity": 10, "assignedQuantity": 1}
    ]
    gitlab.token = credentials.USER_TOKEN
    assert gitlab.data(query) == {"addOnPurchases": []}
    for query in ("{ currentLicense { plan } }", "{ cloudConnectorStatus { success } }"):
        answer = gitlab.graphql(query)
        assert list(answer["data"].values()) == [None]
        assert answer["errors"][0]["message"].startswith("The resource that you are attempting")


def test_feature_flags(gitlab):
    query = "query($n: [String!]!) { metadata { featureFlags(names: $n) { name enabled } } }"
    flags = gitlab.data(query, n=["sign_in_form_vue", "unknown"])["metadata"]["featureFlags"]
    assert flags == [{"name": "sign_in_form_vue", "enabled": True}]
    assert gitlab.errors(query, n=["a"] * 21)


def names(gitlab):
    return [one["name"] for one in gitlab.data(STATUS)["cloudConnectorStatus"]["probeResults"]]


def test_probes_and_their_order(gitlab):
    cloud = ["license_probe", "host_probe", "host_probe", "access_probe", "token_probe"]
    local = ["ai_gateway_url_presence_probe", "host_probe", "code_suggestions_license_probe"]
    assert names(gitlab) == [*cloud, "end_to_end_probe", "duo_agent_platform_probe"]
    gitlab.seed(gateway={"ai_gateway_url": "https://gw.example.com"})
    assert names(gitlab) == local
    gitlab.seed(gateway={"duo_agent_platform_service_url": "dap.example.com:50052"})
    assert names(gitlab) == [*local, "duo_agent_platform_probe"]
    gitlab.seed(features={"duo_chat": {"provider": "vendored"}})
    assert names(gitlab) == [*cloud, "duo_agent_platform_probe", *local]
    gitlab.seed(features={"code_completions": {"provider": "vendored"}})
    assert names(gitlab) == [*cloud, "end_to_end_probe", "duo_agent_platform_probe", *local]


def test_probe_texts(gitlab):
    gitlab.seed(
        gateway={"ai_gateway_url": "https://gw.example.com"}, options={"gateway_reachable": False}
    )
    status = gitlab.data(STATUS)["cloudConnectorStatus"]
    messages = [one["message"] for one in status["probeResults"]]
    assert status["success"] is False
    assert messages == [
        "Self hosted AI Gateway URL is set to https://gw.example.com. "
        "It can be changed in the Gitlab Duo configuration.",
        "gw.example.com connection failed: execution expired.\n\n"
        "If you use firewalls or proxy servers, they must allow traffic to this host.",
        "License includes access to Code Suggestions.",
    ]


def test_host_probes_obey_the_outbound_rules(gitlab):
    gitlab.seed(
        gateway={"ai_gateway_url": "https://gw.example.com"},
        features={"duo_chat": {"provider": "vendored"}},
        settings={
            "deny_all_requests_except_allowed": True,
            "outbound_local_requests_allowlist_raw": "cloud.gitlab.com",
        },
    )
    status = gitlab.data(STATUS)["cloudConnectorStatus"]
    hosts = [one for one in status["probeResults"] if one["name"] == "host_probe"]
    assert [one["success"] for one in hosts] == [False, True, False]
    assert "not on the Allow List are denied" in hosts[2]["message"]


def test_activation(gitlab):
    gitlab.seed(license=None, options={"activation_codes": {"good": {"plan": "premium"}}})
    select = "errors license { plan type }"
    bad = gitlab.mutate("gitlabSubscriptionActivate", select, activationCode="bad")
    assert bad["errors"]
    assert bad["license"] is None
    good = gitlab.mutate("gitlabSubscriptionActivate", select, activationCode="good")
    assert good == {"errors": [], "license": {"plan": "premium", "type": "online_cloud"}}

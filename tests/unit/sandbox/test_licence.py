# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences, add-ons and what they allow, by release."""

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
        "gw.example.com connection failed: Failed to open TCP connection to gw.example.com:443 "
        '(Connection refused - connect(2) for "gw.example.com" port 443).\n\n'
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


CLOUD = ["license_probe", "host_probe", "host_probe", "access_probe", "token_probe"]
LOCAL = ["ai_gateway_url_presence_probe", "host_probe", "code_suggestions_license_probe"]
FLOWS = [
    "allow_flow_execution_probe",
    "allow_foundational_flows_probe",
    "compatible_runner_probe",
]
BILLING = [
    "billing_customers_dot_probe",
    "billing_cloud_ai_gateway_probe",
    "billing_duo_workflow_service_probe",
]
PLATFORM = "duo_agent_platform_probe"


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ({"gateway": {}}, [*CLOUD, "end_to_end_probe", PLATFORM, *FLOWS]),
        ({}, [*LOCAL, *FLOWS, PLATFORM]),
        ({"license": {"type": "offline_cloud"}}, [*LOCAL, *FLOWS]),
        ({"service": True}, [*LOCAL, *FLOWS, PLATFORM, PLATFORM, *BILLING]),
        (
            {"service": True, "license": {"type": "offline_cloud"}},
            [*LOCAL, *FLOWS, PLATFORM],
        ),
        (
            {"features": {"duo_chat": {"provider": "vendored"}}},
            [*CLOUD, *FLOWS, *LOCAL, PLATFORM],
        ),
    ],
    ids=["no gateway", "gateway", "offline", "service", "offline service", "vendored"],
)
def test_probes_of_19_4_and_their_order(gitlab_of, seed, expected):
    gitlab = gitlab_of("19.4")
    url = {"ai_gateway_url": "https://gw.example.com"}
    if seed.pop("service", False):
        url["duo_agent_platform_service_url"] = "dap.example.com:50052"
    gitlab.seed(**{"gateway": url, **seed})
    assert names(gitlab) == expected


def test_two_probes_of_one_name(gitlab_of):
    """Only their words tell them apart: GitLab's own service, and that of the site."""
    gitlab = gitlab_of("19.4")
    gitlab.seed(
        gateway={
            "ai_gateway_url": "https://gw.example.com",
            "duo_agent_platform_service_url": "dap.example.com:50052",
        },
        options={"cloud_reachable": False, "service_tls": False},
    )
    status = gitlab.data(STATUS)["cloudConnectorStatus"]["probeResults"]
    cloud, own = [it["message"] for it in status if it["name"] == PLATFORM]
    assert cloud.startswith("The cloud-connected GitLab Duo Agent Platform service at duo-workflow")
    assert own.startswith(
        "The self-hosted GitLab Duo Agent Platform service at dap.example.com:50052 is not "
        "reachable. It fails with a TLS mismatch error."
    )
    gitlab.seed(gateway={"self_hosted_duo_agent_platform_service_secure": False})
    status = gitlab.data(STATUS)["cloudConnectorStatus"]["probeResults"]
    assert [it["success"] for it in status if it["name"] == PLATFORM] == [False, True]


def test_a_runner_and_flows(gitlab_of):
    gitlab = gitlab_of("19.4")
    gitlab.seed(
        gateway={"ai_gateway_url": "https://gw.example.com"},
        settings={"duo_remote_flows_enabled": False},
    )

    def flows():
        status = gitlab.data(STATUS)["cloudConnectorStatus"]["probeResults"]
        return [it["success"] for it in status if it["name"] in FLOWS]

    assert flows() == [False, True, False]
    gitlab.seed(settings={"duo_remote_flows_enabled": True}, options={"runner": True})
    assert flows() == [True, True, True]


@pytest.mark.parametrize("kind", ["online_cloud", "legacy_license", "offline_cloud"])
def test_no_seat_counts_before_the_catalogue_is_there(gitlab, kind):
    """An offline licence needs no synchronisation for it."""
    gitlab.seed(
        gateway={"ai_gateway_url": "https://gw.example.com"},
        license={"type": kind},
        options={"catalogue_synchronised": False},
    )
    last = gitlab.data(STATUS)["cloudConnectorStatus"]["probeResults"][-1]
    assert last["name"] == "code_suggestions_license_probe"
    assert last["success"] is (kind == "offline_cloud")


def test_activation(gitlab):
    gitlab.seed(license=None, options={"activation_codes": {"good": {"plan": "premium"}}})
    select = "errors license { plan type }"
    bad = gitlab.mutate("gitlabSubscriptionActivate", select, activationCode="bad")
    assert bad["errors"]
    assert bad["license"] is None
    good = gitlab.mutate("gitlabSubscriptionActivate", select, activationCode="good")
    assert good == {"errors": [], "license": {"plan": "premium", "type": "online_cloud"}}

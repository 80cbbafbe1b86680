# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations decide what leaves a site, not the presence of a URL."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import isolated_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import info, preflight
from ansible_collections.gitlab_ops.duo.plugins.module_utils._duo import gitlab_hosts
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import gateway
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

OWN = "https://aigw.example.com"
SERVICE = "aigw.example.com:50052"
RELEASES = ("18.9", "19.x")
OFFLINE = {"plan": "ultimate", "type": "offline_cloud"}
ADD_ONS = [{"name": "DUO_ENTERPRISE"}, {"name": "SELF_HOSTED_DAP"}]
GITLABS = (
    "https://cloud.gitlab.com",
    "https://cloud.gitlab.com/ai",
    "HTTPS://CLOUD.GitLab.COM:443/ai?x=1#y",
    "https://cloud.gitlab.com./ai",
    "https://user:secret@cloud.gitlab.com/ai",
    "https://aigw.example.com@cloud.gitlab.com",
    "https://aigw.example.com\\@cloud.gitlab.com",
    "https://aigw.example.com%2F@cloud.gitlab.com",
    "https://\uff43loud.gitlab.com",
    "https://cloud\u3002gitlab\uff0ecom",
    "https://customers.gitlab.com",
    "https://gitlab.com",
    "http://duo-workflow-svc.runway.gitlab.net",
    "https://anything.gitlab.net",
    "cloud.gitlab.com",
    "cloud.gitlab.com:443",
    "duo-workflow-svc.runway.gitlab.net:443",
    "dns:cloud.gitlab.com:443",
    "dns:///cloud.gitlab.com:443",
    " https://cloud.gitlab.com",
)
OTHERS = (
    OWN,
    SERVICE,
    "",
    None,
    5,
    "https://gitlab.com.example.com",
    "https://mygitlab.com",
    "https://cloud-gitlab.com",
    "https://gitlab.example.com/cloud.gitlab.com",
    "https://aigw.example.com/?to=https://cloud.gitlab.com",
    "https://cloud.gitlab.com@aigw.example.com",
    "https://cloud.gitlab.com:secret@aigw.example.com:5052",
    "http://10.0.0.1:5052",
    "http://[::1]:5052",
    "https://",
    "not a url",
    "https://a..b",
)


@pytest.mark.parametrize("place", GITLABS)
def test_what_is_gitlabs(place: str) -> None:
    assert gitlab_hosts.is_gitlabs(place)


@pytest.mark.parametrize("place", OTHERS)
def test_what_is_not(place: Any) -> None:
    assert not gitlab_hosts.is_gitlabs(place)


# --- isolated ------------------------------------------------------------------------------------
def site(release: str, **seed: Any) -> Sandboxed:
    """Return an instance that has a gateway, a model for two features, and all else off."""
    here = Sandboxed(release, options={"resolvable_hosts": ["cloud.gitlab.com"]})
    off = {name: {"provider": "disabled"} for name in here.instance.catalog.features}
    on = {"provider": "self_hosted", "model": "claude"}
    here.seed(
        gateway={"ai_gateway_url": OWN, "duo_agent_platform_service_url": SERVICE},
        models=[{"name": "claude", "model": "claude_3", "endpoint": "https://m.example.com/v1"}],
        features={**off, "duo_chat": on, "duo_agent_platform": on},
        beta_acceptances=["root"],
        add_ons=ADD_ONS,
    )
    here.seed(**seed)
    return here


def errors(here: Sandboxed, **wish: Any) -> list[str]:
    """Return the sentences of the preflight's errors, with isolated on."""
    findings = here.dry(preflight.SUBJECT, isolated=True, **wish)["findings"]
    return [it["what"] for it in findings if it["severity"] == "error"]


PLACES = [
    ("ai_gateway_url", "https://cloud.gitlab.com/ai", "The gateway URL points to one of GitLab's"),
    ("ai_gateway_url", "https://CLOUD.gitlab.com.", "The gateway URL points to one of GitLab's"),
    (
        "duo_agent_platform_service_url",
        "duo-workflow-svc.runway.gitlab.net:443",
        "The URL of the Agent Platform service points to one of GitLab's",
    ),
]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("option", "url", "said"), PLACES)
@pytest.mark.parametrize("licence", [{}, {"license": OFFLINE}], ids=["online", "offline"])
def test_a_url_of_gitlabs_declared_or_stored(
    release: str, option: str, url: str, said: str, licence: dict[str, Any]
) -> None:
    here = site(release, **licence)
    assert errors(here) == []
    declared = errors(here, gateway={option: url})
    here.seed(gateway={option: url})
    stored = errors(here)
    for found in (declared, stored):
        (what,) = found
        assert what.startswith(said)
        assert "duo_agent_platform" in what
        assert ("duo_chat" in what) is (option == "ai_gateway_url")
    # The same run puts it right.
    own = {"ai_gateway_url": OWN, "duo_agent_platform_service_url": SERVICE}
    assert errors(here, gateway=own) == []


def test_the_endpoint_of_a_model_counts_too() -> None:
    here = site("18.9")
    model = {"name": "claude", "model_family": "claude_3", "endpoint": "https://x.gitlab.net/v1"}
    (what,) = errors(here, models=[model])
    assert what.startswith("The endpoint of the model points to one of GitLab's own hosts")
    assert "duo_chat" in what
    # By the new name, where the same run gives one.
    assert len(errors(here, models=[{**model, "new_name": "other"}])) == 1
    here.instance.models[0].endpoint = "https://x.gitlab.net/v1"
    assert len(errors(here)) == 1
    assert errors(here, models=[{**model, "endpoint": "https://m.example.com/v1"}]) == []
    off = {"features": ["duo_chat", "duo_agent_platform"], "provider": "disabled"}
    assert errors(here, settings=[off]) == []


@pytest.mark.parametrize(("option", "url", "said"), PLACES)
def test_the_look_afterwards_sees_it(option: str, url: str, said: str) -> None:
    here = site("18.9", gateway={option: url}, license=OFFLINE)
    result = here.run(info.SUBJECT, isolated=True)
    assert result["failure"]["code"] == isolated_messages.LEAVES_NOW.code, said
    reasons = {it["feature"]: (it["reason"], it["certain"]) for it in result["leaving"]}
    reason = "gitlabs_gateway" if option == "ai_gateway_url" else "gitlabs_agent_platform"
    assert reasons["duo_agent_platform"] == (reason, True)
    assert here.run(info.SUBJECT)["leaving"] == result["leaving"]


def test_the_gateway_task_warns() -> None:
    here = site("18.9")
    (warning,) = here.dry(gateway.SUBJECT, ai_gateway_url="https://cloud.gitlab.com")["warnings"]
    assert "ai_gateway_url: the URL leads to one of GitLab's own hosts" in warning
    assert "duo_agent_platform, duo_chat" in warning
    assert here.dry(gateway.SUBJECT, ai_gateway_url="https://b.example.com")["warnings"] == []


# --- what isolated covers, and what still goes out -----------------------------------------------
@pytest.mark.parametrize(
    ("release", "kind", "words"),
    [
        ("18.9", "online_cloud", ["synchronises the subscription", "billing"]),
        ("19.x", "online_cloud", ["synchronises the subscription", "billing"]),
        ("18.8", "online_cloud", ["synchronises the subscription"]),
        ("18.9", "legacy_license", ["billing"]),
        ("18.8", "legacy_license", []),
        ("18.9", "offline_cloud", []),
        ("19.x", "offline_cloud", []),
    ],
)
def test_what_the_word_covers(release: str, kind: str, words: list[str]) -> None:
    here = site(release, license={"plan": "ultimate", "type": kind})
    told = here.dry(preflight.SUBJECT, isolated=True)
    said = [it for it in told["warnings"] if "no prompt, code or answer" in it]
    assert len(said) == bool(words)
    every = ("synchronises the subscription", "billing")
    assert [word for word in every if word in " ".join(said)] == words
    assert not any("no prompt" in it for it in here.dry(preflight.SUBJECT)["warnings"])

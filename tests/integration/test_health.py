# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures of duo_health, down to a real model server, and duo_health as the role's last task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import playbook
import pytest
import scenarios_health as health
import worlds
from cases import Outcome
from conftest import Play, Start
from model_server import ModelServer
from sandbox_client import Instance

from sandbox import credentials

KEY = "key-of-the-server-0001"
Serve = Callable[..., ModelServer]


@pytest.mark.case(("duo_health", {}), seed=health.answers(one={"code": 401}))
@pytest.mark.case(
    ("duo_health", {}), seed=health.answers(one={"code": 401}), name="module", door="module"
)
@pytest.mark.case(
    ("duo_health", {}), seed=health.answers(one={"code": 401}), name="check", check=True
)
def test_a_broken_model_fails_the_task(outcomes: dict[str, Outcome]) -> None:
    """Through both doors and in check mode alike, and the other checks are there too."""
    for outcome in outcomes.values():
        failed = outcome.failure("health-finding")
        assert failed.message == (
            f"{outcome.instance.url}: One check failed: self-hosted model one: ERROR: The "
            "self-hosted model server returned code 401. Set a valid API key (api_key of "
            "duo_self_hosted_model); for Bedrock, check the credentials of the gateway."
        )
        assert [it["success"] for it in failed.values["checks"]] == [True, True, True, False, True]
        assert outcome.writes == []


@pytest.mark.case(
    ("duo_health", {"attempts": 2, "delay": 0}), seed=health.answers(two={"timeouts": 9})
)
def test_a_model_that_stays_cold(outcome: Outcome) -> None:
    """It was asked as often as wanted, the others once."""
    assert "(closed)>. GitLab was asked 2 times." in outcome.failure("health-finding").message
    assert len(outcome.only.requests) == 2 + 2 + 1


@pytest.mark.case(
    ("duo_health", {"api_token": credentials.USER_TOKEN}), name="not-administrator", seed={}
)
@pytest.mark.case(("duo_health", {}), name="no-license", seed={"license": None})
@pytest.mark.case(
    ("duo_health", {"api_token": credentials.READONLY_TOKEN, "checks": ["connections"]}),
    name="health-findings",
    seed=health.SEED,
)
@pytest.mark.case(("duo_health", {"attempts": 0}), name="invalid-option")
def test_not_permitted(outcomes: dict[str, Outcome]) -> None:
    """Whose right is missing is what the failure says."""
    for code, outcome in outcomes.items():
        outcome.failure(code)
    assert "scope api" in outcomes["health-findings"].only.message


# --- a real model server -------------------------------------------------------------------------
@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts model servers."""
    servers: list[ModelServer] = []

    def begin(**keywords: Any) -> ModelServer:
        servers.append(ModelServer("mistral-small", KEY, **keywords))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def behind(instance: Instance, server: ModelServer, **model: Any) -> None:
    """Put a model server behind a GitLab."""
    one = {"name": "m", "model": "mistral", "endpoint": server.endpoint}
    given = {**one, "identifier": "custom_openai/mistral-small", "api_token": KEY, **model}
    instance.seed(
        gateway=health.SEED["gateway"],
        models=[given],
        options={"real_connection_checks": True},
    )


@pytest.mark.parametrize(
    ("model", "cold", "statuses", "said"),
    [
        ({}, 0, [200], ""),
        ({"api_token": "key-that-is-wrong-0002"}, 0, [401], "Set a valid API key"),
        ({"api_token": None}, 0, [401], "Set a valid API key"),
        ({"identifier": "custom_openai/mistral-large"}, 0, [404], "Check endpoint"),
        ({"endpoint": "/chat"}, 0, [404], "ends in /v1"),
        ({"endpoint": "http://127.0.0.1:9/v1"}, 0, [], "Check that the model server runs"),
        # It takes GitLab's three seconds to be noticed.
        ({}, 1, [None, 200], ""),
    ],
    ids=["well", "wrong-key", "no-key", "wrong-name", "wrong-path", "down", "cold"],
)
def test_all_the_way_to_a_model_server(
    play: Play,
    start: Start,
    serve: Serve,
    model: dict[str, Any],
    cold: int,
    statuses: list[int | None],
    said: str,
) -> None:
    """From the task through GitLab to the model server: key, name and path are the stored ones."""
    (instance,) = start("18.9")
    server = serve(cold=cold)
    if str(model.get("endpoint")).startswith("/"):
        model = {"endpoint": server.endpoint + model["endpoint"]}
    behind(instance, server, **model)
    task = playbook.task("duo_health", {"delay": 0}, ignore_errors=True)
    run = play([playbook.one_play(task)], {"here": playbook.host(instance)}, "-vvv")
    result = run.one("here")
    assert result.status == ("failed" if said else "ok"), result.message
    assert said in result.message
    assert server.answers == statuses
    for key in (KEY, "key-that-is-wrong-0002"):
        assert key not in run.output


def test_19_4_names_what_a_model_server_has(play: Play, start: Start, serve: Serve) -> None:
    """GitLab asks the server itself, with the key that nobody sees."""
    (instance,) = start("19.4")
    server = serve()
    behind(instance, server, identifier="custom_openai/mistral-large")
    task = playbook.task("duo_health", {"checks": ["connections"]}, ignore_errors=True)
    run = play([playbook.one_play(task)], {"here": playbook.host(instance)}, "-vvv")
    result = run.one("here")
    assert result.status == "failed"
    assert "Did you mean custom_openai/mistral-small?" in result.message
    assert "Set identifier (duo_self_hosted_model) to one of the names" in result.message
    assert server.answers == [404, 200]
    assert KEY not in run.output


@pytest.mark.parametrize("door", ["action", "module"])
def test_the_gateway_from_the_controller(play: Play, start: Start, door: str) -> None:
    """Only if asked for, without the token, and with what it proves."""
    (instance, gateway, other) = start("18.9", "18.9", "18.9")
    answer = {"kind": "body", "body": "{}", "content_type": "application/json", "times": 0}
    gateway.faults({**answer, "match": {"path": "/monitoring/healthz"}})
    tasks = [
        playbook.task("duo_health", {"checks": checks, "fail_on": "never"}, name=name)
        for name, checks in (("asked", ["gateway"]), ("default", []))
    ]
    through = {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}
    plays = [playbook.one_play(*tasks, **(through if door == "module" else {}))]
    hosts = {}
    for name, it, url in (
        ("up", instance, gateway.url),
        ("wrong", gateway, other.url),
        ("down", other, "http://127.0.0.1:9"),
    ):
        it.seed(gateway={"ai_gateway_url": url})
        hosts[name] = playbook.host(it)
    run = play(plays, hosts)
    assert run.returncode == 0, run.output

    def check(host: str) -> dict[str, Any]:
        (only,) = run.one(host, "asked").values["checks"]
        return dict(only)

    assert check("up")["success"] is True
    assert "not that it answers GitLab" in check("up")["proves"]
    assert check("wrong")["message"].endswith("answered 302 to the controller.")
    assert "http://127.0.0.1:9/monitoring/healthz does not answer" in check("down")["message"]
    assert run.one("up", "default").values["checks"] == []
    asked = [it for it in gateway.requests() if it["path"] == "/monitoring/healthz"]
    assert [(it["method"], it["user"]) for it in asked] == [("GET", None)]


# --- the role ------------------------------------------------------------------------------------
def roles(instances: dict[str, Instance], **variables: Any) -> dict[str, dict[str, Any]]:
    """Return hosts of the role, with variables of it."""
    return worlds.hosts(
        instances, **{f"duo_self_hosted_{name}": value for name, value in variables.items()}
    )


def test_the_role_ends_with_it(play: Play, start: Start) -> None:
    """A broken model fails the run that changes something, and each that is asked to verify."""
    broken, lenient, off, less = started = start(*["18.9"] * 4)
    codestral = "https://codestral.example.com/v1"
    for instance in started:
        instance.seed(options={"connection_checks": {codestral: {"code": 404}}})
    hosts = {
        **roles({"broken": broken}),
        **roles({"lenient": lenient}, health={"fail_on": "never"}),
        **roles({"off": off}, verify=False),
        **roles({"less": less}, health={"checks": ["probes"]}),
    }
    for always in ([], ["-e", "duo_self_hosted_verify=always"]):
        if always:
            # Nothing has changed, so nothing is tested unless it is asked for.
            assert play(worlds.ROLE, hosts).succeeded().of("broken", worlds.VERIFY) == []
            hosts.pop("off")
        run = play(worlds.ROLE, hosts, *always)
        (failed,) = run.failed("broken")
        assert failed.task == worlds.VERIFY
        assert failed.message.startswith(
            f"{broken.url}: One check failed: self-hosted model codestral: ERROR: The self-hosted "
            "model server returned code 404. Check endpoint"
        )
        assert [it for name in hosts if name != "broken" for it in run.failed(name)] == []
        assert len(run.one("lenient", worlds.VERIFY).warnings) == 1
        assert run.of("off", worlds.VERIFY) == []
        names = {it["name"] for it in run.one("less", worlds.VERIFY).values["checks"]}
        assert "model_configuration_probe" not in names
        assert "feature_setting" in names
    assert [it for it in run.requests("broken") if it["write"]] == []
    # A dry run asks nobody: what it would ask for is not there yet.
    assert play(worlds.ROLE, hosts, "--check").of("broken", worlds.VERIFY) == []


def test_the_role_without_a_gateway(play: Play, start: Start) -> None:
    """Nothing behind GitLab is asked where no gateway is declared or there."""
    (instance,) = start("18.9")
    hosts = roles(
        {"here": instance},
        gateway={},
        models=[],
        features=[{"features": ["duo_chat"], "provider": "disabled"}],
    )
    (only,) = play(worlds.ROLE, hosts).succeeded().one("here", worlds.VERIFY).values["checks"]
    assert (only["name"], only["success"]) == ("feature_setting", True)


CLAUDE = {
    "name": "claude",
    "endpoint": "https://claude.example.com/v1",
    "identifier": "custom_openai/claude",
}
CHAT = {"features": ["duo_chat", "code_completions"], "model": "claude"}
AGENTS = {"features": ["duo_agent_platform", "duo_agent_platform_agentic_chat"], "model": "claude"}


def test_the_role_is_green_on_sound_instances(play: Play, start: Start) -> None:
    """Without a runner, GitLab's cloud or a licence for what nobody declares; it says so once."""
    behind_firewall, agents = start("19.4", "19.4")
    behind_firewall.seed(options={"cloud_reachable": False})
    agents.seed(license={"type": "offline_cloud"}, add_ons=[{"name": "SELF_HOSTED_DAP"}])
    service = {"duo_agent_platform_service_url": "aigw.example.com:50052"}
    common = {
        "gateway": {**health.SEED["gateway"], **service},
        "models": [{**CLAUDE, "model_family": "claude_3"}],
        "beta_features": {},
    }
    hosts = {
        **roles({"firewall": behind_firewall}, **common, features=[CHAT]),
        **roles({"agents": agents}, **common, features=[AGENTS]),
    }
    run = play(worlds.ROLE, hosts).succeeded()
    for name, said in (
        ("firewall", "cloud.gitlab.com connection failed"),
        ("agents", "License does not provide access to Code Suggestions."),
    ):
        verified = run.one(name, worlds.VERIFY)
        (warning,) = verified.warnings
        assert warning.startswith("These failed probes of GitLab do not count")
        assert said in warning
        assert "No instance runner with the 'gitlab--duo' tag" in warning
        failed = [it for it in verified.values["checks"] if not it["success"]]
        assert {it["concerns"] for it in failed} == {False}


def test_the_role_names_a_setting_that_did_not_stay(play: Play, start: Start) -> None:
    """Somebody else changes it behind the task that set it."""
    (instance,) = start("18.9")
    worlds.seed_as_declared(instance)
    meddle = {
        "name": "Meddle",
        "ansible.builtin.uri": {
            "url": instance.url + "/_sandbox/seed",
            "method": "POST",
            "body_format": "json",
            "body": {"features": {"duo_chat": {"provider": "disabled"}}},
        },
        "delegate_to": "localhost",
    }
    verify = playbook.task(
        "duo_health",
        {"checks": [], "settings": "{{ duo_self_hosted_features }}"},
        name=worlds.VERIFY,
    )
    run = play([playbook.one_play(meddle, verify)], roles({"here": instance}))
    assert run.failed("here")[0].message == (
        f"{instance.url}: One check failed: feature duo_chat: It is not as declared; still to do: "
        "change feature duo_chat (disabled -> self_hosted mistral). Run again, and find out who "
        "else changes it."
    )

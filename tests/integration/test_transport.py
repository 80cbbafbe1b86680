# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to GitLab through real servers: certificates, proxies, redirects, kinds of URLs.

nginx is in front of the sandbox and tinyproxy in front of nginx. Each case is for both doors.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import playbook
import pytest
from playbook import Result, Run
from site_network import Network
from transport_cases import CASES, ENVIRONMENTS, PLAIN, SECRETS

from sandbox import credentials

DOORS = {"action": {}, "module": {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}}
# Through the module goes a third, and whatever holds a secret of its own.
ALL = [
    (environment, name, door)
    for environment, cases in CASES.items()
    for number, (name, case) in enumerate(cases.items())
    for door in DOORS
    if door == "action" or number % 3 == 0 or "assw" in str(case.options)
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Start the servers."""
    started = Network(tmp_path_factory.mktemp("network"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def runs(network: Network, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Run all cases: one `ansible-playbook` for each environment, through both doors."""
    done = {}
    for environment, cases in CASES.items():
        folder = tmp_path_factory.mktemp(environment)
        secret = f"login me password {SECRETS['netrc']}"
        (folder / ".netrc").write_text(f"machine 127.0.0.1 {secret}\ndefault {secret}\n")
        (folder / ".netrc").chmod(0o600)
        hosts = {
            name: {
                "duo": {"api_token": credentials.ADMIN_TOKEN, "retries": 0},
                "wanted": network.filled(case.options),
            }
            for name, case in cases.items()
        }
        groups: dict[str, list[str]] = {}
        for where, name, door in ALL:
            if where == environment:
                groups.setdefault(f"{door}__{cases[name].module}", []).append(name)
        plays = [
            playbook.one_play(
                playbook.task(group.partition("__")[2], "wanted", ignore_errors=True),
                # They share a GitLab: two at once would throw its beta switch twice.
                serial=1 if "beta" in group else 0,
                **{"hosts": group, "name": group, **DOORS[group.partition("__")[0]]},
            )
            for group in groups
        ]
        done[environment] = playbook.run(
            *(folder, plays, hosts, "-vvvvv"),
            groups=groups,
            extra={
                **network.filled(ENVIRONMENTS[environment]),
                "ANSIBLE_INJECT_INVOCATION": "1",
            },
        )
    return done


def result_of(runs: dict[str, Run], environment: str, name: str, door: str) -> Result:
    """Return what became of a case."""
    (found,) = [it for it in runs[environment].of(name) if it.play.startswith(door)]
    return found


@pytest.mark.parametrize(("environment", "name", "door"), ALL, ids=map("-".join, ALL))
def test_case(
    runs: dict[str, Run], network: Network, environment: str, name: str, door: str
) -> None:
    """It succeeds, or fails with the sentence that says what is wrong and what helps."""
    case = CASES[environment][name]
    result = result_of(runs, environment, name, door)
    assert result.status == ("failed" if case.code else "ok"), result.message
    if case.code:
        assert result.code in case.code.split(" or "), result.message
        assert case.said.format_map(network.names) in result.message
        assert "\n" not in result.message
        assert result.values["failure"]["next_step"]
    warned = [text for text in result.warnings if "api_url uses plain http" in text]
    assert len(warned) == case.warns


def test_no_secret_is_shown(runs: dict[str, Run]) -> None:
    """Neither in what is printed at -vvvvv, options included, nor in results."""
    for environment, run in runs.items():
        assert '"invocation"' in run.output
        texts = run.output + json.dumps([it.values for it in run.results])
        assert not [name for name, secret in SECRETS.items() if secret in texts], environment


def test_a_redirect_takes_nothing_along(runs: dict[str, Run], network: Network) -> None:
    """Where redirects lead, nothing arrives at all."""
    for name in ("other_host", "to_http", "to_file", "to_nowhere", "to_login", "plain_to_https"):
        asked = network.nginx.seen(name)
        assert asked, name
        assert {it["authorization"] for it in asked} == {f"Bearer {credentials.ADMIN_TOKEN}"}
    assert network.nginx.seen("elsewhere") == network.nginx.seen("elsewhere_plain") == []


def test_what_servers_are_sent(runs: dict[str, Run], network: Network) -> None:
    """The token and nothing else to GitLab, nothing before TLS stands, no word of a .netrc."""
    for name in ("trusted", "plain", "asks"):
        seen = network.nginx.seen(name)
        api = [it for it in seen if it["uri"].endswith("/api/graphql") and it["status"] == "200"]
        assert {it["authorization"] for it in api} == {f"Bearer {credentials.ADMIN_TOKEN}"}
        # The pages know cookies, and no token.
        pages = [it for it in seen if it["uri"].endswith("/users/sign_in")]
        assert {it["authorization"] for it in pages} <= {""}
        assert {it["proxy_authorization"] for it in seen if name != "plain"} <= {""}
    # A certificate that is refused gets no request; these had validate_certs: false.
    unchecked = [case for cases in CASES.values() for case in cases.values()]
    for name in ("expired", "self_signed", "misnamed"):
        without = [
            it
            for it in unchecked
            if it.options["api_url"] == f"{{{name}}}" and not it.options.get("validate_certs", True)
        ]
        assert bool(network.nginx.seen(name)) == bool(without)
    assert {it["client"] for it in network.nginx.seen("asks") if it["status"] == "200"} == {
        "CN=client"
    }
    hosts = {it["host"] for it in network.nginx.seen("plain")}
    assert {"[2001:db8::1]:8080", "gitläb.test".encode("idna").decode(), "gitlab.test"} <= hosts


def test_what_the_proxy_is_asked(runs: dict[str, Run], network: Network) -> None:
    """https goes through CONNECT, where no proxy can read it; NO_PROXY goes past it."""
    asked = network.proxy.asked()
    trusted = network.nginx.ports["trusted"]
    tunnels = {line.split()[1] for line in asked if line.startswith("CONNECT ")}
    assert {f"127.0.0.1:{trusted}", f"localhost:{trusted}"} <= tunnels
    others = [line for line in asked if not line.startswith("CONNECT ")]
    assert {line.split()[1].split("/")[2] for line in others} == {
        *("gitlab.test", "gitläb.test".encode("idna").decode())
    }


@pytest.mark.parametrize("door", DOORS)
def test_plain_http_is_warned_of_once(network: Network, tmp_path: pathlib.Path, door: str) -> None:
    """Not for each item and each task."""
    hosts = {
        "here": {
            "duo": {"api_token": credentials.ADMIN_TOKEN},
            "wanted": network.filled(PLAIN),
        }
    }
    tasks = [
        playbook.task("duo_info", "wanted", loop=[1, 2, 3]),
        playbook.task("duo_info", "wanted"),
    ]
    run = playbook.run(tmp_path, [playbook.one_play(*tasks, **DOORS[door])], hosts).succeeded()
    assert "".join(run.output.split()).count("api_urlusesplainhttp") == 1

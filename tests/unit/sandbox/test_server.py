# SPDX-License-Identifier: GPL-3.0-or-later
"""The real server: several instances, dropped connections, stopping."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CREATE = (
    'mutation { aiSelfHostedModelCreate(input: {name: "m", model: GPT, endpoint: "http://x"})'
    " { errors } }"
)


def call(port, method, path, data=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "content-type": "application/json",
        "private-token": "glpat-sandbox-admin-0001",
    }
    body = None if data is None else json.dumps(data)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    seed = tmp_path_factory.mktemp("sandbox") / "seed.json"
    seed.write_text(json.dumps({"gateway": {"ai_gateway_url": "http://gw.example.com"}}))
    command = [sys.executable, "-m", "sandbox", "--instance", "17.9:0", "--instance", "19.x:0"]
    command += ["--relative-url-root", "/gitlab", "--state", str(seed), "--exit-with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _dummy in range(2)]
        yield process, lines
        process.kill()


def test_two_instances_announce_themselves(server):
    old, new = server[1]
    assert (old["version"], new["version"]) == ("17.9.2-ee", "19.5.2-ee")
    assert old["url"] == f"http://127.0.0.1:{old['port']}/gitlab"
    for one in (old, new):
        query = {"query": "{ metadata { version } duoSettings { aiGatewayUrl } }"}
        status, text = call(one["port"], "POST", "/gitlab/api/graphql", query)
        assert status == 200
        assert json.loads(text)["data"] == {
            "metadata": {"version": one["version"]},
            "duoSettings": {"aiGatewayUrl": "http://gw.example.com"},
        }


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", []), ("drop_after", ["m"])])
def test_dropped_connections(server, kind, kept):
    port = server[1][0]["port"]
    call(port, "POST", "/_sandbox/reset")
    call(port, "POST", "/_sandbox/faults", {"faults": [{"kind": kind}]})
    with pytest.raises(ConnectionError):
        call(port, "POST", "/gitlab/api/graphql", {"query": CREATE})
    state = json.loads(call(port, "GET", "/_sandbox/state")[1])
    assert [one["name"] for one in state["models"]] == kept
    journal = json.loads(call(port, "GET", "/_sandbox/journal")[1])["requests"]
    assert [(one["write"], one["status"]) for one in journal] == [(True, None)]


def test_a_refused_connection(server):
    port = server[1][1]["port"]
    call(port, "POST", "/_sandbox/faults", {"faults": [{"kind": "refuse", "seconds": 0.5}]})
    with pytest.raises(ConnectionResetError):
        call(port, "POST", "/gitlab/api/graphql", {"query": CREATE})
    with pytest.raises(ConnectionRefusedError):
        call(port, "GET", "/_sandbox/")
    for _dummy in range(100):
        try:
            state = json.loads(call(port, "GET", "/_sandbox/state")[1])
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    assert state["models"] == []
    # The other instance of the process has not noticed.
    assert call(server[1][0]["port"], "GET", "/_sandbox/")[0] == 200


def test_it_dies_with_its_parent():
    child = (
        "import subprocess, sys; "
        "p = subprocess.Popen([sys.executable, '-m', 'sandbox', '--instance', '18.9:0', "
        "'--exit-with-parent'], stdout=subprocess.PIPE, text=True); "
        "print(p.stdout.readline(), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], cwd=ROOT, capture_output=True, text=True, check=True
    )
    port = json.loads(done.stdout)["port"]
    for _dummy in range(100):
        try:
            call(port, "GET", "/_sandbox/")
        except ConnectionError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its parent")


def test_sigterm_stops_at_once(server):
    process, lines = server
    assert call(lines[0]["port"], "GET", "/_sandbox/")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0

# SPDX-License-Identifier: GPL-3.0-or-later
"""`gitlab-rails runner`: real Ruby against a running instance."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox import gitlab_rails

ROOT = Path(__file__).resolve().parents[3]
VERSIONS = ["17.9", "18.9", "19.1", "19.2"]
READ = "puts Ai::TestingTermsAcceptance.has_accepted?"
WHO = "puts Ai::TestingTermsAcceptance.pluck(:user_id, :user_email).to_json"
ACCEPT = (
    "no = ->(why) { puts :refused; abort(why) }; "
    'u = begin; User.find_by!(username: "root"); rescue => e; no[e.message]; end; '
    "r = Ai::TestingTermsAcceptance.exists?(user_id: u.id) ? nil : "
    "Ai::SelfHostedModels::TestingTermsAcceptance::CreateService.new(u).execute; "
    "no[r.message] if r&.error?; puts :on"
)
ALL_OFF = (
    "Ai::TestingTermsAcceptance.all.map("
    "&Ai::SelfHostedModels::TestingTermsAcceptance::DestroyService.method(:new)).each(&:execute); "
    "puts Ai::TestingTermsAcceptance.has_accepted?"
)
SYNC = "puts Gitlab::SeatLinkData.new(refresh_token: true).sync ? :queued : :not_applicable"
READ_URL = "puts Ai::Setting.instance.ai_gateway_url.inspect"
SET_URL = 'Ai::Setting.instance.update!(ai_gateway_url: "http://gw.example.com:5052/"); puts :ok'
NOT_RUBY = "Please specify a valid ruby command or the path of a script to run.\n"


class Node:
    """A GitLab node with its instance."""

    def __init__(self, url, folder):
        self.url = url
        self.address = urlsplit(url).netloc
        folder.mkdir()
        self.command = [str(gitlab_rails.install(folder, url)), "runner"]

    def ask(self, method, path, data=None):
        body = None if data is None else json.dumps(data)
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as connection:
            connection.request(method, f"/_sandbox/{path}", body)
            return json.load(connection.getresponse())

    def run(self, code):
        """The answer without the first line, which is never part of it."""
        done = subprocess.run([*self.command, code], capture_output=True, text=True, check=False)
        assert done.returncode != gitlab_rails.EXIT_NO_RUBY, done.stderr
        noise, dummy, said = done.stdout.partition("\n")
        assert noise == gitlab_rails.NOISE, dummy
        return done.returncode, said, done.stderr

    def says(self, code):
        status, said, error = self.run(code)
        assert (status, error) == (0, ""), (said, error)
        return said.strip()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    command = [sys.executable, "-m", "sandbox", "--exit-with-parent"]
    command += ["--relative-url-root", "/gitlab"]
    for version in VERSIONS:
        command += ["--instance", f"{version}:0"]
    folder = tmp_path_factory.mktemp("rails")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = {}
        for version in VERSIONS:
            url = json.loads(process.stdout.readline())["url"]
            started[version] = Node(url, folder / version)
        yield started
        process.kill()


@pytest.fixture
def node_of(nodes):
    def pristine(version):
        nodes[version].ask("POST", "reset")
        return nodes[version]

    return pristine


@pytest.fixture
def node(node_of):
    return node_of("18.9")


@pytest.mark.parametrize("version", ["17.9", "19.2"])
def test_beta(node_of, version):
    node = node_of(version)
    assert node.says(READ) == "false"
    assert node.says(ACCEPT) == "on"
    assert node.says(ACCEPT) == "on"
    assert node.says(READ) == "true"
    assert json.loads(node.says(WHO)) == [[1, "root@example.com"]]
    state = node.ask("GET", "state")
    assert state["beta_acceptances"][0]["username"] == "root"
    assert state["audit_events"] == ["self_hosted_model_terms_accepted"]
    assert node.says(ALL_OFF) == "false"
    assert node.ask("GET", "state")["beta_on"] is False


def test_rows_of_everybody_go(node):
    node.ask("POST", "seed", {"beta_acceptances": ["root", "second", "gone"]})
    assert node.says("puts Ai::TestingTermsAcceptance.pluck(:user_email).size") == "3"
    assert node.says(ALL_OFF) == "false"


def test_the_journal(node):
    for code in (READ, ACCEPT, ACCEPT, ALL_OFF, SYNC):
        node.says(code)
    entries = node.ask("GET", "journal")["requests"]
    assert [one["write"] for one in entries] == [False, True, False, True, True]
    assert entries[0]["method"] == "RUNNER"


def test_it_asks_nobodys_rights(node):
    node.ask("POST", "seed", {"license": None})
    assert node.says(ACCEPT.replace("root", "alice")) == "on"


def test_accepting_twice_raises(node):
    node.ask("POST", "seed", {"beta_acceptances": ["root"]})
    create = "Ai::SelfHostedModels::TestingTermsAcceptance::CreateService"
    status, said, error = node.run(f'{create}.new(User.find_by!(username: "root")).execute')
    assert (status, said) == (1, "")
    assert error.startswith("ActiveRecord::RecordNotUnique: PG::UniqueViolation: ERROR:  duplicate")
    assert "\tfrom " in error


@pytest.mark.parametrize(
    ("license_", "answer"),
    [
        ({}, "queued"),
        (None, "not_applicable"),
        ({"type": "offline_cloud"}, "not_applicable"),
        ({"type": "legacy_license"}, "not_applicable"),
        ({"expires_at": None}, "not_applicable"),
    ],
)
def test_sync(node, license_, answer):
    node.ask("POST", "seed", {"license": license_})
    before = node.ask("GET", "state")["license"]
    assert node.says(SYNC) == answer
    after = node.ask("GET", "state")["license"]
    assert (after != before) == (answer == "queued")


@pytest.mark.parametrize("version", ["17.9", "18.9", "19.1"])
def test_settings(node_of, version):
    node = node_of(version)
    assert node.says(READ_URL) == "nil"
    assert node.says(SET_URL) == "ok"
    assert node.says(READ_URL) == '"http://gw.example.com:5052/"'
    status, said, error = node.run(SET_URL.replace("http:", "ftp:"))
    joint = " is not allowed:" if version == "17.9" else ""
    text = f"Validation failed: Ai gateway url{joint} Only allowed schemes are http, https\n"
    assert (status, said) == (1, "")
    assert error.startswith(f"ActiveRecord::RecordInvalid: {text}\tfrom ")
    assert node.says(READ_URL) == '"http://gw.example.com:5052/"'


def test_settings_moved_in_19_2(node_of):
    status, said, error = node_of("19.2").run(READ_URL)
    assert (status, said) == (1, "")
    assert error.startswith(NOT_RUBY)
    assert "uninitialized constant Ai::Setting" in error


def test_columns_of_settings_by_release(node_of):
    code = "puts Ai::Setting.instance.ai_gateway_timeout_seconds"
    assert node_of("18.9").says(code) == "60"
    assert "undefined method" in node_of("17.9").run(code)[2]
    update = "Ai::Setting.instance.update!(%s)"
    node = node_of("18.9")
    assert "is not a number" in node.run(update % 'ai_gateway_timeout_seconds: "x"')[2]
    error = node.run(update % "nothing: 1")[2]
    assert error.startswith(NOT_RUBY)
    assert "unknown attribute 'nothing' for Ai::Setting." in error


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("puts Ai::TestingTermAcceptance.has_accepted?", "uninitialized constant Ai::TestingTermA"),
        ("puts Ai::TestingTermsAcceptance.accepted?", "undefined method"),
        ("puts nothing", "undefined local variable or method"),
        ('puts "', "unterminated string"),
        ("StandIn.call('accept', user_id: 1) if", "syntax error"),
    ],
)
def test_names_and_syntax(node, code, text):
    status, said, error = node.run(code)
    assert (status, said) == (1, "")
    assert error.startswith(NOT_RUBY)
    assert text in error
    assert node.ask("GET", "state")["beta_on"] is False


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('User.find_by!(username: "nobody")', "ActiveRecord::RecordNotFound: Couldn't find User"),
        ('User.find_by!(user: "root")', "ActiveRecord::StatementInvalid: PG::UndefinedColumn"),
        ("puts Ai::TestingTermsAcceptance.pluck(:id)", "ActiveRecord::StatementInvalid: PG::"),
        ("Gitlab::SeatLinkData.new(token: 1)", "ArgumentError: unknown keyword: :token"),
        ("raise 'no'", "RuntimeError: no"),
    ],
)
def test_exceptions(node, code, text):
    status, said, error = node.run(code)
    assert (status, said) == (1, "")
    assert error.startswith(text)
    assert "\tfrom (runner):1:in" in error


def test_exit_statuses(node):
    assert node.run("abort('no')")[::2] == (1, "no\n")
    assert node.run("exit 3")[0] == 3


def test_community_edition(node):
    node.ask("POST", "seed", {"options": {"enterprise": False}})
    assert "uninitialized constant Ai" in node.run(READ)[2]


def call_module(*arguments, **environment):
    command = [sys.executable, "-m", "sandbox.gitlab_rails", *arguments]
    environment = {**os.environ, "GITLAB_SANDBOX_URL": "", **environment}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_address_from_the_environment(node):
    # A proxy in the environment must not come between.
    done = call_module("runner", READ, GITLAB_SANDBOX_URL=node.url, http_proxy="http://127.0.0.1:9")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "false")


def test_without_an_address():
    done = call_module("runner", READ)
    assert done.returncode == 2
    assert "GITLAB_SANDBOX_URL" in done.stderr


def test_without_ruby(node):
    done = call_module("--url", node.url, "runner", READ, PATH="/nonexistent")
    assert done.returncode == gitlab_rails.EXIT_NO_RUBY
    assert "`ruby` is not installed" in done.stderr


def test_without_an_instance():
    done = call_module("--url", "http://127.0.0.1:9", "runner", READ)
    assert done.returncode == 1
    assert "ECONNREFUSED" in done.stderr

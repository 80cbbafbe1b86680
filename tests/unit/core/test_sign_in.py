# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two ways to do what a token cannot: which one is used, and gitlab-rails runner itself."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import Failure, Unclear
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.apply import apply
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import rails as _rails
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab import sign_in
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.admin_session import (
    ADMIN,
    AdminSession,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.sign_in import SignIn
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    beta_features,
    subscription,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.pages import (
    ADMIN_FORM,
    CONFIGURATION,
    TOGGLE,
    WRONG,
    Site,
    alert,
    page,
    redirect,
    visited,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import connection, release

PASSWORD = {"username": "root", "password": "must-not-show"}
COOKIE = {"session_cookie": "must-not-show"}


# --- options -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({}, None),
        ({"username": "root"}, None),
        ({"password": "p"}, None),
        (PASSWORD, sign_in.SESSION),
        (COOKIE, sign_in.SESSION),
        ({**PASSWORD, "via": "session"}, sign_in.SESSION),
        ({**PASSWORD, "rails_command": ["x"]}, sign_in.SESSION),
        ({"rails_command": ["x"]}, sign_in.RAILS_RUNNER),
        ({"via": "rails_runner"}, sign_in.RAILS_RUNNER),
        ({**PASSWORD, "via": "rails_runner"}, sign_in.RAILS_RUNNER),
    ],
)
def test_which_way(options: dict[str, Any], way: str | None) -> None:
    checked = SignIn.of(options)
    assert checked.way == way
    assert "must-not-show" not in repr(checked)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"username": "a b"}, "username: "),
        ({"username": 'a"; exit'}, "username: "),
        ({"username": "#{exit}"}, "username: "),
        ({"username": "a\\"}, "username: "),
        ({"username": "a\n"}, "username: "),
        ({"username": "x" * 256}, "username: "),
        ({"session_cookie": "a=must-not-show; b"}, "session_cookie: "),
        ({"session_cookie": "must-not-show\r\nX: y"}, "session_cookie: "),
        ({"rails_command": []}, "rails_command: is empty"),
        ({"rails_command": ["sudo", ""]}, "rails_command: is empty"),
        ({"via": "session"}, "via: session needs username and password, or session_cookie"),
        ({"via": "session", "username": "root"}, "via: session needs"),
    ],
)
def test_refuses(options: dict[str, Any], told: str) -> None:
    with pytest.raises(Failure) as caught:
        SignIn.of(options)
    assert caught.value.code == messages.INVALID_OPTION.code
    assert caught.value.what.startswith(told)
    assert "must-not-show" not in caught.value.sentence()


# --- a cookie instead of a password --------------------------------------------------------------
def test_a_cookie_needs_no_form_and_is_not_signed_out(serve) -> None:
    server = serve(Site())
    admin = AdminSession(connection(server.url), SignIn.of(COOKIE))
    assert admin.beta_state() == (False, TOGGLE)
    admin.close()
    assert visited(server) == [f"GET {CONFIGURATION}"]
    assert server.requests[0].headers["Cookie"] == "_gitlab_session=must-not-show"


@pytest.mark.parametrize(
    ("target", "told"),
    [("/users/sign_in", "the session is not accepted"), ("/admin/session/new", "Admin Mode is on")],
)
def test_a_cookie_that_is_not_enough(serve, target: str, told: str) -> None:
    paths = (CONFIGURATION, "/admin/gitlab_duo", "/admin/gitlab_duo/self_hosted")
    server = serve(Site({f"GET {path}": redirect(target) for path in paths}))
    with pytest.raises(Failure) as caught:
        AdminSession(connection(server.url), SignIn.of(COOKIE)).beta_state()
    assert caught.value.code == messages.PAGE_REFUSED.code
    assert told in caught.value.what
    assert "session_cookie" in caught.value.next_step
    assert "must-not-show" not in caught.value.sentence()


@pytest.mark.parametrize("username", [{}, {"username": "somebody-else"}], ids=["none", "another"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (alert(WRONG) + ADMIN_FORM, "refused the sign-in of the session's account: Invalid login"),
        ('<form class="js-2fa-form"></form>', "Signing in as the session's account needs more"),
    ],
)
def test_the_account_of_a_cookie_has_no_name(
    serve, username: dict[str, str], answer: str, told: str
) -> None:
    """A cookie and a password where Admin Mode is on: the cookie tells nobody's name."""
    site = Site(
        {
            f"GET {CONFIGURATION}": redirect("/admin/session/new"),
            "GET /admin/session/new": page(ADMIN_FORM),
            "POST /admin/session": page(answer),
        }
    )
    options = SignIn.of({**COOKIE, "password": "must-not-show", **username})
    with pytest.raises(Failure) as caught:
        AdminSession(connection(serve(site).url), options).beta_state()
    assert told in caught.value.what
    assert "None" not in caught.value.sentence()


# --- the subscription ----------------------------------------------------------------------------
SYNC = "POST /admin/license/sync_seat_link.json"


@pytest.mark.parametrize(
    ("status", "body", "synced"), [(200, {"success": True}, True), (422, {"success": False}, False)]
)
def test_synchronises(serve, status: int, body: dict, synced: bool) -> None:
    reply = page("", status=status)
    reply.body, reply.headers = body, {}
    pages = {f"GET {CONFIGURATION}": redirect("/admin/gitlab_duo")}  # as without an add-on
    server = serve(Site({**pages, f"GET {ADMIN}": page("", csrf="fresh"), SYNC: reply}))
    assert AdminSession(connection(server.url), SignIn.of(PASSWORD)).synchronise() is synced
    (post,) = [it for it in server.requests if it.path.endswith(".json")]
    assert post.headers["X-CSRF-Token"] == "fresh"


def test_a_refused_csrf_token_is_not_nothing_to_synchronise(serve) -> None:
    reply = page("", status=422)
    reply.body, reply.headers = {"status": 422, "error": "Unprocessable Entity"}, {}
    server = serve(Site({f"GET {ADMIN}": page(""), SYNC: reply}))
    with pytest.raises(Failure, match="CSRF token is not accepted"):
        AdminSession(connection(server.url), SignIn.of(PASSWORD)).synchronise()


# --- gitlab-rails runner -------------------------------------------------------------------------
def runner(tmp_path: Any, prints: str, *, status: int = 0, complains: str = "") -> Any:
    """Return a runner whose command notes its arguments, prints and ends."""
    script = tmp_path / "runner.py"
    script.write_text(
        "import json, sys\n"
        f"open({str(tmp_path / 'given')!r}, 'w').write(json.dumps(sys.argv[1:]))\n"
        f"print({prints!r})\n"
        f"print({complains!r}, file=sys.stderr)\n"
        f"sys.exit({status})\n"
    )
    return SignIn.of({"rails_command": [sys.executable, str(script)]})


@pytest.mark.parametrize(
    ("call", "prints", "answer", "code"),
    [
        ("beta_state", "true", True, "TestingTermsAcceptance.has_accepted?"),
        ("beta_state", "warning: old\n  false ", False, "TestingTermsAcceptance.has_accepted?"),
        ("withdraw_all", "false\nsome notice", False, "DestroyService"),
        ("withdraw_all", "true", True, "DestroyService"),
        ("synchronise", "queued", True, "SeatLinkData"),
        ("synchronise", "not_applicable", False, "SeatLinkData"),
    ],
)
def test_runs(tmp_path, call: str, prints: str, answer: bool, code: str) -> None:
    rails = _rails.RailsRunner(runner(tmp_path, prints))
    assert getattr(rails, call)() is answer
    (given,) = json.loads((tmp_path / "given").read_text())
    assert code in given


def test_accepts_for_one_administrator(tmp_path) -> None:
    _rails.RailsRunner(runner(tmp_path, "on")).accept("root")
    (given,) = json.loads((tmp_path / "given").read_text())
    assert 'User.find_by!(username: "root")' in given
    assert "exists?(user_id: u.id)" in given


@pytest.mark.parametrize(
    ("prints", "status", "complains", "told"),
    [
        (
            "true",
            1,
            "x: warning: old\nNotFound: No user.\n\tfrom x",
            "1, NotFound: No user)",
        ),
        (
            "",
            1,
            "Please specify a valid ruby command.\nNameError: Ai",
            "exit status 1, NameError: Ai",
        ),
        ("nothing that is known", 0, "", "exit status 0"),
        ("not true", 0, "a warning", "exit status 0, a warning"),
        ("", 137, "", "exit status 137"),
    ],
)
def test_tells_why_it_failed(tmp_path, prints: str, status: int, complains: str, told: str) -> None:
    options = runner(tmp_path, prints, status=status, complains=complains)
    with pytest.raises(Failure) as caught:
        _rails.RailsRunner(options).beta_state()
    assert caught.value.code == messages.RAILS_FAILED.code
    assert told in caught.value.what


WRITES = {
    "accept": lambda rails: rails.accept("root"),
    "withdraw all": lambda rails: rails.withdraw_all(),
    "synchronise": lambda rails: rails.synchronise(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    ("prints", "status"),
    [("", 1), ("on", 137), ("nothing that is known", 0), ("", -15)],
    ids=["lost", "killed", "no answer", "ended"],
)
def test_a_write_without_an_answer_may_have_been_done(
    tmp_path, write: Any, prints: str, status: int
) -> None:
    options = runner(tmp_path, prints, status=status % 256, complains="error: EOF")
    with pytest.raises(Unclear, match="error: EOF") as caught:
        write(_rails.RailsRunner(options))
    assert (caught.value.code, caught.value.retry) == (messages.RAILS_FAILED.code, False)
    assert caught.value.late


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_takes_too_long_may_have_been_done(
    tmp_path, monkeypatch: pytest.MonkeyPatch, write: Any
) -> None:
    monkeypatch.setattr(_rails, "TIMEOUT", 0.2)
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(Unclear, match=r"did not finish within 0\.2 s"):
        write(_rails.RailsRunner(SignIn.of({"rails_command": sleeps})))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(("prints", "status"), [("refused", 1), ("", 126), ("", 127)])
def test_a_write_that_was_not_begun_was_not_done(
    tmp_path, write: Any, prints: str, status: int
) -> None:
    with pytest.raises(Failure, match=f"exit status {status}, no") as caught:
        write(_rails.RailsRunner(runner(tmp_path, prints, status=status, complains="no")))
    assert not isinstance(caught.value, Unclear)


@pytest.mark.parametrize("shows", [True, False], ids=["done all the same", "not seen"])
def test_on_a_node_alone_a_lost_answer_is_read_again(tmp_path, shows: bool) -> None:
    # Without libraries nothing but the runner reads.
    state = tmp_path / "state"
    state.write_text("false")
    script = tmp_path / "runner.py"
    script.write_text(
        "import pathlib, sys\n"
        f"state = pathlib.Path({str(state)!r})\n"
        "if 'CreateService' in sys.argv[1]:\n"
        f"    state.write_text({('true' if shows else 'false')!r})\n"
        "    sys.exit('error: EOF')\n"
        "print(state.read_text())\n"
    )
    wanted = beta_features.options(
        {
            "enabled": True,
            "accept_testing_agreement": True,
            "username": "root",
            "rails_command": [sys.executable, str(script)],
        }
    )

    def replan() -> Any:
        return beta_features.plan(wanted, beta_features.observe(None, wanted))

    told = ["change beta features (enabled: false -> true)"]
    if shows:
        assert apply(None, replan(), replan) == told
        return
    with pytest.raises(Unclear, match="error: EOF") as caught:
        apply(None, replan(), replan)
    assert (caught.value.done, caught.value.not_done, caught.value.unknown) == ([], [], told)


def test_tells_that_there_is_no_such_command(tmp_path) -> None:
    options = SignIn.of({"rails_command": [str(tmp_path / "missing"), "runner"]})
    with pytest.raises(Failure) as caught:
        _rails.RailsRunner(options).beta_state()
    assert caught.value.code == messages.RAILS_NOT_FOUND.code


def test_tells_that_it_cannot_be_run(tmp_path) -> None:
    program = tmp_path / "not-executable"
    program.touch(0o600)
    with pytest.raises(Failure) as caught:
        _rails.RailsRunner(SignIn.of({"rails_command": [str(program)]})).beta_state()
    assert caught.value.code == messages.RAILS_FAILED.code
    assert "Permission denied" in caught.value.what


def test_does_not_wait_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(_rails, "TIMEOUT", 0.2)
    # It reads its code from what follows, as the runner does, and never ends.
    forever = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    with pytest.raises(Failure) as caught:
        _rails.RailsRunner(SignIn.of({"rails_command": forever})).beta_state()
    assert caught.value.code == messages.RAILS_FAILED.code
    assert "it did not finish within 0.2 s" in caught.value.what


# --- the beta switch through the runner ----------------------------------------------------------
def switch(options: Any, *, enabled: bool, username: str | None = "root") -> Any:
    """Return what a plan would do on the node."""
    wanted = beta_features.options(
        {
            "enabled": enabled,
            "accept_testing_agreement": True,
            "username": username,
            "rails_command": options.rails_command,
        }
    )
    found = beta_features.ObservedBetaFeatures(enabled=not enabled, release=release("18.9"))
    (step,) = beta_features.plan(wanted, found).steps
    return step.call


def test_turns_on_and_off_on_the_node(tmp_path) -> None:
    switch(runner(tmp_path, "on"), enabled=True).perform(None)
    (given,) = json.loads((tmp_path / "given").read_text())
    assert "CreateService" in given
    assert 'username: "root"' in given
    switch(runner(tmp_path, "false"), enabled=False).perform(None)
    assert "DestroyService" in (tmp_path / "given").read_text()


def test_says_that_it_stays_on(tmp_path) -> None:
    with pytest.raises(Failure) as caught:
        switch(runner(tmp_path, "true"), enabled=False).perform(None)
    assert (caught.value.code, caught.value.about) == (messages.BETA_STAYS_ON.code, "beta features")


def test_needs_to_know_for_whom_to_accept(tmp_path) -> None:
    with pytest.raises(Failure) as caught:
        switch(runner(tmp_path, "on"), enabled=True, username=None)
    assert caught.value.code == messages.RAILS_NEEDS_USER.code


@pytest.mark.parametrize("by_token", [True, False])
def test_a_state_that_the_token_tells_needs_no_way(by_token: bool) -> None:
    wanted = SignIn.of({"rails_command": ["/nonexistent"]})
    assert beta_features.beta_state(None, wanted, by_token) is by_token


def test_a_state_that_it_does_not_tell_is_read_on_the_node(tmp_path) -> None:
    assert beta_features.beta_state(None, runner(tmp_path, "true"), None) is True
    assert beta_features.beta_state(None, SignIn.of({}), None) is None


def test_without_libraries_it_is_read_on_the_node(tmp_path) -> None:
    wanted = beta_features.options(
        {"enabled": False, "rails_command": runner(tmp_path, "true").rails_command}
    )
    assert beta_features.observe(None, wanted).enabled is True


def test_nothing_to_synchronise_on_the_node(tmp_path) -> None:
    rails = runner(tmp_path, "not_applicable").rails_command
    step = subscription.Synchronise(subscription.options({"rails_command": rails}))
    with pytest.raises(Failure) as caught:
        step.perform(None)
    assert caught.value.code == messages.SYNC_REFUSED.code

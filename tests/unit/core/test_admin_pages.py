# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the beta state and flip the switch, on pages written as GitLab writes them."""

from __future__ import annotations

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import messages
from ansible_collections.gitlab_ops.duo.tests.unit.core.pages import (
    CONFIGURATION,
    DUO,
    HTML,
    SELF_HOSTED,
    TOGGLE,
    Site,
    configuration,
    failure_of,
    models_page,
    page,
    redirect,
    session,
    visited,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.support import Reply

# --- reading the state ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "state"),
    [
        pytest.param({CONFIGURATION: page(configuration("true"))}, (True, TOGGLE), id="on"),
        pytest.param({CONFIGURATION: page(configuration("false"))}, (False, TOGGLE), id="off"),
        pytest.param(
            {
                CONFIGURATION: redirect(DUO),
                DUO: page('<div data-beta-self-hosted-models-enabled="true"></div>'),
            },
            (True, None),
            id="no add-on, 18.9",
        ),
        pytest.param(
            {
                CONFIGURATION: redirect(DUO),
                DUO: page("<div></div>"),
                SELF_HOSTED: page(models_page(betaModelsEnabled=True, modelOptions=["<'\">"])),
            },
            (True, None),
            id="only the page of models tells",
        ),
        pytest.param(
            {
                CONFIGURATION: page(configuration("")),
                DUO: page("", status=404),
                SELF_HOSTED: page(models_page(betaModelsEnabled=False)),
            },
            (False, None),
            id="an empty value is none",
        ),
    ],
)
def test_reads_the_state(serve, pages: dict[str, Reply], state: tuple[bool, str | None]) -> None:
    server = serve(Site({f"GET {path}": reply for path, reply in pages.items()}))
    assert session(server).beta_state() == state


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            redirect("/-/users/terms?redirect=%2Fadmin"),
            "the terms of service have not been accepted",
        ),
        (redirect("/-/user_settings/password/new"), "the password has expired"),
        (redirect("/-/profile/two_factor_auth"), "two-factor authentication has to be set up"),
        (redirect("/users/sign_in"), "the session is not accepted"),
        (redirect("/admin/elsewhere"), "a redirect to /admin/elsewhere"),
        (page("", status=404), "not an administrator"),
        (page("", status=422), "CSRF token"),
        (page("<h1>hello</h1>"), "refused"),
        (page('<div data-view-model="{broken"></div>'), "refused"),
        (page('<div data-view-model="[1]"></div>'), "refused"),
    ],
)
def test_says_why_no_page_tells(serve, reply: Reply, told: str) -> None:
    pages = {f"GET {path}": reply for path in (CONFIGURATION, DUO, SELF_HOSTED)}
    failure = failure_of(session(serve(Site(pages))).beta_state)
    assert failure.code == messages.PAGE_REFUSED.code
    assert told in failure.what
    assert failure.next_step


# --- throwing the switch -------------------------------------------------------------------------
@pytest.mark.parametrize("root", ["", "/gitlab", "/a/b"])
def test_throws_the_switch_below_any_root(serve, root: str) -> None:
    site = Site(
        {
            "GET " + CONFIGURATION: page(configuration("false", root + TOGGLE), csrf="fresh"),
            "POST " + TOGGLE: Reply(204, ""),
        },
        root,
    )
    server = serve(site)
    admin = session(server, root)
    _enabled, path = admin.beta_state()
    assert path == TOGGLE
    admin.toggle_beta(path)
    (post,) = [it for it in server.requests if it.path.endswith(TOGGLE)]
    assert (post.method, post.path, post.body) == ("POST", root + TOGGLE, b"")
    # The token of the sign-in form is void once signed in.
    assert post.headers["X-CSRF-Token"] == "fresh"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (page("", status=422), "422: the CSRF token is not accepted"),
        (page("", status=404), "404: the account is not an administrator"),
        (redirect("/users/sign_in"), "302: the session is not accepted"),
    ],
)
def test_says_why_the_switch_was_refused(serve, reply: Reply, told: str) -> None:
    admin = session(serve(Site({"POST " + TOGGLE: reply})))
    admin.beta_state()
    assert told in failure_of(admin.toggle_beta, TOGGLE).what


@pytest.mark.parametrize("reply", [Reply(503, "", HTML), Reply(500, "", HTML), Reply(drop=True)])
def test_the_switch_is_never_thrown_twice(serve, reply: Reply) -> None:
    server = serve(Site({"POST " + TOGGLE: reply}))
    admin = session(server)
    assert isinstance(failure_of(admin.toggle_beta, TOGGLE), messages.Unclear)
    assert visited(server).count("POST " + TOGGLE) == 1

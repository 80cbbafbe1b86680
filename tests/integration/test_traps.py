# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eighteen traps for a client of GitLab Duo Self-Hosted, each with a test of its own."""

from __future__ import annotations

import pytest
from cases import Outcome
from scenarios import ABSENT, differences

from sandbox import credentials

URL = "https://aigw.example.com"
GATEWAY = {"gateway": {"ai_gateway_url": URL}}
CODESTRAL = {"name": "codestral", "model": "codestral", "endpoint": "https://c.example.com/v1"}
LLAMA = {"name": "llama", "model": "llama3", "endpoint": "https://l.example.com/v1"}
ON_CODESTRAL = {"provider": "self_hosted", "model": "codestral"}
ON_LLAMA = {"provider": "self_hosted", "model": "llama"}
SIGN_IN = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}
ON = {"enabled": True, "accept_testing_agreement": True, **SIGN_IN}
USER = {"api_token": credentials.USER_TOKEN}
GONE = ("duo_self_hosted_model", {"name": "codestral", "state": "absent"})
CODE = ("duo_feature_model", {"features": ["code_completions"], "model": "codestral"})
ALL = ("17.9", "17.10", "17.11", "18.0", "18.3", "18.4", "18.6", "18.7", "18.9", "18.10", "18.11")
ALL += ("19.0", "19.4")
every = pytest.mark.case

case_info = [every(("duo_info", {}), release=release) for release in ALL]


def marked(*marks: pytest.MarkDecorator):  # type: ignore[no-untyped-def]
    """Return a decorator that puts all marks on a test."""

    def put(test):  # type: ignore[no-untyped-def]
        for mark in marks:
            test = mark(test)
        return test

    return put


@every(("duo_self_hosted_model", {**GONE[1], **USER}), name="user", seed={"models": [CODESTRAL]})
@every(GONE, name="license", seed={"models": [CODESTRAL], "license": None})
@every(GONE, name="add-on", release="17.9", seed={"models": [CODESTRAL], "add_ons": []})
@every(GONE, name="plan", release="17.9", seed={"license": {"plan": "premium"}})
def test_trap_01_null_is_not_an_empty_list(outcomes: dict[str, Outcome]) -> None:
    """No permission and no licence both read as null, which must not mean "gone already"."""
    outcomes["user"].failure("not-administrator")
    outcomes["license"].failure("no-license")
    outcomes["add-on"].failure("no-add-on")
    outcomes["plan"].failure("plan-too-low")


@every(
    (
        "duo_self_hosted_model",
        {
            "name": "llama",
            "model_family": "mistral",
            "endpoint": "https://m.example.com/v1",
            # For so long it may be a model that is only not shown yet.
            "settle_timeout": 2,
        },
    ),
    name="create",
    seed={"models": [LLAMA]},
)
@every(
    ("duo_self_hosted_model", {"name": "llama", "state": "absent"}),
    name="absent",
    seed={"models": [LLAMA]},
)
def test_trap_02_hidden_models_collide(outcomes: dict[str, Outcome]) -> None:
    """With beta off, a model of a beta family is not listed, and its name is taken all the same."""
    result = outcomes["create"].failure("model-hidden")
    assert "exists but is hidden" in result.message
    assert "taken" not in result.message
    (warning,) = outcomes["absent"].only.warnings
    assert (
        "models of beta families may be hidden. It cannot be checked whether llama is really absent"
        in warning
    )
    assert "llama" in outcomes["absent"].state["models"]


@every(("duo_gateway", {"ai_gateway_url": URL, **USER}), name="present", seed=GATEWAY)
@every(("duo_gateway", {"state": "absent", **USER}), name="absent", seed=GATEWAY)
def test_trap_03_null_url_may_be_a_refusal(outcomes: dict[str, Outcome]) -> None:
    """A URL that may not be read is null like one that is not set: neither is acted upon."""
    for outcome in outcomes.values():
        outcome.failure("not-administrator")
        assert outcome.writes == []


@every(("duo_gateway", {}), release="17.9", seed=GATEWAY)
@every(("duo_gateway", {"ai_gateway_timeout_seconds": 90}), release="18.9", seed=GATEWAY)
def test_trap_04_the_url_is_always_sent(outcomes: dict[str, Outcome]) -> None:
    """Before 18.0 an update without the URL clears it; an option left out changes nothing."""
    for outcome in outcomes.values():
        assert outcome.only.status == "ok"
        assert outcome.state["gateway"]["ai_gateway_url"] == URL


@marked(
    *(
        every(
            (
                "duo_feature_model",
                {"features": ["code_completions", "duo_chat"], "model": "codestral"},
            ),
            ("duo_gateway", {"ai_gateway_url": URL}),
            release=release,
            seed={"models": [CODESTRAL]},
        )
        for release in ("17.9", "17.10", "17.11", "18.0", "18.3")
    )
)
def test_trap_05_arguments_change_with_releases(outcomes: dict[str, Outcome]) -> None:
    """`feature` until 17.10, `features` from 17.11; the payload of duoSettingsUpdate changes."""
    for release, outcome in outcomes.items():
        settings, gateway = outcome.results
        assert [settings.status, gateway.status] == ["ok", "ok"], (release, settings.values)
        # All in one request, as one mutation from 17.11 on.
        (write,) = settings.writes
        fields = write["operations"][0]["fields"]
        assert len(fields) == (2 if release in ("17.9", "17.10") else 1), release
        assert outcome.state["features"]["duo_chat"]["model"] == "codestral"
        assert outcome.state["gateway"]["ai_gateway_url"] == URL


@every(
    ("duo_feature_model", {"features": ["code_completions"], "provider": "disabled"}),
    GONE,
    seed={
        "models": [CODESTRAL],
        "features": {"code_completions": ON_CODESTRAL},
        "beta_acceptances": ["root"],
    },
)
def test_trap_06_the_link_to_the_model_is_cut(outcome: Outcome) -> None:
    """A link that stayed would remove the row with the model, and turn the feature on again."""
    assert [it.status for it in outcome.results] == ["ok", "ok"], outcome.results
    assert differences({"models": {"codestral": ABSENT}}, outcome.state) == []
    assert outcome.state["features"]["code_completions"]["provider"] == "disabled"


USED = {"models": [CODESTRAL], "features": {"code_completions": ON_CODESTRAL}}


@every(GONE, name="real", seed=USED)
@every(GONE, name="check", seed=USED, check=True)
@every(("duo_self_hosted_model", {"models": [], "exclusive": True}), name="exclusive", seed=USED)
def test_trap_07_a_model_in_use_is_not_deleted(outcomes: dict[str, Outcome]) -> None:
    """GitLab would delete it, and drop the settings of its features without a word."""
    for name in ("real", "check"):
        assert "code_completions" in outcomes[name].failure("model-in-use").message
    assert outcomes["exclusive"].only.status == "ok"
    for outcome in outcomes.values():
        assert "codestral" in outcome.state["models"]
        assert outcome.writes == []


@every(
    (
        "duo_feature_model",
        # GitLab takes the first and refuses the second, without naming it. 18.8 is one of the
        # releases of which that is not certain enough to refuse it beforehand.
        {"features": ["duo_chat", "glab_ask_git_command"], "provider": "vendored"},
    ),
    release="18.8",
    seed={"beta_acceptances": ["root"]},
)
def test_trap_08_a_batch_is_not_atomic(outcome: Outcome) -> None:
    """What was saved and what was not is told for each feature, from reading again."""
    failure = outcome.failure("not-vendored").values["failure"]
    assert [text.split(" (")[0] for text in failure["done"]] == ["change feature duo_chat"]
    assert [text.split(" (")[0] for text in failure["not_done"]] == [
        "change feature glab_ask_git_command"
    ]
    assert outcome.only.changed
    assert outcome.state["features"]["duo_chat"]["provider"] == "vendored"


@every(("duo_beta_features", ON), name="there", seed={"beta_acceptances": ["second"]})
@every(
    ("duo_beta_features", {"enabled": False, "settle_timeout": 2, **SIGN_IN}),
    name="stays",
    seed={"beta_acceptances": ["root", "second"]},
)
@every(
    ("duo_beta_features", {"enabled": False, "settle_timeout": 2, **SIGN_IN}),
    name="others",
    seed={"beta_acceptances": ["second"]},
)
def test_trap_09_the_switch_toggles_one_user(outcomes: dict[str, Outcome]) -> None:
    """Thrown only for a difference; another administrator's acceptance keeps beta on."""
    assert outcomes["there"].writes == []
    assert not outcomes["there"].only.changed
    for name in ("stays", "others"):
        message = outcomes[name].failure("beta-stays-on").message
        assert "other administrators (perhaps deleted ones) accepted the GitLab" in message
        assert outcomes[name].state["beta_on"] is True


@every(
    ("duo_gateway", {"ai_gateway_url": URL + "/"}),
    ("duo_self_hosted_model", {"name": "codestral", "model_family": "CODESTRAL"}),
    ("duo_feature_model", {"features": ["Code_Completions"], "model": "codestral"}),
    ("duo_self_hosted_model", {"name": "codestral", "identifier": ""}),
    seed={**USED, **GATEWAY},
)
def test_trap_10_gitlab_normalises(outcome: Outcome) -> None:
    """A slash, capitals and a missing identifier are no difference."""
    assert [(it.status, it.changed) for it in outcome.results] == [("ok", False)] * 4


@marked(*case_info)
def test_trap_11_one_unknown_field_fails_a_request(outcomes: dict[str, Outcome]) -> None:
    """Every release is read completely, in one request."""
    for release, outcome in outcomes.items():
        assert outcome.only.status == "ok", (release, outcome.only.message)
        assert len(outcome.only.requests) == 1, release
        values = outcome.only.values
        assert values["instance"]["version"].startswith(release + ".")
        assert ("ai_gateway_timeout_seconds" in values["gateway"]) == (
            tuple(map(int, release.split("."))) >= (18, 6)
        ), release


@every(
    ("duo_gateway", {"ai_gateway_url": URL}),
    (
        "duo_self_hosted_model",
        {"name": "codestral", "model_family": "codestral", "endpoint": CODESTRAL["endpoint"]},
    ),
    CODE,
    seed={**USED, **GATEWAY},
)
def test_trap_12_updates_without_a_difference_are_audited(outcome: Outcome) -> None:
    """So none is sent."""
    assert outcome.writes == []
    assert outcome.state["audit_events"] == []


@every(("duo_preflight", {}), CODE, name="online", seed={"models": [CODESTRAL], "add_ons": []})
@every(
    ("duo_subscription", {"sync": "always", **SIGN_IN}),
    name="offline",
    seed={"license": {"type": "offline_cloud"}},
)
@every(
    CODE,
    name="offline-works",
    seed={"models": [CODESTRAL], "license": {"type": "offline_cloud"}},
)
def test_trap_13_what_a_licence_allows(outcomes: dict[str, Outcome]) -> None:
    """From 18.9 an online licence needs no Duo add-on; offline ones are never synchronised."""
    preflight, settings = outcomes["online"].results
    assert [preflight.status, settings.status] == ["ok", "ok"]
    assert any(
        "the classic features (code suggestions, chat) have no seats" in text
        for text in preflight.warnings
    )
    assert outcomes["offline"].failure("offline-license").writes == []
    assert outcomes["offline-works"].only.status == "ok"


@every(
    ("duo_feature_model", {"features": ["duo_chat_fix_code"], "model": "codestral"}),
    ("duo_feature_model", {"features": ["duo_chat_fix_code"], "model": "codestral"}),
    ("duo_feature_model", {"features": ["duo_chat_fix_code"], "provider": "disabled"}),
    ("duo_feature_model", {"features": ["duo_chat_fix_code"], "provider": "disabled"}),
    release="17.9",
    seed={"models": [CODESTRAL]},
)
def test_trap_14_features_that_are_not_listed(outcome: Outcome) -> None:
    """They can be set, and their model shows them; anything else is unknown, and said to be so."""
    on, on_again, off, off_again = outcome.results
    assert [on.changed, on_again.changed, off.changed] == [True, False, True]
    assert off_again.values["unseen"] == ["feature duo_chat_fix_code"]
    assert any("does not show the state of duo_chat_fix_code" in it for it in off_again.warnings)
    assert outcome.state["features"]["duo_chat_fix_code"]["provider"] == "disabled"


@every(
    ("duo_feature_model", {"features": ["code_completions", "duo_chat"], "model": "codestral"}),
    name="cloud",
    seed={"models": [CODESTRAL], "options": {"cloud_reachable": False}},
)
@every(
    (
        "duo_self_hosted_model",
        {
            "models": [
                {"name": name, "model_family": "mistral", "endpoint": "https://m.example.com/v1"}
                for name in ("one", "two")
            ]
        },
    ),
    name="fault",
    faults=[{"kind": "status", "status": 500, "after_work": True, "match": {"kind": "mutation"}}],
)
def test_trap_15_saved_and_answered_500(outcomes: dict[str, Outcome]) -> None:
    """After an unclear answer the state is read again, and decides."""
    for outcome in outcomes.values():
        assert outcome.only.status == "ok", outcome.only.message
        assert outcome.only.changed
        # Nothing was sent twice.
        assert [it["status"] for it in outcome.writes] == [500]
    assert outcomes["cloud"].state["features"]["duo_chat"]["model"] == "codestral"
    assert sorted(outcomes["fault"].state["models"]) == ["one", "two"]


@every(("duo_beta_features", ON), ("duo_beta_features", ON), seed={"add_ons": []})
def test_trap_16_the_page_that_needs_an_add_on(outcome: Outcome) -> None:
    """Without one the configuration page redirects; two others show state and switch."""
    on, again = outcome.results
    assert on.status == "ok", on.message
    assert on.changed
    assert not again.changed
    assert outcome.state["beta_on"] is True


@every(
    (
        "duo_self_hosted_model",
        {"name": "n" * 256, "model_family": "gpt", "endpoint": "https://e.example.com"},
    ),
    name="name",
)
@every(
    (
        "duo_self_hosted_model",
        {"name": "n", "model_family": "gpt", "endpoint": "https://e.example.com/" + "e" * 2048},
    ),
    name="endpoint",
)
@every(
    ("duo_gateway", {"ai_gateway_url": "https://g.example.com/" + "e" * 2048}),
    name="ai_gateway_url",
)
def test_trap_17_too_long_gives_500(outcomes: dict[str, Outcome]) -> None:
    """So it is refused before anything is sent."""
    for option, outcome in outcomes.items():
        message = outcome.failure("invalid-option").message
        assert f"{option}: " in message
        assert outcome.only.requests == []


HTML = {"kind": "body", "body": "<html>Sign in</html>", "times": 99}


@every(("duo_info", {}), name="read", faults=[HTML])
@every(
    ("duo_gateway", {"ai_gateway_url": URL}),
    name="write",
    faults=[{**HTML, "match": {"kind": "mutation"}}],
)
@every(
    ("duo_info", {}),
    name="redirect",
    faults=[
        {
            "kind": "status",
            "status": 302,
            "headers": {"location": "https://sso.example.org/login"},
            "times": 99,
        }
    ],
)
@every(
    ("duo_beta_features", ON), name="page", faults=[{**HTML, "match": {"path": "/users/sign_in"}}]
)
def test_trap_18_html_where_json_is_expected(outcomes: dict[str, Outcome]) -> None:
    """An SSO proxy or load balancer answers 200 with a page: a sentence, and no traceback."""
    message = outcomes["read"].failure("not-gitlab").message
    assert "does not come from GitLab's API: status 200, content type text/html" in message
    outcomes["write"].failure("broken-answer")
    assert (
        "https://sso.example.org/login"
        in outcomes["redirect"].failure("redirected-to-page").message
    )
    outcomes["page"].failure("sign-in-not-offered")
    for outcome in outcomes.values():
        assert "Traceback" not in str(outcome.only.values)

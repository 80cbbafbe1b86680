# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beliefs about access, protocol, application settings and admin pages.

Established by running GitLab EE 18.9 and the relevant code of 18.11 and 19.4, and for older
releases from GitLab's GraphQL reference and ``doc/api/settings.md``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._gitlab.graphql import UNKNOWN_FIELD
from .belief import RECORDED, SOURCE, Belief, Seen, kind_of, public
from .read import MODELS_FIELD, SETTINGS_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .learnt import Learnt

_PLANS = ("ultimate", "premium", "starter")
_AVAILABILITIES = ("default_on", "default_off", "never_on", "always_on")


# --- access --------------------------------------------------------------------------------------
def _scopes(learnt: Learnt) -> Iterator[Seen]:
    for token in learnt.seen["token"]:
        scopes = token.get("scopes") if isinstance(token, dict) else None
        if isinstance(scopes, list):
            yield Seen("api" if "api" in scopes else "other scopes", holds="api" in scopes)
        else:
            yield Seen(kind_of(scopes), holds=False)


def _administrator(learnt: Learnt) -> Iterator[Seen]:
    denied = learnt.denied["currentLicense"]
    if denied or learnt.roots["currentLicense"]:
        yield Seen("denied" if denied else "answered", holds=not denied)


def _plan(learnt: Learnt) -> Iterator[Seen]:
    # Null with a denial is not the absence of a licence.
    shown = [] if learnt.denied["currentLicense"] else learnt.roots["currentLicense"]
    for licence in shown:
        plan = licence.get("plan") if isinstance(licence, dict) else None
        yield Seen(
            "no licence" if licence is None else public(plan, _PLANS),
            holds=isinstance(plan, str) and plan.lower() in learnt.release.plans,
        )


def _is_shown(root: str, learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots[root]:
        nodes = value.get("nodes") if isinstance(value, dict) else None
        yield Seen(f"{kind_of(nodes)} of nodes" if value else "null", isinstance(nodes, list))


def _settings_shown(learnt: Learnt) -> Iterator[Seen]:
    for value in learnt.roots["duoSettings"]:
        yield Seen(kind_of(value), holds=isinstance(value, dict))


# --- protocol ------------------------------------------------------------------------------------
def _multiplexes(learnt: Learnt) -> Iterator[Seen]:
    for answer in learnt.seen["multiplex"]:
        together = isinstance(answer, list) and len(answer) == 2
        yield Seen("two answers" if together else kind_of(answer), holds=together)


def _spares_others(learnt: Learnt) -> Iterator[Seen]:
    for answer in learnt.seen["multiplex"]:
        if isinstance(answer, list) and len(answer) == 2:
            refused = any(_first_error(it) for it in answer)
            spared = any(isinstance(it, dict) and it.get("data") for it in answer)
            told = "the other is answered" if spared else "the other is not answered"
            yield Seen(told if refused else "nothing is refused", holds=refused and spared)


def _names_unknown(learnt: Learnt) -> Iterator[Seen]:
    for answer in learnt.seen["multiplex"]:
        said = [it for it in map(_first_error, answer if isinstance(answer, list) else []) if it]
        for text in said:
            known = bool(UNKNOWN_FIELD.match(text))
            yield Seen("such a text" if known else "another text", holds=known)


def _leaves_out(learnt: Learnt) -> Iterator[Seen]:
    for answer in learnt.seen["left out"]:
        data = answer.get("data") if isinstance(answer, dict) else None
        yield Seen("no data" if data == {} else kind_of(data), holds=data == {})


def _first_error(answer: Any) -> str:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("message")) if isinstance(first, dict) else ""


# --- REST and pages ------------------------------------------------------------------------------
def _setting(name: str, kinds: tuple[str, ...], learnt: Learnt) -> Iterator[Seen]:
    for settings in learnt.seen["settings"]:
        if isinstance(settings, dict):
            told = kind_of(settings[name]) if name in settings else "absent"
            yield Seen(told, holds=told in kinds)


def _availability(learnt: Learnt) -> Iterator[Seen]:
    for settings in learnt.seen["settings"]:
        value = settings.get("duo_availability") if isinstance(settings, dict) else None
        yield Seen(public(value, _AVAILABILITIES), holds=value in _AVAILABILITIES)


def _beta_page(learnt: Learnt) -> Iterator[Seen]:
    for state in learnt.seen["beta page"]:
        yield Seen("no page" if state is None else "shown", holds=state is not None)


def _toggle_path(learnt: Learnt) -> Iterator[Seen]:
    for state in learnt.seen["beta page"]:
        path = state[1] if state else None
        if path:
            same = path == learnt.release.toggle_beta_path
            yield Seen("that path" if same else "another path", holds=same)


def _page_and_listing(learnt: Learnt) -> Iterator[Seen]:
    wanted = learnt.release.listed_with_beta
    for state in learnt.seen["beta page"]:
        listed = {str(node.get("feature")).lower() for node in learnt.nodes(SETTINGS_FIELD)}
        if state and wanted and listed:
            on = wanted <= listed
            same = on == state[0]
            yield Seen("the same" if same else "the opposite", holds=same)


# --- the beliefs ---------------------------------------------------------------------------------
_TEXTS, _SWITCH = ("text", "empty text", "null"), ("a boolean",)

BELIEFS = (
    Belief("A101", "The token has the scope api.", RECORDED, _scopes),
    Belief(
        "A102",
        "The licence is shown: the token's user is an administrator.",
        RECORDED,
        _administrator,
    ),
    Belief("A103", "The licence's plan includes self-hosted models.", RECORDED, _plan),
    Belief(
        "A111", "Models are shown: a list, not null.", RECORDED, partial(_is_shown, MODELS_FIELD)
    ),
    Belief(
        "A112",
        "Features are shown: a list, not null.",
        RECORDED,
        partial(_is_shown, SETTINGS_FIELD),
    ),
    Belief("A113", "The gateway's settings are an object.", RECORDED, _settings_shown),
    Belief("P101", "Each of several documents in one request is answered.", RECORDED, _multiplexes),
    Belief(
        "P102", "An unknown field fails its own document and no other.", RECORDED, _spares_others
    ),
    Belief(
        "P103",
        "The refusal of an unknown field begins as the collection expects.",
        RECORDED,
        _names_unknown,
    ),
    Belief("P104", "GitLab does not run a field with @include(if: false).", SOURCE, _leaves_out),
    *(
        Belief(number, f"The setting {name} is {what}.", how, partial(_setting, name, kinds))
        for number, name, what, kinds, how in (
            ("T101", "outbound_local_requests_allowlist_raw", "text", _TEXTS, RECORDED),
            ("T102", "deny_all_requests_except_allowed", "a boolean", _SWITCH, RECORDED),
            ("T103", "silent_mode_enabled", "a boolean", _SWITCH, RECORDED),
            (
                "T104",
                "allow_local_requests_from_web_hooks_and_services",
                "a boolean",
                _SWITCH,
                RECORDED,
            ),
        )
    ),
    Belief(
        "T111",
        f"The setting duo_availability is one of {', '.join(_AVAILABILITIES)}.",
        RECORDED,
        _availability,
    ),
    Belief("B101", "An admin page shows whether beta features are on.", RECORDED, _beta_page),
    Belief(
        "B102",
        "The page names the path of the beta switch that the collection expects.",
        RECORDED,
        _toggle_path,
    ),
    Belief(
        "B103",
        "The list of features and the page agree on whether beta features are on.",
        RECORDED,
        _page_and_listing,
        since=(18, 1),
    ),
)

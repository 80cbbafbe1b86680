# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message of the collection is used, complete, and gets the values that it needs."""

from __future__ import annotations

import ast
import pathlib
import string
from collections import Counter

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import (
    conformance_messages,
    http_messages,
    isolated_messages,
    messages,
    permission_messages,
    plan_messages,
    seat_messages,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.messages import (
    Failure,
    Message,
    Unclear,
    accepted,
)

PLUGINS = pathlib.Path(messages.__file__).parents[2]
MESSAGES = {
    name: it
    for file in (
        messages,
        http_messages,
        isolated_messages,
        permission_messages,
        conformance_messages,
        plan_messages,
        seat_messages,
    )
    for name, it in vars(file).items()
    if isinstance(it, Message)
}
# Parameters of Failure and Unclear that are no values of the sentence.
OWN = {"about", "retry", "wait", "late", "refused"}


def uses() -> list[tuple[str, str, ast.Call]]:
    """Return every place of the code that makes a failure: message, place, call."""
    found = []
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            maker = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            name = getattr(first, "attr", getattr(first, "id", ""))
            if maker in ("Failure", "Unclear") and name in MESSAGES:
                found.append((name, f"{path.name}:{node.lineno}", node))
    return found


USES = uses()
# Messages that any file takes up, some by way of a table.
NAMED = {
    getattr(node, "attr", getattr(node, "id", ""))
    for path in PLUGINS.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Load)
}


def values_of(message: Message) -> set[str]:
    """Return the names that a sentence needs."""
    parts = string.Formatter().parse(message.what + message.next_step)
    return {name for _text, name, _spec, _conversion in parts if name}


def test_codes_are_unique() -> None:
    codes = Counter(it.code for it in MESSAGES.values())
    assert [code for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize("name", MESSAGES)
def test_is_used(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", MESSAGES)
def test_is_a_sentence_with_a_next_step(name: str) -> None:
    message = MESSAGES[name]
    assert message.code == name.lower().replace("_", "-")
    assert message.what[0].isupper() or message.what.startswith(("{", "gitlab-rails"))
    # A value at the end is a sentence of its own: a finding, which may name its own step.
    own_steps = message.what.endswith("{findings}")
    assert message.what.endswith((".", "}"))
    # Where the step depends on the reason, the code gives it (see below).
    assert (
        message.next_step.endswith(".") or message.next_step in ("{hint}", "{action}") or own_steps
    )
    filled = dict.fromkeys(values_of(message), "x")
    failure = Failure(message, **filled)
    assert "{" not in failure.sentence()


@pytest.mark.parametrize(("name", "place", "call"), USES, ids=[f"{it[1]} {it[0]}" for it in USES])
def test_is_given_what_it_needs(name: str, place: str, call: ast.Call) -> None:
    given = {keyword.arg for keyword in call.keywords}
    assert None not in given, "name each value, so that this test can see it"
    assert given - OWN == values_of(MESSAGES[name])
    assert len(call.args) == 1


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        (place, keyword.value.value)
        for _name, place, call in USES
        for keyword in call.keywords
        if keyword.arg == "hint" and isinstance(keyword.value, ast.Constant)
    ],
)
def test_a_hint_is_a_sentence(place: str, hint: str) -> None:
    assert hint.endswith(".")


# --- what a failure says -------------------------------------------------------------------------
WRONG = Message("wrong", "It is {what_is}.", "Do {step}.")


@pytest.mark.parametrize(
    ("instance", "about", "lists", "sentence"),
    [
        ("", "", {}, "It is red. Do paint."),
        ("", "feature x", {}, "feature x: It is red. Do paint."),
        ("https://a", "feature x", {}, "https://a: feature x: It is red. Do paint."),
        (
            "https://a",
            "",
            {"not_done": ["b", "c"]},
            "https://a: It is red. Do paint. Done before the failure: nothing. Not done: b; c.",
        ),
        (
            "",
            "",
            {"done": ["a"], "not_done": ["b"], "unknown": ["c"]},
            "It is red. Do paint. Done before the failure: a. Not done: b. May have been done: c.",
        ),
    ],
)
def test_sentence(instance: str, about: str, lists: dict[str, list[str]], sentence: str) -> None:
    failure = Failure(WRONG, about=about, what_is="red", step="paint")
    for name, value in lists.items():
        setattr(failure, name, value)
    assert failure.sentence(instance) == sentence
    assert (failure.code, failure.what, failure.next_step) == (
        "wrong",
        "It is red.",
        "Do paint.",
    )


def test_braces_of_a_value_are_no_format() -> None:
    assert Failure(WRONG, what_is="{step}", step="{}").what == "It is {step}."


def test_unclear_knows_whether_to_try_again() -> None:
    unclear = Unclear(WRONG, retry=True, wait=3.5, what_is="red", step="paint")
    assert (unclear.retry, unclear.wait, str(unclear)) == (True, 3.5, "It is red. Do paint.")


def test_without_a_write_nothing_is_unclear() -> None:
    unclear = Unclear(WRONG, about="a page", retry=True, late=True, what_is="red", step="paint")
    unclear.add_tries(4, 7.2)
    plain = unclear.plain()
    assert not isinstance(plain, Unclear)
    assert (plain.code, plain.about, plain.sentence()) == (
        "wrong",
        "a page",
        "a page: It is red, 4 times with 7 s of waiting in between. Do paint.",
    )


@pytest.mark.parametrize(
    ("given", "names", "text"),
    [
        ("code_completion", ["duo_chat", "code_completions"], "code_completions, duo_chat"),
        ("MISTRAL", ["gpt", "mixtral", "mistral"], "mistral, mixtral, gpt"),
        ("zzz", ["b", "a"], "a, b"),
        ("x", [], ""),
    ],
)
def test_accepted_names_come_nearest_first(given: str, names: list[str], text: str) -> None:
    assert accepted(given, names) == text

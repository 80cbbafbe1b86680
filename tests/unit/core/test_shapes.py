# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text instead of a list or a dictionary, and the advice that follows Ansible's own messages."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.gitlab_ops.duo.plugins.module_utils._checks import (
    health,
    preflight,
    upgrade_check,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.arguments import secrets_in
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.module import refused
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.subject import Subject
from ansible_collections.gitlab_ops.duo.plugins.module_utils._gitlab.connection import (
    CONNECTION_SPEC,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    agent_platform,
    beta_features,
    feature_model,
    seats,
    self_hosted_model,
)

SUBJECTS = {
    "flows": agent_platform.SUBJECT,
    "beta": beta_features.SUBJECT,
    "feature": feature_model.SUBJECT,
    "health": health.SUBJECT,
    "model": self_hosted_model.SUBJECT,
    "preflight": preflight.SUBJECT,
    "seats": seats.SUBJECT,
    "upgrade": upgrade_check.SUBJECT,
}
VARS = pathlib.Path(__file__).parents[3] / "roles" / "duo_self_hosted" / "vars" / "main.yml"
JSON = ('[{"name": "x"}]', "[]", "['duo_chat', 'x']", "- name: x\n  state: absent")


def options() -> list[Any]:
    """Return every option that is a list or a dictionary, with its subject."""
    return [
        pytest.param(subject, name, option, id=f"{key}-{name}")
        for key, subject in SUBJECTS.items()
        for name, option in subject.arguments.spec.items()
        if option["type"] in ("list", "dict")
    ]


def refusal(subject: Subject, said: str = "", **given: Any) -> dict[str, Any]:
    """Return the failure of a task with these options; empty if nothing is wrong."""
    result = refused(subject.arguments, given, said, ())
    return result["failure"] if result else {}


@pytest.mark.parametrize(("subject", "name", "option"), options())
@pytest.mark.parametrize("text", JSON)
def test_text_is_called_text(subject: Subject, name: str, option: Any, text: str) -> None:
    failure = refusal(subject, **{name: text})
    noun = {"list": "a list", "dict": "a dictionary"}[option["type"]]
    assert failure["code"] == "invalid-option"
    assert failure["what"] == f"{name} is text; {noun} is needed: {{{{ … | from_yaml }}}}."
    assert f"{{{{ {name} | from_yaml }}}}" in failure["next_step"]
    assert text not in failure["what"] + failure["next_step"]


@pytest.mark.parametrize(
    ("subject", "given"),
    [
        (feature_model.SUBJECT, {"features": "duo_chat,code_completions", "model": "m"}),
        (feature_model.SUBJECT, {"features": ["duo_chat"], "model": "[x]"}),
        (preflight.SUBJECT, {"gateway": '{"ai_gateway_url": "https://x"}', "models": []}),
        (preflight.SUBJECT, {"gateway": None, "models": None}),
    ],
)
def test_what_core_understands_is_left_to_it(subject: Subject, given: dict[str, Any]) -> None:
    assert refusal(subject, **given) == {}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_variable_of_the_role_that_is_text_is_named(subject: Subject) -> None:
    text = '{"password": "a-secret"}'
    failure = refusal(subject, "Unsupported parameters", duo_self_hosted_admin=text)
    assert failure["what"] == (
        "duo_self_hosted_admin is text; a dictionary is needed: {{ … | from_yaml }}."
    )
    assert "{{ duo_self_hosted_admin | from_yaml }}" in failure["next_step"]
    assert text in secrets_in({"duo_self_hosted_admin": text})


def test_deep_inside_the_place_is_named() -> None:
    failure = refusal(
        preflight.SUBJECT,
        variables={"settings": "duo_self_hosted_features"},
        settings=[{"features": ["a"]}, {"features": '["b"]'}],
    )
    assert failure["what"].startswith("duo_self_hosted_features[1].features is text; a list is")


# What ansible-core 2.16 and 2.21 say, and what is said to do about it.
CORE = [
    ("Unsupported parameters for (duo_x) module: nam. Supported parameters include: name.", "name"),
    ("Unsupported parameters for (duo_x) module: models.nam. Supported parameters", "name instead"),
    ("Unsupported parameters for (duo_x) module: zzz", "Leave out zzz"),
    ("missing required arguments: name found in models", "Add name to the_models."),
    ("missing required arguments: a, b", "Add a, b."),
    ("value of state must be one of: present, absent, got: gone", "as state: present, absent."),
    ("value of formats must be one or more of: a, b. Got no match for: c", "as formats: a, b."),
    ("parameters are mutually exclusive: name|models", "all but one of name, models."),
    ("one of the following is required: name, models", "Add one of name, models."),
    (
        "argument 'timeout' is of type <class 'str'> and we were unable to convert to int: no",
        "Write timeout as a whole number.",
    ),
    (
        "argument 'force' is of type str found in 'models'. and we were unable to convert to bool",
        "Write force as true or false.",
    ),
    ("Elements value for option 'x' is of type <class 'a'> and unable to convert to str", "a text"),
    ("something nobody foresaw", "Correct the option"),
]


@pytest.mark.parametrize(("said", "write"), CORE)
def test_ansibles_words_are_followed_by_what_to_write(said: str, write: str) -> None:
    failure = refusal(self_hosted_model.SUBJECT, said, variables={"models": "the_models"})
    assert failure["what"] == f"{said.rstrip('.')}."
    assert write in failure["next_step"]
    assert failure["next_step"].endswith(" Nothing was sent to GitLab.")


def test_the_role_names_every_option_that_it_hands_over() -> None:
    names = yaml.safe_load(VARS.read_text(encoding="utf-8"))["__duo_self_hosted_names"]
    own = {"state", "variables", "unknown_variables", "known_variables", "check_token"}
    assert set(names) == {*CONNECTION_SPEC, *preflight.SUBJECT.arguments.spec} - own

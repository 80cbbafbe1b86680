# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret appears in any output, at the highest verbosity, with diffs and with failures."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import canaries
import playbook
import pytest
import worlds
from conftest import Play, Start

from sandbox import credentials

WRONG_PASSWORD = "given-Passw0rd-that-is-wrong"
REFUSED_KEY = "key-given-and-refused-0004"
NEW_KEY = "key-given-and-stored-0005"
STORED_KEY = "key-only-stored-0006"
PROXY_PASSWORD = "proxy-Passw0rd-0007"
URL_PASSWORD = "endpoint-Passw0rd-0008"
GIVEN = [WRONG_PASSWORD, REFUSED_KEY, NEW_KEY, STORED_KEY, PROXY_PASSWORD]

SIGN_IN = {"username": credentials.ADMIN, "password": credentials.ADMIN_PASSWORD}
MODEL = {"name": "m", "model_family": "mistral", "endpoint": "https://m.example.com/v1"}
STORED = {"name": "m", "model": "mistral", "endpoint": "https://m.example.com/v1"}
STORED = {**STORED, "api_token": STORED_KEY}
WITH_KEY = {**MODEL, "api_key": NEW_KEY}


def echo(text: str, **match: str) -> dict[str, Any]:
    """Return the fault of a GitLab that repeats what it was sent."""
    return {"kind": "graphql_error", "message": f"was provided {text}", "match": match, "times": 0}


def garbage(value: Any, **match: str) -> dict[str, Any]:
    """Return the fault of a GitLab that answers JSON of another shape."""
    return {
        "kind": "body",
        "body": json.dumps(value),
        "content_type": "application/json",
        "match": match,
        "times": 0,
    }


# Name: module, options, state, faults, and whether it is to fail.
TASKS: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[dict[str, Any]], bool]] = {
    "create": ("duo_self_hosted_model", WITH_KEY, {}, [], False),
    "rotate": ("duo_self_hosted_model", WITH_KEY, {"models": [STORED]}, [], False),
    "clear": ("duo_self_hosted_model", {**MODEL, "api_key": ""}, {"models": [STORED]}, [], False),
    "many": ("duo_self_hosted_model", {"models": [WITH_KEY]}, {}, [], False),
    "info": ("duo_info", SIGN_IN, {"models": [STORED]}, [], False),
    "sign-in": (
        "duo_beta_features",
        {"enabled": True, "accept_testing_agreement": True, **SIGN_IN},
        {},
        [],
        False,
    ),
    "wrong-password": (
        "duo_beta_features",
        {
            "enabled": True,
            "accept_testing_agreement": True,
            "username": "root",
            "password": WRONG_PASSWORD,
        },
        {},
        [],
        True,
    ),
    "expired": ("duo_info", {"api_token": credentials.EXPIRED_TOKEN}, {}, [], True),
    "bad-identifier": (
        "duo_self_hosted_model",
        {**MODEL, "identifier": "x", "api_key": REFUSED_KEY},
        {},
        [],
        True,
    ),
    "key-of-wrong-type": (
        "duo_self_hosted_model",
        {"models": [{**MODEL, "api_key": REFUSED_KEY, "force": REFUSED_KEY}]},
        {},
        [],
        True,
    ),
    "key-elsewhere": (
        "duo_self_hosted_model",
        {**MODEL, "api_key": REFUSED_KEY, "model_family": REFUSED_KEY},
        {},
        [],
        True,
    ),
    "list-in-a-list": (
        "duo_self_hosted_model",
        {"models": [[{**MODEL, "api_key": REFUSED_KEY}]]},
        {},
        [],
        True,
    ),
    "unknown-option": (
        "duo_self_hosted_model",
        {**MODEL, "api_key": REFUSED_KEY, "apikey": "x"},
        {},
        [],
        True,
    ),
    "echo-write": (
        "duo_self_hosted_model",
        {**MODEL, "api_key": REFUSED_KEY},
        {},
        [echo(f"{REFUSED_KEY} {credentials.ADMIN_TOKEN}", kind="mutation")],
        True,
    ),
    "echo-read": ("duo_info", {}, {}, [echo(credentials.ADMIN_TOKEN)], True),
    "garbage": ("duo_self_hosted_model", WITH_KEY, {}, [garbage([1, "x"])], True),
    "garbage-page": ("duo_info", SIGN_IN, {}, [garbage({"data": {"metadata": 7}})], True),
    "proxy": (
        "duo_info",
        {"proxy": f"http://me:{PROXY_PASSWORD}@127.0.0.1:9", "retries": 0},
        {},
        [],
        True,
    ),
    "unreachable": (
        "duo_self_hosted_model",
        {**WITH_KEY, "api_url": "http://127.0.0.1:9", "retries": 0},
        {},
        [],
        True,
    ),
}

# Hosts of the role; the last two have models of another form.
ROLES = ("old", "new", "misspelt", "nested")


@pytest.mark.parametrize("door", ["action", "module"])
def test_no_secret_comes_out(play: Play, start: Start, tmp_path: pathlib.Path, door: str) -> None:
    """Every module and the role, succeeding and failing, with -vvvv and --diff."""
    started = start(*("18.9" for _task in TASKS), "17.9", *("18.9",) * 3)
    instances = dict(zip([*TASKS, *ROLES], started, strict=True))
    hosts = {}
    for name, (_module, wanted, seed, faults, _fails) in TASKS.items():
        instances[name].seed(**seed)
        instances[name].faults(*faults)
        hosts[name] = playbook.host(instances[name], wanted=wanted)
    roles = {name: instances[name] for name in ROLES}
    for instance in roles.values():
        instance.seed(**worlds.WORLDS["drifted"])
    hosts |= worlds.hosts(roles)
    wrong = {**MODEL, "api_key": REFUSED_KEY, "force": "perhaps"}
    hosts["misspelt"]["duo_self_hosted_models"] = [wrong]
    hosts["nested"]["duo_self_hosted_models"] = [[WITH_KEY]]
    through = {"environment": playbook.MODULE_DOOR} if door == "module" else {}
    modules = sorted({module for module, *_rest in TASKS.values()})
    groups = {
        f"group_{module}": [name for name, it in TASKS.items() if it[0] == module]
        for module in modules
    }
    plays = [
        playbook.one_play(
            playbook.task(module, "wanted"),
            hosts=f"group_{module}",
            vars=playbook.PYTHON,
            **through,
        )
        for module in modules
    ]
    plays.append({**worlds.ROLE[0], "hosts": ",".join(ROLES), **through})
    extra = {"ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"), "ANSIBLE_INJECT_INVOCATION": "1"}
    run = play(plays, hosts, "-vvvv", "--diff", groups=groups, extra=extra)

    fails = {name: it[-1] for name, it in TASKS.items()}
    fails |= {"old": False, "new": False, "misspelt": True, "nested": True}
    assert {name: bool(run.failed(name)) for name in fails} == fails, run.output
    assert not any("Traceback" in it.values.get("exception", "") for it in run.results)
    # At this verbosity Ansible shows the options of each task.
    assert '"invocation"' in run.output
    assert '"update_api_key"' in run.output
    held = {*GIVEN, *canaries.secrets(instances.values())}
    assert len(held) > 25
    assert canaries.leaks(held, canaries.texts(tmp_path, run.output)) == []


@pytest.mark.parametrize("door", ["action", "module"])
def test_credentials_in_urls(play: Play, start: Start, door: str) -> None:
    """User name and password in a URL are shown in no diff, result, message or invocation."""
    (instance,) = start("18.9")
    url = f"https://me:{URL_PASSWORD}@m.example.com/v1"
    tasks = [
        playbook.task("duo_self_hosted_model", {**MODEL, "endpoint": url}),
        playbook.task("duo_gateway", {"ai_gateway_url": url}),
        playbook.task("duo_info", {}),
        playbook.task("duo_self_hosted_model", MODEL),
        playbook.task("duo_info", {"api_url": url}, ignore_errors=True),
    ]
    through = {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}
    run = play(
        [playbook.one_play(*tasks, **(through if door == "module" else {}))],
        {"here": playbook.host(instance)},
        *("--diff", "-vvv"),
        extra={"ANSIBLE_INJECT_INVOCATION": "1"},
    )
    run.succeeded()
    assert instance.state()["gateway"]["ai_gateway_url"] == url
    assert '"invocation"' in run.output
    assert URL_PASSWORD not in run.output
    assert URL_PASSWORD not in json.dumps([result.values for result in run.of("here")])


@pytest.mark.parametrize("door", ["action", "module"])
def test_where_secrets_are_during_a_run(
    play: Play, start: Start, tmp_path: pathlib.Path, door: str
) -> None:
    """In memory: in no argument of a process, in no child's environment, in no file of others."""
    (instance,) = start("17.9")
    spy = tmp_path / "spy"
    # It runs in the middle of a task, as gitlab-rails would.
    spy.write_text(
        "#!/bin/sh\n"
        f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' > {tmp_path}/cmdlines\n"
        f"tr '\\0' '\\n' < /proc/self/environ > {tmp_path}/environ\n"
        f"find {tmp_path}/.ansible/tmp {tmp_path}/remote -mindepth 1 -maxdepth 1 -type d "
        f"-printf '%m %f\\n' > {tmp_path}/folders 2>/dev/null\n"
        "echo false\n"
    )
    spy.chmod(0o755)
    options = {"enabled": False, "via": "rails_runner", "rails_command": [str(spy)], **SIGN_IN}
    through = {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}
    run = play(
        [
            playbook.one_play(
                playbook.task("duo_beta_features", options),
                **(through if door == "module" else {}),
            )
        ],
        {"here": playbook.host(instance)},
        extra={"ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote")},
    )
    run.succeeded()
    shown = {
        name: (tmp_path / name).read_text(errors="replace") for name in ("cmdlines", "environ")
    }
    assert "ansible" in shown["cmdlines"]
    assert "HOME=" in shown["environ"]
    for text in shown.values():
        for secret in (credentials.ADMIN_TOKEN, credentials.ADMIN_PASSWORD):
            assert secret not in text
    # What Ansible writes for a module is for the account that runs it alone.
    folders = [line.split() for line in (tmp_path / "folders").read_text().splitlines()]
    assert {mode for mode, _name in folders} == {"700"}
    assert any(name.startswith("ansible-tmp-") for _mode, name in folders) is (door == "module")


def test_a_redirect_takes_no_token_along(play: Play, start: Start) -> None:
    """A redirect to another host is not followed, neither with the token nor without it."""
    here, elsewhere = start("18.9", "18.9")
    here.faults(
        {
            "kind": "status",
            "status": 307,
            "headers": {"location": elsewhere.url + "/api/graphql"},
            "times": 0,
        }
    )
    run = play([playbook.one_play(playbook.task("duo_info", {}))], {"here": playbook.host(here)})
    assert run.failed("here")[0].code == "redirected"
    assert elsewhere.requests() == []

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Search for planted secrets in all that a run shows, keeps and leaves, and in its processes.

Every scenario of every module through both doors, and the role under every kind of fault; at
-vvvvv, with diffs, with all results registered, shown, cached as facts and reported.

Two places are tolerated: inventory and playbook of the run itself, and the file in which Ansible
passes options to a module that is a process. The search checks that the file is gone after the run,
and `test_secrets.py` checks that nobody else can read it before.
"""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

import canaries
import playbook
import pytest
import worlds
from canaries import canary
from conftest import Count, Play, Start
from kinds import FULL, KINDS, PATIENCE, fault
from playbook import Run
from sandbox_client import Instance
from scenarios import RELEASES
from test_modules import SCENARIOS, newest_of

TOKEN = canary("glpat-given")
# It is used by every second host, and a child process may see it, as the user put it there.
TOKEN_IN_ENVIRONMENT = canary("glpat-environment")
GIVEN = {
    TOKEN,
    TOKEN_IN_ENVIRONMENT,
    *(canary(it) for it in ("url", "proxy", "cookie", "password", "codestral", "mistral")),
}
MARKERS = ("(set)", "(changed)", "(cleared)")
# All that the tasks of the role have registered, and why it ended.
ROLE_RESULTS = [
    *(
        f"__duo_self_hosted_{phase}"
        for phase in (
            *("preflight", "gateway", "beta_on", "models", "features"),
            *("beta_off", "removed", "verified"),
        )
    ),
    "ansible_failed_result",
]
SHOWN = {
    "all_results": "{{ dict(kept | zip(kept | map('extract', vars))) }}",
    "kept": "{{ wanted_results | select('in', vars) | list }}",
}
# Requests of a run of the role.
REQUESTS = 16


def show(*names: str) -> list[dict[str, Any]]:
    """Return tasks that show what was registered, and keep it as facts."""
    variables = {**SHOWN, "wanted_results": list(names)}
    return [
        {"ansible.builtin.debug": {"var": "all_results"}, "vars": variables},
        {
            "ansible.builtin.set_fact": {"kept_results": "{{ all_results }}", "cacheable": True},
            "vars": variables,
        },
    ]


def search(
    folder: pathlib.Path,
    play: Play,
    plays: list[dict[str, Any]],
    hosts: dict[str, Any],
    instances: dict[str, Instance],
    **keywords: Any,
) -> tuple[Run, int]:
    """Run plays with everything that shows and keeps; return the run and how much was searched."""
    for name in ("facts", "retry", "report", "remote"):
        (folder / name).mkdir()
    # A short path: ansible-core has a socket in it.
    temporary = tempfile.mkdtemp(prefix="duo-")
    extra = {
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_CALLBACKS_ENABLED": "record,gitlab_ops.duo.report",
        "DUO_REPORT_FOLDER": str(folder / "report"),
        "DUO_REPORT_FORMATS": "html,json,markdown,junit,limit",
        "TMPDIR": temporary,
        "GITLAB_TOKEN": TOKEN_IN_ENVIRONMENT,
        "HTTPS_PROXY": f"http://me:{canary('proxy')}@127.0.0.1:9",
    }
    with canaries.processes_of(folder) as commands:
        run = play(plays, hosts, "-vvvvv", "--diff", extra=extra, forks=8, **keywords)
    shown = {
        **canaries.texts(folder, run.output),
        **canaries.files(pathlib.Path(temporary)),
        "processes": "\n".join(commands),
    }
    shutil.rmtree(temporary)
    # What is searched is there.
    assert "ansible" in shown["processes"]
    assert len([name for name in shown if name.startswith("facts/")]) == len(hosts)
    written = {name for name in shown if name.startswith("report/")}
    assert {"report.html", "report.json", "report.md", "junit.xml"} <= {
        name.rpartition("/")[2] for name in written
    }
    assert '"invocation"' in run.output
    assert '"kept_results"' in run.output
    assert not [name for name in shown if "AnsiballZ" in name]
    given = GIVEN | canaries.canaries_in(list(hosts.values()))
    held = set().union(*map(canaries.forms, given)) | canaries.secrets(instances.values())
    found = canaries.leaks(held, shown)
    assert not found, "\n".join(found[:40])
    assert not any("Traceback" in str(it.values.get("exception")) for it in run.results)
    return run, len(held) * len(shown)


def test_every_scenario(play: Play, start: Start, count: Count, tmp_path: pathlib.Path) -> None:
    """Every second host has its token from the environment; all have keys and URLs to hide."""
    doors = ("action", "module")
    cases = [
        (scenario, door)
        for number, scenario in enumerate(SCENARIOS)
        for door in doors
        # A module costs ten times as much.
        if FULL or door == "action" or number % 3 == 0
    ]
    started = start(*(newest_of(scenario) for scenario, _door in cases))
    hosts: dict[str, Any] = {}
    groups: dict[str, list[str]] = {}
    instances = {}
    for place, ((scenario, door), instance) in enumerate(zip(cases, started, strict=True)):
        name = f"{scenario.name}.{door}"
        instances[name] = instance
        token = (TOKEN, TOKEN_IN_ENVIRONMENT)[place % 2]
        tokens = [{"token": token, "username": "root", "scopes": ["api"]}]
        instance.seed(**{**canaries.planted(dict(scenario.seed)), "tokens": tokens})
        hosts[name] = playbook.host(instance, wanted=canaries.planted(dict(scenario.args)))
        hosts[name]["duo"] = {"api_url": instance.url}
        if token == TOKEN:
            hosts[name]["duo"]["api_token"] = token
        groups.setdefault(f"{scenario.module}__{door}", []).append(name)
    through = {"module": {"environment": playbook.MODULE_DOOR, "vars": playbook.PYTHON}}
    plays = [
        playbook.one_play(
            playbook.task(group.partition("__")[0], "wanted", register="result"),
            *show("result"),
            hosts=group,
            **through.get(group.partition("__")[2], {}),
        )
        for group in groups
    ]
    run, searched = search(tmp_path, play, plays, hosts, instances, groups=groups)
    run.succeeded()
    marked = {marker for marker in MARKERS for it in run.results if marker in str(it.values)}
    assert marked == set(MARKERS)
    count("searches for a secret in a place", searched)


def repeating(rule: dict[str, Any], secret: str) -> dict[str, Any]:
    """Return a fault whose answer repeats what GitLab was sent, if it has words of its own."""
    said = f" was sent {secret}"
    if "message" in rule:
        return {**rule, "message": rule["message"] + said}
    if rule["kind"] == "status" or (rule.get("content_type") is None and "body" in rule):
        return {**rule, "body": rule.get("body", "") + said}
    return rule


@pytest.mark.parametrize("stays", [False, True], ids=["once", "stays"])
def test_the_role_under_every_fault(
    play: Play, start: Start, count: Count, tmp_path: pathlib.Path, stays: bool
) -> None:
    """A host for each kind, somewhere in its run; and two that can't get through at all."""
    numbers = range(REQUESTS) if FULL else range(1)
    cases = {
        f"{kind}-{number}": fault(
            kind, 1 + (number if FULL else (place * 7) % REQUESTS), stays=stays
        )
        for place, kind in enumerate(KINDS)
        for number in numbers
    }
    names = [*cases, "proxy", "cookie", "password", "sound"]
    # The oldest signs in to read already.
    releases = [RELEASES[place % len(RELEASES)] for place in range(len(cases))] + ["17.9"] * 4
    instances = dict(zip(names, start(*releases), strict=True))
    hosts = worlds.hosts(instances, duo_self_hosted_ready_timeout=0)
    for name, instance in instances.items():
        tokens = [{"token": TOKEN, "username": "root", "scopes": ["api"]}]
        instance.seed(**{**canaries.planted(worlds.WORLDS["drifted"]), "tokens": tokens})
        if name in cases:
            instance.faults(repeating(cases[name], TOKEN))
        hosts[name] = {
            **{key: canaries.planted(value) for key, value in hosts[name].items()},
            "duo_self_hosted_connection": {"retries": 1, "timeout": PATIENCE},
            "duo_self_hosted_api_token": TOKEN,
        }
    through = f"http://me:{canary('proxy')}@127.0.0.1:9"
    hosts["proxy"]["duo_self_hosted_connection"] = {"retries": 0, "proxy": through}
    hosts["cookie"]["duo_self_hosted_admin"] = {"session_cookie": canary("cookie")}
    hosts["password"]["duo_self_hosted_admin"] = {
        **worlds.ADMIN,
        "password": canary("password"),
    }
    ended = {"ansible.builtin.fail": {"msg": "{{ ansible_failed_result.msg }}"}}
    tasks = {
        "block": [{"ansible.builtin.include_role": {"name": "gitlab_ops.duo.duo_self_hosted"}}],
        "rescue": [*show(*ROLE_RESULTS), ended],
    }
    role = playbook.one_play(tasks, *show(*ROLE_RESULTS))
    run, searched = search(tmp_path, play, [role], hosts, instances)
    assert list((tmp_path / "retry").iterdir())
    assert not run.failed("sound")
    for name in ("proxy", "cookie", "password"):
        assert run.failed(name), name
    for name in names:
        assert not {"unexpected"} & {it.code for it in run.failed(name)}, name
    if stays:
        assert sum(bool(run.failed(name)) for name in cases) > len(cases) / 2
    count("searches for a secret in a place", searched)
    count("faults injected into runs that were searched", len(cases))

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pipelines on GitLab with four processes, each with its copy of the gateway for a minute."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pages
import playbook
import worlds
from conftest import Start
from sandbox_client import Instance
from scenarios import differences
from site_of_names import Site

from sandbox import credentials

# Where the settings of the gateway are application settings.
RELEASES = ("19.2", "19.3", "19.4", "19.5")
FOUR = ("--processes", "4", "--cache-seconds", "60")
GATEWAY = "Set the AI gateway"
# What the first playbook of README.md declares.
OF_README: dict[str, Any] = {
    "gateway": {"ai_gateway_url": "https://aigw.example.com"},
    "models": {"codestral": {"identifier": "custom_openai/codestral-22b"}},
    "features": {
        **{name: {"provider": "self_hosted", "model": "codestral"} for name in worlds.CODE},
        "duo_chat": {"provider": "disabled"},
    },
}


def judge(
    run: Callable[..., playbook.Run],
    instances: Mapping[str, Instance],
    expected: Callable[[str], Mapping[str, Any]],
) -> None:
    """Check, real, both again at once, and both once more after the minute.

    Nothing fails, and within the minute nothing but the gateway may be written again.

    :param run: :func:`playbook.run` of one playbook.
    :param expected: release -> what a GitLab holds after each real run.
    """

    def real(*, at_once: bool) -> playbook.Run:
        made = run(at_once=at_once).succeeded()
        for name, instance in instances.items():
            assert differences(expected(instance.release), instance.state()) == [], name
        return made

    first = [run("--check").succeeded(), real(at_once=True)]
    soon = [run("--check", at_once=True).succeeded(), real(at_once=True)]
    later = [run("--check").succeeded(), real(at_once=True)]
    for name in instances:
        foreseen, made = ([it.task for it in run.of(name) if it.changed] for run in first)
        assert GATEWAY in foreseen
        assert foreseen == made
        for result in (it for run in soon for it in run.of(name)):
            if result.task != GATEWAY:
                assert (result.changed, result.writes) == (False, []), result.task
            elif result.changed:
                assert any("copy for a minute" in text for text in result.warnings)
        assert [it.task for run in later for it in run.of(name) if it.changed] == []
        assert [it for run in later for it in run.requests(name) if it["write"]] == []


def test_the_first_playbook_of_the_readme(tmp_path: pathlib.Path) -> None:
    """As it stands there, with the host names of the inventory as addresses."""
    book = tmp_path / "readme.yml"
    blocks = pages.blocks(playbook.ROOT / "README.md")
    book.write_text(next(it.text for it in blocks if it.file == "playbook.yml"))
    site = Site(tmp_path, FOUR)
    try:
        releases = {f"gitlab-{it.replace('.', '-')}.example.com": it for it in RELEASES}
        site.begin(releases, lambda _name, _instance: None)
        instances = {name: site.instance(name) for name in releases}
        run = partial(
            playbook.run,
            tmp_path,
            str(book),
            {name: {"sandbox": it.control} for name, it in instances.items()},
            groups={"gitlab": list(instances)},
            extra={**site.environment, "GITLAB_TOKEN": credentials.ADMIN_TOKEN},
        )
        judge(run, instances, lambda _release: OF_README)
    finally:
        site.stop()


def test_the_first_configuration_and_the_next_ones(tmp_path: pathlib.Path, start: Start) -> None:
    """A role with three models and ten features."""
    started = start(*RELEASES, options=FOUR)
    instances = {f"host{place}": it for place, it in enumerate(started)}
    run = partial(playbook.run, tmp_path, worlds.ROLE, worlds.hosts(instances))
    judge(run, instances, worlds.expected)

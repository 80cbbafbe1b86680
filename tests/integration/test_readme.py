# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first playbook of README.md on old and new releases, and that its messages are true."""

from __future__ import annotations

import json
import pathlib
import re

import pages
import pytest
from playbook import ROOT
from site_of_names import Site
from stories import FIRST, Story, World

from sandbox import credentials

README = ROOT / "README.md"
FILES = {block.file: block.text for block in pages.blocks(README) if block.kind == "file"}
MESSAGES = re.findall(r"^> (.+)$", README.read_text("utf-8"), flags=re.MULTILINE)
RUN = "ansible-playbook -i inventory.yml playbook.yml"


def begun(folder: pathlib.Path, site: Site, release: str) -> Story:
    """Return the README's folder with its files."""
    story = Story("README.md", folder, site, World(releases={FIRST: release}))
    for name, content in FILES.items():
        story.write(name, content)
    return story


def changed(output: str) -> int:
    """Return the number of changes in the recap."""
    found = re.search(rf"^{FIRST} .* changed=(\d+) ", output, flags=re.MULTILINE)
    assert found, output
    return int(found[1])


# GitLab 17.9 shows duo_chat, so that it can be declared as disabled there too.
@pytest.mark.parametrize("release", ["17.9", "19.4"])
def test_first_playbook(tmp_path: pathlib.Path, site: Site, release: str) -> None:
    """Dry run, real run, and a run that changes nothing."""
    assert len(FILES["playbook.yml"].splitlines()) < 30
    story = begun(tmp_path, site, release)
    instance = site.instance(FIRST)
    code, output = story.run(f"{RUN} --check --diff")
    assert (code, changed(output)) == (0, 3), output
    assert not instance.writes()

    code, output = story.run(RUN)
    assert (code, changed(output)) == (0, 3), output
    state = instance.state()
    assert state["gateway"]["ai_gateway_url"] == "https://aigw.example.com"
    assert state["features"]["code_completions"]["model"] == "codestral"
    assert state["features"]["duo_chat"]["provider"] == "disabled"

    code, output = story.run(RUN)
    assert (code, changed(output)) == (0, 0), output


def test_messages(tmp_path: pathlib.Path, site: Site) -> None:
    """Each message that the README shows is printed for the mistake that it is about."""
    story = begun(tmp_path, site, "18.9")
    right = FILES["playbook.yml"]
    assert story.run(RUN)[0] == 0
    seen = []
    for wrong, token in (
        (right, credentials.EXPIRED_TOKEN),
        (right.replace("model: codestral", "model: codestrall"), credentials.ADMIN_TOKEN),
        (right.replace("example.com/v1", "example.com"), credentials.ADMIN_TOKEN),
        (
            right.replace("model_family: codestral", "model_family: codellama"),
            credentials.ADMIN_TOKEN,
        ),
    ):
        story.write("playbook.yml", wrong)
        as_json = "ANSIBLE_CALLBACK_RESULT_FORMAT=json"
        code, output = story.run(f"GITLAB_TOKEN={token} {as_json} {RUN}")
        assert code == 2, output
        found = re.search(r"^fatal: .* FAILED! => (.*)$", output, flags=re.MULTILINE)
        assert found, output
        seen.append(json.loads(found[1])["msg"])
    assert seen == MESSAGES

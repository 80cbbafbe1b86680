# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first playbook of README.md works as it is written, and its messages are true."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable

import playbook
import pytest
from sandbox_client import Instance

from sandbox import credentials

README = (playbook.ROOT / "README.md").read_text("utf-8")
HOST = "gitlab.example.com"
# The files that the README shows, by the name in their first line.
FILES: dict[str, str] = dict(
    re.findall(r"^```yaml\n(?=# (\S+)\n)(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
)
MESSAGES = re.findall(r"^> (.+)$", README, flags=re.MULTILINE)

Start = Callable[..., list[Instance]]


@pytest.fixture
def written(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder with the files of the README, and without settings of Ansible."""
    (tmp_path / "ansible.cfg").touch()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ansible(
    folder: pathlib.Path, instance: Instance, *options: str, token: str = credentials.ADMIN_TOKEN
) -> tuple[int, str]:
    """Run the command of the README; only the address of the GitLab is not as written there."""
    address = f"duo_self_hosted_api_url={instance.url}"
    environment = {**playbook.environment(folder), "GITLAB_TOKEN": token}
    del environment["ANSIBLE_CALLBACKS_ENABLED"]  # the recorder wants a file of its own
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "playbook.yml"),
            *("-e", address, *options),
        ],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def changed(output: str) -> int:
    """Return the number of changes in the recap."""
    found = re.search(rf"^{HOST} .* changed=(\d+) ", output, flags=re.MULTILINE)
    assert found, output
    return int(found[1])


def test_first_playbook(start: Start, written: pathlib.Path) -> None:
    """Dry run, real run, and a run that changes nothing, on the oldest and the newest GitLab."""
    assert len(FILES["playbook.yml"].splitlines()) < 30
    # GitLab 17.9 shows duo_chat, so that it can be declared as disabled there too.
    for instance in start("17.9", "19.4"):
        code, output = ansible(written, instance, "--check", "--diff")
        assert (code, changed(output)) == (0, 3), output
        assert not instance.writes()

        code, output = ansible(written, instance)
        assert (code, changed(output)) == (0, 3), output
        state = instance.state()
        assert state["gateway"]["ai_gateway_url"] == "https://aigw.example.com"
        assert state["features"]["code_completions"]["model"] == "codestral"
        assert state["features"]["duo_chat"]["provider"] == "disabled"

        code, output = ansible(written, instance)
        assert (code, changed(output)) == (0, 0), output


def test_messages(start: Start, written: pathlib.Path) -> None:
    """Each message that the README shows is printed for the mistake that it is about."""
    (instance,) = start("18.9")
    right = FILES["playbook.yml"]
    assert ansible(written, instance)[0] == 0
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
        (written / "playbook.yml").write_text(wrong)
        code, output = ansible(written, instance, token=token)
        assert code == 2, output
        found = re.search(r"^fatal: .* FAILED! => (.*)$", output, flags=re.MULTILINE)
        assert found, output
        seen.append(json.loads(found[1])["msg"].replace(instance.url, f"https://{HOST}"))
    assert seen == MESSAGES

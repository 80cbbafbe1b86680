# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a safe upgrade of GitLab from release to release: `make demo-upgrade`.

One stand-in GitLab goes from 18.6 to 18.9 and to 19.2.0, the release that empties the gateway
settings. Before each step the check says what will happen, the export keeps a copy; after the last
one the restore brings the settings back. Exits with 1 if a promise is broken.
"""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from sandbox import credentials
from tools import demo
from tools.collection import CACHE, ROOT
from tools.stand_ins import Broken, Json, ask, stand_ins
from tools.terminal import heading, paint, say

START = "18.6"
STEPS = ("18.9.2", "19.2.0")
VARIABLES: Json = {
    "duo_self_hosted_api_token": credentials.ADMIN_TOKEN,
    "duo_self_hosted_admin": {
        "username": "root",
        "password": credentials.ADMIN_PASSWORD,
    },
    # Before 18.9 the Agent Platform needs them.
    "duo_self_hosted_beta_features": {"enabled": True, "accept_testing_agreement": True},
    "duo_self_hosted_gateway": {
        "ai_gateway_url": "https://aigw.example.com",
        "ai_gateway_timeout_seconds": 120,
        "duo_agent_platform_service_url": "aigw.example.com:50052",
    },
    "duo_self_hosted_models": [
        {
            "name": "codestral",
            "model_family": "codestral",
            "endpoint": "https://vllm.example.com/v1",
            "identifier": "custom_openai/codestral-22b",
        },
        {
            "name": "claude",
            "model_family": "claude_3",
            "identifier": "bedrock/anthropic.claude-sonnet-4",
        },
    ],
    "duo_self_hosted_features": [
        {"features": ["code_completions", "code_generations"], "model": "codestral"},
        {"features": ["duo_chat", "duo_agent_platform"], "model": "claude"},
    ],
}


def play(folder: pathlib.Path, playbook: str, *options: str, fails: bool = False) -> list[str]:
    """Run a playbook of the collection on the instance; return its output."""
    arguments = [f"gitlab_ops.duo.{playbook}", *options]
    print(paint(" ".join(["$ ansible-playbook", *arguments]), "2"), flush=True)
    files = ["-i", str(folder / "hosts.json"), "-e", f"duo_self_hosted_export_dir={folder}/exports"]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", *arguments, *files],
        cwd=ROOT,
        env={
            **demo.environment(),
            # The findings are the output of a successful task, one on each line.
            "ANSIBLE_DISPLAY_OK_HOSTS": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json" if playbook == "upgrade_check" else "yaml",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    if bool(done.returncode) is not fails:
        print("\n".join(lines), done.stderr)
        raise Broken(f"{playbook} ended with {done.returncode}")
    return lines


def changes(lines: list[str]) -> int:
    """Return how many tasks changed something, by the recap."""
    return sum(int(found[2]) for line in lines if (found := demo.RECAP.match(line)))


def show_findings(lines: list[str], severities: tuple[str, ...]) -> None:
    """Print the findings of the upgrade check that ask for something to be done."""
    for line in lines:
        text = line.strip().strip('",')
        if text.startswith(severities):
            say(text, "31" if text.startswith("breaking") else "")


def gateway(url: str) -> Json:
    """Return the gateway settings of the stand-in."""
    found: Json = ask(url, "state")["gateway"]
    return {
        name: found[name]
        for name in (
            "ai_gateway_url",
            "ai_gateway_timeout_seconds",
            "duo_agent_platform_service_url",
        )
    }


def demonstrate(url: str, folder: pathlib.Path) -> None:
    """Upgrade from the first release to the last.

    :raises Broken: a promise does not hold.
    """
    inventory = {
        "all": {"hosts": {"gitlab": {"duo_self_hosted_api_url": url}}, "vars": VARIABLES},
    }
    (folder / "hosts.json").write_text(json.dumps(inventory))

    heading(f"1. GitLab {START}, brought to its declared state")
    play(folder, "configure")
    before = gateway(url)
    say(f"Gateway: {before['ai_gateway_url']}, {before['ai_gateway_timeout_seconds']} s.")

    for number, target in enumerate(STEPS, start=2):
        heading(f"{number}. To GitLab {target}: what it will bring")
        bad = target == "19.2.0"
        option = f"duo_self_hosted_target_version={target}"
        show_findings(
            play(folder, "upgrade_check", "-e", option, fails=bad), ("breaking", "action")
        )
        say()
        say("A copy of the state first, then the upgrade.")
        play(folder, "export")
        ask(url, "upgrade", "POST", {"to": target})
        after = gateway(url)
        say(f"Gateway after it: {after['ai_gateway_url'] or 'none'}.", "31" if bad else "")

    heading("4. What the upgrade has lost, and bringing it back")
    lines = play(folder, "restore", "--check", "--diff")
    print("\n".join(line for line in lines if line.startswith(("+", "-", "    "))))
    play(folder, "restore")
    if gateway(url) != before:
        raise Broken(f"the gateway is not as before: {gateway(url)}")
    chat = ask(url, "state")["features"].get("duo_agent_platform_agentic_chat", {})
    if chat.get("model") != "claude":
        raise Broken(f"Agentic Chat has lost its model: {chat}")
    if changes(play(folder, "restore")):
        raise Broken("restoring again changed something")
    say("Gateway settings are back, every feature has its model, and a last run changes nothing.")


def main() -> int:
    """Run the demo."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    CACHE.mkdir(exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="demo-", dir=CACHE) as folder,
            stand_ins({"gitlab": START}) as urls,
        ):
            demonstrate(urls["gitlab"], pathlib.Path(folder))
        say()
        say(f"All as promised, in {time.monotonic() - started:.0f} s. Everything is stopped.", "32")
    except Broken as problem:
        say()
        say(f"Broken promise: {problem}.", "31")
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

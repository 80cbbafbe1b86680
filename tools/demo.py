# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the collection at work: `make demo`.

Three stand-in GitLabs of different releases, one empty, one half set up by hand, one drifted. The
files of examples/ bring them to the declared state, with nothing added but the addresses and
secrets of the stand-ins. Exits with 1 if a promise is broken: the dry run writes nothing and
predicts the real run, and the run after that changes nothing.
"""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import yaml

from sandbox import credentials
from tools.collection import CACHE, ROOT
from tools.stand_ins import Broken, Json, ask, count, journals, stand_ins, writes
from tools.terminal import COLOURS, coloured, heading, paint, say, table

EXAMPLES = ROOT / "examples"
INVENTORY = EXAMPLES / "inventory"
RELEASES = {"lab": "17.9", "berlin": "18.9", "tokyo": "19.4"}
PLAYBOOK = "gitlab_ops.duo.configure"
# Where the reports of the runs are left, below .cache/.
DRY_RUN, REAL_RUN, LAST_RUN = "demo-report/dry-run", "demo-report/real-run", "demo-report/last-run"
# Where the dry run leaves its plans.
PLANS = CACHE / "demo-plans"
RECAP = re.compile(r"^(\S+)\s+: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)")


# --- what the demo adds to the examples --------------------------------------------------------
def load(path: pathlib.Path) -> Json:
    """Return a file of the examples as it is written, its templates as text."""
    content: Json = yaml.safe_load(path.read_text("utf-8"))
    return content


def addresses(urls: dict[str, str]) -> Json:
    """Return an inventory that only says where the GitLabs of the examples are."""
    return {"all": {"hosts": {name: {"duo_self_hosted_api_url": urls[name]} for name in urls}}}


def secrets() -> Json:
    """Return examples/secrets.yml with the values of the stand-ins."""
    filled = load(EXAMPLES / "secrets.yml")
    filled["vault_gitlab_tokens"] = dict.fromkeys(
        filled["vault_gitlab_tokens"], credentials.ADMIN_TOKEN
    )
    filled["vault_gitlab_passwords"] = dict.fromkeys(
        filled["vault_gitlab_passwords"], credentials.ADMIN_PASSWORD
    )
    return filled


# --- where it starts ---------------------------------------------------------------------------
def seeds() -> dict[str, Json]:
    """Return the state in which each stand-in is found, made from what the examples declare."""
    for_all = load(INVENTORY / "group_vars" / "all.yml")
    later = load(INVENTORY / "group_vars" / "since_18_9.yml")
    key = secrets()["vault_vllm_key"]
    models = [
        {
            "name": model["name"],
            "model": model["model_family"],
            "endpoint": model["endpoint"],
            "identifier": model["identifier"],
            "api_token": key,
        }
        for model in for_all["duo_self_hosted_models"]
    ]
    settings = [*for_all["features_since_17_9"], *later["features_since_18_9"]]
    declared = {
        feature: {
            "provider": setting.get("provider", "self_hosted"),
            "model": setting.get("model"),
        }
        for setting in settings
        for feature in setting["features"]
    }
    code, chat, _beta = copy.deepcopy(models)
    chat["identifier"] = "custom_openai/mistral-7b"
    by_hand: Json = {
        "gateway": {"ai_gateway_url": "https://aigw.berlin.example.com"},
        "models": [code, chat],
        "features": {
            name: setting for name, setting in declared.items() if setting["model"] == code["name"]
        },
    }
    drifted: Json = copy.deepcopy(
        {"models": models, "features": declared, "beta_acceptances": ["root"]}
    )
    drifted["models"][0]["api_token"] = "a key that was replaced since"  # noqa: S105
    drifted["models"][1]["endpoint"] = "https://old-vllm.example.com/v1"
    drifted["features"]["duo_chat"] = {"provider": "vendored"}
    drifted["features"]["duo_agent_platform"] = {"provider": "vendored"}
    by_hand["settings"] = {"duo_availability": "never_on"}
    drifted["settings"] = {"enabled_expanded_logging": True}
    return {"lab": {}, "berlin": by_hand, "tokyo": drifted}


STORIES = {
    "lab": "just installed, nothing is set",
    "berlin": "half set up by hand: GitLab Duo is off, and one model has an old identifier",
    "tokyo": "drifted: the gateway is lost, prompts are logged, a key and an endpoint are old",
}


# --- what a person sees ------------------------------------------------------------------------
def describe(name: str, url: str) -> list[str]:
    """Return the state of one stand-in as cells."""
    state = ask(url, "state")
    features = state["features"].values()
    counts = [
        (sum(setting["provider"] == provider for setting in features), text)
        for provider, text in (
            ("self_hosted", "on"),
            ("disabled", "off"),
            ("vendored", "cloud"),
        )
    ]
    gateway = state["gateway"]["ai_gateway_url"] or ""
    return [
        name,
        state["version"].removesuffix("-ee"),
        gateway.removeprefix("https://") or "none",
        str(len(state["models"]) or "none"),
        "on" if state["beta_on"] else "off",
        ", ".join(f"{count} {text}" for count, text in counts if count) or "none set",
    ]


COLUMNS = ["instance", "GitLab", "gateway", "models", "beta", "features"]
LEGEND = "Features: on a self-hosted model, off, or in GitLab's cloud."


# --- the runs ----------------------------------------------------------------------------------
def environment() -> dict[str, str]:
    """Return the environment of ansible-playbook, without the settings of the user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    built = os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CACHE / "installed"))
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": built,
        "ANSIBLE_CONFIG": str(EXAMPLES / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR" if coloured() else "ANSIBLE_NOCOLOR": "1",
        # Only what changes, or would change.
        "ANSIBLE_DISPLAY_OK_HOSTS": "0",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_NOCOWS": "1",
        # The stand-ins are on this machine, whatever proxy leads out of it.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def play(folder: pathlib.Path, report: str, *options: str) -> dict[str, int]:
    """Run the playbook; return how many tasks changed something on each instance.

    :param report: where the report of the run is left, below .cache/.
    """
    reporting = {
        "ANSIBLE_CALLBACKS_ENABLED": "gitlab_ops.duo.report",
        "DUO_REPORT_FOLDER": str(CACHE / report),
        "DUO_REPORT_FORMATS": "html,json,markdown,junit",
    }
    examples = ["-i", os.path.relpath(INVENTORY, ROOT), *options]
    added = ["-i", os.path.relpath(folder / "hosts.json", ROOT)]
    added += ["-e", "@" + os.path.relpath(folder / "secrets.json", ROOT)]
    print(paint(" ".join(["$ ansible-playbook", PLAYBOOK, *examples, "\\"]), "2"))
    print(paint(" ".join(["   ", *added]), "2"), flush=True)
    changed: dict[str, int] = {}
    bad = False
    blank = False
    with subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", PLAYBOOK, *examples, *added],
        cwd=ROOT,
        env={**environment(), **reporting},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout  # noqa: S101  for mypy: it is a pipe
        try:
            for line in run.stdout:
                plain = COLOURS.sub("", line).strip()
                if plain:
                    print("\n" * blank + line.rstrip("\n"), flush=True)
                blank = not plain
                if found := RECAP.match(plain):
                    changed[found[1]] = int(found[2])
                    bad = bad or found[3] != "0" or found[4] != "0"
        finally:
            if run.poll() is None and sys.exc_info()[0]:
                run.terminate()
    if run.returncode or bad or set(changed) != set(RELEASES):
        raise Broken(f"ansible-playbook ended with {run.returncode}")
    return changed


def demonstrate(urls: dict[str, str], folder: pathlib.Path) -> None:
    """Run the playbook three times, and keep the accounts.

    :raises Broken: a promise does not hold.
    """
    for name, content in (("hosts.json", addresses(urls)), ("secrets.json", secrets())):
        (folder / name).write_text(json.dumps(content))

    heading("1. Three GitLabs, as they are found")
    table(COLUMNS, [describe(name, url) for name, url in urls.items()])
    say(LEGEND, "2")
    say()
    for name, story in STORIES.items():
        say(f"{name}: {story}.")

    heading("2. The dry run: what would change, and a plan of it to approve")
    journals(urls)
    plans = os.path.relpath(PLANS, ROOT)
    wanted = ["-e", f"duo_self_hosted_plan_dir={plans}"]
    predicted = play(folder, DRY_RUN, "--check", "--diff", *wanted)
    dry = journals(urls)
    if writes(dry):
        raise Broken(f"the dry run sent {writes(dry)} writing requests")

    heading("3. The real run: what was planned, and nothing else")
    done = play(folder, REAL_RUN, "-e", f"duo_self_hosted_approved_plan={plans}")
    real = journals(urls)
    if done != predicted:
        raise Broken(f"the dry run predicted other changes: {predicted}, not {done}")

    heading("4. The same run again: nothing to change")
    again = play(folder, LAST_RUN)
    last = journals(urls)

    heading("What is there now")
    rows = [[*describe(name, url), str(len(last[name]))] for name, url in urls.items()]
    table([*COLUMNS, "requests"], rows)
    say(f"{LEGEND} Requests: of the last run.", "2")
    say()
    say(f"Dry run: {count(dry)} requests, of which {writes(dry)} write.")
    say(f"Real run: {count(real)} requests, of which {writes(real)} write.")
    say(f"Last run: {count(last)} requests, of which {writes(last)} write.")
    say(
        "(Only an admin page of GitLab 17.9 shows whether beta features are on, so lab is asked "
        "more: signing in and out are requests too.)"
    )
    if any(again.values()):
        raise Broken(f"the last run changed something: {again}")
    if writes(last):
        raise Broken(f"the last run sent {writes(last)} writing requests")


def main() -> int:
    """Run the demo."""
    # However the demo ends, `with` stops the stand-ins.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    CACHE.mkdir(exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="demo-", dir=CACHE) as folder,
            stand_ins(RELEASES) as urls,
        ):
            for name, seed in seeds().items():
                ask(urls[name], "seed", "POST", seed)
            demonstrate(urls, pathlib.Path(folder))
        say()
        say(f"All as promised, in {time.monotonic() - started:.0f} s. Everything is stopped.", "32")
        say("Look at the fleet in a browser, before and after:")
        for report in (DRY_RUN, REAL_RUN):
            print(f"  {os.path.relpath(CACHE / report / 'report.html')}", flush=True)
        say("The plans that the real run was held to, as a person reads them:")
        for name in RELEASES:
            print(f"  {os.path.relpath(PLANS / name)}.md", flush=True)
        say("What was declared: examples/inventory/. With a GitLab of your own: README.md.")
    except Broken as problem:
        say()
        say(f"Broken promise: {problem}.", "31")
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped.")
        return 130
    except BrokenPipeError:
        # The reader has gone, as with `make demo | head`, so there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conformance check passes on each release of the sandbox, and undoes its writes."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import conformance_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.belief import (
    INFERRED,
    RECORDED,
    SOURCE,
    SUBJECTS,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.conformance import (
    BELIEFS,
    SUBJECT,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._conformance.signals import (
    Interruptions,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import ROOT, Sandboxed
from sandbox import credentials

RELEASES = ("17.9", "18.9", "18.11", "19.0", "19.4", "19.5")
# Those between, each asked once.
OTHERS = ("17.10", "17.11", *(f"18.{minor}" for minor in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)))
OTHERS += ("19.1", "19.2", "19.3")
# Every request with DUO_TORTURE=full; otherwise every second one.
FULL = os.environ.get("DUO_TORTURE") == "full"
STEP = 1 if FULL else 2
GATEWAY = {"ai_gateway_url": "https://aigw.example.com"}
MODEL = {"name": "m", "model": "mistral", "endpoint": "https://vllm.example.com/v1"}


def row(result: dict[str, Any], number: str) -> dict[str, Any]:
    """Return what became of a belief."""
    found: dict[str, Any] = next(
        it for it in result["conformance"]["beliefs"] if it["number"] == number
    )
    return found


def differing(result: dict[str, Any]) -> list[str]:
    """Return the numbers of the beliefs that differ."""
    beliefs = result["conformance"]["beliefs"]
    return [it["number"] for it in beliefs if it["state"] == "differs"]


def kept(gitlab: Sandboxed) -> dict[str, Any]:
    """Return all that can be set, without the moment of the last write."""
    state: dict[str, Any] = json.loads(gitlab.stored())
    state["gateway"].pop("updated_at")
    return state


# --- the sandbox ---------------------------------------------------------------------------------
@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
@pytest.mark.parametrize("beta", [False, True], ids=["beta off", "beta on"])
@pytest.mark.parametrize("release", RELEASES)
def test_every_release_of_the_sandbox_is_as_believed(release: str, beta: bool, write: bool) -> None:
    seed = {"gateway": GATEWAY, "models": [MODEL], "beta_acceptances": ["root"] if beta else []}
    gitlab = Sandboxed(release, **seed)
    before = kept(gitlab)
    result = gitlab.run(SUBJECT, write=write, **ROOT)
    assert differing(result) == [], result["msg"]
    assert not result.get("failed")
    assert result["changed"] is False
    assert kept(gitlab) == before
    assert bool(gitlab.writes) is write


@pytest.mark.parametrize("release", OTHERS)
def test_the_releases_between_are_as_believed(release: str) -> None:
    gitlab = Sandboxed(release, gateway=GATEWAY, models=[MODEL])
    before = kept(gitlab)
    result = gitlab.run(SUBJECT, write=True, **ROOT)
    assert differing(result) == [], result["msg"]
    assert kept(gitlab) == before


def test_nearly_everything_is_asked() -> None:
    """What stays open is what an instance of a hundred models would show, and the other state."""
    gitlab = Sandboxed("18.9", gateway=GATEWAY, models=[MODEL])
    result = gitlab.run(SUBJECT, write=True, **ROOT)
    asked = {it["number"]: it["state"] for it in result["conformance"]["beliefs"]}
    assert {number for number, state in asked.items() if state == "not asked"} == {"R111"}
    assert len(asked) > 120


def test_pages_of_models_are_judged() -> None:
    gitlab = Sandboxed("18.9", models=[{**MODEL, "name": f"m{number}"} for number in range(101)])
    assert row(gitlab.run(SUBJECT), "R111")["state"] == "holds"


def test_it_only_reads_unless_told_otherwise() -> None:
    gitlab = Sandboxed("18.9")
    before = gitlab.stored()
    result = gitlab.run(SUBJECT)
    assert gitlab.writes == []
    assert gitlab.stored() == before
    assert len(gitlab.requests) <= 12
    for number in ("W101", "B101"):
        assert row(result, number)["state"] == "not asked"
    assert row(result, "W101")["answered"] == "nothing was to be written"
    assert row(result, "B101")["answered"] == "no session was given"


def test_check_mode_writes_nothing() -> None:
    gitlab = Sandboxed("18.9")
    result = gitlab.dry(SUBJECT, write=True)
    assert gitlab.writes == []
    assert result["conformance"]["wrote"] is False


def test_a_newer_release_is_asked_as_the_newest_known() -> None:
    """Values that nobody has claimed to know are no difference there."""
    gitlab = Sandboxed("19.5")
    gitlab.instance.release = type(gitlab.instance.release)(19, 9, 1)
    result = gitlab.run(SUBJECT)
    numbers = {it["number"] for it in result["conformance"]["beliefs"]}
    assert "E101" in numbers
    assert "E102" not in numbers


# --- where nothing may be tried ------------------------------------------------------------------
def test_production_is_not_written_to() -> None:
    gitlab = Sandboxed("18.9")
    result = gitlab.run(SUBJECT, write=True, production=True)
    assert result["failure"]["code"] == conformance_messages.TRIAL_IN_PRODUCTION.code
    assert gitlab.writes == []
    assert not gitlab.run(SUBJECT, production=True).get("failed")


def test_an_instance_in_use_is_not_written_to() -> None:
    features = {"duo_chat": {"provider": "self_hosted", "model": "m"}}
    gitlab = Sandboxed("18.9", models=[MODEL], features=features)
    result = gitlab.run(SUBJECT, write=True)
    assert result["failure"]["code"] == conformance_messages.TRIAL_ON_FEATURES.code
    assert "duo_chat" in result["msg"]
    assert gitlab.writes == []


# --- undone whatever happens ---------------------------------------------------------------------
def requests_of(release: str, **seed: Any) -> tuple[int, int]:
    """Return how many requests a check with writes sends: before its first write, and in all."""
    gitlab = Sandboxed(release, **seed)
    gitlab.run(SUBJECT, write=True)
    first = next(place for place, it in enumerate(gitlab.requests) if it["write"])
    return first, len(gitlab.requests)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C count, which a shell makes its jobs in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruptions() as interruptions:
            signal.raise_signal(signal.SIGHUP)
            interruptions.check()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("release", ["17.9", "19.4"])
def test_an_interruption_leaves_nothing(release: str) -> None:
    """Ctrl-C at a request; the run ends, and what it wrote is undone before."""
    seed = {"gateway": GATEWAY}
    for place in range(*requests_of(release, **seed), STEP):
        gitlab = Sandboxed(release, **seed)
        before = kept(gitlab)

        def interrupt(gitlab: Sandboxed = gitlab, place: int = place) -> None:
            if len(gitlab.requests) == place:
                os.kill(os.getpid(), signal.SIGINT)

        gitlab.watch = interrupt
        with pytest.raises(KeyboardInterrupt):
            gitlab.run(SUBJECT, write=True)
        assert kept(gitlab) == before, place


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status"])
@pytest.mark.parametrize("release", ["18.9", "19.4"] if FULL else ["19.4"])
def test_a_fault_leaves_nothing(release: str, kind: str) -> None:
    """A request that is lost, or answered with 500, wherever in the run."""
    seed = {"gateway": GATEWAY}
    for place in range(*requests_of(release, **seed), STEP):
        gitlab = Sandboxed(release, **seed)
        before = kept(gitlab)
        gitlab.faults({"kind": kind, "at": place, **({"status": 500} if kind == "status" else {})})
        gitlab.run(SUBJECT, write=True)
        assert kept(gitlab) == before, place


def test_what_a_killed_run_left_is_removed_first() -> None:
    """Killed between its writes: a model, a feature on it, another timeout."""
    gitlab = Sandboxed(
        "19.4",
        gateway={**GATEWAY, "ai_gateway_timeout_seconds": 91},
        models=[{**MODEL, "name": "duo-conformance-t90"}],
        features={"duo_chat": {"provider": "self_hosted", "model": "duo-conformance-t90"}},
    )
    result = gitlab.run(SUBJECT, write=True)
    assert differing(result) == []
    assert gitlab.instance.gateway.ai_gateway_timeout_seconds == 90
    assert gitlab.instance.models == []
    assert gitlab.features() == {}


def test_what_cannot_be_undone_is_told() -> None:
    gitlab = Sandboxed("18.9")
    gitlab.faults(
        {"kind": "status", "status": 500, "times": 0, "match": {"field": "aiSelfHostedModelDelete"}}
    )
    result = gitlab.run(SUBJECT, write=True)
    assert "W199" in differing(result)
    assert "duo-conformance-t60" in row(result, "W199")["answered"]
    again = gitlab.run(SUBJECT, write=True)
    assert again["failure"]["code"] == conformance_messages.TRIAL_LEFTOVER.code


# --- what may be attached to an issue ------------------------------------------------------------
CANARIES = {
    "host": "canary-host.example.com",
    "model": "canary model",
    "key": "canary-key-0123456789",
    "identifier": "custom_openai/canary-identifier",
    "gateway": "canary-gateway.example.com",
    "service": "canary-service.example.com:50052",
    "allowlist": "canary-allowed.example.com",
    "user": "canary-user",
}


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("broken", [False, True], ids=["as believed", "not as believed"])
def test_nothing_private_is_in_the_files(tmp_path: pathlib.Path, broken: bool, write: bool) -> None:
    """Neither where all holds nor where answers are told: names, addresses, keys and ids."""
    password = "canary-Passw0rd-0001"
    gitlab = Sandboxed(
        "19.4",
        users=[{"username": CANARIES["user"], "password": password, "admin": True}],
        tokens=[
            {
                "token": "glpat-canary-token-0001",
                "username": CANARIES["user"],
                "scopes": ["api"],
            }
        ],
        gateway={
            "ai_gateway_url": f"https://{CANARIES['gateway']}",
            "duo_agent_platform_service_url": CANARIES["service"],
        },
        models=[
            {
                "name": CANARIES["model"],
                "model": "mistral",
                "endpoint": f"https://{CANARIES['host']}/v1",
                "identifier": CANARIES["identifier"],
                "api_token": CANARIES["key"],
            }
        ],
        settings={"outbound_local_requests_allowlist_raw": CANARIES["allowlist"]},
    )
    if broken:
        # Names, ids and addresses where words of the API belong, and errors that repeat them.
        gitlab.adapter.alter = lambda reply: replaced(reply, CANARIES)
    result = gitlab.run(
        SUBJECT,
        api_token="glpat-canary-token-0001",
        username=CANARIES["user"],
        password=password,
        write=write,
        folder=str(tmp_path),
    )
    assert bool(differing(result)) is broken
    assert len(result["paths"]) == 2
    for path in map(pathlib.Path, result["paths"]):
        text = path.read_text("utf-8").lower()
        assert "canary" not in text
        assert "gitlab.example.com" not in text
        assert "gid://" not in text
        assert not re.search(r"https?://", text)
    data = json.loads((tmp_path / "conformance.json").read_text("utf-8"))
    assert data == result["conformance"]


def replaced(reply: Any, canaries: dict[str, str]) -> Any:
    """Return an answer in which public words became private ones."""
    text = reply.body.decode()
    for number, word in enumerate(("self_hosted", "unassigned", "mistral", "GA", "online_cloud")):
        name = list(canaries.values())[number]
        text = text.replace(f'"{word}"', json.dumps(name))
    text = text.replace("Name has already been taken", f"{canaries['model']} is taken")
    return type(reply)(reply.method, reply.status, reply.headers, text.encode())


def test_the_markdown_has_every_belief(tmp_path: pathlib.Path) -> None:
    result = Sandboxed("18.9").run(SUBJECT, folder=str(tmp_path / "made" / "too"))
    text = (tmp_path / "made" / "too" / "conformance.md").read_text("utf-8")
    for belief in result["conformance"]["beliefs"]:
        assert f"| {belief['number']} | {belief['belief']} | {belief['releases']} |" in text
    assert result["conformance"]["verdict"] in text
    assert result["table"][-1] == result["conformance"]["verdict"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    result = Sandboxed("18.9").run(SUBJECT, folder=str(tmp_path / "file"))
    assert result["failure"]["code"] == conformance_messages.NOT_WRITTEN.code


# --- the verdict ---------------------------------------------------------------------------------
def test_a_difference_fails_the_task_or_warns() -> None:
    seed = {"license": {"plan": "starter", "type": "online_cloud"}}
    result = Sandboxed("18.9", **seed).run(SUBJECT)
    assert result["failure"]["code"] == conformance_messages.NOT_AS_BELIEVED.code
    assert "A103" in result["msg"]
    assert result["conformance"]["conforms"] is False
    told = Sandboxed("18.9", **seed).run(SUBJECT, fail_on="never")
    assert not told.get("failed")
    assert any("A103" in warning for warning in told["warnings"])


def test_what_is_denied_is_not_taken_for_absent() -> None:
    """An ordinary user is shown no licence, which does not mean that there is none."""
    result = Sandboxed("18.9").run(SUBJECT, api_token=credentials.USER_TOKEN)
    assert row(result, "A102")["state"] == "differs"
    assert row(result, "A103")["state"] == "not asked"


def test_a_token_that_gitlab_does_not_take_is_a_failure_of_its_own() -> None:
    result = Sandboxed("18.9").run(SUBJECT, api_token=credentials.EXPIRED_TOKEN)
    assert result["failure"]["code"] == "token-refused"


# --- the beliefs as data -------------------------------------------------------------------------
def test_numbers_are_unique_and_name_their_subject() -> None:
    numbers = [belief.number for belief in BELIEFS]
    assert len(numbers) == len(set(numbers))
    assert all(re.fullmatch(rf"[{''.join(SUBJECTS)}]\d\d\d", number) for number in numbers)


@pytest.mark.parametrize("belief", BELIEFS, ids=lambda it: it.number)
def test_a_belief_is_complete(belief: Any) -> None:
    assert belief.how in (RECORDED, SOURCE, INFERRED)
    assert belief.sentence.endswith(".")
    assert belief.before is None or belief.since < belief.before

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans in files: written whole or not at all, read only as written, and free of secrets."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import stat
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base import plan_messages
from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.failure import Failure, Message
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine import (
    plan_file,
    plan_markdown,
    saved_plan,
)
from ansible_collections.gitlab_ops.duo.plugins.module_utils._engine.plan_file import SavedPlan
from ansible_collections.gitlab_ops.duo.plugins.module_utils._subjects import (
    gateway,
    self_hosted_model,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core import strategies
from ansible_collections.gitlab_ops.duo.tests.unit.core.planned import (
    FULL,
    NOON,
    SMALL,
    examples,
    plan,
    plans,
    refused,
)
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    """Return where a plan goes; its host has dots, and the folder is not there yet."""
    return str(tmp_path / "plans" / "gitlab.example.com.json")


@pytest.fixture
def written(path: str) -> pathlib.Path:
    """Return the file of a plan."""
    plan_file.prepare(path)
    plan_file.write(path, FULL)
    return pathlib.Path(path)


# --- write ---------------------------------------------------------------------------------------
def test_both_files_are_written_for_their_owner_alone(path: str) -> None:
    plan_file.prepare(path)
    folder = pathlib.Path(path).parent
    paths = plan_file.write(path, FULL)
    assert paths == [path, path.replace(".json", ".md")]
    assert sorted(map(str, folder.iterdir())) == sorted(paths)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(os.stat(it).st_mode) for it in paths] == [0o600, 0o600]


def test_what_is_there_keeps_its_mode(written: pathlib.Path) -> None:
    written.parent.chmod(0o755)
    written.chmod(0o640)
    plan_file.prepare(str(written))
    plan_file.write(str(written), plan())
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(written.stat().st_mode) == 0o640
    assert plan_file.read(str(written)) == plan()


def test_a_plan_in_the_current_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan_file.prepare("a.json")
    assert list(tmp_path.iterdir()) == []
    assert plan_file.write("a.json", FULL) == ["a.json", "a.md"]


def test_what_cannot_be_written_is_said_beforehand(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "a.md").mkdir()
    for path in (tmp_path / "file" / "a.json", tmp_path / "file" / "in" / "a.json"):
        assert str(path) in refused(plan_messages.PLAN_NOT_WRITABLE, plan_file.prepare, str(path))
    said = refused(plan_messages.PLAN_NOT_WRITABLE, plan_file.prepare, str(tmp_path / "a.json"))
    assert "a.md is a folder" in said
    refused(plan_messages.PLAN_NOT_WRITABLE, plan_file.prepare, "/proc/no/plans/a.json")
    refused(plan_messages.PLAN_NOT_WRITABLE, plan_file.prepare, "a\0b/a.json")


@pytest.mark.parametrize("fails", ["open", "chmod"])
def test_a_failure_leaves_the_old_plan_and_nothing_else(
    written: pathlib.Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = {it: it.read_bytes() for it in written.parent.iterdir()}

    def full(*_args: Any, **_more: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "chmod", full)
        if fails == "open":
            patch.setattr(plan_file, "open", full, raising=False)
        said = refused(plan_messages.PLAN_NOT_WRITABLE, plan_file.write, str(written), plan())
    assert "No space left on device" in said
    assert {it: it.read_bytes() for it in written.parent.iterdir()} == before


def test_two_plans_of_one_state_differ_in_their_time_only() -> None:
    shuffled = [dict(reversed(change.items())) for change in FULL.changes]
    later = replace(FULL, created_at=NOON + timedelta(hours=5), changes=shuffled)
    for first, second in (
        (FULL.text, later.text),
        (plan_markdown.markdown(FULL), plan_markdown.markdown(later)),
    ):
        assert first != second
        assert first.replace("T12:00", "") == second.replace("T17:00", "")


def test_the_time_is_kept_in_utc_and_whole_seconds() -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    made = replace(FULL, created_at=NOON.astimezone(there) + timedelta(microseconds=5))
    assert made.time == "2026-11-28T12:00:00Z"
    assert (made, made.text) == (FULL, FULL.text)
    assert made.created_at.microsecond == 0


# --- read ----------------------------------------------------------------------------------------
@examples(150)
@given(plans)
def test_what_is_read_is_what_was_written(path: str, made: SavedPlan) -> None:
    plan_file.prepare(path)
    plan_file.write(path, made)
    assert plan_file.read(path) == made
    assert pathlib.Path(path).read_text("utf-8") == made.text
    plan_file.refuse_unapproved(plan_file.read(path), made, max_age_hours=0, path=path)


def test_every_cut_is_noticed(written: pathlib.Path) -> None:
    content = SMALL.text.encode()
    for length in range(len(content)):
        written.write_bytes(content[:length])
        message = plan_messages.PLAN_INCOMPLETE
        if length == len(content) - 1:
            message = plan_messages.PLAN_TAMPERED  # only the last line break is missing
        refused(message, plan_file.read, str(written))


def test_every_changed_byte_is_noticed_except_in_the_time(written: pathlib.Path) -> None:
    content = SMALL.text.encode()
    start = content.index(b'"created_at"')
    time = range(start, content.index(b"\n", start))
    passed = set()
    for at in range(len(content)):
        for flip in (0x01, 0x20):
            written.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
            try:
                seen = plan_file.read(str(written))
            except Failure:
                continue
            passed.add(at)
            assert replace(seen, created_at=NOON) == SMALL
    assert passed
    assert passed <= set(time)


def leaves(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all values."""
    if isinstance(data, (dict, list)):
        pairs = data.items() if isinstance(data, dict) else enumerate(data)
        return [it for key, value in pairs for it in leaves(value, (*place, key))]
    return [place]


def test_every_other_value_is_noticed(written: pathlib.Path) -> None:
    data = json.loads(written.read_bytes())
    for place in leaves(data):
        for other in ("other", None, 7, True, [], {}, [[["deep"]]]):
            changed = copy.deepcopy(data)
            inside = changed
            for key in place[:-1]:
                inside = inside[key]
            inside[place[-1]] = other
            if json.dumps(changed) == json.dumps(data):
                continue
            written.write_text(json.dumps(changed, indent=2, sort_keys=True) + "\n")
            with pytest.raises(Failure):
                plan_file.read(str(written))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", '{\n  "more": 1,'),
        ('"release": "18.9.2"', '"release": "18.9.3",\n  "release": "18.9.2"'),
        ("\n", "\r\n"),
        ("  ", "\t"),
        ('"schema_version": 1', '"schema_version": true'),
        ('"changes": [', '"changes": [1,'),
        ('"after": 90', '"after": ' + "[" * 700 + "]" * 700),
    ],
)
def test_another_form_is_noticed(written: pathlib.Path, old: str, new: str) -> None:
    text = written.read_bytes().decode()
    assert old in text
    written.write_bytes(text.replace(old, new).encode())
    refused(plan_messages.PLAN_TAMPERED, plan_file.read, str(written))


def test_a_right_checksum_does_not_help_a_wrong_form(written: pathlib.Path) -> None:
    """Who makes a plan by hand gets a sentence too, and no traceback."""
    data = json.loads(written.read_bytes())
    for name, wrong in (
        ("changes", "text"),
        ("changes", 5),
        ("release", 18),
        ("changes", {"a": 1}),
    ):
        forged = {**data, name: wrong}
        content = {it: forged[it] for it in forged if it not in ("checksum", "created_at")}
        forged["checksum"] = saved_plan._digest(content)
        written.write_text(json.dumps(forged, indent=2, sort_keys=True) + "\n")
        refused(plan_messages.PLAN_TAMPERED, plan_file.read, str(written))


@pytest.mark.parametrize(
    ("content", "message", "words"),
    [
        (b"", plan_messages.PLAN_INCOMPLETE, "it is empty"),
        (b"{", plan_messages.PLAN_INCOMPLETE, "ends too early or is not JSON"),
        (b"\xff\xfe{", plan_messages.PLAN_INCOMPLETE, "is not JSON"),
        (b"[" * 100_000, plan_messages.PLAN_INCOMPLETE, "is not JSON"),
        (b"[]", plan_messages.PLAN_INCOMPLETE, "its schema is not gitlab_ops.duo.plan"),
        (b'{"schema": "gitlab_ops.duo.report"}', plan_messages.PLAN_INCOMPLETE, "its schema"),
        (
            b'{"schema": "gitlab_ops.duo.plan", "schema_version": 2}',
            plan_messages.PLAN_VERSION,
            "has schema version 2; this version of the collection reads 1",
        ),
        (b'{"schema": "gitlab_ops.duo.plan"}', plan_messages.PLAN_VERSION, "version null"),
        (
            b'{"schema": "gitlab_ops.duo.plan", "schema_version": 1}',
            plan_messages.PLAN_TAMPERED,
            "not as it was written",
        ),
    ],
)
def test_what_is_no_plan(
    tmp_path: pathlib.Path, content: bytes, message: Message, words: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    said = refused(message, plan_file.read, str(path))
    assert words in said
    assert str(path) in said


def test_no_file_and_no_readable_file(tmp_path: pathlib.Path) -> None:
    said = refused(plan_messages.PLAN_MISSING, plan_file.read, str(tmp_path / "a.json"))
    assert "Make a dry run with duo_self_hosted_plan_dir" in said
    assert "Is a directory" in refused(plan_messages.PLAN_UNREADABLE, plan_file.read, str(tmp_path))


# --- secrets -------------------------------------------------------------------------------------
CANARY = "canary-7a1c0b5e"


@pytest.mark.parametrize(
    "declared",
    [
        {"api_key": CANARY},
        {"models": [{"name": "a", "api_key": CANARY}]},
        {"duo_self_hosted_api_token": CANARY},
        {"admin": {"password": CANARY}},
        {"admin": {"session_cookie": CANARY}},
        {"connection": {"proxy": CANARY}},
        {"models": [{"endpoint": f"https://me:{CANARY}@vllm.example.com/v1"}]},
        {"gateway": {"ai_gateway_url": f"https://{CANARY}@aigw.example.com"}},
    ],
)
def test_a_secret_does_not_count_in_the_digest(declared: Any) -> None:
    """So nobody can try guesses against it; but it counts whether there is one."""
    other = json.loads(json.dumps(declared).replace(CANARY, "another"))
    assert plan_file.digest_of(declared) == plan_file.digest_of(other)
    cleared = json.loads(re.sub(r'"[^"]*canary[^"]*"', '""', json.dumps(declared)))
    assert plan_file.digest_of(declared) != plan_file.digest_of(cleared)
    unset = json.loads(re.sub(r'"[^"]*canary[^"]*"', "null", json.dumps(declared)))
    assert plan_file.digest_of(cleared) != plan_file.digest_of(unset)


def test_what_counts_in_the_digest() -> None:
    digest = plan_file.digest_of({"a": 1, "b": [1, 2]})
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    assert digest == plan_file.digest_of({"b": (2, 1), "a": 1, "left_out": None})
    for other in ({"a": 1, "b": [2, 2]}, {"a": True, "b": [1, 2]}, {"a": "1", "b": [1, 2]}, {}):
        assert digest != plan_file.digest_of(other)
    with pytest.raises(TypeError):
        plan_file.digest_of({"a": object()})


@examples(40)
@given(strategies.instances(), st.data())
def test_no_secret_gets_into_the_files(path: str, here: Sandboxed, data: st.DataObject) -> None:
    """Whatever is declared on whatever is there: models with keys, URLs with passwords."""
    wishes = (
        (gateway.SUBJECT, data.draw(strategies.gateways())),
        (self_hosted_model.SUBJECT, data.draw(strategies.models(here))),
    )
    results = [here.dry(subject, **wish) for subject, wish in wishes]
    changes = [change for result in results for change in result.get("changes", ())]
    declared = plan_file.digest_of([wish for _subject, wish in wishes])
    plan_file.prepare(path)
    made = plan(*changes, declared=declared)
    paths = plan_file.write(path, made)
    content = "".join(pathlib.Path(it).read_text("utf-8") for it in paths)
    assert not [secret for secret in strategies.SECRETS if secret in content]
    assert plan_file.read(path) == made
    # A plan of the role's holds all that a dry run tells.
    assert content.count('"subject"') == len(changes)

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
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
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
from ansible_collections.gitlab_ops.duo.tests.unit.core.sandboxed import Sandboxed

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=timezone.utc)
SUBJECTS = ("gateway", "self_hosted_model", "beta_features", "feature_model", "subscription")
HOSTILE = (
    "`", "``", "`a", "a ` b `` c", " ", "|", "a|b", "\\", "\\`", "<script>alert(1)</script>",
    "![x](https://evil.example.com/x.png)", "[x](javascript:alert(1))", "https://evil.example.com",
    "@all", "!1 #2 ~label", "/approve", "# title", "- item", "a\n\n/approve\n", "*b* _c_", "&lt;",
    "<!--", "]]>", "$`x`$", "{{ 7*7 }}", "a\u202eb", "\ud800", "é 語 🦊",
)  # fmt: skip

texts = st.text() | st.sampled_from(HOSTILE)
values = st.none() | st.booleans() | st.integers() | texts | st.lists(texts, max_size=4)
entries = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(SUBJECTS),
        "name": texts,
        "field": st.sampled_from(["provider", "model", "endpoint", "api_key"]) | texts,
        "before": values,
        "after": values,
    }
)
plans = st.builds(
    SavedPlan,
    instance=texts,
    release=texts,
    created_at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(timezone.utc)),
    declared=st.binary(max_size=4).map(lambda it: saved_plan.digest_of(it.hex())),
    changes=st.lists(entries, max_size=6),
)


def examples(number: int) -> Any:
    """Return the settings of a property: the same examples in every run."""
    return hypothesis_settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def entry(subject: str, name: str, field: str, before: Any, after: Any) -> dict[str, Any]:
    """Return one field of one object."""
    return {"subject": subject, "name": name, "field": field, "before": before, "after": after}


CREATED = [
    entry("self_hosted_model", "codestral", "name", None, "codestral"),
    entry("self_hosted_model", "codestral", "endpoint", None, "https://vllm.example.com/v1"),
    entry("self_hosted_model", "codestral", "identifier", None, ""),
    entry("self_hosted_model", "codestral", "api_key", None, "(set)"),
]
CHANGED = entry("gateway", "", "ai_gateway_timeout_seconds", 60, 90)
LINKED = entry("feature_model", "duo_chat", "model", None, "codestral")
DELETED = [
    entry("self_hosted_model", "old", "name", "old", None),
    entry("self_hosted_model", "old", "endpoint", "https://old.example.com/v1", None),
]


def plan(*changes: dict[str, Any], **other: Any) -> SavedPlan:
    """Return a plan of these changes."""
    given = {
        "instance": "https://gitlab.example.com",
        "release": "18.9.2",
        "created_at": NOON,
        "declared": saved_plan.digest_of({"models": ["codestral"]}),
        "changes": changes,
    }
    return SavedPlan(**{**given, **other})


FULL = plan(CHANGED, *CREATED, LINKED, *DELETED)
SMALL = plan(CHANGED)


def refused(message: Message, act: Callable[..., Any], *args: Any, **more: Any) -> str:
    """Return the sentence with which something is refused."""
    with pytest.raises(Failure) as caught:
        act(*args, **more)
    assert caught.value.code == message.code
    sentence = caught.value.sentence("https://gitlab.example.com")
    assert "othing was changed" in sentence
    return sentence


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


# --- compare -------------------------------------------------------------------------------------
def refuse(message: Message, now: SavedPlan, approved: SavedPlan = FULL, **more: Any) -> str:
    """Return the sentence with which a run is refused."""
    more = {"max_age_hours": None, "path": "plans/a.json", **more}
    said = refused(message, plan_file.refuse_unapproved, approved, now, **more)
    assert "plans/a.json" in said
    return said


def allow(now: SavedPlan, approved: SavedPlan = FULL, max_age_hours: int | None = None) -> None:
    """Let a run go on."""
    plan_file.refuse_unapproved(approved, now, max_age_hours=max_age_hours, path="plans/a.json")


def test_what_was_approved_goes_on() -> None:
    allow(FULL)
    # What differs in JSON alone does not differ.
    hosts = entry("outbound_allowlist", "", "hosts", ("a",), ("a", "b"))
    allow(plan(hosts), plan({**hosts, "before": ["a"], "after": ["a", "b"]}))


def test_another_instance() -> None:
    said = refuse(plan_messages.PLAN_OTHER_INSTANCE, replace(FULL, instance="https://other"))
    assert "made for https://gitlab.example.com, and this run is for https://other." in said
    # Also where nothing is to be done: somebody has mixed up files.
    refuse(plan_messages.PLAN_OTHER_INSTANCE, plan(instance="https://other"))


def test_another_release() -> None:
    said = refuse(plan_messages.PLAN_OTHER_RELEASE, replace(FULL, release="18.10.0"))
    assert "made for GitLab 18.9.2, and this is GitLab 18.10.0." in said


def test_another_declaration_with_the_same_changes() -> None:
    refuse(plan_messages.PLAN_OTHER_DECLARATION, replace(FULL, declared="sha256:0"))


@pytest.mark.parametrize(
    ("age", "most", "shown"),
    [
        (timedelta(hours=24), 24, None),
        (timedelta(hours=24, seconds=1), 24, "24.1"),
        (timedelta(hours=1000), None, None),
        (timedelta(days=3), 24, "72.0"),
        (timedelta(seconds=1), 0, "0.1"),
    ],
)
def test_age(age: timedelta, most: int | None, shown: str | None) -> None:
    now = replace(FULL, created_at=NOON + age)
    if shown is None:
        allow(now, max_age_hours=most)
        return
    said = refuse(plan_messages.PLAN_TOO_OLD, now, max_age_hours=most)
    assert f"is {shown} hours old; duo_self_hosted_plan_max_age allows {most}." in said


def test_a_time_that_is_still_to_come() -> None:
    allow(replace(FULL, created_at=NOON - timedelta(minutes=5)))
    said = refuse(
        plan_messages.PLAN_FROM_THE_FUTURE, replace(FULL, created_at=NOON - timedelta(minutes=6))
    )
    assert "made at 2026-11-28T12:00:00Z, and here it is only 2026-11-28T11:54:00Z" in said


def test_new_gone_and_different_changes_are_listed() -> None:
    stranger = entry("self_hosted_model", "stranger", "endpoint", "https://a", "https://b")
    now = plan({**CHANGED, "before": 70}, *CREATED, stranger, *DELETED)
    said = refuse(plan_messages.PLAN_NOT_APPROVED, now)
    assert said == (
        "https://gitlab.example.com: The changes are not the approved ones of plans/a.json. "
        'New: self-hosted model stranger (endpoint "https://a" -> "https://b"). '
        'Gone: feature duo_chat (model none -> "codestral"). '
        "Different: AI gateway (ai_gateway_timeout_seconds 70 -> 90, approved 60 -> 90). "
        "The declaration is the approved one, so GitLab was changed in between. Nothing was "
        "changed. Make a new dry run with duo_self_hosted_plan_dir and have it approved."
    )


def test_a_changed_declaration_is_named_as_the_cause() -> None:
    now = plan(CHANGED, declared="sha256:0")
    assert "The declaration is not the approved one." in refuse(
        plan_messages.PLAN_NOT_APPROVED, now
    )


@pytest.mark.parametrize(("one", "other"), [(None, "none"), (None, ""), (1, True), (1, "1")])
def test_values_that_look_alike_are_different(one: Any, other: Any) -> None:
    change = entry("gateway", "", "ai_gateway_url", "x", one)
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan({**change, "after": other}), plan(change))
    assert "Different: AI gateway" in said


def test_a_field_that_is_written_twice() -> None:
    first, second = (entry("feature_model", "a", "model", *it) for it in (("x", "y"), ("y", "z")))
    allow(plan(first, second), plan(first, second))
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan(first, second), plan(first))
    assert 'model "x" -> "y", then "y" -> "z", approved "x" -> "y"' in said


def test_part_of_what_was_approved_is_refused() -> None:
    """As after a run that failed half-way: a person looks at what is left."""
    said = refuse(plan_messages.PLAN_NOT_APPROVED, plan(*CREATED, LINKED, *DELETED))
    assert "Gone: AI gateway (ai_gateway_timeout_seconds 60 -> 90)." in said
    assert "New" not in said


@pytest.mark.parametrize("other", [{}, {"release": "19.0.0"}, {"declared": "sha256:0"}])
def test_nothing_to_do_is_always_approved(other: dict[str, Any]) -> None:
    allow(plan(created_at=NOON + timedelta(days=99), **other), max_age_hours=1)


def test_a_long_list_ends_with_its_number() -> None:
    names = [f"model-{number:03}-{'x' * 240}" for number in range(120)]
    old = [entry("self_hosted_model", f"old-{it}", "endpoint", "a" * 2000, "b") for it in names]
    new = [entry("self_hosted_model", f"new-{it}", "endpoint", "a" * 2000, "b") for it in names]
    both = [entry("feature_model", it, "model", "a" * 2000, "b") for it in names]
    with pytest.raises(Failure) as caught:
        allow(plan(*new, *both), plan(*old, *({**it, "after": "c"} for it in both)))
    assert caught.value.what.count("and 115 more.") == 3
    assert len(caught.value.what) < 4000


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
    assert digest == plan_file.digest_of({"b": (1, 2), "a": 1, "left_out": None})
    for other in ({"a": 1, "b": [2, 1]}, {"a": True, "b": [1, 2]}, {"a": "1", "b": [1, 2]}, {}):
        assert digest != plan_file.digest_of(other)
    with pytest.raises(TypeError):
        plan_file.digest_of({"a": object()})


@examples(60)
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


# --- Markdown ------------------------------------------------------------------------------------
def test_the_page_begins_with_the_counts() -> None:
    assert (
        plan_markdown.markdown(FULL)
        == f"""\
## GitLab `https://gitlab.example.com` `18.9.2`: 1 to create, 2 to change, 1 to delete

### AI gateway: 1 to change

- `ai_gateway_timeout_seconds`: `60` → `90`

### Self-hosted model: 1 to create, 1 to delete

- create `codestral`
  - `name`: `codestral`
  - `endpoint`: `https://vllm.example.com/v1`
  - `api_key`: `(set)`
- delete `old`
  - `name`: `old`
  - `endpoint`: `https://old.example.com/v1`

### Feature: 1 to change

- change `duo_chat`
  - `model`: none → `codestral`

Planned at 2026-11-28T12:00:00Z, checksum `{FULL.checksum}`.
"""
    )


def test_an_empty_plan_says_so() -> None:
    page = plan_markdown.markdown(plan())
    assert page.startswith("## GitLab `https://gitlab.example.com` `18.9.2`: nothing will change\n")
    assert "###" not in page


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "x", "empty → `x`"),
        (None, "none", "none → `none`"),
        (False, True, "`false` → `true`"),
        (["a", "b"], ["b", "c", "d"], "adds `c`, `d`; removes `a`"),
        (["a", "b"], ["a", "b", "c"], "adds `c`"),
        (["a", "b"], ["b", "a"], "`a`, `b` → `b`, `a`"),
        ([], None, "none → none"),
        (None, ["a"], "none → `a`"),
    ],
)
def test_values(before: Any, after: Any, shown: str) -> None:
    page = plan_markdown.markdown(plan(entry("gateway", "", "f", before, after)))
    assert f"\n- `f`: {shown}\n" in page


SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
# What is outside of code is ours.
OWN = re.compile(r"(#{2,3} |  - |- |)[\w ,:;.→-]*")


@examples(300)
@given(plans)
def test_hostile_texts_are_code(made: SavedPlan) -> None:
    page = plan_markdown.markdown(made)
    assert page.encode("utf-8")
    for line in page.splitlines():
        assert OWN.fullmatch(SPAN.sub("", line)), line
    spans = [span for _fence, span in SPAN.findall(page)]
    for name in {change["name"] for change in made.changes if change["name"].isprintable()}:
        assert name == "" or {name, f" {name} "} & set(spans)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_its_text(text: str) -> None:
    found = SPAN.fullmatch(plan_markdown.code(text))
    assert found
    if text.isprintable():
        assert found[2] in (text, f" {text} ")
    else:
        assert found[2].isprintable()

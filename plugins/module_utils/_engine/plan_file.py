# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write, read and compare saved plans: a real run may make only the approved changes."""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._base import plan_messages
from .._base.failure import Failure, one_line
from .objects import about
from .plan_markdown import markdown
from .saved_plan import SCHEMA, VERSION, SavedPlan, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .saved_plan import Entry

# Callers need all of these: the plan, its file and its digest.
__all__ = ["SavedPlan", "digest_of", "prepare", "read", "refuse_unapproved", "write"]

# How far the clocks of two machines may differ.
_CLOCKS = timedelta(minutes=5)
# How many objects of each kind a message names, and in how many characters each: together they
# fit into one failure.
_MOST, _LONGEST = 5, 180


# --- write ---------------------------------------------------------------------------------------
def prepare(path: str) -> None:
    """Make the folder of a plan, and make sure that the plan can be written there later.

    An existing folder keeps its mode; a new one can be read by its owner only.

    :param path: of the file, as for :func:`write`.
    :raises Failure: it can't be written.
    """
    folder = _folder(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".plan-"):
            pass
        for target in (path, _beside(path)):
            if os.path.isdir(target):
                raise IsADirectoryError(f"{target} is a folder")
    except (OSError, ValueError) as error:
        raise _not_writable(path, error) from None


def write(path: str, plan: SavedPlan) -> list[str]:
    """Write a plan as JSON, and beside it as Markdown; return the paths of both.

    A reader sees the old file or the new one, never a part. An existing file keeps its mode; a new
    one can be read by its owner only.

    :param path: of the JSON; for ``plans/berlin.json``, the Markdown is ``plans/berlin.md``.
    :raises Failure: it can't be written.
    """
    waiting: dict[str, str] = {}
    try:
        for target, text in ((path, plan.text), (_beside(path), markdown(plan))):
            # mkstemp sets mode 0600.
            handle, temporary = tempfile.mkstemp(dir=_folder(path), prefix=".plan-")
            waiting[temporary] = target
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        # Replaced only once both are complete, because people read one and runs the other.
        for temporary, target in waiting.items():
            os.replace(temporary, target)
    except (OSError, ValueError) as error:
        raise _not_writable(path, error) from None
    finally:
        for temporary in waiting:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return list(waiting.values())


def _folder(path: str) -> str:
    return os.path.dirname(path) or "."


def _beside(path: str) -> str:
    # Not splitext, because a host name may have dots.
    return path.removesuffix(".json") + ".md"


def _not_writable(path: str, error: Exception) -> Failure:
    return Failure(plan_messages.PLAN_NOT_WRITABLE, path=path, reason=_reason(error))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


# --- read ----------------------------------------------------------------------------------------
def read(path: str) -> SavedPlan:
    """Read a plan, and refuse it unless each byte is as :func:`write` wrote it.

    Only a different time goes unnoticed: see ``SavedPlan.checksum``.

    :raises Failure: the file is missing, unreadable, cut off, changed, or of an unknown version.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise Failure(plan_messages.PLAN_MISSING, path=path) from None
    except (OSError, ValueError) as error:
        raise Failure(plan_messages.PLAN_UNREADABLE, path=path, reason=_reason(error)) from None
    data = _parsed(path, content)
    if data.get("schema_version") != VERSION:
        found = json.dumps(data.get("schema_version"))
        raise Failure(plan_messages.PLAN_VERSION, path=path, found=found, known=VERSION)
    try:
        plan = SavedPlan.of(data)
        whole = plan.text.encode() == content
    except (KeyError, TypeError, ValueError, RecursionError):
        whole = False
    if not whole:
        raise Failure(plan_messages.PLAN_TAMPERED, path=path)
    return plan


def _parsed(path: str, content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        reason = "it ends too early or is not JSON" if content else "it is empty"
        raise Failure(plan_messages.PLAN_INCOMPLETE, path=path, reason=reason) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        reason = f"its schema is not {SCHEMA}"
        raise Failure(plan_messages.PLAN_INCOMPLETE, path=path, reason=reason)
    return data


# --- compare -------------------------------------------------------------------------------------
def refuse_unapproved(
    approved: SavedPlan, now: SavedPlan, *, max_age_hours: int | None, path: str
) -> None:
    """Refuse the plan of a real run unless it is exactly the approved one.

    An empty plan is covered by any approval of this instance, however old, so that a run can be
    repeated after it has made all changes.

    :param now: the plan of the real run.
    :param max_age_hours: how old the approved plan may be, in hours; None for any age.
    :param path: of the approved plan, for messages.
    :raises Failure: saying what is not as approved: the instance, the release, the age, the
        changes (new, gone, different) or the declaration.
    """
    if approved.instance != now.instance:
        raise Failure(
            plan_messages.PLAN_OTHER_INSTANCE,
            path=path,
            approved=approved.instance,
            present=now.instance,
        )
    if not now.changes:
        return
    if approved.release != now.release:
        raise Failure(
            plan_messages.PLAN_OTHER_RELEASE,
            path=path,
            approved=approved.release,
            present=now.release,
        )
    age = now.created_at - approved.created_at
    if age < -_CLOCKS:
        raise Failure(
            plan_messages.PLAN_FROM_THE_FUTURE, path=path, created=approved.time, now=now.time
        )
    if max_age_hours is not None and age > timedelta(hours=max_age_hours):
        # Rounded up, so that the message never shows the allowed age itself.
        hours = f"{math.ceil(age / timedelta(hours=0.1)) / 10:.1f}"
        raise Failure(plan_messages.PLAN_TOO_OLD, path=path, age=hours, most=max_age_hours)
    differences = list(_differences(approved.changes, now.changes))
    same = approved.declared == now.declared
    if differences:
        cause = "The declaration is the approved one, so GitLab was changed in between."
        if not same:
            cause = "The declaration is not the approved one."
        raise Failure(
            plan_messages.PLAN_NOT_APPROVED, path=path, differences=differences, cause=cause
        )
    if not same:
        raise Failure(plan_messages.PLAN_OTHER_DECLARATION, path=path)


def _differences(approved: Sequence[Entry], now: Sequence[Entry]) -> Iterator[str]:
    """Yield a sentence for each kind of difference, with objects, fields and values."""
    before, after = _values(approved), _values(now)
    kinds: dict[str, dict[tuple[str, str], list[str]]] = {"New": {}, "Gone": {}, "Different": {}}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        subject, name, field = key
        kind = "New" if old is None else "Gone" if new is None else "Different"
        values = f"{new}, approved {old}" if kind == "Different" else new or old
        kinds[kind].setdefault((subject, name), []).append(f"{field} {values}")
    for kind, objects in kinds.items():
        texts = [
            one_line(f"{about(*it)} ({'; '.join(fields)})", _LONGEST)
            for it, fields in objects.items()
        ]
        if len(texts) > _MOST:
            texts[_MOST:] = [f"and {len(texts) - _MOST} more"]
        if texts:
            yield f"{kind}: {', '.join(texts)}."


def _values(changes: Sequence[Entry]) -> dict[tuple[str, str, str], str]:
    """Return the values of each field as text; different values give different texts."""
    fields: dict[tuple[str, str, str], str] = {}
    for change in changes:
        key = (change["subject"], change["name"], change["field"])
        text = f"{_shown(change['before'])} -> {_shown(change['after'])}"
        # A run may write a field twice.
        fields[key] = f"{fields[key]}, then {text}" if key in fields else text
    return fields


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

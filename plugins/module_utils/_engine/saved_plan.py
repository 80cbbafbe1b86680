# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a plan that outlives its run: a person approves it, and a later run must keep to it.

``docs/plan.schema.json`` describes its JSON. It contains no secret: changes hold markers such as
``(set)``, and the digest of a declaration is made without the values of its secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._base.options import SECRET
from .._base.urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCHEMA = "gitlab_ops.duo.plan"
# Raised when older readers would misread a plan.
VERSION = 1
# One field of one object, as Plan.entries() makes it.
Entry = Mapping[str, Any]

_TEXTS = ("subject", "name", "field")
_KEYS = (*_TEXTS, "before", "after")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class SavedPlan:
    """The changes that a dry run planned for one instance.

    :ivar instance: its URL, without credentials.
    :ivar release: its release of GitLab, such as ``18.9.2``.
    :ivar created_at: when the plan was made, with a time zone; kept in UTC and whole seconds.
    :ivar declared: the digest of the declaration, see :func:`digest_of`.
    :ivar changes: in the order in which they are made, as ``Plan.entries()`` returns them; kept as
        they look after a round trip through JSON.
    """

    instance: str
    release: str
    created_at: datetime
    declared: str
    changes: Sequence[Entry]

    def __post_init__(self) -> None:
        """Normalise time and changes as a file does, so that a plan equals itself read back."""
        seconds = self.created_at.astimezone(timezone.utc).replace(microsecond=0)
        object.__setattr__(self, "created_at", seconds)
        changes = [{key: change[key] for key in _KEYS} for change in self.changes]
        object.__setattr__(self, "changes", tuple(json.loads(json.dumps(changes))))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> SavedPlan:
        """Return the plan in parsed JSON, without checking its checksum.

        :raises KeyError, TypeError, ValueError: it is not a plan.
        """
        texts = [data["instance"], data["release"], data["declared"]]
        texts += [change[key] for change in data["changes"] for key in _TEXTS]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError
        created = datetime.strptime(data["created_at"], _TIME).replace(tzinfo=timezone.utc)
        return cls(data["instance"], data["release"], created, data["declared"], data["changes"])

    @property
    def time(self) -> str:
        """When the plan was made, as text."""
        return self.created_at.strftime(_TIME)

    @property
    def checksum(self) -> str:
        """Digest of everything except the time.

        Two dry runs of one state must differ in the time only, so the time is not in the checksum.
        Nothing proves it, then; readers check whether it is plausible.
        """
        return _digest(self._content())

    @property
    def text(self) -> str:
        """The plan as JSON in ASCII: the same text for the same plan."""
        data = {**self._content(), "created_at": self.time, "checksum": self.checksum}
        return json.dumps(data, indent=2, sort_keys=True) + "\n"

    def _content(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "schema_version": VERSION,
            "instance": self.instance,
            "release": self.release,
            "declared": self.declared,
            "changes": self.changes,
        }


def digest_of(declared: Any) -> str:
    """Return the digest of a declaration: the same one for the same options.

    Of a secret, only whether it is left out, set or cleared counts, and a URL counts without its
    credentials, so that guesses cannot be tried against the digest. None counts as left out, and
    the order of lists does not count.

    :param declared: options as Ansible gives them: dictionaries, lists, texts, numbers.
    :raises TypeError: it holds something else, whose text might differ between runs.
    """
    return _digest(_open(declared))


def _open(value: Any) -> Any:
    """Return the options without the secrets in them."""
    if isinstance(value, Mapping):
        return {
            str(key): bool(item) if _is_secret(str(key)) else _open(item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, (list, tuple)):
        # Their order means nothing, and filters such as difference may change it from run to run.
        return sorted(map(_open, value), key=lambda item: json.dumps(item, sort_keys=True))
    return without_credentials(value) if isinstance(value, str) else value


def _is_secret(option: str) -> bool:
    """Return whether an option is secret; its name may have a prefix, as in the role."""
    return any(option == name or option.endswith(f"_{name}") for name in SECRET)


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def by_object(changes: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Return changes by subject and name of the object, in their order."""
    objects: dict[tuple[str, str], list[Entry]] = {}
    for change in changes:
        objects.setdefault((change["subject"], change["name"]), []).append(change)
    return objects

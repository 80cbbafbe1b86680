# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints where the sandbox differs from the recording, grouped by kind, most frequent first.

    python -m tests.unit.recorded 18.9 [--world 'pages*'] [--all] [--each] [--note]

test_recorded.py fails for a difference that is neither in accepted.py nor, by the name of its
question, in open/RELEASE.txt. The latter is the work still to do: --note writes it anew.
"""

from __future__ import annotations

import argparse
import fnmatch
import re
from collections import defaultdict

from tests.unit.conftest import make_importable

make_importable()

from ansible_collections.gitlab_ops.duo.tests.unit.recorded.accepted import (  # noqa: E402
    ACCEPTED,
    is_accepted,
    open_file,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.comparison import (  # noqa: E402
    Difference,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.recording import (  # noqa: E402
    RELEASES,
    worlds,
)
from ansible_collections.gitlab_ops.duo.tests.unit.recorded.replay import Replay  # noqa: E402

#: Characters shown of each of the two values.
SHOWN = 300


def kind(difference: Difference) -> tuple[str, str, str]:
    """Return what differences of one cause have in common."""
    path = re.sub(r"\.\d+(?=\.|$)", ".*", difference.path)
    return path, repr(difference.recorded)[:SHOWN], repr(difference.answered)[:SHOWN]


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", choices=RELEASES)
    parser.add_argument("--world", default="*", help="only worlds that this pattern matches")
    parser.add_argument("--all", action="store_true", help="also those that are accepted")
    parser.add_argument("--each", action="store_true", help="each difference on a line of its own")
    parser.add_argument("--note", action="store_true", help="note what is open")
    given = parser.parse_args()
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    asked: dict[str, None] = {}
    for name, world in worlds(given.release).items():
        if fnmatch.fnmatchcase(name, given.world):
            for difference in Replay(world).differences():
                if given.all or not is_accepted(given.release, difference):
                    groups[kind(difference)].append(difference)
                    asked[f"{name} / {difference.name}"] = None
                    if given.each:
                        print(f"[{name}] {difference}")
    for (path, recorded, answered), found in sorted(
        groups.items(), key=lambda group: (-len(group[1]), group[0])
    ):
        names = list(dict.fromkeys(f"{one.world} / {one.name}" for one in found))
        print(f"{len(found)} x {path}\n    recorded {recorded}\n    answered {answered}")
        print(f"    {'; '.join(names[:4])}{' …' if len(names) > 4 else ''}")
    if given.note:
        open_file(given.release).write_text("".join(f"{one}\n" for one in asked))
    total = sum(map(len, groups.values()))
    print(f"{total} differences of {len(groups)} kinds in {len(asked)} answers", end="; ")
    print(f"{len(ACCEPTED.get(given.release, ()))} entries accepted")


if __name__ == "__main__":
    main()

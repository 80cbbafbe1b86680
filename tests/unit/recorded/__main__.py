# SPDX-License-Identifier: GPL-3.0-or-later

"""Print where the sandbox differs from the recording, grouped by kind, most frequent first.

    python -m tests.unit.recorded 18.9 [--world 'pages*'] [--all] [--each]

test_recorded.py fails for a difference that is not in accepted.py.
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
    given = parser.parse_args()
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    asked = set()
    for name, world in worlds(given.release).items():
        if fnmatch.fnmatchcase(name, given.world):
            for difference in Replay(world).differences():
                if given.all or not is_accepted(given.release, difference):
                    groups[kind(difference)].append(difference)
                    asked.add((name, difference.name))
                    if given.each:
                        print(f"[{name}] {difference}")
    for (path, recorded, answered), found in sorted(
        groups.items(), key=lambda group: (-len(group[1]), group[0])
    ):
        names = list(dict.fromkeys(f"{one.world} / {one.name}" for one in found))
        print(f"{len(found)} x {path}\n    recorded {recorded}\n    answered {answered}")
        print(f"    {'; '.join(names[:4])}{' …' if len(names) > 4 else ''}")
    total = sum(map(len, groups.values()))
    print(f"{total} differences of {len(groups)} kinds in {len(asked)} answers", end="; ")
    print(f"{len(ACCEPTED.get(given.release, ()))} entries accepted")


if __name__ == "__main__":
    main()

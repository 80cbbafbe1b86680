# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failure makes of the words of others."""

from __future__ import annotations

from ansible_collections.gitlab_ops.duo.plugins.module_utils._failure import Failure, Message

SAID = Message("said", "GitLab said {words}.", "Do {step}.")


def test_what_gitlab_says_moves_no_terminal() -> None:
    failure = Failure(SAID, words="no\x1b[2J\r\nok: [host]\x9b1A", step="it\u2028")
    assert failure.sentence() == "GitLab said no [2J ok: [host] 1A. Do it ."

# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures shorten and mask text from elsewhere."""

from __future__ import annotations

from ansible_collections.gitlab_ops.duo.plugins.module_utils._base.failure import (
    Failure,
    Message,
    one_line,
)

SAID = Message("said", "GitLab said {words}.", "Do {step}.")


def test_what_gitlab_says_moves_no_terminal() -> None:
    failure = Failure(SAID, words="no\x1b[2J\r\nok: [host]\x9b1A", step="it\u2028")
    assert failure.sentence() == "GitLab said no [2J ok: [host] 1A. Do it ."


def test_what_hides_or_turns_text_is_spelt_out() -> None:
    assert one_line("a\u202eb\u200b\ud800 \xa0c") == "a\\u202eb\\u200b\\ud800 c"


def test_whatever_is_said_it_can_be_read() -> None:
    failure = Failure(SAID, about="x" * 10**6, words="y\n" * 10**6, step="z" * 10**6)
    for changes in (failure.done, failure.not_done, failure.unknown):
        changes += ["change of something"] * 10**4
    text = failure.sentence("https://gitlab.example.com")
    assert 5_000 < len(text) < 10_000
    assert text.isprintable()
    assert text.endswith(" ….")


def test_a_secret_is_masked_before_its_text_is_cut() -> None:
    secret = "key-of-which-nobody\nwould-recognise-a-half"
    failure = Failure(SAID, words="w" * 900 + secret, step=secret)
    failure.secrets = [secret]
    assert failure.what.endswith("w********.")
    assert failure.next_step == "Do VALUE_SPECIFIED_IN_NO_LOG_PARAMETER."

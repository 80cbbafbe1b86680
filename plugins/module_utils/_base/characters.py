# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find invisible characters: spaces and line breaks at the ends of a value, others inside it.

They come from a file that was read with its last line break, a block of YAML, or a copied page.
GitLab stores most of them unchanged, and from then on the key or name is a different one.
"""

from __future__ import annotations

import unicodedata

_NAMES = {
    " ": "a space",
    "\t": "a tab",
    "\xa0": "a no-break space (U+00A0)",
    "\ufeff": "a byte order mark (U+FEFF)",
    **dict.fromkeys("\n\r\v\f\x85\u2028\u2029", "a line break"),
}
# Control and format characters, separators of words, lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
# Invisible too, but emoji and several scripts need them inside a text.
_JOINERS = "\u200c\u200d"


def hidden(value: str) -> str:
    """Name the invisible character in a text, as the rest of a sentence; ``""`` if it has none.

    The text itself is not repeated, because it may be secret.
    """
    # The fast way out for nearly every value: below, each character is looked at.
    if not value or (value.isprintable() and " " not in (value[0], value[-1])):
        return ""
    if not value.strip() or all(map(_is_unseen, value)):
        return "is blank"
    problems = [
        f"{verb} with {_name(character)}"
        for verb, character in (("begins", value[0]), ("ends", value[-1]))
        if _is_unseen(character)
    ]
    if problems:
        return " and ".join(problems)
    inside = next((it for it in value if _is_unseen(it, inside=True)), "")
    return f"contains {_name(inside)}" if inside else ""


def _is_unseen(character: str, *, inside: bool = False) -> bool:
    if inside and character in _JOINERS:
        return False
    kind = unicodedata.category(character)
    return kind in _UNSEEN and not (inside and kind == "Zs")


def _name(character: str) -> str:
    """Return the name of a character as messages show it."""
    if character in _NAMES:
        return _NAMES[character]
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "").lower()
    article = "an" if name.startswith(tuple("aeiou")) else "a"
    return f"{article} {name} ({code})" if name else f"the control character {code}"

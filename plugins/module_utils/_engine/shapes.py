# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find options of the wrong shape, and say what to write instead.

A survey and ``-e name=value`` give text. ansible-core turns text into a list by splitting it at
commas, so a list written as JSON or YAML ends up in pieces. Its messages name neither the place nor
the expected form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.validation import check_type_dict, check_type_list

from .._base.messages import close
from .arguments import OF_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._base.invalid import Names
    from .._base.options import Spec

_NOUNS = {"list": "a list", "dict": "a dictionary"}
# The beginning of a list or dictionary written as JSON or YAML.
_WRITTEN = re.compile(r"\s*([\[{]|- |[\w\"']+:(\s|$))")


def malformed(spec: Spec, values: Any, names: Names) -> list[tuple[str, str]]:
    """Return the options of the wrong shape, each with what is wrong and what to write."""
    if not isinstance(values, dict):
        return []
    of_role = [_text(name, "dict", name) for name in values if str(name).startswith(OF_ROLE)]
    return of_role or list(_malformed(spec, values, names))


def _malformed(
    spec: Spec, values: dict[str, Any], names: Names, at: str = ""
) -> Iterator[tuple[str, str]]:
    for name, option in spec.items():
        value, path = values.get(name), f"{at}{name}"
        kind, inside = option["type"], option.get("options")
        if value is None or kind not in _NOUNS:
            continue
        if _is_text_instead(option, value, of_role=names(name) != name):
            yield _text(names(path), kind, path)
        elif kind == "dict" and inside and isinstance(value, dict):
            yield from _malformed(inside, value, names, f"{path}.")
        elif kind == "list" and option.get("elements") == "dict":
            for place, item in enumerate(_items(value)):
                where = f"{path}[{place}]"
                if isinstance(item, dict):
                    yield from _malformed(inside or {}, item, names, f"{where}.")
                elif not _is_dictionary(item):
                    keys = ", ".join(inside or {})
                    yield (
                        f"{names(where)} is not a dictionary (with {keys})",
                        f"Write {names(where)} as a dictionary, with {keys}.",
                    )


def _is_text_instead(option: dict[str, Any], value: Any, *, of_role: bool) -> bool:
    """Return whether the value is text that neither core nor the role's templates can use."""
    if not isinstance(value, str):
        return False
    if option["type"] == "dict":
        # Core parses a dictionary written as JSON; a template that combines two of them does not.
        return of_role or not _is_dictionary(value)
    # Core takes names separated by commas as a list, and people write them.
    return option.get("elements") == "dict" or bool(_WRITTEN.match(value))


def _text(option: str, kind: str, path: str) -> tuple[str, str]:
    variable = option if option != path else path.rpartition(".")[2]
    return (
        f"{option} is text; {_NOUNS[kind]} is needed: {{{{ … | from_yaml }}}}",
        f"Write {option} as {_NOUNS[kind]}; where a survey or -e name=value gives the text, "
        f"read it with {{{{ {variable} | from_yaml }}}}, or give -e a JSON object.",
    )


def _items(value: Any) -> list[Any]:
    try:
        return list(check_type_list(value))
    except TypeError:
        return []


def _is_dictionary(item: Any) -> bool:
    try:
        check_type_dict(item)
    except (TypeError, ValueError):
        return False
    return True


# --- what ansible-core refuses -------------------------------------------------------------------
def advice(said: str, spec: Spec, names: Names) -> str:
    """Return what to write, given ansible-core's message about the options of a task."""
    for pattern, write in _ADVICE:
        found = re.search(pattern, said)
        if found:
            return write(found, spec, names)
    return "Correct the option named in this message; ansible-doc shows what it accepts."


def _unknown(found: re.Match[str], spec: Spec, names: Names) -> str:
    given = [name.strip() for name in found[1].split(",")]
    known = _known(spec)
    meant = {name: near[0] for name in given if (near := close(name.rpartition(".")[2], known))}
    if meant:
        pairs = (f"{near} instead of {names(name)}" for name, near in meant.items())
        return f"Write {', '.join(pairs)}."
    return f"Leave out {', '.join(map(names, given))}, or correct the name."


def _known(spec: Spec) -> set[str]:
    return set(spec).union(
        *(_known(option["options"]) for option in spec.values() if "options" in option)
    )


def _missing(found: re.Match[str], _spec: Spec, names: Names) -> str:
    place = found[2] or ""
    given = [name.strip() for name in found[1].split(",")]
    return f"Add {', '.join(given)}{f' to {names(place)}' if place else ''}."


def _choice(found: re.Match[str], _spec: Spec, names: Names) -> str:
    return f"Write one of these as {names(found[1])}: {found[2]}."


def _together(found: re.Match[str], _spec: Spec, _names: Names) -> str:
    return f"Leave out all but one of {found[1].replace('|', ', ')}."


def _one_of(found: re.Match[str], _spec: Spec, _names: Names) -> str:
    return f"Add one of {found[1]}."


def _type(found: re.Match[str], _spec: Spec, names: Names) -> str:
    kinds = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "a text",
        **_NOUNS,
    }
    return f"Write {names(found[1])} as {kinds.get(found[2], found[2])}."


# Message of ansible-core -> what to write.
# Source: ansible.module_utils.common.parameters and validation, ansible-core 2.16 to 2.21.
_ADVICE = (
    (r"Unsupported parameters for .*? module: (.+?)(?:\. Supported parameters|\.?$)", _unknown),
    (r"missing required arguments: (.+?)(?: found in (\S+))?\.?$", _missing),
    (r"(?i:value) of (\S+) must be one (?:of|or more of): (.+?)[,.] (?i:got)", _choice),
    (r"parameters are mutually exclusive: (\S+)", _together),
    (r"one of the following is required: (.+?)(?: found in .*)?$", _one_of),
    (r"option '(\S+?)' is of type .*? unable to convert to (\w+)", _type),
    (r"argument '?(\S+?)'? is of type .*? unable to convert to (\w+)", _type),
)

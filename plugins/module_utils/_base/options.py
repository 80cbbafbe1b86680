# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check options against a model: every problem at once, each with what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from . import libraries
from .characters import hidden
from .invalid import Wrong, invalid, same
from .libraries import pydantic
from .messages import accepted, close
from .urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .invalid import Names

# Options whose values are never shown; the argument specifications have ``no_log`` for the same.
SECRET = frozenset({"api_token", "api_key", "password", "session_cookie", "proxy"})

# An argument specification in Ansible's format.
Spec = dict[str, dict[str, Any]]
Place = tuple["int | str", ...]

# Type of a pydantic error -> what to write, with placeholders for the values in its context.
_WRITE = {
    "missing": "Add {}.",
    "extra_forbidden": "Correct the name {}, or leave it out.",
    "greater_than_equal": "Write {ge} or more as {}.",
    "less_than_equal": "Write {le} or less as {}.",
    "string_too_long": "Shorten {} to {max_length} characters.",
    "string_too_short": "Write at least {min_length} character as {}.",
    "too_short": "Write at least {min_length} item in {}.",
}
# How many corrections of one object are combined: no rules need more.
_DEEPEST = 3


def seen(value: Any) -> Any:
    """Return the value, or refuse a text with invisible characters."""
    if isinstance(value, str) and (problem := hidden(value)):
        write = "Write {} without it."
        if "line break" in problem:
            write += " lookup('file', …) reads a file without its last line break, unless told "
            write += "otherwise, and |- begins a block of YAML that has none."
        raise Wrong(problem, "Write a value for {}." if problem == "is blank" else write)
    return value


_SEEN = pydantic.BeforeValidator(seen)
Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255), _SEEN]

# A value that GitLab stores in a column of 255 characters, or that names a member of an enum.
Short = Annotated[str, pydantic.StringConstraints(max_length=255), _SEEN]

# People write Mistral, as GitLab's own page on models does, and Vertex_AI.
Lower = Annotated[str, pydantic.StringConstraints(max_length=255, to_lower=True)]

# For objects that an earlier task of the same run would make (check mode). That task checks them
# and refuses wrong ones; here unknown options and values pass.
LENIENT = pydantic.ConfigDict(extra="ignore")


class Options(pydantic.BaseModel):
    """Base of all options: exact types (Ansible has converted them), unknown names refused."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        # pydantic before 2.10 warns of names such as model_family.
        protected_namespaces=(),
    )

    # Check mode: changes that earlier tasks of the run planned count as made.
    dry_run: bool = False

    # For every option; the items of lists have the check in their types.
    _seen = pydantic.field_validator("*", mode="before")(seen)


Checked = TypeVar("Checked", bound=Options)


def check(model: type[Checked], params: dict[str, Any], names: Names = same) -> Checked:
    """Return the options as a model.

    :param names: gives the name of an option as messages show it.
    :raises Failure: with every problem in one sentence. Values are not repeated, because they may
        be secret; suggestions are made from options that are not. Also if a library that the check
        needs cannot be used.
    """
    libraries.demand()
    errors = _errors(model, params)
    if not errors:
        return model.model_validate(params)
    raise invalid(_told(model, params, error, names) for error in errors)


def _errors(model: type[Options], params: dict[str, Any]) -> list[Any]:
    try:
        model.model_validate(params)
    except pydantic.ValidationError as error:
        return list(error.errors(include_input=False, include_url=False))
    return []


def _told(
    model: type[Options], params: dict[str, Any], error: Any, names: Names
) -> tuple[str, str]:
    """Return what is wrong and what to write instead, from an error of pydantic."""
    wrong, place = _wrong(error)
    option, told = names(_path(place)), names(_path(error["loc"]))
    cure = _cure(model, params, place, wrong) if not SECRET.intersection(place) else {}
    shown = {key: _shown(value) for key, value in cure.items()}
    rule = wrong.rule
    if wrong.option and not wrong.named:
        rule = f"{wrong.option if error['loc'] else option}: {rule}"
    ending = wrong.form if not cure else shown.get(str(place[-1])) if len(cure) == 1 else None
    if wrong.form is not None and ending:
        rule += f": {ending}"
    write = wrong.write.replace("{}", option or "the options")
    if cure:
        pairs = (f"{names(_path((*place[:-1], key)))}: {it}" for key, it in shown.items())
        write = f"Write {' and '.join(pairs)}."
        if shown != {key: str(value) for key, value in cure.items()}:
            write += " The credentials in it stay as they are."
    write = f"{write} {wrong.also}".rstrip()
    return f"{told}: {rule}" if told else rule, write


def _wrong(error: Any) -> tuple[Wrong, Place]:
    """Return an error of pydantic as a ``Wrong``, and the place of the option."""
    context = error.get("ctx", {})
    wrong = context.get("error")
    if isinstance(wrong, Wrong):
        return wrong, (*error["loc"], *([wrong.option] if wrong.option else []))
    write = _WRITE.get(error["type"], "Write a value of the right type as {}.")
    for name, value in context.items():
        write = write.replace(f"{{{name}}}", str(value))
    return Wrong(error["msg"].removeprefix("Value error, "), write), error["loc"]


def _cure(
    model: type[Options], params: dict[str, Any], place: Place, wrong: Wrong, depth: int = 1
) -> dict[str, Any]:
    """Return the first suggested values that this check accepts, or ``{}``."""
    left = []
    for candidate in wrong.instead:
        values = {key or str(place[-1]): value for key, value in candidate.items()}
        changed = _put(params, place[:-1], values)
        rest = [
            (other, where)
            for other, where in map(_wrong, _errors(model, changed))
            if where[:-1] == place[:-1] and (other.option or where[-1] in values)
        ]
        if not rest:
            return values
        left.append((values, changed, *rest[0]))
    # No single correction is enough: these options break more than one rule.
    for values, changed, other, where in left if depth < _DEEPEST else ():
        more = _cure(model, changed, where, other, depth + 1)
        if more:
            return {**values, **more}
    return {}


def _put(params: Any, place: Place, values: Mapping[str, Any]) -> Any:
    """Return the options with other values in the object at a place."""
    if not place:
        return {**params, **values}
    first, *others = place
    inner = _put(params[first], tuple(others), values)
    if isinstance(params, list):
        return [*params[: int(first)], inner, *params[int(first) + 1 :]]
    return {**params, first: inner}


def _path(place: Place) -> str:
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _shown(value: Any) -> str:
    return without_credentials(str(value))


def one_of(value: str | None, names: Iterable[str], what: str) -> str | None:
    """Return the value in lower case, or refuse it and list the accepted names, nearest first."""
    if value is None or value.lower() in names:
        return value and value.lower()
    known = accepted(value, names)
    raise Wrong(
        f"{value!r} is not a {what}; accepted: {known}",
        f"Write one of these as {{}}: {known}.",
        instead=[{"": name} for name in close(value, names)],
    )

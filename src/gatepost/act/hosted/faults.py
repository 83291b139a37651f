"""What is wrong with an agent's document, in the words of the policy's: where, why, and the nearest valid spelling."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gatepost.decide.nearest import nearest, nearest_number, nearest_slip
from gatepost.decide.shape import Fault, printable

_BOUNDS = {
    "greater_than_equal": ("must be >= {:.16g}", "ge"),
    "less_than_equal": ("must be <= {:.16g}", "le"),
    "too_long": ("must have at most {} {}", "max_length"),
    "too_short": ("must have {} {} or more", "min_length"),
}
_KINDS = {
    "missing": "must be given",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "string_pattern_mismatch": "must be 1 to 120 letters, digits and _ . : / -",
    "value_error": "must have no NUL and no lone surrogates",
}
APPROVALS = ("never", "always")
_APPROVAL = 'must be "never", "always" or how many first calls a person approves'


def faults_of(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> Iterator[Fault]:
    """Yield each fault once; of what fits in none of several ways, one in place of one for each way.

    Args:
        model: of the whole document.
        errors: as pydantic found them, with input and context.
    """
    told: set[str] = set()
    for error in errors:
        fault = _fault(model, error)
        if fault.path not in told:
            told.add(fault.path)
            yield fault


def unnamed(listed: Sequence[str], approved: Mapping[str, object]) -> Iterator[Fault]:
    """Yield a fault for each tool that a person is to approve and whose name is a slip of one that the agent has."""
    for name in approved:
        near = nearest_slip(name, listed) if name not in listed else None
        if near is not None:
            yield Fault(f"approval.{printable(name)}", f"is not among its tools; the nearest is {near}", near)


def _fault(model: type[BaseModel], error: ErrorDetails) -> Fault:
    place, kind, written = error["loc"], error["type"], error.get("input")
    if len(place) > 1 and place[0] == "approval":
        near = nearest(written, APPROVALS) if isinstance(written, str) else None
        return Fault(_path(place[:2]), _with(_APPROVAL, near), near)
    if kind == "extra_forbidden":
        near = nearest(str(place[-1]), _table(model, place[:-1]).model_fields)
        return Fault(_path(place), f"is not a field; the nearest is {near}", near)
    if kind == "literal_error":
        words = _words(model, place)
        near = nearest(written, words) if isinstance(written, str) else None
        return Fault(_path(place), _with(f"must be {' or '.join(f'{each!r}' for each in words)}", near), near)
    if kind in _BOUNDS:
        sentence, name = _BOUNDS[kind]
        unit = "characters" if isinstance(written, str) else "items"
        return Fault(_path(place), sentence.format(error.get("ctx", {}).get(name), unit))
    near = nearest_number(written) if kind in {"int_type", "float_type", "float_parsing"} else None
    return Fault(_path(place), _with(_KINDS.get(kind, "does not fit"), near), near)


def _with(reason: str, near: str | None) -> str:
    return f"{reason}; the nearest is {near}" if near else reason


def _path(place: Sequence[int | str]) -> str:
    path = ""
    for each in place:
        name = f"[{each}]" if isinstance(each, int) else printable(each)
        path += name if isinstance(each, int) or not path else f".{name}"
    return path or "the document"


def _table(model: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel]:
    """Return the model of a table within the document."""
    for name in place:
        inner: Any = model.model_fields[str(name)].annotation
        model = inner
    return model


def _words(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return the words that may stand somewhere in the document."""
    return [str(each) for each in get_args(_table(model, place[:-1]).model_fields[str(place[-1])].annotation)]

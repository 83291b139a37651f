"""What a selector asks of an element beside its names, read once: attributes, ``:not()``, its place among others."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

_PLACE = re.compile(r":(?P<nth>first|nth)-(?P<of>child|of-type)(?:\((?P<formula>[^()]*)\))?")
_FORMULA = re.compile(r"\s*(?P<step>[+-]?[0-9]{0,4}n)?\s*(?P<offset>[+-]?\s*[0-9]{1,4})?\s*", re.ASCII)
_AHEAD = re.compile(r":(?:last|only|nth-last|has)\b")
_ATTRIBUTE = re.compile(
    r"""\[\s*(?P<name>[\w\-]+)\s*(?:(?P<how>[~^$*|]?)=\s*(?P<quote>["']?)(?P<value>[^"'\]]*)(?P=quote)\s*[is]?\s*)?\]"""
)
_COMPARED: dict[str | None, Callable[[str, str], bool]] = {
    None: lambda has, wanted: True,  # noqa: ARG005  # to be there is enough
    "": lambda has, wanted: has == wanted,
    "~": lambda has, wanted: wanted in has.split(),
    "^": lambda has, wanted: has.startswith(wanted),
    "$": lambda has, wanted: has.endswith(wanted),
    "*": lambda has, wanted: wanted in has,
    "|": lambda has, wanted: has == wanted or has.startswith(f"{wanted}-"),
}


class Kin(NamedTuple):
    """The elements before one, below the same parent.

    Attributes:
        position: its own place among all of them, from 1, and ``of_type`` among those of its tag.
        last: what a selector may call the one right before it; ``earlier`` any of them.
    """

    position: int = 1
    of_type: int = 1
    last: Collection[str] = ()
    earlier: Collection[str] = ()


NO_KIN = Kin()

Condition = Callable[[Collection[str], Mapping[str, str], Kin], bool]
"""Tells of an element's names, its attributes and its kin whether it is fulfilled."""


def always(_names: Collection[str], _attributes: Mapping[str, str], _kin: Kin) -> bool:
    """Tell of every element that it is meant."""
    return True


def looks_ahead(condition: str) -> bool:
    """Tell whether what comes behind an element decides."""
    return _AHEAD.match(condition) is not None


def asks_place(condition: str) -> bool:
    """Tell whether the element's place among others decides."""
    return _PLACE.match(condition) is not None


def read(condition: str) -> Condition | None:
    """Read one condition, such as ``[class=a]`` or ``:not(.b)``; None where it cannot be read.

    What comes behind an element is not known yet: a rule that hides by it, hides.
    """
    if condition.startswith(":not("):
        inner = condition[5:-1].strip()
        if inner[:1] == ":":
            return always  # :not(:hover): nobody points at it
        if inner[:1] == "[":
            denied = _attribute(inner)
            if denied is None:
                return None
            return lambda names, attributes, kin: not denied(names, attributes, kin)
        return lambda names, _attributes, _kin: inner not in names
    if condition[0] == ":":
        return always if looks_ahead(condition) else _place(condition)
    return _attribute(condition)


def _attribute(condition: str) -> Condition | None:
    found = _ATTRIBUTE.fullmatch(condition)
    if found is None:
        return None
    name, wanted, compared = found["name"], found["value"], _COMPARED[found["how"]]
    if found["how"] and not wanted:
        return lambda _names, _attributes, _kin: False
    return lambda _names, attributes, _kin: name in attributes and compared(attributes[name].lower(), wanted)


def _place(condition: str) -> Condition | None:
    """Read a place among the children of one parent (Selectors 4 section 14): ``an+b``, odd, even, first."""
    found = _PLACE.fullmatch(condition)
    if found is None:
        return None
    written = {"odd": "2n+1", "even": "2n"}.get(found["formula"] or "1", found["formula"] or "1")
    formula = _FORMULA.fullmatch(written) if found["nth"] == "nth" else _FORMULA.fullmatch("1")
    if formula is None:
        return None
    step = formula["step"][:-1] if formula["step"] else "0"
    a = int(step + "1" if step in {"", "+", "-"} else step)
    b = int((formula["offset"] or "0").replace(" ", ""))
    is_child = found["of"] == "child"

    def holds(_names: Collection[str], _attributes: Mapping[str, str], kin: Kin) -> bool:
        place = kin.position if is_child else kin.of_type
        return (place - b) % a == 0 and (place - b) // a >= 0 if a else place == b

    return holds

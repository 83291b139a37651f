"""Lengths as style sheets write them, in pixels, and what a font's size comes to."""

import re
from collections.abc import Callable, Mapping
from itertools import islice

_VALUE = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})(?:e[+-]?[0-9]{1,2})?"
NUMBER = re.compile(rf"({_VALUE})\s*+(px|pt|pc|em|rem|ex|ch|q|%|vw|vh|vmin|vmax|in|cm|mm|)", re.ASCII)
_MATH = re.compile(r"(?:calc|min|max|clamp|abs)\(", re.ASCII)
_TERM = re.compile(
    rf"\s*(?:(?P<call>(?:calc|min|max|clamp|abs)?\()|(?P<number>{_VALUE})(?P<unit>[a-z%]*)|(?P<sign>[-+*/,)]))"
)
MAX_TERMS = 60
FONT_SIZE = 16.0
_PIXELS = {
    "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "pt": 1.333, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78,
    "q": 0.945, "vw": 10.0, "vh": 8.0, "vmin": 8.0, "vmax": 10.0, "%": 10.0,
}  # fmt: skip
_KEYWORDS = {"initial": 16.0, "medium": 16.0, "small": 13.0, "x-small": 10.0, "xx-small": 9.0, "large": 18.0}
TINY = 2.4
"""Font size in pixels up to which text cannot be read."""


def pixels(value: str, size: float = FONT_SIZE) -> float:
    """Return a length in pixels; 0 where none is written. ``size`` is the font's."""
    if not value:
        return 0.0
    if _MATH.match(value):
        return computed(value, size) or 0.0
    found = NUMBER.match(value)
    if found is None:
        return 0.0
    return float(found[1]) * (size if found[2] == "em" else _PIXELS.get(found[2], 1.0))


def computed(value: str, size: float = FONT_SIZE) -> float | None:
    """Return what ``calc()``, ``min()``, ``max()``, ``clamp()`` or ``abs()`` comes to (CSS Values 4 section 10).

    In pixels, where lengths are written; None where it cannot be told.
    """
    terms = list(islice(_TERM.finditer(value), MAX_TERMS + 1))
    if len(terms) > MAX_TERMS or "".join(term[0] for term in terms) != value.rstrip():
        return None
    try:
        answer, at = _factor(terms, 0, size)
    except (IndexError, ZeroDivisionError, OverflowError):
        return None
    return answer if at == len(terms) else None


def _factor(terms: list[re.Match[str]], at: int, size: float) -> tuple[float, int]:
    """Return a number, or what a call comes to, and where what follows it stands."""
    term = terms[at]
    if term["sign"] in {"+", "-"}:
        number, at = _factor(terms, at + 1, size)
        return (-number if term["sign"] == "-" else number), at
    if term["number"]:
        unit = term["unit"]
        return float(term["number"]) * (size if unit == "em" else _PIXELS.get(unit, 1.0)), at + 1
    if not term["call"]:
        raise IndexError
    arguments = []
    while True:
        number, at = _added(terms, at + 1, size)
        arguments.append(number)
        if terms[at]["sign"] != ",":
            break
    return _CALLS[term["call"][:-1]](arguments), at + 1


def _added(terms: list[re.Match[str]], at: int, size: float) -> tuple[float, int]:
    """Return a sum of products; what ``calc(1px -2px)`` writes without a space counts as a sum, too."""
    total, at = _multiplied(terms, at, size)
    while terms[at]["number"] or terms[at]["sign"] in {"+", "-"}:
        sign = -1 if terms[at]["sign"] == "-" else 1
        number, at = _multiplied(terms, at if terms[at]["number"] else at + 1, size)
        total += sign * number
    return total, at


def _multiplied(terms: list[re.Match[str]], at: int, size: float) -> tuple[float, int]:
    product, at = _factor(terms, at, size)
    while terms[at]["sign"] in {"*", "/"}:
        number, behind = _factor(terms, at + 1, size)
        product = product * number if terms[at]["sign"] == "*" else product / number
        at = behind
    return product, at


_CALLS: dict[str, Callable[[list[float]], float]] = {
    "": lambda one: one[0],
    "calc": lambda one: one[0],
    "abs": lambda one: abs(one[0]),
    "min": min,
    "max": max,
    "clamp": lambda three: max(three[0], min(three[1:3], default=three[0])),
}


def is_zero(value: str, *, below: float) -> bool:
    """Tell whether a length is written that comes to nothing: less than ``below``, or a tenth of a hundredth."""
    found = NUMBER.fullmatch(value) if value else None
    if found is None and value and _MATH.match(value):
        length = computed(value)
        return length is not None and abs(length) < below
    return found is not None and abs(float(found[1])) < (below if found[2] != "%" else 0.1)


def font_size(style: Mapping[str, str], inherited: float) -> float:
    """Return the font's size in pixels."""
    written = style.get("font-size") or _font_shorthand(style.get("font", ""))
    if not written:
        return inherited
    if written in _KEYWORDS:
        return _KEYWORDS[written]
    found = NUMBER.fullmatch(written)
    if found is None:
        length = computed(written, inherited)
        return inherited if length is None else max(length, 0.0)
    if found[1].startswith("-"):
        return inherited
    if found[2] in {"em", "%", "ex", "ch"}:
        return inherited * float(found[1]) * {"em": 1.0, "%": 0.01}.get(found[2], 0.5)
    return float(found[1]) * _PIXELS.get(found[2], 1.0)


def _font_shorthand(value: str) -> str:
    return next((word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] in {".", "+"}), "")

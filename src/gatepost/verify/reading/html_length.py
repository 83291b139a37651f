"""Lengths as style sheets write them, in pixels, and what a font's size comes to."""

import re
from collections.abc import Mapping

_VALUE = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})(?:e[+-]?[0-9]{1,2})?"
NUMBER = re.compile(rf"({_VALUE})\s*+(px|pt|pc|em|rem|ex|ch|q|%|vw|vh|vmin|vmax|in|cm|mm|)", re.ASCII)
_SUM = re.compile(r"calc\(([0-9a-z%.+\- ]{1,100})\)", re.ASCII)
_CHOSEN = re.compile(r"(min|max|clamp)\(([^()]{1,100})\)")
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
    total = _SUM.match(value)
    if total is not None:
        return _sum_of(total[1])
    found = NUMBER.match(value)
    if found is None:
        return 0.0
    return float(found[1]) * (size if found[2] == "em" else _PIXELS.get(found[2], 1.0))


def _sum_of(terms: str) -> float:
    """Return the pixels of lengths that are added and subtracted."""
    return sum(pixels(term) for term in terms.replace(" + ", "|").replace(" - ", "|-").split("|"))


def is_zero(value: str, *, below: float) -> bool:
    """Tell whether a length is written that comes to nothing: less than ``below``, or a tenth of a hundredth."""
    found = NUMBER.fullmatch(value) if value else None
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
        return _computed_size(written, inherited)
    if found[1].startswith("-"):
        return inherited
    if found[2] in {"em", "%", "ex", "ch"}:
        return inherited * float(found[1]) * {"em": 1.0, "%": 0.01}.get(found[2], 0.5)
    return float(found[1]) * _PIXELS.get(found[2], 1.0)


def _computed_size(written: str, inherited: float) -> float:
    """Return the pixels of ``calc()``, ``min()``, ``max()`` and ``clamp()`` (CSS Values 4 section 10)."""
    if total := _SUM.fullmatch(written):
        return max(_sum_of(total[1]), 0.0)
    chosen = _CHOSEN.fullmatch(written)
    if chosen is None:
        return inherited
    sizes = [pixels(one.strip(), inherited) for one in chosen[2].split(",")]
    if chosen[1] == "clamp":
        return max(sizes[0], min(sizes[1:3], default=inherited))
    return min(sizes) if chosen[1] == "min" else max(sizes)


def _font_shorthand(value: str) -> str:
    return next((word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] in {".", "+"}), "")

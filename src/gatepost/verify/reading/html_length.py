"""Lengths and numbers as style sheets write them, computed as a browser does, and what a font's size comes to."""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from gatepost.verify.reading.html_tokens import words_of

_VALUE = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})[0-9]*(?:e[+-]?[0-9]{1,2}(?![0-9]))?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{_VALUE})(?P<unit>[a-z]+|%)?|(?P<name>[a-z\-]*)\(|(?P<sign>[+\-*/(),]))", re.ASCII
)
_OF_ROOT = re.compile(rf"(?<![\w.])({_VALUE})rem\b", re.ASCII)
_CONSTANTS = re.compile(r"\b(pi|e|infinity)\b(?!\()")
FONT_SIZE = 16.0
_PIXELS = {
    "px": 1.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "pt": 1.333, "pc": 16.0, "in": 96.0, "cm": 37.8,
    "mm": 3.78, "q": 0.945, "vw": 10.0, "vh": 8.0, "vmin": 8.0, "vmax": 10.0, "%": 10.0, "ic": 16.0, "lh": 18.0,
    "rlh": 18.0, "cap": 11.0, "svw": 10.0, "svh": 8.0, "lvw": 10.0, "lvh": 8.0, "dvw": 10.0, "dvh": 8.0, "vi": 10.0,
    "vb": 8.0, "cqw": 10.0, "cqh": 8.0, "cqi": 10.0, "cqb": 8.0, "deg": 1.0, "turn": 360.0, "rad": 180 / math.pi,
    "grad": 0.9, "dppx": 1.0, "x": 1.0, "dpi": 1 / 96, "dpcm": 1 / 37.8,
}  # fmt: skip
"""Angles come in degrees."""
_KEYWORDS = {
    "initial": 16.0, "medium": 16.0, "small": 13.0, "x-small": 10.0, "xx-small": 9.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip
_RELATIVE = {"smaller": 1 / 1.2, "larger": 1.2}
TINY = 2.4
"""Font size in pixels up to which text cannot be read."""
MAX_CHARS = 300
MAX_DEPTH = 10
MAX_EXPONENT = 30.0


class _NotANumberError(Exception):
    """What is written is no number, or one that we do not read."""


class _Sum:
    """``calc()`` and its kin (CSS Values 4 section 10), by descent."""

    def __init__(self, text: str, size: float, percent: float) -> None:
        self._text = text
        self._at = 0
        self._units = {"em": size, "%": percent, "ex": size / 2, "ch": size / 2}
        self._depth = 0
        self._token: re.Match[str] | None = None
        self._next()

    def _next(self) -> None:
        self._token = _TOKEN.match(self._text, self._at)
        if self._token is not None:
            self._at = self._token.end()

    def _sign(self) -> str:
        return (self._token["sign"] or "") if self._token is not None else ""

    def whole(self) -> float:
        """Return the value of all of it."""
        value = self._value()
        if self._token is not None or self._text[self._at :].strip():
            raise _NotANumberError
        return value

    def _sum(self) -> float:
        total = self._product()
        while True:
            sign = self._sign()
            if sign in {"+", "-"}:
                self._next()
                total += self._product() * (1 if sign == "+" else -1)
            elif self._token is not None and (self._token["number"] or "")[:1] in {"+", "-"}:
                total += self._product()
            else:
                return total

    def _product(self) -> float:
        total = self._value()
        while (sign := self._sign()) in {"*", "/"}:
            self._next()
            factor = self._value()
            if sign == "/" and not factor:
                raise _NotANumberError
            total = total * factor if sign == "*" else total / factor
        return total

    def _value(self) -> float:
        token = self._token
        if token is None:
            raise _NotANumberError
        self._next()
        if token["number"] is not None:
            unit = token["unit"] or ""
            if unit and unit not in _PIXELS:
                raise _NotANumberError
            return float(token["number"]) * (self._units.get(unit) or _PIXELS[unit] if unit else 1.0)
        if token["name"] is None and token["sign"] != "(":
            raise _NotANumberError
        return self._called(token["name"] or "calc")

    def _called(self, name: str) -> float:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NotANumberError
        parts = [self._sum()]
        while self._sign() == ",":
            self._next()
            parts.append(self._sum())
        if self._sign() == ")":
            self._next()
        elif self._token is not None:
            raise _NotANumberError
        self._depth -= 1
        return _computed(name, parts)


_CALCULATED: dict[str, Callable[..., float]] = {
    "abs": abs,
    "min": lambda *parts: min(parts),
    "max": lambda *parts: max(parts),
    "sin": lambda degrees: math.sin(math.radians(degrees)),
    "cos": lambda degrees: math.cos(math.radians(degrees)),
    "tan": lambda degrees: math.tan(math.radians(degrees)),
    "sqrt": lambda of: math.sqrt(max(of, 0.0)),
    "exp": lambda of: math.exp(min(of, 100.0)),
}
"""Angles in degrees (CSS Values 4 section 10.4)."""


def _power(base: float, exponent: float) -> float:
    if base <= 0 or abs(exponent) > MAX_EXPONENT:
        raise _NotANumberError
    return float(base**exponent)


def _computed(name: str, parts: list[float]) -> float:
    if name in {"calc", "-webkit-calc", "-moz-calc"}:
        return parts[0]
    if name == "clamp" and len(parts) == 3:  # noqa: PLR2004  # least, wanted, most
        return max(parts[0], min(parts[1:]))
    if name in _CALCULATED and (len(parts) == 1 or name in {"min", "max"}):
        return _CALCULATED[name](*parts)
    if name in {"pow", "hypot"} and len(parts) == 2:  # noqa: PLR2004  # of what, by what
        return math.hypot(*parts) if name == "hypot" else _power(*parts)
    if name == "sign":
        return math.copysign(1, parts[0]) if parts[0] else 0.0
    if name in {"round", "mod", "rem"} and len(parts) == 2 and parts[1]:  # noqa: PLR2004  # of what, by what
        return round(parts[0] / parts[1]) * parts[1] if name == "round" else math.fmod(*parts)
    raise _NotANumberError


def number(text: str, size: float = FONT_SIZE, percent: float = 10.0) -> float | None:
    """Return a number, a length in pixels or an angle in degrees; None where none is written.

    Args:
        text: lowercase.
        size: of the font, in pixels.
        percent: what one hundredth comes to.
    """
    if not text or len(text) > MAX_CHARS:  # here, for what is remembered is remembered with its text
        return None
    return _number(text, size, percent)


@lru_cache(maxsize=4096)
def _number(text: str, size: float, percent: float) -> float | None:
    if text == "0":
        return 0.0
    try:
        value = _Sum(_CONSTANTS.sub("999999", text) if "(" in text else text, size, percent).whole()
    except (_NotANumberError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def pixels(value: str, size: float = FONT_SIZE) -> float:
    """Return a length in pixels; 0 where none is written. ``size`` is the font's."""
    if not value:
        return 0.0
    return number(value.split(None, 1)[0] if "(" not in value and " " in value.strip() else value, size) or 0.0


def in_pixels(value: str, rem: float) -> str:
    """Return a value with the lengths in pixels that count from the page's own font size."""
    if "rem" not in value:
        return value
    return _OF_ROOT.sub(lambda found: f"{float(found[1]) * rem:.4f}px", value)


def font_size(style: Mapping[str, str], inherited: float) -> float:
    """Return the font's size in pixels."""
    if style.get("font-size-adjust", "none").split()[-1:] in (["0"], ["0.0"]):
        return 0.0  # a share of nothing (CSS Fonts 5 section 4)
    written = style.get("font-size") or font_shorthand(style.get("font", ""))
    if not written:
        return inherited
    if written in _KEYWORDS:
        return _KEYWORDS[written]
    if written in _RELATIVE:
        return inherited * _RELATIVE[written]
    found = number(written, inherited, inherited / 100)
    if found is None or (found < 0 and "(" not in written):
        return inherited
    return max(found, 0.0)


def font_shorthand(value: str) -> str:
    """Return the size that a ``font`` names (CSS Fonts 4 section 2.7); empty where no browser takes it."""
    for word in words_of(value)[:-1]:  # the last one is a family
        size = word.partition("/")[0] if "(" not in word else word
        is_weight = size.isdecimal() and size.strip("0") != ""
        if not is_weight and (size in _KEYWORDS or size in _RELATIVE or number(size) is not None):
            return size
    return ""

"""Which media queries hold on the screen a mail is read on (Media Queries 4); total, and linear in the query.

A feature nobody has heard of holds nowhere, as in a browser.
"""

import re
from collections.abc import Callable

from gatepost.verify.reading.html_length import pixels

SCREEN_PIXELS = 800.0
"""The window we imagine a mail to be read in."""
_SCREEN = {"width": SCREEN_PIXELS, "device-width": SCREEN_PIXELS, "inline-size": SCREEN_PIXELS, "height": 600.0,
           "device-height": 600.0, "block-size": 600.0, "aspect-ratio": 4 / 3, "device-aspect-ratio": 4 / 3,
           "resolution": 1.0, "-webkit-device-pixel-ratio": 1.0, "color": 8.0, "color-index": 0.0, "monochrome": 0.0,
           "grid": 0.0, "horizontal-viewport-segments": 1.0, "vertical-viewport-segments": 1.0}  # fmt: skip
"""Lengths in pixels, ratios and counts."""
_WORDS = {
    "orientation": {"landscape"}, "hover": {"hover"}, "any-hover": {"hover"}, "pointer": {"fine"},
    "any-pointer": {"fine"}, "prefers-color-scheme": {"light"}, "prefers-reduced-motion": {"no-preference"},
    "prefers-contrast": {"no-preference"}, "prefers-reduced-transparency": {"no-preference"},
    "prefers-reduced-data": {"no-preference"}, "forced-colors": {"none"}, "inverted-colors": {"none"},
    "scripting": {"none"}, "update": {"fast"}, "color-gamut": {"srgb"},
    "dynamic-range": {"standard"}, "video-dynamic-range": {"standard"}, "overflow-block": {"scroll"},
    "overflow-inline": {"scroll"}, "scan": {"progressive"}, "display-mode": {"browser"},
    "-webkit-transform-3d": {"1"}, "shape": {"rect"},
}  # fmt: skip
_NOT_SET = frozenset({"none", "no-preference"})
_TYPE = re.compile(r"\s*(?:(?P<how>not|only)\s+)?(?P<type>[a-z][\w\-]*)\s*(?:\band\b(?P<rest>.*))?\Z", re.DOTALL)
_TOKEN = re.compile(r"\(|\)|\b(?:not|and|or)\b|[^()\s]+")
_RANGE = re.compile(r"(?P<left>[^<>=]*?)(?P<sign>[<>]=?|=)(?P<middle>[^<>=]*)(?:(?P<again>[<>]=?)(?P<right>[^<>=]*))?")
_RATIO = re.compile(r"\s*(?P<over>[0-9.]{1,9})\s*(?:/\s*(?P<under>[0-9.]{1,9}))?\s*(?P<unit>dppx|x|dpi|dpcm)?\s*")
_PER_INCH = {"dpi": 96.0, "dpcm": 37.8}
_BARE_CALC = re.compile(r"\b[a-z\-]{3,9}\((?P<sum>[^()]{1,100})\)")
MAX_CHARS = 2_000


def holds(queries: str) -> bool:
    """Tell whether one of a list of queries holds."""
    return any(map(_query, queries[:MAX_CHARS].lower().split(",")))


def _query(query: str) -> bool:
    found = _TYPE.match(query) if not query.lstrip().startswith(("(", "not (", "not(")) else None
    if found is None:
        return not query.strip() or condition(query)
    is_screen = found["type"] in {"screen", "all"} and (found["rest"] is None or condition(found["rest"]))
    return is_screen is not (found["how"] == "not")


def condition(written: str, tell: Callable[[str], bool] | None = None) -> bool:
    """Tell whether a condition holds: what stands in brackets, joined by ``not``, ``and`` and ``or``.

    Args:
        written: such as ``not (color) or (hover: hover)``.
        tell: of what stands in one pair of brackets; ``feature`` where it is left out.
    """
    tell = tell or feature
    stack: list[list[bool | str]] = [[]]
    for mark in _TOKEN.findall(_BARE_CALC.sub(r"\g<sum>", written)):
        if mark == "(":
            stack.append([])
        elif mark == ")":
            inside = stack.pop() if len(stack) > 1 else []
            is_joined = any(isinstance(one, bool) for one in inside)
            stack[-1].append(_joined(inside) if is_joined else tell(" ".join(map(str, inside))))
        else:
            stack[-1].append(mark)
    while len(stack) > 1:  # the end closes what is open
        inside = stack.pop()
        stack[-1].append(tell(" ".join(map(str, inside))))
    return _joined(stack[0])


def _joined(items: list[bool | str]) -> bool:
    answer, sign, is_denied = True, "and", False
    for item in items:
        if isinstance(item, bool):
            value = item is not is_denied
            answer, is_denied = (answer or value) if sign == "or" else (answer and value), False
        elif item == "not":
            is_denied = not is_denied
        elif item in {"and", "or"}:
            sign = str(item)
    return answer


def feature(written: str) -> bool:
    """Tell whether one feature holds, written ``name``, ``name: value`` or as a range."""
    name, colon, value = (part.strip() for part in written.partition(":"))
    if colon:
        return _valued(name, value)
    ranged = _RANGE.fullmatch(written)
    if ranged is not None:
        return _ranged(ranged)
    if name in _SCREEN:
        return _SCREEN[name] > 0
    return name in _WORDS and not _WORDS[name] <= _NOT_SET


def _valued(name: str, value: str) -> bool:
    for bound, sign in (("min-", ">="), ("max-", "<="), ("-webkit-min-", ">="), ("-webkit-max-", "<=")):
        plain = name.replace(bound, "-webkit-" if bound.startswith("-") else "", 1) if name.startswith(bound) else ""
        if plain in _SCREEN:
            return _compared(_SCREEN[plain], sign, _number(value))
    if name in _SCREEN:
        return _compared(_SCREEN[name], "=", _number(value))
    return value in _WORDS.get(name, ())


def _ranged(found: re.Match[str]) -> bool:
    left, middle, right = (found[part].strip() if found[part] else "" for part in ("left", "middle", "right"))
    if left in _SCREEN:
        return _compared(_SCREEN[left], found["sign"], _number(middle))
    if middle not in _SCREEN:
        return False
    turned = found["sign"].translate(str.maketrans("<>", "><"))
    is_within = _compared(_SCREEN[middle], turned, _number(left))
    return is_within and (not found["again"] or _compared(_SCREEN[middle], found["again"], _number(right)))


def _number(value: str) -> float | None:
    """Return pixels, a ratio, dots per pixel or a count; None where it is none of them."""
    found = _RATIO.fullmatch(value)
    try:
        if found is None:
            return pixels(value, 16.0) if value[:1] in set("0123456789.+-") else None
        number = float(found["over"]) / float(found["under"] or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return number / _PER_INCH.get(found["unit"] or "", 1.0)


def _compared(has: float, sign: str, wanted: float | None) -> bool:
    if wanted is None:
        return True  # some arithmetic
    if sign == "=":
        return abs(has - wanted) < 0.01  # noqa: PLR2004  # ratios are rounded
    is_under = has < wanted if sign in {"<", ">="} else has <= wanted
    return is_under if sign[0] == "<" else not is_under

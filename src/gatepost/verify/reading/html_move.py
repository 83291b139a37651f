"""Transforms (CSS Transforms 1 and 2) as matrices: where the corners of a box come to lie on the page."""

import math
import re
from collections.abc import Mapping
from itertools import pairwise

from gatepost.verify.reading.html_colour import cut
from gatepost.verify.reading.html_length import number
from gatepost.verify.reading.html_tokens import words_of

Matrix = tuple[tuple[float, ...], ...]
"""Four rows of four."""
Point = tuple[float, float]
TELLING = frozenset({"transform", "-webkit-transform", "translate", "rotate", "scale", "offset-path", "offset"})
"""Properties that are read here."""
MAX_FUNCTIONS = 30
_CALL = re.compile(r"(?P<name>[a-z0-9]+)\((?P<inside>(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)?")
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_PLACES = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
_MOST = 1e6
_NUMBER = re.compile(r"-?(?:[0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
_SIDE = 6.0
"""Pixels of a hundredth of the way to the window's side."""
STILL: Matrix = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def times(one: Matrix, other: Matrix) -> Matrix:
    """Return the matrix that does the other and then the one."""
    return tuple(
        tuple(min(max(sum(row[k] * other[k][at] for k in range(4)), -_MOST), _MOST) for at in range(4)) for row in one
    )


def moved(x: float, y: float, z: float = 0.0) -> Matrix:
    """Return the matrix that only moves, by pixels."""
    return (1, 0, 0, x), (0, 1, 0, y), (0, 0, 1, z), (0, 0, 0, 1)


def _scaled(x: float, y: float, z: float = 1.0) -> Matrix:
    return (x, 0, 0, 0), (0, y, 0, 0), (0, 0, z, 0), (0, 0, 0, 1)


def _turned(axis: tuple[float, float, float], degrees: float) -> Matrix:
    """Return a turn around an axis (CSS Transforms 2 section 14)."""
    length = math.hypot(*axis)
    if not length:
        return STILL
    x, y, z = (one / length for one in axis)
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    rest = 1 - cosine
    return (
        (x * x * rest + cosine, x * y * rest - z * sine, x * z * rest + y * sine, 0),
        (x * y * rest + z * sine, y * y * rest + cosine, y * z * rest - x * sine, 0),
        (x * z * rest - y * sine, y * z * rest + x * sine, z * z * rest + cosine, 0),
        (0, 0, 0, 1),
    )


def _skewed(x: float, y: float) -> Matrix:
    return (1, math.tan(math.radians(x)), 0, 0), (math.tan(math.radians(y)), 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


def matrix(style: Mapping[str, str], size: float, width: float, height: float) -> Matrix:
    """Return what the transforms of a box do to it, around its own middle or ``transform-origin``.

    Args:
        style: its declarations.
        size: of its font, in pixels.
        width: of the box, and ``height``, in pixels.
        height: see there.
    """
    found = STILL
    translated = _lengths(_words(style.get("translate", "")), size, width, height)
    if translated:
        found = times(found, moved(*translated, *[0.0] * (2 - len(translated[:2]))))
    found = times(found, _rotation(_words(style.get("rotate", ""))))
    scales = [one for word in _words(style.get("scale", "")) if (one := number(word, percent=0.01)) is not None]
    if scales:
        found = times(found, _scaled(scales[0], *(scales[1:3] or scales[:1])))
    for call in _CALL.findall(style.get("transform") or style.get("-webkit-transform", ""))[:MAX_FUNCTIONS]:
        found = times(found, _function(call[0], call[1], size, width, height))
    x, y = _origin(style.get("transform-origin") or style.get("-webkit-transform-origin", ""), size, width, height)
    laid = _on_path(style, size)
    if laid is not None:
        found = times(moved(laid[0] - x, laid[1] - y), found)
    return times(times(moved(x, y), found), moved(-x, -y))


def _on_path(style: Mapping[str, str], size: float) -> Point | None:
    """Return the point that ``offset-path`` lays a box on (Motion Path 1 section 2), as if paths had no curves."""
    told = style.get("offset-path") or style.get("offset", "")
    call = _CALL.search(told)
    if call is None or call["name"] not in {"path", "ray"}:
        return None
    words = [style.get("offset-distance", ""), *_words(told[call.end() :])]
    far = next((word for word in words if number(word) is not None), "0")
    numbers = [float(one) for one in _NUMBER.findall(call["inside"])[: 2 * MAX_FUNCTIONS]]
    if call["name"] == "ray":
        angle = math.radians(number(call["inside"].split()[0]) or 0.0) if call["inside"].strip() else 0.0
        along = number(far, size, _SIDE) or 0.0
        return math.sin(angle) * along, -math.cos(angle) * along
    points = list(zip(numbers[::2], numbers[1::2], strict=False)) or [(0.0, 0.0)]
    parts = [math.dist(one, other) for one, other in pairwise(points)]
    left = number(far, size, sum(parts) / 100) or 0.0
    for (one, other), part in zip(pairwise(points), parts, strict=True):
        if part >= left:
            share = max(left, 0.0) / part if part else 0.0
            return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
        left -= part
    return points[-1]


def _words(value: str) -> list[str]:
    return [] if value in {"", "none"} else words_of(value)


def _lengths(words: list[str], size: float, width: float, height: float) -> list[float]:
    return [number(word, size, of / 100) or 0.0 for word, of in zip(words, (width, height, 0.0), strict=False)]


def _rotation(words: list[str]) -> Matrix:
    if not words:
        return STILL
    numbers = [one for word in words if word not in _AXES and (one := number(word)) is not None]
    named = next((_AXES[word] for word in words if word in _AXES), None)
    if named is None and len(numbers) == len("xyza"):
        angle = next((word for word in words if word[-1:].isalpha()), words[-1])
        axis = [one for word, one in zip(words, numbers, strict=True) if word is not angle]
        return _turned((axis[0], axis[1], axis[2]), number(angle) or 0.0) if len(axis) == len("xyz") else STILL
    return _turned(named or _AXES["z"], numbers[-1] if numbers else 0.0)


def _function(name: str, inside: str, size: float, width: float, height: float) -> Matrix:
    parts = cut(inside) if "," in inside or "(" in inside else inside.split() or [""]  # SVG has no commas
    if name.startswith("translate"):
        return _translated(name.removeprefix("translate"), parts, size, width, height)
    numbers = [number(part, size, 0.01) or 0.0 for part in parts]
    if name.startswith("scale"):
        return _scaling(name.removeprefix("scale"), numbers)
    if name.startswith("rotate"):
        return _rotated(name.removeprefix("rotate"), numbers)
    if name.startswith("skew"):
        return _skewed(0.0, numbers[0]) if name == "skewy" else _skewed(numbers[0], numbers[1] if numbers[1:] else 0.0)
    return _written_out(name, numbers)


def _rotated(axes: str, numbers: list[float]) -> Matrix:
    if axes == "3d":
        return _turned((numbers[0], numbers[1], numbers[2]), numbers[3]) if len(numbers) == len("xyza") else STILL
    if not axes and len(numbers) == len("axy"):  # SVG: around a point
        return times(times(moved(*numbers[1:]), _turned(_AXES["z"], numbers[0])), moved(-numbers[1], -numbers[2]))
    return _turned(_AXES.get(axes, _AXES["z"]), numbers[0])


def _written_out(name: str, numbers: list[float]) -> Matrix:
    if name == "matrix" and len(numbers) == len("abcdef"):
        a, b, c, d, e, f = numbers
        return (a, c, 0, e), (b, d, 0, f), (0, 0, 1, 0), (0, 0, 0, 1)
    if name == "matrix3d" and len(numbers) == len(STILL) ** 2:
        return tuple((numbers[at], numbers[at + 4], numbers[at + 8], numbers[at + 12]) for at in range(4))
    if name == "perspective" and numbers[0] > 0:
        return (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, -1 / max(numbers[0], 1.0), 1)
    return STILL


def _translated(axes: str, parts: list[str], size: float, width: float, height: float) -> Matrix:
    if axes in {"", "3d"}:
        return moved(*_lengths(parts, size, width, height)[:3], *[0.0] * (2 - len(parts[:2])))
    along = number(parts[0], size, (width if axes == "x" else height) / 100) or 0.0
    return moved(*(along if axis == axes else 0.0 for axis in "xyz"))


def _scaling(axes: str, numbers: list[float]) -> Matrix:
    if axes in {"", "3d"}:
        return _scaled(numbers[0], numbers[1] if numbers[1:] else numbers[0], numbers[2] if numbers[2:] else 1.0)
    return _scaled(*(numbers[0] if axis == axes else 1.0 for axis in "xyz"))


def _origin(value: str, size: float, width: float, height: float) -> Point:
    words = _words(value)[:2]
    if words[:1] in (["top"], ["bottom"]) or words[1:] in (["left"], ["right"]):
        words.reverse()
    found = [width / 2, height / 2]
    for at, (word, of) in enumerate(zip(words, (width, height), strict=False)):
        told = _PLACES[word] * of if word in _PLACES else number(word, size, of / 100)
        found[at] = found[at] if told is None else told
    return found[0], found[1]


def lands(what: Matrix, x: float, y: float) -> Point | None:
    """Return where a point comes to lie; None where that is behind the eye."""
    depth = what[3][0] * x + what[3][1] * y + what[3][3]
    if depth <= 0:
        return None
    return (what[0][0] * x + what[0][1] * y + what[0][3]) / depth, (
        what[1][0] * x + what[1][1] * y + what[1][3]
    ) / depth


def is_from_behind(what: Matrix) -> bool:
    """Tell whether the back of a box is seen."""
    (a, b, c, _), (d, e, f, _), (g, h, i, _), _ = what
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (a * e - b * d) * whole < 0

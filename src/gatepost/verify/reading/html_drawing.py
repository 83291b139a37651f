"""SVG: what its attributes do to the words in a drawing (SVG 2 sections 6.6, 7 and 11)."""

import re
from collections.abc import Mapping

from gatepost.verify.reading import html_move
from gatepost.verify.reading.html_colour import MAX_CHARS
from gatepost.verify.reading.html_length import number
from gatepost.verify.reading.html_place import Place

OUTLINES = frozenset({"svg", "text", "tspan", "g"})
"""Of those drawn, what is drawn wherever it stands."""
DRAWN = frozenset({"svg", "g", "text", "tspan", "textpath", "a", "use", "foreignobject"})
"""Elements of drawings that hold words, where an attribute does what elsewhere takes a style."""
NEVER_DRAWN = frozenset({
    "desc", "defs", "metadata", "symbol", "clippath", "annotation", "annotation-xml", "mask", "pattern", "marker",
    "lineargradient", "radialgradient", "filter", "switch",
})  # fmt: skip
"""What shows nothing where it stands, inside a drawing or a formula, or only one of its parts."""
_STYLES = (
    "display", "visibility", "opacity", "font-size", "fill", "fill-opacity", "stroke", "stroke-width", "color",
    "filter", "clip-path", "mask", "transform", "letter-spacing",
)  # fmt: skip
"""Attributes that do what styles of the same name do."""
_WIDTH, _HEIGHT = 300.0, 150.0
_SEPARATOR = re.compile(r"[\s,]+")
_BASE = 0.85
"""Of the font's size: how far below its top a line stands."""
_COVERS = 30.0
"""Pixels across from which a shape is something that words stand before."""


def declared(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return what attributes declare."""
    return {name: attributes[name].strip().lower() for name in _STYLES if name in attributes}


def inks(style: dict[str, str], *, is_outermost: bool) -> dict[str, str]:
    """Return declarations in which letters are painted as in text, but with ``fill`` and ``stroke``."""
    found = {name: value for name, value in style.items() if name not in {"fill", "stroke", "stroke-width"}}
    fill = style.get("fill", "#000000" if is_outermost else "")
    if (number(style.get("fill-opacity", "1"), percent=0.01) or 0.0) < 0.08:  # noqa: PLR2004  # nothing is seen
        fill = "none"
    if fill:
        found["-webkit-text-fill-color"] = "transparent" if fill == "none" else fill
    if "stroke" in style:
        found["-webkit-text-stroke-color"] = "transparent" if style["stroke"] == "none" else style["stroke"]
        found["-webkit-text-stroke-width"] = style.get("stroke-width", "1px")
    return found


def place(
    tag: str, attributes: Mapping[str, str], style: Mapping[str, str], around: Place | None, size: float
) -> Place | None:
    """Return where words stand in an element of a drawing; from there on, pixels are the drawing's own."""
    at = around or Place()
    if tag == "svg":
        return _window(attributes, style, around)
    turn = html_move.matrix({"transform-origin": "0 0", **style}, size, 0.0, 0.0)
    if turn != html_move.STILL:
        at = at.turned(turn if at.outer is None else html_move.times(at.outer, turn))
    if tag == "foreignobject":
        return _cut(at, attributes)
    if tag not in {"text", "tspan"}:
        return at if at is not around and turn != html_move.STILL else around
    x, y, dx, dy = (_first(attributes.get(name, ""), size) for name in ("x", "y", "dx", "dy"))
    if x is y is dx is dy is None and tag == "tspan":
        return around
    own = 0.0 if tag == "text" else None
    left = (x if x is not None else own if own is not None else at.x) + (dx or 0.0)
    top = y - size * _BASE if y is not None else at.y if own is None else -size * _BASE
    return at.moved(left, top + (dy or 0.0))


def _first(written: str, size: float) -> float | None:
    return number(_SEPARATOR.split(written.strip().lower())[0], size)


def _window(attributes: Mapping[str, str], style: Mapping[str, str], around: Place | None) -> Place:
    width, height = (
        number(style.get(name, "") or attributes.get(name, "").strip().lower(), percent=of / 100)
        for name, of in (("width", 800.0), ("height", 600.0))
    )
    width, height = _WIDTH if width is None else width, _HEIGHT if height is None else height
    outer = None if around is None else around.outer
    box = [number(one) for one in _SEPARATOR.split(attributes.get("viewbox", "").strip())]
    if len(box) == len("xywh") and box[2] and box[3] and None not in box:
        scale = min(width / box[2], height / box[3])
        turn = html_move.times(
            ((scale, 0, 0, 0), (0, scale, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)),
            html_move.moved(-(box[0] or 0), -(box[1] or 0)),
        )
        outer = turn if outer is None else html_move.times(outer, turn)
        width, height = (box[0] or 0.0) + box[2], (box[1] or 0.0) + box[3]
    clips = () if "visible" in style.get("overflow", "") else ((0.0, 0.0, width, height),)
    return Place(x=0.0, width=width, height=height, is_exact=True, clips=clips, outer=outer, is_whole=True)


def _cut(at: Place, attributes: Mapping[str, str]) -> Place:
    x, y, width, height = (_first(attributes.get(name, "0"), 16.0) for name in ("x", "y", "width", "height"))
    width = at.width * 1.0 if width is None or "%" in attributes.get("width", "") else width
    height = at.height if height is None or "%" in attributes.get("height", "") else height
    left, top = x or 0.0, y or 0.0
    clip = (left, top, left + width, top + (height if height is not None else 1e6))
    return at.cut((*at.clips, clip), width=width).moved(left, top)


def covers(tag: str, attributes: Mapping[str, str]) -> str:
    """Return what a shape is filled with, where words may stand before it; or nothing."""
    if tag != "rect":
        return ""
    width, height = (number(attributes.get(name, "").strip(), percent=8.0) or 0.0 for name in ("width", "height"))
    fill = (
        attributes.get("fill", "#000000").strip().lower()[: MAX_CHARS + 1]
    )  # no longer than tells that it is too long
    return fill if width >= _COVERS and height >= _COVERS / 2 else ""

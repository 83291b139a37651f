"""Whether a box has a place on the page where somebody sees it, or is cut, shrunk, turned or moved away."""

import re
from collections.abc import Mapping

from gatepost.verify.reading.html_length import FONT_SIZE, NUMBER, TINY, is_zero, pixels

_MOVED = re.compile(r"translate[xy3d]*\(([^()]{1,100})\)")
_SHRUNK = re.compile(r"scale[xy3d]*\(([^()]{1,100})\)")
_EDGEWISE = re.compile(r"rotate[xy]\(\s*-?(?:90|270)deg")
_INSET = re.compile(r"inset\((?:[^()]{0,60}[\s,])?100%|inset\([5-9][0-9]%\s*\)")
_NOTHING = re.compile(r"(?:circle|ellipse|polygon)\((?:nonzero|evenodd|[\s,]|0(?:px|%|em|)(?=[\s,)]))+(?:at [^()]*)?\)")
_FLAT = re.compile(r"matrix\(\s*-?0*\.?0*\s*,|matrix\((?:[^,()]{1,20},){3}\s*-?0*\.?0*\s*,")
_MASKED = re.compile(r"gradient\((?:[^(),]{1,40},)?\s*(transparent|rgba\(0,\s*0,\s*0,\s*0\))\s*,\s*\1\s*\)")
_FAR = -200.0
"""Pixels to the left or above from which nothing is seen."""
_BEYOND = 3_000.0
"""Pixels to the right or below to which nobody scrolls."""
_MASKS = ("mask", "mask-image", "-webkit-mask", "-webkit-mask-image")


def is_clipped(style: Mapping[str, str]) -> bool:
    """Tell whether nothing of a box is painted where it stands."""
    overflow = style.get("overflow", "") + style.get("overflow-x", "") + style.get("overflow-y", "")
    if any(word in overflow for word in ("hidden", "clip", "scroll", "auto")):
        sizes = [style.get(name, "") for name in ("height", "max-height", "width", "max-width")]
        if any(is_zero(size, below=2) for size in sizes):
            return True
        if "hidden" in overflow and "height" not in style and is_zero(style.get("line-height", ""), below=0.05):
            return True
    if style.get("position") in {"absolute", "fixed"}:
        clip = style.get("clip", "").replace(",", " ").replace("( ", "(")
        if clip.startswith(("rect(0", "rect(1px 1px 1px 1px", "rect(1px  1px  1px  1px")):
            return True
    return _is_cut_away(style)


def _is_cut_away(style: Mapping[str, str]) -> bool:
    path = style.get("clip-path", "")
    if path and (_INSET.match(path) or _NOTHING.match(path)):
        return True
    transform = style.get("transform", "")
    if _EDGEWISE.search(transform) or _FLAT.search(transform) or _is_shrunk(style.get("zoom", "")):
        return True
    if any(_MASKED.search(style.get(name, "")) for name in _MASKS):
        return True
    is_turned = style.get("backface-visibility") == "hidden" and "180deg" in transform  # it shows its back
    if is_turned or style.get("-webkit-text-security", "none") != "none":  # dots, as for a password
        return True
    if style.get("z-index", "").startswith("-") and style.get("position", "static") != "static":
        return True  # nobody puts words behind the page
    scales = [*_SHRUNK.findall(transform), style.get("scale", "")]
    return any(is_zero(one.strip(), below=0.1) for written in scales for one in re.split(r"[\s,]+", written)[:2])


def _is_shrunk(zoom: str) -> bool:
    found = NUMBER.fullmatch(zoom) if zoom else None
    return found is not None and 0 < float(found[1]) / (100 if found[2] == "%" else 1) < TINY / FONT_SIZE  # 0 is 1


def is_off_screen(style: Mapping[str, str]) -> bool:
    """Tell whether a box, or its first line, is moved to where nobody scrolls."""
    sides = dict(zip(("top", "right", "bottom", "left"), _four(style.get("inset", "")), strict=True))
    if style.get("position") in {"absolute", "fixed", "relative"} and any(
        is_far(style.get(side, sides[side])) for side in sides
    ):
        return True
    moved = [*_MOVED.findall(style.get("transform", "")), style.get("translate", "")]
    if any(is_far(one) for written in moved if written for one in re.split(r"[\s,]+", written)):
        return True
    top, _, _, left = _four(style.get("margin", ""))
    margins = (style.get("margin-left", left), style.get("margin-top", top))
    return any(pixels(margin) <= _FAR for margin in margins) or _is_indented_away(style)


def _is_indented_away(style: Mapping[str, str]) -> bool:
    """Tell whether the first line begins outside of its box, where nothing of it shows."""
    indent = style.get("text-indent", "")
    if not indent:
        return False
    found = NUMBER.match(indent)
    is_whole = found is not None and found[2] == "%" and float(found[1]) >= 100  # noqa: PLR2004  # the box's width
    return is_far(indent) or (is_whole and "hidden" in style.get("overflow", ""))


def _four(shorthand: str) -> tuple[str, str, str, str]:
    """Return top, right, bottom and left of a shorthand for four sides."""
    words = shorthand.split() or [""]
    right = words[1] if len(words) > 1 else words[0]
    return (
        words[0],
        right,
        words[2] if len(words) > 2 else words[0],  # noqa: PLR2004  # top right bottom left
        words[3] if len(words) > 3 else right,  # noqa: PLR2004  # top right bottom left
    )


def is_far(value: str) -> bool:
    """Tell whether a length leads beyond the page."""
    return not _FAR < pixels(value) < _BEYOND

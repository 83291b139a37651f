"""Which styles keep text from a person's eyes, and by which technique."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.paper import Technique

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_NUMBER = re.compile(r"(-?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++))\s*+(px|pt|em|rem|ex|%|vw|vh|in|cm|mm|)", re.ASCII)
_MOVED = re.compile(r"translate[xy3d]*\(\s*(-[0-9.]+\s*(?:px|em|rem|%|vw|vh|))", re.ASCII)
_FAR = -200.0
"""Pixels to the left or above from which nothing is seen."""
_TINY = {"px": 2.0, "pt": 1.5, "": 2.0, "em": 0.15, "rem": 0.15, "ex": 0.3, "%": 15.0}
"""Font sizes up to which text cannot be read."""
_HEX_SHORT = 4
CACHED_STYLE_CHARS = 300
"""Newsletters repeat short styles hundreds of times."""
_NAMES = {
    "white": "ffffff", "black": "000000", "transparent": "transparent", "snow": "fffafa", "ivory": "fffff0",
    "ghostwhite": "f8f8ff", "whitesmoke": "f5f5f5", "red": "ff0000", "green": "008000", "blue": "0000ff",
    "gray": "808080", "grey": "808080", "yellow": "ffff00", "silver": "c0c0c0", "navy": "000080", "orange": "ffa500",
    "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "darkgray": "a9a9a9", "purple": "800080", "maroon": "800000",
    "floralwhite": "fffaf0", "azure": "f0ffff", "mintcream": "f5fffa", "aliceblue": "f0f8ff", "seashell": "fff5ee",
}  # fmt: skip
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([0-9]{0,9}\.?[0-9]{1,9}%?))?\s*\)", re.ASCII
)
_NEAR = 24
"""Sum of channel differences up to which two colours look alike."""


class Style(NamedTuple):
    """Declarations by property: the ordinary ones, and those marked ``!important``."""

    ordinary: dict[str, str]
    important: dict[str, str]


NO_STYLE = Style({}, {})


class Look(NamedTuple):
    """What an element hands down to its children.

    Attributes:
        gone: by what it is hidden for good: no child can undo it.
        is_invisible: visibility:hidden; a child may undo it.
        colour, background: six hex digits, or ``transparent``; the background is ``image`` where nobody can tell.
    """

    gone: Technique | None = None
    is_invisible: bool = False
    is_tiny: bool = False
    colour: str = "000000"
    background: str = "ffffff"

    @property
    def hidden_by(self) -> Technique | None:
        """Why a person cannot see text here; None where they can."""
        if self.gone is not None:
            return self.gone
        if self.is_invisible:
            return Technique.VISIBILITY_HIDDEN
        if self.is_tiny:
            return Technique.ZERO_SIZE
        return Technique.SAME_COLOUR if _look_alike(self.colour, self.background) else None


def declarations(style: str) -> Style:
    """Read ``name: value; ...``; later ones win. Callers share the answer."""
    return _declared_often(style) if len(style) <= CACHED_STYLE_CHARS else _declared(style)


def _declared(style: str) -> Style:
    found = Style({}, {})
    for part in _COMMENT.sub(" ", style).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, mark, _ = value.partition("!")
            (found.important if mark else found.ordinary)[name.strip()] = value.strip()
    return found


_declared_often = lru_cache(maxsize=2048)(_declared)


def look_below(parent: Look, tag: str, attributes: Mapping[str, str], sheet: Style = NO_STYLE) -> Look:
    """Return how text inside this element looks. ``sheet``: declarations that style sheets add."""
    look = _with_attributes(parent, tag, attributes)
    inline = attributes.get("style", "")
    if sheet is NO_STYLE:
        if not inline:
            return look
        return _looked_often(look, inline) if len(inline) <= CACHED_STYLE_CHARS else _styled(look, declarations(inline))
    own = declarations(inline)
    return _styled(look, Style({**sheet.ordinary, **own.ordinary}, {**sheet.important, **own.important}))


def _with_attributes(look: Look, tag: str, attributes: Mapping[str, str]) -> Look:
    if "hidden" in attributes and look.gone is None:
        look = look._replace(gone=Technique.HIDDEN_ATTRIBUTE)
    if "bgcolor" in attributes:
        look = look._replace(background=_colour(attributes["bgcolor"], look.background))
    if attributes.get("background"):
        look = look._replace(background="image")
    if tag == "font" and "color" in attributes:
        look = look._replace(colour=_colour(attributes["color"], look.colour))
    if tag == "body" and "text" in attributes:
        look = look._replace(colour=_colour(attributes["text"], look.colour))
    return look


def _styled(look: Look, declared: Style) -> Look:
    style = {**declared.ordinary, **declared.important}
    visibility = style.get("visibility", "")
    size = style.get("font-size") or _font_shorthand(style.get("font", ""))
    gone = look.gone or _gone(style)
    if gone is Technique.HIDDEN_ATTRIBUTE and look.gone is gone and style.get("display", "none") != "none":
        gone = None  # the attribute is only the browser's own display:none, and the author's goes before it
    return Look(
        gone,
        visibility in {"hidden", "collapse"} if visibility else look.is_invisible,
        _is_tiny(size, was_tiny=look.is_tiny),
        _colour(style.get("color", ""), look.colour),
        _background(style, look.background),
    )


_looked_often = lru_cache(maxsize=4096)(lambda look, inline: _styled(look, _declared_often(inline)))


def _gone(style: dict[str, str]) -> Technique | None:
    if style.get("display", "").startswith("none"):
        return Technique.DISPLAY_NONE
    if _is_zero(style.get("opacity", ""), below=0.05):
        return Technique.ZERO_OPACITY
    if _is_clipped(style):
        return Technique.CLIPPED
    return Technique.OFF_SCREEN if _is_off_screen(style) else None


def _is_clipped(style: dict[str, str]) -> bool:
    overflow = style.get("overflow", "") + style.get("overflow-x", "") + style.get("overflow-y", "")
    if "hidden" in overflow or "clip" in overflow:
        sizes = [style.get(name, "") for name in ("height", "max-height", "width", "max-width")]
        if any(_is_zero(size, below=2) for size in sizes):
            return True
    if style.get("position") in {"absolute", "fixed"}:
        clip = style.get("clip", "").replace(" ", "")
        if clip.startswith(("rect(0", "rect(1px,1px,1px,1px")):
            return True
    path = style.get("clip-path", "").replace(" ", "")
    return path.startswith(("inset(100%", "inset(50%", "circle(0")) or "scale(0)" in style.get("transform", "")


def _is_off_screen(style: dict[str, str]) -> bool:
    if style.get("position") in {"absolute", "fixed"} and any(
        _pixels(style.get(side, "")) <= _FAR for side in ("left", "top", "right", "bottom")
    ):
        return True
    moved = _MOVED.search(style.get("transform", ""))
    if moved is not None and _pixels(moved[1]) <= _FAR:
        return True
    return any(_pixels(style.get(name, "")) <= _FAR for name in ("text-indent", "margin-left", "margin-top"))


def _pixels(value: str) -> float:
    found = _NUMBER.match(value) if value else None
    if found is None:
        return 0.0
    factor = {"em": 16.0, "rem": 16.0, "in": 96.0, "cm": 38.0, "vw": 10.0, "vh": 8.0, "%": 10.0}.get(found[2], 1.0)
    return float(found[1]) * factor


def _is_zero(value: str, *, below: float) -> bool:
    found = _NUMBER.fullmatch(value) if value else None
    return found is not None and float(found[1]) < (below if found[2] != "%" else 0.1)


def _font_shorthand(value: str) -> str:
    return next((word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] == "."), "")


def _is_tiny(size: str, *, was_tiny: bool) -> bool:
    found = _NUMBER.fullmatch(size) if size else None
    if found is None:
        return was_tiny
    if was_tiny and found[2] in {"em", "%"}:
        return True  # relative to nothing is nothing
    return float(found[1]) <= _TINY.get(found[2], 0.0)


def _background(style: dict[str, str], inherited: str) -> str:
    """Return what lies behind: the colour, unless an image may cover it; the shorthand holds both."""
    shorthand = style.get("background", "")
    if "gradient(" in shorthand or "gradient(" in style.get("background-image", ""):
        return "image"
    found = _colour(style.get("background-color", ""), inherited)
    if shorthand:
        for word in _RGB.sub(lambda rgb: rgb[0].replace(" ", ""), shorthand).split():
            found = _colour(word, found)
    if "url(" in shorthand or "url(" in style.get("background-image", ""):
        return "image"
    return inherited if found == "transparent" else found


@lru_cache(maxsize=4096)
def _colour(value: str, inherited: str) -> str:
    value = value.strip().lower()[:100]
    if value in _NAMES:
        return _NAMES[value]
    if value.startswith("#") and all(digit in "0123456789abcdef" for digit in value[1:]):
        digits = value[1:]
        if len(digits) in {3, _HEX_SHORT}:
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) == 8 and digits[6:] == "00":  # noqa: PLR2004  # rrggbbaa
            return "transparent"
        return digits[:6] if len(digits) >= 6 else inherited  # noqa: PLR2004  # rrggbb
    found = _RGB.match(value)
    if found is None:
        return inherited
    if found[4] is not None and float(found[4].rstrip("%") or 0) == 0:
        return "transparent"
    return "".join(f"{min(int(found[at]), 255):02x}" for at in (1, 2, 3))


@lru_cache(maxsize=4096)
def _look_alike(colour: str, background: str) -> bool:
    if colour == "transparent":
        return True
    if len(background) != len("ffffff"):
        return False
    channels = ((int(colour[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (0, 2, 4))
    return sum(abs(one - other) for one, other in channels) <= _NEAR

"""Which inline styles keep text from a person's eyes."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_NUMBER = re.compile(r"(-?[0-9]*\.?[0-9]+)\s*(px|pt|em|rem|ex|%|vw|vh|in|cm|mm|)", re.ASCII)
_FAR = -200.0
"""Pixels to the left or above from which nothing is seen."""
_TINY = {"px": 2.0, "pt": 1.5, "": 2.0, "em": 0.15, "rem": 0.15, "ex": 0.3, "%": 15.0}
"""Font sizes up to which text cannot be read."""
_HEX_SHORT = 4
CACHED_STYLE_CHARS = 200
"""Newsletters repeat short styles hundreds of times."""
_NAMES = {
    "white": "ffffff", "black": "000000", "transparent": "transparent", "snow": "fffafa", "ivory": "fffff0",
    "ghostwhite": "f8f8ff", "whitesmoke": "f5f5f5", "red": "ff0000", "green": "008000", "blue": "0000ff",
    "gray": "808080", "grey": "808080", "yellow": "ffff00", "silver": "c0c0c0",
}  # fmt: skip
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([0-9.]+%?))?\s*\)", re.ASCII)
_NEAR = 24
"""Sum of channel differences up to which two colours look alike."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an element hands down to its children.

    Attributes:
        is_gone: display:none or its like; no child can undo it.
        is_invisible: visibility:hidden; a child may undo it.
        colour, background: six hex digits, or ``transparent``.
    """

    is_gone: bool = False
    is_invisible: bool = False
    is_tiny: bool = False
    colour: str = "000000"
    background: str = "ffffff"

    @property
    def is_hidden(self) -> bool:
        """Whether a person cannot see text here."""
        return self.is_gone or self.is_invisible or self.is_tiny or _look_alike(self.colour, self.background)


def declarations(style: str) -> dict[str, str]:
    """Read ``name: value; ...``; later ones win, ``!important`` is dropped. Callers share the answer."""
    return _declared_often(style) if len(style) <= CACHED_STYLE_CHARS else _declared(style)


def _declared(style: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _COMMENT.sub(" ", style).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


_declared_often = lru_cache(maxsize=2048)(_declared)


def look_below(parent: Look, tag: str, attributes: dict[str, str], sheet: dict[str, str]) -> Look:
    """Return how text inside this element looks. ``sheet``: declarations that style sheets add."""
    if not attributes and not sheet:
        return parent
    style = {**sheet, **declarations(attributes.get("style", ""))}
    look = _with_attributes(parent, tag, attributes)
    if not style:
        return look
    is_gone = look.is_gone or _is_gone(style)
    visibility = style.get("visibility", "")
    is_invisible = visibility in {"hidden", "collapse"} if visibility else look.is_invisible
    size = style.get("font-size") or _font_shorthand(style.get("font", ""))
    return Look(
        is_gone,
        is_invisible,
        _is_tiny(size, was_tiny=look.is_tiny),
        _colour(style.get("color", ""), look.colour),
        _colour(style.get("background-color", "") or style.get("background", "").partition(" ")[0], look.background),
    )


def _with_attributes(parent: Look, tag: str, attributes: dict[str, str]) -> Look:
    look = parent
    if "hidden" in attributes:
        look = replace(look, is_gone=True)
    if "bgcolor" in attributes:
        look = replace(look, background=_colour(attributes["bgcolor"], look.background))
    if tag == "font" and "color" in attributes:
        look = replace(look, colour=_colour(attributes["color"], look.colour))
    return look


def _is_gone(style: dict[str, str]) -> bool:
    if style.get("display", "").startswith("none") or style.get("mso-hide") == "all":
        return True
    if _is_zero(style.get("opacity", ""), below=0.05):
        return True
    is_clipped = "hidden" in style.get("overflow", "") or "clip" in style.get("overflow", "")
    sizes = [style.get(name, "") for name in ("height", "max-height", "width", "max-width")]
    if is_clipped and any(_is_zero(size, below=2) for size in sizes):
        return True
    return _is_off_screen(style)


def _is_off_screen(style: dict[str, str]) -> bool:
    if style.get("position") in {"absolute", "fixed"}:
        if any(_pixels(style.get(side, "")) <= _FAR for side in ("left", "top", "right", "bottom")):
            return True
        if style.get("clip", "").replace(" ", "").startswith(("rect(0", "rect(1px,1px,1px,1px")):
            return True
    return (
        _pixels(style.get("text-indent", "")) <= _FAR
        or _pixels(style.get("margin-left", "")) <= _FAR
        or style.get("clip-path", "").replace(" ", "").startswith(("inset(100%", "inset(50%", "circle(0"))
        or "scale(0)" in style.get("transform", "").replace(" ", "")
    )


def _pixels(value: str) -> float:
    found = _NUMBER.match(value)
    if found is None:
        return 0.0
    factor = {"em": 16.0, "rem": 16.0, "in": 96.0, "cm": 38.0, "vw": 10.0, "vh": 8.0, "%": 10.0}.get(found[2], 1.0)
    return float(found[1]) * factor


def _is_zero(value: str, *, below: float) -> bool:
    found = _NUMBER.fullmatch(value)
    return found is not None and float(found[1]) < below


def _font_shorthand(value: str) -> str:
    return next((word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] == "."), "")


def _is_tiny(size: str, *, was_tiny: bool) -> bool:
    found = _NUMBER.fullmatch(size)
    if found is None:
        return was_tiny
    if was_tiny and found[2] in {"em", "%"}:
        return True  # relative to nothing is nothing
    return float(found[1]) <= _TINY.get(found[2], 0.0)


def _colour(value: str, inherited: str) -> str:
    value = value.strip().lower()
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
    if background == "transparent":
        return False
    channels = ((int(colour[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (0, 2, 4))
    return sum(abs(one - other) for one, other in channels) <= _NEAR

"""Which styles keep text from a person's eyes, and by which technique."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_colour

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_VALUE = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})(?:e[+-]?[0-9]{1,2})?"
_NUMBER = re.compile(rf"({_VALUE})\s*+(px|pt|pc|em|rem|ex|ch|q|%|vw|vh|vmin|vmax|in|cm|mm|)", re.ASCII)
_SUM = re.compile(r"calc\(([0-9a-z%.+\- ]{1,100})\)", re.ASCII)
_MOVED = re.compile(r"translate[xy3d]*\(([^()]{1,100})\)")
_SHRUNK = re.compile(r"scale[xy3d]*\(([^()]{1,100})\)")
_EDGEWISE = re.compile(r"rotate[xy]\(\s*-?(?:90|270)deg")
_INSET = re.compile(r"inset\((?:[^()]{0,60}[\s,])?100%|inset\([5-9][0-9]%\s*\)")
_NOTHING = re.compile(r"(?:circle|ellipse|polygon)\((?:nonzero|evenodd|[\s,]|0(?:px|%|em|)(?=[\s,)]))+(?:at [^()]*)?\)")
_FLAT = re.compile(r"matrix\(\s*-?0*\.?0*\s*,|matrix\((?:[^,()]{1,20},){3}\s*-?0*\.?0*\s*,")
_MASKED = re.compile(r"gradient\((?:[^(),]{1,40},)?\s*(transparent|rgba\(0,\s*0,\s*0,\s*0\))\s*,\s*\1\s*\)")
_CHOSEN = re.compile(r"(min|max|clamp)\(([^()]{1,100})\)")
_FAR = -200.0
"""Pixels to the left or above from which nothing is seen."""
_BEYOND = 3_000.0
"""Pixels to the right or below to which nobody scrolls."""
_TINY = 2.4
"""Font size in pixels up to which text cannot be read."""
_FONT_SIZE = 16.0
_PIXELS = {
    "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "pt": 1.333, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78,
    "q": 0.945, "vw": 10.0, "vh": 8.0, "vmin": 8.0, "vmax": 10.0, "%": 10.0,
}  # fmt: skip
_KEYWORDS = {"initial": 16.0, "medium": 16.0, "small": 13.0, "x-small": 10.0, "xx-small": 9.0, "large": 18.0}
_MASKS = ("mask", "mask-image", "-webkit-mask", "-webkit-mask-image")
_DRAWN = frozenset({"svg", "g", "text", "tspan"})
"""Elements of drawings, where an attribute does what elsewhere takes a style."""
_NOT_SHOWN = ("none", "table-column")
CACHED_STYLE_CHARS = 300
"""Newsletters repeat short styles hundreds of times."""
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})[ \t\r\n\f]?|([^\r\n\f]))", re.IGNORECASE)
_VARIABLE = re.compile(r"var\(\s*(--[^\s,()]{1,60})\s*(?:,([^()]{0,60}))?\)")
_LOGICAL = {
    "block-size": "height", "max-block-size": "max-height", "inline-size": "width", "max-inline-size": "max-width",
    "inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top", "inset-block-end": "bottom",
    "margin-inline-start": "margin-left", "margin-block-start": "margin-top", "overflow-block": "overflow-y",
    "overflow-inline": "overflow-x",
}  # fmt: skip
"""What some properties are called by the direction of writing (CSS Logical Properties): that of Latin script."""
_DRAWN_STYLES = ("display", "visibility", "opacity", "font-size")
"""Attributes of a drawing's elements that do what styles of the same name do (SVG 2 section 6.6)."""
_KNOWN_DISPLAYS = re.compile(
    r"(?:inline|block|flow|contents|none|flex|grid|table|list-item|ruby|run-in|initial|inherit|unset|revert|math|var\(|-|$)"
)
_FADED = re.compile(r"(?<!alpha\()opacity\(\s*([0-9.]{1,9}%?)\s*\)")
_UNSEEN = 0.08
"""Opacity below which nothing is seen."""


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
        is_crushed: the letters stand upon one another; a child may undo it.
        size: of the font, in pixels.
        opacity: of this element and all around it, 0 to 1.
        colour, background: six hex digits, or ``transparent``; the background is ``image`` where nobody can tell.
    """

    gone: Technique | None = None
    is_invisible: bool = False
    is_crushed: bool = False
    size: float = _FONT_SIZE
    opacity: float = 1.0
    colour: str = "000000"
    background: str = "ffffff"

    @property
    def hidden_by(self) -> Technique | None:
        """Why a person cannot see text here; None where they can."""
        if self.gone is not None:
            return self.gone
        if self.opacity < _UNSEEN:
            return Technique.ZERO_OPACITY
        if self.is_invisible:
            return Technique.VISIBILITY_HIDDEN
        if self.is_crushed or self.size <= _TINY:
            return Technique.ZERO_SIZE
        return Technique.SAME_COLOUR if html_colour.look_alike(self.colour, self.background) else None


def declarations(style: str) -> Style:
    """Read ``name: value; ...``; later ones win. Callers share the answer."""
    return _declared_often(style) if len(style) <= CACHED_STYLE_CHARS else _declared(style)


def unescaped(source: str) -> str:
    """Resolve the escapes of a style sheet (CSS Syntax section 4.3.7)."""
    return _ESCAPE.sub(_character, source) if "\\" in source else source


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else ord(found[2])
    return chr(code) if 0x20 <= code < 0x110000 else "\ufffd"  # noqa: PLR2004  # no control, no more than Unicode has


def _declared(style: str) -> Style:
    found = Style({}, {})
    for part in _COMMENT.sub("", style).split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, mark, _ = unescaped(value).lower().partition("!")
            property_, value = unescaped(name).lower().strip(), value.strip()
            if property_ == "display" and _KNOWN_DISPLAYS.match(value) is None:
                continue  # no browser knows it: what was said before holds
            (found.important if mark else found.ordinary)[_LOGICAL.get(property_, property_)] = value
    return found


_declared_often = lru_cache(maxsize=2048)(_declared)


class Looks:
    """How the elements of one document look that style sheets speak of: those alike in everything are one."""

    def __init__(self) -> None:
        self._known: dict[tuple[Look, int, str], tuple[Look, Style]] = {}

    def styled(self, look: Look, sheet: Style, inline: str) -> Look:
        """Return ``look`` after what a sheet and the element's own style declare."""
        key = (look, id(sheet), inline)
        found = self._known.get(key)
        if found is None:
            own = declarations(inline) if inline else NO_STYLE
            both = Style({**sheet.ordinary, **own.ordinary}, {**sheet.important, **own.important})
            found = self._known[key] = _styled(look, both), sheet  # kept, for its id is good only as long as it lives
        return found[0]


def look_below(
    parent: Look, tag: str, attributes: Mapping[str, str], sheet: Style = NO_STYLE, looks: Looks | None = None
) -> Look:
    """Return how text inside this element looks.

    Args:
        parent: the element around it.
        tag: its name, and ``attributes`` what its start tag says.
        attributes: see there.
        sheet: declarations that style sheets add.
        looks: what is known of the document's other elements.
    """
    look = _with_attributes(parent, tag, attributes)
    inline = attributes.get("style", "")
    if sheet is NO_STYLE:
        if not inline:
            return look
        return _looked_often(look, inline) if len(inline) <= CACHED_STYLE_CHARS else _styled(look, declarations(inline))
    return (looks or Looks()).styled(look, sheet, inline)


def _with_attributes(look: Look, tag: str, attributes: Mapping[str, str]) -> Look:
    if "hidden" in attributes and look.gone is None:
        look = look._replace(gone=Technique.HIDDEN_ATTRIBUTE)
    if "popover" in attributes and look.gone is None:
        look = look._replace(gone=Technique.NOT_RENDERED)  # a script would have to open it
    if tag in _DRAWN:
        look = _drawn(look, attributes)
    if "bgcolor" in attributes:
        look = look._replace(background=html_colour.read(attributes["bgcolor"], look.background))
    if attributes.get("background"):
        look = look._replace(background="image")
    if tag == "font" and "color" in attributes:
        look = look._replace(colour=html_colour.read(attributes["color"], look.colour))
    if tag == "body" and "text" in attributes:
        look = look._replace(colour=html_colour.read(attributes["text"], look.colour))
    return look


def _drawn(look: Look, attributes: Mapping[str, str]) -> Look:
    """Return how a drawing's element looks by its own attributes; without a fill nothing is painted."""
    told = {name: attributes[name].strip().lower() for name in _DRAWN_STYLES if name in attributes}
    if "fill" in attributes:
        fill = attributes["fill"].strip().lower()
        told["color"] = html_colour.TRANSPARENT if fill == "none" else fill
    look = _styled(look, Style(told, {})) if told else look
    far = (attributes.get(side, "") for side in ("x", "y", "dx", "dy"))
    return look._replace(gone=Technique.OFF_SCREEN) if look.gone is None and any(map(_is_far, far)) else look


def _styled(look: Look, declared: Style) -> Look:
    style = {**declared.ordinary, **declared.important}
    if any("var(" in value for value in style.values()):
        style = {name: _resolved(value, style) for name, value in style.items()}
    visibility = style.get("visibility", "")
    size = _font_size(style, look.size)
    gone = look.gone or _gone(style)
    if gone is Technique.HIDDEN_ATTRIBUTE and look.gone is gone and style.get("display", "none") != "none":
        gone = None  # the attribute is only the browser's own display:none, and the author's goes before it
    colour = html_colour.read(style.get("-webkit-text-fill-color") or style.get("color", ""), look.colour)
    spacing = style.get("letter-spacing", "")
    return Look(
        gone,
        visibility in {"hidden", "collapse"} if visibility else look.is_invisible,
        _pixels(spacing, size) < -size / 2 if spacing else look.is_crushed,
        size,
        look.opacity * _opacity(style) if gone is None else look.opacity,
        colour,
        html_colour.behind(style, look.background, colour),
    )


_looked_often = lru_cache(maxsize=4096)(lambda look, inline: _styled(look, _declared_often(inline)))


def _resolved(value: str, style: Mapping[str, str]) -> str:
    """Put a custom property of the same element, or else its fall-back, into a value."""
    return _VARIABLE.sub(lambda found: style.get(found[1]) or (found[2] or "").strip(), value)


def _gone(style: dict[str, str]) -> Technique | None:
    if style.get("display", "").startswith(_NOT_SHOWN):
        return Technique.DISPLAY_NONE
    if style.get("content-visibility") == "hidden":
        return Technique.VISIBILITY_HIDDEN
    if _is_clipped(style):
        return Technique.CLIPPED
    return Technique.OFF_SCREEN if _is_off_screen(style) else None


def _opacity(style: dict[str, str]) -> float:
    opacity = 1.0
    for written in (style.get("opacity", ""), *_FADED.findall(style.get("filter", ""))):
        found = _NUMBER.fullmatch(written) if written else None
        if found is not None:
            opacity *= min(max(float(found[1]) / (100 if found[2] == "%" else 1), 0.0), 1.0)
    return opacity


def _is_clipped(style: dict[str, str]) -> bool:
    overflow = style.get("overflow", "") + style.get("overflow-x", "") + style.get("overflow-y", "")
    if any(word in overflow for word in ("hidden", "clip", "scroll", "auto")):
        sizes = [style.get(name, "") for name in ("height", "max-height", "width", "max-width")]
        if any(_is_zero(size, below=2) for size in sizes):
            return True
        if "hidden" in overflow and "height" not in style and _is_zero(style.get("line-height", ""), below=0.05):
            return True
    if style.get("position") in {"absolute", "fixed"}:
        clip = style.get("clip", "").replace(",", " ").replace("( ", "(")
        if clip.startswith(("rect(0", "rect(1px 1px 1px 1px", "rect(1px  1px  1px  1px")):
            return True
    return _is_cut_away(style)


def _is_cut_away(style: dict[str, str]) -> bool:
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
    return any(_is_zero(one.strip(), below=0.1) for written in scales for one in re.split(r"[\s,]+", written)[:2])


def _is_shrunk(zoom: str) -> bool:
    found = _NUMBER.fullmatch(zoom) if zoom else None
    return found is not None and 0 < float(found[1]) / (100 if found[2] == "%" else 1) < _TINY / _FONT_SIZE  # 0 is 1


def _is_off_screen(style: dict[str, str]) -> bool:
    sides = dict(zip(("top", "right", "bottom", "left"), _four(style.get("inset", "")), strict=True))
    if style.get("position") in {"absolute", "fixed", "relative"} and any(
        _is_far(style.get(side, sides[side])) for side in sides
    ):
        return True
    moved = [*_MOVED.findall(style.get("transform", "")), style.get("translate", "")]
    if any(_is_far(one) for written in moved if written for one in re.split(r"[\s,]+", written)):
        return True
    top, _, _, left = _four(style.get("margin", ""))
    margins = (style.get("margin-left", left), style.get("margin-top", top))
    return any(_pixels(margin) <= _FAR for margin in margins) or _is_indented_away(style)


def _is_indented_away(style: dict[str, str]) -> bool:
    """Tell whether the first line begins outside of its box, where nothing of it shows."""
    indent = style.get("text-indent", "")
    if not indent:
        return False
    found = _NUMBER.match(indent)
    is_whole = found is not None and found[2] == "%" and float(found[1]) >= 100  # noqa: PLR2004  # the box's width
    return _is_far(indent) or (is_whole and "hidden" in style.get("overflow", ""))


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


def _is_far(value: str) -> bool:
    return not _FAR < _pixels(value) < _BEYOND


def _pixels(value: str, size: float = _FONT_SIZE) -> float:
    if not value:
        return 0.0
    total = _SUM.match(value)
    if total is not None:
        return _sum_of(total[1])
    found = _NUMBER.match(value)
    if found is None:
        return 0.0
    return float(found[1]) * (size if found[2] == "em" else _PIXELS.get(found[2], 1.0))


def _sum_of(terms: str) -> float:
    """Return the pixels of lengths that are added and subtracted."""
    return sum(_pixels(term) for term in terms.replace(" + ", "|").replace(" - ", "|-").split("|"))


def _is_zero(value: str, *, below: float) -> bool:
    found = _NUMBER.fullmatch(value) if value else None
    return found is not None and abs(float(found[1])) < (below if found[2] != "%" else 0.1)


def _font_size(style: dict[str, str], inherited: float) -> float:
    """Return the font's size in pixels."""
    written = style.get("font-size") or _font_shorthand(style.get("font", ""))
    if not written:
        return inherited
    if written in _KEYWORDS:
        return _KEYWORDS[written]
    found = _NUMBER.fullmatch(written)
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
    sizes = [_pixels(one.strip(), inherited) for one in chosen[2].split(",")]
    if chosen[1] == "clamp":
        return max(sizes[0], min(sizes[1:3], default=inherited))
    return min(sizes) if chosen[1] == "min" else max(sizes)


def _font_shorthand(value: str) -> str:
    return next((word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] in {".", "+"}), "")

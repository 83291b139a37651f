"""Which styles keep text from a person's eyes, and by which technique."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_colour
from gatepost.verify.reading.html_length import FONT_SIZE, NUMBER, TINY, computed, font_size, pixels
from gatepost.verify.reading.html_place import is_clipped, is_far, is_off_screen
from gatepost.verify.reading.html_rules import KNOWN_DISPLAYS
from gatepost.verify.reading.html_tame import tame

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
    size: float = FONT_SIZE
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
        if self.is_crushed or self.size <= TINY:
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
    for part in tame(style).split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, mark, _ = unescaped(value).lower().partition("!")
            property_, value = unescaped(name).lower().strip(), value.strip()
            if property_ == "display" and KNOWN_DISPLAYS.match(value) is None:
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
    return look._replace(gone=Technique.OFF_SCREEN) if look.gone is None and any(map(is_far, far)) else look


def _styled(look: Look, declared: Style) -> Look:
    style = {**declared.ordinary, **declared.important}
    if any("var(" in value for value in style.values()):
        style = {name: _resolved(value, style) for name, value in style.items()}
    visibility = style.get("visibility", "")
    size = font_size(style, look.size)
    gone = look.gone or _gone(style)
    if gone is Technique.HIDDEN_ATTRIBUTE and look.gone is gone and style.get("display", "none") != "none":
        gone = None  # the attribute is only the browser's own display:none, and the author's goes before it
    colour = html_colour.read(style.get("-webkit-text-fill-color") or style.get("color", ""), look.colour)
    spacing = style.get("letter-spacing", "")
    return Look(
        gone,
        visibility in {"hidden", "collapse"} if visibility else look.is_invisible,
        pixels(spacing, size) < -size / 2 if spacing else look.is_crushed,
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
    if is_clipped(style):
        return Technique.CLIPPED
    return Technique.OFF_SCREEN if is_off_screen(style) else None


def _opacity(style: dict[str, str]) -> float:
    opacity = 1.0
    for written in (style.get("opacity", ""), *_FADED.findall(style.get("filter", ""))):
        found = NUMBER.fullmatch(written) if written else None
        if found is None and "(" in written:
            opacity *= min(max(1.0 if (told := computed(written)) is None else told, 0.0), 1.0)
        if found is not None:
            opacity *= min(max(float(found[1]) / (100 if found[2] == "%" else 1), 0.0), 1.0)
    return opacity

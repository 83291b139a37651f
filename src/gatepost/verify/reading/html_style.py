"""Which styles keep text from a person's eyes, and by which technique."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_colour
from gatepost.verify.reading.html_length import FONT_SIZE, TINY, font_size, number, pixels
from gatepost.verify.reading.html_place import is_clipped, is_far, is_off_screen
from gatepost.verify.reading.html_tokens import NOTHING, plain, written

_DRAWN = frozenset({"svg", "g", "text", "tspan"})
"""Elements of drawings, where an attribute does what elsewhere takes a style."""
_NOT_SHOWN = ("none", "table-column")
_TELLING = frozenset(
    """display visibility opacity filter font font-size font-size-adjust letter-spacing color background
    background-color background-image background-clip -webkit-background-clip -webkit-text-fill-color text-shadow
    -webkit-text-stroke -webkit-text-stroke-color content content-visibility contain position left right top bottom
    inset margin margin-left margin-top margin-right width height max-width max-height min-height min-width overflow
    overflow-x overflow-y line-height clip clip-path mask mask-image -webkit-mask -webkit-mask-image mask-size
    -webkit-mask-size transform translate scale rotate zoom offset-path backface-visibility -webkit-text-security
    z-index text-indent flex flex-basis grid-template-rows white-space fill fill-opacity all""".split()  # noqa: SIM905  # one list of words
)
"""Properties that have a part in hiding text, or in undoing it."""
CACHED_STYLE_CHARS = 300
"""Newsletters repeat short styles hundreds of times."""
_VARIABLE = re.compile(r"var\(\s*(--[^\s,()]{1,60})\s*(?:,([^()]{0,200}))?\)")
MAX_VALUE_CHARS = 2_000
"""Longer ones are not computed; an address may be longer, and is not looked at."""
MAX_RESOLVED = 8
"""How deep custom properties are resolved in one another."""
MAX_INHERITED = 30
"""How many elements around are asked for a custom property."""
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
_FADED = re.compile(r"(?<!alpha\()opacity\(((?:[^()]|\([^()]*\))*)\)")
_UNSEEN = 0.08
"""Opacity below which nothing is seen."""


class Style(NamedTuple):
    """Declarations by property: the ordinary ones, those marked ``!important``, and custom properties."""

    ordinary: dict[str, str]
    important: dict[str, str]
    variables: dict[str, str] = {}  # noqa: RUF012  # never written to


NO_STYLE = Style({}, {})


class Variables:
    """Custom properties of an element and of those around it; one object for all that inherit the same."""

    __slots__ = ("around", "own")

    def __init__(self, own: Mapping[str, str], around: "Variables | None") -> None:
        self.own, self.around = own, around

    def get(self, name: str) -> str:
        """Return the value in force, or nothing."""
        at: Variables | None = self
        for _ in range(MAX_INHERITED):
            if at is None or name in at.own:
                break
            at = at.around
        return at.own.get(name, "") if at is not None else ""


_NO_VARIABLES = Variables({}, None)


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
    variables: Variables = _NO_VARIABLES

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


def is_telling(style: Style) -> bool:
    """Tell whether declarations can have any part in hiding text."""
    return bool(style.variables) or not (_TELLING.isdisjoint(style.ordinary) and _TELLING.isdisjoint(style.important))


def _declared(style: str) -> Style:
    found = Style({}, {}, {})
    for part in plain(style).split(";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        property_ = name.replace(NOTHING, " ").strip().lower()
        before, mark, after = value[:MAX_VALUE_CHARS].replace(NOTHING, " ").rpartition("!")
        if (mark and after.strip().lower() != "important") or "!" in before:
            continue  # no browser knows it: what was said before holds
        value = written(before if mark else after).lower().strip()
        if property_.startswith("--"):
            found.variables[property_] = value
        elif value and (property_ != "display" or _KNOWN_DISPLAYS.match(value)):
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
            both = Style({**sheet.ordinary, **own.ordinary}, {**sheet.important, **own.important}, sheet.variables)
            if own.variables:
                look = look._replace(variables=Variables(sheet.variables, look.variables))
                both = both._replace(variables=own.variables)
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
        if len(inline) <= CACHED_STYLE_CHARS and look.variables is _NO_VARIABLES:
            return _looked_often(look, inline)
        return _styled(look, declarations(inline))
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
    variables = Variables(declared.variables, look.variables) if declared.variables else look.variables
    if any("var(" in value for value in style.values()):
        style = {name: _resolved(value, variables) for name, value in style.items()}
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
        variables,
    )


_looked_often = lru_cache(maxsize=4096)(lambda look, inline: _styled(look, _declared_often(inline)))


def _resolved(value: str, variables: Variables) -> str:
    """Put custom properties, or else their fall-backs, into a value; one of them may name another."""
    for _ in range(MAX_RESOLVED):
        if "var(" not in value or len(value) > MAX_VALUE_CHARS:
            break
        value = _VARIABLE.sub(lambda found: variables.get(found[1]) or (found[2] or "").strip(), value)
    return value[:MAX_VALUE_CHARS]


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
    for told in (style.get("opacity", ""), *_FADED.findall(style.get("filter", ""))):
        found = number(told, FONT_SIZE, 0.01)
        if found is not None:
            opacity *= min(max(found, 0.0), 1.0)
    return opacity

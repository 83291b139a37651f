"""Which styles keep text from a person's eyes, and by which technique."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_animation, html_box, html_colour, html_drawing, html_ink, html_shape
from gatepost.verify.reading.html_animation import Animations
from gatepost.verify.reading.html_colour import TRANSPARENT
from gatepost.verify.reading.html_drawing import DRAWN, OUTLINES
from gatepost.verify.reading.html_length import FONT_SIZE, TINY, font_size, in_pixels, number, pixels
from gatepost.verify.reading.html_media import SCREEN_WIDTH
from gatepost.verify.reading.html_place import Place
from gatepost.verify.reading.html_shorthand import RESETS, lay
from gatepost.verify.reading.html_tokens import NOTHING, plain, written
from gatepost.verify.reading.html_value import INHERITED, NOTHING_SAID, Said, TooDeepError, Variables, computed, joined

_NOT_SHOWN = ("none", "table-column")
_TELLING = frozenset(
    """display visibility opacity filter -webkit-filter font font-size font-size-adjust letter-spacing color background
    background-color background-image content content-visibility -webkit-text-security z-index fill fill-opacity stroke
    stroke-width stroke-opacity grid-area grid-row grid-column all""".split()  # noqa: SIM905  # one list of words
).union(html_animation.TELLING, html_ink.TELLING, html_box.TELLING, html_shape.TELLING) - {
    "text-align",
    "float",
    "padding-left",
    "padding-right",
    "padding-bottom",
}
"""Properties that have a part in hiding text, or in undoing it, even where a rule declares nothing else."""
CACHED_STYLE_CHARS = 300
"""Newsletters repeat short styles hundreds of times."""
MAX_VALUE_CHARS = 2_000
"""Longer ones are not computed; an address may be longer, and is not looked at."""
_LOGICAL = {
    "block-size": "height", "max-block-size": "max-height", "inline-size": "width", "max-inline-size": "max-width",
    "inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top", "inset-block-end": "bottom",
    "margin-inline-start": "margin-left", "margin-block-start": "margin-top", "overflow-block": "overflow-y",
    "overflow-inline": "overflow-x",
}  # fmt: skip
"""What some properties are called by the direction of writing (CSS Logical Properties): that of Latin script."""
_KNOWN_DISPLAYS = re.compile(
    r"(?:inline|block|flow|contents|none|flex|grid|table|list-item|ruby|run-in|initial|inherit|unset|revert|math|var\(|-|$)"
)
_COLOURS = frozenset({"color", "background-color", "-webkit-text-fill-color"})
_SPELLED = re.compile(r"--[\w\-]+|[A-Z]+")
_FADED = re.compile(r"(?<!alpha\()opacity\(((?:[^()]|\([^()]*\))*)\)")
_UNSEEN = 0.08
"""Opacity below which nothing is seen."""


class Style(NamedTuple):
    """Declarations by property: the ordinary ones, those marked ``!important``, and custom properties."""

    ordinary: dict[str, str]
    important: dict[str, str]
    variables: dict[str, str] = {}  # noqa: RUF012  # never written to


NO_STYLE = Style({}, {})


_NO_VARIABLES = Variables({}, None)


class Look(NamedTuple):
    """What an element hands down to its children.

    Attributes:
        gone: by what it is hidden for good: no child can undo it.
        is_invisible: visibility:hidden; a child may undo it.
        is_crushed: the letters stand upon one another; a child may undo it.
        size: of the font, in pixels.
        opacity: of this element and all around it, 0 to 1.
        colour, background: as ``html_colour`` spells them; the background is ``image`` where nobody can tell.
        ink: what else letters are painted with; ``place``: where they stand, None where everybody's do.
        said: what was declared of the element itself; ``rem``: the size of the page's own font, in pixels.
        is_drawn: inside of a drawing; ``link``: the colour of links that have none of their own, and
            ``around`` one, what it would have as other elements do.
    """

    gone: Technique | None = None
    is_invisible: bool = False
    is_crushed: bool = False
    size: float = FONT_SIZE
    opacity: float = 1.0
    colour: str = "000000"
    background: str = "ffffff"
    variables: Variables = _NO_VARIABLES
    ink: html_ink.Ink = html_ink.PLAIN
    place: Place | None = None
    said: Said = NOTHING_SAID
    rem: float = FONT_SIZE
    is_drawn: bool = False
    link: str = "0000ee"
    around: str = ""

    @property
    def hidden_by(self) -> Technique | None:
        """Why a person cannot see text here; None where they can."""
        return self.hides()

    def hides(self, letters: int = 20, down: float = 0.0) -> Technique | None:
        """Return by what a text of so many letters is hidden, so many pixels down in what cuts it."""
        found = self.gone
        if found is None and self.opacity < _UNSEEN:
            found = Technique.ZERO_OPACITY
        if found is None and self.is_invisible:
            found = Technique.VISIBILITY_HIDDEN
        if found is None and (self.is_crushed or self.size <= TINY):
            found = Technique.ZERO_SIZE
        if found is None and self.place is not None:
            found = self.place.hides(self.size, letters, down)
        return found or (None if self._is_inked() else Technique.SAME_COLOUR)

    def _is_inked(self) -> bool:
        """Tell whether letters stand out from what lies behind them."""
        if self.ink is html_ink.PLAIN:
            return not html_colour.look_alike(self.colour, self.background)
        return self.ink.is_seen(self.colour, self.background, self.size)


def declarations(style: str) -> Style:
    """Read ``name: value; ...``; later ones win. Callers share the answer."""
    return _declared_often(style) if len(style) <= CACHED_STYLE_CHARS else _declared(style)


def is_telling(style: Style) -> bool:
    """Tell whether declarations can have any part in hiding text."""
    return bool(style.variables) or not (_TELLING.isdisjoint(style.ordinary) and _TELLING.isdisjoint(style.important))


def telling(style: Style) -> dict[str, str]:
    """Return the ordinary declarations that can have a part in hiding text."""
    return {name: value for name, value in style.ordinary.items() if name in _TELLING}


def _declared(style: str) -> Style:
    found = Style({}, {}, {})
    for part in plain(style).split(";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        property_ = name.replace(NOTHING, " ").strip()
        property_ = property_ if property_.startswith("--") else property_.lower()
        before, mark, after = value[:MAX_VALUE_CHARS].replace(NOTHING, " ").rpartition("!")
        if (mark and after.strip().lower() != "important") or "!" in before:
            continue  # no browser knows it: what was said before holds
        value = _lowered(written(before if mark else after)).strip()
        if property_.startswith("--"):
            found.variables[property_] = value
            continue
        into = found.important if mark else found.ordinary
        if property_ == "all":
            into.clear()
        if value and _is_known(property_, value):
            name = _LOGICAL.get(property_, property_)
            if name in RESETS:
                lay(into, {name: value})
            else:
                into[name] = value
    return found


def _lowered(value: str) -> str:
    """Return a value without capitals, but for the names of custom properties."""
    if "--" not in value:
        return value.lower()
    return _SPELLED.sub(lambda found: found[0] if found[0].startswith("--") else found[0].lower(), value)


def _is_known(name: str, value: str) -> bool:
    """Tell whether a browser takes a declaration; what was said before holds where it does not."""
    if name == "display":
        return _KNOWN_DISPLAYS.match(value) is not None
    return name not in _COLOURS or html_colour.is_colour(value)


_declared_often = lru_cache(maxsize=2048)(_declared)


class Looks:
    """How the elements of one document look that style sheets speak of: those alike in everything are one."""

    def __init__(self, animations: Animations | None = None) -> None:
        self.animations = Animations() if animations is None else animations
        self._known: dict[tuple[Look, int, str, str], tuple[Look, Style]] = {}

    def styled(self, look: Look, sheet: Style, inline: str, tag: str) -> Look:
        """Return ``look`` after what a sheet and the element's own style declare."""
        key = (look, id(sheet), inline, tag)
        found = self._known.get(key)
        if found is None:
            own = declarations(inline) if inline else NO_STYLE
            both = Style(joined(sheet.ordinary, own.ordinary), joined(sheet.important, own.important), sheet.variables)
            if self.animations:
                left = self.animations.left(joined(both.ordinary, both.important))
                both = both._replace(ordinary=joined(both.ordinary, left))
            if own.variables:
                look = look._replace(variables=Variables(sheet.variables, look.variables))
                both = both._replace(variables=own.variables)
            found = self._known[key] = (
                _styled(look, both, tag),
                sheet,
            )  # kept, for its id is good only as long as it lives
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
    if tag in DRAWN and (tag in OUTLINES or look.is_drawn):
        return _drawn(look, tag, attributes, sheet, inline)
    if sheet is NO_STYLE and not (looks is not None and looks.animations):
        if not inline:
            return look
        if len(inline) <= CACHED_STYLE_CHARS and look.variables is _NO_VARIABLES:
            return _looked_often(look, inline, tag)
        return _styled(look, declarations(inline), tag)
    return (looks or Looks()).styled(look, sheet, inline, tag)


def _with_attributes(look: Look, tag: str, attributes: Mapping[str, str]) -> Look:
    if "hidden" in attributes and look.gone is None:
        look = look._replace(gone=Technique.HIDDEN_ATTRIBUTE)
    if look.gone is None and ("popover" in attributes or (tag == "dialog" and "open" not in attributes)):
        look = look._replace(gone=Technique.NOT_RENDERED)  # a script would have to open it, or a style
    if "bgcolor" in attributes:
        look = look._replace(background=html_colour.legacy(attributes["bgcolor"], look.background))
    if attributes.get("background"):
        look = look._replace(background="image")
    if tag == "font" and "color" in attributes:
        look = look._replace(colour=html_colour.legacy(attributes["color"], look.colour))
    if tag == "body" and "text" in attributes:
        look = look._replace(colour=html_colour.legacy(attributes["text"], look.colour))
    if tag == "body" and "link" in attributes:
        look = look._replace(link=html_colour.legacy(attributes["link"], look.link))
    if tag == "a" and "href" in attributes and look.colour != look.link:
        look = look._replace(colour=look.link, around=look.colour)
    return look


def _drawn(look: Look, tag: str, attributes: Mapping[str, str], sheet: Style, inline: str) -> Look:
    """Return how words in an element of a drawing look."""
    own = declarations(inline) if inline else NO_STYLE
    said = joined(joined(html_drawing.declared(attributes), sheet.ordinary), own.ordinary)
    both = Style(said, joined(sheet.important, own.important), {**sheet.variables, **own.variables})
    found = _styled(look, both, tag)
    place = html_drawing.place(tag, attributes, found.said.style, found.place, found.size)
    if tag == "foreignobject":
        return found._replace(place=place, is_drawn=False, ink=found.ink._replace(fill="", stroke="", stroke_width=0.0))
    return found._replace(place=place, is_drawn=True)


def _styled(look: Look, declared: Style, tag: str) -> Look:
    style = joined(declared.ordinary, declared.important)
    variables = Variables(declared.variables, look.variables) if declared.variables else look.variables
    try:
        style = computed(style, variables, look.said)
    except TooDeepError:
        return look._replace(gone=look.gone or Technique.CLIPPED, variables=variables)
    if look.rem != FONT_SIZE:
        style = {name: in_pixels(value, look.rem) for name, value in style.items()}
    if tag in DRAWN and (tag in OUTLINES or look.is_drawn):
        style = html_drawing.inks(style, is_outermost=not look.is_drawn)
    return _dressed(look, style, tag, variables)


def _dressed(look: Look, style: dict[str, str], tag: str, variables: Variables) -> Look:
    """Return a look after computed declarations."""
    said = Said(style)
    if style.get("display") == "contents":  # there is no box that could be moved, cut or painted
        style = {name: value for name, value in style.items() if name in INHERITED or name in {"display", "font"}}
    visibility = style.get("visibility", "")
    size = font_size(style, look.size)
    gone = look.gone or _gone(style, size)
    if look.gone in _OF_BROWSERS and style.get("display", "none") != "none":
        gone = _gone(style, size)  # it is only the browser's own display:none, and the author's goes before it
    inherited = look.around if look.around and style.get("color") == "inherit" else look.colour
    colour = html_colour.read(style["color"], inherited) if "color" in style else look.colour
    spacing = style.get("letter-spacing", "")
    ink = html_ink.ink(style, look.ink, colour, look.background, size)
    behind = TRANSPARENT if ink.through != look.ink.through else html_colour.painted(style, colour)
    background = look.background if ink.groups is look.ink.groups else TRANSPARENT
    return Look(
        gone,
        visibility in {"hidden", "collapse"} if visibility else look.is_invisible,
        pixels(spacing, size) < -size / 2 if spacing else look.is_crushed,
        size,
        look.opacity * _opacity(style) if gone is None and not _FADING.isdisjoint(style) else look.opacity,
        colour,
        background if behind is TRANSPARENT else html_colour.over(behind, background),
        variables,
        ink,
        look.place if look.is_drawn else html_box.place(tag, style, look.place, look.said.style, size),
        said,
        size if tag == "html" else look.rem,
        look.is_drawn,
        look.link,
    )


_FADING = frozenset({"opacity", "filter"})
_OF_BROWSERS = frozenset({Technique.HIDDEN_ATTRIBUTE, Technique.NOT_RENDERED})
"""How elements are hidden that a style of their own can show."""
_looked_often = lru_cache(maxsize=4096)(lambda look, inline, tag: _styled(look, _declared_often(inline), tag))


def _gone(style: dict[str, str], size: float) -> Technique | None:
    if style.get("display", "").startswith(_NOT_SHOWN):
        return Technique.DISPLAY_NONE
    if style.get("content-visibility") == "hidden":
        return Technique.VISIBILITY_HIDDEN
    if not html_shape.TELLING.isdisjoint(style):
        width, height = (number(style.get(name, ""), size) for name in ("width", "height"))
        if html_shape.is_cut_away(style, size, width or SCREEN_WIDTH, height or size * 1.2):
            return Technique.CLIPPED
    if style.get("content", "").startswith("url("):  # of an element itself: a picture instead of its words
        return Technique.NOT_RENDERED
    is_behind = style.get("z-index", "").startswith("-") and style.get("position", "static") != "static"
    is_dotted = style.get("-webkit-text-security", "none") != "none"  # as a password is
    is_filtered = "url(#" in style.get("filter", "")  # by what somebody wrote elsewhere
    return Technique.CLIPPED if is_behind or is_dotted or is_filtered else None


def _opacity(style: dict[str, str]) -> float:
    opacity = 1.0
    for told in (style.get("opacity", ""), *_FADED.findall(style.get("filter", ""))):
        found = number(told, FONT_SIZE, 0.01)
        if found is not None:
            opacity *= min(max(found, 0.0), 1.0)
    return opacity

"""One element that has not ended, and how far down its lines reach."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_node import Node
from gatepost.verify.reading.html_style import Look
from gatepost.verify.reading.html_value import NOTHING_SAID, Said
from gatepost.verify.reading.html_writing import BREAKS

MAX_OPEN = 10_000
"""Elements inside of one another; what comes behind one that lies deeper is not read.

Browsers nest some hundreds. Each takes one to two kilobytes while it is open, and its style is worked out anew.
"""
FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
"""What the HTML standard reopens after a block closed over it (section 13.2.4.3)."""
CLOSES_ITSELF = {"li": ("ul", "ol"), "option": ("select",), "tr": ("table",), "td": ("table",), "th": ("table",)}
"""Elements whose next of the same kind ends them, unless one of these has been opened in between."""
_ASIDE = frozenset({"td", "th"})
_ALOFT = frozenset({"flex", "transform"})
BOXLESS = frozenset({Technique.DISPLAY_NONE, Technique.HIDDEN_ATTRIBUTE, Technique.NOT_RENDERED})
"""How elements are hidden that have no box then."""
_QUOTING_CLASSES = re.compile(r"\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra)\b")
_QUOTING_IDS = frozenset({"divrplyfwdmsg", "olk_src_body_section", "reply-intro", "appendonsend"})
_IN_FLOW = frozenset({"static", "relative"})
_COLUMNS = frozenset({"columns", "column-count", "column-width"})


@dataclass(slots=True)
class Open:
    """An element that has not ended.

    Attributes:
        own: its look, where it is formatting that may have to be reopened.
        said: what is declared of the element itself.
        holder: what holds the lines that it is but a part of; None where it holds its own.
        above: pixels by which what came before it in what cuts it moves it down, at least.
        down: pixels by which the lines before move what comes next down, at least.
        across: pixels of the line that has begun that are taken, at least; ``beside`` those that floating boxes take.
        has_line: whether a line has begun.
    """

    tag: str
    look: Look
    hidden_by: Technique | None
    own: Look | None
    attributes: Mapping[str, str]
    is_quote: bool
    node: Node | None = None
    said: Said = NOTHING_SAID
    holder: "Open | None" = None
    above: float = 0.0
    down: float = 0.0
    across: float = 0.0
    beside: float = 0.0
    has_line: bool = False

    @property
    def style(self) -> Mapping[str, str]:
        """What is declared of the element itself."""
        return self.said.style

    @property
    def is_cut(self) -> bool:
        """Whether something cuts it, so that it counts how far down its words stand."""
        return self.look.place is not None and bool(self.look.place.clips)

    @property
    def is_aloft(self) -> bool:
        """Whether it may stand above what came before it."""
        return not _ALOFT.isdisjoint(self.style) or self.style.get("position", "static") not in _IN_FLOW

    @property
    def is_side_by_side(self) -> bool:
        """Whether what is inside of it need not stand below one another."""
        return self.style.get("display", "").endswith(("flex", "grid")) or not _COLUMNS.isdisjoint(self.style)

    def end_line(self, *, is_empty: bool = False) -> None:
        """Go down by the line that stands there, if there is one."""
        if self.is_cut and (self.has_line or is_empty):
            self.down += self.look.size
        if self.has_line or is_empty:
            self.beside = 0.0
        self.across = 0.0
        self.has_line = False

    def fill(self, width: float) -> None:
        """Take pixels of the line, or of the next ones where no more fit in it."""
        place = self.look.place
        self.has_line = True
        self.across += width
        if place is not None and not place.is_whole and self.is_cut and self.across > place.width > 0:
            lines, self.across = divmod(self.across, place.width)
            self.down += lines * self.look.size

    def is_full(self, width: float) -> bool:
        """Tell whether the line has no room for so many pixels."""
        place = self.look.place
        taken = self.across + self.beside
        return place is not None and not place.is_whole and taken > 0 and taken + width > place.width

    def make_room(self, width: float) -> None:
        """Go down to the next line where so many pixels no longer fit in this one."""
        if self.is_full(width):
            self.end_line(is_empty=True)

    def take_in(self, element: "Open") -> None:
        """Go down by what has ended inside; what stands side by side is not counted."""
        if element.holder is not None or not self.is_cut or self.is_side_by_side or element.tag in _ASIDE:
            return
        if element.look.gone in BOXLESS:
            return
        width, is_beside = element.width_in_line, element.style.get("float", "none") != "none"
        if width is not None and is_beside:
            self.beside += width
        elif width is not None:
            self.fill(width)
        if element.is_aloft or is_beside:
            return
        if element.tag in BREAKS:
            element.end_line()
        self.down += max(element.down, element.height)
        self.has_line = self.has_line or element.has_line

    @property
    def width_in_line(self) -> float | None:
        """Pixels that it takes of a line as a box of its own; None where it stands on its own lines or takes none."""
        if self.look.place is None or "width" not in self.style:
            return None
        if self.style.get("display") == "inline-block" or self.style.get("float") in {"left", "right"}:
            return self.look.place.width
        return None

    @property
    def height(self) -> float:
        """Pixels that are declared of it; 0 where its words decide."""
        place = self.look.place
        is_taken_back = "-" in self.style.get("margin-bottom", self.style.get("margin", ""))
        return 0.0 if place is None or "height" not in self.style or is_taken_back else place.height or 0.0


def is_quote(tag: str, attributes: Mapping[str, str]) -> bool:
    """Tell whether an element holds history, by the marks that mail programs leave."""
    if tag == "blockquote" and attributes.get("type", "").lower() == "cite":
        return True
    if "id" in attributes and attributes["id"].lower() in _QUOTING_IDS:
        return True
    return tag == "div" and "class" in attributes and _QUOTING_CLASSES.search(attributes["class"]) is not None

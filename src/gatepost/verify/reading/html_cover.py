"""What lies upon what: words that stand under an opaque box, by where boxes come to stand about.

There is no layout here either, but lines are counted and filled in the order in which boxes follow one another, as
browsers do (CSS 2 sections 9 and 10), and boxes are painted in their order. Where nobody can tell where a box stands,
as in a table's cell, it is a realm of its own: what is inside is compared with what is inside too, and with what lies
upon all of the realm.
"""

import math
from collections.abc import Mapping

from gatepost.verify.reading import html_move
from gatepost.verify.reading.html_allowance import Allowance
from gatepost.verify.reading.html_box import is_inline
from gatepost.verify.reading.html_colour import TRANSPARENT, legacy, painted
from gatepost.verify.reading.html_layer import BLOCK, FLOAT, GROUND, WORDS, Box, Layer, Realm, is_under
from gatepost.verify.reading.html_length import number
from gatepost.verify.reading.html_media import SCREEN_HEIGHT, SCREEN_WIDTH
from gatepost.verify.reading.html_open import BOXLESS
from gatepost.verify.reading.html_place import MARGIN
from gatepost.verify.reading.html_shape import Edges, four
from gatepost.verify.reading.html_style import Look, Looks, Style, look_below

MAX_COMPARED = 500_000
"""Pairs of words and boxes that are compared; beyond them the reading is cut."""
MAX_BEGUN = 100_000
"""Boxes in all: each takes hundreds of octets, and is worked out in some tens of microseconds."""
MAX_WRITTEN = 3_000
"""Boxes that sheets write into elements; where there are more, the reading is cut, too."""
MAX_GROUPS = 20
"""Boxes painted as a whole, in one another; of what is further inside nobody says where it lies."""
_LETTER, _LEADING = 0.5, 1.2
"""Of the font's size: how wide a letter is, and how high a line, about."""
_FACTOR = 4.0
"""Line heights below this are counted in fonts' sizes."""
_OPAQUE = 0.9
_FAR = 1e6
_MARGINS = {
    "p": 1.0, "ul": 1.0, "ol": 1.0, "dl": 1.0, "blockquote": 1.0, "figure": 1.0, "pre": 1.0, "h1": 0.67, "h2": 0.83,
    "h3": 1.0, "h4": 1.33, "h5": 1.67, "h6": 2.33, "hr": 0.5,
}  # fmt: skip
"""Above and below, of the font's size, where nobody says anything (HTML section 15.3)."""
_KINDS = {"td": "cell", "th": "cell", "table-cell": "cell", "table": "table"}
_SIDES = ("top", "right", "bottom", "left")
_SIZED = frozenset({"table", "td", "th", "tr", "hr"})
_PLACED = frozenset({"absolute", "fixed"})
_NUDGED = frozenset({"relative", "sticky"})
_UNSTRETCHED = frozenset({
    "align-self", "justify-self", "place-self", "height", "width", "max-width", "max-height", "align-items",
    "justify-items", "place-items",
})  # fmt: skip


class Covers:
    """All boxes of one document, as far as they may lie upon one another."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self.is_tired = False
        self._allowance = allowance or Allowance()
        realm = Realm()
        self._page = Box(realm, (), (0.0, 0.0, SCREEN_WIDTH), width=SCREEN_WIDTH, height=SCREEN_HEIGHT)
        self._page.edges = (0.0, 0.0, SCREEN_WIDTH, SCREEN_HEIGHT)
        width = SCREEN_WIDTH - 2 * MARGIN
        self._flow = Box(realm, (), left=MARGIN, top=MARGIN, width=width, down=MARGIN)
        self._boxes: list[Box] = []
        self._count = self._written = 0
        self._texts: list[tuple[int, Realm, Edges, Layer, float]] = []
        self._upon: list[tuple[Box, Layer]] = []

    def begin(self, tag: str, look: Look, around: Look, attributes: Mapping[str, str]) -> None:
        """Open an element. ``around``: the look of what is around it."""
        if tag == "html":
            self._flow = Box(self._page.realm, (), width=SCREEN_WIDTH)  # its body has the margin then
        style = look.said.style if look.said is not around.said else {}
        inside = self._boxes[-1] if self._boxes else self._flow
        lines = inside.lines or inside
        self._count += 1
        self.is_tired = self._count > MAX_BEGUN
        if look.gone in BOXLESS or style.get("display") == "contents" or is_inline(tag, style, lines.style):
            self._boxes.append(self._part(inside, lines, style))
        else:
            holder = self._page if inside.holder is None or style.get("position") == "fixed" else inside.holder
            self._boxes.append(_Opening(tag, style, look, attributes, inside, holder, self._count).box())

    def write(self, look: Look, sheet: Style, looks: Looks) -> None:
        """Lay a box that a sheet writes into the element opened last; ``look``: that one's."""
        self._written += 1
        if self._written <= MAX_WRITTEN:
            own = look_below(look, "span", {}, sheet, looks)
            if own is not look and own.said.style.get("content", "none") not in {"none", "normal"}:
                self.begin("span", own, look, {})
                self.end()

    def _part(self, inside: Box, lines: Box, style: Mapping[str, str]) -> Box:
        """Return a part of a line."""
        is_nudged = style.get("position") in _NUDGED
        layer = (*inside.layer, group(style, self._count)) if is_nudged else inside.layer
        is_unsure = inside.is_unsure or (is_nudged and any(side in style for side in _SIDES))
        return Box(lines.realm, layer, lines=lines, is_unsure=is_unsure, leading=inside.leading, is_left=inside.is_left)

    def end(self) -> None:
        """Close the element opened last."""
        box = self._boxes.pop()
        if box.lines is not None:
            return
        box.bound()
        around = self._boxes[-1] if self._boxes else self._flow
        box.leave(around.lines or around)
        if box.layer and box.is_opaque and not box.is_unsure:
            self._upon.append((box, (*box.layer, BLOCK if box.kind == "block" else GROUND)))

    def line_end(self) -> None:
        """Take a ``br``."""
        box = self._boxes[-1] if self._boxes else self._flow
        box = box.lines or box
        box.line = box.line or box.leading
        box.end_line()

    def text(self, start: int, text: str, look: Look, *, is_seen: bool) -> None:
        """Take words, which take their room; ``start`` names them, ``is_seen``: they are if nothing lies upon them."""
        if look.gone in BOXLESS:
            return
        size = look.size
        part = self._boxes[-1] if self._boxes else self._flow
        box = part.lines or part
        leading = part.leading or size * _LEADING
        box.down, box.gap = box.down + box.gap, 0.0
        side = box.aside[0] if box.down < box.aside[1] else 0.0
        room = max(box.width - side, size, 1.0)
        left, width = box.left + side, len(" ".join(text.split())) * size * _LETTER
        reach = min(box.across + width, _FAR)
        lines = max(math.ceil(reach / room), 1)
        is_line = lines == 1 and part.is_left
        across = (left + box.across, left + reach) if is_line else (left, left + room)
        edges = (across[0], box.down, across[1], box.down + max(lines * leading, box.line))
        box.down += (lines - 1) * leading
        box.across = reach - (lines - 1) * room
        box.line, box.widest = max(box.line, leading), max(box.widest, min(reach, room))
        if is_seen and not part.is_unsure:
            self._texts.append((start, box.realm, edges, (*part.layer, (0, WORDS, self._count)), leading))

    def covered(self) -> frozenset[int]:
        """End the document; return the names of the words that something lies upon."""
        while self._boxes:
            self.end()
        upon = [
            (box.shared or box.realm, edges, layer) for box, layer in self._upon if (edges := box.landed()) is not None
        ]
        most = self._allowance.share(len(self._texts), len(upon), MAX_COMPARED)
        self.is_tired = self.is_tired or len(upon) > most or self._written > MAX_WRITTEN
        return frozenset(
            start
            for start, realm, edges, layer, leading in self._texts
            if any(
                layer < later and is_under(realm, edges, leading, there, cover) for there, cover, later in upon[:most]
            )
        )


def group(style: Mapping[str, str], at: int, otherwise: tuple[int, float] = (1, 0.0)) -> tuple[int, float, int]:
    """Return when a box that is painted as a whole is painted among those beside it; ``at``: its number."""
    depth = number(style.get("z-index", ""))
    return (2 if depth > 0 else -1, depth, at) if depth else (*otherwise, at)


class _Opening:
    """Finds where a new box stands."""

    def __init__(
        self, tag: str, style: Mapping[str, str], look: Look, attributes: Mapping[str, str], inside: Box, holder: Box,
        at: int,
    ) -> None:  # fmt: skip
        self._tag, self._look, self._inside, self._holder, self._at = tag, look, inside, holder, at
        self._around = inside.lines or inside
        self._position = style.get("position", "static")
        insets = four(style.get("inset", "").split()) or ("auto",) * 4
        sizes = {
            name: f"{attributes[name].strip().lower()}px".replace("%px", "%")
            for name in ("width", "height")
            if tag in _SIZED and attributes.get(name)
        }
        self._style = {**dict(zip(_SIDES, insets, strict=True)), **sizes, **style}
        shade = painted(style, look.colour)
        if shade == TRANSPARENT and "bgcolor" in attributes:
            shade = legacy(attributes["bgcolor"], TRANSPARENT)
        self._is_opaque = len(shade) == len("ffffff") and look.opacity > _OPAQUE and not look.is_invisible
        self._margin = self._four("margin", "8px" if tag == "body" else f"{_MARGINS.get(tag, 0.0)}em 0")
        self._padding = self._four("padding", "0")

    def _four(self, name: str, otherwise: str) -> tuple[float, ...]:
        sides = four(self._style.get(name, otherwise).split()) or ("0",) * 4
        words = [self._style.get(f"{name}-{side}", sides[at]) for at, side in enumerate(_SIDES)]
        return tuple(number(word, self._look.size, self._around.width / 100) or 0.0 for word in words)

    def _length(self, name: str, of: float | None) -> float | None:
        told = self._style.get(name, "")
        return None if "%" in told and of is None else number(told, self._look.size, (of or 0.0) / 100)

    def box(self) -> Box:
        """Return the box."""
        kind = self._kind()
        box = self._placed() if kind == "placed" else self._in_flow(kind)
        box.style, box.is_opaque = self._style, self._is_opaque
        box.holder = box if self._is_holder() else self._inside.holder
        box.is_unsure = box.is_unsure or self._inside.is_unsure or len(box.layer) > MAX_GROUPS
        box.layer = box.layer[:MAX_GROUPS]
        self._move(box)
        above, right, below, left = self._padding
        box.left, box.top, box.width = box.outer[0] + left, box.outer[1] + above, max(box.outer[2] - left - right, 1.0)
        box.down, box.ends, box.margins = box.top, (above, below), (self._margin[0], self._margin[2])
        if kind == "float":
            box.margins = (0.0, self._margin[1])
        box.height = self._height(above + below)
        self._write(box)
        return box

    def _height(self, ends: float) -> float | None:
        told = [self._length("height", self._around.height), self._length("min-height", None)]
        known = [one for one in told if one is not None]
        if not known:
            return None
        return max(max(known) - ends * (self._style.get("box-sizing") == "border-box"), 0.0)

    def _write(self, box: Box) -> None:
        """Say how lines stand in a box."""
        size, align = self._look.size, self._style.get("text-align")
        line = number(self._style.get("line-height", ""), size, size / 100)
        box.leading = self._inside.leading if line is None else line * size if line < _FACTOR else line
        is_own = align is not None or self._tag in {"center", "th", "td", "table"}
        box.is_left = align in {None, "left", "start", "justify"} and self._tag not in {"center", "th"}
        box.is_left = box.is_left if is_own else self._inside.is_left

    def _kind(self) -> str:
        """Return how a box stands among the others."""
        display, inside = self._style.get("display", self._tag), self._around.style.get("display", "")
        if self._position in _PLACED:
            return "placed"
        if inside.endswith("grid") or (
            inside.endswith("flex") and not self._around.style.get("flex-direction", "").startswith("col")
        ):
            return "item"
        if self._style.get("float") in {"left", "right"}:
            return "float"
        return "line" if display.startswith("inline-") else _KINDS.get(display, "block")

    def _is_holder(self) -> bool:
        """Tell whether absolute boxes inside are counted from this one."""
        return self._position != "static" or "transform" in self._style or "translate" in self._style

    def _is_grouped(self) -> bool:
        """Tell whether a box is painted as a whole, above those in the flow."""
        return self._is_holder() or "opacity" in self._style

    def _in_flow(self, kind: str) -> Box:
        around = self._around
        realm, layer = around.realm, self._inside.layer
        left, width = around.left + self._margin[3], self._width(around.width - self._margin[1] - self._margin[3])
        if kind in {"cell", "item", "line"}:
            realm = Realm(self._area())
            left = around.left
        elif kind != "float" or around.across == 0:
            around.end_line()
        if kind == "float" and self._style["float"] == "right":
            left = around.left + around.width - self._margin[1] - width
        if self._is_grouped() or (kind == "item" and "z-index" in self._style):
            layer = (*layer, group(self._style, self._at))
        elif kind in {"item", "line", "float"}:
            layer = (*layer, (0, FLOAT if kind == "float" else WORDS, self._at))
        box = Box(realm, layer, (left, self._below(kind), width), kind=kind)
        if (
            kind == "item"
            and realm.around is not around.realm
            and _UNSTRETCHED.isdisjoint({*self._style, *around.style})
        ):
            box.shared = realm.around
        if kind == "block" and box.outer[1] < around.aside[1]:
            box.aside = around.aside
        return box

    def _below(self, kind: str) -> float:
        """Return where a box begins below what came before: margins go through one another (CSS 2 section 8.3.1)."""
        around, above = self._around, self._margin[0]
        if kind not in {"block", "table"}:
            return around.down + around.gap + (above if kind == "float" else 0.0)
        if around.is_begun:
            least = min(around.gap, above, 0.0)
            gap = max(around.gap, above, 0.0) + least
            return around.down + gap
        by = above - max(around.margins[0], 0.0) if above >= 0 else above
        if by > 0 or above < 0:
            around.sink(by)
        return around.down

    def _area(self) -> Realm:
        """Return the realm around a box that stands nobody knows where; grid items in one place share theirs."""
        around, style = self._around, self._style
        area = style.get("grid-area") or "/".join((style.get("grid-row", ""), style.get("grid-column", ""))).strip("/ ")
        if not area or not around.style.get("display", "").endswith("grid"):
            return around.realm
        return around.areas.setdefault(area.replace(" ", ""), Realm(around.realm))

    def _width(self, room: float) -> float:
        width, most = (self._length(name, self._around.width) for name in ("width", "max-width"))
        if width is not None and self._style.get("box-sizing") != "border-box":
            width += self._padding[1] + self._padding[3]
        return min(room if width is None else width, _FAR if most is None else most)

    def _placed(self) -> Box:
        """Return a box that is out of the flow (CSS 2 section 10.6.4)."""
        holder = self._holder
        x0, y0, wide = holder.outer
        high = holder.edges[3] - holder.edges[1] if holder.edges else holder.height
        left, right = self._length("left", wide), self._length("right", wide)
        top, bottom = self._length("top", high), self._length("bottom", high)
        is_fitted = self._length("width", wide) is None and (left is None or right is None)
        told = self._length("width", wide)
        edges = self._padding[1] + self._padding[3]
        is_border = self._style.get("box-sizing") == "border-box"
        width = wide - (left or 0.0) - (right or 0.0) if told is None else told + edges * (not is_border)
        x = self._around.left if left is None else x0 + left
        x = x0 + wide - right - width if left is None and right is not None else x
        y = self._around.down if top is None else y0 + top
        layer = (*self._inside.layer, group(self._style, self._at))
        box = Box(holder.realm, layer, (x, y, width), kind="placed")
        box.is_unsure = (top is None and bottom is not None) or (is_fitted and left is None)
        share = number(self._style.get("height", ""), percent=0.01) if "%" in self._style.get("height", "") else None
        if share is not None and share >= _OPAQUE:
            box.late = (holder, top or 0.0, -(top or 0.0))
        elif top is not None and bottom is not None and "height" not in self._style:
            box.late = (holder, top, bottom)
        if self._position == "fixed" and box.late is not None and width >= wide * _OPAQUE:  # wherever one scrolls
            box.outer, box.late = (x, -_FAR, width), None
            self._style = {**self._style, "height": f"{2 * _FAR}px"}
        return box

    def _move(self, box: Box) -> None:
        """Move a box from where it stands in the flow."""
        across = down = 0.0
        if self._position in _NUDGED:
            wide, high = self._around.width, self._around.height
            across = self._length("left", wide) or -(self._length("right", wide) or 0.0)
            down = self._length("top", high) or -(self._length("bottom", high) or 0.0)
        if not html_move.TELLING.isdisjoint(self._style):
            height = self._length("height", None) or self._look.size * _LEADING
            matrix = html_move.matrix(self._style, self._look.size, box.outer[2], height)
            box.is_unsure = [row[:3] for row in matrix] != [row[:3] for row in html_move.STILL]
            across, down = across + matrix[0][3], down + matrix[1][3]
        box.outer = box.outer[0] + across, box.outer[1] + down, box.outer[2]
        box.back = down

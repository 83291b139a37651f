"""Where a box lies on the page, and what cuts it: whether somebody reads words there.

There is no layout. A place is counted only where something moves or cuts (``begins``); from there on it holds what is
sure: lower bounds of how far down words stand, and the width that they may take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_move, html_shape
from gatepost.verify.reading.html_length import TINY, number, pixels
from gatepost.verify.reading.html_media import SCREEN_HEIGHT, SCREEN_WIDTH
from gatepost.verify.reading.html_shape import four

MARGIN = 8.0
"""What browsers leave around a page."""
_FAR = -200.0
"""Pixels up from where a box stood from which nothing is seen."""
_BEYOND = 3_000.0
"""Pixels to the right or below to which nobody scrolls."""
_LETTER, _LINE, _ABOVE = 0.55, 1.15, 0.3
"""Of the font's size: how wide a letter is, how high a line, and how much of that is empty above small letters."""
_NOTHING = 0.4
"""Of the font's size: what is narrower or lower shows no letter."""
_GUESSED = 20
"""Letters of a text that is not known yet, and how wide a box is that takes its words' width."""
_MOVING = frozenset({"position", "text-indent", "zoom", "offset-path"}) | html_move.TELLING
_CUTTING = frozenset({"overflow", "overflow-x", "overflow-y", "contain"})
_BOX = frozenset({
    "margin", "margin-left", "margin-right", "margin-top", "padding", "padding-left", "padding-right", "padding-top",
    "width", "max-width", "height", "text-align", "white-space", "float", "display",
})  # fmt: skip
TELLING = _MOVING | _CUTTING | _BOX | {
    "top", "right", "bottom", "left", "inset", "min-width", "min-height", "max-height", "padding-bottom", "box-sizing",
    "transform-origin", "backface-visibility", "-webkit-backface-visibility", "flex", "flex-basis", "flex-grow",
    "grid-template-rows", "-webkit-line-clamp", "line-clamp", "line-height",
}  # fmt: skip
"""Properties that are read here."""
_CUT = ("hidden", "clip", "scroll", "auto")
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output q rp rt ruby s samp
    small span strike strong sub sup time tt u var""".split()  # noqa: SIM905  # one list of words
)
_CELLS = frozenset({"td", "th", "tr", "table", "tbody", "thead", "tfoot", "caption"})
_INFINITE = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A box, in pixels from the page's corner, or from where what turns it lets it lie.

    Attributes:
        x, y: of its words' corner; ``y`` is at least that, unless ``is_exact``.
        width: that its words may take; ``height`` None where they decide.
        clips: left, top, right and bottom of what cuts it.
        outer: what the transforms of it and of those around do to it.
        holder: the place that absolute ones inside are counted from.
        indent, zoom, is_right, is_whole: first line, size, side, words are not broken into lines.
        is_fixed: nobody can scroll to it.
    """

    x: float = MARGIN
    y: float = 0.0
    width: float = SCREEN_WIDTH - 2 * MARGIN
    height: float | None = None
    is_exact: bool = False
    clips: tuple[html_shape.Edges, ...] = ()
    outer: html_move.Matrix | None = None
    holder: "Place | None" = None
    indent: float = 0.0
    zoom: float = 1.0
    is_right: bool = False
    is_whole: bool = False
    is_fixed: bool = False
    is_gone: bool = False

    def hides(self, size: float, letters: int = _GUESSED, down: float = 0.0) -> Technique | None:
        """Return by what words are hidden here.

        Args:
            size: of the font, in pixels.
            letters: how many.
            down: by how much what stands before them in their box moves them down, at least.
        """
        if self.is_gone or (self.zoom < 1 and size * self.zoom <= TINY):
            return Technique.CLIPPED
        across = letters * size * _LETTER
        across = across if self.is_whole else max(min(across, self.width), size)
        left = self.x + self.indent if not self.is_right else self.x + self.width - across
        top = self.y + down
        for clip in self.clips:
            if (
                min(clip[2], left + across) - max(clip[0], left) < size * _NOTHING
                or clip[3] - max(top, clip[1]) < size * _NOTHING
                or (self.is_exact and top + size * _LINE - clip[1] < size * _NOTHING)
            ):
                return Technique.CLIPPED
        return self._outside(left, top, left + across, top + size * _LINE, size)

    def turned(self, outer: html_move.Matrix) -> "Place":
        """Return it inside what ``outer`` does to it."""
        return replace(self, outer=outer)

    def moved(self, x: float, y: float) -> "Place":
        """Return it elsewhere."""
        return replace(self, x=x, y=y, indent=0.0)

    def cut(self, clips: tuple[html_shape.Edges, ...], width: float) -> "Place":
        """Return it with other clips, in which words break into lines again."""
        return replace(self, clips=clips, width=width, is_whole=False)

    def _outside(self, left: float, top: float, right: float, bottom: float, size: float) -> Technique | None:
        if self.outer is not None:
            ends = [html_move.lands(self.outer, x, y) for x in (left, right) for y in (top, bottom)]
            square = [html_move.lands(self.outer, left + x, top + y) for x, y in ((0, 0), (size, 0), (0, size))]
            corners = [end for end in ends if end is not None]
            if len(corners) < len(ends) or _thickness([one for one in square if one is not None]) <= TINY:
                return Technique.CLIPPED
            left, right = min(x for x, _ in corners), max(x for x, _ in corners)
            top, bottom = min(y for _, y in corners), max(y for _, y in corners)
        if right < size * _NOTHING or left > (SCREEN_WIDTH if self.is_fixed else _BEYOND):
            return Technique.OFF_SCREEN
        if self.is_exact and (bottom < size * _NOTHING or (self.is_fixed and top > SCREEN_HEIGHT)):
            return Technique.OFF_SCREEN
        return Technique.OFF_SCREEN if top <= _FAR or top > _BEYOND else None


_PAGE = Place(x=0.0, width=SCREEN_WIDTH, height=SCREEN_HEIGHT, is_exact=True)


def _thickness(square: list[html_move.Point]) -> float:
    """Return how high or wide a letter is, whichever is less."""
    if len(square) < len("xyz"):
        return 0.0
    (x, y), (x1, y1), (x2, y2) = square
    across, down = (x1 - x, y1 - y), (x2 - x, y2 - y)
    longest = max(abs(across[0]), abs(across[1]), abs(down[0]), abs(down[1]))
    return abs(across[0] * down[1] - across[1] * down[0]) / longest if longest else 0.0


def begins(style: Mapping[str, str]) -> bool:
    """Tell whether a style moves or cuts a box, so that its place counts."""
    return (
        not _MOVING.isdisjoint(style)
        or not _CUTTING.isdisjoint(style)
        or any("-" in style.get(name, "") for name in ("margin", "margin-left", "margin-top"))
    )


def is_inline(tag: str, style: Mapping[str, str], parent: Mapping[str, str]) -> bool:
    """Tell whether an element is a part of a line, to which no size and no transform applies (CSS 2 section 9.2.2)."""
    if style.get("position") in {"absolute", "fixed"} or style.get("float", "none") != "none":
        return False
    if parent.get("display", "").endswith(("flex", "grid")):
        return False
    display = style.get("display")
    return display in {"inline", "contents"} if display else tag in _INLINE


def place(
    tag: str, style: Mapping[str, str], around: Place | None, parent: Mapping[str, str], size: float
) -> Place | None:
    """Return where an element's words stand; None where that is where everybody's do.

    Args:
        tag: its name.
        style: what is declared of it.
        around: the place of what is around it.
        parent: what is declared of that.
        size: of the element's font, in pixels.
    """
    if (around is None and not begins(style)) or TELLING.isdisjoint(style):
        return around
    return _Step(tag, style, around or Place(), parent, size).done()


class _Step:
    """From the place of what is around an element to its own."""

    def __init__(
        self, tag: str, style: Mapping[str, str], around: Place, parent: Mapping[str, str], size: float
    ) -> None:
        self.tag, self.style, self.around, self.parent, self.size = tag, style, around, parent, size
        self.position = style.get("position", "static")
        self.is_inline = is_inline(tag, style, parent)
        self.is_cell = tag in _CELLS if "display" not in style else style["display"].startswith("table")
        self.margin = self._sides("margin")
        self.padding = self._sides("padding")

    def done(self) -> Place:
        """Return the place."""
        style, around = self.style, self.around
        found = self._positioned()
        is_placed = self.position in {"absolute", "fixed"} and "width" in style
        width = None if self.is_inline else found.width if is_placed else self._across(found.width)
        if self.is_inline:
            found = replace(found, x=found.x + self.margin[3] + self.padding[3])
        else:
            found = self._boxed(found, width)
        if "text-indent" in style:
            found = replace(found, indent=self._length("text-indent", found.width))
        if "text-align" in style:
            found = replace(found, is_right=style["text-align"] in {"right", "end", "-webkit-right"})
        if "white-space" in style:
            found = replace(found, is_whole=style["white-space"] in {"nowrap", "pre"})
        zoom = number(style.get("zoom", ""), percent=0.01)
        if zoom:
            found = replace(found, zoom=around.zoom * abs(zoom))
        return found

    def _length(self, name: str, of: float) -> float:
        return number(self.style.get(name, ""), self.size, of / 100) or 0.0

    def _sides(self, name: str) -> tuple[float, float, float, float]:
        sides = four(self.style.get(name, "").split()) or ("",) * 4
        words = [
            self.style.get(f"{name}-{side}", sides[at]) for at, side in enumerate(("top", "right", "bottom", "left"))
        ]
        top, right, bottom, left = (number(word, self.size, self.around.width / 100) or 0.0 for word in words)
        return top, right, bottom, left

    def _positioned(self) -> Place:
        """Return the place before the box's own margins and paddings."""
        around = self.around
        if self.position not in {"absolute", "fixed", "relative", "sticky"}:
            return around
        insets = four(self.style.get("inset", "").split()) or ("auto",) * 4
        told = {side: self.style.get(side, insets[at]) for at, side in enumerate(("top", "right", "bottom", "left"))}
        if self.position in {"relative", "sticky"}:
            down = pixels(told["top"], self.size) or -pixels(told["bottom"], self.size)
            across = self._inset(told["left"], around.width) or -(self._inset(told["right"], around.width) or 0.0)
            return replace(around, x=around.x + across, y=around.y + (down if self.position == "relative" else 0.0))
        return self._absolute(told)

    def _inset(self, word: str, of: float) -> float | None:
        return number(word, self.size, of / 100)

    def _absolute(self, told: Mapping[str, str]) -> Place:
        around = self.around
        is_fixed = self.position == "fixed" and around.outer is None
        holder = _PAGE if is_fixed or around.holder is None else around.holder
        height = holder.height or 0.0
        top, bottom = (self._inset(told[side], height) for side in ("top", "bottom"))
        left, right = (self._inset(told[side], holder.width) for side in ("left", "right"))
        width = self._across(holder.width)
        x, is_right = around.x, around.is_right
        if left is not None:
            x = holder.x + left
        elif right is not None:
            x, is_right = holder.x + holder.width - right - (width or 1.0), True
        if width is None:
            both = left is not None and right is not None
            width = max(holder.width - (left or 0.0) - (right or 0.0), 1.0) if both or right is None else 1.0
        y, is_exact = around.y, around.is_exact
        if top is not None:
            y, is_exact = holder.y + top, holder.is_exact
        elif bottom is not None and holder.height is not None:
            own = self._down() or self.size * _LINE
            y, is_exact = holder.y + height - bottom - own, holder.is_exact
        return replace(
            around, x=x, y=y, width=width, is_exact=is_exact, is_right=is_right, clips=holder.clips, indent=0.0,
            is_fixed=is_fixed, outer=None if is_fixed else around.outer,
        )  # fmt: skip

    def _across(self, of: float) -> float | None:
        """Return the width of the content; None where it is as wide as it may be."""
        width = number(self.style.get("width", ""), self.size, of / 100)
        most = number(self.style.get("max-width", ""), self.size, of / 100)
        least = number(self.style.get("min-width", ""), self.size, of / 100)
        found = most if width is None or (most is not None and most < width) else width
        if found is not None and self.style.get("box-sizing") == "border-box":
            found = max(found - self.padding[1] - self.padding[3], 0.0)
        return max(found, least or 0.0) if found is not None else None

    def _down(self) -> float | None:
        """Return the height of the content; None where its words decide."""
        style = self.style
        height = (
            None
            if "%" in style.get("height", "") and not _is_nought(style["height"])
            else number(style.get("height", ""), self.size)
        )
        most = number(style.get("max-height", ""), self.size)
        if "%" in style.get("max-height", "") and not _is_nought(style["max-height"]):
            most = None
        found = most if height is None or (most is not None and most < height) else height
        if found is not None and style.get("box-sizing") == "border-box":
            found = max(found - self.padding[0] - self.padding[2], 0.0)
        return max(found, number(style.get("min-height", ""), self.size) or 0.0) if found is not None else None

    def _boxed(self, found: Place, width: float | None) -> Place:
        """Return the place inside a box's margins, paddings and sizes, turned and cut as it is."""
        left, top = found.x + self.margin[3], found.y + self.margin[0]
        inner = found.width - self.margin[1] - self.margin[3] - self.padding[1] - self.padding[3]
        wide = max(inner if width is None else width, 0.0)
        height = None if self.is_cell else self._down()
        full = wide + self.padding[1] + self.padding[3]
        outer, is_gone = self._turned(found, left, top, full, height)
        is_holder = self.position != "static" or outer is not found.outer
        clip = None if self.is_cell else self._clip(left, top, width, full, height)
        clips = found.clips if clip is None else (*found.clips, clip)
        own = replace(
            found, x=left + self.padding[3], y=top + self.padding[0], width=wide, height=height, clips=clips[-8:],
            outer=outer, is_gone=found.is_gone or is_gone,
        )  # fmt: skip
        return replace(own, holder=replace(own, x=left, y=top, width=full, holder=None)) if is_holder else own

    def _turned(
        self, found: Place, left: float, top: float, width: float, height: float | None
    ) -> tuple[html_move.Matrix | None, bool]:
        if html_move.TELLING.isdisjoint(self.style):
            return found.outer, False
        own = html_move.matrix(self.style, self.size, width, height or self.size * _LINE)
        style = self.style
        back = style.get("backface-visibility") or style.get("-webkit-backface-visibility")
        is_gone = back == "hidden" and html_move.is_from_behind(own)
        there = html_move.times(html_move.times(html_move.moved(left, top), own), html_move.moved(-left, -top))
        return (there if found.outer is None else html_move.times(found.outer, there)), is_gone

    def _clip(
        self, left: float, top: float, width: float | None, full: float, height: float | None
    ) -> html_shape.Edges | None:
        style = self.style
        overflow = style.get("overflow", "") + style.get("overflow-x", "") + style.get("overflow-y", "")
        contain = style.get("contain", "")
        is_sized = "strict" in contain or "size" in contain.split()
        is_cut = (
            any(word in overflow for word in _CUT) or "strict" in contain or "content" in contain or "paint" in contain
        )
        if not is_cut:
            return None
        if height is None:
            height = self._lines() if not is_sized else number(style.get("min-height", ""), self.size) or 0.0
        if width is None and self._is_flat():
            full = (number(style.get("min-width", ""), self.size) or 0.0) + self.padding[1] + self.padding[3]
            width = full
        is_fitting = self.position in {"absolute", "fixed"} or style.get("display", "").startswith("inline")
        is_fitting = is_fitting or style.get("float", "none") != "none"  # as wide as its words
        right = _INFINITE if width is None and is_fitting else left + full
        bottom = _INFINITE if height is None else top + self.padding[0] + height + self.padding[2]
        return None if right == bottom == _INFINITE else (left, top, right, bottom)

    def _lines(self) -> float | None:
        """Return how high a box is whose lines are counted or have no height."""
        style = self.style
        line = number(style.get("line-height", ""), self.size, self.size / 100)
        lines = number(style.get("-webkit-line-clamp") or style.get("line-clamp", ""))
        if lines and style.get("display", "").startswith("-webkit-"):
            return lines * self.size * _LINE
        rows = style.get("grid-template-rows", "") + self.parent.get("grid-template-rows", "")
        if rows and ("grid" in style.get("display", "") or "grid" in self.parent.get("display", "")):
            first = rows.split()[0]
            if first.removesuffix("fr") in {"0", "0.0"} or number(first) == 0:
                return number(style.get("min-height", ""), self.size) or 0.0
        return 0.0 if line is not None and line < 0.05 * self.size else None  # no height to speak of

    def _is_flat(self) -> bool:
        """Tell whether a flexible box is given no width."""
        if not self.parent.get("display", "").endswith("flex") or self.parent.get("flex-direction", "").startswith(
            "col"
        ):
            return False
        words = self.style.get("flex", "").split()
        basis = self.style.get("flex-basis") or (words[2] if len(words) > 2 else "")  # noqa: PLR2004  # grow, shrink, basis
        grows = number(self.style.get("flex-grow") or (words[0] if words else "")) or 0.0
        return not grows and number(basis) == 0


def _is_nought(written: str) -> bool:
    found = number(written, percent=1.0)
    return found is not None and found <= 0.1  # noqa: PLR2004  # of a hundredth

"""From the place of what is around an element to its own: positions, margins, paddings, sizes, and what it cuts."""

from collections.abc import Mapping
from dataclasses import replace

from gatepost.verify.reading import html_move, html_shape
from gatepost.verify.reading.html_length import number, pixels
from gatepost.verify.reading.html_place import EVERYWHERE, INFINITE, LINE, PAGE, Place, landed
from gatepost.verify.reading.html_shape import four

_MOVING = frozenset({"position", "text-indent", "zoom"}) | html_move.TELLING
_CUTTING = frozenset({"overflow", "overflow-x", "overflow-y", "contain"})
_BOX = frozenset({
    "margin", "margin-left", "margin-right", "margin-top", "padding", "padding-left", "padding-right", "padding-top",
    "width", "max-width", "height", "text-align", "white-space", "float", "display",
})  # fmt: skip
TELLING = _MOVING | _CUTTING | _BOX | {
    "top", "right", "bottom", "left", "inset", "min-width", "min-height", "max-height", "padding-bottom", "box-sizing",
    "transform-origin", "offset-distance", "backface-visibility", "-webkit-backface-visibility", "flex", "flex-basis",
    "flex-grow", "grid-template-rows", "-webkit-line-clamp", "line-clamp", "line-height",
}  # fmt: skip
"""Properties that are read here."""
_SCROLLED = ("scroll", "auto", "overlay")
_CUT = ("hidden", "clip", *_SCROLLED)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output q rp rt ruby s samp
    small span strike strong sub sup time tt u var""".split()  # noqa: SIM905  # one list of words
)
_CELLS = frozenset({"td", "th", "tr", "table", "tbody", "thead", "tfoot", "caption"})


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
    if (around is None and tag != "textarea" and not begins(style)) or TELLING.isdisjoint(style):
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
            aside = self.margin[3] + self.padding[3]
            if found.is_whole or aside < found.width:  # else it goes to the next line
                found = replace(found, x=found.x + aside)
        else:
            found = self._boxed(found, width)
        if "text-indent" in style:
            found = replace(found, indent=self._length("text-indent", found.width))
        if "text-align" in style:
            found = replace(found, is_right=style["text-align"] in {"right", "end", "-webkit-right"})
        if "white-space" in style:
            space = style["white-space"]
            found = replace(found, is_whole=space in {"nowrap", "pre"}, is_spaced=space.startswith(("pre", "break-")))
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
        holder = PAGE if is_fixed or around.holder is None else around.holder
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
            own = self._down() or self.size * LINE
            y, is_exact = holder.y + height - bottom - own, holder.is_exact
        return replace(
            around, x=x, y=y, width=width, is_exact=is_exact, is_right=is_right, clips=holder.clips,
            window=holder.window, indent=0.0,
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
        clips, window = found.clips, found.window if outer is found.outer else EVERYWHERE
        if clip is not None:
            there = landed(clip, outer)
            clips = clips if there is None else (*clips, there)
            window = window if self._is_scrolled() else _within(window, clip)
        own = replace(
            found, x=left + self.padding[3], y=top + self.padding[0], width=wide, height=height, clips=clips[-8:],
            window=window, outer=outer, is_gone=found.is_gone or is_gone,
        )  # fmt: skip
        return replace(own, holder=replace(own, x=left, y=top, width=full, holder=None)) if is_holder else own

    def _turned(
        self, found: Place, left: float, top: float, width: float, height: float | None
    ) -> tuple[html_move.Matrix | None, bool]:
        if html_move.TELLING.isdisjoint(self.style):
            return found.outer, False
        own = html_move.matrix(self.style, self.size, width, height or self.size * LINE)
        style = self.style
        back = style.get("backface-visibility") or style.get("-webkit-backface-visibility")
        is_gone = back == "hidden" and html_move.is_from_behind(own)
        there = html_move.times(html_move.times(html_move.moved(left, top), own), html_move.moved(-left, -top))
        return (there if found.outer is None else html_move.times(found.outer, there)), is_gone

    def _clip(
        self, left: float, top: float, width: float | None, full: float, height: float | None
    ) -> html_shape.Edges | None:
        style = self.style
        overflow = self._overflow()
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
        right = INFINITE if width is None and is_fitting else left + full
        bottom = INFINITE if height is None else top + self.padding[0] + height + self.padding[2]
        return None if right == bottom == INFINITE else (left, top, right, bottom)

    def _overflow(self) -> str:
        told = " ".join(self.style.get(name, "") for name in ("overflow", "overflow-x", "overflow-y"))
        return f"auto {told}" if self.tag == "textarea" else told

    def _is_scrolled(self) -> bool:
        """Tell whether a person can scroll to what a box cuts."""
        return any(word in self._overflow() for word in _SCROLLED)

    def _lines(self) -> float | None:
        """Return how high a box is whose lines are counted or have no height."""
        style = self.style
        line = number(style.get("line-height", ""), self.size, self.size / 100)
        lines = number(style.get("-webkit-line-clamp") or style.get("line-clamp", ""))
        if lines and style.get("display", "").startswith("-webkit-"):
            return lines * self.size * LINE
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


def _within(one: html_shape.Edges, other: html_shape.Edges) -> html_shape.Edges:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])

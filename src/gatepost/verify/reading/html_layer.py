"""Boxes that may lie upon one another: what is painted later, and what next to nothing looks out from under."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepost.verify.reading.html_shape import Edges

_SLACK = 0.25
"""Of a line: how much of it may look out above, below and at the left."""
_MOST_OF = 0.8
"""Of the width counted: how much of it must lie under."""

MAX_REALMS = 20
"""Realms around words that are asked for what lies upon them."""
Layer = tuple[tuple[int, float, int], ...]
"""When something is painted, from the outermost group to the innermost (CSS 2 appendix E): what is greater is later."""
GROUND, BLOCK, FLOAT, WORDS = (-2, 0.0, 0), (0, 0.0, 0), 1.0, 2.0
"""A group's own background, those of blocks in it, and the order of what is painted without a depth of its own."""


@dataclass(slots=True, eq=False)
class Realm:
    """Boxes whose places can be compared. ``edges``: its own in the realm around, once they are known."""

    around: "Realm | None" = None
    edges: Edges | None = None

    def take(self, edges: Edges) -> None:
        """Reach at least as far as a box in it."""
        own = self.edges or edges
        self.edges = min(own[0], edges[0]), min(own[1], edges[1]), max(own[2], edges[2]), max(own[3], edges[3])


@dataclass(slots=True, eq=False)
class Box:
    """An element that has its place; pixels of its realm.

    Attributes:
        outer: left, top and width of the border box; ``left``, ``top``, ``width`` are of the content.
        lines: what holds the lines that it is but a part of; None where it holds its own.
        down, across: where the next line begins, and how much of it is taken; ``line`` its height.
        gap: the margin below what came last, ``margins`` its own above and below, ``ends`` its paddings there.
        aside: what a floating box takes at the left, and down to where.
        back: how far down it was moved from where the others take it to stand.
        edges: of the border box, once it has ended; ``late``: what they wait for: a holder, and how far from its
            top and bottom.
        shared: the realm of all grid items in its place, where it fills that.
        holder: what absolute ones inside are counted from; None where that is the page.
        is_opaque: it lets nothing through; ``is_unsure``: nobody can tell where it stands.
    """

    realm: Realm
    layer: Layer
    outer: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lines: "Box | None" = None
    kind: str = "block"
    style: Mapping[str, str] = field(default_factory=dict)
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float | None = None
    down: float = 0.0
    across: float = 0.0
    line: float = 0.0
    gap: float = 0.0
    margins: tuple[float, float] = (0.0, 0.0)
    ends: tuple[float, float] = (0.0, 0.0)
    widest: float = 0.0
    leading: float = 0.0
    aside: tuple[float, float] = (0.0, 0.0)
    back: float = 0.0
    edges: Edges | None = None
    late: "tuple[Box, float, float] | None" = None
    areas: dict[str, Realm] = field(default_factory=dict)
    shared: Realm | None = None
    holder: "Box | None" = None
    is_opaque: bool = False
    is_unsure: bool = False
    is_left: bool = True

    @property
    def is_begun(self) -> bool:
        """Whether anything stands in it that margins do not go through."""
        return self.down > self.top or bool(self.line or self.ends[0]) or self.kind != "block"

    def end_line(self) -> None:
        """Go down by the line that has begun."""
        self.widest = max(self.widest, self.across)
        self.down += self.line
        self.line = self.across = 0.0

    def sink(self, by: float) -> None:
        """Let all of it begin further down."""
        self.outer = self.outer[0], self.outer[1] + by, self.outer[2]
        self.top, self.down = self.top + by, self.down + by

    def bound(self) -> None:
        """Find where it ends, now that all is in it."""
        self.end_line()
        left, top, width = self.outer
        natural = self.down + (self.gap if self.ends[1] else 0.0) - self.top
        is_grown = self.height is None or (self.kind in {"cell", "table"} and natural > self.height)
        if self.kind == "fitted":
            width = self.widest + self.left - left
        down = self.top + (natural if is_grown else self.height or 0.0) + self.ends[1]
        self.edges = left, top, left + width, down
        if self.realm.around is not None and self.lines is None and self.kind in {"cell", "item", "line"}:
            self.realm.take(self.edges)
        if self.shared is not None:
            self.shared.take(self.edges)

    def landed(self) -> Edges | None:
        """Return its edges at last; None where they never came to be known."""
        if self.shared is not None:
            return self.shared.edges
        if self.edges is None or self.late is None:
            return self.edges
        holder, top, bottom = self.late
        edges = holder.edges
        return None if edges is None else (self.edges[0], edges[1] + top, self.edges[2], edges[3] - bottom)

    def leave(self, around: "Box") -> None:
        """Let what comes next stand behind or below it."""
        if self.edges is None or self.kind == "placed":
            return
        if self.kind == "float":
            if self.style["float"] == "left":
                around.aside = max(self.edges[2] + self.margins[1] - around.left, 0.0), self.edges[3]
            return
        bottom = self.edges[3] - self.back
        if self.kind in {"cell", "item", "line"}:
            around.across += (self.edges[2] - self.edges[0]) * (self.kind == "line")
            around.line = max(around.line, bottom - around.down)
        else:
            below = self.margins[1]
            passed = self.gap if self.height is None and not self.ends[1] else 0.0
            around.down, around.gap = bottom, max(below, passed) if below >= 0 else below
        around.widest = max(around.widest, self.edges[2] - around.left)


def is_under(realm: Realm, edges: Edges, leading: float, there: Realm, cover: Edges) -> bool:
    """Tell whether next to nothing looks out from under a box.

    Args:
        realm: where the words stand, and ``edges`` of theirs in it.
        edges: see there.
        leading: how high one line is, in pixels.
        there: the realm of the box, and ``cover`` its edges in it.
        cover: see there.
    """
    for _ in range(MAX_REALMS):
        if realm is there:
            break
        if realm.around is None or realm.edges is None:
            return False
        edges, realm = realm.edges, realm.around
    else:
        return False
    slack = leading * _SLACK
    return (
        cover[0] <= edges[0] + slack
        and cover[2] >= edges[0] + (edges[2] - edges[0]) * _MOST_OF
        and cover[1] <= edges[1] + slack
        and cover[3] >= edges[3] - slack
    )

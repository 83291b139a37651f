"""Where a box lies on the page, and what cuts it: whether somebody reads words there.

There is no layout. A place is counted only where something moves or cuts (``html_box.begins``); from there on it holds
what is sure: lower bounds of how far down words stand, and the width that they may take.
"""

import math
from dataclasses import dataclass, replace

from gatepost.verify.paper import Technique
from gatepost.verify.reading import html_move, html_shape
from gatepost.verify.reading.html_length import TINY
from gatepost.verify.reading.html_media import SCREEN_HEIGHT, SCREEN_WIDTH

MARGIN = 8.0
"""What browsers leave around a page."""
_FAR = -200.0
"""Pixels up from where a box stood from which nothing is seen."""
_BEYOND = 3_000.0
"""Pixels to the right or below to which nobody scrolls."""
_LETTER, LINE = 0.55, 1.15
"""Of the font's size: how wide a letter is, and how high a line."""
_NOTHING = 0.4
"""Of the font's size: what is narrower or lower shows no letter."""
_GUESSED = 20
"""Letters of a text that is not known yet, and how wide a box is that takes its words' width."""
INFINITE = math.inf
_FARTHEST = 1e9
"""Pixels; where boxes without an end are taken to end, that can still be turned."""
EVERYWHERE = (-INFINITE, -INFINITE, INFINITE, INFINITE)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A box, in pixels from the page's corner, or from where what turns it lets it lie.

    Attributes:
        x, y: of its words' corner; ``y`` is at least that, unless ``is_exact``.
        width: that its words may take; ``height`` None where they decide.
        clips: left, top, right and bottom of what cuts it.
        outer: what the transforms of it and of those around do to it.
        holder: the place that absolute ones inside are counted from.
        window: what of it is seen inside of what cuts it and nobody can scroll, in its own pixels.
        indent, zoom, is_right, is_whole: first line, size, side, words are not broken into lines.
        is_spaced: spaces and line ends are kept.
        is_fixed: nobody can scroll to it.
    """

    x: float = MARGIN
    y: float = 0.0
    width: float = SCREEN_WIDTH - 2 * MARGIN
    height: float | None = None
    is_exact: bool = False
    clips: tuple[html_shape.Edges, ...] = ()
    window: html_shape.Edges = EVERYWHERE
    outer: html_move.Matrix | None = None
    holder: "Place | None" = None
    indent: float = 0.0
    zoom: float = 1.0
    is_right: bool = False
    is_whole: bool = False
    is_spaced: bool = False
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
        if self.outer is not None:
            square = [html_move.lands(self.outer, left + x, top + y) for x, y in ((0, 0), (size, 0), (0, size))]
            if _thickness([one for one in square if one is not None]) <= TINY:
                return Technique.CLIPPED
        around = landed((left, top, left + across, top + size * LINE), self.outer)
        if around is None:
            return Technique.CLIPPED
        for clip in self.clips:
            if (
                min(clip[2], around[2]) - max(clip[0], around[0]) < size * _NOTHING
                or clip[3] - max(around[1], clip[1]) < size * _NOTHING
                or (self.is_exact and around[3] - clip[1] < size * _NOTHING)
            ):
                return Technique.CLIPPED
        return self._outside(around, size)

    def room(self, size: float, down: float, across: float) -> float | None:
        """Return how many pixels of words may be seen at most; None where nothing bounds them.

        Args:
            size: of the font, in pixels.
            down: by how much what stands before them in their box moves them down, at least.
            across: how much of their line is taken, at least.
        """
        _, _, right, bottom = self.window
        if self.is_whole:
            return None if right == INFINITE or self.is_right else right - self.x - self.indent - across
        if bottom == INFINITE or not self.width:
            return None
        return math.ceil((bottom - self.y - down) / size - _NOTHING) * self.width - across

    def turned(self, outer: html_move.Matrix) -> "Place":
        """Return it inside what ``outer`` does to it."""
        return replace(self, outer=outer)

    def moved(self, x: float, y: float) -> "Place":
        """Return it elsewhere."""
        return replace(self, x=x, y=y, indent=0.0)

    def cut(self, clips: tuple[html_shape.Edges, ...], width: float) -> "Place":
        """Return it with other clips, in which words break into lines again."""
        return replace(self, clips=clips, width=width, is_whole=False)

    def _outside(self, around: html_shape.Edges, size: float) -> Technique | None:
        left, top, right, bottom = around
        if right < size * _NOTHING or left > (SCREEN_WIDTH if self.is_fixed else _BEYOND):
            return Technique.OFF_SCREEN
        if self.is_exact and (bottom < size * _NOTHING or (self.is_fixed and top > SCREEN_HEIGHT)):
            return Technique.OFF_SCREEN
        return Technique.OFF_SCREEN if top <= _FAR or top > _BEYOND else None


PAGE = Place(x=0.0, width=SCREEN_WIDTH, height=SCREEN_HEIGHT, is_exact=True)


def landed(edges: html_shape.Edges, outer: html_move.Matrix | None) -> html_shape.Edges | None:
    """Return the edges around where a box comes to lie on the page; None where it lies nowhere."""
    if outer is None:
        return edges
    left, top, right, bottom = (min(max(edge, -_FARTHEST), _FARTHEST) for edge in edges)
    corners = [html_move.lands(outer, x, y) for x in (left, right) for y in (top, bottom)]
    known = [corner for corner in corners if corner is not None]
    if len(known) < len(corners):
        return None
    across, down = zip(*known, strict=True)
    return min(across), min(down), max(across), max(down)


def _thickness(square: list[html_move.Point]) -> float:
    """Return how high or wide a letter is, whichever is less."""
    if len(square) < len("xyz"):
        return 0.0
    (x, y), (x1, y1), (x2, y2) = square
    across, down = (x1 - x, y1 - y), (x2 - x, y2 - y)
    longest = max(abs(across[0]), abs(across[1]), abs(down[0]), abs(down[1]))
    return abs(across[0] * down[1] - across[1] * down[0]) / longest if longest else 0.0

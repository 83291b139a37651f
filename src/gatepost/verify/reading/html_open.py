"""One element that has not ended, and how far down its lines reach."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.verify.paper import Technique
from gatepost.verify.reading.html_node import Node
from gatepost.verify.reading.html_style import Look
from gatepost.verify.reading.html_writing import BREAKS

_ASIDE = frozenset({"td", "th"})
_FLOATING = frozenset({"float", "position", "columns", "flex", "transform"})


@dataclass(slots=True)
class Open:
    """An element that has not ended.

    ``own``: its look, where it is formatting that may have to be reopened; ``down``: pixels by which lines before move
    what comes next down at least, and ``has_line``: whether a line has begun.
    """

    tag: str
    look: Look
    hidden_by: Technique | None
    own: Look | None
    attributes: Mapping[str, str]
    is_quote: bool
    node: Node | None = None
    down: float = 0.0
    has_line: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether something cuts it, so that it counts how far down its words stand."""
        return self.look.place is not None and bool(self.look.place.clips)

    @property
    def is_floating(self) -> bool:
        """Whether it may stand elsewhere than below what came before it."""
        return not _FLOATING.isdisjoint(self.look.said.style)

    def end_line(self, *, is_empty: bool = False) -> None:
        """Go down by the line that stands there, if there is one."""
        if self.is_cut and (self.has_line or is_empty):
            self.down += self.look.size
        self.has_line = False

    def take_in(self, element: "Open") -> None:
        """Go down by what has ended inside; what stands side by side is not counted."""
        if not self.is_cut or element.tag in _ASIDE or element.is_floating:
            return
        if element.tag in BREAKS:
            element.end_line()
        self.down += element.down
        self.has_line = self.has_line or element.has_line

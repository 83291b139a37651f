"""An element as selectors ask about it, and how much they may ask."""

from collections import Counter
from collections.abc import Collection, Mapping

from gatepost.verify.reading.html_allowance import Allowance


class TooManySteps(Exception):  # noqa: N818  # it ends a count, nothing is wrong
    """More questions were asked than one document may ask."""


class Node:
    """An element as selectors see it.

    Attributes:
        names: its tag, ``.class``, ``#id`` and ``[attribute]``.
        before: the element right before it, below the same parent; ``earlier``: the names of all of them.
        place: its own among all of them, from 1, and ``of_type`` among those of its tag.
    """

    __slots__ = (
        "_count", "_earlier", "_last", "_tags", "attributes", "before", "earlier", "names", "of_type", "parent",
        "place", "tag",
    )  # fmt: skip

    def __init__(self, tag: str, attributes: Mapping[str, str], names: Collection[str], parent: "Node | None") -> None:
        self.tag, self.attributes, self.names, self.parent = tag, attributes, names, parent
        self.before: Node | None = None
        self.earlier: Collection[str] = ()
        self.place = self.of_type = 1
        self._count = 0
        self._tags: Counter[str] | None = None
        self._earlier: set[str] | None = None
        self._last: Node | None = None

    def take(self, child: "Node") -> None:
        """Count a new child; of those before it few are kept."""
        if self._tags is None or self._earlier is None:
            self._tags, self._earlier = Counter(), set()
        self._count += 1
        self._tags[child.tag] += 1
        child.place, child.of_type = self._count, self._tags[child.tag]
        child.before = self._last
        if child.before is not None:
            self._earlier.update(child.before.names)
            if child.before.before is not None and child.before.before.before is not None:
                child.before.before.before.before = None
        child.earlier = self._earlier
        self._last = child


class Borne(dict[str, int]):
    """Names that open elements bear, and by how many of them each; only those that one bears are there."""

    __slots__ = ()

    def add(self, names: Collection[str]) -> None:
        """Take the names of one that opens."""
        for name in names:
            self[name] = self.get(name, 0) + 1

    def drop(self, names: Collection[str]) -> None:
        """Take back the names of one that ends."""
        for name in names:
            left = self.get(name, 1) - 1
            if left:
                self[name] = left
            else:
                self.pop(name, None)


class Steps:
    """How many questions a document may still ask: its own, and ``more`` of what is left for its whole message."""

    __slots__ = ("_allowance", "_more", "depth", "left")

    def __init__(self, left: int, more: int = 0, allowance: Allowance | None = None) -> None:
        self.left = left
        self._more = more
        self._allowance = allowance
        self.depth = 0

    def take(self, count: int = 1) -> None:
        """Count some; raises TooManySteps."""
        self.left -= count
        if self.left < 0:
            self._borrow()

    def _borrow(self) -> None:
        if self._allowance is not None:
            lent = self._allowance.lend(-self.left, self._more)
            self._more -= lent
            self.left += lent
        if self.left < 0:
            raise TooManySteps

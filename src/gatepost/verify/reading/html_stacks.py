"""The open elements of a page, by what is asked of them; where the reading has gone ahead, they follow."""

from gatepost.verify.reading.html_columns import Tables
from gatepost.verify.reading.html_node import Borne
from gatepost.verify.reading.html_open import CLOSES_ITSELF, Open
from gatepost.verify.reading.html_state import State

SCOPES = frozenset({"table", "td", "th", "caption", "template", "object", "marquee"})
"""Elements that no end tag of another kind reaches out of."""


class Stacks:
    """What is open, from the outermost in.

    Attributes:
        state: what they hold.
        open: the elements.
        places: where those of each tag stand among them; ``scopes``: those of ``SCOPES``.
        tables: their columns.
        quotes: how many of the elements are quotations.
        above: names that they bear, once a sheet may ask for them.
    """

    def __init__(self) -> None:
        self.state = State(None, None)
        self.open: list[Open] = []
        self.places: dict[str, list[int]] = {}
        self.scopes: list[int] = []
        self.tables = Tables()
        self.quotes = 0
        self.above: Borne | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether what comes is a part of a drawing or a formula."""
        return bool(self.places.get("svg") or self.places.get("math"))

    def name(self) -> None:
        """Keep the names that the elements bear from now on."""
        if self.above is None:
            self.above = Borne()
            self.above.add([one.tag for one in self.open])

    def within(self, tag: str) -> int:
        """Return where the innermost element of a tag stands that is not around a scope; behind all where none is."""
        places = self.places.get(tag)
        return len(self.open) if not places or (self.scopes and self.scopes[-1] > places[-1]) else places[-1]

    def ended_by(self, tag: str) -> int:
        """Return the same for an end tag: that of a scope goes through other ones."""
        places = self.places.get(tag)
        return places[-1] if places and tag in SCOPES else self.within(tag)

    def sibling_of(self, tag: str) -> int:
        """Return where the list item, row or cell before this one stands; behind all where its list is not the last."""
        places = self.places.get(tag)
        if not places:
            return len(self.open)
        for parent in CLOSES_ITSELF[tag]:
            around = self.places.get(parent)
            if around and around[-1] > places[-1]:
                return len(self.open)
        return places[-1]

    def put(self, element: Open, state: State) -> None:
        """Take one more; ``state``: what is open with it."""
        at = len(self.open)
        self.state = state
        self.open.append(element)
        self.places.setdefault(element.tag, []).append(at)
        if self.above is not None:
            self.above.add(element.node.names if element.node is not None else ())
        if element.tag in SCOPES:
            self.scopes.append(at)
        self.quotes += element.is_quote

    def drop(self) -> Open:
        """Take away the one opened last."""
        element = self.open.pop()
        self.state = self.state.around
        self.tables.leave(len(self.open))
        self.places[element.tag].pop()
        if self.above is not None:
            self.above.drop(element.node.names if element.node is not None else ())
        if element.tag in SCOPES:
            self.scopes.pop()
        self.quotes -= element.is_quote
        return element

    def go(self, to: State) -> None:
        """Hold what is open there; it takes as many steps as the reading took to come there, at most."""
        behind: list[State] = []
        while to.depth > self.state.depth:
            behind.append(to)
            to = to.around
        while self.state.depth > to.depth:
            self.drop()
        while self.state is not to:
            behind.append(to)
            to = to.around
            self.drop()
        for state in reversed(behind):
            if state.is_table:
                self.tables.enter(len(self.open))
            if state.element is not None:
                self.put(state.element, state)

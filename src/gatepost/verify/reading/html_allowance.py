"""What all HTML of one message may take together: a bound on each document alone is none on a thousand of them."""

MAX_STEPS = 2_000_000
"""Questions that style sheets may ask of elements, beyond one for each character: what twenty may ask at most."""
MAX_PAIRS = 1_000_000
"""Pairs of words and boxes that are compared."""
_LENT = 1_000


class Allowance:
    """What is left for the documents of one message.

    Attributes:
        steps: questions beyond a document's own.
        pairs: of words and boxes.
    """

    __slots__ = ("pairs", "steps")

    def __init__(self) -> None:
        self.steps, self.pairs = MAX_STEPS, MAX_PAIRS

    def lend(self, wanted: int, at_most: int) -> int:
        """Return how many more steps a document may take that wants so many: a few more, so that it asks seldom."""
        lent = min(max(wanted, _LENT), at_most, self.steps)
        self.steps -= lent
        return lent

    def share(self, words: int, boxes: int, at_most: int) -> int:
        """Return with how many of its boxes a document may compare its words, of which each counts a pair."""
        shared = min(boxes, min(at_most, self.pairs) // max(words, 1))
        self.pairs -= shared * words
        return shared

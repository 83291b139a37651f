"""A text as whole numbers with one bit for each of its places, so that one operation reads all of them. Pure.

After R. D. Cameron et al., "Bitwise data parallelism in regular expression matching" (PACT 2014). Characters are
counted, not octets.
"""

from functools import cache, lru_cache

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.nodes import Edge

_PLANES = 8
_NIBBLE = 16
_ALL_LOW = 0xFFFF
_WORD = sum(1 << ord(sign) for sign in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_NEW_LINE = 1 << ord("\n")
_TRANSPOSE = ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))


class Planes:
    """A text; bit ``i`` of a class is its character ``i``, bit ``i`` of an edge the place before that.

    Attributes:
        count: characters.
        places: a bit for each place between them, both ends included.
    """

    __slots__ = ("_classes", "_edges", "_every", "_highs", "_kinds", "_lows", "_nibbles", "_planes", "count", "places")

    def __init__(self, octets: bytes, alphabet: Alphabet) -> None:
        lower, upper = alphabet.spelled(octets)
        self.count = len(lower)
        self.places = (1 << self.count + 1) - 1
        self._kinds = alphabet.kinds
        self._every = (1 << alphabet.kinds) - 1
        self._planes = _transposed(lower) + (_transposed(upper) if upper else ())
        self._edges: dict[Edge, int] = {}
        self._nibbles: dict[tuple[int, int], int] = {}
        self._highs: dict[int, int] = {}
        self._lows: dict[int, int] = {_ALL_LOW: self.places}
        self._classes: dict[int, int] = {self._every: self.places >> 1, 0: 0}

    def of(self, members: int) -> int:
        """Return where the characters of a class stand: it has a bit for each kind."""
        found = self._classes.get(members)
        if found is None:
            if members.bit_count() > self._kinds // 2:
                found = self.of(self._every) ^ self.of(self._every ^ members)
            else:
                found = self._sum(members)
            self._classes[members] = found
        return found

    def at(self, edge: Edge) -> int:
        """Return where an edge is."""
        found = self._edges.get(edge)
        if found is None:
            found = self._edges[edge] = self._at(edge)
        return found

    def _at(self, edge: Edge) -> int:
        match edge:
            case Edge.BEGIN:
                return 1
            case Edge.END:
                return 1 << self.count
            case Edge.LINE_BEGIN:
                return self.of(_NEW_LINE) << 1 | 1
            case Edge.LINE_END:
                return self.of(_NEW_LINE) | 1 << self.count
            case Edge.WORD:
                word = self.of(_WORD)
                return word ^ word << 1
            case Edge.NOT_WORD:
                return self.places ^ self.at(Edge.WORD)

    def _sum(self, members: int) -> int:
        """Characters are told by half an octet and the rest: few of either, and each is looked up once.

        None is in two of what is joined, so that "either" does: it takes half as long as "or".
        """
        found = 0
        for row, highs in rows_of(members):
            at = 0
            for high in highs:
                at ^= self._high(high)
            if at:
                found ^= at & self._low(row)
        return found

    def _low(self, row: int) -> int:
        found = self._lows.get(row)
        if found is None:
            found = 0
            for low in range(_NIBBLE):
                if row >> low & 1:
                    found ^= self._nibble(low, 0)
            self._lows[row] = found
        return found

    def _high(self, high: int) -> int:
        found = self._highs.get(high)
        if found is None:
            found = self.places >> 1
            for first in range(4, max(len(self._planes), high.bit_length() + 4), 4):
                found &= self._nibble(high >> first - 4 & 15, first)
            self._highs[high] = found
        return found

    def _nibble(self, value: int, first: int) -> int:
        found = self._nibbles.get((value, first))
        if found is None:
            found = self.places >> 1
            for bit in range(4):
                plane = found & self._planes[first + bit] if first + bit < len(self._planes) else 0
                found = plane if value >> bit & 1 else found ^ plane  # "not" takes as long as ten "ands"
            self._nibbles[value, first] = found
        return found


@lru_cache(maxsize=8_192)
def rows_of(members: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return the kinds of a class: which lower halves of an octet, with which rests."""
    rows: dict[int, list[int]] = {}
    high = 0
    while members:
        if row := members & _ALL_LOW:
            rows.setdefault(row, []).append(high)
        members >>= _NIBBLE
        high += 1
    return tuple((row, tuple(highs)) for row, highs in rows.items())


@cache
def _repeated(mask: int, words: int) -> int:
    return int.from_bytes(mask.to_bytes(8, "little") * words, "little")


def _transposed(octets: bytes) -> tuple[int, ...]:
    """Return eight numbers: of each bit of an octet, one bit for each octet.

    Squares of eight octets are transposed, all at once (H. S. Warren, "Hacker's Delight", section 7-3).
    """
    words = (len(octets) + 7) // 8
    text = int.from_bytes(octets, "little")
    for by, mask in _TRANSPOSE:
        swapped = (text ^ text >> by) & _repeated(mask, words)
        text ^= swapped ^ swapped << by
    rows = text.to_bytes(words * 8, "little")
    return tuple(int.from_bytes(rows[bit::_PLANES], "little") for bit in range(_PLANES))

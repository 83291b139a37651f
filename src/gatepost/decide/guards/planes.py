"""A text as whole numbers with one bit for each of its places, so that one operation reads all of them. Pure.

After R. D. Cameron et al., "Bitwise data parallelism in regular expression matching" (PACT 2014). Characters are
counted, not octets.
"""

from functools import cache

from gatepost.decide.guards.alphabet import Alphabet
from gatepost.decide.guards.pattern_tree import Edge, One

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

    __slots__ = ("_alphabet", "_classes", "_every", "_high", "_low", "_planes", "count", "places")

    def __init__(self, octets: bytes, alphabet: Alphabet) -> None:
        octets = alphabet.spelled(octets)
        self.count = len(octets)
        self.places = (1 << self.count + 1) - 1
        self._alphabet = alphabet
        self._every = (1 << alphabet.kinds) - 1
        self._planes = _transposed(octets)
        self._high: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._classes: dict[int, int] = {self._every: self.places >> 1, 0: 0}

    def of(self, one: One) -> int:
        """Return where the characters of a class stand."""
        return self._of(one.members | self._alphabet.members(one.beyond))

    def _of(self, members: int) -> int:
        found = self._classes.get(members)
        if found is None:
            if members.bit_count() > self._alphabet.kinds // 2:
                found = self._of(self._every) ^ self._of(self._every ^ members)
            else:
                found = self._sum(members)
            self._classes[members] = found
        return found

    def at(self, edge: Edge) -> int:
        """Return where an edge is."""
        match edge:
            case Edge.BEGIN:
                return 1
            case Edge.END:
                return 1 << self.count
            case Edge.LINE_BEGIN:
                return self._of(_NEW_LINE) << 1 | 1
            case Edge.LINE_END:
                return self._of(_NEW_LINE) | 1 << self.count
            case Edge.WORD:
                word = self._of(_WORD)
                return word ^ word << 1

    def _sum(self, members: int) -> int:
        """Characters are told by half an octet and the other: few of either, and each is looked up once."""
        rows: dict[int, int] = {}
        for high in range(0, self._alphabet.kinds, _NIBBLE):
            if row := members >> high & _ALL_LOW:
                rows[row] = rows.get(row, 0) | self._nibble(self._high, high >> 4, 4)
        found = 0
        for row, high_places in rows.items():
            low_places = self.places if row == _ALL_LOW else 0
            for low in range(_NIBBLE) if not low_places else ():
                if row >> low & 1:
                    low_places |= self._nibble(self._low, low, 0)
            found |= high_places & low_places
        return found

    def _nibble(self, known: dict[int, int], value: int, first: int) -> int:
        found = known.get(value)
        if found is None:
            found = self.places >> 1
            for bit in range(4):
                plane = self._planes[first + bit]
                found &= plane if value >> bit & 1 else ~plane
            known[value] = found
        return found


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

"""The kinds of characters that some patterns tell apart: so few that each is one octet, whatever script it is in. Pure.

Each character of ASCII is a kind, and beyond it those are one kind that the same letters of the patterns stand for.
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from gatepost.decide.guards.beyond_ascii import FIRST, LAST, Ranges

_KINDS_MAX = 256
_MARKS = [bytes([octet]) for octet in (0xC0, 0xC1, *range(0xF5, 0x100))]  # octets that UTF-8 never has
_LOOKED_UP_MAX = 256
_FOLLOWING = bytes(range(0x80, 0xC0))
_ASCII = bytes(range(0x80))


class Alphabet:
    """What patterns tell apart; ``kinds`` counts them.

    Attributes:
        common: the kind of most characters beyond ASCII.
    """

    __slots__ = ("_edges", "_kinds", "_members", "common", "kinds")

    def __init__(self, letters: Iterable[Ranges]) -> None:
        """Raises ``ValueError``: they tell more kinds apart than an octet can name."""
        told = dict.fromkeys(letters)
        cuts: dict[int, set[Ranges]] = {FIRST: set()}
        for ranges in told:
            for first, last in ranges:
                cuts.setdefault(first, set()).symmetric_difference_update({ranges})
                cuts.setdefault(last + 1, set()).symmetric_difference_update({ranges})
        of: dict[frozenset[Ranges], int] = {}
        known: frozenset[Ranges] = frozenset()
        edges, kinds, widths = [], [], dict[int, int]()
        places = sorted(cuts)
        for place, after in zip(places, [*places[1:], LAST + 1], strict=True):
            known = known ^ cuts[place]
            if place > LAST:
                break
            kind = of.setdefault(known, FIRST + len(of))
            if kind >= _KINDS_MAX:
                raise ValueError("too many kinds of characters")
            edges.append(place)
            kinds.append(kind)
            widths[kind] = widths.get(kind, 0) + after - place
        self._edges, self._kinds = tuple(edges), bytes(kinds)
        self._members = {ranges: sum(1 << kind for known, kind in of.items() if ranges in known) for ranges in told}
        self.kinds = FIRST + len(of)
        self.common = max(widths, key=lambda kind: widths[kind])

    def members(self, ranges: Ranges) -> int:
        """Return a bit for each kind that one of the letters stands for beyond ASCII."""
        return self._members[ranges]

    def spelled(self, octets: bytes) -> bytes:
        """Return a text in UTF-8 as one octet for each character: its kind."""
        if octets.isascii():
            return octets
        beyond = set(octets.translate(None, _ASCII).decode())
        few = beyond if len(beyond) <= _LOOKED_UP_MAX else ()
        rare = {sign: kind for sign in few if (kind := self._kind(ord(sign))) != self.common}
        if not few or len(rare) > len(_MARKS):
            table = _table(self._edges, self._kinds)
            return bytes(map(table.__getitem__, map(ord, octets.decode())))
        kind_of = bytearray((*_ASCII, *[self.common] * 128))
        for (sign, kind), mark in zip(rare.items(), _MARKS, strict=False):
            octets = octets.replace(sign.encode(), mark)
            kind_of[mark[0]] = kind
        return octets.translate(bytes(kind_of), _FOLLOWING)

    def _kind(self, code: int) -> int:
        return self._kinds[bisect_right(self._edges, code) - 1]


@lru_cache(maxsize=8)  # a megabyte each
def _table(edges: tuple[int, ...], kinds: bytes) -> bytes:
    parts = [_ASCII]
    for place, after, kind in zip(edges, (*edges[1:], LAST + 1), kinds, strict=True):
        parts.append(bytes([kind]) * (after - place))
    return b"".join(parts)

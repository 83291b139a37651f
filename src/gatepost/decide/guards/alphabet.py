"""The kinds of characters that some patterns tell apart: a number for each, whatever script it is in. Pure.

Each character of ASCII is a kind, and beyond it those are one kind that the same letters of the patterns stand for.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter

from gatepost.decide.guards.beyond_ascii import FIRST, LAST, Ranges

_OCTET = 256
_MARKS = [bytes([octet]) for octet in (0xC0, 0xC1, *range(0xF5, 0x100))]  # octets that UTF-8 never has
_MOSTLY = 5
"""Where more than a fifth of the octets are beyond ASCII, each character is looked up."""
_FOLLOWING = bytes(range(0x80, 0xC0))
_ASCII = bytes(range(0x80))


class Alphabet:
    """What patterns tell apart; ``kinds`` counts them.

    Attributes:
        common: the kind of most characters beyond ASCII.
    """

    __slots__ = ("_edges", "_kinds", "_members", "common", "kinds")

    def __init__(self, letters: Iterable[Ranges]) -> None:
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
            edges.append(place)
            kinds.append(kind)
            widths[kind] = widths.get(kind, 0) + after - place
        self._edges, self._kinds = tuple(edges), tuple(kinds)
        self._members = dict.fromkeys(told, 0)
        for ranges_of_kind, kind in of.items():
            for ranges in ranges_of_kind:
                self._members[ranges] |= 1 << kind
        self.kinds = FIRST + len(of)
        self.common = max(widths, key=lambda kind: widths[kind])

    def members(self, ranges: Ranges) -> int:
        """Return a bit for each kind that one of the letters stands for beyond ASCII."""
        return self._members[ranges]

    def spelled(self, octets: bytes) -> tuple[bytes, bytes]:
        """Return a text in UTF-8 as the kinds of its characters: their lower octets, and their upper ones.

        There are no upper ones where no kind needs them.
        """
        if octets.isascii():
            return octets, b""
        beyond = octets.translate(None, _ASCII)
        if self.kinds > _OCTET or len(beyond) * _MOSTLY > len(octets):
            return self._looked_up(octets.decode())
        signs = set(beyond.decode())
        rare = {sign: kind for sign in signs if (kind := self._kind(ord(sign))) != self.common}
        if len(rare) > len(_MARKS):
            return self._looked_up(octets.decode())
        kind_of = bytearray((*_ASCII, *[self.common] * 128))
        for (sign, kind), mark in zip(rare.items(), _MARKS, strict=False):
            octets = octets.replace(sign.encode(), mark)
            kind_of[mark[0]] = kind
        return octets.translate(bytes(kind_of), _FOLLOWING), b""

    def _looked_up(self, text: str) -> tuple[bytes, bytes]:
        lower, upper = _tables(self._edges, self._kinds)
        pick = itemgetter(*array("I", f"{text}  ".encode("utf-32-le")))  # with fewer than two it would return no tuple
        return bytes(pick(lower)[:-2]), bytes(pick(upper)[:-2]) if upper else b""

    def _kind(self, code: int) -> int:
        return self._kinds[bisect_right(self._edges, code) - 1]


@lru_cache(maxsize=8)  # two megabytes each, at most
def _tables(edges: tuple[int, ...], kinds: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Return the lower octet of each character's kind, and the upper one; nothing where that is never needed."""
    lower, upper = [_ASCII], [bytes(FIRST)]
    for place, after, kind in zip(edges, (*edges[1:], LAST + 1), kinds, strict=True):
        lower.append(bytes([kind % _OCTET]) * (after - place))
        upper.append(bytes([kind // _OCTET]) * (after - place))
    return b"".join(lower), b"".join(upper) if max(kinds) >= _OCTET else b""

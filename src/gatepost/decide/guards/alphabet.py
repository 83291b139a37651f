"""The kinds of characters that some patterns tell apart: a number for each, whatever script it is in. Pure.

Each character of ASCII is a kind, and beyond it those are one kind that the same letters of the patterns stand for.
"""

import codecs
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

from gatepost.decide.guards.beyond_ascii import FIRST, LAST, Ranges

_OCTET = 256
_CODEC_MAX = 120
"""So many characters beyond ASCII a codec of single octets can have, and some to spare."""
_CODEC_LAST = 0xFFFF
_STANDING_IN, _LIKE_MOST = "\ufdd0", "\ufdd1"
"""No characters, by Unicode: one stands in for the question mark, and the other for itself."""
_ASCII = bytes(range(0x80))
_LATIN_LAST = 0xFF
_SEATS = range(0x80, 0xA0)
"""Control characters of Latin-1, which hardly any text has: others may have their places."""
_SEATED_MAX = 4
"""So many characters beyond Latin-1 are put into such places one by one, and that is quick."""


class Alphabet:
    """What patterns tell apart; ``kinds`` counts them.

    Attributes:
        common: the kind of most characters beyond ASCII.
        is_quick: few characters are of another, so that a text is spelled at once; else each is looked up.
    """

    __slots__ = ("_codec", "_edges", "_kind_of", "_kinds", "_members", "_seats", "common", "is_quick", "kinds")

    def __init__(self, letters: Iterable[Ranges]) -> None:
        named = dict.fromkeys(letters)
        cuts: dict[int, set[Ranges]] = {FIRST: set()}
        for ranges in named:
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
        self._members = dict.fromkeys(named, 0)
        for ranges_of_kind, kind in of.items():
            for ranges in ranges_of_kind:
                self._members[ranges] |= 1 << kind
        self.kinds = FIRST + len(of)
        self.common = max(widths, key=lambda kind: widths[kind])
        told = self._told_apart()
        self.is_quick = told is not None
        self._codec = self._kind_of = None
        self._seats = None if told is None else _seats_of([code for code, _ in told])
        if told is not None and self._seats is not None:
            kinds_of_octets = bytearray([*_ASCII, *[self.common] * FIRST])
            for code, kind in told:
                kinds_of_octets[ord(self._seats.get(chr(code), chr(code)))] = kind
            kinds_of_octets[ord(self._seats["?"])], kinds_of_octets[ord("?")] = ord("?"), self.common
            self._kind_of = bytes(kinds_of_octets)
        elif told is not None:
            signs = _ASCII.decode().replace("?", _STANDING_IN) + "?" + "".join(chr(code) for code, _ in told)
            self._codec = codecs.charmap_build(signs)
            kinds_of_signs = [*_ASCII, self.common, *(kind for _, kind in told)]
            self._kind_of = bytes(kinds_of_signs).ljust(_OCTET, b"\0")

    def members(self, ranges: Ranges) -> int:
        """Return a bit for each kind that one of the letters stands for beyond ASCII."""
        return self._members[ranges]

    def spelled(self, octets: bytes) -> tuple[bytes, bytes]:
        """Return a text in UTF-8 as the kinds of its characters: their lower octets, and their upper ones.

        There are no upper ones where no kind needs them.
        """
        if octets.isascii():
            return octets, b""
        text = octets.decode()
        if self._seats is not None and self._kind_of is not None:
            return self._seated(text, self._seats).translate(self._kind_of), b""
        if self._codec is None:
            return self._looked_up(text)
        if _STANDING_IN in text:
            text = text.replace(_STANDING_IN, _LIKE_MOST)
        # What the codec does not know becomes a question mark, so those that are some already are called otherwise.
        numbers, _ = codecs.charmap_encode(text.replace("?", _STANDING_IN), "replace", self._codec)
        return numbers.translate(self._kind_of), b""

    def _seated(self, text: str, seats: Mapping[str, str]) -> bytes:
        """Return a text in Latin-1, which takes an eighth of what a codec made for it takes: all others are "?"."""
        for char, seat in seats.items():
            if seat in text:
                text = text.replace(seat, _LIKE_MOST)
            if char in text:
                text = text.replace(char, seat)
        return text.encode("latin-1", "replace")

    def _looked_up(self, text: str) -> tuple[bytes, bytes]:
        lower, upper = _tables(self._edges, self._kinds)
        pick = itemgetter(*array("I", f"{text}  ".encode("utf-32-le")))  # with fewer than two it would return no tuple
        return bytes(pick(lower)[:-2]), bytes(pick(upper)[:-2]) if upper else b""

    def _told_apart(self) -> list[tuple[int, int]] | None:
        """Return the characters that are not of the common kind, each with its kind; None where there are many."""
        found: list[tuple[int, int]] = []
        for place, after, kind in zip(self._edges, (*self._edges[1:], LAST + 1), self._kinds, strict=True):
            if kind != self.common:
                if after > _CODEC_LAST or len(found) + after - place > _CODEC_MAX:
                    return None
                found.extend((code, kind) for code in range(place, after))
        return None if any(chr(code) in _STANDING_IN + _LIKE_MOST for code, _ in found) else found


def _seats_of(told: Sequence[int]) -> dict[str, str] | None:
    """Return a place in Latin-1 for what has none there, and for the question mark; None where that is too much."""
    homeless = [chr(code) for code in told if code > _LATIN_LAST]
    if len(homeless) > _SEATED_MAX:
        return None
    free = [chr(code) for code in _SEATS if code not in told]
    return dict(zip(["?", *homeless], free, strict=False)) if len(free) > len(homeless) else None


@lru_cache(maxsize=8)  # two megabytes each, at most
def _tables(edges: tuple[int, ...], kinds: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Return the lower octet of each character's kind, and the upper one; nothing where that is never needed."""
    lower, upper = [_ASCII], [bytes(FIRST)]
    for place, after, kind in zip(edges, (*edges[1:], LAST + 1), kinds, strict=True):
        lower.append(bytes([kind % _OCTET]) * (after - place))
        upper.append(bytes([kind // _OCTET]) * (after - place))
    return b"".join(lower), b"".join(upper) if max(kinds) >= _OCTET else b""

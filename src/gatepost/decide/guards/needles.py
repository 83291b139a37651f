"""Words of which one stands in every text that any of some patterns matches: where none does, none is asked. Pure.

Most texts have none of them, and to see that takes Hyperscan a tenth of what it takes RE2 to read the text. That time
is known too: some tenths of a nanosecond an octet, whatever is almost one of the words (docs/adr/0160).
"""

from collections.abc import Iterable
from typing import Self

from gatepost.decide.guards.look import Look, has_folding_signs
from gatepost.decide.guards.nodes import Node, ways_of
from gatepost.decide.guards.words import words_of
from gatepost.mail.ends import CASELESS


class Needles:
    """Words that are looked for all at once, whatever their case."""

    __slots__ = ("_look",)

    def __init__(self, look: Look) -> None:
        self._look = look

    @classmethod
    def of(cls, trees: Iterable[Node]) -> Self | None:
        """Return the words that these patterns need; None where one needs none, or nobody looks for them here."""
        words: dict[str, None] = {}
        for tree in trees:
            for way in ways_of(tree):
                fitting = [word for word in words_of(way) if word.isascii()]
                if not fitting:
                    return None
                words[max(sorted(fitting), key=len)] = None
        look = Look.of({at: _quoted(word) for at, word in enumerate(words)}, CASELESS)
        return None if look is None else cls(look)

    def may_be_in(self, octets: bytes) -> bool:
        """Return False where none of the words stands in UTF-8 text, so that no pattern matches it."""
        return has_folding_signs(octets) or self._look.found(octets) != set()


def _quoted(word: str) -> bytes:
    return "".join(f"\\x{ord(letter):02x}" for letter in word).encode()

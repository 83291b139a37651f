"""Words of which one stands in every text that any of some patterns matches: where none does, none is asked. Pure.

Most texts have none of them, and to see that takes Hyperscan a tenth of what it takes RE2 to read the text. That time
is known too: some tenths of a nanosecond an octet, whatever is almost one of the words (docs/adr/0160).
"""

import threading
from collections.abc import Iterable
from typing import Any, Self

from gatepost.decide.guards.nodes import Node, ways_of
from gatepost.decide.guards.words import words_of
from gatepost.mail.ends import hyperscan

_BEYOND_ASCII = ("\u017f".encode(), "\u212a".encode())
"""Long s and the Kelvin sign: to RE2, where case does not count, they are letters of ASCII; here they are octets."""


class Needles:
    """Words that are looked for all at once, whatever their case."""

    __slots__ = ("_database", "_is_in_use")

    def __init__(self, database: Any) -> None:
        self._database = database
        self._is_in_use = threading.Lock()  # its working memory serves one scan at a time

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
        database = _compiled(list(words)) if words and hyperscan is not None else None
        return None if database is None else cls(database)

    def may_be_in(self, octets: bytes) -> bool:
        """Return False where none of the words stands in UTF-8 text, so that no pattern matches it."""
        if not octets.isascii() and any(sign in octets for sign in _BEYOND_ASCII):
            return True
        if not self._is_in_use.acquire(blocking=False):
            return True
        found: list[int] = []

        def note(index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            found.append(index)

        try:
            self._database.scan(octets, match_event_handler=note)
        except hyperscan.error:
            return True
        finally:
            self._is_in_use.release()
        return bool(found)


def _compiled(words: list[str]) -> Any:
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
    database = hyperscan.Database()
    try:
        database.compile(
            expressions=["".join(f"\\x{ord(letter):02x}" for letter in word).encode() for word in words],
            ids=list(range(len(words))),
            elements=len(words),
            flags=[flags] * len(words),
        )
    except hyperscan.error:
        return None
    return database

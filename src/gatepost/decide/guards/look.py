"""Many expressions that Hyperscan looks for at once: a guess about which patterns match, that never misses. Pure."""

import threading
from collections.abc import Mapping
from typing import Any, Self

from gatepost.mail.ends import hyperscan

_FOLDING = ("\u017f".encode(), "\u212a".encode())


def has_folding_signs(octets: bytes) -> bool:
    """Tell whether UTF-8 text has a long s or a Kelvin sign.

    Where case does not count they are letters of ASCII to RE2. Hyperscan knows that in some places and not in others.
    """
    return not octets.isascii() and any(sign in octets for sign in _FOLDING)


class Look:
    """Expressions in one database."""

    __slots__ = ("_database", "_is_in_use")

    def __init__(self, database: Any) -> None:
        self._database = database
        self._is_in_use = threading.Lock()  # its working memory serves one scan at a time

    @classmethod
    def of(cls, spelled: Mapping[int, bytes], flags: int) -> Self | None:
        """Compile expressions by their ids, each reported once; None where there are none, or Hyperscan refuses one."""
        if hyperscan is None or not spelled:
            return None
        database = hyperscan.Database()
        try:
            database.compile(
                expressions=list(spelled.values()),
                ids=list(spelled),
                elements=len(spelled),
                flags=[flags | hyperscan.HS_FLAG_SINGLEMATCH] * len(spelled),
            )
        except hyperscan.error:
            return None
        return cls(database)

    def found(self, octets: bytes) -> set[int] | None:
        """Return the ids of those that occur; None where that cannot be told, or another thread looks just now."""
        if not self._is_in_use.acquire(blocking=False):
            return None
        found: set[int] = set()
        try:
            self._database.scan(octets, _note, 0, found)  # by place: names take as long as a short text
        except hyperscan.error:
            return None
        finally:
            self._is_in_use.release()
        return found


def _note(which: int, _start: int, _end: int, _flags: int, found: set[int]) -> None:
    found.add(which)

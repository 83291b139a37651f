"""All phrases in one pass over a text: where each of them ends, and whether something is wrapped in it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import hyperscan
import re2

from gatepost.verify.injection.phrases import PHRASES
from gatepost.verify.injection.unwrap import HINTS

MAX_HITS = 20_000
"""After so many the rest of a text stays unread, and the reader is told."""
LOOK_BACK = 400
"""How many characters before its end the start of a phrase is looked for."""
_WRAPPINGS = tuple(HINTS)


@dataclass(frozen=True, slots=True)
class Hits:
    """What stands in one text.

    Attributes:
        found: where a phrase ends, and its place in ``PHRASES``; in order.
        hints: wrappings there may be.
        is_cut: there were too many to go on.
    """

    found: Sequence[tuple[int, int]]
    hints: frozenset[str] = frozenset()
    is_cut: bool = False


class _Scratch(threading.local):
    """The scanner's working memory: one for each thread, for large messages are read in threads."""

    def __init__(self) -> None:
        self.memory = hyperscan.Scratch(_database())


@cache
def _database() -> hyperscan.Database:
    """Compile the phrases, once in a process: most of a second."""
    flags = [hyperscan.HS_FLAG_DOTALL | (0 if phrase.case else hyperscan.HS_FLAG_CASELESS) for phrase in PHRASES]
    once = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    patterns = [phrase.expression for phrase in PHRASES] + list(HINTS.values())
    database = hyperscan.Database()
    database.compile(
        expressions=[pattern.encode("ascii") for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=flags + [once] * len(HINTS),
    )
    return database


@cache
def _scratch() -> _Scratch:
    return _Scratch()


def prepare() -> None:
    """Compile the phrases now, so that the first message need not wait for it."""
    _database()


def scan(octets: bytes) -> Hits:
    """Return what stands in one folded text; linear in it."""
    found: list[tuple[int, int]] = []

    def take(phrase: int, _start: int, end: int, _flags: int, _context: object) -> bool | None:
        found.append((end, phrase))
        return len(found) >= MAX_HITS or None

    is_cut = False
    try:
        _database().scan(octets, match_event_handler=take, scratch=_scratch().memory)
    except hyperscan.ScanTerminated:
        is_cut = True
    found.sort()
    phrases = [hit for hit in found if hit[1] < len(PHRASES)]
    hints = frozenset(_WRAPPINGS[which - len(PHRASES)] for _, which in found if which >= len(PHRASES))
    return Hits(phrases, hints, is_cut)


@cache
def _confirming(phrase: int) -> Callable[[bytes], Any]:
    options = re2.Options()
    options.case_sensitive = PHRASES[phrase].case
    options.dot_nl = True
    search: Callable[[bytes], Any] = re2.compile(f"(?:{PHRASES[phrase].expression})\\z".encode("ascii"), options).search
    return search


def start_of(octets: bytes, phrase: int, end: int) -> int:
    """Return where the phrase that ends at ``end`` starts."""
    low = max(0, end - LOOK_BACK)
    found = _confirming(phrase)(octets[low:end])
    return low + found.start() if found is not None else end

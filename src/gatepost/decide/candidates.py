"""Which of many patterns may match a text, in one pass: a guess that never misses. RE2 confirms each.

Hyperscan is the guess where it is there and has been compiled; RE2's own alternation of all patterns is it before that.
A pattern that the two engines may read differently is no part of the guess: it is asked every time.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import re2

from gatepost.decide.patterns import Pattern, quick_options, translated

hyperscan: Any
try:
    import hyperscan
except ImportError:  # pragma: no cover  # no wheel for this machine
    hyperscan = None

FEW = 8
"""So few patterns are asked one by one: that costs less than a guess."""
_JOINED_MAX_OCTETS = 16 << 20

# What may stand in a pattern for Hyperscan. White space differs by the vertical tab, Unicode's classes and its folding
# of case by the version of Unicode, and octal escapes by what they are at all.
_TOKEN = re.compile(r"\\(?P<escape>.)|(?P<posix>\[:)|(?P<open>\[\^?)|(?P<close>\])", re.DOTALL)
_SPACES = r"\t\n\f\r "
_UNSURE = frozenset("pPvCQE0123456789")
_FOLDS = re.compile(r"\(\?[a-z]*i")
_BEYOND_ASCII = ("\u017f".encode(), "\u212a".encode())
"""Long s and the Kelvin sign: where case does not count they are letters of ASCII. Hyperscan knows that in some places
and not in others."""


def for_hyperscan(source: str) -> str | None:
    """Return a pattern, translated for RE2, in a spelling that means as much or more to Hyperscan; None: leave it."""
    if _FOLDS.search(source) and (not source.isascii() or r"\x{" in source):
        return None
    out: list[str] = []
    at, is_in_class = 0, False
    for token in _TOKEN.finditer(source):
        out.append(source[at : token.start()])
        at = token.end()
        escape = token["escape"]
        if token["posix"] or (escape and (escape in _UNSURE or (escape == "S" and is_in_class))):
            return None
        if escape == "s":
            out.append(_SPACES if is_in_class else f"[{_SPACES}]")
        elif escape == "S":
            out.append(f"[^{_SPACES}]")
        else:
            is_in_class = bool(token["open"]) or (is_in_class and not token["close"])
            out.append(token[0])
    return "".join((*out, source[at:]))


class Together:
    """Several patterns that are asked of the same texts."""

    __slots__ = ("_always", "_count", "_database", "_folding", "_joined", "_patterns")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._count = len(patterns)
        self._joined = _join(patterns) if self._count >= FEW else None
        self._database: Any = None
        self._always: frozenset[int] = frozenset()
        self._folding: frozenset[int] = frozenset()

    def candidates(self, octets: bytes) -> Collection[int]:
        """Return the indexes of all patterns that may match UTF-8 text, and perhaps of some that do not."""
        if self._database is not None and hyperscan is not None:
            return self._scan(octets)
        if self._joined is not None and self._joined.search(octets) is None:
            return ()
        return range(self._count)

    def warm(self) -> None:
        """Compile for Hyperscan: a second or two for many patterns, in which no text is kept waiting elsewhere."""
        if hyperscan is None or self._count < FEW or self._database is not None:
            return
        spelled = {
            index: spelling.encode()
            for index, pattern in enumerate(self._patterns)
            if (spelling := for_hyperscan(translated(pattern.source))) is not None
        }
        database = _compile(spelled)
        if database is None:
            spelled = {index: each for index, each in spelled.items() if _compile({index: each}) is not None}
            database = _compile(spelled)
        if database is not None:
            self._always = frozenset(range(self._count)) - spelled.keys()
            self._folding = frozenset(index for index, each in spelled.items() if _FOLDS.search(each.decode()))
            self._database = database

    def _scan(self, octets: bytes) -> Collection[int]:
        found = set(self._always)
        if not octets.isascii() and any(sign in octets for sign in _BEYOND_ASCII):
            found |= self._folding

        def note(index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            found.add(index)

        try:
            self._database.scan(octets, match_event_handler=note)
        except hyperscan.error:
            return range(self._count)
        return found


def _join(patterns: Sequence[Pattern]) -> "re2._Regexp[bytes] | None":
    """Return the patterns in one; None where RE2 finds them too many for that."""
    each = "|".join(f"(?:{translated(pattern.source)})" for pattern in patterns)
    try:
        return re2.compile(each.encode(), quick_options(_JOINED_MAX_OCTETS))
    except re2.error:
        return None


def _compile(spelled: dict[int, bytes]) -> Any:
    if not spelled:
        return None
    flags = (
        hyperscan.HS_FLAG_UTF8
        | hyperscan.HS_FLAG_SINGLEMATCH
        | hyperscan.HS_FLAG_ALLOWEMPTY
        | hyperscan.HS_FLAG_PREFILTER
    )
    database = hyperscan.Database()
    try:
        database.compile(
            expressions=list(spelled.values()),
            ids=list(spelled),
            elements=len(spelled),
            flags=[flags] * len(spelled),
        )
    except hyperscan.error:
        return None
    return database

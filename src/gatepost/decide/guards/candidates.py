"""Which of many patterns match a text: a guess that never misses, and then an engine that no text makes slow.

Hyperscan is the guess where it is there and has been compiled; before that, words that stand in every match, looked for
all at once. A pattern without such a word, or that the two engines may read differently, is guessed every time. What is
guessed is confirmed by ``positions``, and by RE2 where that cannot tell.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import re2

from gatepost.decide.guards.packs import packs_of
from gatepost.decide.guards.pattern_tree import Node, tree_of
from gatepost.decide.guards.patterns import Pattern, quick_options, translated
from gatepost.decide.guards.positions import may_stay_open
from gatepost.decide.guards.words import find_words

hyperscan: Any
try:
    import hyperscan
except ImportError:  # pragma: no cover  # no wheel for this machine
    hyperscan = None

FEW = 8
"""So few patterns are not worth Hyperscan's compiling."""
_JOINED_MAX_OCTETS = 16 << 20
_CLASSES_MAX = 1_000
"""Classes, and letters where case does not count, of all patterns together: each is compiled for itself."""
_CLASSES_PER_NAME = 100
"""One of Unicode's classes is looked up, once, among all characters there are."""
_CLASSES_IN_ONE_MAX = 8
"""Hyperscan compiles for half a minute where many patterns have many classes."""

# What may stand in a pattern for Hyperscan. White space differs by the vertical tab, Unicode's classes and its folding
# of case by the version of Unicode, octal escapes by what they are at all, and \B by what is between the octets of one
# character.
_TOKEN = re.compile(
    r"\\(?P<escape>.)|(?P<posix>\[:)|(?P<open>\[\^?)|(?P<close>\])"
    r"|\{(?P<least>[0-9]+)(?P<comma>,(?P<most>[0-9]*))?\}",
    re.DOTALL,
)
_COUNT_MAX = 8
"""What is counted further is any number to Hyperscan: it would compile for seconds."""
_SPACES = r"\t\n\f\r "
_UNSURE = frozenset("pPvBCQE0123456789")
_FOLDS = re.compile(r"\(\?[a-z]*i")
_BEYOND_ASCII = ("\u017f".encode(), "\u212a".encode())
"""Long s and the Kelvin sign: where case does not count they are letters of ASCII. Hyperscan knows that in some places
and not in others."""


def for_hyperscan(source: str) -> str | None:
    """Return a pattern, translated for RE2, in a spelling that means as much or more to Hyperscan; None: leave it."""
    if _FOLDS.search(source) and (not source.isascii() or r"\x{" in source):
        return None
    if source.count("[") > _CLASSES_IN_ONE_MAX:
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
        elif token["least"] and not is_in_class:
            out.append(_counted(token))
        else:
            is_in_class = bool(token["open"]) or (is_in_class and not token["close"])
            out.append(token[0])
    return "".join((*out, source[at:]))


def _counted(token: re.Match[str]) -> str:
    least = int(token["least"])
    most = int(token["most"] or least)
    return token[0] if max(least, most) <= _COUNT_MAX else f"{{{min(least, _COUNT_MAX)},}}"


class Together:
    """Several patterns that are asked of the same texts."""

    __slots__ = (
        "_always",
        "_count",
        "_database",
        "_folding",
        "_joined",
        "_packs",
        "_patterns",
        "_wordless",
        "_words",
    )

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._count = len(patterns)
        trees = _trees(patterns)
        self._packs = tuple(packs_of(trees))
        self._words, self._wordless = find_words(trees, self._count)
        told = {index for pack in self._packs for index, tree in pack.trees.items() if not may_stay_open(tree)}
        self._joined = _join([each for index, each in enumerate(patterns) if index not in told])
        self._database: Any = None
        self._always: frozenset[int] = frozenset()
        self._folding: frozenset[int] = frozenset()

    def found(self, octets: bytes, among: Collection[int]) -> set[int]:
        """Return the indexes, of those in ``among``, of the patterns that match somewhere in UTF-8 text."""
        asked = set(among) & set(self.candidates(octets))
        found: set[int] = set()
        undecided = set(asked)
        for pack in self._packs:
            read = asked & pack.trees.keys()
            if read:
                matched, open_ = pack.found(octets, read)
                found |= matched
                undecided -= read - open_
        if len(undecided) > 1 and self._joined is not None and self._joined.search(octets) is None:
            return found
        return found | {index for index in undecided if self._patterns[index].is_in(octets)}

    def candidates(self, octets: bytes) -> Collection[int]:
        """Return the indexes of all patterns that may match UTF-8 text, and perhaps of some that do not."""
        if self._database is not None and hyperscan is not None:
            return self._scan(octets)
        if self._words is not None and self._words.search(octets) is None:
            return self._wordless
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


def _trees(patterns: Sequence[Pattern]) -> dict[int, Node]:
    """Return the patterns' trees, but of those beyond what may be asked of RE2 for them."""
    trees = {}
    left = _CLASSES_MAX
    for index, pattern in enumerate(patterns):
        source = translated(pattern.source)
        left -= (
            source.count("[")
            + _CLASSES_PER_NAME * sum(map(source.count, ("\\p", "\\P")))
            + (sum(not sign.isascii() for sign in source) if _FOLDS.search(source) else 0)
        )
        if left >= 0 and (tree := tree_of(source)) is not None:
            trees[index] = tree
    return trees


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

"""Which of many patterns match a text: a guess that never misses, and then an engine that no text makes slow.

Hyperscan is the guess where it is there and has been compiled; before that, words that stand in every match, looked for
all at once. A pattern without such a word, or that the two engines may read differently, is guessed every time. What is
guessed is confirmed by ``positions``, and by RE2 where that cannot tell.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import re2

from gatepost.decide.pattern_tree import KELVIN, KINDS, LONG_S, OTHER, Either, Node, One, Row, Tree, tree_of
from gatepost.decide.patterns import Pattern, quick_options, translated
from gatepost.decide.planes import Planes
from gatepost.decide.positions import Branch, Places

hyperscan: Any
try:
    import hyperscan
except ImportError:  # pragma: no cover  # no wheel for this machine
    hyperscan = None

FEW = 8
"""So few patterns are not worth Hyperscan's compiling."""
_WORDS_MAX_OCTETS = 16 << 20
_WORD_MIN, _WORD_MAX = 3, 24  # letters
_SPELLINGS_MAX = 3  # of one letter
_SMALL = {**{kind: chr(kind).lower() for kind in range(OTHER)}, OTHER: "", KELVIN: "k", LONG_S: "s"}

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

    __slots__ = ("_always", "_branch", "_count", "_database", "_folding", "_patterns", "_trees", "_wordless", "_words")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._count = len(patterns)
        self._trees = {index: tree for index, each in enumerate(patterns) if (tree := tree_of(translated(each.source)))}
        self._branch = _branch(self._trees.items())
        self._words, self._wordless = _words(self._trees, self._count)
        self._database: Any = None
        self._always: frozenset[int] = frozenset()
        self._folding: frozenset[int] = frozenset()

    def found(self, octets: bytes, among: Collection[int]) -> set[int]:
        """Return the indexes, of those in ``among``, of the patterns that match somewhere in UTF-8 text."""
        asked = set(among) & set(self.candidates(octets))
        is_ascii = octets.isascii()
        read = {index: self._trees[index] for index in asked & self._trees.keys()}
        read = {index: tree for index, tree in read.items() if is_ascii or tree.is_whole}
        found: set[int] = set()
        undecided = asked - read.keys()
        if read:
            branch = self._branch if len(read) * 2 > self._count else _branch(read.items())
            matched, open_ = Places(Planes(octets)).found(branch)
            found = matched & read.keys()
            undecided |= open_ & read.keys()
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


def _branch(trees: Iterable[tuple[int, Tree]]) -> Branch:
    branch = Branch()
    for index, tree in trees:
        branch.add(index, tree)
    return branch


def _words(trees: dict[int, Tree], count: int) -> "tuple[re2._Regexp[bytes] | None, frozenset[int]]":
    """Return what finds a word of any pattern that has some, and the patterns that have none.

    An automaton of words has no more states than they have letters, if case counts in none of them: so no text makes it
    slow.
    """
    words: dict[str, None] = {}
    wordless = set(range(count))
    for index, tree in trees.items():
        needed = [_word(way) for way in (tree.root.parts if isinstance(tree.root, Either) else (tree.root,))]
        if all(needed):
            words.update(dict.fromkeys(needed))
            wordless.discard(index)
    if not words:
        return None, frozenset()
    each = "|".join(map(re2.escape, words))
    return re2.compile(f"(?i:{each})".encode(), quick_options(_WORDS_MAX_OCTETS)), frozenset(wordless)


def _word(way: Node) -> str:
    """Return the longest word that stands in every match, in small letters; nothing where that is short."""
    words = [""]
    for part in way.parts if isinstance(way, Row) else (way,):
        letter = _letter(part)
        if letter:
            words[-1] += letter
        else:
            words.append("")
    longest = max(words, key=len)
    return longest[:_WORD_MAX] if len(longest) >= _WORD_MIN else ""


def _letter(part: Node) -> str:
    """Return the one letter that a part is, whatever its case."""
    if not isinstance(part, One) or not part.is_whole or part.members.bit_count() > _SPELLINGS_MAX:
        return ""
    letters = {_SMALL[kind] for kind in range(KINDS) if part.members >> kind & 1}
    return letters.pop() if len(letters) == 1 else ""


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

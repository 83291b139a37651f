"""Which of many patterns match a text: a guess that never misses, and then engines that no text makes slow.

The guess is the words that stand in every match, looked for all at once; for patterns without such a word Hyperscan is
asked as well, once it has compiled them. What is guessed is decided as ``plan`` chose: by ``positions`` or ``swift``.
"""

import re
from collections.abc import Collection, Sequence

from gatepost.decide.guards.blanks import is_blind
from gatepost.decide.guards.look import Look, has_folding_signs
from gatepost.decide.guards.needles import Needles
from gatepost.decide.guards.patterns import Pattern, translated
from gatepost.decide.guards.plan import plan_of
from gatepost.decide.guards.planes import Planes
from gatepost.decide.guards.positions import Branch, Places
from gatepost.decide.guards.spelling import spelled
from gatepost.decide.guards.swift import Swift
from gatepost.decide.guards.words import Words
from gatepost.mail.ends import hyperscan

FEW = 8
"""So few patterns are not worth Hyperscan's compiling."""
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
    """Several patterns that are asked of the same texts.

    Attributes:
        blind: the indexes of those that find in a text in one line whatever they find in it as it is.
    """

    __slots__ = (
        "_always",
        "_branches",
        "_count",
        "_folding",
        "_look",
        "_needles",
        "_patterns",
        "_plan",
        "_swift",
        "_words",
        "blind",
    )

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._count = len(patterns)
        self._plan = plan_of(tuple(pattern.source for pattern in patterns))
        trees = self._plan.trees
        self.blind = frozenset(index for index, tree in trees.items() if is_blind(tree))
        placed = self._plan.placed
        seeing = {index: tree for index, tree in placed.items() if index not in self.blind}
        self._branches = tuple((frozenset(some), Branch(some)) for some in (seeing, placed))
        self._words = Words({index: trees[index] for index in placed}, self._count)
        self._swift = Swift(
            [
                spelled(trees[index]) if index in trees else translated(self._patterns[index].source)
                for index in self._plan.swift
            ]
        )
        self._needles: Needles | None = None
        self._look: Look | None = None
        self._always: frozenset[int] = frozenset()
        self._folding: frozenset[int] = frozenset()

    def found(self, octets: bytes, among: Collection[int]) -> set[int]:
        """Return the indexes, of those in ``among``, of the patterns that match somewhere in UTF-8 text."""
        if not among:
            return set()
        asked = set(among) & set(self.candidates(octets))
        found = self._swiftly(octets, asked)
        placed = asked & self._plan.placed.keys()
        if not placed:
            return found
        all_of_it, branch = next((some, tree) for some, tree in self._branches if placed <= some)
        if len(placed) * 2 < len(all_of_it):
            branch = Branch({index: self._plan.placed[index] for index in placed})
        matched, open_ = Places(Planes(octets, self._plan.alphabet)).found(branch)
        found |= matched & placed
        return found | {index for index in open_ & placed if self._patterns[index].is_in(octets)}

    def _swiftly(self, octets: bytes, asked: set[int]) -> set[int]:
        if asked.isdisjoint(self._plan.swift) or (self._needles and not self._needles.may_be_in(octets)):
            return set()
        found = self._swift.found(octets)
        if found is None:
            return {index for index in asked & set(self._plan.swift) if self._patterns[index].is_in(octets)}
        return asked & {self._plan.swift[place] for place in found}

    def candidates(self, octets: bytes) -> Collection[int]:
        """Return the indexes of all patterns that may match UTF-8 text, and perhaps of some that do not."""
        found = self._words.candidates(octets)
        return found if self._look is None else found.intersection(self._guesses(self._look, octets))

    def warm(self) -> None:
        """Compile for Hyperscan: a second or two for many patterns, in which no text is kept waiting elsewhere.

        Only those that have no word and that RE2's one automaton is not asked for: that is quicker, in known time. Of
        what that automaton is asked for, the words alone.
        """
        swift, trees = self._plan.swift, self._plan.trees
        if self._needles is None and trees.keys() >= set(swift):
            self._needles = Needles.of(trees[index] for index in swift)
        wordless = self._words.wordless & self._plan.placed.keys()  # of the others words tell as much, in known time
        if hyperscan is None or len(wordless) < FEW or self._look is not None:
            return
        spelled = {
            index: spelling.encode()
            for index in wordless
            if (spelling := for_hyperscan(translated(self._patterns[index].source))) is not None
        }
        look = _compile(spelled)
        if look is None:
            spelled = {index: each for index, each in spelled.items() if _compile({index: each}) is not None}
            look = _compile(spelled)
        if look is not None:
            self._always = frozenset(range(self._count)) - spelled.keys()
            self._folding = frozenset(index for index, each in spelled.items() if _FOLDS.search(each.decode()))
            self._look = look

    def _guesses(self, look: Look, octets: bytes) -> Collection[int]:
        found = look.found(octets)
        if found is None:
            return range(self._count)
        return found | self._always | (self._folding if has_folding_signs(octets) else frozenset())


def _compile(spelled: dict[int, bytes]) -> Look | None:
    return Look.of(spelled, hyperscan.HS_FLAG_UTF8 | hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_PREFILTER)

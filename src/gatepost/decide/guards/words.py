"""Words that stand in every text a pattern matches, of many patterns looked for at once. Pure."""

from collections.abc import Mapping

from gatepost.decide.guards.beyond_ascii import FIRST
from gatepost.decide.guards.nodes import Node, One, row_of, ways_of
from gatepost.decide.guards.pattern_tree import one_of
from gatepost.decide.guards.swift import Swift

_WORD_MIN = 3  # letters
_SPELLINGS_MAX = 3  # of one letter


class Words:
    """The words that patterns need, and which of the patterns a text may match.

    An automaton of words has no more states than they have letters, if case counts in none of them: so no text makes it
    slow.

    Attributes:
        wordless: the patterns that need no word.
    """

    __slots__ = ("_needed", "_swift", "wordless")

    def __init__(self, trees: Mapping[int, Node], count: int) -> None:
        words: dict[str, int] = {}
        self._needed: dict[int, list[frozenset[int]]] = {}
        for index, tree in trees.items():
            ways = [words_of(way) for way in ways_of(tree)]
            if all(ways):
                self._needed[index] = [frozenset(words.setdefault(word, len(words)) for word in way) for way in ways]
        self.wordless = frozenset(range(count)) - self._needed.keys()
        self._swift = Swift([f"(?i:{_quoted(word)})" for word in words]) if words else None

    def candidates(self, octets: bytes) -> frozenset[int]:
        """Return which patterns have no words, or all the words of one way."""
        found = self._swift.found(octets) if self._swift is not None else set()
        if found is None:
            return self.wordless | self._needed.keys()
        if not found:
            return self.wordless
        return self.wordless.union(index for index, ways in self._needed.items() if any(way <= found for way in ways))


def words_of(way: Node) -> set[str]:
    """Return the words that stand in every match, in small letters."""
    words = [""]
    for part in row_of(way):
        letter = _letter(part)
        if letter:
            words[-1] += letter
        else:
            words.append("")
    return {word for word in words if len(word) >= _WORD_MIN}


def _quoted(word: str) -> str:
    return "".join(f"\\x{{{ord(letter):x}}}" for letter in word)


def _letter(part: Node) -> str:
    """Return the one letter that a part is, whatever its case."""
    if not isinstance(part, One) or part.members.bit_count() > _SPELLINGS_MAX or len(part.beyond) > _SPELLINGS_MAX:
        return ""
    letters = {sign for sign in map(chr, range(FIRST)) if part.members >> ord(sign) & 1}
    for first, last in part.beyond:
        letters.update(map(chr, range(first, min(last, first + _SPELLINGS_MAX) + 1)))
    small = {_small(letter) for letter in letters}
    return small.pop() if len(small) == 1 else ""


def _small(letter: str) -> str:
    """Return the first of the letters that are the same to RE2 where case does not count."""
    if letter.isascii():
        return letter.lower()
    same = one_of(letter, "i")
    first = (same.members & -same.members).bit_length() - 1
    return chr(first).lower() if same.members else chr(same.beyond[0][0])
